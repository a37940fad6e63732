/* Running what the command line names. */
#include "vm/cli/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/code/compile.h"
#include "vm/exec/builtins.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"
#include "vm/exec/report.h"
#include "vm/exec/source.h"

enum { EXIT_SCRIPT_ERROR = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130, EXIT_CLOSED_PIPE = 141 };

Value run_main_dict(void) {
    Value found = dict_get_str(import_modules(), names.__main__);
    if (is_set(found)) return module_dict(found);
    Value module = module_new(names.__main__, NONE);
    if (is_unset(module)) return UNSET;
    Value dict = module_dict(module);
    bool made = dict_set(import_modules(), names.__main__, module) &&
                dict_set(dict, names.__builtins__, builtins_module()) && dict_set(dict, names.__spec__, NONE) &&
                dict_set(dict, names.__loader__, NONE) && dict_set(dict, names.__package__, NONE);
    release(module);
    return made ? dict : UNSET;
}

/* SystemExit's code: None is 0, an int itself, anything else is printed and means 1. */
static int exit_status(Value exception) {
    Value status = object_get_attribute(exception, names.code);
    if (is_unset(status)) return error_clear(), EXIT_SCRIPT_ERROR;
    int64_t n = EXIT_SCRIPT_ERROR;
    if (is_none(status)) {
        n = 0;
    } else if (int_is(status)) {
        if (!int_fits_int64(status, &n)) n = -1;
    } else {
        Value err = sys_get(names.stderr), text = object_str(status);
        Value line = is_set(text) ? str_format("%U\n", text) : UNSET;
        if (is_set(line) && is_set(err)) release(call_method1(err, names.write, line));
        error_clear();
        release(text);
        release(line);
    }
    release(status);
    return (int)(n & 0xFF);
}

/* sys.excepthook, unless the script put nothing of its own there. */
static void show(Value exception) {
    Value hook = dict_get_utf8(sys_dict(), "excepthook"), standard = dict_get_utf8(sys_dict(), "__excepthook__");
    if (is_unset(hook) || same(hook, standard)) return report_print(exception);
    Value traceback = as_exception(exception)->traceback;
    Value result = call3(hook, type_value(type_of(exception)), exception, is_set(traceback) ? traceback : NONE);
    release(result);
    if (is_set(result)) return;
    Value second = error_take();
    fputs("Error in sys.excepthook:\n", stderr);
    report_print(second);
    release(second);
    fputs("\nOriginal exception was:\n", stderr);
    report_print(exception);
}

/* The reader of our output has gone (scr file | head): there is nobody left to tell. */
static bool is_closed_pipe(Value exception) {
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return type_is_subtype(type_of(exception), &BrokenPipeError_type) && poll(&output, 1, 0) > 0 &&
           (output.revents & POLLERR);
}

int run_report(void) {
    Value exception = error_take();
    int code = EXIT_SCRIPT_ERROR;
    if (type_is_subtype(type_of(exception), &SystemExit_type)) {
        code = exit_status(exception);
    } else if (is_closed_pipe(exception)) {
        code = EXIT_CLOSED_PIPE;
    } else {
        show(exception);
        if (type_is_subtype(type_of(exception), &KeyboardInterrupt_type)) code = EXIT_INTERRUPTED;
    }
    release(exception);
    return code;
}

static int run_text(const char *text, size_t size, Value filename, unsigned flags, int optimize) {
    Value dict = run_main_dict();
    Value code = is_set(dict) ? compile_source(text, size, PARSE_EXEC, filename, flags, optimize) : UNSET;
    Value result = is_set(code) ? exec_code(code, dict, dict) : UNSET;
    release(code);
    release(result);
    return is_set(result) ? 0 : run_report();
}

static int run_named_text(const char *text, size_t size, const char *name, unsigned flags, int optimize) {
    Value filename = str_decode(name, strlen(name), "utf-8", "surrogateescape");
    if (is_unset(filename)) return run_report();
    int code = run_text(text, size, filename, flags, optimize);
    release(filename);
    return code;
}

/* One line for a script that cannot be read. */
static int cannot_open(const char *path) {
    if (!error_matches(&OSError_type)) return run_report();
    Value exception = error_take();
    Value reason = object_get_attribute(exception, names.strerror);
    const char *text = is_set(reason) && str_is(reason) ? str_utf8(reason, NULL) : NULL;
    if (!text) error_clear(), text = "cannot be read";
    fprintf(stderr, "scr: can't open file '%s': %s\n", path, text);
    release(reason);
    release(exception);
    return EXIT_USAGE;
}

/* A folder with __main__ runs that file, like a package. */
static const char *script_of(const char *path, char *buffer, size_t size) {
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) return path;
    for (int i = 0; i < 2; i++) {
        snprintf(buffer, size, i ? "%s/__main__.py" : "%s/__main__.scr", path);
        if (access(buffer, R_OK) == 0) return buffer;
    }
    return path;
}

/* Tracebacks and __file__ show the absolute path. */
static const char *absolute_path(const char *path, char *buffer, size_t size) {
    char folder[4096];
    if (path[0] == '/' || !getcwd(folder, sizeof folder)) return path;
    if (path[0] == '.' && path[1] == '/') path += 2;
    int n = snprintf(buffer, size, "%s/%s", folder, path);
    return n > 0 && (size_t)n < size ? buffer : path;
}

static int run_file(const Options *options) {
    char buffer[4096], absolute[8192], *text;
    size_t size;
    const char *path = script_of(options->target, buffer, sizeof buffer);
    if (!source_read(path, &text, &size)) return cannot_open(path);
    path = absolute_path(path, absolute, sizeof absolute);
    Value dict = run_main_dict(), filename = str_decode(path, strlen(path), "utf-8", "surrogateescape");
    int code = EXIT_SCRIPT_ERROR;
    if (is_set(dict) && is_set(filename) && dict_set(dict, names.__file__, filename) &&
        dict_set(dict, names.__cached__, NONE))
        code = run_text(text, size, filename, 0, options->optimize);
    else
        code = run_report();
    release(filename);
    raw_free(text);
    return code;
}

static int run_stdin(const Options *options) {
    char *text;
    size_t size;
    if (!source_read("/dev/stdin", &text, &size)) return cannot_open("<stdin>");
    int code = run_named_text(text, size, "<stdin>", 0, options->optimize);
    raw_free(text);
    return code;
}

static int run_module(const Options *options) {
    Value run = import_attribute("runpy", "_run_module_as_main"), name = str_from(options->target);
    Value result = is_set(run) && is_set(name) ? call1(run, name) : UNSET;
    release(run);
    release(name);
    release(result);
    return is_set(result) ? 0 : run_report();
}

static int run_dis(const Options *options) {
    char *text;
    size_t size;
    if (!source_read(options->target, &text, &size)) return cannot_open(options->target);
    Value filename = str_from(options->target);
    Value code = is_set(filename) ? compile_source(text, size, PARSE_EXEC, filename, 0, options->optimize) : UNSET;
    raw_free(text);
    release(filename);
    Value listing = is_set(code) ? code_disassemble(as_code(code)) : UNSET;
    release(code);
    size_t length;
    const char *utf8 = is_set(listing) ? str_utf8(listing, &length) : NULL;
    if (!utf8) return run_report();
    bool written = fwrite(utf8, 1, length, stdout) == length && fflush(stdout) == 0;
    release(listing);
    return written ? 0 : EXIT_SCRIPT_ERROR;
}

int run_options(const Options *options) {
    Value dict = run_main_dict();
    if (is_unset(dict)) return run_report();
    int code = 0;
    switch (options->kind) {
    case RUN_FILE: code = run_file(options); break;
    case RUN_COMMAND:
        code = run_named_text(options->target, strlen(options->target), "<string>", 0, options->optimize);
        break;
    case RUN_MODULE: code = run_module(options); break;
    case RUN_STDIN: code = run_stdin(options); break;
    case RUN_DIS: code = run_dis(options); break;
    default: return repl_run();
    }
    return options->interactive ? repl_run() : code;
}
