/* UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError. */
#include "runtime/types/bytes.h"
#include "runtime/types/buffer.h"
#include "runtime/types/error.h"
#include "runtime/types/exception_kinds.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"

#include <stdio.h>

static bool check_argument(Value self, size_t i, Value v, bool fits, const char *wanted) {
    if (fits) return true;
    raise_type_error("argument %d must be %s, not %T", (int)i + 1, wanted, v);
    return false;
}

/* Fields encoding, object, start, end, reason from arguments that start with field `first`. */
static bool take(Value self, const Value *args, size_t count, size_t first, bool decode) {
    size_t wanted = EXTRA_REASON + 1 - first;
    if (count != wanted)
        return raise_type_error("function takes exactly %zu arguments (%zu given)", wanted, count), false;
    for (size_t i = 0; i < count; i++) {
        size_t field = first + i;
        Value v = args[i];
        bool ok;
        if (field == EXTRA_START || field == EXTRA_END) {
            if (!int_is(v)) return raise_type_error("'%T' object cannot be interpreted as an integer", v), false;
            ok = true;
        } else if (field == EXTRA_UNICODE_OBJECT && decode) {
            if (!buffer_supported(v)) return raise_type_error("a bytes-like object is required, not '%T'", v), false;
            ok = true;
        } else {
            ok = check_argument(self, i, v, str_is(v), "str");
        }
        if (!ok) return false;
        exception_set_extra(self, field, v);
    }
    return true;
}

static Value bytes_of(Value v) {
    if (bytes_is(v)) return retain(v);
    Buffer buffer;
    if (!buffer_get(v, &buffer, false)) return UNSET;
    Value copy = bytes_from(buffer.data, buffer.length);
    buffer_release(&buffer);
    return copy;
}

#define ARGUMENTS Value self, const Value *args, size_t count, Value kwnames

static bool encode_init(ARGUMENTS) {
    return exception_init(self, args, count, kwnames) && take(self, args, count, EXTRA_ENCODING, false);
}
static bool translate_init(ARGUMENTS) {
    return exception_init(self, args, count, kwnames) && take(self, args, count, EXTRA_UNICODE_OBJECT, false);
}
static bool decode_init(ARGUMENTS) {
    if (!exception_init(self, args, count, kwnames) || !take(self, args, count, EXTRA_ENCODING, true)) return false;
    Value copy = bytes_of(args[1]);
    if (is_unset(copy)) return false;
    replace(&as_exception(self)->extra[EXTRA_UNICODE_OBJECT], copy);
    return true;
}

typedef struct Span {
    int64_t start, end; /* clipped to the object */
} Span;

static bool span_of(Value self, size_t length, Span *out) {
    const Value *x = as_exception(self)->extra;
    if (is_unset(x[EXTRA_UNICODE_OBJECT]) || is_unset(x[EXTRA_REASON]) ||
        !int_fits_int64(x[EXTRA_START], &out->start) || !int_fits_int64(x[EXTRA_END], &out->end))
        return false;
    int64_t n = (int64_t)length;
    if (out->start < 0) out->start = 0;
    if (out->start >= n) out->start = n ? n - 1 : 0;
    if (out->end < 1) out->end = 1;
    if (out->end > n) out->end = n;
    return true;
}

static void escape(uint32_t c, char out[16]) {
    snprintf(out, 16, c <= 0xFF ? "\\x%02x" : c <= 0xFFFF ? "\\u%04x" : "\\U%08x", (unsigned)c);
}

static Value text_error_str(Value self, bool translate) {
    const Value *x = as_exception(self)->extra;
    Span s;
    if (is_unset(x[EXTRA_UNICODE_OBJECT])) return str_from("");
    if (!span_of(self, str_length(x[EXTRA_UNICODE_OBJECT]), &s)) return str_from("");
    bool one = s.end == s.start + 1 && (size_t)s.start < str_length(x[EXTRA_UNICODE_OBJECT]);
    char c[16];
    if (one) escape(str_at(as_str(x[EXTRA_UNICODE_OBJECT]), (size_t)s.start), c);
    long long start = s.start, last = s.end - 1;
    if (translate && one)
        return str_format("can't translate character '%s' in position %lld: %S", c, start, x[EXTRA_REASON]);
    if (translate)
        return str_format("can't translate characters in position %lld-%lld: %S", start, last, x[EXTRA_REASON]);
    if (one)
        return str_format("'%S' codec can't encode character '%s' in position %lld: %S", x[EXTRA_ENCODING], c, start,
                          x[EXTRA_REASON]);
    return str_format("'%S' codec can't encode characters in position %lld-%lld: %S", x[EXTRA_ENCODING], start, last,
                      x[EXTRA_REASON]);
}

static Value encode_str(Value self) { return text_error_str(self, false); }
static Value translate_str(Value self) { return text_error_str(self, true); }

static Value decode_str(Value self) {
    const Value *x = as_exception(self)->extra;
    Span s;
    if (is_unset(x[EXTRA_UNICODE_OBJECT]) || !span_of(self, as_bytes(x[EXTRA_UNICODE_OBJECT])->length, &s))
        return str_from("");
    const Bytes *data = as_bytes(x[EXTRA_UNICODE_OBJECT]);
    if (s.end == s.start + 1 && (size_t)s.start < data->length) {
        char byte[8];
        snprintf(byte, sizeof byte, "%02x", data->data[s.start]);
        return str_format("'%S' codec can't decode byte 0x%s in position %lld: %S", x[EXTRA_ENCODING], byte,
                          (long long)s.start, x[EXTRA_REASON]);
    }
    return str_format("'%S' codec can't decode bytes in position %lld-%lld: %S", x[EXTRA_ENCODING], (long long)s.start,
                      (long long)s.end - 1, x[EXTRA_REASON]);
}

EXTRA_MEMBER(encoding, EXTRA_ENCODING)
EXTRA_MEMBER(object, EXTRA_UNICODE_OBJECT)
EXTRA_MEMBER(start, EXTRA_START)
EXTRA_MEMBER(end, EXTRA_END)
EXTRA_MEMBER(reason, EXTRA_REASON)

static const MemberDef unicode_members[] = {
    {"encoding", get_encoding, set_encoding, "exception encoding"},
    {"object", get_object, set_object, "exception object"},
    {"start", get_start, set_start, "exception start"},
    {"end", get_end, set_end, "exception end"},
    {"reason", get_reason, set_reason, "exception reason"},
    {0},
};

const ExceptionKind unicode_kinds[] = {
    {&UnicodeEncodeError_type, encode_init, encode_str, NULL, unicode_members, NULL},
    {&UnicodeDecodeError_type, decode_init, decode_str, NULL, unicode_members, NULL},
    {&UnicodeTranslateError_type, translate_init, translate_str, NULL, unicode_members, NULL},
    {0},
};
