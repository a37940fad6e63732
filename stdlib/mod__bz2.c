/* _bz2: compressing by bzip2.  The work itself is done without the GIL; an object in use is locked meanwhile. */
#ifdef HAVE_BZIP2
#include "stdlib/stdlib.h"

#include <bzlib.h>
#include <limits.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/lock.h"

enum { FIRST_ROOM = 8192 };

typedef struct Stream {
    Object head;
    bz_stream z;
    Lock lock;
    bool compresses, started, ended, hungry;
    unsigned char *kept; /* decompressing: input that did not fit last time; raw memory */
    size_t kept_length;
    Value unused;
} Stream;

static Stream *as_stream(Value v) { return (Stream *)as_object(v); }

static bool check(int code) {
    switch (code) {
    case BZ_OK: case BZ_RUN_OK: case BZ_FLUSH_OK: case BZ_FINISH_OK: case BZ_STREAM_END: return true;
    case BZ_MEM_ERROR: return raise_memory_error(), false;
    case BZ_DATA_ERROR: case BZ_DATA_ERROR_MAGIC: return raise_error(&OSError_type, "Invalid data stream"), false;
    case BZ_PARAM_ERROR:
        return raise_value_error("Internal error - invalid parameters passed to libbzip2"), false;
    case BZ_IO_ERROR: return raise_error(&OSError_type, "Unknown I/O error"), false;
    case BZ_UNEXPECTED_EOF:
        return raise_error(&EOFError_type, "Compressed file ended before the logical end-of-stream was detected"), false;
    case BZ_SEQUENCE_ERROR:
        return raise_runtime_error("Internal error - Invalid sequence of commands sent to libbzip2"), false;
    default: return raise_error(&OSError_type, "Unrecognized error from libbzip2: %d", code), false;
    }
}

/* ---- running ---- */

typedef struct Output {
    char *data;
    size_t length, capacity, most;
} Output;

/* 1: there is room, 0: the most is reached, -1: failed. */
static int output_grow(Output *o) {
    if (o->length < o->capacity) return 1;
    if (o->capacity == o->most) return 0;
    size_t capacity = o->capacity ? o->capacity * 2 : FIRST_ROOM;
    if (capacity > o->most) capacity = o->most;
    char *larger = raw_reallocate(o->data, capacity);
    if (!larger) return raise_memory_error(), -1;
    o->data = larger;
    o->capacity = capacity;
    return 1;
}

/* Runs until the input is used up and nothing waits inside, the stream ends, or the most is reached. */
static bool run(Stream *s, const char *data, size_t length, int action, Output *out) {
    int code = BZ_OK;
    s->z.next_in = (char *)data;
    s->z.avail_in = 0;
    for (;;) {
        int grown = output_grow(out);
        if (grown <= 0) break;
        if (s->z.avail_in == 0 && length) {
            s->z.avail_in = length > UINT_MAX ? UINT_MAX : (unsigned)length;
            length -= s->z.avail_in;
        }
        size_t room = out->capacity - out->length;
        s->z.next_out = out->data + out->length;
        s->z.avail_out = room > UINT_MAX ? UINT_MAX : (unsigned)room;
        unsigned before = s->z.avail_out;
        BLOCKING_BEGIN(bz2)
        code = !s->compresses ? BZ2_bzDecompress(&s->z) : BZ2_bzCompress(&s->z, length ? BZ_RUN : action);
        BLOCKING_END
        out->length += before - s->z.avail_out;
        if (s->compresses && action == BZ_RUN && code == BZ_PARAM_ERROR) code = BZ_OK; /* no input is no error */
        if (!check(code)) return false;
        if (code == BZ_STREAM_END) break;
        if (s->z.avail_in == 0 && length == 0 && (action != BZ_FINISH || !s->compresses) && s->z.avail_out) break;
    }
    if (code == BZ_STREAM_END) s->ended = true;
    s->z.avail_in += length > UINT_MAX - s->z.avail_in ? 0 : (unsigned)length;
    return !error_pending();
}

static Value run_to_bytes(Stream *s, const char *data, size_t length, int action, size_t most) {
    Output out = {NULL, 0, 0, most};
    bool done = run(s, data, length, action, &out);
    Value result = done ? bytes_from(out.data ? out.data : "", out.length) : UNSET;
    raw_free(out.data);
    return result;
}

static bool enter(Stream *s) { return lock_acquire(&s->lock, LOCK_FOREVER) != LOCK_FAILED; }
static void leave(Stream *s) { lock_release(&s->lock); }

/* ---- compressing ---- */

static Value compressor_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value in[1];
    int64_t level = 9;
    if (!native_bind("BZ2Compressor", "compresslevel=9, /", args, count, kwnames, in)) return UNSET;
    if (is_set(in[0]) && !object_as_int64(in[0], &level)) return UNSET;
    if (level < 1 || level > 9) return raise_value_error("compresslevel must be between 1 and 9");
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Stream *s = as_stream(self);
    s->compresses = true;
    if (check(BZ2_bzCompressInit(&s->z, (int)level, 0, 0))) return s->started = true, self;
    release(self);
    return UNSET;
}

static Value compressor_compress(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    Buffer b;
    if (!buffer_get(args[1], &b, false)) return UNSET;
    Value result = UNSET;
    if (enter(s)) {
        result = s->ended      ? raise_value_error("Compressor has been flushed")
                 : !b.length   ? bytes_from("", 0)
                               : run_to_bytes(s, b.data, b.length, BZ_RUN, SIZE_MAX);
        leave(s);
    }
    buffer_release(&b);
    return result;
}

static Value compressor_flush(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    if (!enter(s)) return UNSET;
    Value result = s->ended ? raise_value_error("Repeated call to flush()")
                            : run_to_bytes(s, NULL, 0, BZ_FINISH, SIZE_MAX);
    s->ended = true;
    leave(s);
    return result;
}

/* ---- decompressing ---- */

static Value decompressor_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (!native_bind("BZ2Decompressor", "", args, count, kwnames, NULL)) return UNSET;
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Stream *s = as_stream(self);
    s->hungry = true;
    s->unused = bytes_from("", 0);
    if (is_set(s->unused) && check(BZ2_bzDecompressInit(&s->z, 0, 0))) return s->started = true, self;
    release(self);
    return UNSET;
}

/* What was kept and what is new, in one block that replaces what was kept. */
static bool join_input(Stream *s, const Buffer *b) {
    unsigned char *joined = raw_allocate(s->kept_length + b->length + 1);
    if (!joined) return raise_memory_error(), false;
    if (s->kept_length) memcpy(joined, s->kept, s->kept_length);
    if (b->length) memcpy(joined + s->kept_length, b->data, b->length);
    raw_free(s->kept);
    s->kept = joined;
    s->kept_length += b->length;
    return true;
}

static Value decompress(Stream *s, const Buffer *b, size_t most) {
    if (s->ended) return raise_error(&EOFError_type, "End of stream already reached");
    if (!join_input(s, b)) return UNSET;
    size_t given = s->kept_length;
    Value result = run_to_bytes(s, (char *)s->kept, given, BZ_RUN, most);
    if (is_unset(result)) return UNSET;
    size_t left = s->z.avail_in;
    const unsigned char *rest = s->kept + given - left;
    if (s->ended) {
        Value unused = bytes_from(rest, left);
        if (is_unset(unused)) return release(result), UNSET;
        replace(&s->unused, unused);
        left = 0;
    }
    if (left) memmove(s->kept, rest, left);
    s->kept_length = left;
    s->hungry = !s->ended && left == 0 && as_bytes(result)->length < most;
    return result;
}

static Value decompressor_decompress(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    int64_t most = -1;
    Buffer b;
    if (is_set(args[2]) && !object_as_int64(args[2], &most)) return UNSET;
    if (!buffer_get(args[1], &b, false)) return UNSET;
    Value result = UNSET;
    if (enter(s)) {
        result = decompress(s, &b, most < 0 ? SIZE_MAX : (size_t)most);
        leave(s);
    }
    buffer_release(&b);
    return result;
}

static Value get_eof(Value self) { return from_bool(as_stream(self)->ended); }
static Value get_unused(Value self) { return retain(as_stream(self)->unused); }
static Value get_hungry(Value self) { return from_bool(as_stream(self)->hungry); }

static void stream_destroy(Object *self) {
    Stream *s = (Stream *)self;
    if (s->started) (s->compresses ? BZ2_bzCompressEnd : BZ2_bzDecompressEnd)(&s->z);
    raw_free(s->kept);
    release(s->unused);
    object_free(self);
}

static const NativeDef compressor_methods[] = {
    METHOD("compress", "data, /", compressor_compress, "Compress data; some of it may come out later."),
    METHOD("flush", "", compressor_flush, "What is still inside."),
    NATIVE_END,
};
static const NativeDef decompressor_methods[] = {
    METHOD("decompress", "data, max_length=-1", decompressor_decompress, "Decompress data."),
    NATIVE_END,
};
static const MemberDef decompressor_members[] = {
    {"eof", get_eof, NULL, "Was the end of the stream seen?"},
    {"unused_data", get_unused, NULL, "What stands behind the end of the stream."},
    {"needs_input", get_hungry, NULL, "Can it go on only with more data?"},
    {0},
};

static Type compressor_type = {
    TYPE_HEAD("_bz2.BZ2Compressor"),
    .basic_size = sizeof(Stream),
    .methods = compressor_methods,
    .make = compressor_make,
    .destroy = stream_destroy,
};
static Type decompressor_type = {
    TYPE_HEAD("_bz2.BZ2Decompressor"),
    .basic_size = sizeof(Stream),
    .methods = decompressor_methods,
    .members = decompressor_members,
    .make = decompressor_make,
    .destroy = stream_destroy,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "BZ2Compressor", type_value(&compressor_type)) &&
           dict_set_utf8(dict, "BZ2Decompressor", type_value(&decompressor_type));
}
static bool ready(void) { return type_ready(&compressor_type) && type_ready(&decompressor_type); }

const ModuleDef mod__bz2 = {"_bz2", "Compressing by bzip2.", NULL, fill, ready};
#endif
