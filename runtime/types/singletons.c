/* None, NotImplemented and Ellipsis, and the types of all immediate values. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

Type *const immediate_types[8] = {NULL,           &none_type, &bool_type, &bool_type, &not_implemented_type,
                                  &ellipsis_type, NULL,       NULL};

static bool no_arguments(const char *name, size_t count, Value kwnames) {
    if (!count && (is_unset(kwnames) || !tuple_length(kwnames))) return true;
    raise_type_error("%s takes no arguments", name);
    return false;
}

static void never(Object *o) {}

static bool immediate_hash(Value v, int64_t *out) {
    *out = (int64_t)(v.bits * UINT64_C(0x9E3779B97F4A7C15) >> 8);
    return true;
}

static Value none_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return no_arguments("NoneType", count, kwnames) ? NONE : UNSET;
}
static Value none_repr(Value v) { return names.none_text; }
static int none_truth(Value v) { return 0; }

Type none_type = {
    TYPE_HEAD("NoneType"),
    .basic_size = 16,
    .destroy = never,
    .make = none_make,
    .repr = none_repr,
    .truth = none_truth,
    .hash = immediate_hash,
};

static Value not_implemented_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return no_arguments("NotImplementedType", count, kwnames) ? NOT_IMPLEMENTED : UNSET;
}
static Value not_implemented_repr(Value v) { return str_intern_cstr("NotImplemented"); }

static int not_implemented_truth(Value v) {
    return warning_issue(&DeprecationWarning_type, "NotImplemented should not be used in a boolean context") ? 1 : -1;
}

static Value reduce(const Value *args, size_t count) { return type_of(args[0])->repr(args[0]); }
static const NativeDef named_methods[] = {
    METHOD("__reduce__", "", reduce, NULL),
    NATIVE_END,
};

Type not_implemented_type = {
    TYPE_HEAD("NotImplementedType"),
    .basic_size = 16,
    .methods = named_methods,
    .destroy = never,
    .make = not_implemented_make,
    .repr = not_implemented_repr,
    .truth = not_implemented_truth,
    .hash = immediate_hash,
};

static Value ellipsis_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return no_arguments("EllipsisType", count, kwnames) ? ELLIPSIS : UNSET;
}
static Value ellipsis_repr(Value v) { return str_intern_cstr("Ellipsis"); }

Type ellipsis_type = {
    TYPE_HEAD("ellipsis"),
    .basic_size = 16,
    .methods = named_methods,
    .destroy = never,
    .make = ellipsis_make,
    .repr = ellipsis_repr,
    .hash = immediate_hash,
};
