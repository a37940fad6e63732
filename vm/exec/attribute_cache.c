/* Inline caches of attributes: what kind of access a site makes, as an entry that its next execution only has to
 * compare. */
#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"
#include "vm/exec/caches.h"
#include "vm/exec/function.h"

#include <stddef.h>

/* The chain of entries that a site has, or NULL while its cache word only counts. */
static const AttributeEntry *chain_of(const Instr *at) {
    uint64_t word = cache_load(at + 1);
    return word > 64 ? (const AttributeEntry *)(uintptr_t)word : NULL;
}

static AttributeEntry *entry_new(Code *code, const Instr *at, AttributeKind kind, const void *guard, uint32_t version) {
    const AttributeEntry *other = chain_of(at);
    if (!version || (other && other->depth >= ATTRIBUTE_CHAIN)) return NULL;
    AttributeEntry *e = cache_entry_new(code, sizeof *e);
    if (!e) return NULL;
    e->guard = (uint64_t)(uintptr_t)guard + kind;
    e->version = version;
    e->other = other;
    e->depth = (uint16_t)(other ? other->depth + 1 : 1);
    return e;
}

/* For an instance with this shape at this offset. */
static AttributeEntry *entry_for_shape(Code *code, const Instr *at, AttributeKind kind, Object *o, uint16_t attrs,
                                       Shape *shape) {
    AttributeEntry *e = entry_new(code, at, kind, shape, type_version(o->type));
    if (e) e->attrs = attrs;
    return e;
}

/* For all instances of a type: its pointer stands in for the shape, so that both are compared alike. */
static AttributeEntry *entry_for_type(Code *code, const Instr *at, AttributeKind kind, Object *o) {
    _Static_assert(offsetof(Attrs, shape) == 0, "a type is compared as a shape");
    AttributeEntry *e = entry_new(code, at, kind, o->type, type_version(o->type));
    if (e) e->attrs = offsetof(Object, type);
    return e;
}

static AttributeEntry *entry_for_instance(Code *code, const Instr *at, AttributeKind kind, Object *o, uint16_t attrs,
                                          Shape *shape) {
    return shape ? entry_for_shape(code, at, kind, o, attrs, shape) : entry_for_type(code, at, kind, o);
}

static void publish(Instr *at, const AttributeEntry *e, unsigned op) {
    if (!e) return;
    cache_store(at + 1, (uint64_t)(uintptr_t)e);
    specialise(at, op);
}

/* Where an instance has its attributes, if a cache can say so: false for those in dictionary mode and of variable size.
 */
static bool attrs_place(Object *o, uint16_t *offset, Shape **shape) {
    int32_t at = o->type->attrs_offset;
    *offset = (uint16_t)at;
    *shape = NULL;
    if (at == 0) return true;
    if (at < 0 || at > 4096) return false;
    *shape = atomic_load_explicit(&attrs_at(o, at)->shape, memory_order_acquire);
    return *shape && !(*shape)->is_dictionary;
}

static bool slot_place(uint16_t attrs, const Shape *shape, int32_t slot, uint16_t *offset) {
    *offset = (uint16_t)(attrs + sizeof(Attrs) + (size_t)slot * sizeof(Value));
    return (uint32_t)slot < shape->inline_capacity;
}

/* An attribute in the slots that lie outside: instances made before the class knew how many it would need. */
static void specialise_outer(Code *code, Instr *at, Object *o, uint16_t attrs, Shape *shape, int32_t slot,
                             unsigned op) {
    AttributeEntry *e = entry_for_shape(code, at, ATTRIBUTE_OUTER, o, attrs, shape);
    if (e) e->index = (uint32_t)slot - shape->inline_capacity;
    publish(at, e, op);
}

static bool is_data(Value on_type) { return is_object(on_type) && as_object(on_type)->type->descriptor_set; }

static bool is_member_of(Value on_type, Type *type) {
    return is_exactly(on_type, &member_descriptor_type) && ((Member *)as_object(on_type))->offset < 4096;
}

/* Classes and modules --------------------------------------------------------------------------------------------- */

static void specialise_module(Code *code, Instr *at, Value v, Value name, unsigned op) {
    uint32_t version;
    int64_t index = dict_cache_index(module_dict(v), name, &version);
    if (index < 0 || index > CACHE_INDEX_MAX || is_set(type_lookup(&module_type, name))) return;
    AttributeEntry *e = entry_new(code, at, ATTRIBUTE_MODULE, as_object(v), version);
    if (e) e->index = cache_offset(as_dict(module_dict(v))->keys, (size_t)index);
    publish(at, e, op);
}

static Value wrapped_function(Value wrapper) { return ((FunctionWrapper *)as_object(wrapper))->function; }

/* A class method around a plain function: binding it only puts the class in front. */
static bool is_class_method(Value found) {
    return is_exactly(found, &classmethod_type) && function_is(wrapped_function(found));
}

/* What a class gives for its own attribute, without making anything; UNSET: it has to be made. */
static Value class_value(Value found) {
    Type *kind = type_of(found);
    if (kind == &staticmethod_type) return wrapped_function(found);
    return !kind->descriptor_get || kind == &function_type ? found : UNSET;
}

static void specialise_class(Code *code, Instr *at, Value v, Value name, unsigned op) {
    Type *class = as_type(v), *metatype = type_of(v);
    if (metatype->get_attribute != type_type.get_attribute || is_set(type_lookup(metatype, name))) return;
    Value found = type_lookup(class, name);
    bool binds_class = op == OP_GET_METHOD_CLASS && is_set(found) && is_class_method(found);
    Value value = binds_class ? wrapped_function(found) : is_set(found) ? class_value(found) : UNSET;
    if (is_unset(value)) return;
    AttributeEntry *e = entry_new(code, at, ATTRIBUTE_CLASS, class, type_version(class));
    if (e) {
        e->value = value;
        e->receiver = binds_class ? BINDS_CLASS : BINDS_NOTHING;
    }
    publish(at, e, op);
}

/* Instances ------------------------------------------------------------------------------------------------------- */

static void specialise_descriptor(Code *code, Instr *at, Object *o, Value on_type, uint16_t attrs, Shape *shape) {
    if (is_member_of(on_type, o->type)) {
        AttributeEntry *e = entry_for_type(code, at, ATTRIBUTE_MEMBER, o);
        if (e) e->offset = (uint16_t)((Member *)as_object(on_type))->offset;
        publish(at, e, OP_GET_ATTR_MEMBER);
    } else if (is_exactly(on_type, &property_type) && function_is(((Property *)as_object(on_type))->getter)) {
        AttributeEntry *e = entry_for_type(code, at, ATTRIBUTE_PROPERTY, o);
        if (e) e->value = ((Property *)as_object(on_type))->getter;
        publish(at, e, OP_GET_ATTR_PROPERTY);
    }
}

static void specialise_on_type(Code *code, Instr *at, Object *o, Value on_type, uint16_t attrs, Shape *shape) {
    if (type_of(on_type)->descriptor_get) return;
    AttributeEntry *e = entry_for_instance(code, at, ATTRIBUTE_TYPE, o, attrs, shape);
    if (e) e->value = on_type;
    publish(at, e, OP_GET_ATTR_TYPE);
}

/* Are attributes found as object.__getattribute__ finds them?  hooked: and then __getattr__ is asked. */
static bool finds_plainly(const Type *type, bool *hooked) {
    *hooked = type->get_attribute == dispatch_get_attribute_hook;
    if (!*hooked) return type->get_attribute == object_type.get_attribute;
    Value own = type_lookup((Type *)(uintptr_t)type, names.__getattribute__);
    return same(own, type_lookup(&object_type, names.__getattribute__));
}

void attribute_specialise_get(Code *code, Instr *at, Value v, Value name) {
    if (!is_object(v)) return;
    Object *o = as_object(v);
    if (o->type == &module_type) return specialise_module(code, at, v, name, OP_GET_ATTR_MODULE);
    if (type_is(v)) return specialise_class(code, at, v, name, OP_GET_ATTR_CLASS);
    uint16_t attrs, offset;
    Shape *shape;
    bool hooked;
    if (!finds_plainly(o->type, &hooked)) return;
    Value on_type = type_lookup(o->type, name);
    if (is_data(on_type)) {
        if (!hooked) specialise_descriptor(code, at, o, on_type, 0, NULL);
        return;
    }
    if (!attrs_place(o, &attrs, &shape)) return;
    int32_t slot = shape ? shape_find(shape, name) : -1;
    if (slot < 0) {
        if (is_set(on_type)) specialise_on_type(code, at, o, on_type, attrs, shape);
        return;
    }
    if (!slot_place(attrs, shape, slot, &offset))
        return specialise_outer(code, at, o, attrs, shape, slot, OP_GET_ATTR_OUTER);
    AttributeEntry *e = entry_for_shape(code, at, ATTRIBUTE_SLOT, o, attrs, shape);
    if (e) e->offset = offset;
    publish(at, e, OP_GET_ATTR_SLOT);
}

void attribute_specialise_method(Code *code, Instr *at, Value v, Value name) {
    if (!is_object(v)) return;
    Object *o = as_object(v);
    if (o->type == &module_type) return specialise_module(code, at, v, name, OP_GET_METHOD_MODULE);
    if (type_is(v)) return specialise_class(code, at, v, name, OP_GET_METHOD_CLASS);
    uint16_t attrs;
    Shape *shape;
    Value on_type = type_lookup(o->type, name);
    bool hooked;
    if (!finds_plainly(o->type, &hooked) || is_unset(on_type) || !attrs_place(o, &attrs, &shape)) return;
    bool is_method = type_of(on_type)->flags & TYPE_METHOD_DESCRIPTOR;
    bool is_static = is_exactly(on_type, &staticmethod_type);
    if ((!is_method && !is_static && !is_class_method(on_type)) || (shape && shape_find(shape, name) >= 0)) return;
    AttributeEntry *e = entry_for_instance(code, at, ATTRIBUTE_METHOD, o, attrs, shape);
    if (e) {
        e->value = is_method ? on_type : wrapped_function(on_type);
        e->receiver = is_method ? BINDS_SELF : is_static ? BINDS_NOTHING : BINDS_CLASS;
    }
    publish(at, e, OP_GET_METHOD_TYPE);
}

void attribute_specialise_set(Code *code, Instr *at, Value v, Value name) {
    if (!is_object(v) || type_is(v)) return;
    Object *o = as_object(v);
    Value on_type = type_lookup(o->type, name);
    if (o->type->set_attribute != object_type.set_attribute) return;
    if (is_data(on_type)) {
        if (!is_member_of(on_type, o->type)) return;
        AttributeEntry *e = entry_for_type(code, at, ATTRIBUTE_MEMBER, o);
        if (e) e->offset = (uint16_t)((Member *)as_object(on_type))->offset;
        return publish(at, e, OP_SET_ATTR_MEMBER);
    }
    uint16_t attrs, offset;
    Shape *shape;
    if (!attrs_place(o, &attrs, &shape) || !shape) return;
    int32_t slot = shape_find(shape, name);
    Shape *next = slot < 0 ? shape_add(shape, name) : NULL;
    if (!slot_place(attrs, shape, slot < 0 ? (int32_t)shape->count : slot, &offset)) {
        if (slot >= 0) specialise_outer(code, at, o, attrs, shape, slot, OP_SET_ATTR_OUTER);
        return;
    }
    if (slot < 0 && !next) return;
    AttributeEntry *e = entry_for_shape(code, at, slot < 0 ? ATTRIBUTE_ADD : ATTRIBUTE_SLOT, o, attrs, shape);
    if (e) {
        e->offset = offset;
        e->next_shape = next;
    }
    publish(at, e, slot < 0 ? OP_SET_ATTR_ADD : OP_SET_ATTR_SLOT);
}
