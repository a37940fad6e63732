/* Types as objects: their attributes, calling them, changing them. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/class_change.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

#include <string.h>

/* Attribute access
 * ------------------------------------------------------------------------------------------------------ */

static Value through_class(Value attribute, Type *type) { return descriptor_bind(attribute, UNSET, type); }

static int find(Type *type, Value name, Value *out) {
    Type *meta = type->head.type;
    Value on_meta = type_lookup(meta, name);
    if (is_object(on_meta) && as_object(on_meta)->type->descriptor_set && as_object(on_meta)->type->descriptor_get) {
        *out = descriptor_bind(on_meta, type_value(type), meta);
        return is_set(*out) ? 1 : -1;
    }
    Value own = type_lookup(type, name);
    if (is_set(own)) *out = through_class(own, type);
    else if (is_set(on_meta)) *out = descriptor_bind(on_meta, type_value(type), meta);
    else return 0;
    return is_set(*out) ? 1 : -1;
}

int type_find_attribute(Value self, Value name, Value *out) {
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return -1;
    int found = find(as_type(self), key, out);
    release(keep);
    return found;
}

Value type_get_attribute(Value self, Value name) {
    Value out;
    int found = type_find_attribute(self, name, &out);
    if (found > 0) return out;
    return found < 0 ? UNSET : raise_attribute_error(self, name);
}

static bool is_special_name(Value name) {
    size_t n = str_length(name);
    return n > 4 && str_at(as_str(name), 0) == '_' && str_at(as_str(name), 1) == '_' &&
           str_at(as_str(name), n - 1) == '_';
}

static bool set_own(Type *type, Value name, Value value) {
    Value on_meta = type_lookup(type->head.type, name);
    if (is_object(on_meta) && as_object(on_meta)->type->descriptor_set)
        return as_object(on_meta)->type->descriptor_set(on_meta, type_value(type), value);
    Value old = UNSET;
    int found = 1;
    if (is_set(value)) {
        old = retain(dict_get_str(type->dict, name)); /* kept until nobody can find it in a cache */
        if (!dict_set(type->dict, name, value)) found = -1;
    } else {
        found = dict_remove(type->dict, name, &old);
    }
    type_modified(type);
    if (is_special_name(name)) slots_update(type, name);
    if (found > 0) release(old);
    if (found == 0) raise_attribute_error(type_value(type), name);
    return found > 0;
}

bool type_set_attribute(Value self, Value name, Value value) {
    Type *type = as_type(self);
    if (type->flags & TYPE_IMMUTABLE)
        return raise_type_error("cannot set %R attribute of immutable type '%N'", name, type), false;
    Value keep, key = attribute_name(name, &keep);
    if (is_unset(key)) return false;
    bool ok = set_own(type, key, value);
    release(keep);
    return ok;
}

/* Calling
 * -------------------------------------------------------------------------------------------------------------- */

static Value type_call(Value self, const Value *args, size_t count, Value kwnames) {
    Type *type = as_type(self);
    bool named = is_set(kwnames) && tuple_length(kwnames);
    if (type == &type_type) {
        if (count == 1 && !named) return retain(type_value(type_of(args[0])));
        if (count != 3) return raise_type_error("type() takes 1 or 3 arguments");
    }
    if (!type->make || (type->flags & TYPE_DISALLOW_NEW)) return raise_type_error("cannot create '%N' instances", type);
    Value made = type->make(type, args, count, kwnames);
    if (is_unset(made) || !object_is_instance_exact_or_sub(made, type)) return made;
    Type *own = type_of(made);
    if (own->init && own->init != object_init && !own->init(made, args, count, kwnames)) {
        release(made);
        return UNSET;
    }
    if (own->init == object_init && own->make != object_make && (count || named) &&
        !object_init(made, args, count, kwnames)) {
        release(made);
        return UNSET;
    }
    return made;
}

static Value keywords_dict(const Value *values, Value kwnames) {
    if (is_unset(kwnames) || !tuple_length(kwnames)) return UNSET;
    Value dict = dict_new();
    for (size_t i = 0; is_set(dict) && i < tuple_length(kwnames); i++)
        if (!dict_set(dict, tuple_at(kwnames, i), values[i])) return release(dict), UNSET;
    return dict;
}

static bool check_arguments(const Value *args, size_t count) {
    if (count != 3) return raise_type_error("type.__new__() takes exactly 3 arguments (%zu given)", count), false;
    if (!str_is(args[0])) return raise_type_error("type.__new__() argument 1 must be str, not %T", args[0]), false;
    if (!tuple_is(args[1])) return raise_type_error("type.__new__() argument 2 must be tuple, not %T", args[1]), false;
    if (!dict_is(args[2])) return raise_type_error("type.__new__() argument 3 must be dict, not %T", args[2]), false;
    for (size_t i = 0; i < tuple_length(args[1]); i++) {
        Value base = tuple_at(args[1], i);
        if (type_is(base)) continue;
        Value entries;
        int found = object_find_attribute(base, names.__mro_entries__, &entries);
        if (found <= 0) continue;
        release(entries);
        raise_type_error("type() doesn't support MRO entry resolution; use types.new_class()");
        return false;
    }
    return true;
}

static Value type_make(Type *metatype, const Value *args, size_t count, Value kwnames) {
    if (!check_arguments(args, count)) return UNSET;
    Type *winner = type_calculate_metatype(metatype, args[1]);
    if (!winner) return UNSET;
    if (winner != metatype && winner->make != type_make) return winner->make(winner, args, count, kwnames);
    Value kwargs = keywords_dict(args + count, kwnames);
    if (is_unset(kwargs) && error_pending()) return UNSET;
    Value type = type_create(winner, args[0], args[1], args[2], kwargs);
    release(kwargs);
    return type;
}

static bool type_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (count == 1 && is_set(kwnames) && tuple_length(kwnames))
        return raise_type_error("type.__init__() takes no keyword arguments"), false;
    if (count == 1 || count == 3) return true;
    return raise_type_error("type.__init__() takes 1 or 3 arguments"), false;
}

/* `X.__new__` of built-in types. */
const NativeDef type_make_def = {"__new__", "*args, **kwargs", NULL, NATIVE_STATIC,
                                 "Create and return a new object.  See help(type) for accurate signature."};

/* The built-in type whose make an instance of `type` must come from. */
static const Type *make_base(const Type *type) {
    while (type->base && (type->make == dispatch_make || (type->flags & TYPE_HEAP))) type = type->base;
    return type;
}

Value type_call_make(Type *owner, const Value *args, size_t count, Value kwnames) {
    if (!count) return raise_type_error("%N.__new__(): not enough arguments", owner);
    if (!type_is(args[0])) return raise_type_error("%N.__new__(X): X is not a type object (%T)", owner, args[0]);
    Type *type = as_type(args[0]);
    if (!type_is_subtype(type, owner))
        return raise_type_error("%N.__new__(%N): %N is not a subtype of %N", owner, type, type, owner);
    const Type *base = make_base(type);
    if (base->make != owner->make)
        return raise_type_error("%N.__new__(%N) is not safe, use %N.__new__()", owner, type, base);
    return owner->make(type, args + 1, count - 1, kwnames);
}

/* Text
 * ------------------------------------------------------------------------------------------------------------------ */

static Value module_of(Type *type) { /* owned, UNSET: none */
    if (type->flags & TYPE_HEAP) return retain(dict_get_str(type->dict, names.__module__));
    const char *dot = strrchr(type->name, '.');
    return dot ? str_intern_utf8(type->name, (size_t)(dot - type->name)) : retain(names.builtins);
}

static Value qualname_of(Type *type) { return is_set(type->qualname) ? retain(type->qualname) : type_name_value(type); }

Value type_qualified_name(Type *t) {
    Value module = module_of(t), name = qualname_of(t);
    if (is_unset(module) || !str_is(module) || is_unset(name) || str_equal_ascii(module, "builtins")) {
        release(module);
        return name;
    }
    Value result = str_format("%U.%U", module, name);
    release(module);
    release(name);
    return result;
}

static Value type_repr(Value self) {
    Value name = type_qualified_name(as_type(self));
    Value result = is_set(name) ? str_format("<class '%U'>", name) : UNSET;
    release(name);
    return result;
}

/* Attributes of types
 * --------------------------------------------------------------------------------------------------- */

static bool refuse_change(Value self, Value value, const char *attribute) {
    Type *type = as_type(self);
    if (!(type->flags & TYPE_HEAP))
        return raise_type_error("cannot set '%s' attribute of immutable type '%N'", attribute, type), true;
    if (is_unset(value))
        return raise_type_error("cannot delete '%s' attribute of immutable type '%N'", attribute, type), true;
    return false;
}

static Value get_name(Value self) { return type_name_value(as_type(self)); }

static bool set_name(Value self, Value value) {
    Type *type = as_type(self);
    size_t length;
    if (refuse_change(self, value, "__name__")) return false;
    if (!str_is(value)) return raise_type_error("can only assign string to %N.__name__, not '%T'", type, value), false;
    const char *text = str_utf8(value, &length);
    if (!text) return false;
    if (strlen(text) != length) return raise_value_error("type name must not contain null characters"), false;
    TypeExtra *extra = type->script;
    Value fresh = str_intern(str_slice(value, 0, str_length(value)));
    if (is_unset(fresh)) return false;
    type->name = str_utf8(fresh, NULL);
    replace(&extra->name, fresh);
    return true;
}

static Value get_qualname(Value self) { return qualname_of(as_type(self)); }

static bool set_qualname(Value self, Value value) {
    if (refuse_change(self, value, "__qualname__")) return false;
    if (!str_is(value))
        return raise_type_error("can only assign string to %N.__qualname__, not '%T'", as_type(self), value), false;
    replace(&as_type(self)->qualname, retain(value));
    return true;
}

static Value get_module(Value self) {
    Value module = module_of(as_type(self));
    return is_set(module) ? module : raise_error(&AttributeError_type, "__module__");
}

static bool set_in_dict(Value self, Value name, Value value) {
    if (refuse_change(self, value, str_utf8(name, NULL))) return false;
    type_modified(as_type(self));
    return dict_set(as_type(self)->dict, name, value);
}

static bool set_module(Value self, Value value) { return set_in_dict(self, names.__module__, value); }

static Value get_doc(Value self) {
    if (!(as_type(self)->flags & TYPE_HEAP) && as_type(self)->doc) return str_from(as_type(self)->doc);
    Value doc = dict_get_str(as_type(self)->dict, names.__doc__);
    return is_unset(doc) ? NONE : through_class(doc, as_type(self));
}

static bool set_doc(Value self, Value value) { return set_in_dict(self, names.__doc__, value); }

static Value get_bases(Value self) { return retain(as_type(self)->bases); }

static bool set_bases(Value self, Value value) {
    return !refuse_change(self, value, "__bases__") && class_set_bases(as_type(self), value);
}

static Value get_base(Value self) { return as_type(self)->base ? retain(type_value(as_type(self)->base)) : NONE; }
static Value get_mro(Value self) { return is_set(as_type(self)->mro) ? retain(as_type(self)->mro) : NONE; }
static Value get_dict(Value self) { return mappingproxy_new(as_type(self)->dict); }
static Value get_basic_size(Value self) { return from_small_int((int64_t)as_type(self)->basic_size); }
static Value get_item_size(Value self) { return from_small_int((int64_t)as_type(self)->item_size); }
static Value get_dict_offset(Value self) { return from_small_int(as_type(self)->attrs_offset); }
static Value get_weak_offset(Value self) { return from_small_int(as_type(self)->flags & TYPE_WEAK ? 8 : 0); }
static Value get_text_signature(Value self) { return NONE; }

/* The bits that scripts look at, at CPython's places. */
static Value get_flags(Value self) {
    static const struct { uint32_t ours; int place; } rows[] = {
        {TYPE_HEAP, 9}, {TYPE_BASE, 10}, {TYPE_READY, 12}, {TYPE_GC, 14}, {TYPE_ABSTRACT, 20}, {TYPE_INT_SUB, 24},
        {TYPE_LIST_SUB, 25}, {TYPE_TUPLE_SUB, 26}, {TYPE_BYTES_SUB, 27}, {TYPE_STR_SUB, 28}, {TYPE_DICT_SUB, 29},
        {TYPE_EXCEPTION_SUB, 30}, {TYPE_TYPE_SUB, 31}, {TYPE_SEQUENCE, 5}, {TYPE_MAPPING, 6}, {TYPE_IMMUTABLE, 8},
    };
    int64_t flags = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (as_type(self)->flags & rows[i].ours) flags |= INT64_C(1) << rows[i].place;
    return from_small_int(flags);
}

static Value get_abstract(Value self) {
    Value found = dict_get_str(as_type(self)->dict, names.__abstractmethods__);
    return is_set(found) && as_type(self) != &type_type ? retain(found)
                                                        : raise_error(&AttributeError_type, "__abstractmethods__");
}

static bool set_abstract(Value self, Value value) {
    Type *type = as_type(self);
    int truth = is_set(value) ? object_truth(value) : 0;
    if (truth < 0) return false;
    if (is_unset(value) && dict_remove(type->dict, names.__abstractmethods__, NULL) == 0)
        return raise_error(&AttributeError_type, "__abstractmethods__"), false;
    if (is_set(value) && !dict_set(type->dict, names.__abstractmethods__, value)) return false;
    type_modified(type);
    type->flags = truth ? type->flags | TYPE_ABSTRACT : type->flags & ~(uint32_t)TYPE_ABSTRACT;
    return true;
}

static Value get_annotations(Value self) {
    Type *type = as_type(self);
    if (!(type->flags & TYPE_HEAP)) return raise_attribute_error(self, names.__annotations__);
    Value found = dict_get_str(type->dict, names.__annotations__);
    if (is_set(found)) return through_class(found, type);
    found = dict_new();
    if (is_unset(found) || !dict_set(type->dict, names.__annotations__, found)) return release(found), UNSET;
    type_modified(type);
    return found;
}

static bool set_annotations(Value self, Value value) {
    Type *type = as_type(self);
    if (!(type->flags & TYPE_HEAP)) return refuse_change(self, value, "__annotations__"), false;
    type_modified(type);
    if (is_set(value)) return dict_set(type->dict, names.__annotations__, value);
    if (dict_remove(type->dict, names.__annotations__, NULL) > 0) return true;
    return raise_error(&AttributeError_type, "__annotations__"), false;
}

static const MemberDef type_members[] = {
    {"__name__", get_name, set_name, NULL},
    {"__qualname__", get_qualname, set_qualname, NULL},
    {"__module__", get_module, set_module, NULL},
    {"__doc__", get_doc, set_doc, NULL},
    {"__bases__", get_bases, set_bases, NULL},
    MEMBER("__base__", get_base, NULL),
    MEMBER("__mro__", get_mro, NULL),
    {"__dict__", get_dict, NULL, NULL},
    MEMBER("__basicsize__", get_basic_size, NULL),
    MEMBER("__itemsize__", get_item_size, NULL),
    MEMBER("__dictoffset__", get_dict_offset, NULL),
    MEMBER("__weakrefoffset__", get_weak_offset, NULL),
    MEMBER("__flags__", get_flags, NULL),
    {"__abstractmethods__", get_abstract, set_abstract, NULL},
    {"__annotations__", get_annotations, set_annotations, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

/* Methods of types
 * -------------------------------------------------------------------------------------------------------- */

static Value method_mro(const Value *args, size_t count) {
    Value mro = mro_compute(as_type(args[0]), as_type(args[0])->bases);
    Value list = is_set(mro) ? list_from_iterable(mro) : UNSET;
    release(mro);
    return list;
}

static Value method_subclasses(const Value *args, size_t count) {
    Type *type = as_type(args[0]);
    Value list = list_new(0);
    if (is_unset(type->subclasses)) return list;
    for (size_t i = 0; is_set(list) && i < as_list(type->subclasses)->length; i++) {
        Value sub = type_subclass_at(type, i);
        bool ok = is_none(sub) || list_append(list, sub);
        release(sub);
        if (!ok) return release(list), UNSET;
    }
    return list;
}

static Value method_prepare(const Value *args, size_t count) { return dict_new(); }

static Value method_instance_check(const Value *args, size_t count) {
    int result = object_is_instance_plain(args[1], args[0]);
    return result < 0 ? UNSET : from_bool(result);
}

static Value method_subclass_check(const Value *args, size_t count) {
    int result = object_is_subclass_plain(args[1], args[0]);
    return result < 0 ? UNSET : from_bool(result);
}

static Value method_dir(const Value *args, size_t count) {
    Type *type = as_type(args[0]);
    Value all = dict_new();
    for (size_t i = tuple_length(type->mro); is_set(all) && i-- > 0;)
        if (!dict_update(all, as_type(tuple_at(type->mro, i))->dict)) return release(all), UNSET;
    Value keys = is_set(all) ? dict_key_list(all) : UNSET;
    release(all);
    return keys;
}

static Value method_sizeof(const Value *args, size_t count) {
    Type *type = as_type(args[0]);
    return from_small_int(type->flags & TYPE_HEAP ? 1064 : 408);
}

static const NativeDef type_methods[] = {
    METHOD("mro", "", method_mro, "Return a type's method resolution order."),
    METHOD("__subclasses__", "", method_subclasses, "Return a list of immediate subclasses."),
    CLASS_METHOD("__prepare__", "*args, **kwargs", method_prepare,
                 "Used to create the namespace for the class statement."),
    METHOD("__instancecheck__", "instance, /", method_instance_check, "Check if an object is an instance."),
    METHOD("__subclasscheck__", "subclass, /", method_subclass_check, "Check if a class is a subclass."),
    METHOD("__dir__", "", method_dir, "Specialized __dir__ implementation for types."),
    METHOD("__sizeof__", "", method_sizeof, "Return memory consumption of the type object."),
    NATIVE_END,
};

/* Life
 * ---------------------------------------------------------------------------------------------------------------------
 */

static int type_traverse(Object *self, Visit visit, void *context) {
    Type *type = (Type *)self;
    TRAVERSE(type->dict);
    TRAVERSE(type->bases);
    TRAVERSE(type->mro);
    TRAVERSE(type->subclasses);
    if (type->base) TRAVERSE(type_value(type->base));
    return 0;
}

static void type_clear(Object *self) {
    Type *type = (Type *)self;
    type_modified(type);
    if (is_set(type->dict)) dict_clear(type->dict);
    clear(&type->mro);
}

static void type_destroy(Object *self) {
    Type *type = (Type *)self;
    TypeExtra *extra = type->script;
    Type *base = type->base;
    type->version = 0;
    clear(&type->dict);
    clear(&type->mro);
    clear(&type->bases);
    clear(&type->subclasses);
    clear(&type->qualname);
    clear(&type->module);
    if (extra) {
        shapes_free(extra->shapes);
        release(extra->name);
        release(extra->slot_names);
        raw_free(extra);
    }
    if (base) object_release(base);
    object_free(self);
}

static bool type_hash(Value self, int64_t *out) {
    *out = (int64_t)(self.bits >> 4);
    return true;
}

Type type_type = {
    TYPE_HEAD("type"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_TYPE_SUB | TYPE_WEAK,
    .basic_size = sizeof(Type),
    .doc = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type",
    .methods = type_methods,
    .members = type_members,
    .destroy = type_destroy,
    .traverse = type_traverse,
    .clear = type_clear,
    .make = type_make,
    .init = type_init,
    .call = type_call,
    .repr = type_repr,
    .hash = type_hash,
    .get_attribute = type_get_attribute,
    .set_attribute = type_set_attribute,
    .binary = {[BINARY_OR] = union_new},
};
