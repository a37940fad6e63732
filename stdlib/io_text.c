/* TextIOWrapper: text over a buffered stream of bytes.
 *
 * Writing collects encoded bytes in `pending` and hands them on when there are many, at a newline on a terminal, or
 * before reading.  Reading decodes chunks: `decoded` is the text of the chunk `raw_chunk`, `at` is how far the script
 * has read.  tell() counts the bytes of the part that was read by walking the chunk again.
 */
#include "stdlib/io.h"

#include "runtime/base/hostile.h"

#include <stdio.h>
#include <string.h>

typedef enum Codec { CODEC_UTF8, CODEC_ASCII, CODEC_LATIN1, CODEC_OTHER } Codec;
typedef enum Newlines { NEWLINES_UNIVERSAL, NEWLINES_KEPT, NEWLINES_LF, NEWLINES_CR, NEWLINES_CRLF } Newlines;

typedef struct TextWrapper {
    Object head;
    Value buffer, encoding, errors; /* errors: str */
    Value mode;                     /* set by open(), else UNSET */
    unsigned char *pending;
    size_t pending_length, pending_capacity;
    Value decoded, raw_chunk; /* str and bytes, or UNSET */
    size_t at;
    unsigned char left[8]; /* an unfinished sequence at the end of the last chunk, or a lone \r */
    uint8_t left_length, left_in_chunk;
    uint8_t codec, newlines;
    uint8_t seen; /* kinds of newline met: 1 \r, 2 \n, 4 \r\n */
    bool line_buffering, write_through, detached, at_end;
} TextWrapper;

enum { CHUNK = HOSTILE_OR(7, 8192), PENDING_LIMIT = HOSTILE_OR(16, 8192) };

static TextWrapper *as_text(Value v) { return (TextWrapper *)as_object(v); }

/* ---- writing ---- */

static bool hand_on(TextWrapper *t) {
    size_t n = t->pending_length;
    if (n == 0) return true;
    t->pending_length = 0;
    if (buffered_is(t->buffer)) return buffered_write((Buffered *)as_object(t->buffer), t->pending, n);
    Value bytes = bytes_from(t->pending, n),
          result = is_set(bytes) ? call_method1(t->buffer, names.write, bytes) : UNSET;
    release(bytes);
    release(result);
    return is_set(result);
}

static bool flush_buffer(TextWrapper *t) {
    Value result = call_method0(t->buffer, names.flush);
    release(result);
    return is_set(result);
}

static bool add_pending(TextWrapper *t, const void *data, size_t n) {
    if (n == 0) return true;
    if (n > t->pending_capacity - t->pending_length) {
        if (!hand_on(t)) return false;
        size_t capacity = n > PENDING_LIMIT ? n : PENDING_LIMIT;
        if (capacity > t->pending_capacity) {
            unsigned char *larger = raw_reallocate(t->pending, capacity);
            if (!larger) return raise_memory_error(), false;
            t->pending = larger;
            t->pending_capacity = capacity;
        }
    }
    memcpy(t->pending + t->pending_length, data, n);
    t->pending_length += n;
    return true;
}

static bool add_encoded(TextWrapper *t, Value text) {
    size_t n;
    if (str_is_ascii(as_str(text)) && t->codec != CODEC_OTHER)
        return add_pending(t, as_str(text)->data, str_length(text));
    Value bytes = str_encode(text, str_utf8(t->encoding, &n), str_utf8(t->errors, &n));
    bool done = is_set(bytes) && add_pending(t, as_bytes(bytes)->data, as_bytes(bytes)->length);
    release(bytes);
    return done;
}

static bool has_newline(Value text) {
    Value newline = str_from_code_point('\n');
    bool has = str_contains(text, newline);
    release(newline);
    return has;
}

/* \n becomes what the stream was opened with. */
static Value translated(TextWrapper *t, Value text) {
    const char *end = t->newlines == NEWLINES_CR ? "\r" : t->newlines == NEWLINES_CRLF ? "\r\n" : NULL;
    if (!end || !has_newline(text)) return retain(text);
    Value newline = str_from_code_point('\n'), other = str_from(end), result = UNSET;
    if (is_set(other)) result = str_replace(text, newline, other, -1);
    release(newline);
    release(other);
    return result;
}

static bool forget_ahead(TextWrapper *t);

static bool usable(TextWrapper *t) {
    if (t->detached) return raise_value_error("underlying buffer has been detached"), false;
    int closed = buffered_is(t->buffer) ? ((Buffered *)as_object(t->buffer))->closed : io_is_closed(t->buffer);
    if (closed > 0) raise_value_error("I/O operation on closed file.");
    return closed == 0;
}

static Value text_write(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    if (!str_is(args[1])) return raise_type_error("write() argument must be str, not %T", args[1]);
    if (!usable(t)) return UNSET;
    if (buffered_is(t->buffer) && !((Buffered *)as_object(t->buffer))->writable)
        return raise_unsupported("not writable");
    if (is_set(t->decoded) && !forget_ahead(t)) return UNSET;
    size_t length = str_length(args[1]);
    Value text = translated(t, args[1]);
    bool done = is_set(text) && add_encoded(t, text);
    if (done && t->line_buffering && has_newline(args[1])) done = hand_on(t) && flush_buffer(t);
    else if (done && t->write_through) done = hand_on(t) && flush_buffer(t);
    release(text);
    return done ? int_from_size(length) : UNSET;
}

static Value text_flush(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    return usable(t) && hand_on(t) && flush_buffer(t) ? NONE : UNSET;
}

/* ---- reading ---- */

/* Length of the longest prefix that ends between characters of UTF-8. */
static size_t whole_utf8(const unsigned char *s, size_t n) {
    size_t back = 0;
    while (back < 3 && back < n && (s[n - 1 - back] & 0xC0) == 0x80) back++;
    if (back >= n) return n;
    unsigned char lead = s[n - 1 - back];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return need > back + 1 && need <= 4 && lead < 0xF8 ? n - 1 - back : n;
}

static Value universal(TextWrapper *t, Value text) {
    Value cr = str_from_code_point('\r'), lf = str_from_code_point('\n'), crlf = UNSET, step = UNSET, result = UNSET;
    if (!str_contains(text, cr)) {
        if (str_contains(text, lf)) t->seen |= 2;
        result = retain(text);
    } else {
        crlf = str_from("\r\n");
        if (is_set(crlf)) {
            if (str_contains(text, crlf)) t->seen |= 4;
            step = str_replace(text, crlf, lf, -1);
        }
        if (is_set(step)) {
            if (str_contains(step, cr)) t->seen |= 1;
            result = str_replace(step, cr, lf, -1);
        }
    }
    release(cr);
    release(lf);
    release(crlf);
    release(step);
    return result;
}

static Value decode_bytes(TextWrapper *t, const unsigned char *data, size_t n) {
    Value text = str_decode(data, n, str_utf8(t->encoding, NULL), str_utf8(t->errors, NULL));
    if (is_unset(text) || t->newlines != NEWLINES_UNIVERSAL) return text;
    Value result = universal(t, text);
    release(text);
    return result;
}

static Value read_buffer(TextWrapper *t, size_t n) {
    if (buffered_is(t->buffer)) {
        if (!((Buffered *)as_object(t->buffer))->readable) return raise_unsupported("not readable");
        return buffered_read1((Buffered *)as_object(t->buffer), n);
    }
    Value name = str_intern_cstr("read1"), method = UNSET;
    int has = object_find_attribute(t->buffer, name, &method);
    release(name);
    if (has < 0) return UNSET;
    if (!has && is_unset(method = object_get_attribute(t->buffer, names.read))) return UNSET;
    Value data = call1(method, int_from_size(n));
    release(method);
    return data;
}

/* Bytes of one more chunk (or of all that is left, n 0), behind what was left over. */
static Value more_bytes(TextWrapper *t, bool all) {
    Value data;
    if (all || t->codec == CODEC_OTHER) {
        data = buffered_is(t->buffer) && ((Buffered *)as_object(t->buffer))->readable
                   ? buffered_read((Buffered *)as_object(t->buffer), -1)
                   : buffered_is(t->buffer) ? raise_unsupported("not readable") : call_method0(t->buffer, names.read);
        t->at_end = true;
    } else {
        data = read_buffer(t, CHUNK);
    }
    if (is_unset(data)) return UNSET;
    if (is_none(data)) return bytes_from("", 0);
    if (!bytes_is(data)) {
        raise_type_error("underlying read() should have returned a bytes-like object, not '%T'", data);
        release(data);
        return UNSET;
    }
    if (as_bytes(data)->length == 0) t->at_end = true;
    if (t->left_length == 0) return data;
    Value left = bytes_from(t->left, t->left_length), joined = is_set(left) ? bytes_concat(left, data) : UNSET;
    release(left);
    release(data);
    t->left_length = 0;
    return joined;
}

/* Keeps back what cannot be decoded yet: an unfinished character, or a \r whose \n may follow. */
static size_t hold_back(TextWrapper *t, const unsigned char *data, size_t n) {
    if (t->at_end) return n;
    size_t whole = t->codec == CODEC_UTF8 ? whole_utf8(data, n) : n;
    if (t->newlines != NEWLINES_LF && whole == n && n > 0 && data[n - 1] == '\r') whole--;
    t->left_length = (uint8_t)(n - whole);
    memcpy(t->left, data + whole, n - whole);
    return whole;
}

/* Reads and decodes the next chunk behind what is unread.  1: there is more text, 0: the end, -1: failed. */
static int more_text(TextWrapper *t, bool all) {
    if (t->at_end && t->left_length == 0) return 0;
    if (!hand_on(t)) return -1;
    Value data = more_bytes(t, all);
    if (is_unset(data)) return -1;
    size_t n = hold_back(t, as_bytes(data)->data, as_bytes(data)->length);
    Value text = decode_bytes(t, as_bytes(data)->data, n);
    if (is_unset(text)) {
        release(data);
        return -1;
    }
    bool any = str_length(text) > 0 || !t->at_end;
    if (is_set(t->decoded) && t->at < str_length(t->decoded)) {
        Value rest = str_slice(t->decoded, t->at, str_length(t->decoded)),
              joined = is_set(rest) ? str_concat(rest, text) : UNSET;
        Value old = is_set(t->raw_chunk) ? bytes_concat(t->raw_chunk, data) : UNSET;
        release(rest);
        release(text);
        release(data);
        if (is_unset(joined)) return -1;
        error_clear();
        text = joined;
        data = old;
        clear(&data); /* tell() is not exact inside a line that spans chunks: it recounts from the text */
    }
    replace(&t->decoded, text);
    replace(&t->raw_chunk, data);
    t->left_in_chunk = t->left_length;
    t->at = 0;
    return any;
}

static size_t available(const TextWrapper *t) { return is_set(t->decoded) ? str_length(t->decoded) - t->at : 0; }

static Value take(TextWrapper *t, size_t n) {
    if (is_unset(t->decoded)) return retain(names.empty);
    Value text = str_slice(t->decoded, t->at, t->at + n);
    if (is_set(text)) t->at += n;
    return text;
}

/* Index behind the end of the first line in [from, length) of s, or -1. */
static int64_t line_end(const TextWrapper *t, const Str *s, size_t from) {
    if ((t->newlines == NEWLINES_UNIVERSAL || t->newlines == NEWLINES_LF) && str_width(s) == 1) {
        const unsigned char *found = memchr(s->data + from, '\n', s->length - from);
        return found ? found - s->data + 1 : -1;
    }
    for (size_t i = from; i < s->length; i++) {
        uint32_t c = str_at(s, i);
        bool crlf = c == '\r' && i + 1 < s->length && str_at(s, i + 1) == '\n';
        switch (t->newlines) {
        case NEWLINES_KEPT:
            if (c == '\n' || c == '\r') return (int64_t)i + 1 + crlf;
            break;
        case NEWLINES_CR:
            if (c == '\r') return (int64_t)i + 1;
            break;
        case NEWLINES_CRLF:
            if (crlf) return (int64_t)i + 2;
            break;
        default:
            if (c == '\n') return (int64_t)i + 1;
        }
    }
    return -1;
}

static Value read_line(TextWrapper *t, int64_t limit) {
    size_t searched = 0;
    for (;;) {
        int64_t end = available(t) > searched ? line_end(t, as_str(t->decoded), t->at + searched) : -1;
        size_t length = end >= 0 ? (size_t)end - t->at : available(t);
        if (limit >= 0 && length >= (size_t)limit) return take(t, (size_t)limit);
        if (end >= 0) return take(t, length);
        searched = length && t->newlines != NEWLINES_CRLF ? length : length ? length - 1 : 0;
        int more = more_text(t, false);
        if (more < 0) return UNSET;
        if (more == 0) return take(t, available(t));
    }
}

static Value text_read(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    int64_t n;
    if (!io_size_argument(args[1], &n) || !usable(t)) return UNSET;
    while (n < 0 || available(t) < (size_t)n) {
        int more = more_text(t, n < 0);
        if (more < 0) return UNSET;
        if (more == 0) break;
    }
    return take(t, n < 0 || available(t) < (size_t)n ? available(t) : (size_t)n);
}

static Value text_readline(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    int64_t limit;
    if (!io_size_argument(args[1], &limit) || !usable(t)) return UNSET;
    return read_line(t, limit);
}

static Value next(Value self) {
    TextWrapper *t = as_text(self);
    if (!usable(t)) return UNSET;
    Value line = read_line(t, -1);
    if (is_set(line) && str_length(line) == 0) clear(&line);
    return line;
}

/* ---- position ---- */

static size_t bytes_of_char(const TextWrapper *t, unsigned char lead) {
    if (t->codec != CODEC_UTF8) return 1;
    return lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
}

/* How many bytes of the chunk the script has read. */
static size_t bytes_read(const TextWrapper *t) {
    const Bytes *chunk = as_bytes(t->raw_chunk);
    size_t i = 0;
    for (size_t n = 0; n < t->at && i < chunk->length; n++) {
        bool crlf = t->newlines == NEWLINES_UNIVERSAL && chunk->data[i] == '\r' && i + 1 < chunk->length &&
                    chunk->data[i + 1] == '\n';
        i += crlf ? 2 : bytes_of_char(t, chunk->data[i]);
    }
    return i;
}

static int64_t buffer_position(TextWrapper *t) {
    Value name = str_intern_cstr("tell"), result = call_method0(t->buffer, name);
    release(name);
    int64_t at = -1;
    if (is_set(result) && !object_as_int64(result, &at)) at = -1;
    release(result);
    return at;
}

static bool unread_bytes(const TextWrapper *t, size_t *out) {
    *out = t->left_length;
    if (available(t) == 0) return true;
    if (t->codec == CODEC_OTHER) return raise_error(&OSError_type, "can't reconstruct logical file position"), false;
    if (is_set(t->raw_chunk)) {
        *out = as_bytes(t->raw_chunk)->length - bytes_read(t);
        return true;
    }
    Value rest = str_slice(t->decoded, t->at, str_length(t->decoded));
    Value bytes = is_set(rest) ? str_encode(rest, str_utf8(t->encoding, NULL), "surrogatepass") : UNSET;
    release(rest);
    if (is_unset(bytes)) return false;
    *out += as_bytes(bytes)->length;
    release(bytes);
    return true;
}

static Value text_tell(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    size_t ahead;
    if (!usable(t) || !hand_on(t)) return UNSET;
    int64_t at = buffer_position(t);
    if (at < 0 || !unread_bytes(t, &ahead)) return UNSET;
    return int_from_int64(at - (int64_t)ahead);
}

static void drop_decoded(TextWrapper *t) {
    clear(&t->decoded);
    clear(&t->raw_chunk);
    t->at = 0;
    t->left_length = 0;
    t->at_end = false;
}

static Value seek_buffer(TextWrapper *t, int64_t offset, int whence) {
    Value name = str_intern_cstr("seek");
    Value result = call_method2(t->buffer, name, int_from_int64(offset), from_small_int(whence));
    release(name);
    if (is_set(result)) drop_decoded(t);
    return result;
}

/* Before writing: the position becomes the one that the script sees. */
static bool forget_ahead(TextWrapper *t) {
    size_t ahead;
    if (available(t) == 0 && t->left_length == 0) return drop_decoded(t), true;
    int64_t at = buffer_position(t);
    if (at < 0 || !unread_bytes(t, &ahead)) return false;
    Value result = seek_buffer(t, at - (int64_t)ahead, SEEK_SET);
    release(result);
    return is_set(result);
}

static Value text_seek(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    int64_t offset, whence = SEEK_SET;
    if (!usable(t) || !object_as_int64(args[1], &offset) || (is_set(args[2]) && !object_as_int64(args[2], &whence)))
        return UNSET;
    if (whence == SEEK_CUR && offset != 0) return raise_unsupported("can't do nonzero cur-relative seeks");
    if (whence == SEEK_END && offset != 0) return raise_unsupported("can't do nonzero end-relative seeks");
    if (whence < 0 || whence > 2)
        return raise_value_error("invalid whence (%lld, should be 0, 1 or 2)", (long long)whence);
    if (whence == SEEK_SET && offset < 0) return raise_value_error("negative seek position %lld", (long long)offset);
    if (!hand_on(t)) return UNSET;
    if (whence == SEEK_CUR && !forget_ahead(t)) return UNSET;
    return seek_buffer(t, offset, (int)whence);
}

static Value text_truncate(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    if (!usable(t) || !hand_on(t) || !flush_buffer(t) || !forget_ahead(t)) return UNSET;
    Value name = str_intern_cstr("truncate"), result = call_method1(t->buffer, name, is_set(args[1]) ? args[1] : NONE);
    release(name);
    return result;
}

/* ---- the rest ---- */

static Value text_close(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    if (t->detached) return raise_value_error("underlying buffer has been detached");
    int closed = io_is_closed(t->buffer);
    if (closed) return closed < 0 ? UNSET : NONE;
    Value flushed = call_method0(args[0], names.flush), failure = is_unset(flushed) ? error_take() : UNSET;
    release(flushed);
    Value result = call_method0(t->buffer, names.close);
    if (is_unset(failure)) return result;
    release(result);
    error_clear();
    error_restore(failure);
    return UNSET;
}

static Value text_detach(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    Value flushed = call_method0(args[0], names.flush);
    if (is_unset(flushed)) return UNSET;
    t->detached = true;
    return retain(t->buffer);
}

static Value forward(Value self, const char *name) {
    TextWrapper *t = as_text(self);
    if (t->detached) return raise_value_error("underlying buffer has been detached");
    Value attribute = object_get_attribute_utf8(t->buffer, name);
    if (is_unset(attribute) || !is_callable(attribute)) return attribute;
    Value result = call0(attribute);
    release(attribute);
    return result;
}
static Value text_fileno(const Value *args, size_t count) { return forward(args[0], "fileno"); }
static Value text_isatty(const Value *args, size_t count) { return forward(args[0], "isatty"); }
static Value text_seekable(const Value *args, size_t count) { return forward(args[0], "seekable"); }
static Value text_readable(const Value *args, size_t count) { return forward(args[0], "readable"); }
static Value text_writable(const Value *args, size_t count) { return forward(args[0], "writable"); }
static Value get_name(Value self) { return forward(self, "name"); }
static Value get_closed(Value self) { return forward(self, "closed"); }
static Value get_buffer(Value self) { return retain(as_text(self)->buffer); }
static Value get_encoding(Value self) { return retain(as_text(self)->encoding); }
static Value get_errors(Value self) { return retain(as_text(self)->errors); }
static Value get_line_buffering(Value self) { return from_bool(as_text(self)->line_buffering); }
static Value get_write_through(Value self) { return from_bool(as_text(self)->write_through); }
static Value get_mode(Value self) {
    if (is_set(as_text(self)->mode)) return retain(as_text(self)->mode);
    Value name = str_intern_cstr("mode");
    raise_attribute_error(self, name);
    release(name);
    return UNSET;
}
static bool set_mode(Value self, Value mode) { return replace(&as_text(self)->mode, retain(mode)), true; }

static Value get_newlines(Value self) {
    static const char *const texts[] = {"\r", "\n", "\r\n"};
    uint8_t seen = as_text(self)->seen;
    Value kinds[3];
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        if (seen & 1 << i) kinds[n++] = str_from(texts[i]);
    if (n == 0) return NONE;
    return n == 1 ? kinds[0] : tuple_steal(kinds, n);
}

static Value repr(Value self) {
    TextWrapper *t = as_text(self);
    Value name = UNSET;
    if (is_set(t->buffer) && object_find_attribute(t->buffer, names.name, &name) < 0) error_clear();
    Value part = is_set(name) ? str_format(" name=%R", name) : retain(names.empty);
    Value mode = is_set(t->mode) ? str_format(" mode=%R", t->mode) : retain(names.empty);
    Value text = is_set(part) && is_set(mode)
                     ? str_format("<_io.TextIOWrapper%U%U encoding=%R>", part, mode, t->encoding)
                     : UNSET;
    release(name);
    release(part);
    release(mode);
    return text;
}

/* ---- life ---- */

static Codec codec_of(Value encoding) {
    char name[32] = "";
    const char *text = str_utf8(encoding, NULL);
    for (size_t i = 0, n = 0; text[i] && n < sizeof name - 1; i++)
        if (text[i] != '-' && text[i] != '_') name[n++] = (char)(text[i] | 0x20);
    if (strcmp(name, "utf8") == 0) return CODEC_UTF8;
    if (strcmp(name, "ascii") == 0 || strcmp(name, "usascii") == 0) return CODEC_ASCII;
    if (strcmp(name, "latin1") == 0 || strcmp(name, "iso88591") == 0) return CODEC_LATIN1;
    return CODEC_OTHER;
}

static bool choose_newlines(TextWrapper *t, Value newline) {
    static const struct {
        const char *text;
        Newlines kind;
    } kinds[] = {{"", NEWLINES_KEPT}, {"\n", NEWLINES_LF}, {"\r", NEWLINES_CR}, {"\r\n", NEWLINES_CRLF}};
    t->newlines = NEWLINES_UNIVERSAL;
    if (is_unset(newline) || is_none(newline)) return true;
    if (!str_is(newline))
        return raise_type_error("open() argument 'newline' must be str or None, not %T", newline), false;
    for (int i = 0; i < 4; i++) {
        if (!str_equal_ascii(newline, kinds[i].text)) continue;
        t->newlines = kinds[i].kind;
        return true;
    }
    return raise_value_error("illegal newline value: %S", newline), false;
}

static bool setup(TextWrapper *t, Value buffer, Value encoding, Value errors, Value newline) {
    if (!choose_newlines(t, newline)) return false;
    bool named = is_set(encoding) && !is_none(encoding) && !str_equal_ascii(encoding, "locale");
    replace(&t->encoding, named ? retain(encoding) : str_from("UTF-8"));
    replace(&t->errors, is_set(errors) && !is_none(errors) ? retain(errors) : str_from("strict"));
    if (!str_utf8(t->encoding, NULL) || !str_utf8(t->errors, NULL)) return false;
    Value probe = str_encode(names.empty, str_utf8(t->encoding, NULL), "strict"); /* LookupError: unknown encoding */
    if (is_unset(probe)) return false;
    release(probe);
    t->codec = (uint8_t)codec_of(t->encoding);
    replace(&t->buffer, retain(buffer));
    return true;
}

Value text_wrapper_new(Value buffer, Value encoding, Value errors, Value newline, bool line_buffering,
                       bool write_through) {
    Value v = instance_new(&text_wrapper_type);
    if (is_unset(v)) return UNSET;
    TextWrapper *t = as_text(v);
    t->line_buffering = line_buffering;
    t->write_through = write_through;
    if (setup(t, buffer, encoding, errors, newline)) return v;
    release(v);
    return UNSET;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) { return instance_new(type); }

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[6];
    if (!native_bind("TextIOWrapper",
                     "buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False",
                     args, count, kwnames, in))
        return false;
    TextWrapper *t = as_text(self);
    t->line_buffering = is_set(in[4]) && object_truth(in[4]) > 0;
    t->write_through = is_set(in[5]) && object_truth(in[5]) > 0;
    return setup(t, in[0], in[1], in[2], in[3]);
}

static Value text_reconfigure(const Value *args, size_t count) {
    TextWrapper *t = as_text(args[0]);
    if (!usable(t) || !hand_on(t) || !flush_buffer(t)) return UNSET;
    if (is_set(args[4]) && !is_none(args[4])) t->line_buffering = object_truth(args[4]) > 0;
    if (is_set(args[5]) && !is_none(args[5])) t->write_through = object_truth(args[5]) > 0;
    uint8_t newlines = t->newlines;
    Value encoding = is_set(args[1]) && !is_none(args[1]) ? args[1] : t->encoding;
    Value errors = is_set(args[2]) && !is_none(args[2]) ? args[2] : t->errors, buffer = retain(t->buffer);
    bool done = setup(t, buffer, encoding, errors, args[3]);
    if (is_unset(args[3])) t->newlines = newlines;
    release(buffer);
    return done ? NONE : UNSET;
}

static int traverse(Object *self, Visit visit, void *context) {
    TextWrapper *t = (TextWrapper *)self;
    int stop = visit(t->buffer, context);
    return stop ? stop : attrs_traverse(self, visit, context);
}

static bool finalize(Object *self) {
    TextWrapper *t = (TextWrapper *)self;
    if (is_unset(t->buffer) || t->detached) return true;
    Value pending = error_take(), closed = text_close((Value[]){from_object(self)}, 1);
    if (is_unset(closed)) error_clear();
    release(closed);
    if (is_set(pending)) error_restore(pending);
    return true;
}

static void destroy(Object *self) {
    TextWrapper *t = (TextWrapper *)self;
    Value owned[] = {t->buffer, t->encoding, t->errors, t->mode, t->decoded, t->raw_chunk};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) release(owned[i]);
    raw_free(t->pending);
    attrs_clear(self);
    object_free(self);
}

static const NativeDef methods[] = {
    METHOD("write", "text, /", text_write, "Write a string; returns its length."),
    METHOD("read", "size=-1, /", text_read, "Read up to size characters, or all."),
    METHOD("readline", "size=-1, /", text_readline, "Read a line."),
    METHOD("flush", "", text_flush, "Write out what waits."),
    METHOD("close", "", text_close, "Flush and close."),
    METHOD("detach", "", text_detach, "Separate the buffer and return it."),
    METHOD("seek", "cookie, whence=0, /", text_seek, "Move to a position that tell() gave."),
    METHOD("tell", "", text_tell, "The current position."),
    METHOD("truncate", "pos=None, /", text_truncate, "Set the size of the file."),
    METHOD("fileno", "", text_fileno, "The descriptor."),
    METHOD("isatty", "", text_isatty, "Is it a terminal?"),
    METHOD("readable", "", text_readable, "Can it be read?"),
    METHOD("writable", "", text_writable, "Can it be written?"),
    METHOD("seekable", "", text_seekable, "Can it be positioned?"),
    METHOD("reconfigure", "*, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None",
           text_reconfigure, "Change how text is read and written."),
    NATIVE_END,
};

static const MemberDef members[] = {
    {"name", get_name, NULL, "The name of the buffer."},
    {"mode", get_mode, set_mode, "The mode."},
    {"closed", get_closed, NULL, "True when closed."},
    {"buffer", get_buffer, NULL, "The stream of bytes."},
    {"encoding", get_encoding, NULL, "The encoding."},
    {"errors", get_errors, NULL, "The error handler."},
    {"newlines", get_newlines, NULL, "The newlines met so far."},
    {"line_buffering", get_line_buffering, NULL, "Is each line flushed?"},
    {"write_through", get_write_through, NULL, "Is every write flushed?"},
    {0},
};

Type text_wrapper_type = {
    TYPE_HEAD("_io.TextIOWrapper"),
    .base = &text_base_type,
    .basic_size = sizeof(TextWrapper),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "Text over a buffered stream.",
    .methods = methods,
    .members = members,
    .make = make,
    .init = init,
    .repr = repr,
    .next = next,
    .traverse = traverse,
    .finalize = finalize,
    .destroy = destroy,
};
