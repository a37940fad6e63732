/* array.array: numbers of one machine type side by side. */
#ifndef STDLIB_ARRAY_H
#define STDLIB_ARRAY_H

#include "stdlib/stdlib.h"

/* How items of one type code are stored. */
typedef struct ArrayKind {
    char code;
    uint8_t size;
    bool is_signed;
    uint8_t pickle_code;    /* what _array_reconstructor calls this layout */
    const char *range_name; /* "signed short integer" in OverflowError; NULL: the wider rule of `convert` */
} ArrayKind;

typedef struct Array {
    Object head;
    const ArrayKind *kind;
    size_t length, capacity; /* items */
    unsigned char *data;     /* raw memory */
    size_t exports;          /* buffers that forbid resizing */
} Array;

extern Type array_type;

static inline bool array_is(Value v) { return object_is_instance_exact_or_sub(v, &array_type); }
static inline Array *as_array(Value v) { return (Array *)as_object(v); }

/* NULL: no such code (nothing raised). */
const ArrayKind *array_kind(uint32_t code);
Value array_read(const ArrayKind *kind, const unsigned char *at);
/* False: wrong type or range, raised. */
bool array_write(const ArrayKind *kind, unsigned char *at, Value item);

#endif
