/* Raising and catching as scripts do: `raise X from Y`, except clauses. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/tuple.h"

bool exception_is_class(Value v) { return type_is(v) && (as_type(v)->flags & TYPE_EXCEPTION_SUB); }

Value stop_iteration_value(Value exception) {
    Value value = as_exception(exception)->extra[EXTRA_VALUE];
    return is_unset(value) ? NONE : value;
}

/* The instance that a class or an instance stands for: owned. */
static Value instance_of(Value v, const char *refusal) {
    if (exception_is(v)) return retain(v);
    if (!exception_is_class(v)) return raise_type_error("%s", refusal);
    Value made = call0(v);
    if (is_unset(made) || exception_is(made)) return made;
    raise_type_error("calling %R should have returned an instance of BaseException, not %R", v,
                     type_value(type_of(made)));
    release(made);
    return UNSET;
}

static bool attach_cause(Value exception, Value cause) {
    if (is_unset(cause)) return true;
    Value instance = UNSET;
    if (!is_none(cause)) {
        instance = instance_of(cause, "exception causes must derive from BaseException");
        if (is_unset(instance)) return false;
    }
    as_exception(exception)->suppress_context = true;
    replace(&as_exception(exception)->cause, instance);
    return true;
}

Value exception_raise(Value exception_or_class, Value cause) {
    Value exception = instance_of(exception_or_class, "exceptions must derive from BaseException");
    if (is_unset(exception)) return UNSET;
    if (attach_cause(exception, cause)) return raise_value(exception);
    release(exception);
    return UNSET;
}

static bool check_class(Value class) {
    if (exception_is_class(class)) return true;
    return raise_type_error("catching classes that do not inherit from BaseException is not allowed"), false;
}

int exception_matches(Value exception, Value classes) {
    if (exception_is_class(classes)) return object_is_instance_exact_or_sub(exception, as_type(classes));
    if (!tuple_is(classes)) return check_class(classes) ? 0 : -1;
    for (size_t i = 0; i < tuple_length(classes); i++)
        if (!check_class(tuple_at(classes, i))) return -1;
    for (size_t i = 0; i < tuple_length(classes); i++)
        if (object_is_instance_exact_or_sub(exception, as_type(tuple_at(classes, i)))) return 1;
    return 0;
}
