/* The type `object`: what every instance can do, and how plain instances are made. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/class_change.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/object_reduce.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

/* Making
 * --------------------------------------------------------------------------------------------------------------- */

static bool has_arguments(size_t count, Value kwnames) { return count || (is_set(kwnames) && tuple_length(kwnames)); }

static Value refuse_abstract(Type *type) {
    Value set = dict_get_str(type->dict, names.__abstractmethods__);
    Value list = is_set(set) ? list_from_iterable(set) : list_new(0);
    if (is_unset(list)) return UNSET;
    Value separator = list_sort(list, UNSET, false) ? str_from(", ") : UNSET;
    Value joined = is_set(separator) ? str_join(separator, list) : UNSET;
    if (is_set(joined))
        raise_type_error("Can't instantiate abstract class %N with abstract method%s %U", type,
                         as_list(list)->length == 1 ? "" : "s", joined);
    release(joined);
    release(separator);
    release(list);
    return UNSET;
}

Value object_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (has_arguments(count, kwnames)) {
        if (type->make != object_make)
            return raise_type_error("object.__new__() takes exactly one argument (the type to instantiate)");
        if (type->init == object_init) return raise_type_error("%N() takes no arguments", type);
    }
    if (type->flags & TYPE_ABSTRACT) return refuse_abstract(type);
    return instance_new(type);
}

bool object_init(Value self, const Value *args, size_t count, Value kwnames) {
    Type *type = type_of(self);
    if (!has_arguments(count, kwnames)) return true;
    if (type->init != object_init)
        return raise_type_error("object.__init__() takes exactly one argument (the instance to initialize)"), false;
    if (type->make == object_make)
        return raise_type_error("%N.__init__() takes exactly one argument (the instance to initialize)", type), false;
    return true;
}

/* Text, comparison, hash
 * --------------------------------------------------------------------------------------------------- */

static Value object_type_repr(Value self) {
    Value name = type_qualified_name(type_of(self));
    Value result = is_set(name) ? str_format("<%U object at %s>", name, object_address(self)) : UNSET;
    release(name);
    return result;
}

static Value object_type_str(Value self) {
    return recursion_check(" while getting the str of an object") ? type_of(self)->repr(self) : UNSET;
}

static bool object_type_hash(Value self, int64_t *out) {
    uint64_t bits = self.bits;
    *out = (int64_t)(bits >> 4 | bits << 60);
    return true;
}

static Value not_equal(Value a, Value b) {
    Value (*compare)(Value, Value, CompareOp) = type_of(a)->compare;
    Value equal = compare ? compare(a, b, COMPARE_EQ) : NOT_IMPLEMENTED;
    if (is_unset(equal) || same(equal, NOT_IMPLEMENTED)) return equal;
    int truth = object_truth(equal);
    release(equal);
    return truth < 0 ? UNSET : from_bool(!truth);
}

static Value object_type_compare(Value a, Value b, CompareOp op) {
    if (op == COMPARE_EQ) return same(a, b) ? TRUE_VALUE : NOT_IMPLEMENTED;
    return op == COMPARE_NE ? not_equal(a, b) : NOT_IMPLEMENTED;
}

/* Methods
 * ------------------------------------------------------------------------------------------------------------------ */

static Value get_class(Value self) { return retain(type_value(type_of(self))); }

static const MemberDef object_members[] = {
    {"__class__", get_class, class_set_class, "the object's class"},
    {0},
};

static Value method_format(const Value *args, size_t count) {
    if (!str_is(args[1])) return raise_type_error("__format__() argument must be str, not %T", args[1]);
    if (str_length(args[1])) return raise_type_error("unsupported format string passed to %T.__format__", args[0]);
    return object_str(args[0]);
}

static Value method_sizeof(const Value *args, size_t count) {
    Type *type = type_of(args[0]);
    size_t size = type->basic_size;
    if (is_object(args[0])) size += attrs_size(type);
    if (type->item_size && type->length) {
        int64_t n = type->length(args[0]);
        if (n < 0) return UNSET;
        size += (size_t)n * type->item_size;
    }
    return int_from_size(size);
}

/* Names in the instance's __dict__, if it has one. */
static bool add_own_names(Value self, Value all) {
    Value dict;
    int found = object_find_attribute(self, names.__dict__, &dict);
    if (found <= 0) return found == 0;
    bool ok = !dict_is(dict) || dict_update(all, dict);
    release(dict);
    return ok;
}

static bool add_class_names(Value self, Value all) {
    Value class;
    int found = object_find_attribute(self, names.__class__, &class);
    if (found <= 0) return found == 0;
    bool ok = true;
    if (type_is(class) && is_set(as_type(class)->mro)) {
        Value mro = as_type(class)->mro;
        for (size_t i = tuple_length(mro); ok && i-- > 0;) ok = dict_update(all, as_type(tuple_at(mro, i))->dict);
    }
    release(class);
    return ok;
}

static Value method_dir(const Value *args, size_t count) {
    Value all = dict_new(), keys = UNSET;
    if (is_unset(all)) return UNSET;
    if (add_own_names(args[0], all) && add_class_names(args[0], all)) keys = dict_key_list(all);
    release(all);
    return keys;
}

static Value method_init_subclass(const Value *args, size_t count) { return NONE; }
static Value method_subclass_hook(const Value *args, size_t count) { return NOT_IMPLEMENTED; }

static const NativeDef object_methods[] = {
    METHOD("__format__", "format_spec, /", method_format, "Default object formatter."),
    METHOD("__sizeof__", "", method_sizeof, "Size of object in memory, in bytes."),
    METHOD("__dir__", "", method_dir, "Default dir() implementation."),
    METHOD("__reduce__", "", object_reduce_method, "Helper for pickle."),
    METHOD("__reduce_ex__", "protocol, /", object_reduce_ex_method, "Helper for pickle."),
    METHOD("__getstate__", "", object_getstate_method, "Helper for pickle."),
    CLASS_METHOD("__init_subclass__", "", method_init_subclass, "This method is called when a class is subclassed."),
    CLASS_METHOD("__subclasshook__", "subclass, /", method_subclass_hook,
                 "Abstract classes can override this to customize issubclass()."),
    NATIVE_END,
};

static void object_type_destroy(Object *self) { object_free(self); }

Type object_type = {
    TYPE_HEAD("object"),
    .flags = TYPE_BASE,
    .basic_size = sizeof(Object),
    .doc = "The base class of the class hierarchy.",
    .methods = object_methods,
    .members = object_members,
    .destroy = object_type_destroy,
    .make = object_make,
    .init = object_init,
    .repr = object_type_repr,
    .str = object_type_str,
    .hash = object_type_hash,
    .compare = object_type_compare,
    .get_attribute = generic_get_attribute,
    .set_attribute = generic_set_attribute,
};
