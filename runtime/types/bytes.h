/* bytes: an immutable run of bytes with a zero behind it; bytearray: a mutable one. */
#ifndef TYPES_BYTES_H
#define TYPES_BYTES_H

#include "runtime/mem/type.h"

typedef struct Bytes {
    Object head;
    _Atomic uint64_t hash; /* 0: not computed */
    size_t length;
    unsigned char data[];
} Bytes;

typedef struct ByteArray {
    Object head;
    size_t length, capacity;
    unsigned char *data;
    size_t exports; /* views that forbid resizing */
} ByteArray;

extern Type bytes_type, bytearray_type, bytes_iterator_type, bytearray_iterator_type;

/* Bytes of an instance before its Attrs (subclasses only have those): a multiple of 8. */
static inline size_t bytes_body_size(const Bytes *b) { return (sizeof(Bytes) + b->length + 1 + 7) & ~(size_t)7; }

static inline bool bytes_is(Value v) { return type_has(v, TYPE_BYTES_SUB); }
static inline Bytes *as_bytes(Value v) { return (Bytes *)as_object(v); }
bool bytearray_is(Value v);
static inline ByteArray *as_bytearray(Value v) { return (ByteArray *)as_object(v); }

Value bytes_from(const void *data, size_t n); /* data NULL: uninitialised */
Value bytes_concat(Value a, Value b);
Value bytes_join(Value separator, Value iterable);
Value bytes_repr(const unsigned char *data, size_t n);
Value bytearray_from(const void *data, size_t n);
bool bytearray_resize(Value v, size_t n);  /* BufferError "Existing exports of data: object cannot be re-sized" */

#endif
