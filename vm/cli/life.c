/* The life of the interpreter: everything that is started before the first line of a script and ended after the last.
 */
#include "vm/cli/life.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conc/deadlock.h"
#include "runtime/conc/thread.h"
#include "runtime/mem/check.h"
#include "runtime/mem/gc.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/root.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "stdlib/library.h"
#include "vm/code/compile.h"
#include "vm/exec/builtins.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"
#include "vm/exec/report.h"

enum { EXIT_FLUSH_FAILED = 120 };

static Value text_list(char **items, int n, Value list) {
    for (int i = 0; i < n && is_set(list); i++) {
        Value text = str_decode(items[i], strlen(items[i]), "utf-8", "surrogateescape");
        if (is_unset(text) || !list_append_steal(list, text)) clear(&list);
    }
    return list;
}

static bool set_argv(const Options *options, char **argv) {
    char *first = options->kind == RUN_COMMAND  ? "-c"
                  : options->kind == RUN_MODULE ? "-m"
                  : options->target             ? (char *)options->target
                                                : "";
    Value list = text_list(options->args, options->arg_count, text_list(&first, 1, list_new(1)));
    bool done = is_set(list) && dict_set_utf8(sys_dict(), "argv", list);
    release(list);
    return done;
}

/* sys.path: the folder of the script (or the present one), then SCRPATH. */
static bool set_path(const Options *options) {
    char folder[4096] = "";
    if (options->kind == RUN_FILE || options->kind == RUN_DIS) {
        char *real = realpath(options->target, NULL);
        snprintf(folder, sizeof folder, "%s", real ? real : options->target);
        free(real);
        char *slash = strrchr(folder, '/');
        if (slash) slash[slash == folder] = 0;
        else folder[0] = 0;
    }
    char *first = folder;
    Value list = text_list(&first, 1, list_new(1));
    const char *more = getenv("SCRPATH");
    for (const char *p = more; p && *p && is_set(list);) {
        const char *colon = strchrnul(p, ':');
        Value text = str_decode(p, (size_t)(colon - p), "utf-8", "surrogateescape");
        if (is_unset(text) || !list_append_steal(list, text)) clear(&list);
        p = *colon ? colon + 1 : colon;
    }
    bool done = is_set(list) && dict_set(sys_dict(), names.path, list);
    release(list);
    return done;
}

/* io makes the streams: _io.standard_streams(unbuffered) puts stdin, stdout, stderr into sys, and open into builtins.
 */
static bool start_streams(const Options *options) {
    Value start = import_attribute("_io", "_start_streams");
    if (is_unset(start)) return false;
    Value done = call1(start, from_bool(options->unbuffered));
    release(start);
    release(done);
    return is_set(done);
}

static bool flush(Value stream) {
    if (is_unset(stream) || is_none(stream)) return true;
    Value closed = object_get_attribute_utf8(stream, "closed");
    int is_closed = is_set(closed) ? object_truth(closed) : -1;
    release(closed);
    if (is_closed != 0) return error_clear(), true;
    Value done = call_method0(stream, names.flush);
    release(done);
    if (is_set(done)) return true;
    if (error_matches(&BrokenPipeError_type)) error_clear(); /* there is nobody left to tell */
    else error_unraisable(NULL, stream);
    return false;
}

/* Threads wait for each other, and the command was asked to end then. */
static const Options *started_with;
static void end_deadlocked(void) {
    flush(sys_get(names.stdout));
    flush(sys_get(names.stderr));
    gil_options_end_run(&started_with->gil);
    gil_options_report(&started_with->gil);
    _exit(DEADLOCK_EXIT);
}

bool life_start(const Options *options, char **argv) {
    compile_optimize = options->optimize;
    signal(SIGPIPE, SIG_IGN);
    heap_thread_start();
    if (!thread_main_start()) return fputs("scr: cannot start the main thread\n", stderr), false;
    started_with = options;
    deadlock_end_process = end_deadlocked;
    gil_options_apply(&options->gil);
    import_set_library(stdlib_rows);
    if (types_start() && exec_start() && machine_start() && builtins_start() && import_start() &&
        set_argv(options, argv) && set_path(options) && start_streams(options)) {
        const char *fail = getenv("SCR_FAIL_ALLOCATION"); /* hostile builds only */
        if (fail) heap_fail_after(strtoull(fail, NULL, 10));
        off_options_apply(&options->off, strcmp(RC_ENGINE, "checked") == 0, options->target);
        return true;
    }
    Value exception = error_take();
    fprintf(stderr, "scr: cannot start: %s\n", is_set(exception) ? type_of(exception)->name : "unknown reason");
    if (is_set(exception)) report_print(exception);
    return false;
}

/* module.function() if the module was imported; an exception is printed. */
static void call_if_imported(const char *module, const char *function) {
    Value found = dict_get_utf8(import_modules(), module);
    if (is_unset(found)) return;
    Value callee = object_get_attribute_utf8(found, function);
    Value result = is_set(callee) ? call0(callee) : UNSET;
    release(callee);
    release(result);
    if (is_set(result)) return;
    Value exception = error_take();
    report_print(exception);
    release(exception);
}

/* Modules end in the order in which they were imported, the main one first: each dict is emptied, so that what only it
 * held dies while sys and builtins still work. */
static void end_modules(void) {
    Value all = dict_value_list(import_modules());
    if (is_unset(all)) return error_clear();
    Value main_module = retain(dict_get_str(import_modules(), names.__main__));
    if (is_set(main_module) && is_exactly(main_module, &module_type)) dict_clear(module_dict(main_module));
    release(main_module);
    gc_collect(2);
    release(all);
}

int life_end(const Options *options, int code) {
    call_if_imported("threading", "_shutdown");
    call_if_imported("atexit", "_run_exitfuncs");
    gil_options_end_run(&options->gil);
    thread_stop_others();
    bool flushed = flush(sys_get(names.stdout));
    end_modules();
    flushed = flushed && flush(sys_get(names.stdout));
    flush(sys_get(names.stderr));
    if (options->leaks) {
        import_end();
        builtins_end();
        root_release_all();
        gc_collect(2);
        machine_end();
        exec_end();
        types_end();
        gc_collect(2);
        size_t alive = heap_check_alive(stderr);
        fprintf(stderr, "==scr== %zu objects alive at exit\n", alive);
        if (alive > 0 && code == 0) code = 1;
    }
    gil_options_report(&options->gil);
    code = off_options_finish(code);
    return flushed || code ? code : EXIT_FLUSH_FAILED;
}
