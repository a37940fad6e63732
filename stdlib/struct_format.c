/* Compiling formats of struct, packing and unpacking by them. */
#include "stdlib/struct_format.h"

#include "runtime/plat/lock.h"
#include "runtime/types/int_limbs.h"

#include <math.h>
#include <string.h>

static Value raise_struct_error(const char *message) { return raise_error(&struct_error_type, "%s", message); }

/* Codes. */

static size_t standard_size(char code) {
    switch (code) {
    case 'x': case 'c': case 'b': case 'B': case '?': case 's': case 'p': return 1;
    case 'h': case 'H': case 'e': return 2;
    case 'i': case 'I': case 'l': case 'L': case 'f': return 4;
    case 'q': case 'Q': case 'd': return 8;
    default: return 0;
    }
}

static size_t native_size(char code) {
    switch (code) {
    case 'l': case 'L': return sizeof(long);
    case 'n': case 'N': return sizeof(size_t);
    case 'P': return sizeof(void *);
    default: return standard_size(code);
    }
}

/* Text to items. */

typedef struct Compiler {
    const char *at, *end;
    bool little, native;
    size_t size, values, count; /* of bytes, values and items so far */
    StructItem *items;          /* NULL: only counted */
} Compiler;

static void read_byte_order(Compiler *c) {
    c->little = c->native = true;
    if (c->at == c->end) return;
    switch (*c->at) {
    case '<': c->native = false; break;
    case '>':
    case '!': c->native = c->little = false; break;
    case '=': c->native = false; break;
    case '@': break;
    default: return;
    }
    c->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool read_count(Compiler *c, size_t *count) {
    *count = 1;
    if (!is_digit(*c->at)) return true;
    size_t n = 0;
    for (; c->at < c->end && is_digit(*c->at); c->at++) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (size_t)(*c->at - '0'), &n) ||
            n > INT64_MAX) {
            return raise_struct_error("total struct size too long"), false;
        }
    }
    if (c->at == c->end) return raise_struct_error("repeat count given without format specifier"), false;
    *count = n;
    return true;
}

static bool is_text(char code) { return code == 's' || code == 'p'; }

static bool add_item(Compiler *c, char code, size_t count) {
    size_t size = c->native ? native_size(code) : standard_size(code), bytes;
    if (size == 0) return raise_struct_error("bad char in struct format"), false;
    if (c->native) c->size = (c->size + size - 1) / size * size;
    if (__builtin_mul_overflow(size, count, &bytes) || c->size + bytes > INT64_MAX) {
        return raise_struct_error("total struct size too long"), false;
    }
    bool text = is_text(code);
    if (code != 'x' && (count > 0 || text)) {
        if (c->items) {
            c->items[c->count] = (StructItem){.code = code,
                                              .little = c->little,
                                              .native = c->native,
                                              .size = text ? count : size,
                                              .offset = c->size,
                                              .count = text ? 1 : count};
        }
        c->values += text ? 1 : count;
        c->count++;
    }
    c->size += bytes;
    return true;
}

static bool compile(Compiler *c) {
    read_byte_order(c);
    while (c->at < c->end) {
        char code = *c->at;
        size_t count;
        if (code == ' ' || (code >= 9 && code <= 13)) {
            c->at++;
            continue;
        }
        if (code == 0) return raise_struct_error("embedded null character"), false;
        if (!read_count(c, &count) || !add_item(c, *c->at, count)) return false;
        c->at++;
    }
    return true;
}

static StructFormat *format_new(const char *text, size_t n) {
    Compiler c = {.at = text, .end = text + n};
    if (!compile(&c)) return NULL;
    StructFormat *f = raw_allocate(sizeof *f + c.count * sizeof(StructItem) + n + 1);
    if (!f) return raise_memory_error(), NULL;
    char *copy = (char *)(f->items + c.count);
    memcpy(copy, text, n);
    copy[n] = 0;
    atomic_init(&f->references, 1);
    f->size = c.size, f->values = c.values, f->item_count = c.count, f->text_length = n, f->text = copy;
    Compiler again = {.at = text, .end = text + n, .items = f->items};
    compile(&again);
    return f;
}

/* Formats that were used lately, by a hash of their text. */

enum { CACHE_SLOTS = 64 };
static StructFormat *cache[CACHE_SLOTS];
static Mutex cache_lock = MUTEX_INITIALIZER;

static size_t cache_slot(const char *text, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 16777619u;
    return (h ^ h >> 15) % CACHE_SLOTS;
}

void struct_format_release(StructFormat *f) {
    if (f && atomic_fetch_sub(&f->references, 1) == 1) raw_free(f);
}

static StructFormat *format_find(const char *text, size_t n) {
    size_t slot = cache_slot(text, n);
    mutex_lock(&cache_lock);
    StructFormat *f = cache[slot];
    if (f && f->text_length == n && memcmp(f->text, text, n) == 0) atomic_fetch_add(&f->references, 1);
    else f = NULL;
    mutex_unlock(&cache_lock);
    if (f || !(f = format_new(text, n))) return f;
    atomic_fetch_add(&f->references, 1);
    mutex_lock(&cache_lock);
    StructFormat *old = cache[slot];
    cache[slot] = f;
    mutex_unlock(&cache_lock);
    struct_format_release(old);
    return f;
}

StructFormat *struct_format_get(Value format) {
    if (bytes_is(format)) return format_find((const char *)as_bytes(format)->data, as_bytes(format)->length);
    if (!str_is(format))
        return raise_type_error("Struct() argument 1 must be a str or bytes object, not %T", format), NULL;
    if (str_is_ascii(as_str(format))) return format_find((const char *)as_str(format)->data, str_length(format));
    release(str_encode(format, "ascii", NULL)); /* raises */
    return NULL;
}

/* Bytes. */

static uint64_t load(const unsigned char *p, size_t size, bool little) {
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++) n |= (uint64_t)p[little ? i : size - 1 - i] << (8 * i);
    return n;
}

static void store(unsigned char *p, size_t size, bool little, uint64_t n) {
    for (size_t i = 0; i < size; i++) p[little ? i : size - 1 - i] = (unsigned char)(n >> (8 * i));
}

/* Half precision: 5 bits of exponent, 10 of fraction. */
static double half_to_double(uint64_t bits) {
    int exponent = (int)(bits >> 10) & 31;
    double fraction = (double)(bits & 1023) / 1024.0, d;
    if (exponent == 31) d = bits & 1023 ? __builtin_nan("") : HUGE_VAL;
    else d = exponent ? ldexp(1.0 + fraction, exponent - 15) : ldexp(fraction, -14);
    return bits >> 15 ? copysign(d, -1.0) : d;
}

static bool double_to_half(double d, uint64_t *out) {
    uint64_t sign = signbit(d) ? 0x8000 : 0;
    d = fabs(d);
    if (d != d) return *out = sign | 0x7E00, true;
    if (isinf(d)) return *out = sign | 0x7C00, true;
    if (d == 0) return *out = sign, true;
    int exponent;
    frexp(d, &exponent);
    if (exponent < -13) exponent = -13; /* subnormal: the unit is 2^-24 */
    double units = nearbyint(ldexp(d, 11 - exponent));
    if (exponent > 16 || (exponent == 16 && units >= 2048.0)) {
        return raise_overflow_error("float too large to pack with e format"), false;
    }
    uint64_t n = (uint64_t)units; /* 1024 .. 2048, less when subnormal; the carry to the exponent is the right one */
    *out = sign | (n < 1024 ? n : ((uint64_t)(exponent + 13) << 10) + n);
    return true;
}

static double load_float(const StructItem *item, const unsigned char *p) {
    uint64_t bits = load(p, item->size, item->little);
    double d;
    float f;
    uint32_t half = (uint32_t)bits;
    switch (item->size) {
    case 2: return half_to_double(bits);
    case 4: memcpy(&f, &half, sizeof f); return f;
    default: memcpy(&d, &bits, sizeof d); return d;
    }
}

static bool store_float(const StructItem *item, unsigned char *p, Value v) {
    double d;
    uint64_t bits = 0;
    if (!object_as_double(v, &d)) {
        error_clear();
        return raise_struct_error("required argument is not a float"), false;
    }
    if (item->size == 2) {
        if (!double_to_half(d, &bits)) return false;
    } else if (item->size == 4) {
        float f = (float)d;
        uint32_t narrow;
        if (isinf(f) && isfinite(d) && !item->native) {
            return raise_overflow_error("float too large to pack with f format"), false;
        }
        memcpy(&narrow, &f, sizeof f);
        bits = narrow;
    } else {
        memcpy(&bits, &d, sizeof d);
    }
    store(p, item->size, item->little, bits);
    return true;
}

/* Integers: messages depend on the code, and on whether the number fits a long at all. */

static bool is_signed_code(char code) { return strchr("bhilqn", code) != NULL; }

static bool raise_range(const StructItem *item) {
    unsigned bits = (unsigned)item->size * 8;
    static const struct {
        char code;
        const char *name;
    } short_names[] = {{'b', "byte"}, {'B', "ubyte"}, {'h', "short"}, {'H', "ushort"}};
    bool is_signed = is_signed_code(item->code);
    long long low = is_signed ? -(1LL << (bits - 1)) : 0,
              high = is_signed ? (1LL << (bits - 1)) - 1 : (1LL << bits) - 1;
    for (size_t i = 0; i < 4; i++) {
        if (short_names[i].code != item->code) continue;
        return raise_error(&struct_error_type, "%s format requires %lld <= number <= %lld", short_names[i].name, low,
                           high),
               false;
    }
    return raise_error(&struct_error_type, "'%c' format requires %lld <= number <= %lld", (unsigned)item->code, low,
                       high),
           false;
}

static bool raise_out_of_range(const StructItem *item) {
    return raise_struct_error(item->code == 'P' ? "int too large to convert" : "argument out of range"), false;
}

static bool check_signed(const StructItem *item, Value n, uint64_t *out) {
    int64_t value;
    if (!int_fits_int64(n, &value)) return raise_out_of_range(item);
    unsigned spare = 64 - (unsigned)item->size * 8;
    *out = (uint64_t)value;
    return spare == 0 || (int64_t)((uint64_t)value << spare) >> spare == value || raise_range(item);
}

static bool check_unsigned(const StructItem *item, Value n, uint64_t *out) {
    Limbs x;
    limbs_of(n, &x);
    *out = x.count ? x.at[0] : 0;
    bool narrow = item->size < 4, fits = x.count <= 1;
    if (narrow && fits && (x.negative ? *out <= UINT64_C(1) << 63 : *out <= INT64_MAX)) {
        return (!x.negative && *out >> (item->size * 8) == 0) || raise_range(item);
    }
    if (narrow || !fits || x.negative) return raise_out_of_range(item);
    return item->size == 8 || *out >> (item->size * 8) == 0 || raise_range(item);
}

static bool check_pointer(const StructItem *item, Value n, uint64_t *out) {
    Limbs x;
    limbs_of(n, &x);
    *out = int_as_uint64_mask(n);
    return (x.count <= 1 && (!x.negative || *out >> 63)) || raise_out_of_range(item);
}

static bool store_int(const StructItem *item, unsigned char *p, Value v) {
    uint64_t bits;
    if (!int_is(v) && !type_of(v)->index) return raise_struct_error("required argument is not an integer"), false;
    Value n = object_index(v);
    if (is_unset(n)) return false;
    bool fits = item->code == 'P' ? check_pointer(item, n, &bits)
                : is_signed_code(item->code) ? check_signed(item, n, &bits) : check_unsigned(item, n, &bits);
    release(n);
    if (fits) store(p, item->size, item->little, bits);
    return fits;
}

static Value load_int(const StructItem *item, const unsigned char *p) {
    uint64_t bits = load(p, item->size, item->little);
    if (!is_signed_code(item->code)) return int_from_uint64(bits);
    unsigned spare = 64 - (unsigned)item->size * 8;
    return int_from_int64((int64_t)(bits << spare) >> spare);
}

/* Text: s is cut or filled with zeros, p has its length in the first byte. */

static bool store_text(const StructItem *item, unsigned char *p, Value v) {
    if (!bytes_is(v) && !bytearray_is(v)) {
        return raise_error(&struct_error_type, "argument for '%c' must be a bytes object", (unsigned)item->code), false;
    }
    Buffer buffer;
    if (!buffer_get(v, &buffer, false)) return false;
    bool counted = item->code == 'p';
    size_t room = item->size - (counted && item->size), n = buffer.length < room ? buffer.length : room;
    memset(p, 0, item->size);
    if (n) memcpy(p + counted, buffer.data, n);
    if (counted && item->size) p[0] = (unsigned char)(n < 255 ? n : 255);
    buffer_release(&buffer);
    return true;
}

static Value load_text(const StructItem *item, const unsigned char *p) {
    if (item->code == 's') return bytes_from(p, item->size);
    if (item->size == 0) return bytes_from("", 0);
    size_t n = p[0];
    return bytes_from(p + 1, n < item->size ? n : item->size - 1);
}

static bool store_character(unsigned char *p, Value v) {
    if (!bytes_is(v) || as_bytes(v)->length != 1) {
        return raise_struct_error("char format requires a bytes object of length 1"), false;
    }
    *p = as_bytes(v)->data[0];
    return true;
}

static bool store_bool(unsigned char *p, Value v) {
    int truth = object_truth(v);
    *p = truth == 1;
    return truth >= 0;
}

static bool item_write(const StructItem *item, unsigned char *p, Value v) {
    switch (item->code) {
    case 'c': return store_character(p, v);
    case '?': return store_bool(p, v);
    case 's':
    case 'p': return store_text(item, p, v);
    case 'e':
    case 'f':
    case 'd': return store_float(item, p, v);
    default: return store_int(item, p, v);
    }
}

Value struct_item_read(const StructItem *item, const unsigned char *p) {
    switch (item->code) {
    case 'c': return bytes_from(p, 1);
    case '?': return from_bool(*p != 0);
    case 's':
    case 'p': return load_text(item, p);
    case 'e':
    case 'f':
    case 'd': return from_any_double(load_float(item, p));
    default: return load_int(item, p);
    }
}

bool struct_format_pack(const StructFormat *f, unsigned char *out, const Value *values) {
    memset(out, 0, f->size);
    for (size_t i = 0; i < f->item_count; i++) {
        const StructItem *item = &f->items[i];
        for (size_t j = 0; j < item->count; j++) {
            if (!item_write(item, out + item->offset + j * item->size, *values++)) return false;
        }
    }
    return true;
}

Value struct_format_unpack(const StructFormat *f, const unsigned char *data) {
    Value result = tuple_new(f->values);
    if (is_unset(result)) return UNSET;
    size_t at = 0;
    for (size_t i = 0; i < f->item_count; i++) {
        const StructItem *item = &f->items[i];
        for (size_t j = 0; j < item->count; j++) {
            Value v = struct_item_read(item, data + item->offset + j * item->size);
            if (is_unset(v)) return release(result), UNSET;
            as_tuple(result)->items[at++] = v;
        }
    }
    return result;
}
