/* atexit: functions that run when the script has ended, the last registered first. */
#include "stdlib/stdlib.h"


static Value callbacks; /* list of (function, args, kwargs or None) */

static Value atexit_register(const Value *args, size_t count) {
    Value kwargs = args[0], function = count > 1 ? args[1] : UNSET;
    if (is_unset(function)) return raise_type_error("register() takes at least 1 argument (0 given)");
    if (!is_callable(function)) return raise_type_error("the first argument must be callable");
    Value rest = tuple_from_values(args + 2, count - 2);
    Value row = is_set(rest) ? tuple_pack(3, function, rest, is_set(kwargs) ? kwargs : NONE) : UNSET;
    release(rest);
    if (is_unset(row) || !list_append_steal(callbacks, row)) return UNSET;
    return retain(function);
}

static Value atexit_unregister(const Value *args, size_t count) {
    for (size_t i = as_list(callbacks)->length; i-- > 0;) {
        int equal = object_equal(tuple_at(as_list(callbacks)->items[i], 0), args[0]);
        if (equal < 0 || (equal && !list_delete(callbacks, (int64_t)i))) return UNSET;
    }
    return NONE;
}

static Value atexit_run(const Value *args, size_t count) {
    while (as_list(callbacks)->length > 0) {
        Value row = list_pop(callbacks, (int64_t)as_list(callbacks)->length - 1);
        Value kwargs = tuple_at(row, 2);
        Value result = call_tuple_dict(tuple_at(row, 0), tuple_at(row, 1), is_none(kwargs) ? UNSET : kwargs);
        if (is_unset(result)) error_unraisable("in atexit callback", tuple_at(row, 0));
        release(result);
        release(row);
    }
    return NONE;
}

static Value atexit_clear(const Value *args, size_t count) {
    while (as_list(callbacks)->length > 0) release(list_pop(callbacks, 0));
    return NONE;
}
static Value atexit_count(const Value *args, size_t count) { return int_from_size(as_list(callbacks)->length); }

static const NativeDef functions[] = {
    FUNCTION("register", "*args, **kwargs", atexit_register, "Register a function to be called at exit."),
    FUNCTION("unregister", "func, /", atexit_unregister, "Take a function back."),
    FUNCTION("_run_exitfuncs", "", atexit_run, "Run all registered functions."),
    FUNCTION("_clear", "", atexit_clear, "Forget all registered functions."),
    FUNCTION("_ncallbacks", "", atexit_count, "How many functions are registered."),
    NATIVE_END,
};

static bool fill(Value dict) {
    root_add(&callbacks);
    return is_set(callbacks = list_new(0));
}

const ModuleDef mod_atexit = {"atexit", "Functions that run when the script ends.", functions, fill, NULL};
