/* Shapes: which attribute an instance keeps in which slot, shared by all instances that gained theirs in the same
 * order.
 *
 * An instance that can have attributes contains an Attrs at type->attrs_offset (negative: behind the items of a
 * variable-sized instance: attrs_of() knows), followed by `shape->inline_capacity` slots in place:
 *
 *     [ base struct ][ __slots__ fields ][ Attrs: shape | outer ][ slot 0 ][ slot 1 ] ... [ slot inline_capacity-1 ]
 *
 * Slot i is in place while i < shape->inline_capacity, else outer.slots[i - inline_capacity] (raw memory).
 * An instance whose __dict__ was asked for, or that has too many attributes or lost one in the middle, is in dictionary
 * mode: shape->is_dictionary, and outer.dict is an owned Dict.  A shape implies its type and its inline capacity, so an
 * inline cache compares one pointer.  Shapes are immortal while their type lives; making one takes a lock (safe in
 * every mode).
 *
 * Who allocates: instances of classes that derive from `object` alone start with the capacity that their class has been
 * seen to need (type->inline_slots grows); all others have a fixed capacity.  instance_allocate() gives the right size.
 */
#ifndef TYPES_SHAPE_H
#define TYPES_SHAPE_H

#include "runtime/mem/type.h"

struct Shape {
    Type *type;         /* borrowed: a type owns its shapes */
    Shape *parent;      /* shape without the last attribute */
    Value name;         /* interned str added last; UNSET in the root */
    uint32_t count;     /* attributes */
    uint32_t inline_capacity;
    bool is_dictionary;
    Shape *dictionary;  /* the shape of instances in dictionary mode */
    _Atomic(struct ShapeTable *) table; /* name -> slot, made on the first lookup of a shape with several names */
    _Atomic(Shape *) last_child;        /* the transition taken last */
    _Atomic(Shape *) children;          /* first of the shapes with one more attribute */
    Shape *sibling;
    uint32_t child_count;
    Shape *next_of_type;
};

typedef struct Attrs {
    _Atomic(Shape *)
        shape; /* NULL only before the first attribute of an object made by object_allocate: then type->root_shape */
    union {
        Value *slots;
        Value dict;
    } outer;
} Attrs;

static inline Attrs *attrs_at(Object *o, int32_t offset) { return (Attrs *)(void *)((char *)o + offset); }
static inline Value *attrs_inline(Attrs *a) { return (Value *)(void *)(a + 1); }
/* NULL when the object's type gives no attributes. */
Attrs *attrs_of(Object *o);

Shape *shape_of(Object *o);                      /* o has Attrs */
int32_t shape_find(Shape *shape, Value name);    /* slot or -1; name interned */
Shape *shape_add(Shape *shape,
                 Value name); /* NULL: too many, go to dictionary mode (or failed with MemoryError pending) */
static inline Value *attrs_slot(Attrs *a, const Shape *shape, uint32_t slot) {
    return slot < shape->inline_capacity ? &attrs_inline(a)[slot] : &a->outer.slots[slot - shape->inline_capacity];
}

/* Attribute of the instance itself.  Borrowed or UNSET with nothing pending. */
Value attrs_get(Object *o, Value name);
bool attrs_set(Object *o, Value name, Value value); /* retains */
int attrs_delete(Object *o, Value name);            /* 1 deleted, 0 absent, -1 failed */
Value attrs_dict(Object *o);                        /* the live __dict__ (owned): goes to dictionary mode */
bool attrs_set_dict(Object *o, Value dict);
/* The object's type has just become `type` (__class__ assignment): its attributes go along. */
bool attrs_change_type(Object *o, Type *type);
/* Walks without changing the mode: for repr, copy, dir, vars-like reading. */
bool attrs_next(Object *o, size_t *position, Value *name, Value *value);
int attrs_traverse(Object *o, Visit visit, void *context);
void attrs_clear(Object *o);   /* releases all attributes */
/* Bytes that Attrs and inline slots add to type->basic_size (and items) in an instance of this type. */
size_t attrs_size(const Type *type);
Shape *shape_root(Type *type); /* NULL: MemoryError pending */
void shapes_free(Shape *first_of_type);

/* object_allocate with room for the attributes behind `size` bytes: for `make` slots of types that can be subclassed.
 * size: bytes of the instance without attributes, at most basic_size for types without items. */
void *instance_allocate(Type *type, size_t size);

#endif
