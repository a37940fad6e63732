/* The layout of instances: the base that decides it, __slots__, attributes and weak references. */
#include "runtime/types/class_layout.h"

#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

enum { FIXED_INLINE = 4, FIRST_INLINE = 4 };

/* Bytes of an instance without Attrs. */
static uint32_t fixed_size(const Type *type) {
    if (type->flags & TYPE_HEAP) return ((const TypeExtra *)type->script)->fields_end;
    return type->attrs_offset > 0 ? (uint32_t)type->attrs_offset : type->basic_size;
}

Type *layout_solid(Type *type) {
    while (type->base && fixed_size(type) == fixed_size(type->base)) type = type->base;
    return type;
}

bool layout_same(Type *a, Type *b) {
    return layout_solid(a) == layout_solid(b) && (a->attrs_offset != 0) == (b->attrs_offset != 0);
}

static bool check_base(Value base) {
    if (!type_is(base)) return raise_type_error("bases must be types"), false;
    if (as_type(base)->flags & TYPE_BASE) return true;
    return raise_type_error("type '%N' is not an acceptable base type", as_type(base)), false;
}

Type *layout_best_base(Value bases) {
    Type *base = NULL, *winner = NULL;
    for (size_t i = 0; i < tuple_length(bases); i++) {
        if (!check_base(tuple_at(bases, i))) return NULL;
        Type *candidate = layout_solid(as_type(tuple_at(bases, i)));
        if (!winner || (winner != candidate && type_is_subtype(candidate, winner))) {
            winner = candidate;
            base = as_type(tuple_at(bases, i));
        } else if (!type_is_subtype(winner, candidate)) {
            raise_type_error("multiple bases have instance lay-out conflict");
            return NULL;
        }
    }
    return base;
}

/* Instances whose size depends on their value. */
static bool is_variable(const Type *type) {
    return type->flags & (TYPE_INT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_TUPLE_SUB);
}

static bool has_own_dict(const Type *type) {
    return (type->flags & TYPE_TYPE_SUB) || type_is_subtype(type, &module_type);
}

/* __slots__
 * ------------------------------------------------------------------------------------------------------------ */

typedef struct SlotNames {
    Value fields; /* list of mangled names, sorted */
    bool dict, weakref;
} SlotNames;

static Value mangle(const Type *type, Value name) {
    size_t n = str_length(name);
    const char *class = type->name + strspn(type->name, "_");
    bool private = n > 2 && str_at(as_str(name), 0) == '_' && str_at(as_str(name), 1) == '_' &&
                   !(str_at(as_str(name), n - 1) == '_' && str_at(as_str(name), n - 2) == '_');
    return str_intern(private && *class ? str_format("_%s%U", class, name) : str_slice(name, 0, n));
}

static bool check_slot_name(Value name) {
    if (!str_is(name)) return raise_type_error("__slots__ items must be strings, not '%T'", name), false;
    if (!str_is_identifier(name)) return raise_type_error("__slots__ must be identifiers"), false;
    return true;
}

static bool may_have_dict(const Type *base) { return !base->attrs_offset && !has_own_dict(base); }

static bool may_have_weakref(const Type *base) {
    return !(base->flags & (TYPE_WEAK | TYPE_INT_SUB | TYPE_BYTES_SUB | TYPE_TUPLE_SUB));
}

static bool add_field(Type *type, SlotNames *s, Value name) {
    Value mangled = mangle(type, name);
    if (is_unset(mangled)) return false;
    if (is_set(dict_get_str(type->dict, mangled)) && !same(mangled, names.__qualname__) &&
        !same(mangled, names.__classcell__)) {
        raise_value_error("%R in __slots__ conflicts with class variable", name);
        release(mangled);
        return false;
    }
    return list_append_steal(s->fields, mangled);
}

static bool add_slot_name(Type *type, SlotNames *s, Value name) {
    if (!check_slot_name(name)) return false;
    if (str_equal_ascii(name, "__dict__")) {
        if (s->dict || !may_have_dict(type->base))
            return raise_type_error("__dict__ slot disallowed: we already got one"), false;
        return s->dict = true;
    }
    if (str_equal_ascii(name, "__weakref__")) {
        if (s->weakref || !may_have_weakref(type->base))
            return raise_type_error("__weakref__ slot disallowed: we already got one"), false;
        return s->weakref = true;
    }
    return add_field(type, s, name);
}

/* Bases other than the first may bring a __dict__ or weak references along. */
static void look_at_other_bases(const Type *type, SlotNames *s) {
    for (size_t i = 0; i < tuple_length(type->bases); i++) {
        const Type *base = as_type(tuple_at(type->bases, i));
        if (base->attrs_offset && may_have_dict(type->base)) s->dict = true;
        if ((base->flags & TYPE_WEAK) && may_have_weakref(type->base)) s->weakref = true;
    }
}

static bool read_slot_names(Type *type, SlotNames *s, Value slots) {
    Value tuple = str_is(slots) ? tuple_pack(1, slots) : tuple_from_iterable(slots);
    if (is_unset(tuple)) return false;
    bool ok = true;
    if (tuple_length(tuple) && ((is_variable(type->base)) || (type->base->flags & TYPE_TYPE_SUB))) {
        raise_type_error("nonempty __slots__ not supported for subtype of '%N'", type->base);
        ok = false;
    }
    for (size_t i = 0; ok && i < tuple_length(tuple); i++) ok = add_slot_name(type, s, tuple_at(tuple, i));
    release(tuple);
    look_at_other_bases(type, s);
    return ok && list_sort(s->fields, UNSET, false);
}

static bool add_members(Type *type, Value fields) {
    TypeExtra *extra = type->script;
    uint32_t offset = extra->fields_end;
    for (size_t i = 0; i < as_list(fields)->length; i++, offset += sizeof(Value)) {
        Value name = as_list(fields)->items[i], member = member_new(type, name, offset);
        if (is_unset(member) || !dict_set_steal(type->dict, name, member)) return false;
    }
    extra->fields_end = offset;
    extra->slot_names = list_to_tuple(fields);
    return is_set(extra->slot_names);
}

/* Sizes
 * ---------------------------------------------------------------------------------------------------------------- */

static void place_attrs(Type *type, bool has_dict) {
    TypeExtra *extra = type->script;
    type->basic_size = extra->fields_end;
    if (!has_dict) return;
    bool variable = is_variable(type->base);
    extra->grows = extra->solid == &object_type;
    type->attrs_offset = variable ? -1 : (int32_t)extra->fields_end;
    if (!extra->grows) type->inline_slots = FIXED_INLINE;
    else type->inline_slots = type->base->attrs_offset ? type->base->inline_slots : FIRST_INLINE;
    if (!variable && !extra->grows) type->basic_size += (uint32_t)(sizeof(Attrs) + type->inline_slots * sizeof(Value));
}

static bool add_getset(Type *type, const MemberDef *def, Value name) {
    if (is_set(dict_get_str(type->dict, name))) return true;
    Value descriptor = getset_new(type, def);
    return is_set(descriptor) && dict_set_steal(type->dict, name, descriptor);
}

static void find_solid(Type *type) {
    TypeExtra *extra = type->script;
    Type *solid = type->base;
    while (solid->flags & TYPE_HEAP) solid = solid->base;
    extra->solid = solid;
    extra->fields_start = fixed_size(solid);
    extra->fields_end = fixed_size(type->base);
}

static bool decide(Type *type, SlotNames *s) {
    Value slots = dict_get_str(type->dict, names.__slots__);
    if (is_unset(slots)) {
        s->dict = may_have_dict(type->base);
        s->weakref = may_have_weakref(type->base);
    } else if (!read_slot_names(type, s, slots) || !add_members(type, s->fields)) {
        return false;
    }
    bool has_attrs = s->dict || type->base->attrs_offset;
    place_attrs(type, has_attrs);
    if (s->weakref) type->flags |= TYPE_WEAK;
    if (has_attrs || ((TypeExtra *)type->script)->fields_end > fixed_size(type->base)) type->flags |= TYPE_GC;
    if (s->dict && !add_getset(type, &instance_dict_def, names.__dict__)) return false;
    return !s->weakref || add_getset(type, &instance_weakref_def, names.__weakref__);
}

bool layout_decide(Type *type) {
    SlotNames s = {list_new(0), false, false};
    if (is_unset(s.fields)) return false;
    find_solid(type);
    bool ok = decide(type, &s);
    release(s.fields);
    return ok;
}
