/* Shapes and the attributes of instances. */
#include "runtime/types/shape.h"

#include "runtime/base/spin.h"
#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

enum { MAX_ATTRIBUTES = 64, MAX_CHILDREN = 64, MAX_INLINE = 16, WALK_LIMIT = 4, MIN_OUTER = 4 };

static SpinLock shapes_lock = SPIN_LOCK_INIT;

/* Shapes ----------------------------------------------------------------------------------------------------------- */

struct ShapeTable {
    uint32_t mask;
    struct {
        uint64_t name;
        int32_t slot;
    } rows[];
};

static Shape *shape_new(Type *type, Shape *parent, Value name, uint32_t inline_capacity) {
    TypeExtra *extra = type_extra(type);
    Shape *s = extra ? raw_allocate_zeroed(sizeof *s) : NULL;
    if (!s) return raise_memory_error(), NULL;
    s->type = type;
    s->parent = parent;
    s->name = retain(name);
    s->inline_capacity = inline_capacity;
    if (parent) {
        s->count = parent->count + 1;
        s->dictionary = parent->dictionary;
    }
    return s;
}

static void shape_register_locked(Shape *s) {
    TypeExtra *extra = s->type->script;
    s->next_of_type = extra->shapes;
    extra->shapes = s;
}

static void shape_drop(Shape *s) {
    if (!s) return;
    release(s->name);
    raw_free(atomic_load(&s->table));
    raw_free(s);
}

void shapes_free(Shape *first_of_type) {
    while (first_of_type) {
        Shape *next = first_of_type->next_of_type;
        shape_drop(first_of_type);
        first_of_type = next;
    }
}

static Shape *root_new(Type *type) {
    Shape *dictionary = shape_new(type, NULL, UNSET, 0), *root = shape_new(type, NULL, UNSET, type->inline_slots);
    if (!dictionary || !root) {
        shape_drop(dictionary);
        shape_drop(root);
        return NULL;
    }
    Shape *old = type->root_shape;
    dictionary->is_dictionary = true;
    dictionary->dictionary = dictionary;
    if (old) shape_drop(dictionary);
    root->dictionary = old ? old->dictionary : dictionary;
    spin_acquire(&shapes_lock);
    if (!old) shape_register_locked(dictionary);
    shape_register_locked(root);
    __atomic_store_n(&type->root_shape, root, __ATOMIC_RELEASE);
    spin_release(&shapes_lock);
    return root;
}

Shape *shape_root(Type *type) {
    Shape *root = __atomic_load_n(&type->root_shape, __ATOMIC_ACQUIRE);
    return root && root->inline_capacity == type->inline_slots ? root : root_new(type);
}

Shape *shape_of(Object *o) {
    Shape *s = atomic_load_explicit(&attrs_of(o)->shape, memory_order_acquire);
    return s ? s : shape_root(o->type);
}

static uint32_t name_hash(Value name) { return (uint32_t)((name.bits * UINT64_C(0x9E3779B97F4A7C15)) >> 32); }

static struct ShapeTable *table_new(Shape *shape) {
    uint32_t size = 8;
    while (size < 2 * shape->count) size *= 2;
    struct ShapeTable *t = raw_allocate_zeroed(sizeof *t + size * sizeof t->rows[0]);
    if (!t) return NULL;
    t->mask = size - 1;
    for (Shape *s = shape; s->count; s = s->parent) {
        uint32_t i = name_hash(s->name) & t->mask;
        while (t->rows[i].name) i = (i + 1) & t->mask;
        t->rows[i].name = s->name.bits;
        t->rows[i].slot = (int32_t)s->count - 1;
    }
    return t;
}

static int32_t walk(const Shape *s, Value name) {
    for (; s->count; s = s->parent)
        if (same(s->name, name)) return (int32_t)s->count - 1;
    return -1;
}

static struct ShapeTable *table_publish(Shape *shape) {
    struct ShapeTable *fresh = table_new(shape), *none = NULL;
    if (!fresh) return NULL;
    if (atomic_compare_exchange_strong(&shape->table, &none, fresh)) return fresh;
    raw_free(fresh);
    return none;
}

int32_t shape_find(Shape *shape, Value name) {
    if (shape->count <= WALK_LIMIT) return walk(shape, name);
    struct ShapeTable *t = atomic_load_explicit(&shape->table, memory_order_acquire);
    if (!t && !(t = table_publish(shape))) return walk(shape, name);
    for (uint32_t i = name_hash(name) & t->mask; t->rows[i].name; i = (i + 1) & t->mask)
        if (t->rows[i].name == name.bits) return t->rows[i].slot;
    return -1;
}

static Shape *child_find(Shape *shape, Value name) {
    Shape *child = atomic_load_explicit(&shape->last_child, memory_order_acquire);
    if (child && same(child->name, name)) return child;
    for (child = atomic_load_explicit(&shape->children, memory_order_acquire); child; child = child->sibling)
        if (same(child->name, name)) break;
    if (child) atomic_store_explicit(&shape->last_child, child, memory_order_release);
    return child;
}

static Shape *child_publish(Shape *shape, Shape *fresh) {
    spin_acquire(&shapes_lock);
    Shape *other = child_find(shape, fresh->name);
    if (!other) {
        shape_register_locked(fresh);
        fresh->sibling = atomic_load(&shape->children);
        shape->child_count++;
        atomic_store_explicit(&shape->children, fresh, memory_order_release);
        atomic_store_explicit(&shape->last_child, fresh, memory_order_release);
    }
    spin_release(&shapes_lock);
    if (!other) return fresh;
    shape_drop(fresh);
    return other;
}

Shape *shape_add(Shape *shape, Value name) {
    Shape *child = child_find(shape, name);
    if (child) return child;
    if (shape->count >= MAX_ATTRIBUTES || shape->child_count >= MAX_CHILDREN) return NULL;
    child = shape_new(shape->type, shape, name, shape->inline_capacity);
    if (!child) return NULL;
    Type *type = shape->type;
    TypeExtra *extra = type->script;
    if (extra->grows && child->count > type->inline_slots && child->count <= MAX_INLINE)
        type->inline_slots = (child->count + 1) & ~1u;
    return child_publish(shape, child);
}

/* Where the attributes are ----------------------------------------------------------------------------------------- */

static size_t round8(size_t n) { return (n + 7) & ~(size_t)7; }

static size_t items_end(const Object *o) {
    uint32_t flags = o->type->flags;
    Value v = from_object(o);
    if (flags & TYPE_TUPLE_SUB) return sizeof(Tuple) + tuple_length(v) * sizeof(Value);
    if (flags & TYPE_STR_SUB) return str_body_size(as_str(v));
    if (flags & TYPE_BYTES_SUB) return offsetof(Bytes, data) + as_bytes(v)->length + 1;
    int64_t limbs = ((const Int *)(const void *)o)->size;
    return sizeof(Int) + (size_t)(limbs < 0 ? -limbs : limbs) * sizeof(mp_limb_t);
}

Attrs *attrs_of(Object *o) {
    int32_t offset = o->type->attrs_offset;
    if (offset > 0) return attrs_at(o, offset);
    return offset ? (Attrs *)(void *)((char *)o + round8(items_end(o))) : NULL;
}

size_t attrs_size(const Type *type) {
    if (!type->attrs_offset) return 0;
    size_t whole = sizeof(Attrs) + type->inline_slots * sizeof(Value);
    if (type->attrs_offset < 0) return whole;
    size_t end = (size_t)type->attrs_offset + whole;
    return end > type->basic_size ? end - type->basic_size : 0;
}

void *instance_allocate(Type *type, size_t size) {
    if (type->attrs_offset < 0) return object_allocate(type, round8(size) + attrs_size(type));
    if (size < type->basic_size) size = type->basic_size;
    Shape *root = NULL;
    if (type->attrs_offset && !(root = shape_root(type))) return NULL;
    Object *o = object_allocate(type, size + attrs_size(type));
    if (o && root) atomic_store_explicit(&attrs_at(o, type->attrs_offset)->shape, root, memory_order_relaxed);
    return o;
}

/* Reading and writing ---------------------------------------------------------------------------------------------- */

Value attrs_get(Object *o, Value name) {
    Attrs *a = attrs_of(o);
    if (!a) return UNSET;
    Shape *shape = atomic_load_explicit(&a->shape, memory_order_acquire);
    if (!shape) return UNSET;
    if (shape->is_dictionary) return is_set(a->outer.dict) ? dict_get_str(a->outer.dict, name) : UNSET;
    int32_t slot = shape_find(shape, name);
    return slot < 0 ? UNSET : *attrs_slot(a, shape, (uint32_t)slot);
}

/* Room for slot number `slot`, the next to be used. */
static bool outer_reserve(Attrs *a, const Shape *shape, uint32_t slot) {
    if (slot < shape->inline_capacity) return true;
    uint32_t used = slot - shape->inline_capacity;
    bool full = used == 0 || (used >= MIN_OUTER && (used & (used - 1)) == 0);
    if (!full) return true;
    uint32_t capacity = used ? 2 * used : MIN_OUTER;
    Value *slots = raw_reallocate(used ? a->outer.slots : NULL, capacity * sizeof(Value));
    if (!slots) return raise_memory_error(), false;
    a->outer.slots = slots;
    return true;
}

static bool to_dictionary(Attrs *a, Shape *shape, Shape *dictionary) {
    Value dict = dict_new_sized(shape->count);
    if (is_unset(dict)) return false;
    Value names_in_order[MAX_ATTRIBUTES + 1];
    for (Shape *s = shape; s->count; s = s->parent) names_in_order[s->count - 1] = s->name;
    for (uint32_t i = 0; i < shape->count; i++)
        if (!dict_set(dict, names_in_order[i], *attrs_slot(a, shape, i))) return release(dict), false;
    Value old[MAX_ATTRIBUTES + 1];
    for (uint32_t i = 0; i < shape->count; i++) {
        old[i] = *attrs_slot(a, shape, i);
        if (i < shape->inline_capacity) attrs_inline(a)[i] = UNSET;
    }
    if (shape->count > shape->inline_capacity) raw_free(a->outer.slots);
    a->outer.dict = dict;
    atomic_store_explicit(&a->shape, dictionary, memory_order_release);
    for (uint32_t i = 0; i < shape->count; i++) release(old[i]);
    return true;
}

/* In dictionary mode: the dict, made anew after attrs_clear().  False: failed. */
static bool ensure_dict(Attrs *a) { return is_set(a->outer.dict) || is_set(a->outer.dict = dict_new()); }

bool attrs_set(Object *o, Value name, Value value) {
    Attrs *a = attrs_of(o);
    Shape *shape = shape_of(o);
    if (!shape) return false;
    if (shape->is_dictionary) return ensure_dict(a) && dict_set(a->outer.dict, name, value);
    int32_t slot = shape_find(shape, name);
    if (slot >= 0) {
        replace(attrs_slot(a, shape, (uint32_t)slot), retain(value));
        return true;
    }
    Shape *next = shape_add(shape, name);
    if (!next) {
        if (error_pending() || !to_dictionary(a, shape, shape->dictionary)) return false;
        return dict_set(a->outer.dict, name, value);
    }
    if (!outer_reserve(a, shape, shape->count)) return false;
    *attrs_slot(a, shape, shape->count) = retain(value);
    atomic_store_explicit(&a->shape, next, memory_order_release);
    return true;
}

/* The attribute gained last leaves again: back to the shape before. */
static void drop_last(Attrs *a, Shape *shape) {
    Value old = *attrs_slot(a, shape, shape->count - 1);
    *attrs_slot(a, shape, shape->count - 1) = UNSET;
    if (shape->count - 1 == shape->inline_capacity) {
        raw_free(a->outer.slots);
        a->outer.slots = NULL;
    }
    atomic_store_explicit(&a->shape, shape->parent, memory_order_release);
    release(old);
}

int attrs_delete(Object *o, Value name) {
    Attrs *a = attrs_of(o);
    if (!a) return 0;
    Shape *shape = shape_of(o);
    if (!shape) return -1;
    if (!shape->is_dictionary) {
        int32_t slot = shape_find(shape, name);
        if (slot < 0) return 0;
        if ((uint32_t)slot == shape->count - 1) return drop_last(a, shape), 1;
        if (!to_dictionary(a, shape, shape->dictionary)) return -1;
    }
    if (!ensure_dict(a)) return -1;
    return dict_remove(a->outer.dict, name, NULL);
}

Value attrs_dict(Object *o) {
    Attrs *a = attrs_of(o);
    Shape *shape = shape_of(o);
    if (!shape || (!shape->is_dictionary && !to_dictionary(a, shape, shape->dictionary))) return UNSET;
    return ensure_dict(a) ? retain(a->outer.dict) : UNSET;
}

bool attrs_set_dict(Object *o, Value dict) {
    Value old = attrs_dict(o);
    if (is_unset(old)) return false;
    replace(&attrs_of(o)->outer.dict, retain(dict));
    release(old);
    return true;
}

bool attrs_change_type(Object *o, Type *type) {
    Attrs *a = attrs_of(o);
    Shape *root = shape_root(type), *shape = a ? shape_of(o) : NULL;
    if (!a) return true;
    if (!root || !shape || (!shape->is_dictionary && !to_dictionary(a, shape, shape->dictionary))) return false;
    atomic_store_explicit(&a->shape, root->dictionary, memory_order_release);
    return true;
}

static const Shape *shape_at(const Shape *shape, size_t slot) {
    while (shape->count != slot + 1) shape = shape->parent;
    return shape;
}

bool attrs_next(Object *o, size_t *position, Value *name, Value *value) {
    Attrs *a = attrs_of(o);
    Shape *shape = a ? shape_of(o) : NULL;
    if (!shape) return false;
    if (shape->is_dictionary) return is_set(a->outer.dict) && dict_next(a->outer.dict, position, name, value);
    if (*position >= shape->count) return false;
    *name = shape_at(shape, *position)->name;
    *value = *attrs_slot(a, shape, (uint32_t)*position);
    ++*position;
    return true;
}

int attrs_traverse(Object *o, Visit visit, void *context) {
    Attrs *a = attrs_of(o);
    Shape *shape = a ? atomic_load_explicit(&a->shape, memory_order_relaxed) : NULL;
    if (!shape) return 0;
    if (shape->is_dictionary) {
        TRAVERSE(a->outer.dict);
        return 0;
    }
    for (uint32_t i = 0; i < shape->count; i++) TRAVERSE(*attrs_slot(a, shape, i));
    return 0;
}

static void clear_slots(Attrs *a, Shape *shape) {
    Value *slots = a->outer.slots, old[MAX_ATTRIBUTES + 1];
    Shape *root = shape;
    while (root->count) root = root->parent;
    for (uint32_t i = 0; i < shape->count; i++) {
        bool in_place = i < shape->inline_capacity;
        old[i] = in_place ? attrs_inline(a)[i] : slots[i - shape->inline_capacity];
        if (in_place) attrs_inline(a)[i] = UNSET;
    }
    a->outer.slots = NULL;
    atomic_store_explicit(&a->shape, root, memory_order_relaxed);
    if (shape->count > shape->inline_capacity) raw_free(slots);
    for (uint32_t i = 0; i < shape->count; i++) release(old[i]);
}

void attrs_clear(Object *o) {
    Attrs *a = attrs_of(o);
    Shape *shape = a ? atomic_load_explicit(&a->shape, memory_order_relaxed) : NULL;
    if (!shape) return;
    if (shape->is_dictionary) clear(&a->outer.dict);
    else if (shape->count) clear_slots(a, shape);
}
