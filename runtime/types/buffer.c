/* The buffer protocol. */
#include "runtime/types/buffer.h"

#include "runtime/types/bytes.h"
#include "runtime/types/error.h"

bool buffer_supported(Value v) { return type_of(v)->get_buffer != NULL; }

bool buffer_get(Value v, Buffer *out, bool writable) {
    bool (*get)(Value, Buffer *, bool) = type_of(v)->get_buffer;
    *out = (Buffer){.format = "B", .item_size = 1};
    if (!get) return raise_type_error("a bytes-like object is required, not '%T'", v), false;
    if (!get(v, out, writable)) return false;
    out->owner = retain(v);
    return true;
}

void buffer_release(Buffer *buffer) {
    Value owner = buffer->owner;
    if (is_unset(owner)) return;
    buffer->owner = UNSET;
    if (type_of(owner)->release_buffer) type_of(owner)->release_buffer(owner, buffer);
    release(owner);
}
