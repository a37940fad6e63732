/* BufferedReader, BufferedWriter and BufferedRandom: bytes over a raw stream, read ahead and written behind.
 *
 * The buffer holds bytes that were read ahead or bytes that wait to be written, never both: writing first seeks back
 * over what was read ahead, reading first writes out.  A call may give the GIL back in the middle, so each one holds
 * the stream's lock; without it a second thread would find the buffer half changed.
 */
#include "stdlib/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static Buffered *as_buffered(Value v) { return (Buffered *)as_object(v); }

bool buffered_is(Value v) {
    return is_exactly(v, &buffered_reader_type) || is_exactly(v, &buffered_writer_type) ||
           is_exactly(v, &buffered_random_type);
}

/* ---- the raw stream ---- */

static Value view_of(Buffered *b, void *data, size_t n) { /* a bytes object to hand to a raw stream of the script's */
    return bytes_from(data, n);
}

/* -1 failed, -2 would block. */
static int64_t raw_read(Buffered *b, unsigned char *into, size_t n) {
    if (file_io_is(b->raw)) {
        FileIO *f = (FileIO *)as_object(b->raw);
        if (f->fd < 0) return raise_value_error("read of closed file"), -1;
        return fd_read(f->fd, into, n);
    }
    Value target = bytearray_from(NULL, n), name = str_intern_cstr("readinto"), got = UNSET;
    if (is_set(target)) got = call_method1(b->raw, name, target);
    release(name);
    int64_t count = -1;
    if (is_none(got)) count = -2;
    else if (is_set(got) && object_as_int64(got, &count)) {
        if (count < 0 || (size_t)count > n) {
            raise_error(&OSError_type,
                        "raw readinto() returned invalid length %lld (should have been between 0 and %zu)",
                        (long long)count, n);
            count = -1;
        } else {
            memcpy(into, ((ByteArray *)as_object(target))->data, (size_t)count);
        }
    }
    release(got);
    release(target);
    return count;
}

static int64_t raw_write(Buffered *b, const unsigned char *from, size_t n) {
    if (file_io_is(b->raw)) {
        FileIO *f = (FileIO *)as_object(b->raw);
        if (f->fd < 0) return raise_value_error("write to closed file"), -1;
        return fd_write(f->fd, from, n);
    }
    Value bytes = view_of(b, (void *)from, n), put = is_set(bytes) ? call_method1(b->raw, names.write, bytes) : UNSET;
    int64_t count = -1;
    if (is_none(put)) count = -2;
    else if (is_set(put) && !object_as_int64(put, &count)) count = -1;
    release(bytes);
    release(put);
    return count;
}

static int64_t raw_seek(Buffered *b, int64_t offset, int whence) {
    Value name = str_intern_cstr("seek"),
          result = call_method2(b->raw, name, int_from_int64(offset), from_small_int(whence));
    release(name);
    int64_t at = -1;
    if (is_set(result) && !object_as_int64(result, &at)) at = -1;
    release(result);
    if (at < 0 && !error_pending())
        raise_error(&OSError_type, "Raw stream returned invalid position %lld", (long long)at);
    return at;
}

/* ---- the buffer ---- */

static bool would_block(size_t done) {
    Value args[] = {from_small_int(EAGAIN), str_from("write could not complete without blocking"), int_from_size(done)};
    Value e = exception_new(&BlockingIOError_type, args, 3);
    release(args[1]);
    if (is_set(e)) raise_value(e);
    return false;
}

static bool write_out(Buffered *b) {
    size_t done = 0;
    while (done < b->written) {
        int64_t n = raw_write(b, b->data + done, b->written - done);
        if (n < 0) {
            memmove(b->data, b->data + done, b->written - done);
            b->written -= done;
            return n == -2 ? would_block(0) : false;
        }
        done += (size_t)n;
    }
    b->written = 0;
    return true;
}

/* Makes the raw position the one that the script sees. */
static bool drop_ahead(Buffered *b) {
    size_t ahead = b->read_end - b->read_at;
    b->read_at = b->read_end = 0;
    return ahead == 0 || raw_seek(b, -(int64_t)ahead, SEEK_CUR) >= 0;
}

static bool put(Buffered *b, const unsigned char *from, size_t n) {
    if (!drop_ahead(b)) return false;
    if (n > b->capacity - b->written && !write_out(b)) return false;
    while (n >= b->capacity) {
        int64_t done = raw_write(b, from, n);
        if (done < 0) return done == -2 ? would_block(0) : false;
        from += done;
        n -= (size_t)done;
    }
    memcpy(b->data + b->written, from, n);
    b->written += n;
    return true;
}

/* Bytes available after at most one read of the raw stream; 0 at the end, -1 failed, -2 would block. */
static int64_t fill(Buffered *b) {
    if (b->read_at < b->read_end) return (int64_t)(b->read_end - b->read_at);
    if (b->written && !write_out(b)) return -1;
    int64_t n = raw_read(b, b->data, b->capacity);
    b->read_at = 0;
    b->read_end = n > 0 ? (size_t)n : 0;
    return n;
}

/* Growing output of a read; raw memory. */
typedef struct Bag {
    unsigned char *data;
    size_t length, capacity;
} Bag;

static bool bag_add(Bag *bag, const void *data, size_t n) {
    if (bag->length + n > bag->capacity) {
        size_t capacity = bag->capacity * 2 > bag->length + n ? bag->capacity * 2 : bag->length + n;
        unsigned char *larger = raw_reallocate(bag->data, capacity);
        if (!larger) return raise_memory_error(), false;
        bag->data = larger;
        bag->capacity = capacity;
    }
    memcpy(bag->data + bag->length, data, n);
    bag->length += n;
    return true;
}

static Value bag_finish(Bag *bag, bool ok) {
    Value result = ok ? bytes_from(bag->length ? (void *)bag->data : (void *)"", bag->length) : UNSET;
    raw_free(bag->data);
    return result;
}

static Value read_locked(Buffered *b, int64_t n) {
    Bag bag = {0};
    for (;;) {
        if (n >= 0 && bag.length == (size_t)n) return bag_finish(&bag, true);
        int64_t here = fill(b);
        if (here == -2 && bag.length == 0) return raw_free(bag.data), NONE;
        if (here <= 0) return bag_finish(&bag, here != -1);
        size_t take = n >= 0 && (size_t)here > (size_t)n - bag.length ? (size_t)n - bag.length : (size_t)here;
        if (!bag_add(&bag, b->data + b->read_at, take)) return bag_finish(&bag, false);
        b->read_at += take;
    }
}

static Value readline_locked(Buffered *b, int64_t limit) {
    Bag bag = {0};
    for (;;) {
        if (limit >= 0 && bag.length == (size_t)limit) return bag_finish(&bag, true);
        int64_t here = fill(b);
        if (here <= 0) return bag_finish(&bag, here != -1);
        size_t take =
            limit >= 0 && (size_t)here > (size_t)limit - bag.length ? (size_t)limit - bag.length : (size_t)here;
        unsigned char *from = b->data + b->read_at, *newline = memchr(from, '\n', take);
        if (newline) take = (size_t)(newline - from) + 1;
        if (newline && bag.length == 0) { /* a line that lies in the buffer */
            b->read_at += take;
            return bytes_from(from, take);
        }
        if (!bag_add(&bag, from, take)) return bag_finish(&bag, false);
        b->read_at += take;
        if (newline) return bag_finish(&bag, true);
    }
}

/* ---- entering and leaving a call ---- */

static bool enter(Buffered *b, const char *closed_message) {
    if (is_unset(b->raw)) return raise_value_error("raw stream has been detached"), false;
    if (b->closed) return raise_value_error("%s", closed_message), false;
    if (recursive_lock_acquire(&b->lock, LOCK_FOREVER) != LOCK_TAKEN) return false;
    if (b->lock.count == 1) return true;
    recursive_lock_release(&b->lock);
    return raise_runtime_error("reentrant call inside %R", from_object(b)), false;
}
static void leave(Buffered *b) { recursive_lock_release(&b->lock); }

bool buffered_write(Buffered *b, const void *data, size_t n) {
    if (!enter(b, "write to closed file")) return false;
    bool done = put(b, data, n);
    leave(b);
    return done;
}

bool buffered_flush(Buffered *b) {
    if (!enter(b, "flush of closed file")) return false;
    bool done = write_out(b);
    leave(b);
    return done;
}

Value buffered_read1(Buffered *b, size_t n) {
    if (!enter(b, "read of closed file")) return UNSET;
    int64_t here = fill(b);
    Value result = here == -2 ? NONE : UNSET;
    if (here >= 0) {
        size_t take = (size_t)here > n ? n : (size_t)here;
        result = bytes_from(b->data + b->read_at, take);
        b->read_at += take;
    }
    leave(b);
    return result;
}

Value buffered_read(Buffered *b, int64_t n) {
    if (!enter(b, "read of closed file")) return UNSET;
    Value result = read_locked(b, n);
    leave(b);
    return result;
}

/* ---- methods ---- */

static Value method_read(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    int64_t n;
    if (!b->readable) return raise_unsupported("read");
    if (!io_size_argument(args[1], &n)) return UNSET;
    if (n < -1) return raise_value_error("read length must be non-negative or -1");
    return buffered_read(b, n);
}

static Value method_read1(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    int64_t n;
    if (!b->readable) return raise_unsupported("read1");
    if (!io_size_argument(args[1], &n)) return UNSET;
    return buffered_read1(b, n < 0 ? b->capacity : (size_t)n);
}

static Value method_readinto(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    Buffer into;
    if (!b->readable) return raise_unsupported("readinto");
    if (!buffer_get(args[1], &into, true)) return UNSET;
    Value data = buffered_read(b, (int64_t)into.length);
    if (is_set(data) && bytes_is(data)) {
        memcpy(into.data, as_bytes(data)->data, as_bytes(data)->length);
        replace(&data, int_from_size(as_bytes(data)->length));
    }
    buffer_release(&into);
    return data;
}

static Value method_peek(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    if (!b->readable) return raise_unsupported("peek");
    if (!enter(b, "peek of closed file")) return UNSET;
    int64_t here = fill(b);
    Value result = here == -1 ? UNSET : bytes_from(b->data + b->read_at, here > 0 ? (size_t)here : 0);
    leave(b);
    return result;
}

static Value method_readline(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    int64_t limit;
    if (!b->readable) return raise_unsupported("readline");
    if (!io_size_argument(args[1], &limit) || !enter(b, "readline of closed file")) return UNSET;
    Value line = readline_locked(b, limit);
    leave(b);
    return line;
}

static Value next(Value self) {
    Value line = method_readline((Value[]){self, UNSET}, 2);
    if (is_set(line) && bytes_is(line) && as_bytes(line)->length == 0) clear(&line);
    return line;
}

static Value method_write(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    Buffer from;
    if (!b->writable) return raise_unsupported("write");
    if (str_is(args[1])) return raise_type_error("a bytes-like object is required, not 'str'");
    if (b->closed) return raise_value_error("write to closed file");
    if (!buffer_get(args[1], &from, false)) return UNSET;
    size_t n = from.length;
    bool done = buffered_write(b, from.data, n);
    buffer_release(&from);
    return done ? int_from_size(n) : UNSET;
}

static Value method_flush(const Value *args, size_t count) {
    return buffered_flush(as_buffered(args[0])) ? NONE : UNSET;
}

static Value method_seek(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    int64_t offset, whence = SEEK_SET, at = -1;
    if (!object_as_int64(args[1], &offset) || (is_set(args[2]) && !object_as_int64(args[2], &whence))) return UNSET;
    if (whence < 0 || whence > 2) return raise_value_error("whence value %lld unsupported", (long long)whence);
    if (!enter(b, "seek of closed file")) return UNSET;
    if (write_out(b)) {
        if (whence == SEEK_CUR) offset -= (int64_t)(b->read_end - b->read_at);
        b->read_at = b->read_end = 0;
        at = raw_seek(b, offset, (int)whence);
    }
    leave(b);
    return at < 0 ? UNSET : int_from_int64(at);
}

static Value method_tell(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    if (!enter(b, "tell of closed file")) return UNSET;
    int64_t at = raw_seek(b, 0, SEEK_CUR);
    leave(b);
    return at < 0 ? UNSET : int_from_int64(at - (int64_t)(b->read_end - b->read_at) + (int64_t)b->written);
}

static Value method_truncate(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    if (!b->writable) return raise_unsupported("truncate");
    if (!enter(b, "truncate of closed file")) return UNSET;
    Value name = str_intern_cstr("truncate"), result = UNSET;
    if (write_out(b) && drop_ahead(b)) result = call_method1(b->raw, name, is_set(args[1]) ? args[1] : NONE);
    release(name);
    leave(b);
    return result;
}

static Value method_close(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    if (is_unset(b->raw) || b->closed) return NONE;
    Value flush_error = UNSET;
    Value flushed = call_method0(args[0], names.flush);
    if (is_unset(flushed)) flush_error = error_take();
    release(flushed);
    b->closed = true;
    Value closed = call_method0(b->raw, names.close);
    if (is_unset(flush_error)) return closed;
    release(closed);
    error_clear();
    error_restore(flush_error);
    return UNSET;
}

static Value method_detach(const Value *args, size_t count) {
    Buffered *b = as_buffered(args[0]);
    Value flushed = call_method0(args[0], names.flush), raw = b->raw;
    if (is_unset(flushed)) return UNSET;
    b->raw = UNSET;
    return raw;
}

/* Asks the raw stream. */
static Value forward(Value self, const char *name) {
    Buffered *b = as_buffered(self);
    if (is_unset(b->raw)) return raise_value_error("raw stream has been detached");
    Value attribute = object_get_attribute_utf8(b->raw, name);
    if (is_unset(attribute) || !is_callable(attribute)) return attribute;
    Value result = call0(attribute);
    release(attribute);
    return result;
}
static Value method_fileno(const Value *args, size_t count) { return forward(args[0], "fileno"); }
static Value method_isatty(const Value *args, size_t count) { return forward(args[0], "isatty"); }
static Value method_seekable(const Value *args, size_t count) { return forward(args[0], "seekable"); }
static Value method_readable(const Value *args, size_t count) { return from_bool(as_buffered(args[0])->readable); }
static Value method_writable(const Value *args, size_t count) { return from_bool(as_buffered(args[0])->writable); }
static Value get_name(Value self) { return forward(self, "name"); }
static Value get_mode(Value self) { return forward(self, "mode"); }
static Value get_raw(Value self) { return is_set(as_buffered(self)->raw) ? retain(as_buffered(self)->raw) : NONE; }
static Value get_closed(Value self) { return as_buffered(self)->closed ? TRUE_VALUE : forward(self, "closed"); }

static Value repr(Value self) {
    Value name = UNSET;
    if (is_set(as_buffered(self)->raw) && object_find_attribute(self, names.name, &name) < 0) error_clear();
    Value text =
        is_set(name) ? str_format("<%s name=%R>", type_of(self)->name, name) : str_format("<%s>", type_of(self)->name);
    release(name);
    return text;
}

/* ---- life ---- */

static bool setup(Buffered *b, Value raw, size_t capacity) {
    unsigned char *data = raw_allocate(capacity);
    if (!data) return raise_memory_error(), false;
    raw_free(b->data);
    b->data = data;
    b->capacity = capacity;
    b->read_at = b->read_end = b->written = 0;
    b->closed = false;
    Type *type = b->head.type;
    b->readable = !type_is_subtype(type, &buffered_writer_type);
    b->writable = !type_is_subtype(type, &buffered_reader_type);
    replace(&b->raw, retain(raw));
    return true;
}

Value buffered_new(Type *type, Value raw, size_t capacity) {
    Value v = instance_new(type);
    if (is_set(v) && !setup(as_buffered(v), raw, capacity)) clear(&v);
    return v;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) { return instance_new(type); }

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[2];
    int64_t capacity = IO_BUFFER_SIZE;
    if (!native_bind(type_of(self)->name, "raw, buffer_size=8192", args, count, kwnames, in)) return false;
    if (is_set(in[1]) && !object_as_int64(in[1], &capacity)) return false;
    if (capacity <= 0) return raise_value_error("buffer size must be strictly positive"), false;
    return setup(as_buffered(self), in[0], (size_t)capacity);
}

static int traverse(Object *self, Visit visit, void *context) { return visit(((Buffered *)self)->raw, context); }

/* A forgotten writer still writes what it holds. */
static bool finalize(Object *self) {
    Buffered *b = (Buffered *)self;
    if (is_set(b->raw) && !b->closed) {
        Value pending = error_take(), closed = method_close((Value[]){from_object(self)}, 1);
        if (is_unset(closed)) error_clear();
        release(closed);
        if (is_set(pending)) error_restore(pending);
    }
    return true;
}

static void destroy(Object *self) {
    Buffered *b = (Buffered *)self;
    release(b->raw);
    raw_free(b->data);
    attrs_clear(self);
    object_free(self);
}

#define COMMON_METHODS                                                                      \
    METHOD("close", "", method_close, "Flush and close."),                                  \
    METHOD("detach", "", method_detach, "Separate the raw stream and return it."),          \
    METHOD("seek", "target, whence=0, /", method_seek, "Move to a position."),              \
    METHOD("tell", "", method_tell, "The current position."),                               \
    METHOD("truncate", "pos=None, /", method_truncate, "Set the size of the file."),        \
    METHOD("flush", "", method_flush, "Write out what waits."),                             \
    METHOD("fileno", "", method_fileno, "The descriptor."),                                 \
    METHOD("isatty", "", method_isatty, "Is it a terminal?"),                               \
    METHOD("readable", "", method_readable, "Can it be read?"),                             \
    METHOD("writable", "", method_writable, "Can it be written?"),                          \
    METHOD("seekable", "", method_seekable, "Can it be positioned?")
#define READ_METHODS                                                                        \
    METHOD("read", "size=-1, /", method_read, "Read up to size bytes, or all."),            \
    METHOD("read1", "size=-1, /", method_read1, "Read with at most one system call."),      \
    METHOD("readinto", "buffer, /", method_readinto, "Read into a buffer."),                \
    METHOD("readinto1", "buffer, /", method_readinto, "Read into a buffer."),               \
    METHOD("peek", "size=0, /", method_peek, "What is buffered, without moving on."),       \
    METHOD("readline", "size=-1, /", method_readline, "Read a line.")
#define WRITE_METHODS METHOD("write", "buffer, /", method_write, "Write bytes.")

static const NativeDef reader_methods[] = {COMMON_METHODS, READ_METHODS, NATIVE_END};
static const NativeDef writer_methods[] = {COMMON_METHODS, WRITE_METHODS, NATIVE_END};
static const NativeDef random_methods[] = {COMMON_METHODS, READ_METHODS, WRITE_METHODS, NATIVE_END};

static const MemberDef members[] = {
    {"name", get_name, NULL, "The name of the raw stream."},
    {"mode", get_mode, NULL, "The mode of the raw stream."},
    {"raw", get_raw, NULL, "The raw stream."},
    {"closed", get_closed, NULL, "True when closed."},
    {0},
};

#define BUFFERED_TYPE(type_name, method_table)                                                                         \
    {                                                                                                                  \
        TYPE_HEAD(type_name), .base = &buffered_base_type, .basic_size = sizeof(Buffered),                             \
                              .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK, .methods = method_table, .members = members,   \
                              .make = make, .init = init, .repr = repr, .next = next, .traverse = traverse,            \
                              .finalize = finalize, .destroy = destroy                                                 \
    }
Type buffered_reader_type = BUFFERED_TYPE("_io.BufferedReader", reader_methods);
Type buffered_writer_type = BUFFERED_TYPE("_io.BufferedWriter", writer_methods);
Type buffered_random_type = BUFFERED_TYPE("_io.BufferedRandom", random_methods);
