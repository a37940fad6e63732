/* Lines typed at a terminal: GNU readline, in steps, so that other threads run while a line is being typed.
 *
 * Readline is only called by the thread that holds the lock; waiting for a key happens inside the blocking bracket.  What
 * other threads print meanwhile appears above the line, which is drawn again.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "runtime/mem/value.h"

typedef enum TerminalRead { TERMINAL_LINE, TERMINAL_END, TERMINAL_INTERRUPTED } TerminalRead;

/* complete(text, line, start): an owned list of str, or UNSET with an exception pending, for the word `text` that begins
 * at byte `start` of `line`.  history: a file, or NULL. */
void terminal_start(Value (*complete)(const char *text, const char *line, int start), const char *history);
/* One line without its end, from malloc; pasted text may have several.  indent: what stands in it at first. */
TerminalRead terminal_read(const char *prompt, const char *indent, char **line);
/* An entry of the history, of one line or several; written to the file at once. */
void terminal_remember(const char *entry);

#endif
