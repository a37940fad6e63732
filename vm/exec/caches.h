/* Entries that inline caches point to.  An entry is never changed once its address is in a cache word. */
#ifndef EXEC_CACHES_H
#define EXEC_CACHES_H

#include "runtime/types/dict_keys.h"
#include "runtime/types/shape.h"
#include "vm/exec/specialised.h"

typedef struct BuiltinEntry {
    uint32_t globals_version, builtins_version;
    uint32_t offset; /* of the value, from the table of the builtins */
} BuiltinEntry;

/* Where the value of an entry stands, in bytes from the table: while the version of the table lasts, so does the place.
 */
enum { CACHE_INDEX_MAX = 1 << 26 };
static inline uint32_t cache_offset(const DictKeys *k, size_t index) {
    return (uint32_t)((char *)&keys_entry(k, index)->value - (char *)(uintptr_t)k);
}
static inline Value *cache_value(const DictKeys *k, uint32_t offset) {
    return (Value *)(void *)((char *)(uintptr_t)k + offset);
}

/* An attribute access that was seen.  Every kind of entry marks its guard differently (low bits), so that a thread that
 * still runs the handler of another kind does not take it for its own.  `value` is borrowed: it lives while the version
 * does. */
typedef enum AttributeKind {
    ATTRIBUTE_SLOT = 0,     /* shape: the value is in the instance at `offset` */
    ATTRIBUTE_TYPE = 1,     /* shape, or 0 for types without attributes: the value is `value` of the type */
    ATTRIBUTE_PROPERTY = 2, /* shape: a property whose getter is the script function `value` */
    ATTRIBUTE_METHOD = 3,   /* shape or 0: the method `value` of the type */
    ATTRIBUTE_MODULE = 4,   /* module object; version of its dict */
    ATTRIBUTE_CLASS = 5,    /* class object; its version */
    ATTRIBUTE_ADD = 6,      /* shape that gains the slot and becomes `next_shape` */
    ATTRIBUTE_MEMBER = 7,   /* type without attributes: a field of __slots__ at `offset` */
    ATTRIBUTE_OUTER = 8,    /* shape: the value is in the outer slots, number `index` */
} AttributeKind;

/* What a method takes first: the instance, nothing (static methods), the class (class methods). */
typedef enum Receiver { BINDS_SELF, BINDS_NOTHING, BINDS_CLASS } Receiver;

typedef struct AttributeEntry AttributeEntry;
struct AttributeEntry {
    uint64_t guard;      /* pointer + kind: of the shape, or of the object itself for modules and classes */
    uint32_t version;    /* of the type, or of the module's dict */
    uint16_t attrs;      /* offset of the instance's Attrs; that of its type for those without, see entry_for_type() */
    uint16_t offset;     /* of the value in the instance */
    Value value;
    Shape *next_shape;
    uint32_t index;      /* OUTER: of the slot; MODULE: offset of the value in the table */
    uint16_t depth;      /* of the chain below */
    uint16_t receiver;   /* METHOD and CLASS: a Receiver */
    const AttributeEntry *other; /* what was seen before */
};

enum { ATTRIBUTE_ATTEMPTS = 3, ATTRIBUTE_CHAIN = 4 };

/* Writes a cache for what the access at `at` does with v; quietly does nothing when it cannot be cached. */
void attribute_specialise_get(Code *code, Instr *at, Value v, Value name);
void attribute_specialise_method(Code *code, Instr *at, Value v, Value name);
void attribute_specialise_set(Code *code, Instr *at, Value v, Value name);

#endif
