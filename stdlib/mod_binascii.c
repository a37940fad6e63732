/* binascii: bytes as text of few characters, and checksums. */
#include "stdlib/stdlib.h"

#include "runtime/types/bytes_methods.h"

static Value error_class, incomplete_class;

static bool fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value message = str_vformat(format, args);
    va_end(args);
    Value exception = is_set(message) ? call1(error_class, message) : UNSET;
    release(message);
    if (is_set(exception)) raise_value(exception);
    return false;
}

/* Bytes, or ASCII text.  False: failed. */
static bool ascii_argument(Value v, Buffer *out) {
    *out = (Buffer){.owner = UNSET};
    if (str_is(v)) {
        if (!str_is_ascii(as_str(v)))
            return raise_value_error("string argument should contain only ASCII characters"), false;
        out->data = as_str(v)->data;
        out->length = str_length(v);
        return true;
    }
    if (!buffer_supported(v))
        return raise_type_error("argument should be bytes, buffer or ASCII string, not '%T'", v), false;
    return buffer_get(v, out, false);
}

static Value hexlify(const Value *args, size_t count) {
    Buffer b;
    if (!buffer_get(args[0], &b, false)) return UNSET;
    Value text = bytes_to_hex(b.data, b.length, args[1], args[2]);
    buffer_release(&b);
    Value made = is_set(text) ? bytes_from(as_str(text)->data, str_length(text)) : UNSET;
    release(text);
    return made;
}

static int hex_digit(unsigned c) {
    return c - '0' < 10 ? (int)(c - '0') : (c | 32) - 'a' < 6 ? (int)((c | 32) - 'a') + 10 : -1;
}

static Value unhexlify(const Value *args, size_t count) {
    Buffer b;
    if (!ascii_argument(args[0], &b)) return UNSET;
    const unsigned char *s = b.data;
    Value made = b.length % 2 ? (fail("Odd-length string"), UNSET) : bytes_from(NULL, b.length / 2);
    for (size_t i = 0; is_set(made) && i < b.length; i += 2) {
        int high = hex_digit(s[i]), low = hex_digit(s[i + 1]);
        if (high < 0 || low < 0) {
            fail("Non-hexadecimal digit found");
            release(made);
            made = UNSET;
        } else as_bytes(made)->data[i / 2] = (unsigned char)(high << 4 | low);
    }
    buffer_release(&b);
    return made;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static Value b2a_base64(const Value *args, size_t count) {
    Buffer b;
    int newline = is_set(args[1]) ? object_truth(args[1]) : 1;
    if (newline < 0 || !buffer_get(args[0], &b, false)) return UNSET;
    size_t n = (b.length + 2) / 3 * 4;
    Value made = bytes_from(NULL, n + (size_t)newline);
    const unsigned char *s = b.data;
    for (size_t i = 0; is_set(made) && i < b.length; i += 3) {
        unsigned char *out = as_bytes(made)->data + i / 3 * 4;
        size_t left = b.length - i;
        unsigned bits = (unsigned)s[i] << 16 | (left > 1 ? (unsigned)s[i + 1] << 8 : 0) | (left > 2 ? s[i + 2] : 0);
        out[0] = (unsigned char)base64_digits[bits >> 18];
        out[1] = (unsigned char)base64_digits[bits >> 12 & 63];
        out[2] = left > 1 ? (unsigned char)base64_digits[bits >> 6 & 63] : '=';
        out[3] = left > 2 ? (unsigned char)base64_digits[bits & 63] : '=';
    }
    if (is_set(made) && newline) as_bytes(made)->data[n] = '\n';
    buffer_release(&b);
    return made;
}

static int base64_digit(unsigned char c) {
    const char *at = c ? strchr(base64_digits, c) : NULL;
    return at ? (int)(at - base64_digits) : -1;
}

/* Decodes into out; *n how many bytes.  Characters that are no digits are skipped unless strict. */
static bool decode_base64(const unsigned char *s, size_t length, bool strict, unsigned char *out, size_t *n) {
    unsigned bits = 0;
    size_t digits = 0, pads = 0;
    *n = 0;
    if (strict && length && s[0] == '=') return fail("Leading padding not allowed");
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '=') {
            if (digits % 4 >= 2 && digits % 4 + ++pads >= 4) {
                if (strict && i + 1 < length) return fail("Excess data after padding");
                return true;
            }
            continue;
        }
        int digit = base64_digit(s[i]);
        if (digit < 0) {
            if (strict) return fail("Only base64 data is allowed");
            continue;
        }
        if (strict && pads) return fail("Discontinuous padding not allowed");
        pads = 0;
        bits = bits << 6 | (unsigned)digit;
        if (digits++ % 4) out[(*n)++] = (unsigned char)(bits >> (6 - 2 * ((digits - 1) % 4)));
    }
    if (digits % 4 == 1)
        return fail(
            "Invalid base64-encoded string: number of data characters (%zd) cannot be 1 more than a multiple of 4",
            digits);
    return digits % 4 == 0 || fail("Incorrect padding");
}

static Value a2b_base64(const Value *args, size_t count) {
    Buffer b;
    size_t n = 0;
    int strict = is_set(args[1]) ? object_truth(args[1]) : 0;
    if (strict < 0 || !ascii_argument(args[0], &b)) return UNSET;
    unsigned char *out = raw_allocate(b.length + 4);
    if (!out) raise_memory_error();
    Value made = out && decode_base64(b.data, b.length, strict, out, &n) ? bytes_from(out, n) : UNSET;
    raw_free(out);
    buffer_release(&b);
    return made;
}

static Value crc32(const Value *args, size_t count) {
    static uint32_t table[256];
    Buffer b;
    uint64_t start = 0;
    if (is_set(args[1])) {
        Value n = object_index(args[1]);
        if (is_unset(n)) return UNSET;
        start = int_as_uint64_mask(n);
        release(n);
    }
    if (!buffer_get(args[0], &b, false)) return UNSET;
    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    uint32_t crc = ~(uint32_t)start;
    for (size_t i = 0; i < b.length; i++) crc = table[(crc ^ ((unsigned char *)b.data)[i]) & 255] ^ crc >> 8;
    buffer_release(&b);
    return int_from_uint64((uint32_t)~crc);
}

static Value crc_hqx(const Value *args, size_t count) {
    Buffer b;
    int64_t start;
    if (!object_as_int64(args[1], &start) || !buffer_get(args[0], &b, false)) return UNSET;
    unsigned crc = (unsigned)start & 0xFFFF;
    for (size_t i = 0; i < b.length; i++) {
        crc ^= (unsigned)((unsigned char *)b.data)[i] << 8;
        for (int k = 0; k < 8; k++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
    }
    buffer_release(&b);
    return from_small_int(crc);
}

static const NativeDef functions[] = {
    FUNCTION("a2b_base64", "data, /, *, strict_mode=False", a2b_base64, "Bytes from a line of base64."),
    FUNCTION("a2b_hex", "hexstr, /", unhexlify, "Bytes from hexadecimal digits."),
    FUNCTION("b2a_base64", "data, /, *, newline=True", b2a_base64, "A line of base64."),
    FUNCTION("b2a_hex", "data, sep=None, bytes_per_sep=1", hexlify, "Hexadecimal digits of bytes."),
    FUNCTION("crc32", "data, crc=0, /", crc32, "The CRC-32 checksum of bytes."),
    FUNCTION("crc_hqx", "data, crc, /", crc_hqx, "The CRC-CCITT checksum of bytes."),
    FUNCTION("hexlify", "data, sep=None, bytes_per_sep=1", hexlify, "Hexadecimal digits of bytes."),
    FUNCTION("unhexlify", "hexstr, /", unhexlify, "Bytes from hexadecimal digits."),
    NATIVE_END,
};

static Value make_class(const char *name, Type *base) {
    Value dict = dict_new(), module = str_from("binascii"), title = str_from(name), made = UNSET;
    Value bases = tuple_pack(1, from_object(base));
    if (is_set(dict) && is_set(module) && is_set(title) && is_set(bases) && dict_set(dict, names.__module__, module))
        made = type_create(&type_type, title, bases, dict, UNSET);
    release(dict), release(module), release(title), release(bases);
    return made;
}

static bool fill(Value dict) {
    root_add(&error_class);
    root_add(&incomplete_class);
    if (is_unset(error_class)) error_class = make_class("Error", &ValueError_type);
    if (is_unset(incomplete_class)) incomplete_class = make_class("Incomplete", &Exception_type);
    return is_set(error_class) && is_set(incomplete_class) && dict_set_utf8(dict, "Error", error_class) &&
           dict_set_utf8(dict, "Incomplete", incomplete_class);
}

const ModuleDef mod_binascii = {"binascii", "Conversions between binary data and ASCII.", functions, fill, NULL};
