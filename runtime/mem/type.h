/* A type: what its instances are made of, and the slots through which everything is done to them.
 *
 * Built-in types are static, immortal Type structs with the slot table at the end of their file; classes made by
 * scripts are Type objects on the heap, with dispatching slots where the class defines special methods
 * (runtime/types/slots.def ties `__add__` to `binary[BINARY_ADD]` in both directions).  A slot that is NULL after
 * type_ready() is neither defined nor inherited.
 *
 * Slots receive borrowed values and return owned ones; UNSET, false or -1 mean failure with one pending exception,
 * but `next` returning UNSET without an exception means exhausted.  A binary slot is called with the operands in source
 * order, whichever of them has the slot, and answers NOT_IMPLEMENTED when it cannot do it.
 */
#ifndef MEM_TYPE_H
#define MEM_TYPE_H

#include "runtime/mem/object.h"

typedef enum CompareOp { COMPARE_LT, COMPARE_LE, COMPARE_EQ, COMPARE_NE, COMPARE_GT, COMPARE_GE } CompareOp;

typedef enum BinaryOp {
    BINARY_ADD, BINARY_SUBTRACT, BINARY_MULTIPLY, BINARY_MATMUL, BINARY_TRUE_DIVIDE, BINARY_FLOOR_DIVIDE, BINARY_MODULO,
    BINARY_POWER, BINARY_LSHIFT, BINARY_RSHIFT, BINARY_AND, BINARY_OR, BINARY_XOR, BINARY_DIVMOD, BINARY_COUNT
} BinaryOp;

typedef enum UnaryOp { UNARY_NEGATIVE, UNARY_POSITIVE, UNARY_INVERT, UNARY_ABSOLUTE, UNARY_COUNT } UnaryOp;

typedef struct Buffer Buffer;       /* runtime/types/buffer.h */
typedef struct NativeDef NativeDef; /* runtime/types/native.h */
typedef struct MemberDef MemberDef; /* runtime/types/native.h: attributes that are C fields or getter and setter */
typedef struct Shape Shape;         /* runtime/types/shape.h */

/* Called with every value that an object owns; used by the cycle collector and the heap check. */
typedef int (*Visit)(Value child, void *context);

enum {
    TYPE_HEAP = 1 << 0, /* made by a script: counted, mutable */
    TYPE_BASE = 1 << 1, /* may be subclassed */
    TYPE_GC = 1 << 2,   /* instances may be part of cycles: has traverse */
    TYPE_READY = 1 << 3,
    TYPE_ABSTRACT = 1 << 4, /* has unimplemented abstract methods: cannot be instantiated */
    TYPE_SEQUENCE = 1 << 5, /* matches sequence patterns */
    TYPE_MAPPING = 1 << 6,  /* matches mapping patterns */
    TYPE_METHOD_DESCRIPTOR =
        1 << 7,                 /* instances are functions that bind as methods: a method call needs no bound object */
    TYPE_DISALLOW_NEW = 1 << 8, /* "cannot create 'x' instances" */
    TYPE_NO_SLOT_OVERRIDES = 1 << 9, /* neither __getattribute__, __getattr__ nor __setattr__ is overridden */
    TYPE_HAS_FINALIZER = 1 << 10,    /* __del__ defined by a script */
    TYPE_IMMUTABLE = 1 << 11,        /* attributes of the type cannot be set */
    TYPE_WEAK = 1 << 12,             /* instances can be weakly referenced */
    TYPE_INT_SUB = 1 << 16,
    TYPE_FLOAT_SUB = 1 << 17,
    TYPE_STR_SUB = 1 << 18,
    TYPE_BYTES_SUB = 1 << 19,
    TYPE_LIST_SUB = 1 << 20,
    TYPE_TUPLE_SUB = 1 << 21,
    TYPE_DICT_SUB = 1 << 22,
    TYPE_SET_SUB = 1 << 23, /* set, frozenset */
    TYPE_EXCEPTION_SUB = 1 << 24,
    TYPE_TYPE_SUB = 1 << 25,
    TYPE_COMPLEX_SUB = 1 << 26,
};

struct Type {
    Object head;
    const char *name; /* as messages show it: "int", "collections.deque" for static types; the bare name for classes */
    uint32_t flags;        /* TYPE_*; the *_SUB bits are inherited */
    uint32_t basic_size;   /* bytes of an instance before its attributes and items */
    uint32_t item_size;    /* bytes of one item of a variable-sized instance, or 0 */
    int32_t attrs_offset;  /* where an instance's Attrs are (runtime/types/shape.h); 0: no attributes of its own */
    uint32_t inline_slots; /* attribute slots that new instances get in place; grows as the class is seen to use them */
    _Atomic uint32_t version; /* changes when an attribute of the type or of a base changes; 0: not cached */
    Type *base;            /* first base that decides the layout; NULL only for object */
    const char *doc;
    const NativeDef *methods; /* static types: rows that type_ready() turns into attributes */
    const MemberDef *members;

    /* Set by type_ready(); owned. */
    Value bases;     /* tuple */
    Value mro;       /* tuple, itself first */
    Value dict;      /* Dict of attributes */
    Value qualname;  /* str, heap types */
    Value module;    /* str or UNSET */
    Value subclasses;/* list of weak references, or UNSET */
    Shape *root_shape; /* shape of an instance without attributes */
    void *script;    /* heap types: cached special-method lookups (runtime/types/class.c) */

    /* Life.  destroy releases what the object holds and frees it (object_free); traverse visits what it owns;
     * clear breaks cycles: releases what may refer back, the object stays valid. */
    void (*destroy)(Object *self);
    int (*traverse)(Object *self, Visit visit, void *context);
    void (*clear)(Object *self);
    bool (*finalize)(Object *self); /* runs __del__ and the like; false: revived */

    Value (*make)(Type *type, const Value *args, size_t count, Value kwnames);              /* __new__ */
    bool (*init)(Value self, const Value *args, size_t count, Value kwnames);               /* __init__ */
    Value (*call)(Value callee, const Value *args, size_t count, Value kwnames);            /* vectorcall, see call.h */

    Value (*repr)(Value self);
    Value (*str)(Value self);
    bool (*hash)(Value self, int64_t *out); /* NULL: inherited; slot type_unhashable: "unhashable type" */
    Value (*compare)(Value a, Value b, CompareOp op);
    int (*truth)(Value self);

    Value (*get_attribute)(Value self, Value name);
    bool (*set_attribute)(Value self, Value name, Value value); /* value unset: delete */
    Value (*descriptor_get)(Value self, Value instance, Value owner); /* instance unset: through the class */
    bool (*descriptor_set)(Value self, Value instance, Value value);  /* value unset: delete */

    Value (*iterate)(Value self);
    Value (*next)(Value self);
    Value (*await)(Value self);
    Value (*async_iterate)(Value self);
    Value (*async_next)(Value self);
    /* Resumes a generator or coroutine.  1: yielded (*result), 0: returned (*result), -1: raised.
     * value unset and an exception pending: throw it in. */
    int (*resume)(Value self, Value value, Value *result);

    int64_t (*length)(Value self); /* -1: failed */
    Value (*get_item)(Value self, Value key);
    bool (*set_item)(Value self, Value key, Value value); /* value unset: delete */
    int (*contains)(Value self, Value item);

    Value (*binary[BINARY_COUNT])(Value a, Value b);
    Value (*inplace[BINARY_COUNT])(Value a, Value b);
    Value (*power)(Value base, Value exponent, Value modulus); /* three-argument pow */
    Value (*unary[UNARY_COUNT])(Value self);
    Value (*to_int)(Value self);
    Value (*to_float)(Value self);
    Value (*index)(Value self);

    bool (*get_buffer)(Value self, Buffer *out, bool writable);
    void (*release_buffer)(Value self, Buffer *buffer);
};

extern Type type_type, object_type;

/* Type of any value, borrowed.  The types of immediates are registered by runtime/types. */
extern Type
    *const immediate_types[8]; /* indexed by Value.bits: NULL, NoneType, bool, bool, NotImplementedType, ellipsis */
extern Type int_type, float_type;

static inline Type *type_of(Value v) {
    if (is_object(v)) return as_object(v)->type;
    if (is_small_int(v)) return &int_type;
    if (is_double(v)) return &float_type;
    return immediate_types[v.bits];
}
static inline bool type_has(Value v, uint32_t flag) { return is_object(v) && (as_object(v)->type->flags & flag) != 0; }
static inline bool is_exactly(Value v, const Type *type) { return is_object(v) && as_object(v)->type == type; }

#define TYPE_HEAD(type_name) .head = OBJECT_STATIC(&type_type), .name = (type_name)

#endif
