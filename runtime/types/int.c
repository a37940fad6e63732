/* The type int: its constructor, methods and slots. */
#include "runtime/types/int.h"

#include "runtime/mem/heap_inline.h"
#include "runtime/types/buffer.h"
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int_arith.h"
#include "runtime/types/int_limbs.h"
#include "runtime/types/int_text.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

/* Construction. */

static Value parse_buffer(Value source, int base) {
    Buffer buffer;
    if (!buffer_get(source, &buffer, false)) return UNSET;
    Value copy = bytes_from(buffer.data, buffer.length);
    buffer_release(&buffer);
    if (is_unset(copy)) return UNSET;
    Value result = int_parse_ascii((const char *)as_bytes(copy)->data, as_bytes(copy)->length, base,
                                   bytes_is(source) ? source : copy);
    release(copy);
    return result;
}

static Value convert_integral(Value source, Value (*convert)(Value), const char *name) {
    Value result = convert(source);
    if (is_unset(result) || is_small_int(result)) return result;
    if (!int_is(result)) {
        raise_type_error("%s returned non-int (type %T)", name, result);
        return release(result), UNSET;
    }
    bool fine = int_is_exact(result) ||
                warning_issue(&DeprecationWarning_type,
                              "%s returned non-int (type %T).  The ability to return an instance of a strict subclass "
                              "of int is deprecated, and may be removed in a future version of Python.", name, result);
    Value exact = fine ? int_normalize(result) : UNSET;
    release(result);
    return exact;
}

static Value convert_truncated(Value source) {
    if (!warning_issue(&DeprecationWarning_type, "The delegation of int() to __trunc__ is deprecated.")) return UNSET;
    Value truncated = call_special(source, names.__trunc__, NULL, 0, NULL);
    if (is_unset(truncated) || int_is_exact(truncated)) return truncated;
    Value result = UNSET;
    if (int_is(truncated)) {
        result = int_normalize(truncated);
    } else if (type_of(truncated)->index) {
        result = convert_integral(truncated, type_of(truncated)->index, "__index__");
    } else {
        raise_type_error("__trunc__ returned non-Integral (type %T)", truncated);
    }
    release(truncated);
    return result;
}

/* int(source) */
static Value convert(Value source) {
    if (int_is_exact(source)) return retain(source);
    Type *type = type_of(source);
    if (type->to_int) return convert_integral(source, type->to_int, "__int__");
    if (type->index) return convert_integral(source, type->index, "__index__");
    if (is_set(type_lookup(type, names.__trunc__))) return convert_truncated(source);
    if (str_is(source)) return int_parse(source, 10);
    if (buffer_supported(source)) return parse_buffer(source, 10);
    return raise_type_error("int() argument must be a string, a bytes-like object or a real number, not '%T'", source);
}

static Value convert_with_base(Value source, Value base_value) {
    int64_t base;
    if (!object_as_index(base_value, &base, NULL)) return UNSET;
    if (base != 0 && (base < 2 || base > 36)) return raise_value_error("int() base must be >= 2 and <= 36, or 0");
    if (str_is(source)) return int_parse(source, (int)base);
    if (bytes_is(source) || bytearray_is(source)) return parse_buffer(source, (int)base);
    return raise_type_error("int() can't convert non-string with explicit base");
}

/* An instance of a subclass with the value of an exact int. */
static Value instance_from(Type *type, Value exact) {
    Limbs x;
    limbs_of(exact, &x);
    Int *n = object_allocate(type, sizeof(Int) + (size_t)x.count * sizeof(mp_limb_t) + attrs_size(type));
    if (!n) return UNSET;
    n->size = x.negative ? -x.count : x.count;
    if (x.count) mpn_copyi(n->limbs, x.at, x.count);
    return from_object(n);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2] = {UNSET, UNSET}, exact;
    if (count == 1 && is_unset(kwnames)) {
        bound[0] = args[0];
    } else if (!native_bind("int", "x=0, /, base=10", args, count, kwnames, bound)) {
        return UNSET;
    }
    if (is_set(bound[1])) {
        exact = is_set(bound[0]) ? convert_with_base(bound[0], bound[1])
                                 : raise_type_error("int() missing string argument");
    } else {
        exact = is_set(bound[0]) ? convert(bound[0]) : from_small_int(0);
    }
    if (type == &int_type || is_unset(exact)) return exact;
    Value result = instance_from(type, exact);
    release(exact);
    return result;
}

static void destroy(Object *self) { object_free_inline(self); }

/* Slots. */

static bool are_ints(Value a, Value b) { return int_is(a) && int_is(b); }

#define BINARY_SLOT(name, function) \
    static Value name(Value a, Value b) { return are_ints(a, b) ? function(a, b) : NOT_IMPLEMENTED; }
BINARY_SLOT(slot_add, int_add)
BINARY_SLOT(slot_subtract, int_subtract)
BINARY_SLOT(slot_multiply, int_multiply)
BINARY_SLOT(slot_floor_divide, int_floor_divide)
BINARY_SLOT(slot_true_divide, int_true_divide)
BINARY_SLOT(slot_modulo, int_modulo)
BINARY_SLOT(slot_divmod, int_divmod)
BINARY_SLOT(slot_power, int_power)
BINARY_SLOT(slot_shift_left, int_shift_left)
BINARY_SLOT(slot_shift_right, int_shift_right)
BINARY_SLOT(slot_and, int_and)
BINARY_SLOT(slot_or, int_or)
BINARY_SLOT(slot_xor, int_xor)

static Value slot_power_modulo(Value base, Value exponent, Value modulus) {
    if (is_none(modulus)) return slot_power(base, exponent);
    if (!are_ints(base, exponent) || !int_is(modulus)) return NOT_IMPLEMENTED;
    return int_power_modulo(base, exponent, modulus);
}

static Value slot_compare(Value a, Value b, CompareOp op) {
    if (!are_ints(a, b)) return NOT_IMPLEMENTED;
    int order = int_order(a, b);
    switch (op) {
    case COMPARE_LT: return from_bool(order < 0);
    case COMPARE_LE: return from_bool(order <= 0);
    case COMPARE_EQ: return from_bool(order == 0);
    case COMPARE_NE: return from_bool(order != 0);
    case COMPARE_GT: return from_bool(order > 0);
    default: return from_bool(order >= 0);
    }
}

static Value slot_repr(Value self) { return int_to_str(self, 10, false); }
static bool slot_hash(Value self, int64_t *out) { return *out = int_hash(self), true; }
static int slot_truth(Value self) { return int_sign(self) != 0; }

static Value slot_to_float(Value self) {
    double d;
    return int_to_double(self, &d) ? from_double(d) : UNSET;
}

/* Methods. */

static Value bit_length(const Value *args, size_t count) {
    (void)count;
    return int_from_size(int_bit_length(args[0]));
}

static Value bit_count(const Value *args, size_t count) {
    (void)count;
    Limbs x;
    limbs_of(args[0], &x);
    return int_from_size(x.count ? mpn_popcount(x.at, x.count) : 0);
}

static Value as_integer_ratio(const Value *args, size_t count) {
    (void)count;
    Value pair[2] = {int_normalize(args[0]), from_small_int(1)};
    return is_set(pair[0]) ? tuple_steal(pair, 2) : UNSET;
}

static Value same_int(const Value *args, size_t count) {
    (void)count;
    return int_normalize(args[0]);
}

static Value get_new_args(const Value *args, size_t count) {
    (void)count;
    Value exact = int_normalize(args[0]);
    return is_set(exact) ? tuple_steal(&exact, 1) : UNSET;
}

/* As CPython counts: digits of 30 bits. */
static Value size_of(const Value *args, size_t count) {
    (void)count;
    size_t digits = (int_bit_length(args[0]) + 29) / 30;
    return int_from_size(24 + 4 * (digits ? digits : 1));
}

static Value format(const Value *args, size_t count) {
    (void)count;
    if (!str_is(args[1])) return raise_type_error("__format__() argument must be str, not %T", args[1]);
    return number_format(args[0], args[1]);
}

/* v rounded to a multiple of unit (positive), ties to the even multiple. */
static Value round_to_multiple(Value v, Value unit) {
    Value q, r;
    if (!int_divide_modulo(v, unit, &q, &r)) return UNSET;
    Value twice = int_add(r, r), result = UNSET, next = UNSET;
    int order = is_set(twice) ? int_order(twice, unit) : 0;
    bool up = order > 0 || (order == 0 && (int_as_uint64_mask(q) & 1));
    if (is_set(twice)) next = up ? int_add(q, from_small_int(1)) : retain(q);
    if (is_set(next)) result = int_multiply(next, unit);
    release(q), release(r), release(twice), release(next);
    return result;
}

static Value round_digits(const Value *args, size_t count) {
    (void)count;
    if (is_unset(args[1])) return int_normalize(args[0]);
    Value digits = object_index(args[1]);
    if (is_unset(digits)) return UNSET;
    int64_t n = 0;
    bool is_short = int_fits_int64(digits, &n);
    bool keeps = int_sign(digits) >= 0;
    release(digits);
    if (keeps) return int_normalize(args[0]);
    if (!is_short || n < -(int64_t)int_bit_length(args[0]) - 1) return from_small_int(0);
    Value unit = int_power(from_small_int(10), from_small_int(-n));
    if (is_unset(unit)) return UNSET;
    Value result = round_to_multiple(args[0], unit);
    release(unit);
    return result;
}

static bool parse_byte_order(Value order, const char *function, bool *little) {
    *little = false;
    if (is_unset(order)) return true;
    if (!str_is(order)) {
        return raise_type_error("%s() argument 'byteorder' must be str, not %T", function, order), false;
    }
    *little = str_equal_ascii(order, "little");
    if (*little || str_equal_ascii(order, "big")) return true;
    return raise_value_error("byteorder must be either 'little' or 'big'"), false;
}

static bool parse_signed(Value flag, bool *is_signed) {
    int truth = is_set(flag) ? object_truth(flag) : 0;
    *is_signed = truth == 1;
    return truth >= 0;
}

static Value to_bytes(const Value *args, size_t count) {
    (void)count;
    int64_t length = 1;
    bool little, is_signed;
    if (is_set(args[1]) && !object_as_index(args[1], &length, &OverflowError_type)) return UNSET;
    if (!parse_byte_order(args[2], "to_bytes", &little) || !parse_signed(args[3], &is_signed)) return UNSET;
    if (length < 0) return raise_value_error("length argument must be non-negative");
    Value result = bytes_from(NULL, (size_t)length);
    if (is_unset(result)) return UNSET;
    if (int_to_bytes(args[0], as_bytes(result)->data, (size_t)length, little, is_signed)) return result;
    return release(result), UNSET;
}

/* bytes(source) as from_bytes takes it. */
static Value bytes_of(Value source) {
    if (bytes_is(source)) return retain(source);
    if (str_is(source) || (!buffer_supported(source) && int_is(source))) {
        return raise_type_error("cannot convert '%T' object to bytes", source);
    }
    return call1(type_value(&bytes_type), source);
}

static Value from_bytes(const Value *args, size_t count) {
    (void)count;
    bool little, is_signed;
    if (!parse_byte_order(args[2], "from_bytes", &little) || !parse_signed(args[3], &is_signed)) return UNSET;
    Value bytes = bytes_of(args[1]);
    if (is_unset(bytes)) return UNSET;
    Value result = int_from_bytes(as_bytes(bytes)->data, as_bytes(bytes)->length, little, is_signed);
    release(bytes);
    if (is_unset(result) || as_type(args[0]) == &int_type) return result;
    Value instance = call1(args[0], result);
    release(result);
    return instance;
}

static const NativeDef methods[] = {
    METHOD("bit_length", "", bit_length, "Number of bits necessary to represent self in binary."),
    METHOD("bit_count", "", bit_count, "Number of ones in the binary representation of the absolute value of self."),
    METHOD("conjugate", "", same_int, "Returns self, the complex conjugate of any int."),
    METHOD("as_integer_ratio", "", as_integer_ratio,
           "Return a pair of integers, whose ratio is equal to the original int."),
    METHOD("to_bytes", "length=1, byteorder='big', *, signed=False", to_bytes,
           "Return an array of bytes representing an integer."),
    CLASS_METHOD("from_bytes", "bytes, byteorder='big', *, signed=False", from_bytes,
                 "Return the integer represented by the given array of bytes."),
    METHOD("__trunc__", "", same_int, "Truncating an Integral returns itself."),
    METHOD("__floor__", "", same_int, "Flooring an Integral returns itself."),
    METHOD("__ceil__", "", same_int, "Ceiling of an Integral returns itself."),
    METHOD("__round__", "ndigits=None, /", round_digits, "Rounding with an ndigits argument also returns an integer."),
    METHOD("__format__", "format_spec, /", format, "Convert to a string according to format_spec."),
    METHOD("__getnewargs__", "", get_new_args, NULL),
    METHOD("__sizeof__", "", size_of, "Returns size in memory, in bytes."),
    NATIVE_END,
};

static Value zero(Value self) {
    (void)self;
    return from_small_int(0);
}

static Value one(Value self) {
    (void)self;
    return from_small_int(1);
}

static const MemberDef members[] = {
    {"real", int_normalize, NULL, "the real part of a complex number"},
    {"imag", zero, NULL, "the imaginary part of a complex number"},
    {"numerator", int_normalize, NULL, "the numerator of a rational number in lowest terms"},
    {"denominator", one, NULL, "the denominator of a rational number in lowest terms"},
    {0},
};

Type int_type = {
    TYPE_HEAD("int"),
    .flags = TYPE_BASE | TYPE_INT_SUB | TYPE_IMMUTABLE,
    .basic_size = sizeof(Int),
    .item_size = sizeof(mp_limb_t),
    .doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
           "Convert a number or string to an integer; without arguments, 0.",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .make = make,
    .repr = slot_repr,
    .hash = slot_hash,
    .compare = slot_compare,
    .truth = slot_truth,
    .binary = {[BINARY_ADD] = slot_add, [BINARY_SUBTRACT] = slot_subtract, [BINARY_MULTIPLY] = slot_multiply,
               [BINARY_TRUE_DIVIDE] = slot_true_divide, [BINARY_FLOOR_DIVIDE] = slot_floor_divide,
               [BINARY_MODULO] = slot_modulo, [BINARY_POWER] = slot_power, [BINARY_LSHIFT] = slot_shift_left,
               [BINARY_RSHIFT] = slot_shift_right, [BINARY_AND] = slot_and, [BINARY_OR] = slot_or,
               [BINARY_XOR] = slot_xor, [BINARY_DIVMOD] = slot_divmod},
    .power = slot_power_modulo,
    .unary = {[UNARY_NEGATIVE] = int_negate, [UNARY_POSITIVE] = int_normalize, [UNARY_INVERT] = int_invert,
              [UNARY_ABSOLUTE] = int_absolute},
    .to_int = int_normalize,
    .to_float = slot_to_float,
    .index = int_normalize,
};
