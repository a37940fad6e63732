/* The read-eval-print loop: statements are put together line by line, run in __main__, and their values shown.
 *
 * Lines come from a terminal (terminal.h) or, when input or output is none, plainly from stdin.  What is more than
 * reading and running (commands that begin with a colon, completion, await at the prompt) is in the script module _repl.
 */
#include "vm/cli/run.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conc/gil_off.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/cli/terminal.h"
#include "vm/code/compile.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"

/* The lines of a statement that is not complete yet; raw memory. */
typedef struct Input {
    char *text;
    size_t size;
} Input;

typedef struct Repl {
    bool terminal, colour, leaving;
    int status;
    Input input;
    Value filename;
    char indent[80]; /* of the next line */
} Repl;

/* --- lines -------------------------------------------------------------------------------------------------------- */

static bool add_line(Input *input, const char *line, size_t n) {
    char *larger = raw_reallocate(input->text, input->size + n + 2);
    if (!larger) return false;
    memcpy(larger + input->size, line, n);
    larger[input->size + n] = '\n';
    larger[input->size + n + 1] = 0;
    *input = (Input){larger, input->size + n + 1};
    return true;
}

static void drop_input(Input *input) {
    raw_free(input->text);
    *input = (Input){NULL, 0};
}

static TerminalRead read_plain(const char *prompt, char **line) {
    size_t capacity = 0;
    *line = NULL;
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t n = getline(line, &capacity, stdin);
    if (n < 0) return free(*line), TERMINAL_END;
    if (n > 0 && (*line)[n - 1] == '\n') (*line)[n - 1] = 0;
    return TERMINAL_LINE;
}

static TerminalRead read_lines(const Repl *r, char **line) {
    const char *text = r->input.size ? "... " : gil_is_on() ? ">>> " : "nogil> ";
    char prompt[64];
    if (!r->terminal) return read_plain(text, line);
    const char *colour = gil_is_on() ? "\001\033[1;32m\002" : "\001\033[1;31m\002";
    snprintf(prompt, sizeof prompt, r->colour ? "%s%s\001\033[0m\002" : "%s%s", r->colour ? colour : "", text);
    return terminal_read(prompt, r->indent, line);
}

/* The next line begins where this one does, deeper behind a colon. */
static void note_indent(Repl *r, const char *line, size_t n) {
    size_t depth = strspn(line, " \t");
    while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t')) n--;
    if (depth > n) depth = n;
    bool opens = n > 0 && line[n - 1] == ':';
    r->indent[0] = 0;
    if (depth + 4 < sizeof r->indent) snprintf(r->indent, sizeof r->indent, "%.*s%s", (int)depth, line, opens ? "    " : "");
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* _repl.name(arguments); owned, UNSET with an exception pending. */
static Value call_helper(const char *name, const Value *args, size_t count) {
    Value function = import_attribute("_repl", name);
    Value result = is_set(function) ? call(function, args, count, UNSET) : UNSET;
    release(function);
    return result;
}

static Value complete(const char *text, const char *line, int start) {
    Value args[] = {str_from(text), str_from(line), from_small_int(start), run_main_dict()};
    Value result = is_set(args[0]) && is_set(args[1]) ? call_helper("complete", args, 4) : UNSET;
    release(args[0]);
    release(args[1]);
    return result;
}

static void flush_output(void) {
    Value out = sys_get(names.stdout), error = error_take();
    if (is_set(out) && !is_none(out)) release(call_method0(out, names.flush));
    error_clear();
    error_restore(error);
}

/* Shows the pending exception; SystemExit leaves. */
static void show_error(Repl *r) {
    Value pending = error_peek();
    r->leaving = is_set(pending) && type_is_subtype(type_of(pending), &SystemExit_type);
    if (r->colour && !r->leaving) fputs("\033[31m", stderr);
    r->status = run_report();
    if (r->colour && !r->leaving) fputs("\033[0m", stderr);
}

static void run_code(Repl *r, Value code) {
    Value dict = run_main_dict();
    Value result = is_set(code) && is_set(dict) ? exec_code(code, dict, dict) : UNSET;
    if (is_set(result) && as_code(code)->flags & CODE_COROUTINE) {
        Value coroutine = result;
        result = call_helper("wait_for", &coroutine, 1);
        release(coroutine);
    }
    release(code);
    release(result);
    flush_output();
    if (is_unset(result)) show_error(r);
}

static void run_command(Repl *r, const char *line, size_t n) {
    Value args[] = {str_from_utf8(line, n), run_main_dict()};
    Value result = is_set(args[0]) ? call_helper("command", args, 2) : UNSET;
    release(args[0]);
    release(result);
    flush_output();
    if (is_unset(result)) show_error(r);
}

/* True while more lines are needed: the text ends too early, or an indented block may go on. */
static bool is_incomplete(const Repl *r, Value *code, bool blank) {
    unsigned flags = PARSE_ALLOW_TOP_LEVEL_AWAIT | (blank ? 0 : PARSE_MORE_MAY_COME);
    *code = compile_source(r->input.text, r->input.size, PARSE_SINGLE, r->filename, flags, 0);
    if (is_set(*code) || !parse_was_incomplete()) return false;
    error_clear();
    return true;
}

static void remember(const Repl *r) {
    if (!r->terminal) return;
    size_t n = r->input.size;
    while (n > 0 && strchr(" \t\n", r->input.text[n - 1])) n--;
    r->input.text[n] = 0;
    if (n) terminal_remember(r->input.text);
}

static void take_line(Repl *r, const char *line, size_t n) {
    bool blank = strspn(line, " \t") >= n;
    if (!r->input.size && blank) return;
    if (!r->input.size && line[0] == ':') {
        if (r->terminal) terminal_remember(line);
        return run_command(r, line, n);
    }
    Value code;
    if (!add_line(&r->input, line, n)) return;
    note_indent(r, line, n);
    if (is_incomplete(r, &code, blank)) return;
    remember(r);
    drop_input(&r->input);
    r->indent[0] = 0;
    run_code(r, code);
}

/* Pasted text has several lines; a block in it ends where a line is less indented than it. */
static void take_lines(Repl *r, char *text) {
    while (!r->leaving) {
        size_t n = strcspn(text, "\n");
        bool last = !text[n];
        bool goes_on = strchr(" \t)]}#", text[0]) || strncmp(text, "el", 2) == 0 || strncmp(text, "except", 6) == 0 ||
                       strncmp(text, "finally", 7) == 0;
        if (r->input.size && !last && n && !goes_on) {
            Value code;
            if (!is_incomplete(r, &code, true)) {
                remember(r);
                drop_input(&r->input);
                run_code(r, code);
            }
        }
        text[n] = 0;
        take_line(r, text, n);
        if (last) return;
        text += n + 1;
    }
}

static void interrupted(Repl *r) {
    drop_input(&r->input);
    r->indent[0] = 0;
    error_clear();
    fputs("KeyboardInterrupt\n", stderr);
}

/* --- the session -------------------------------------------------------------------------------------------------- */

/* $SCR_HISTORY, or .scr_history at home. */
static const char *history_path(char *buffer, size_t size) {
    const char *given = getenv("SCR_HISTORY"), *home = getenv("HOME");
    if (given) return *given ? given : NULL;
    if (!home || !*home) return NULL;
    return snprintf(buffer, size, "%s/.scr_history", home) < (int)size ? buffer : NULL;
}

static void start(Repl *r) {
    static char history[4096];
    r->terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    const char *plain = getenv("NO_COLOR"), *kind = getenv("TERM");
    r->colour = r->terminal && !(plain && *plain) && kind && strcmp(kind, "dumb") != 0;
    if (!r->terminal) return;
    terminal_start(complete, history_path(history, sizeof history));
    printf("scr 0.1.0 (Python 3.11). :help lists commands, exit() or Ctrl-D leaves.\n");
    fflush(stdout);
    Value dict = run_main_dict(), done = call_helper("start", &dict, 1);
    release(done);
    if (is_unset(done)) show_error(r);
}

int repl_run(void) {
    Repl r = {.filename = str_from("<stdin>")};
    start(&r);
    while (!r.leaving) {
        char *line;
        TerminalRead read = read_lines(&r, &line);
        if (read == TERMINAL_INTERRUPTED) {
            interrupted(&r);
            continue;
        }
        if (read == TERMINAL_END) break;
        if (strchr(line, '\n')) take_lines(&r, line);
        else take_line(&r, line, strlen(line));
        free(line);
    }
    if (r.terminal && !r.leaving) putchar('\n');
    drop_input(&r.input);
    release(r.filename);
    return r.leaving ? r.status : 0;
}
