/* Slots and special methods: which attribute stands for which slot, in both directions (table: slots.def). */
#ifndef TYPES_SLOTS_H
#define TYPES_SLOTS_H

#include "runtime/mem/type.h"

#include <string.h>

typedef struct SlotDef SlotDef;
/* Calls the slot function for a slot wrapper: args without self. */
typedef Value (*SlotCall)(const SlotDef *def, const void *slot, Value self, const Value *args, size_t count,
                          Value kwnames);

struct SlotDef {
    const Value *name;     /* in `names` */
    const char *text;
    size_t offset;         /* of the slot in Type */
    const void *dispatch;  /* slot function that looks the special method up: for classes of scripts */
    SlotCall call;
    int op;                /* CompareOp, or 1 for reflected binary operators */
    const char *signature; /* without self */
    const char *doc;
};

extern const SlotDef slot_defs[];
extern const size_t slot_def_count;

/* The row of a special method; NULL: the name is none. */
const SlotDef *slot_def_of(Value name);
void slots_start(void); /* once, when names are made */

static inline const void *slot_read(const Type *type, size_t offset) {
    const void *fn;
    memcpy(&fn, (const char *)type + offset, sizeof fn);
    return fn;
}
static inline void slot_write(Type *type, size_t offset, const void *fn) {
    memcpy((char *)type + offset, &fn, sizeof fn);
}

/* Static types: a slot wrapper in type->dict for every slot that the type itself fills. */
bool slots_make_wrappers(Type *type);
/* Static types: every slot still NULL comes from the bases. */
void slots_inherit(Type *type);
/* Classes of scripts: all slots from what the mro defines. */
void slots_fill(Type *type);
/* An attribute `name` of the type has changed: its slots and those of its subclasses follow. */
void slots_update(Type *type, Value name);

typedef struct SlotWrapper {
    Object head;
    Type *owner;        /* borrowed: static */
    const SlotDef *def;
    const void *slot;
} SlotWrapper;

typedef struct MethodWrapper {
    Object head;
    Value wrapper, self;
} MethodWrapper;

/* `__new__` of static types: a native function whose owner makes the instance (type.c). */
extern const NativeDef type_make_def;
Value type_call_make(Type *owner, const Value *args, size_t count, Value kwnames);

/* All slot functions that look special methods up (dispatch.c). */
#define BINARY_OPS(X)                                                                                                  \
    X(BINARY_ADD)                                                                                                      \
    X(BINARY_SUBTRACT) X(BINARY_MULTIPLY) X(BINARY_MATMUL) X(BINARY_TRUE_DIVIDE) X(BINARY_FLOOR_DIVIDE)                \
        X(BINARY_MODULO) X(BINARY_POWER) X(BINARY_LSHIFT) X(BINARY_RSHIFT) X(BINARY_AND) X(BINARY_OR) X(BINARY_XOR)    \
            X(BINARY_DIVMOD)
#define DECLARE(op) Value dispatch_##op(Value a, Value b); Value dispatch_inplace_##op(Value a, Value b);
BINARY_OPS(DECLARE)
#undef DECLARE
#define UNARY_NAMES(X) \
    X(__repr__) X(__str__) X(__iter__) X(__await__) X(__aiter__) X(__anext__) X(__neg__) X(__pos__) X(__invert__) \
    X(__abs__) X(__int__) X(__float__) X(__index__)
#define DECLARE(name) Value dispatch##name(Value self);
UNARY_NAMES(DECLARE)
#undef DECLARE
bool dispatch_hash(Value self, int64_t *out);
Value dispatch_compare(Value a, Value b, CompareOp op);
int dispatch_truth(Value self);
bool dispatch_set_attribute(Value self, Value name, Value value);
Value dispatch_descriptor_get(Value self, Value instance, Value owner);
bool dispatch_descriptor_set(Value self, Value instance, Value value);
Value dispatch_next(Value self);
int64_t dispatch_length(Value self);
Value dispatch_get_item(Value self, Value key);
bool dispatch_set_item(Value self, Value key, Value value);
int dispatch_contains(Value self, Value item);
Value dispatch_power(Value base, Value exponent, Value modulus);

/* The dispatchers that others compare with or use. */
Value dispatch_make(Type *type, const Value *args, size_t count, Value kwnames);
bool dispatch_init(Value self, const Value *args, size_t count, Value kwnames);
Value dispatch_call(Value callee, const Value *args, size_t count, Value kwnames);
Value dispatch_get_attribute(Value self, Value name);
Value dispatch_get_attribute_hook(Value self, Value name); /* only __getattr__ is scripted */
bool dispatch_finalize(Object *self);

/* The interned str that stands for an attribute name: borrowed from `keep`, which the caller releases. */
Value attribute_name(Value name, Value *keep);

/* type.__getattribute__ and what it rests on: 1 found, 0 not, -1 failed. */
Value type_get_attribute(Value self, Value name);
bool type_set_attribute(Value self, Value name, Value value);
int type_find_attribute(Value self, Value name, Value *out);
int generic_find_attribute(Value v, Value name, Value *out);
/* The value of a class attribute seen through an instance (UNSET: through the class). */
Value descriptor_bind(Value descriptor, Value object, Type *type);

/* Object of type object: make and init of `object` itself. */
Value object_make(Type *type, const Value *args, size_t count, Value kwnames);
bool object_init(Value self, const Value *args, size_t count, Value kwnames);

bool type_concatenates(const Type *type, BinaryOp op);
Value sequence_refusal(BinaryOp op, Value a, Value b);

#endif
