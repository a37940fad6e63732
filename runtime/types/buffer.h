/* The buffer protocol: raw memory of an object, held until released. */
#ifndef TYPES_BUFFER_H
#define TYPES_BUFFER_H

#include "runtime/mem/type.h"

struct Buffer {
    void *data;
    size_t length;      /* bytes */
    Value owner;        /* retained while the view exists */
    bool readonly;
    const char *format; /* struct format of an item, "B" for bytes; lives as long as the owner */
    size_t item_size;
};

/* False: TypeError "a bytes-like object is required, not 'str'"; writable: also BufferError/TypeError when read-only.
 */
bool buffer_get(Value v, Buffer *out, bool writable);
void buffer_release(Buffer *buffer);
bool buffer_supported(Value v);

extern Type memoryview_type;
Value memoryview_new(Value v);
Value memoryview_bytes(Value v); /* its items in order, as bytes; it need not be contiguous */

#endif
