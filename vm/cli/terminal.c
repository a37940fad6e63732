/* Lines typed at a terminal. */
#include "vm/cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/str.h"
#include "stdlib/io.h"

enum { HISTORY_MAX = 2000 };

static Value (*complete)(const char *text, const char *line, int start);
static const char *history_file;
static char *typed;          /* the line that was finished last */
static bool finished, typing; /* typing: waiting for a key, with the line on the screen */

/* --- completion --------------------------------------------------------------------------------------------------- */

static Value candidates;

static char *next_candidate(const char *text, int state) {
    static size_t at;
    (void)text;
    if (!state) at = 0;
    if (is_unset(candidates) || at == as_list(candidates)->length) return NULL;
    const char *name = str_utf8(as_list(candidates)->items[at++], NULL);
    return name ? strdup(name) : NULL;
}

static char **attempt(const char *text, int start, int end) {
    (void)end;
    rl_attempted_completion_over = 1;
    rl_completion_append_character = 0;
    candidates = complete(text, rl_line_buffer, start);
    if (is_unset(candidates)) error_clear();
    char **matches = rl_completion_matches(text, next_candidate);
    clear(&candidates);
    return matches;
}

/* --- other threads' output ---------------------------------------------------------------------------------------- */

static void around_output(bool begins) {
    if (!typing) return;
    if (begins) {
        rl_clear_visible_line();
        fflush(rl_outstream);
    } else {
        rl_on_new_line();
        rl_redisplay();
    }
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void take(char *line) {
    typed = line;
    finished = true;
    rl_callback_handler_remove();
}

void terminal_start(Value (*completer)(const char *, const char *, int), const char *history) {
    complete = completer;
    history_file = history;
    rl_readline_name = "scr";
    rl_catch_signals = 0;
    rl_attempted_completion_function = attempt;
    rl_basic_word_break_characters = " \t\n`~!@#$%^&*()-=+[{]}\\|;'\",<>/?";
    io_terminal_written = around_output;
    using_history();
    stifle_history(HISTORY_MAX);
    history_write_timestamps = 1; /* keeps entries of several lines together in the file */
    history_comment_char = '#';
    if (!history) return;
    int fd = open(history, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    read_history(history);
    history_truncate_file(history, HISTORY_MAX);
}

void terminal_remember(const char *entry) {
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (last && strcmp(last->line, entry) == 0) return;
    add_history(entry);
    if (history_file) append_history(1, history_file);
}

static void forget_line(void) {
    rl_free_line_state();
    rl_callback_sigcleanup();
    rl_replace_line("", 0);
    rl_callback_handler_remove();
    putchar('\n');
}

/* False: a signal's handler raised. */
static bool wait_for_key(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready;
    do {
        if (!safepoint_signals()) return false;
        typing = true;
        BLOCKING_BEGIN(terminal)
        ready = poll(&input, 1, -1);
        BLOCKING_END
        typing = false;
    } while (ready < 0 && errno == EINTR);
    return safepoint_signals();
}

TerminalRead terminal_read(const char *prompt, const char *indent, char **line) {
    finished = false;
    rl_callback_handler_install(prompt, take);
    if (*indent) {
        rl_insert_text(indent);
        rl_redisplay();
    }
    while (!finished) {
        if (!wait_for_key()) return forget_line(), TERMINAL_INTERRUPTED;
        rl_callback_read_char();
    }
    *line = typed;
    return typed ? TERMINAL_LINE : TERMINAL_END;
}
