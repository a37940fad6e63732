/* Creating classes: everything that a class statement does after its body. */
#include "runtime/types/class.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class_change.h"
#include "runtime/types/class_layout.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/instance.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

Value (*current_module_hook)(void);

Type *type_calculate_metatype(Type *metatype, Value bases) {
    Type *winner = metatype;
    for (size_t i = 0; i < tuple_length(bases); i++) {
        Type *candidate = type_of(tuple_at(bases, i));
        if (type_is_subtype(winner, candidate)) continue;
        if (!type_is_subtype(candidate, winner)) {
            raise_type_error(
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the "
                "metaclasses of all its bases");
            return NULL;
        }
        winner = candidate;
    }
    return winner;
}

/* The namespace ------------------------------------------------------------------------------------------------------
 */

static bool is_plain_function(Value v) {
    return type_has(v, TYPE_METHOD_DESCRIPTOR) && !is_exactly(v, &slot_wrapper_type) &&
           !is_exactly(v, &native_method_type);
}

static Value wrapper_new(Type *type, Value function) { return call1(type_value(type), function); }

/* Methods that work without being declared: __new__ is static, __init_subclass__ and __class_getitem__ are class
 * methods. */
static bool wrap_special(Value dict, Value name, Type *wrapper) {
    Value function = dict_get_str(dict, name);
    if (is_unset(function) || !is_plain_function(function)) return true;
    Value wrapped = wrapper_new(wrapper, function);
    return is_set(wrapped) && dict_set_steal(dict, name, wrapped);
}

static bool set_module(Value dict) {
    if (is_set(dict_get_str(dict, names.__module__)) || !current_module_hook) return true;
    Value module = current_module_hook();
    if (is_unset(module)) return !error_pending();
    return dict_set_steal(dict, names.__module__, module);
}

static bool take_qualname(Type *type, Value name) {
    Value given = dict_get_str(type->dict, names.__qualname__);
    if (is_unset(given)) {
        type->qualname = retain(name);
        return true;
    }
    if (!str_is(given)) return raise_type_error("type __qualname__ must be a str, not %T", given), false;
    type->qualname = retain(given);
    return dict_remove(type->dict, names.__qualname__, NULL) >= 0;
}

static bool take_class_cell(Type *type) {
    Value cell = UNSET;
    int found = dict_remove(type->dict, names.__classcell__, &cell);
    if (found <= 0) return found == 0;
    bool ok = is_exactly(cell, &cell_type);
    if (ok) replace(&((Cell *)as_object(cell))->value, retain(type_value(type)));
    else raise_type_error("__classcell__ must be a nonlocal cell, not %R", type_value(type_of(cell)));
    release(cell);
    return ok;
}

static bool complete_namespace(Type *type, Value name) {
    Value dict = type->dict;
    if (!set_module(dict) || !take_qualname(type, name)) return false;
    if (!wrap_special(dict, names.__new__, &staticmethod_type) ||
        !wrap_special(dict, names.__init_subclass__, &classmethod_type) ||
        !wrap_special(dict, names.__class_getitem__, &classmethod_type))
        return false;
    return true;
}

/* After __slots__ and __dict__ have added their descriptors, as CPython orders a class's dict. */
static bool add_missing(Type *type) {
    Value dict = type->dict;
    if (is_unset(dict_get_str(dict, names.__doc__)) && !dict_set(dict, names.__doc__, NONE)) return false;
    bool equality = is_set(dict_get_str(dict, names.__eq__)) && is_unset(dict_get_str(dict, names.__hash__));
    return !equality || dict_set(dict, names.__hash__, NONE);
}

/* What bases and hooks are told
 * ---------------------------------------------------------------------------------------- */

static bool name_failed(Value attribute, Value name, Type *type) {
    Value cause = error_take();
    Value message = str_format("Error calling __set_name__ on '%T' instance %R in '%N'", attribute, name, type);
    Value e = is_set(message) ? exception_new(&RuntimeError_type, &message, 1) : UNSET;
    release(message);
    if (is_unset(e)) return release(cause), false;
    as_exception(e)->cause = retain(cause);
    as_exception(e)->suppress_context = true;
    as_exception(e)->context = cause;
    error_restore(e);
    return false;
}

static bool set_name(Type *type, Value name, Value attribute) {
    Value hook, args[] = {type_value(type), name};
    bool self_needed;
    int found = special_lookup(attribute, names.__set_name__, &hook, &self_needed);
    if (found <= 0) return found == 0;
    Value r = self_needed ? call_with_self(hook, attribute, args, 2, UNSET) : call(hook, args, 2, UNSET);
    release(hook);
    release(r);
    return is_set(r) || name_failed(attribute, name, type);
}

static bool set_names(Type *type) {
    Value copy = dict_copy(type->dict), name, attribute;
    if (is_unset(copy)) return false;
    bool ok = true;
    for (size_t position = 0; ok && dict_next(copy, &position, &name, &attribute);)
        ok = set_name(type, name, attribute);
    release(copy);
    return ok;
}

static bool init_subclass(Type *type, Value kwargs) {
    Value super = super_new(type, type_value(type));
    if (is_unset(super)) return false;
    Value hook = object_get_attribute(super, names.__init_subclass__);
    release(super);
    if (is_unset(hook)) return false;
    Value r = call_tuple_dict(hook, empty_tuple, kwargs);
    release(hook);
    release(r);
    return is_set(r);
}

/* mro
 * ------------------------------------------------------------------------------------------------------------------ */

static Value custom_mro(Type *type, Value method) {
    Value found = descriptor_bind(method, type_value(type), type_of(type_value(type)));
    Value result = is_set(found) ? call0(found) : UNSET;
    release(found);
    if (is_unset(result)) return UNSET;
    Value mro = tuple_from_iterable(result);
    release(result);
    if (is_unset(mro)) return UNSET;
    for (size_t i = 0; i < tuple_length(mro); i++) {
        Value entry = tuple_at(mro, i);
        if (!type_is(entry)) raise_type_error("mro() returned a non-class ('%T')", entry);
        else if (!type_is_subtype(layout_solid(type), layout_solid(as_type(entry))))
            raise_type_error("mro() returned base with unsuitable layout ('%N')", as_type(entry));
        else continue;
        release(mro);
        return UNSET;
    }
    return mro;
}

Value type_compute_mro(Type *type) {
    Type *meta = type_of(type_value(type));
    Value method = meta == &type_type ? UNSET : type_lookup(meta, names.mro);
    bool custom = is_set(method) && !same(method, type_lookup(&type_type, names.mro));
    return custom ? custom_mro(type, method) : mro_compute(type, type->bases);
}

/* Creation
 * ------------------------------------------------------------------------------------------------------------- */

static void inherit_flags(Type *type) {
    const uint32_t layout = TYPE_INT_SUB | TYPE_FLOAT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_LIST_SUB |
                            TYPE_TUPLE_SUB | TYPE_DICT_SUB | TYPE_SET_SUB | TYPE_EXCEPTION_SUB | TYPE_TYPE_SUB |
                            TYPE_COMPLEX_SUB | TYPE_GC;
    type->flags |= type->base->flags & layout;
    for (size_t i = 0; i < tuple_length(type->bases); i++) {
        uint32_t flags = as_type(tuple_at(type->bases, i))->flags;
        if (!(type->flags & (TYPE_SEQUENCE | TYPE_MAPPING))) type->flags |= flags & (TYPE_SEQUENCE | TYPE_MAPPING);
        type->flags |= flags & TYPE_WEAK;
    }
}

static void fill_life(Type *type) {
    const Type *solid = ((TypeExtra *)type->script)->solid;
    type->destroy = instance_destroy;
    type->traverse = instance_traverse;
    type->clear = instance_clear;
    type->resume = solid->resume;
    type->get_buffer = solid->get_buffer;
    type->release_buffer = solid->release_buffer;
    type->item_size = solid->item_size;
}

static bool link_bases(Type *type) {
    for (size_t i = 0; i < tuple_length(type->bases); i++)
        if (!type_add_subclass(as_type(tuple_at(type->bases, i)), type)) return false;
    return true;
}

static bool build(Type *type, Value name, Type *base, Value bases, Value namespace) {
    TypeExtra *extra = type_extra(type);
    if (!extra) return false;
    extra->name = str_intern(str_is_exact(name) ? retain(name) : str_slice(name, 0, str_length(name)));
    type->name = is_set(extra->name) ? str_utf8(extra->name, NULL) : NULL;
    if (!type->name) return false;
    type->flags = TYPE_HEAP | TYPE_BASE;
    type->base = base;
    object_retain(base);
    type->bases = retain(bases);
    inherit_flags(type);
    type->dict = dict_copy(namespace);
    if (is_unset(type->dict) || !complete_namespace(type, extra->name)) return false;
    if (!layout_decide(type) || !add_missing(type) || !take_class_cell(type)) return false;
    type->mro = type_compute_mro(type);
    if (is_unset(type->mro)) return false;
    type->flags |= TYPE_READY;
    fill_life(type);
    slots_fill(type);
    return link_bases(type);
}

static bool check_name(Value name) {
    size_t length;
    const char *text = str_utf8(name, &length);
    if (!text) return false;
    if (strlen(text) == length) return true;
    return raise_value_error("type name must not contain null characters"), false;
}

Value type_create(Type *metatype, Value name, Value bases, Value namespace, Value kwargs) {
    Value object_base = UNSET;
    if (!tuple_length(bases)) bases = object_base = tuple_pack(1, type_value(&object_type));
    if (is_unset(bases)) return UNSET;
    Type *base = check_name(name) ? layout_best_base(bases) : NULL;
    Type *type = base ? object_allocate(metatype, metatype->basic_size) : NULL;
    Value result = from_object(type);
    if (type && !(build(type, name, base, bases, namespace) && set_names(type) && init_subclass(type, kwargs))) {
        release(result);
        result = UNSET;
    }
    release(object_base);
    return result;
}
