/* The read-eval-print loop, on GNU readline when there is a terminal. */
#include "vm/cli/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "runtime/conc/blocking.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/code/compile.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"

/* Lines of a statement that is not complete yet; raw memory. */
typedef struct Input {
    char *text;
    size_t size;
} Input;

static bool add_line(Input *input, const char *line) {
    size_t n = strlen(line);
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

static char *read_plain(const char *prompt) {
    char *line = NULL;
    size_t capacity = 0;
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t n;
    BLOCKING_BEGIN(os_read)
    n = getline(&line, &capacity, stdin);
    BLOCKING_END
    if (n < 0) return free(line), NULL;
    if (n > 0 && line[n - 1] == '\n') line[n - 1] = 0;
    return line;
}

static char *read_line(const char *prompt, bool terminal) {
    if (!terminal) return read_plain(prompt);
    char *line;
    BLOCKING_BEGIN(os_read)
    line = readline(prompt);
    BLOCKING_END
    if (line && *line) add_history(line);
    return line;
}

/* True while more lines are needed: the text ends too early, or an indented block may go on. */
static bool is_incomplete(const Input *input, Value *code, Value filename, bool blank) {
    *code = compile_source(input->text, input->size, PARSE_SINGLE, filename, blank ? 0 : PARSE_MORE_MAY_COME, 0);
    if (is_set(*code) || !parse_was_incomplete()) return false;
    error_clear();
    return true;
}

static void flush_output(void) {
    Value out = sys_get(names.stdout);
    if (is_set(out) && !is_none(out)) release(call_method0(out, names.flush));
    error_clear();
}

/* True: the script asked to exit, with *status. */
static bool run_input(Value code, int *status) {
    Value dict = run_main_dict();
    Value result = is_set(code) && is_set(dict) ? exec_code(code, dict, dict) : UNSET;
    release(code);
    release(result);
    flush_output();
    if (is_set(result)) return false;
    Value pending = error_peek();
    bool leaving = is_set(pending) && type_is_subtype(type_of(pending), &SystemExit_type);
    *status = run_report();
    return leaving;
}

int repl_run(void) {
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    Input input = {NULL, 0};
    int status = 0;
    Value filename = str_from("<stdin>"), code;
    if (terminal) printf("scr 0.1.0 (Python 3.11). exit() or Ctrl-D leaves.\n");
    for (bool leaving = false; !leaving;) {
        char *line = read_line(input.size ? "... " : ">>> ", terminal);
        if (!line) break;
        bool blank = line[strspn(line, " \t")] == 0;
        bool added = add_line(&input, line);
        free(line);
        if (!added) break;
        if (blank && input.size == strspn(input.text, " \t\n")) {
            drop_input(&input);
            continue;
        }
        if (is_incomplete(&input, &code, filename, blank)) continue;
        leaving = run_input(code, &status);
        drop_input(&input);
    }
    if (terminal) putchar('\n');
    drop_input(&input);
    release(filename);
    return status;
}
