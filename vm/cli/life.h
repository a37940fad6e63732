/* The life of the interpreter: everything that is started before the first line of a script and ended after the last.
 */
#ifndef CLI_LIFE_H
#define CLI_LIFE_H

#include "vm/cli/options.h"

/* False: a line has been written to stderr. */
bool life_start(const Options *options, char **argv);
/* Joins threads, runs atexit functions, flushes the streams, ends the modules.  The exit code: `code`, or 120 when the
 * output could not be flushed. */
int life_end(const Options *options, int code);

#endif
