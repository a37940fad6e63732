/* sys: the interpreter seen from the script. */
#include "stdlib/stdlib.h"
#include "stdlib/sys_parts.h"

#include "runtime/conc/gil.h"
#include "runtime/conc/gil_off.h"
#include "runtime/mem/rc.h"
#include "runtime/types/int_text.h"
#include "vm/exec/exec.h"
#include "vm/exec/report.h"

#define VERSION_TEXT "3.11.0 (scr 0.1.0, " RC_ENGINE " engine)"

static Value sys_exit(const Value *args, size_t count) {
    Value exception = exception_new(&SystemExit_type, args, is_set(args[0]) ? 1 : 0);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static Value sys_getrefcount(const Value *args, size_t count) {
    if (!is_object(args[0])) return from_small_int(RC_IMMORTAL >> 2);
    return int_from_uint64(rc_load(&as_object(args[0])->count));
}

static Value sys_intern(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("intern() argument must be str, not %T", args[0]);
    if (!str_is_exact(args[0])) return raise_type_error("can't intern %T", args[0]);
    return str_intern(retain(args[0]));
}

static Value sys_get_int_max_str_digits(const Value *args, size_t count) { return int_from_int64(int_max_str_digits); }

static Value sys_set_int_max_str_digits(const Value *args, size_t count) {
    int64_t digits;
    if (!object_as_int64(args[0], &digits)) return UNSET;
    if (digits != 0 && digits < INT_MAX_STR_DIGITS_THRESHOLD) {
        return raise_value_error("maxdigits must be 0 or larger than %d", INT_MAX_STR_DIGITS_THRESHOLD);
    }
    int_max_str_digits = digits;
    return NONE;
}

static Value sys_getrecursionlimit(const Value *args, size_t count) { return from_small_int(exec_recursion_limit()); }

static Value sys_setrecursionlimit(const Value *args, size_t count) {
    int64_t limit;
    if (!object_as_int64(args[0], &limit)) return UNSET;
    if (limit < 1) return raise_value_error("recursion limit must be greater or equal than 1");
    if (limit > INT32_MAX) return raise_overflow_error("Python int too large to convert to C int");
    return exec_set_recursion_limit((int)limit) ? NONE : UNSET;
}

/* The knobs of the lock: an error where the present policy has no such knob. */
static bool has_knob(bool has, const char *knob) {
    if (has) return true;
    return raise_runtime_error("the GIL policy '%s' has no %s", gil_policy()->name, knob), false;
}

static Value sys_getswitchinterval(const Value *args, size_t count) {
    if (!has_knob(gil_policy()->has_interval, "switch interval")) return UNSET;
    return from_double((double)gil_interval() / 1e9);
}

static Value sys_setswitchinterval(const Value *args, size_t count) {
    double seconds;
    if (!object_as_double(args[0], &seconds)) return UNSET;
    if (!(seconds > 0)) return raise_value_error("switch interval must be strictly positive");
    if (!has_knob(gil_policy()->has_interval, "switch interval")) return UNSET;
    gil_set_interval(seconds > 4000 ? INT64_C(4000000000000) : (int64_t)(seconds * 1e9 + 0.5));
    return NONE;
}

static Value sys_getcheckinterval(const Value *args, size_t count) {
    if (!has_knob(gil_policy()->has_ticks, "check interval")) return UNSET;
    return from_small_int(gil_ticks());
}

static Value sys_setcheckinterval(const Value *args, size_t count) {
    int64_t n;
    if (!object_as_int64(args[0], &n)) return UNSET;
    if (!has_knob(gil_policy()->has_ticks, "check interval")) return UNSET;
    gil_set_ticks(n < 1 ? 1 : n > INT32_MAX ? INT32_MAX : (int32_t)n);
    return NONE;
}

static Value sys_exc_info(const Value *args, size_t count) {
    Value handled = *error_handled();
    if (is_unset(handled)) return tuple_pack(3, NONE, NONE, NONE);
    Value traceback = as_exception(handled)->traceback;
    return tuple_pack(3, type_value(type_of(handled)), handled, is_set(traceback) ? traceback : NONE);
}
static Value sys_exception(const Value *args, size_t count) {
    Value handled = *error_handled();
    return is_set(handled) ? retain(handled) : NONE;
}

static Value sys_getframe(const Value *args, size_t count) {
    int64_t depth = 0;
    if (is_set(args[0]) && !object_as_int64(args[0], &depth)) return UNSET;
    return exec_frame(depth < 0 ? 0 : depth);
}

static Value sys_getsizeof(const Value *args, size_t count) {
    Value size = call_special(args[0], names.__sizeof__, NULL, 0, "Type %s doesn't define __sizeof__");
    if (is_unset(size) && is_set(args[1])) {
        error_clear();
        return retain(args[1]);
    }
    /* CPython counts the two words that its collector puts before an object. */
    bool collected = is_object(args[0]) && as_object(args[0])->type->flags & TYPE_GC;
    if (is_set(size) && collected) replace(&size, int_add(size, from_small_int(16)));
    return size;
}

static Value sys_getdefaultencoding(const Value *args, size_t count) { return str_from("utf-8"); }
static Value sys_getfilesystemencoding(const Value *args, size_t count) { return str_from("utf-8"); }
static Value sys_getfilesystemencodeerrors(const Value *args, size_t count) { return str_from("surrogateescape"); }
static Value sys_is_finalizing(const Value *args, size_t count) { return FALSE_VALUE; }
static Value sys_is_gil_enabled(const Value *args, size_t count) { return from_bool(gil_is_on()); }

/* The default hook: None prints nothing, else repr, and builtins._ is set. */
static Value sys_displayhook(const Value *args, size_t count) {
    if (is_none(args[0])) return NONE;
    Value out = sys_get(names.stdout), text = object_repr(args[0]);
    if (is_unset(text)) return UNSET;
    if (is_unset(out)) {
        release(text);
        return raise_runtime_error("lost sys.stdout");
    }
    Value line = str_format("%U\n", text), written = UNSET;
    release(text);
    if (is_set(line)) written = call_method1(out, names.write, line);
    release(line);
    if (is_unset(written)) return UNSET;
    release(written);
    Value builtins = dict_get_str(import_modules(), names.builtins);
    Value underscore = str_intern_cstr("_");
    bool set = is_unset(builtins) || object_set_attribute(builtins, underscore, args[0]);
    release(underscore);
    return set ? NONE : UNSET;
}

static Value sys_excepthook(const Value *args, size_t count) {
    report_print(args[1]);
    return NONE;
}

static const NativeDef functions[] = {
    FUNCTION("exit", "status=None, /", sys_exit, "Exit the interpreter by raising SystemExit(status)."),
    FUNCTION("getrefcount", "object, /", sys_getrefcount, "Return the reference count of object."),
    FUNCTION("intern", "string, /", sys_intern, "Intern the given string."),
    FUNCTION("getrecursionlimit", "", sys_getrecursionlimit, "Return the current value of the recursion limit."),
    FUNCTION("setrecursionlimit", "limit, /", sys_setrecursionlimit, "Set the maximum depth of the interpreter stack."),
    FUNCTION("getswitchinterval", "", sys_getswitchinterval, "Return the switch interval in seconds."),
    FUNCTION("getcheckinterval", "", sys_getcheckinterval, "Return after how many instructions the lock is released."),
    FUNCTION("setcheckinterval", "n, /", sys_setcheckinterval, "Set it (policies with ticks)."),
    FUNCTION("setswitchinterval", "interval, /", sys_setswitchinterval,
             "Set how long a thread may keep the lock when others want it."),
    FUNCTION("exc_info", "", sys_exc_info, "Return the type, value and traceback of the exception being handled."),
    FUNCTION("exception", "", sys_exception, "Return the exception being handled."),
    FUNCTION("_getframe", "depth=0, /", sys_getframe, "Return a frame object from the call stack."),
    FUNCTION("get_int_max_str_digits", "", sys_get_int_max_str_digits,
             "Return the maximum string digits limit for non-binary int<->str conversions."),
    FUNCTION("set_int_max_str_digits", "maxdigits", sys_set_int_max_str_digits,
             "Set the maximum string digits limit for non-binary int<->str conversions."),
    FUNCTION("getsizeof", "object, default=None", sys_getsizeof, "Return the size of object in bytes."),
    FUNCTION("getdefaultencoding", "", sys_getdefaultencoding, "Return the default string encoding."),
    FUNCTION("getfilesystemencoding", "", sys_getfilesystemencoding, "Return the encoding of file names."),
    FUNCTION("getfilesystemencodeerrors", "", sys_getfilesystemencodeerrors, "Return the error mode of file names."),
    FUNCTION("is_finalizing", "", sys_is_finalizing, "Return whether the interpreter is shutting down."),
    FUNCTION("_is_gil_enabled", "", sys_is_gil_enabled, "Return whether the GIL is enabled."),
    FUNCTION("displayhook", "object, /", sys_displayhook, "Print an object to sys.stdout and save it in builtins._"),
    FUNCTION("excepthook", "exctype, value, traceback, /", sys_excepthook, "Print an exception with its traceback."),
    NATIVE_END,
};

bool sys_put(Value dict, const char *name, Value owned) {
    bool done = is_set(owned) && dict_set_utf8(dict, name, owned);
    release(owned);
    return done;
}

static bool fill_texts(Value dict) {
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"version", VERSION_TEXT},  {"copyright", "Copyright (c) the scr authors"},
        {"float_repr_style", "short"}, {"abiflags", ""},
        {"platlibdir", "lib"},      {"platform", "linux"},
        {"byteorder", "little"},    {"executable", ""},
        {"prefix", "/usr"},         {"exec_prefix", "/usr"},
        {"base_prefix", "/usr"},    {"base_exec_prefix", "/usr"},
        {"ps1", ">>> "},            {"ps2", "... "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!sys_put(dict, rows[i].name, str_from(rows[i].text))) return false;
    return true;
}

static bool fill_containers(Value dict) {
    static const char *const lists[] = {"argv", "orig_argv", "path", "warnoptions", "meta_path", "path_hooks"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!sys_put(dict, lists[i], list_new(0))) return false;
    return sys_put(dict, "_xoptions", dict_new()) && sys_put(dict, "path_importer_cache", dict_new());
}

static bool fill(Value dict) {
    return sys_info_fill(dict) && sys_hooks_fill(dict) && fill_texts(dict) && fill_containers(dict) &&
           sys_put(dict, "hexversion", from_small_int(SYS_HEX_VERSION)) &&
           sys_put(dict, "api_version", from_small_int(1013)) && sys_put(dict, "maxsize", int_from_int64(INT64_MAX)) &&
           sys_put(dict, "maxunicode", from_small_int(0x10FFFF)) && sys_put(dict, "pycache_prefix", NONE) &&
           sys_put(dict, "dont_write_bytecode", TRUE_VALUE) &&
           dict_set_utf8(dict, "__displayhook__", dict_get_utf8(dict, "displayhook")) &&
           dict_set_utf8(dict, "__excepthook__", dict_get_utf8(dict, "excepthook"));
}

static bool ready(void) { return sys_info_ready() && sys_hooks_ready(); }

const ModuleDef mod_sys = {"sys", "The interpreter: arguments, paths, streams, limits, and what it knows about itself.",
                           functions, fill, ready};
