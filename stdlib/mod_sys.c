/* sys: the interpreter seen from the script. */
#include "stdlib/stdlib.h"

#include "runtime/conc/gil.h"
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
static Value sys_is_gil_enabled(const Value *args, size_t count) { return TRUE_VALUE; }

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

static bool set(Value dict, const char *name, Value owned) {
    bool done = is_set(owned) && dict_set_utf8(dict, name, owned);
    release(owned);
    return done;
}

static Value namespace_of(const char *const *keys, const Value *values, size_t n) {
    Value result = call0(type_value(&namespace_type));
    for (size_t i = 0; i < n && is_set(result); i++) {
        Value key = str_intern_cstr(keys[i]);
        if (!object_set_attribute(result, key, values[i])) clear(&result);
        release(key);
    }
    return result;
}

static bool fill_version(Value dict) {
    static const char *const implementation_keys[] = {"name", "version", "hexversion", "cache_tag"};
    Value final = str_from("final"), scr = str_from("scr");
    Value version = tuple_pack(5, from_small_int(3), from_small_int(11), from_small_int(0), final, from_small_int(0));
    Value implementation[] = {scr, version, from_small_int(0x030B00F0), NONE};
    bool done = set(dict, "implementation", namespace_of(implementation_keys, implementation, 4)) &&
                set(dict, "version_info", retain(version)) && set(dict, "hexversion", from_small_int(0x030B00F0)) &&
                set(dict, "version", str_from(VERSION_TEXT)) && set(dict, "api_version", from_small_int(1013)) &&
                set(dict, "copyright", str_from("Copyright (c) the scr authors"));
    release(final);
    release(scr);
    release(version);
    return done;
}

static bool fill_sizes(Value dict) {
    static const char *const float_keys[] = {"max", "max_exp",  "max_10_exp", "min",   "min_exp", "min_10_exp",
                                             "dig", "mant_dig", "epsilon",    "radix", "rounds"};
    const Value float_values[] = {from_double(1.7976931348623157e308),
                                  from_small_int(1024),
                                  from_small_int(308),
                                  from_double(2.2250738585072014e-308),
                                  from_small_int(-1021),
                                  from_small_int(-307),
                                  from_small_int(15),
                                  from_small_int(53),
                                  from_double(2.220446049250313e-16),
                                  from_small_int(2),
                                  from_small_int(1)};
    static const char *const hash_keys[] = {"width",     "modulus",   "inf",       "nan",   "imag",
                                            "algorithm", "hash_bits", "seed_bits", "cutoff"};
    Value modulus = int_from_int64((INT64_C(1) << 61) - 1), algorithm = str_from("siphash13");
    const Value hash_values[] = {from_small_int(64),      modulus,   from_small_int(314159), from_small_int(0),
                                 from_small_int(1000003), algorithm, from_small_int(64),     from_small_int(128),
                                 from_small_int(0)};
    static const char *const int_keys[] = {"bits_per_digit", "sizeof_digit", "default_max_str_digits",
                                           "str_digits_check_threshold"};
    const Value int_values[] = {from_small_int(30), from_small_int(4), from_small_int(4300), from_small_int(640)};
    bool done = set(dict, "maxsize", int_from_int64(INT64_MAX)) && set(dict, "maxunicode", from_small_int(0x10FFFF)) &&
                set(dict, "float_info", namespace_of(float_keys, float_values, 11)) &&
                set(dict, "hash_info", namespace_of(hash_keys, hash_values, 9)) &&
                set(dict, "int_info", namespace_of(int_keys, int_values, 4));
    release(modulus);
    release(algorithm);
    return done;
}

static bool fill_flags(Value dict) {
    static const char *const keys[] = {"debug",
                                       "inspect",
                                       "interactive",
                                       "optimize",
                                       "dont_write_bytecode",
                                       "no_user_site",
                                       "no_site",
                                       "ignore_environment",
                                       "verbose",
                                       "bytes_warning",
                                       "quiet",
                                       "hash_randomization",
                                       "isolated",
                                       "dev_mode",
                                       "utf8_mode",
                                       "safe_path",
                                       "int_max_str_digits"};
    Value values[17];
    for (int i = 0; i < 17; i++) values[i] = from_small_int(i == 11);
    values[13] = values[15] = FALSE_VALUE;
    values[16] = from_small_int(4300);
    return set(dict, "flags", namespace_of(keys, values, 17));
}

static bool fill(Value dict) {
    Value empty = names.empty;
    return fill_version(dict) && fill_sizes(dict) && fill_flags(dict) && set(dict, "platform", str_from("linux")) &&
           set(dict, "byteorder", str_from("little")) && set(dict, "executable", retain(empty)) &&
           set(dict, "prefix", str_from("/usr")) && set(dict, "exec_prefix", str_from("/usr")) &&
           set(dict, "base_prefix", str_from("/usr")) && set(dict, "base_exec_prefix", str_from("/usr")) &&
           set(dict, "argv", list_new(0)) && set(dict, "orig_argv", list_new(0)) && set(dict, "path", list_new(0)) &&
           set(dict, "warnoptions", list_new(0)) && set(dict, "_xoptions", dict_new()) &&
           set(dict, "meta_path", list_new(0)) && set(dict, "path_hooks", list_new(0)) &&
           set(dict, "path_importer_cache", dict_new()) && set(dict, "dont_write_bytecode", TRUE_VALUE) &&
           set(dict, "ps1", str_from(">>> ")) && set(dict, "ps2", str_from("... ")) &&
           dict_set_utf8(dict, "__displayhook__", dict_get_utf8(dict, "displayhook")) &&
           dict_set_utf8(dict, "__excepthook__", dict_get_utf8(dict, "excepthook"));
}

const ModuleDef mod_sys = {"sys", "The interpreter: arguments, paths, streams, limits, and what it knows about itself.",
                           functions, fill, NULL};
