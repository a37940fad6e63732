/* Items of array.array: one row a type code. */
#include "stdlib/array.h"

#include "runtime/types/int_limbs.h"

static const ArrayKind kinds[] = {
    {'b', 1, true, 1, "signed char"},
    {'B', 1, false, 0, "unsigned byte integer"},
    {'u', sizeof(wchar_t), false, 20, NULL},
    {'h', 2, true, 4, "signed short integer"},
    {'H', 2, false, 2, "unsigned short"},
    {'i', 4, true, 8, "signed integer"},
    {'I', 4, false, 6, NULL},
    {'l', 8, true, 12, NULL},
    {'L', 8, false, 10, NULL},
    {'q', 8, true, 12, NULL},
    {'Q', 8, false, 10, NULL},
    {'f', 4, true, 14, NULL},
    {'d', 8, true, 16, NULL},
};

const ArrayKind *array_kind(uint32_t code) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if ((unsigned char)kinds[i].code == code) return &kinds[i];
    }
    return NULL;
}

static uint64_t load(const unsigned char *at, size_t size) {
    uint64_t bits = 0;
    memcpy(&bits, at, size);
    return bits;
}

Value array_read(const ArrayKind *kind, const unsigned char *at) {
    double d;
    float f;
    uint64_t bits;
    switch (kind->code) {
    case 'd': return memcpy(&d, at, sizeof d), from_any_double(d);
    case 'f': return memcpy(&f, at, sizeof f), from_any_double(f);
    case 'u': return str_from_code_point((uint32_t)load(at, kind->size));
    default: break;
    }
    bits = load(at, kind->size);
    if (!kind->is_signed) return int_from_uint64(bits);
    unsigned spare = 64 - kind->size * 8u;
    return int_from_int64((int64_t)(bits << spare) >> spare);
}

static bool write_float(const ArrayKind *kind, unsigned char *at, Value item) {
    double d;
    if (!object_as_double(item, &d)) return false;
    float f = (float)d;
    if (kind->code == 'd') memcpy(at, &d, sizeof d);
    else memcpy(at, &f, sizeof f);
    return true;
}

static bool write_character(unsigned char *at, Value item) {
    if (!str_is(item) || str_length(item) != 1) return raise_type_error("array item must be unicode character"), false;
    wchar_t c = (wchar_t)str_at(as_str(item), 0);
    memcpy(at, &c, sizeof c);
    return true;
}

static bool check_small(const ArrayKind *kind, Value n, uint64_t *out) {
    int64_t value, high = (INT64_C(1) << (kind->size * 8 - kind->is_signed)) - 1, low = kind->is_signed ? -high - 1 : 0;
    if (!int_as_int64(n, &value)) return false;
    if (value < low) return raise_overflow_error("%s is less than minimum", kind->range_name), false;
    if (value > high) return raise_overflow_error("%s is greater than maximum", kind->range_name), false;
    *out = (uint64_t)value;
    return true;
}

static bool check_wide(const ArrayKind *kind, Value n, uint64_t *out) {
    int64_t value;
    bool modern = kind->code == 'q' || kind->code == 'Q';
    if (kind->is_signed) {
        if (!int_fits_int64(n, &value)) {
            return raise_overflow_error(modern ? "int too big to convert"
                                               : "Python int too large to convert to C long"),
                   false;
        }
        return *out = (uint64_t)value, true;
    }
    Limbs x;
    limbs_of(n, &x);
    *out = x.count ? x.at[0] : 0;
    const char *wrong = x.negative && modern ? "can't convert negative int to unsigned"
                        : x.negative ? "can't convert negative value to unsigned int"
                        : x.count > 1 && modern ? "int too big to convert"
                        : x.count > 1 ? "Python int too large to convert to C unsigned long"
                        : kind->size == 4 && *out > UINT32_MAX ? "unsigned int is greater than maximum" : NULL;
    return !wrong || (raise_overflow_error("%s", wrong), false);
}

bool array_write(const ArrayKind *kind, unsigned char *at, Value item) {
    if (kind->code == 'd' || kind->code == 'f') return write_float(kind, at, item);
    if (kind->code == 'u') return write_character(at, item);
    Value n = object_index(item);
    uint64_t bits;
    if (is_unset(n)) return false;
    bool fits = kind->range_name ? check_small(kind, n, &bits) : check_wide(kind, n, &bits);
    release(n);
    if (fits) memcpy(at, &bits, kind->size);
    return fits;
}
