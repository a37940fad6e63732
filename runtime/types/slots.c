/* The table that ties slots to special methods, and filling one from the other. */
#include "runtime/types/slots.h"

#include "runtime/mem/heap.h"

#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slot_calls.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

const SlotDef slot_defs[] = {
#define SLOT(name, field, dispatch, call, op, signature, doc) \
    {&names.name, #name, offsetof(Type, field), (const void *)(dispatch), call, op, signature, doc},
#include "runtime/types/slots.def"
#undef SLOT
};
const size_t slot_def_count = sizeof slot_defs / sizeof *slot_defs;

/* Rows by the address of their interned name. */
enum { INDEX_SIZE = 256 };
static uint8_t row_index[INDEX_SIZE];

static size_t index_of(Value name) { return (size_t)((name.bits * UINT64_C(0x9E3779B97F4A7C15)) >> 56); }

void slots_start(void) {
    for (size_t row = 0; row < slot_def_count; row++) {
        size_t i = index_of(*slot_defs[row].name);
        while (row_index[i]) i = (i + 1) % INDEX_SIZE;
        row_index[i] = (uint8_t)(row + 1);
    }
}

const SlotDef *slot_def_of(Value name) {
    for (size_t i = index_of(name); row_index[i]; i = (i + 1) % INDEX_SIZE)
        if (same(*slot_defs[row_index[i] - 1].name, name)) return &slot_defs[row_index[i] - 1];
    return NULL;
}

/* Rows of one slot stand together. */
static const SlotDef *group_start(const SlotDef *row) {
    while (row > slot_defs && row[-1].offset == row->offset) row--;
    return row;
}

static const SlotDef *group_end(const SlotDef *row) {
    const SlotDef *end = slot_defs + slot_def_count;
    size_t offset = row->offset;
    while (row < end && row->offset == offset) row++;
    return row;
}

bool slot_is_scripted(const Type *type, const void *slot) {
    if (!(type->flags & TYPE_HEAP) || !slot) return false;
    if (slot == (const void *)dispatch_get_attribute_hook) return true;
    for (size_t i = 0; i < slot_def_count; i++)
        if (slot_defs[i].dispatch == slot) return true;
    return false;
}

/* Static types -------------------------------------------------------------------------------------------------------
 */

static bool wrapper_add(Type *type, const SlotDef *def, const void *slot) {
    if (def->offset == offsetof(Type, hash) && slot == (const void *)type_unhashable)
        return dict_set(type->dict, *def->name, NONE);
    SlotWrapper *w = object_allocate(&slot_wrapper_type, sizeof *w);
    if (!w) return false;
    w->owner = type;
    w->def = def;
    w->slot = slot;
    return dict_set_steal(type->dict, *def->name, from_object(w));
}

/* Sequences concatenate and repeat, but do not answer to __radd__. */
static bool is_refused_reflection(const Type *type, const SlotDef *def) {
    return same(*def->name, names.__radd__) && type_concatenates(type, BINARY_ADD);
}

bool slots_make_wrappers(Type *type) {
    for (size_t i = 0; i < slot_def_count; i++) {
        const SlotDef *def = &slot_defs[i];
        const void *slot = slot_read(type, def->offset);
        if (!slot || !def->call || is_refused_reflection(type, def)) continue;
        if (!wrapper_add(type, def, slot)) return false;
    }
    return true;
}

static void inherit(Type *type, const Type *base, size_t offset) {
    if (!slot_read(type, offset)) slot_write(type, offset, slot_read(base, offset));
}

#define NAMELESS(X) X(destroy) X(traverse) X(clear) X(finalize) X(resume) X(power) X(get_buffer) X(release_buffer)

void slots_inherit(Type *type) {
    const Type *base = type->base;
    bool own_compare = type->compare != NULL;
    if (type->hash || own_compare) {
        if (!type->hash) type->hash = type_unhashable;
    } else {
        type->hash = base->hash;
    }
    Value (*make)(Type *, const Value *, size_t, Value) = type->make;
    for (size_t i = 0; i < slot_def_count; i++) inherit(type, base, slot_defs[i].offset);
    if (!make && base == &object_type) type->make = NULL;
#define INHERIT(field) inherit(type, base, offsetof(Type, field));
    NAMELESS(INHERIT)
#undef INHERIT
}

/* Classes of scripts --------------------------------------------------------------------------------------------------
 */

/* The slot function that the attribute `found` stands for, if it is the built-in one of this row; else NULL. */
static const void *builtin_slot(const Type *type, const SlotDef *def, Value found) {
    if (is_exactly(found, &slot_wrapper_type)) {
        const SlotWrapper *w = (SlotWrapper *)as_object(found);
        return w->def == def && type_is_subtype(type, w->owner) ? w->slot : NULL;
    }
    if (is_none(found) && def->offset == offsetof(Type, hash)) return (const void *)type_unhashable;
    if (is_exactly(found, &native_function_type) && ((Native *)as_object(found))->def == &type_make_def)
        return (const void *)((Native *)as_object(found))->owner->make;
    return NULL;
}

static void fill_attribute_slot(Type *type) {
    Value getattribute = type_lookup(type, names.__getattribute__), hook = type_lookup(type, names.__getattr__);
    bool builtin = is_exactly(getattribute, &slot_wrapper_type);
    if (!builtin) type->get_attribute = dispatch_get_attribute;
    else if (is_set(hook)) type->get_attribute = dispatch_get_attribute_hook;
    else type->get_attribute = (Value(*)(Value, Value))((SlotWrapper *)as_object(getattribute))->slot;
}

static void fill_finalizer(Type *type) {
    bool scripted = is_set(type_lookup(type, names.__del__));
    type->finalize = scripted ? dispatch_finalize : ((TypeExtra *)type->script)->solid->finalize;
    if (scripted) type->flags |= TYPE_HAS_FINALIZER;
    else type->flags &= ~(uint32_t)TYPE_HAS_FINALIZER;
}

static void fill_group(Type *type, const SlotDef *row, const SlotDef *end) {
    const void *specific = NULL;
    bool generic = false;
    size_t offset = row->offset;
    if (offset == offsetof(Type, get_attribute)) return fill_attribute_slot(type);
    if (offset == offsetof(Type, finalize)) return fill_finalizer(type);
    const void *dispatch = row->dispatch;
    for (; row < end; row++) {
        Value found = type_lookup(type, *row->name);
        if (is_unset(found)) continue;
        const void *slot = builtin_slot(type, row, found);
        if (!slot || (specific && slot != specific)) generic = true;
        else specific = slot;
    }
    slot_write(type, offset, generic ? dispatch : specific);
}

/* The three-argument power goes with the two-argument one. */
static void fill_power(Type *type) {
    const Type *solid = ((TypeExtra *)type->script)->solid;
    type->power = type->binary[BINARY_POWER] == dispatch_BINARY_POWER ? dispatch_power : solid->power;
}

static void note_overrides(Type *type) {
    bool plain = type->get_attribute == generic_get_attribute && type->set_attribute == generic_set_attribute;
    if (plain) type->flags |= TYPE_NO_SLOT_OVERRIDES;
    else type->flags &= ~(uint32_t)TYPE_NO_SLOT_OVERRIDES;
}

void slots_fill(Type *type) {
    const SlotDef *end = slot_defs + slot_def_count, *next;
    for (const SlotDef *row = slot_defs; row < end; row = next) {
        next = group_end(row);
        fill_group(type, row, next);
    }
    fill_power(type);
    note_overrides(type);
}

static void update_group(Type *type, const SlotDef *row, const SlotDef *end) {
    if (!(type->flags & TYPE_HEAP)) return;
    fill_group(type, row, end);
    if (row->offset == offsetof(Type, next) && !type->next) type->next = iterator_next_refused;
    fill_power(type);
    note_overrides(type);
    if (is_unset(type->subclasses)) return;
    for (size_t i = 0; i < as_list(type->subclasses)->length; i++) {
        Value sub = type_subclass_at(type, i);
        if (type_is(sub)) update_group(as_type(sub), row, end);
        release(sub);
    }
}

void slots_update(Type *type, Value name) {
    const SlotDef *row = slot_def_of(name);
    if (row) update_group(type, group_start(row), group_end(row));
}
