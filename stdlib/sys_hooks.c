/* sys: hooks for exceptions nobody can catch, breakpoints, audit events, asynchronous generators and tracing. */
#include "stdlib/struct_sequence.h"
#include "stdlib/sys_parts.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"
#include "vm/exec/unraisable.h"

#include <stdlib.h>

/* ---- unraisable exceptions ---- */

static const char *const unraisable_fields[] = {"exc_type", "exc_value", "exc_traceback", "err_msg", "object"};
static StructSequence unraisable_type =
    STRUCT_SEQUENCE("UnraisableHookArgs", "UnraisableHookArgs\n\nType used to pass arguments to sys.unraisablehook.",
                    unraisable_fields, 5, 5);
static Value standard_unraisable; /* owned by the dict of sys */

static Value sys_unraisablehook(const Value *args, size_t count) {
    if (!is_exactly(args[0], &unraisable_type.type))
        return raise_type_error("sys.unraisablehook argument type must be UnraisableHookArgs");
    const Value *items = as_tuple(args[0])->items;
    unraisable_print(items[3], items[4], items[1]);
    return NONE;
}

static Value hook_arguments(Value exception, Value message, Value object) {
    Value traceback = as_exception(exception)->traceback;
    return struct_sequence_new(&unraisable_type, (Value[]){retain(type_value(type_of(exception))), retain(exception),
                                                           retain(traceback), retain(message), retain(object)});
}

static Value call_hook(Value hook, Value exception, Value message, Value object) {
    Value args = hook_arguments(exception, message, object);
    Value done = is_set(args) ? call1(hook, args) : UNSET;
    release(args);
    return done;
}

static void report_unraisable(const char *where, Value object) {
    Value key = str_intern_cstr("unraisablehook"), hook = retain(sys_get(key));
    release(key);
    if (is_unset(hook) || is_none(hook) || same(hook, standard_unraisable)) {
        release(hook);
        return unraisable_report(where, object);
    }
    Value exception = error_take(), message = unraisable_message(where);
    Value done = call_hook(hook, exception, is_set(message) ? message : NONE, is_set(object) ? object : NONE);
    if (is_unset(done)) unraisable_report("in sys.unraisablehook", hook);
    release(done);
    release(message);
    release(exception);
    release(hook);
}

/* ---- breakpoint() ---- */

/* The function that a dotted name means; UNSET with ImportError, AttributeError or ValueError pending. */
static Value named_function(const char *name) {
    const char *dot = strrchr(name, '.');
    Value module = dot ? str_from_utf8(name, (size_t)(dot - name)) : str_from("builtins");
    Value found = is_set(module) ? import_named(str_utf8(module, NULL)) : UNSET;
    Value function = is_set(found) ? object_get_attribute_utf8(found, dot ? dot + 1 : name) : UNSET;
    release(module);
    release(found);
    return function;
}

/* args[0]: keywords; then the positional ones. */
static Value sys_breakpointhook(const Value *args, size_t count) {
    const char *name = getenv("PYTHONBREAKPOINT");
    if (!name || !*name) name = "pdb.set_trace";
    if (strcmp(name, "0") == 0) return NONE;
    Value function = named_function(name);
    if (is_unset(function)) {
        if (!error_absorb(&ImportError_type) && !error_absorb(&AttributeError_type) && !error_absorb(&ValueError_type))
            return UNSET;
        return warning_issue(&RuntimeWarning_type, "Ignoring unimportable $PYTHONBREAKPOINT: \"%s\"", name) ? NONE : UNSET;
    }
    Value positional = tuple_from_values(args + 1, count - 1);
    Value result = is_set(positional) ? call_tuple_dict(function, positional, args[0]) : UNSET;
    release(positional);
    release(function);
    return result;
}

/* ---- audit events: those that scripts raise ---- */

/* Borrowed list, UNSET while there is none. */
static Value audit_hooks(void) { return dict_get_utf8(sys_dict(), "_audit_hooks"); }

static Value sys_addaudithook(const Value *args, size_t count) {
    if (is_unset(audit_hooks()) && !sys_put(sys_dict(), "_audit_hooks", list_new(0))) return UNSET;
    return list_append(audit_hooks(), args[0]) ? NONE : UNSET;
}

static Value sys_audit(const Value *args, size_t count) {
    if (!count) return raise_type_error("audit() missing 1 required positional argument: 'event'");
    if (!str_is(args[0])) return raise_type_error("expected str for argument 'event', not %T", args[0]);
    Value hooks = audit_hooks();
    if (is_unset(hooks)) return NONE;
    Value event_args = tuple_from_values(args + 1, count - 1), done = NONE;
    if (is_unset(event_args)) return UNSET;
    for (size_t i = 0; is_set(done) && i < as_list(hooks)->length; i++) {
        Value hook = retain(as_list(hooks)->items[i]);
        replace(&done, call2(hook, args[0], event_args));
        release(hook);
    }
    release(event_args);
    if (is_unset(done)) return UNSET;
    release(done);
    return NONE;
}

/* ---- asynchronous generators and coroutines ---- */

static const char *const asyncgen_fields[] = {"firstiter", "finalizer"};
static StructSequence asyncgen_type =
    STRUCT_SEQUENCE("asyncgen_hooks", "asyncgen_hooks\n\nThe hooks of this thread.", asyncgen_fields, 2, 2);

static bool check_hook(Value hook, const char *name) {
    if (is_unset(hook) || is_none(hook) || is_callable(hook)) return true;
    return raise_type_error("callable %s expected, got %T", name, hook), false;
}

static Value sys_set_asyncgen_hooks(const Value *args, size_t count) {
    if (!check_hook(args[1], "finalizer") || !check_hook(args[0], "firstiter")) return UNSET;
    coroutine_hooks_set(args[0], args[1]);
    return NONE;
}

static Value sys_get_asyncgen_hooks(const Value *args, size_t count) {
    Value hooks[2];
    coroutine_hooks_get(&hooks[0], &hooks[1]);
    retain(hooks[0]);
    retain(hooks[1]);
    return struct_sequence_new(&asyncgen_type, hooks);
}

static Value sys_get_origin_depth(const Value *args, size_t count) { return int_from_int64(coroutine_origin_depth()); }
static Value sys_set_origin_depth(const Value *args, size_t count) {
    int64_t depth;
    if (!object_as_int64(args[0], &depth)) return UNSET;
    if (depth < 0) return raise_value_error("depth must be >= 0");
    coroutine_set_origin_depth(depth);
    return NONE;
}

/* ---- tracing is left out ---- */

static Value sys_no_trace(const Value *args, size_t count) { return NONE; }
static Value refuse(Value function, const char *name) {
    if (is_none(function)) return NONE;
    return raise_error(&NotImplementedError_type, "sys.%s is not available in scr", name);
}
static Value sys_settrace(const Value *args, size_t count) { return refuse(args[0], "settrace"); }
static Value sys_setprofile(const Value *args, size_t count) { return refuse(args[0], "setprofile"); }

static const NativeDef functions[] = {
    FUNCTION("unraisablehook", "unraisable, /", sys_unraisablehook, "Handle an unraisable exception."),
    FUNCTION("breakpointhook", "*args, **kws", sys_breakpointhook,
             "This hook function is called by built-in breakpoint()."),
    FUNCTION("addaudithook", "hook", sys_addaudithook, "Adds a new audit hook callback."),
    FUNCTION("audit", "*args", sys_audit, "Passes the event to any hooks that are attached."),
    FUNCTION("set_asyncgen_hooks", "firstiter=None, finalizer=None", sys_set_asyncgen_hooks,
             "Set the hooks of this thread that asynchronous generators call at their first step and when they die."),
    FUNCTION("get_asyncgen_hooks", "", sys_get_asyncgen_hooks, "Return the hooks set by set_asyncgen_hooks()."),
    FUNCTION("set_coroutine_origin_tracking_depth", "depth", sys_set_origin_depth,
             "Enable or disable origin tracking for coroutine objects in this thread."),
    FUNCTION("get_coroutine_origin_tracking_depth", "", sys_get_origin_depth,
             "Check status of origin tracking for coroutine objects in this thread."),
    FUNCTION("gettrace", "", sys_no_trace, "Return the global debug tracing function."),
    FUNCTION("getprofile", "", sys_no_trace, "Return the profiling function."),
    FUNCTION("settrace", "function, /", sys_settrace, "Not available: refuses every function but None."),
    FUNCTION("setprofile", "function, /", sys_setprofile, "Not available: refuses every function but None."),
    NATIVE_END,
};

bool sys_hooks_ready(void) { return struct_sequence_ready(&unraisable_type) && struct_sequence_ready(&asyncgen_type); }

bool sys_hooks_fill(Value dict) {
    Value module = str_intern_cstr("sys");
    for (const NativeDef *row = functions; row->name; row++)
        if (!sys_put(dict, row->name, native_new(row, UNSET, module))) return release(module), false;
    release(module);
    standard_unraisable = dict_get_utf8(dict, "unraisablehook");
    error_unraisable_hook = report_unraisable;
    return dict_set_utf8(dict, "__unraisablehook__", standard_unraisable) &&
           dict_set_utf8(dict, "__breakpointhook__", dict_get_utf8(dict, "breakpointhook"));
}
