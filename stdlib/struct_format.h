/* Compiled formats of struct: where each item of a record is, and reading and writing it.  Also used by array. */
#ifndef STDLIB_STRUCT_FORMAT_H
#define STDLIB_STRUCT_FORMAT_H

#include "stdlib/stdlib.h"

typedef struct StructItem {
    char code;     /* c b B ? h H i I l L q Q n N e f d s p P */
    bool little, native;
    size_t size;   /* bytes of one; of the whole for s and p */
    size_t offset;
    size_t count;  /* how many values follow each other; 1 for s and p */
} StructItem;

/* Shared and counted; raw memory. */
typedef struct StructFormat {
    _Atomic uint32_t references;
    size_t size;        /* bytes of a record */
    size_t values;      /* values that it takes or gives */
    size_t item_count;
    size_t text_length;
    const char *text;   /* the format; behind the items */
    StructItem items[];
} StructFormat;

extern Type struct_error_type;

/* From str or bytes, from a small cache when it was used lately.  NULL: failed. */
StructFormat *struct_format_get(Value format);
void struct_format_release(StructFormat *format);

/* values: one for each value of the format.  False: struct.error pending, some bytes are written. */
bool struct_format_pack(const StructFormat *format, unsigned char *out, const Value *values);
/* A tuple. */
Value struct_format_unpack(const StructFormat *format, const unsigned char *data);

/* One value of a native item. */
Value struct_item_read(const StructItem *item, const unsigned char *data);

#endif
