/* Making types ready: bases and mro, inherited slots, attributes from the tables of a static type. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"
#include "runtime/types/weakref.h"

#include <string.h>

TypeExtra *type_extra(Type *type) {
    TypeExtra *extra = __atomic_load_n(&type->script, __ATOMIC_ACQUIRE);
    if (extra) return extra;
    extra = raw_allocate_zeroed(sizeof *extra);
    if (!extra) return raise_memory_error(), NULL;
    void *none = NULL;
    if (__atomic_compare_exchange_n(&type->script, &none, (void *)extra, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return extra;
    raw_free(extra);
    return none;
}

Value type_name_value(Type *t) {
    TypeExtra *extra = type_extra(t);
    if (!extra) return UNSET;
    if (is_unset(extra->name)) {
        const char *dot = strrchr(t->name, '.');
        extra->name = str_intern_cstr(dot && !(t->flags & TYPE_HEAP) ? dot + 1 : t->name);
    }
    return retain(extra->name);
}

/* Attributes
 * ----------------------------------------------------------------------------------------------------------- */

/* As immortal as their types: calling a built-in method counts nothing. */
static Value method_object(Type *type, const NativeDef *def) {
    Type *kind = def->kind == NATIVE_CLASS    ? &native_class_method_type
                 : def->kind == NATIVE_STATIC ? &native_function_type
                                              : &native_method_type;
    Native *n = native_allocate(kind, def, UNSET, UNSET, type);
    if (n) object_make_immortal(&n->head);
    return from_object(n);
}

static bool add(Type *type, const char *name, Value value) {
    if (is_unset(value)) return false;
    Value key = str_intern_cstr(name);
    bool ok = is_set(key) && dict_set(type->dict, key, value);
    release(key);
    release(value);
    return ok;
}

static bool add_tables(Type *type) {
    for (const NativeDef *def = type->methods; def && def->name; def++)
        if (!add(type, def->name, method_object(type, def))) return false;
    for (const MemberDef *def = type->members; def && def->name; def++)
        if (!add(type, def->name, getset_new(type, def))) return false;
    return true;
}

static bool add_make(Type *type) {
    bool own = type->make && (type == &object_type || type->make != type->base->make);
    if (!own || is_set(dict_get_str(type->dict, names.__new__))) return true;
    Native *n = native_allocate(&native_function_type, &type_make_def, type_value(type), UNSET, type);
    return n && dict_set_steal(type->dict, names.__new__, from_object(n));
}

static bool add_doc(Type *type) {
    if (is_set(dict_get_str(type->dict, names.__doc__))) return true;
    Value doc = type->doc && *type->doc ? str_from(type->doc) : NONE;
    return is_set(doc) && dict_set_steal(type->dict, names.__doc__, doc);
}

/* Structure
 * ------------------------------------------------------------------------------------------------------------ */

enum {
    INHERITED_FLAGS = TYPE_INT_SUB | TYPE_FLOAT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_LIST_SUB | TYPE_TUPLE_SUB |
                      TYPE_DICT_SUB | TYPE_SET_SUB | TYPE_EXCEPTION_SUB | TYPE_TYPE_SUB | TYPE_COMPLEX_SUB | TYPE_GC |
                      TYPE_SEQUENCE | TYPE_MAPPING | TYPE_WEAK
};

static void inherit_layout(Type *type) {
    const Type *base = type->base;
    type->flags |= base->flags & (uint32_t)INHERITED_FLAGS;
    if (!type->traverse && !base->traverse) type->flags &= ~(uint32_t)TYPE_GC;
    if (!type->basic_size) type->basic_size = base->basic_size;
    if (!type->item_size) type->item_size = base->item_size;
    if (!type->attrs_offset) {
        type->attrs_offset = base->attrs_offset;
        type->inline_slots = base->inline_slots;
    }
}

static bool static_mro(Type *type) {
    size_t n = 0;
    for (Type *t = type; t; t = t->base) n++;
    type->mro = tuple_new(n);
    if (is_unset(type->mro)) return false;
    Value *items = as_tuple(type->mro)->items;
    for (Type *t = type; t; t = t->base) *items++ = type_value(t);
    type->bases = type->base ? tuple_pack(1, type_value(type->base)) : retain(empty_tuple);
    return is_set(type->bases);
}

Value type_subclass_at(const Type *type, size_t i) {
    Value entry = as_list(type->subclasses)->items[i];
    return type_is(entry) ? retain(entry) : weakref_get(entry);
}

/* Only now and then, when the list is about to double. */
static void drop_dead_subclasses(Type *base) {
    size_t n = as_list(base->subclasses)->length;
    if (n < 8 || (n & (n - 1))) return;
    for (size_t i = as_list(base->subclasses)->length; i-- > 0;) {
        Value sub = type_subclass_at(base, i);
        if (is_none(sub)) list_delete(base->subclasses, (int64_t)i);
        release(sub);
    }
}

bool type_add_subclass(Type *base, Type *type) {
    Value reference = weakref_new(type_value(type), UNSET);
    if (is_unset(reference)) return false;
    if (is_unset(base->subclasses)) base->subclasses = list_new(1);
    else drop_dead_subclasses(base);
    if (is_set(base->subclasses)) return list_append_steal(base->subclasses, reference);
    return release(reference), false;
}

/* Static types are listed too, but immortal: a plain reference does. */
static bool add_static_subclass(Type *base, Type *type) {
    if (is_unset(base->subclasses)) base->subclasses = list_new(1);
    return is_set(base->subclasses) && list_append(base->subclasses, type_value(type));
}

/* Every static type that was made ready, bases first: what types_release() takes apart again. */
static struct {
    Type **items;
    size_t count, capacity;
} ready;

static bool remember(Type *type) {
    if (ready.count == ready.capacity) {
        size_t capacity = ready.capacity ? 2 * ready.capacity : 256;
        Type **items = raw_reallocate(ready.items, capacity * sizeof *items);
        if (!items) return raise_memory_error(), false;
        ready.items = items;
        ready.capacity = capacity;
    }
    ready.items[ready.count++] = type;
    return true;
}

static void take_apart(Type *type) {
    TypeExtra *extra = type->script;
    type_modified(type);
    type->flags &= ~(uint32_t)TYPE_READY;
    clear(&type->dict);
    clear(&type->mro);
    clear(&type->bases);
    if (extra) clear(&extra->name);
}

void types_release(void) {
    for (size_t i = ready.count; i-- > 0;) clear(&ready.items[i]->subclasses);
    for (size_t i = ready.count; i-- > 0;) take_apart(ready.items[i]);
    raw_free(ready.items);
    ready.items = NULL;
    ready.count = ready.capacity = 0;
}

static bool fill(Type *type) {
    type->dict = dict_new();
    if (is_unset(type->dict) || !static_mro(type) || !add_tables(type) || !slots_make_wrappers(type)) return false;
    if (type->compare && !type->hash && !dict_set(type->dict, names.__hash__, NONE)) return false;
    if (!add_make(type) || !add_doc(type)) return false;
    if (type->base) slots_inherit(type);
    return remember(type) && (!type->base || add_static_subclass(type->base, type));
}

bool type_ready(Type *type) {
    if (type->flags & TYPE_READY) return true;
    if (!type->base && type != &object_type) type->base = &object_type;
    if (type->base && !type_ready(type->base)) return false;
    if (!type->head.type) type->head.type = &type_type;
    type->flags |= TYPE_IMMUTABLE;
    if (type->base) inherit_layout(type);
    if (!fill(type)) return take_apart(type), false; /* the next import tries again */
    type->flags |= TYPE_READY;
    if (type->get_attribute == generic_get_attribute && type->set_attribute == generic_set_attribute)
        type->flags |= TYPE_NO_SLOT_OVERRIDES;
    return true;
}
