/* BytesIO and StringIO: streams in memory. */
#include "stdlib/io.h"

#include "runtime/types/str_units.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

/* ---- BytesIO ---- */

typedef struct BytesIO {
    Object head;
    unsigned char *data;
    size_t length, capacity, at, exports;
    bool closed;
} BytesIO;

static BytesIO *as_bytes_io(Value v) { return (BytesIO *)as_object(v); }

static BytesIO *open_bytes(Value v) {
    if (!as_bytes_io(v)->closed) return as_bytes_io(v);
    raise_value_error("I/O operation on closed file.");
    return NULL;
}

static bool bytes_resize(BytesIO *b, size_t length) {
    if (b->exports) return raise_error(&BufferError_type, "Existing exports of data: object cannot be re-sized"), false;
    if (length > b->capacity) {
        size_t capacity = length + length / 8 + 16;
        unsigned char *larger = raw_reallocate(b->data, capacity);
        if (!larger) return raise_memory_error(), false;
        b->data = larger;
        b->capacity = capacity;
    }
    if (length > b->length) memset(b->data + b->length, 0, length - b->length);
    b->length = length;
    return true;
}

static bool bytes_put(BytesIO *b, const void *data, size_t n) {
    if (n == 0) return true;
    if (b->at + n > b->length && !bytes_resize(b, b->at + n)) return false;
    memcpy(b->data + b->at, data, n);
    b->at += n;
    return true;
}

static size_t bytes_left(const BytesIO *b) { return b->at < b->length ? b->length - b->at : 0; }

static Value bytes_take(BytesIO *b, size_t n) {
    Value result = bytes_from(n ? (void *)(b->data + b->at) : (void *)"", n);
    if (is_set(result)) b->at += n;
    return result;
}

static Value bio_read(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    int64_t n;
    if (!b || !io_size_argument(args[1], &n)) return UNSET;
    return bytes_take(b, n < 0 || (size_t)n > bytes_left(b) ? bytes_left(b) : (size_t)n);
}

static Value bio_readline(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    int64_t limit;
    if (!b || !io_size_argument(args[1], &limit)) return UNSET;
    size_t n = bytes_left(b);
    if (limit >= 0 && (size_t)limit < n) n = (size_t)limit;
    unsigned char *newline = n ? memchr(b->data + b->at, '\n', n) : NULL;
    return bytes_take(b, newline ? (size_t)(newline - b->data) + 1 - b->at : n);
}

static Value bio_next(Value self) {
    Value line = bio_readline((Value[]){self, UNSET}, 2);
    if (is_set(line) && as_bytes(line)->length == 0) clear(&line);
    return line;
}

static Value bio_readinto(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    Buffer into;
    if (!b || !buffer_get(args[1], &into, true)) return UNSET;
    size_t n = into.length < bytes_left(b) ? into.length : bytes_left(b);
    if (n) memcpy(into.data, b->data + b->at, n);
    b->at += n;
    buffer_release(&into);
    return int_from_size(n);
}

static Value bio_write(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    Buffer from;
    if (!b || !buffer_get(args[1], &from, false)) return UNSET;
    size_t n = from.length;
    bool done = bytes_put(b, from.data, n);
    buffer_release(&from);
    return done ? int_from_size(n) : UNSET;
}

/* Position for seek(): base plus offset, never below 0. */
static bool new_position(const Value *args, size_t at, size_t length, size_t *out) {
    int64_t offset, whence = SEEK_SET;
    if (!object_as_int64(args[1], &offset) || (is_set(args[2]) && !object_as_int64(args[2], &whence))) return false;
    if (whence < 0 || whence > 2)
        return raise_value_error("invalid whence (%lld, should be 0, 1 or 2)", (long long)whence), false;
    if (whence == SEEK_SET && offset < 0)
        return raise_value_error("negative seek value %lld", (long long)offset), false;
    int64_t position = offset + (whence == SEEK_CUR ? (int64_t)at : whence == SEEK_END ? (int64_t)length : 0);
    *out = position < 0 ? 0 : (size_t)position;
    return true;
}

static Value bio_seek(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    if (!b || !new_position(args, b->at, b->length, &b->at)) return UNSET;
    return int_from_size(b->at);
}
static Value bio_tell(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    return b ? int_from_size(b->at) : UNSET;
}
static Value bio_truncate(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    if (!b) return UNSET;
    int64_t n = (int64_t)b->at;
    if (is_set(args[1]) && !is_none(args[1]) && !object_as_int64(args[1], &n)) return UNSET;
    if (n < 0) return raise_value_error("negative size value %lld", (long long)n);
    if ((size_t)n < b->length && !bytes_resize(b, (size_t)n)) return UNSET;
    return int_from_int64(n);
}
static Value bio_getvalue(const Value *args, size_t count) {
    BytesIO *b = open_bytes(args[0]);
    return b ? bytes_from(b->length ? (void *)b->data : (void *)"", b->length) : UNSET;
}
static Value bio_getbuffer(const Value *args, size_t count) {
    return open_bytes(args[0]) ? memoryview_new(args[0]) : UNSET;
}
static Value bio_close(const Value *args, size_t count) {
    BytesIO *b = as_bytes_io(args[0]);
    if (b->exports) return raise_error(&BufferError_type, "Existing exports of data: object cannot be re-sized");
    b->closed = true;
    raw_free(b->data);
    b->data = NULL;
    b->length = b->capacity = 0;
    return NONE;
}
static Value bio_true(const Value *args, size_t count) { return open_bytes(args[0]) ? TRUE_VALUE : UNSET; }
static Value bio_false(const Value *args, size_t count) { return open_bytes(args[0]) ? FALSE_VALUE : UNSET; }
static Value bio_flush(const Value *args, size_t count) { return open_bytes(args[0]) ? NONE : UNSET; }
static Value bio_closed(Value self) { return from_bool(as_bytes_io(self)->closed); }

static bool bio_get_buffer(Value self, Buffer *out, bool writable) {
    BytesIO *b = as_bytes_io(self);
    b->exports++;
    *out = (Buffer){b->data ? (void *)b->data : (void *)"", b->length, retain(self), false, "B", 1};
    return true;
}
static void bio_release_buffer(Value self, Buffer *buffer) { as_bytes_io(self)->exports--; }

static Value bio_make(Type *type, const Value *args, size_t count, Value kwnames) { return instance_new(type); }
static bool bio_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[1];
    Buffer from;
    BytesIO *b = as_bytes_io(self);
    if (!native_bind("BytesIO", "initial_bytes=b''", args, count, kwnames, in)) return false;
    b->at = b->length = 0;
    if (is_unset(in[0]) || is_none(in[0])) return true;
    if (!buffer_get(in[0], &from, false)) return false;
    bool done = bytes_put(b, from.data, from.length);
    buffer_release(&from);
    b->at = 0;
    return done;
}
static void bio_destroy(Object *self) {
    raw_free(((BytesIO *)self)->data);
    attrs_clear(self);
    object_free(self);
}

static const NativeDef bytes_methods[] = {
    METHOD("read", "size=-1, /", bio_read, "Read up to size bytes, or all."),
    METHOD("read1", "size=-1, /", bio_read, "Read up to size bytes, or all."),
    METHOD("readline", "size=-1, /", bio_readline, "Read a line."),
    METHOD("readinto", "buffer, /", bio_readinto, "Read into a buffer."),
    METHOD("readinto1", "buffer, /", bio_readinto, "Read into a buffer."),
    METHOD("write", "b, /", bio_write, "Write bytes."),
    METHOD("seek", "pos, whence=0, /", bio_seek, "Move to a position."),
    METHOD("tell", "", bio_tell, "The current position."),
    METHOD("truncate", "size=None, /", bio_truncate, "Cut off what is behind a position."),
    METHOD("getvalue", "", bio_getvalue, "Everything, as bytes."),
    METHOD("getbuffer", "", bio_getbuffer, "A view of everything."),
    METHOD("close", "", bio_close, "Free the memory."),
    METHOD("flush", "", bio_flush, "Does nothing."),
    METHOD("readable", "", bio_true, "True."),
    METHOD("writable", "", bio_true, "True."),
    METHOD("seekable", "", bio_true, "True."),
    METHOD("isatty", "", bio_false, "False."),
    NATIVE_END,
};
static const MemberDef bytes_members[] = {{"closed", bio_closed, NULL, "True when closed."}, {0}};

Type bytes_io_type = {
    TYPE_HEAD("_io.BytesIO"),
    .base = &buffered_base_type,
    .basic_size = sizeof(BytesIO),
    .flags = TYPE_BASE | TYPE_WEAK,
    .doc = "Buffered I/O implementation using an in-memory bytes buffer.",
    .methods = bytes_methods,
    .members = bytes_members,
    .make = bio_make,
    .init = bio_init,
    .next = bio_next,
    .get_buffer = bio_get_buffer,
    .release_buffer = bio_release_buffer,
    .destroy = bio_destroy,
};

/* ---- StringIO ---- */

typedef struct StringIO {
    Object head;
    uint32_t *data;
    size_t length, capacity, at; /* code points */
    bool closed;
    bool translate, universal;   /* newline=None; newline='' */
    uint8_t ending;              /* what a written \n becomes: 0 itself, 1 \r, 2 \r\n */
} StringIO;

static StringIO *as_string_io(Value v) { return (StringIO *)as_object(v); }

static StringIO *open_string(Value v) {
    if (!as_string_io(v)->closed) return as_string_io(v);
    raise_value_error("I/O operation on closed file");
    return NULL;
}

static bool string_reserve(StringIO *s, size_t n) {
    if (n <= s->capacity) return true;
    size_t capacity = n + n / 2 + 32;
    uint32_t *larger = capacity < SIZE_MAX / 4 ? raw_reallocate(s->data, capacity * sizeof *larger) : NULL;
    if (!larger) return raise_memory_error(), false;
    s->data = larger;
    s->capacity = capacity;
    return true;
}

static bool string_put(StringIO *s, Value text) {
    const Str *t = as_str(text);
    if (!string_reserve(s, s->at + t->length)) return false;
    if (s->at > s->length) memset(s->data + s->length, 0, (s->at - s->length) * sizeof *s->data);
    units_copy(s->data, 4, s->at, t->data, str_width(t), 0, t->length);
    s->at += t->length;
    if (s->at > s->length) s->length = s->at;
    return true;
}

static Value replaced(Value text, const char *old, const char *new_text) {
    Value from = str_from(old), to = str_from(new_text), result = str_replace(text, from, to, -1);
    release(from);
    release(to);
    release(text);
    return result;
}

static Value sio_write(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    if (!s) return UNSET;
    if (!str_is(args[1])) return raise_type_error("string argument expected, got '%T'", args[1]);
    Value text = retain(args[1]);
    const Str *t = as_str(text);
    if (s->translate && units_find(t->data, str_width(t), 0, t->length, '\r') >= 0) {
        text = replaced(text, "\r\n", "\n");
        if (is_set(text)) text = replaced(text, "\r", "\n");
    } else if (s->ending && !s->translate) {
        text = replaced(text, "\n", s->ending == 1 ? "\r" : "\r\n");
    }
    bool done = is_set(text) && string_put(s, text);
    release(text);
    return done ? int_from_size(str_length(args[1])) : UNSET;
}

static size_t string_left(const StringIO *s) { return s->at < s->length ? s->length - s->at : 0; }

static Value string_take(StringIO *s, size_t n) {
    Value result = str_from_ucs4(n ? s->data + s->at : NULL, n);
    if (is_set(result)) s->at += n;
    return result;
}

static Value sio_read(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    int64_t n;
    if (!s || !io_size_argument(args[1], &n)) return UNSET;
    return string_take(s, n < 0 || (size_t)n > string_left(s) ? string_left(s) : (size_t)n);
}

/* Length of the line that starts at the position, at most n. */
static size_t line_length(const StringIO *s, size_t n) {
    if (!s->ending && !s->universal) {
        const uint32_t *newline = n ? (const uint32_t *)wmemchr((const wchar_t *)(s->data + s->at), L'\n', n) : NULL;
        return newline ? (size_t)(newline - s->data) + 1 - s->at : n;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t c = s->data[s->at + i];
        bool crlf = c == '\r' && i + 1 < n && s->data[s->at + i + 1] == '\n';
        if (s->ending == 1   ? c == '\r'
            : s->ending == 2 ? (i > 0 && c == '\n' && s->data[s->at + i - 1] == '\r')
                             : c == '\n')
            return i + 1;
        if (s->universal && c == '\r') return i + 1 + crlf;
    }
    return n;
}

static Value sio_readline(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    int64_t limit;
    if (!s || !io_size_argument(args[1], &limit)) return UNSET;
    size_t n = string_left(s);
    if (limit >= 0 && (size_t)limit < n) n = (size_t)limit;
    return string_take(s, line_length(s, n));
}

static Value sio_next(Value self) {
    Value line = sio_readline((Value[]){self, UNSET}, 2);
    if (is_set(line) && str_length(line) == 0) clear(&line);
    return line;
}

static Value sio_seek(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    int64_t offset, whence = SEEK_SET;
    if (!s || !object_as_int64(args[1], &offset) || (is_set(args[2]) && !object_as_int64(args[2], &whence)))
        return UNSET;
    if (whence < 0 || whence > 2)
        return raise_value_error("Invalid whence (%lld, should be 0, 1 or 2)", (long long)whence);
    if (whence == SEEK_SET && offset < 0) return raise_value_error("Negative seek position %lld", (long long)offset);
    if (whence != SEEK_SET && offset != 0) return raise_error(&OSError_type, "Can't do nonzero cur-relative seeks");
    s->at = whence == SEEK_SET ? (size_t)offset : whence == SEEK_END ? s->length : s->at;
    return int_from_size(s->at);
}
static Value sio_tell(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    return s ? int_from_size(s->at) : UNSET;
}
static Value sio_truncate(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    if (!s) return UNSET;
    int64_t n = (int64_t)s->at;
    if (is_set(args[1]) && !is_none(args[1]) && !object_as_int64(args[1], &n)) return UNSET;
    if (n < 0) return raise_value_error("Negative size value %lld", (long long)n);
    if ((size_t)n < s->length) s->length = (size_t)n;
    return int_from_int64(n);
}
static Value sio_getvalue(const Value *args, size_t count) {
    StringIO *s = open_string(args[0]);
    return s ? str_from_ucs4(s->data, s->length) : UNSET;
}
static Value sio_close(const Value *args, size_t count) {
    StringIO *s = as_string_io(args[0]);
    s->closed = true;
    raw_free(s->data);
    s->data = NULL;
    s->length = s->capacity = 0;
    return NONE;
}
static Value sio_true(const Value *args, size_t count) { return open_string(args[0]) ? TRUE_VALUE : UNSET; }
static Value sio_false(const Value *args, size_t count) { return open_string(args[0]) ? FALSE_VALUE : UNSET; }
static Value sio_flush(const Value *args, size_t count) { return open_string(args[0]) ? NONE : UNSET; }
static Value sio_closed(Value self) { return from_bool(as_string_io(self)->closed); }
static Value sio_none(Value self) { return NONE; }
static Value sio_line_buffering(Value self) { return FALSE_VALUE; }

static Value sio_make(Type *type, const Value *args, size_t count, Value kwnames) { return instance_new(type); }
static bool sio_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[2];
    StringIO *s = as_string_io(self);
    if (!native_bind("StringIO", "initial_value='', newline='\\n'", args, count, kwnames, in)) return false;
    s->at = s->length = 0;
    s->closed = false;
    s->translate = is_set(in[1]) && is_none(in[1]);
    s->universal = is_set(in[1]) && str_is(in[1]) && str_length(in[1]) == 0;
    s->ending = is_set(in[1]) && str_is(in[1]) && str_equal_ascii(in[1], "\r") ? 1
                : is_set(in[1]) && str_is(in[1]) && str_equal_ascii(in[1], "\r\n") ? 2 : 0;
    if (is_unset(in[0]) || is_none(in[0])) return true;
    if (!str_is(in[0])) return raise_type_error("initial_value must be str or None, not %T", in[0]), false;
    Value written = sio_write((Value[]){self, in[0]}, 2);
    release(written);
    s->at = 0;
    return is_set(written);
}
static void sio_destroy(Object *self) {
    raw_free(((StringIO *)self)->data);
    attrs_clear(self);
    object_free(self);
}

static const NativeDef string_methods[] = {
    METHOD("read", "size=-1, /", sio_read, "Read up to size characters, or all."),
    METHOD("readline", "size=-1, /", sio_readline, "Read a line."),
    METHOD("write", "s, /", sio_write, "Write a string."),
    METHOD("seek", "pos, whence=0, /", sio_seek, "Move to a position."),
    METHOD("tell", "", sio_tell, "The current position."),
    METHOD("truncate", "pos=None, /", sio_truncate, "Cut off what is behind a position."),
    METHOD("getvalue", "", sio_getvalue, "Everything, as a string."),
    METHOD("close", "", sio_close, "Free the memory."),
    METHOD("flush", "", sio_flush, "Does nothing."),
    METHOD("readable", "", sio_true, "True."),
    METHOD("writable", "", sio_true, "True."),
    METHOD("seekable", "", sio_true, "True."),
    METHOD("isatty", "", sio_false, "False."),
    NATIVE_END,
};
static const MemberDef string_members[] = {
    {"closed", sio_closed, NULL, "True when closed."},
    {"encoding", sio_none, NULL, "None: it holds text."},
    {"errors", sio_none, NULL, "None."},
    {"newlines", sio_none, NULL, "None."},
    {"line_buffering", sio_line_buffering, NULL, "False."},
    {0},
};

Type string_io_type = {
    TYPE_HEAD("_io.StringIO"),
    .base = &text_base_type,
    .basic_size = sizeof(StringIO),
    .flags = TYPE_BASE | TYPE_WEAK,
    .doc = "Text I/O implementation using an in-memory buffer.",
    .methods = string_methods,
    .members = string_members,
    .make = sio_make,
    .init = sio_init,
    .next = sio_next,
    .destroy = sio_destroy,
};
