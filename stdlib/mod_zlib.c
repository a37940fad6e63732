/* zlib: compressing.  The work itself is done without the GIL; an object in use is locked meanwhile. */
#ifdef HAVE_ZLIB
#include "stdlib/stdlib.h"

#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <zlib.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/lock.h"
#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

enum { BUFFER_SIZE = 16384, SMALL = 5 * 1024 };

static Value zlib_error; /* root */

/* ---- what comes out ---- */

typedef struct Output {
    unsigned char *data;
    size_t length, capacity, most; /* most: not more than this is wanted; SIZE_MAX: all */
} Output;

static bool output_start(Output *o, size_t capacity, size_t most) {
    if (capacity > most) capacity = most;
    *o = (Output){raw_allocate(capacity + 1), 0, capacity, most};
    return o->data || (raise_memory_error(), false);
}
/* Makes room for more.  False with nothing pending: the most is reached. */
static bool output_grow(Output *o) {
    if (o->length < o->capacity) return true;
    if (o->capacity == o->most) return false;
    size_t capacity = o->capacity > SIZE_MAX / 4 ? o->most : o->capacity * 2 + BUFFER_SIZE;
    if (capacity > o->most) capacity = o->most;
    unsigned char *larger = raw_reallocate(o->data, capacity + 1);
    if (!larger) return raise_memory_error(), false;
    o->data = larger;
    o->capacity = capacity;
    return true;
}
static Value output_end(Output *o, bool done) {
    Value result = done ? bytes_from(o->data, o->length) : UNSET;
    raw_free(o->data);
    return result;
}

/* ---- the work ---- */

static Value raise_zlib(const z_stream *z, int code, const char *doing) {
    const char *text = z->msg;
    if (!text && code == Z_BUF_ERROR) text = "incomplete or truncated stream";
    if (!text && code == Z_STREAM_ERROR) text = "inconsistent stream state";
    if (!text && code == Z_DATA_ERROR) text = "invalid input data";
    Value message = text ? str_format("Error %d %s: %s", code, doing, text) : str_format("Error %d %s", code, doing);
    Value exception = is_set(message) ? call1(zlib_error, message) : UNSET;
    release(message);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

typedef struct Input {
    const unsigned char *data;
    size_t left;
} Input;

/* One step of deflate() or inflate() with as much as fits into its counters. */
static int step(z_stream *z, int (*work)(z_stream *, int), int flush, Input *in, Output *out) {
    unsigned given = in->left > UINT_MAX ? UINT_MAX : (unsigned)in->left;
    size_t free_room = out->capacity - out->length;
    unsigned room = free_room > UINT_MAX ? UINT_MAX : (unsigned)free_room;
    int result;
    z->next_in = (unsigned char *)in->data;
    z->avail_in = given;
    z->next_out = out->data + out->length;
    z->avail_out = room;
    BLOCKING_BEGIN(zlib)
    result = work(z, in->left > given ? Z_NO_FLUSH : flush);
    BLOCKING_END
    in->data += given - z->avail_in;
    in->left -= given - z->avail_in;
    out->length += room - z->avail_out;
    return result;
}

/* Works until the input is used up and nothing waits inside, the stream ends, or the most is reached.  Z_ERRNO: an
 * exception is pending. */
static int run(z_stream *z, int (*work)(z_stream *, int), int flush, Input *in, Output *out) {
    int result;
    do {
        if (!output_grow(out)) return error_pending() ? Z_ERRNO : Z_OK;
        result = step(z, work, flush, in, out);
    } while (result == Z_OK && (in->left || out->length == out->capacity || flush == Z_FINISH));
    return result;
}

/* ---- in one go ---- */

static bool int_or(Value v, int fallback, int *out) {
    *out = fallback;
    return is_unset(v) || fd_get(v, out);
}

static Value zlib_compress(const Value *args, size_t count) {
    int level, bits;
    Buffer b;
    Output out;
    z_stream z = {0};
    if (!int_or(args[1], Z_DEFAULT_COMPRESSION, &level) || !int_or(args[2], MAX_WBITS, &bits)) return UNSET;
    if (!buffer_get(args[0], &b, false)) return UNSET;
    Value result = UNSET;
    int code = deflateInit2(&z, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
    if (code == Z_STREAM_ERROR) {
        Value exception = str_from("Bad compression level");
        Value e = is_set(exception) ? call1(zlib_error, exception) : UNSET;
        release(exception);
        if (is_set(e)) raise_value(e);
    } else if (code != Z_OK) {
        raise_zlib(&z, code, "while compressing data");
    } else if (output_start(&out, deflateBound(&z, b.length), SIZE_MAX)) {
        Input in = {b.data, b.length};
        code = run(&z, deflate, Z_FINISH, &in, &out);
        if (code != Z_STREAM_END && code != Z_ERRNO) raise_zlib(&z, code, "while compressing data");
        result = output_end(&out, code == Z_STREAM_END);
    }
    if (code != Z_STREAM_ERROR) deflateEnd(&z);
    buffer_release(&b);
    return result;
}

static Value zlib_decompress(const Value *args, size_t count) {
    int bits;
    int64_t size = BUFFER_SIZE;
    Buffer b;
    Output out;
    z_stream z = {0};
    if (!int_or(args[1], MAX_WBITS, &bits) || (is_set(args[2]) && !object_as_int64(args[2], &size))) return UNSET;
    if (size <= 0) return raise_value_error("bufsize must be greater than zero");
    if (!buffer_get(args[0], &b, false)) return UNSET;
    Value result = UNSET;
    int code = inflateInit2(&z, bits);
    if (code != Z_OK) {
        raise_zlib(&z, code, "while preparing to decompress data");
    } else if (output_start(&out, (size_t)size, SIZE_MAX)) {
        Input in = {b.data, b.length};
        code = run(&z, inflate, Z_FINISH, &in, &out);
        while (code == Z_BUF_ERROR && out.length == out.capacity) code = run(&z, inflate, Z_FINISH, &in, &out);
        if (code != Z_STREAM_END && code != Z_ERRNO)
            raise_zlib(&z, code == Z_OK ? Z_BUF_ERROR : code == Z_NEED_DICT ? Z_NEED_DICT : code,
                       "while decompressing data");
        result = output_end(&out, code == Z_STREAM_END);
    }
    inflateEnd(&z);
    buffer_release(&b);
    return result;
}

/* ---- checksums ---- */

static Value checksum(const Value *args, uint32_t start, uLong (*sum)(uLong, const Bytef *, z_size_t)) {
    Buffer b;
    uLong value = start;
    if (is_set(args[1])) {
        if (!int_is(args[1]) && !type_of(args[1])->index)
            return raise_type_error("'%T' object cannot be interpreted as an integer", args[1]);
        Value number = object_index(args[1]);
        if (is_unset(number)) return UNSET;
        value = (uint32_t)int_as_uint64_mask(number);
        release(number);
    }
    if (!buffer_get(args[0], &b, false)) return UNSET;
    if (b.length <= SMALL) value = sum(value, b.data, b.length);
    else {
        BLOCKING_BEGIN(zlib)
        value = sum(value, b.data, b.length);
        BLOCKING_END
    }
    buffer_release(&b);
    return from_small_int((uint32_t)value);
}
static Value zlib_crc32(const Value *args, size_t count) { return checksum(args, 0, crc32_z); }
static Value zlib_adler32(const Value *args, size_t count) { return checksum(args, 1, adler32_z); }

/* ---- objects ---- */

typedef struct Stream {
    Object head;
    z_stream z;
    Lock lock;
    bool deflates, started, ended;
    Value unused, unconsumed, dictionary; /* decompressing: bytes; dictionary may be UNSET */
} Stream;

static Stream *as_stream(Value v) { return (Stream *)as_object(v); }

static bool enter(Stream *s) { return lock_acquire(&s->lock, LOCK_FOREVER) != LOCK_FAILED; }
static void leave(Stream *s) { lock_release(&s->lock); }

static Type compress_type, decompress_type;

static Stream *stream_new(Type *type) {
    Stream *s = object_allocate(type, sizeof *s);
    if (!s) return NULL;
    s->deflates = type == &compress_type;
    s->unused = s->unconsumed = s->dictionary = UNSET;
    if (s->deflates) return s;
    s->unused = bytes_from("", 0);
    s->unconsumed = bytes_from("", 0);
    if (is_set(s->unused) && is_set(s->unconsumed)) return s;
    release(from_object(s));
    return NULL;
}

static void stream_destroy(Object *self) {
    Stream *s = (Stream *)self;
    if (s->started) (s->deflates ? deflateEnd : inflateEnd)(&s->z);
    release(s->unused), release(s->unconsumed), release(s->dictionary);
    object_free(self);
}

static Value refuse(Stream *s) {
    release(from_object(s));
    return error_pending() ? UNSET : raise_value_error("Invalid initialization option");
}

static Value zlib_compressobj(const Value *args, size_t count) {
    int n[5];
    const int fallback[] = {Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY};
    for (int i = 0; i < 5; i++)
        if (!int_or(args[i], fallback[i], &n[i])) return UNSET;
    Stream *s = stream_new(&compress_type);
    if (!s) return UNSET;
    s->started = deflateInit2(&s->z, n[0], n[1], n[2], n[3], n[4]) == Z_OK;
    if (!s->started) return refuse(s);
    if (is_set(args[5]) && !is_none(args[5])) {
        Buffer b;
        if (!buffer_get(args[5], &b, false)) return refuse(s);
        int code = deflateSetDictionary(&s->z, b.data, (unsigned)b.length);
        buffer_release(&b);
        if (code != Z_OK) return raise_value_error("Invalid dictionary"), refuse(s);
    }
    return from_object(s);
}

static Value zlib_decompressobj(const Value *args, size_t count) {
    int bits;
    if (!int_or(args[0], MAX_WBITS, &bits)) return UNSET;
    Stream *s = stream_new(&decompress_type);
    if (!s) return UNSET;
    s->started = inflateInit2(&s->z, bits) == Z_OK;
    if (!s->started) return refuse(s);
    if (is_set(args[1])) {
        Buffer b;
        if (!buffer_get(args[1], &b, false)) return refuse(s);
        s->dictionary = bytes_from(b.data, b.length);
        if (bits < 0) inflateSetDictionary(&s->z, b.data, (unsigned)b.length);
        buffer_release(&b);
    }
    return from_object(s);
}

static Value compress_run(Stream *s, Input *in, int flush) {
    Output out;
    if (!output_start(&out, BUFFER_SIZE, SIZE_MAX)) return UNSET;
    int code = run(&s->z, deflate, flush, in, &out);
    bool done = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
    if (!done && code != Z_ERRNO)
        raise_zlib(&s->z, code, flush == Z_NO_FLUSH ? "while compressing data" : "while flushing");
    if (code == Z_STREAM_END) s->ended = true;
    return output_end(&out, done);
}

static Value compress_compress(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    Buffer b;
    if (!buffer_get(args[1], &b, false)) return UNSET;
    Input in = {b.data, b.length};
    Value result = UNSET;
    if (enter(s)) {
        result = compress_run(s, &in, Z_NO_FLUSH);
        leave(s);
    }
    buffer_release(&b);
    return result;
}

static Value compress_flush(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    int mode;
    if (!int_or(args[1], Z_FINISH, &mode)) return UNSET;
    if (mode == Z_NO_FLUSH) return bytes_from("", 0);
    if (!enter(s)) return UNSET;
    Input in = {NULL, 0};
    Value result = compress_run(s, &in, mode);
    leave(s);
    return result;
}

static bool set_bytes(Value *slot, const void *data, size_t n) {
    Value v = bytes_from(data, n);
    if (is_unset(v)) return false;
    replace(slot, v);
    return true;
}

/* What was not used: behind the end of the stream, or not fitting. */
static bool keep_rest(Stream *s, const Input *in) {
    if (s->ended && in->left) {
        Value rest = bytes_from(in->data, in->left), joined = is_set(rest) ? bytes_concat(s->unused, rest) : UNSET;
        release(rest);
        if (is_unset(joined)) return false;
        replace(&s->unused, joined);
    }
    return (!in->left && as_bytes(s->unconsumed)->length == 0) || set_bytes(&s->unconsumed, in->data, in->left);
}

static int run_with_dictionary(Stream *s, Input *in, Output *out, int flush) {
    int code = run(&s->z, inflate, flush, in, out);
    if (code != Z_NEED_DICT || is_unset(s->dictionary)) return code;
    code = inflateSetDictionary(&s->z, as_bytes(s->dictionary)->data, (unsigned)as_bytes(s->dictionary)->length);
    return code == Z_OK ? run(&s->z, inflate, flush, in, out) : code;
}

static Value decompress_run(Stream *s, Input *in, size_t first, size_t most, int flush) {
    Output out;
    if (!output_start(&out, first, most)) return UNSET;
    int code = s->ended ? Z_STREAM_END : run_with_dictionary(s, in, &out, flush);
    while (code == Z_BUF_ERROR && out.length == out.capacity && out.capacity < most)
        code = run(&s->z, inflate, flush, in, &out);
    bool done = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
    if (!done && code != Z_ERRNO) raise_zlib(&s->z, code, "while decompressing data");
    if (code == Z_STREAM_END) s->ended = true;
    done = done && keep_rest(s, in);
    return output_end(&out, done);
}

static Value decompress_decompress(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    int64_t most = 0;
    Buffer b;
    if (is_set(args[2]) && !object_as_int64(args[2], &most)) return UNSET;
    if (most < 0) return raise_value_error("max_length must be non-negative");
    if (!buffer_get(args[1], &b, false)) return UNSET;
    Input in = {b.data, b.length};
    Value result = UNSET;
    if (enter(s)) {
        result = decompress_run(s, &in, BUFFER_SIZE, most ? (size_t)most : SIZE_MAX, Z_SYNC_FLUSH);
        leave(s);
    }
    buffer_release(&b);
    return result;
}

static Value decompress_flush(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    int64_t first = BUFFER_SIZE;
    if (is_set(args[1]) && !object_as_int64(args[1], &first)) return UNSET;
    if (first <= 0) return raise_value_error("length must be greater than zero");
    if (!enter(s)) return UNSET;
    Value rest = retain(s->unconsumed);
    Input in = {as_bytes(rest)->data, as_bytes(rest)->length};
    Value result = decompress_run(s, &in, (size_t)first, SIZE_MAX, Z_FINISH);
    leave(s);
    release(rest);
    return result;
}

static Value stream_copy(const Value *args, size_t count) {
    Stream *s = as_stream(args[0]);
    if (!enter(s)) return UNSET;
    Stream *copy = stream_new(type_of(args[0]));
    int code = Z_MEM_ERROR;
    if (copy) {
        code = s->deflates ? deflateCopy(&copy->z, &s->z) : inflateCopy(&copy->z, &s->z);
        copy->started = code == Z_OK;
        copy->ended = s->ended;
        replace(&copy->unused, is_set(s->unused) ? retain(s->unused) : UNSET);
        replace(&copy->unconsumed, is_set(s->unconsumed) ? retain(s->unconsumed) : UNSET);
        copy->dictionary = is_set(s->dictionary) ? retain(s->dictionary) : UNSET;
    }
    leave(s);
    if (code == Z_OK) return from_object(copy);
    if (copy) release(from_object(copy));
    return error_pending() ? UNSET : raise_value_error("Inconsistent stream state");
}
static Value stream_deepcopy(const Value *args, size_t count) { return stream_copy(args, 1); }

static Value get_unused(Value self) { return retain(as_stream(self)->unused); }
static Value get_unconsumed(Value self) { return retain(as_stream(self)->unconsumed); }
static Value get_eof(Value self) { return from_bool(as_stream(self)->ended); }

static const NativeDef compress_methods[] = {
    METHOD("compress", "data, /", compress_compress, "Compress data; some of it may come out later."),
    METHOD("flush", "mode=Z_FINISH, /", compress_flush, "What is still inside."),
    METHOD("copy", "", stream_copy, "A copy in the same state."),
    METHOD("__copy__", "", stream_copy, NULL),
    METHOD("__deepcopy__", "memo, /", stream_deepcopy, NULL),
    NATIVE_END,
};
static const NativeDef decompress_methods[] = {
    METHOD("decompress", "data, /, max_length=0", decompress_decompress, "Decompress data."),
    METHOD("flush", "length=16384, /", decompress_flush, "What is still inside."),
    METHOD("copy", "", stream_copy, "A copy in the same state."),
    METHOD("__copy__", "", stream_copy, NULL),
    METHOD("__deepcopy__", "memo, /", stream_deepcopy, NULL),
    NATIVE_END,
};
static const MemberDef decompress_members[] = {
    {"unused_data", get_unused, NULL, "What stands behind the end of the stream."},
    {"unconsumed_tail", get_unconsumed, NULL, "What was not used, since max_length was reached."},
    {"eof", get_eof, NULL, "Was the end of the stream seen?"},
    {0},
};

static Type compress_type = {
    TYPE_HEAD("zlib.Compress"),
    .basic_size = sizeof(Stream),
    .flags = TYPE_DISALLOW_NEW,
    .methods = compress_methods,
    .destroy = stream_destroy,
};
static Type decompress_type = {
    TYPE_HEAD("zlib.Decompress"),
    .basic_size = sizeof(Stream),
    .flags = TYPE_DISALLOW_NEW,
    .methods = decompress_methods,
    .members = decompress_members,
    .destroy = stream_destroy,
};

/* ---- the module ---- */

static const Constant constants[] = {
#define ROW(name) {#name, name}
    {"DEFLATED", Z_DEFLATED}, ROW(MAX_WBITS), ROW(Z_BEST_COMPRESSION), ROW(Z_BEST_SPEED), ROW(Z_BLOCK),
    ROW(Z_DEFAULT_COMPRESSION), ROW(Z_DEFAULT_STRATEGY), ROW(Z_FILTERED), ROW(Z_FINISH), ROW(Z_FIXED),
    ROW(Z_FULL_FLUSH), ROW(Z_HUFFMAN_ONLY), ROW(Z_NO_COMPRESSION), ROW(Z_NO_FLUSH), ROW(Z_PARTIAL_FLUSH), ROW(Z_RLE),
    ROW(Z_SYNC_FLUSH), ROW(Z_TREES),
#undef ROW
    {"DEF_BUF_SIZE", BUFFER_SIZE}, {"DEF_MEM_LEVEL", 8}, CONSTANT_END,
};

static const NativeDef functions[] = {
    FUNCTION("compress", "data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS", zlib_compress, "Compress data."),
    FUNCTION("decompress", "data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE", zlib_decompress, "Decompress data."),
    FUNCTION("compressobj",
             "level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, "
             "strategy=Z_DEFAULT_STRATEGY, zdict=None",
             zlib_compressobj, "An object that compresses piece by piece."),
    FUNCTION("decompressobj", "wbits=MAX_WBITS, zdict=b''", zlib_decompressobj,
             "An object that decompresses piece by piece."),
    FUNCTION("crc32", "data, value=0, /", zlib_crc32, "A checksum."),
    FUNCTION("adler32", "data, value=1, /", zlib_adler32, "A checksum."),
    NATIVE_END,
};

static bool add_text(Value dict, const char *name, const char *text) {
    Value v = str_from(text);
    bool done = is_set(v) && dict_set_utf8(dict, name, v);
    release(v);
    return done;
}

/* A stream takes and frees a quarter of a megabyte: not from the system and back each time. */
static void keep_freed_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

static bool fill(Value dict) {
    keep_freed_memory();
    return module_add_constants(dict, constants) &&
           module_add_exception(dict, &zlib_error, "zlib", "error", type_value(&Exception_type), NULL) &&
           add_text(dict, "ZLIB_VERSION", ZLIB_VERSION) && add_text(dict, "ZLIB_RUNTIME_VERSION", zlibVersion()) &&
           add_text(dict, "__version__", "1.0");
}
static bool ready(void) { return type_ready(&compress_type) && type_ready(&decompress_type); }

const ModuleDef mod_zlib = {"zlib", "Compressing.", functions, fill, ready};
#endif
