/* The type float: arithmetic, conversions, methods and slots. */
#include "runtime/types/float.h"

#include "runtime/mem/heap.h"
#include "runtime/types/buffer.h"
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float_text.h"
#include "runtime/types/int_arith.h"
#include "runtime/types/int_text.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* Text. */

Value float_repr(double d) {
    char room[48];
    size_t n = float_to_text(d, room, sizeof room);
    return str_from_latin1(room, n);
}

static bool parse_stripped(const char *s, size_t n, double *out) {
    number_text_strip(&s, &n);
    return float_parse(s, n, out);
}

/* Each NaN that is read is an object of its own, told from others by its payload. */
static Value from_read(double d) {
    static _Atomic uint64_t made;
    if (d == d) return from_double(d);
    uint64_t bits;
    d = __builtin_copysign(__builtin_nan(""), d);
    memcpy(&bits, &d, sizeof bits);
    bits |= ++made & ((UINT64_C(1) << 40) - 1);
    memcpy(&d, &bits, sizeof d);
    return from_double(d);
}

Value float_from_text(Value text) {
    NumberText t;
    double d;
    if (!number_text_open(text, &t)) return UNSET;
    bool valid = parse_stripped(t.at, t.length, &d);
    number_text_close(&t);
    return valid ? from_read(d) : raise_value_error("could not convert string to float: %R", text);
}

static Value from_buffer(Value source) {
    Buffer buffer;
    double d;
    if (!buffer_get(source, &buffer, false)) return UNSET;
    bool valid = parse_stripped(buffer.data, buffer.length, &d);
    buffer_release(&buffer);
    return valid ? from_read(d) : raise_value_error("could not convert string to float: %R", source);
}

/* Arithmetic. */

double float_modulo(double a, double b) {
    double r = fmod(a, b);
    if (r == 0) return copysign(0.0, b);
    return (b < 0) != (r < 0) ? r + b : r;
}

static double divide_modulo(double a, double b, double *remainder) {
    double r = fmod(a, b), q = (a - r) / b;
    if (r == 0) {
        r = copysign(0.0, b);
    } else if ((b < 0) != (r < 0)) {
        r += b;
        q -= 1.0;
    }
    *remainder = r;
    if (q == 0) return copysign(0.0, a / b);
    double whole = floor(q);
    return q - whole > 0.5 ? whole + 1.0 : whole;
}

double float_floor_divide(double a, double b) {
    double remainder;
    return divide_modulo(a, b, &remainder);
}

static Value raise_range_error(void) {
    Value args[2] = {from_small_int(ERANGE), str_from("Numerical result out of range")};
    if (is_unset(args[1])) return UNSET;
    Value exception = exception_new(&OverflowError_type, args, 2);
    release(args[1]);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static bool is_odd(double d) { return fmod(fabs(d), 2.0) == 1.0; }

static double power_of_infinity(double a, double b) {
    if (b > 0) return is_odd(b) ? a : fabs(a);
    return is_odd(b) ? copysign(0.0, a) : 0.0;
}

static double power_by_infinity(double a, double b) {
    if (fabs(a) == 1.0) return 1.0;
    return (b > 0) == (fabs(a) > 1.0) ? fabs(b) : 0.0;
}

static Value power_of_zero(double a, double b) {
    if (b < 0) return raise_error(&ZeroDivisionError_type, "0.0 cannot be raised to a negative power");
    return from_double(is_odd(b) ? a : 0.0);
}

static Value power_complex(double a, double b) {
    Value x = complex_from_doubles(a, 0), y = complex_from_doubles(b, 0), result = UNSET;
    if (is_set(x) && is_set(y)) result = complex_type.binary[BINARY_POWER](x, y);
    release(x), release(y);
    return result;
}

Value float_power(double a, double b) {
    if (b == 0 || a == 1.0) return from_double(1.0);
    if (a != a) return from_any_double(a);
    if (b != b) return from_any_double(b);
    if (isinf(b)) return from_double(power_by_infinity(a, b));
    if (isinf(a)) return from_double(power_of_infinity(a, b));
    if (a == 0) return power_of_zero(a, b);
    if (a < 0 && b != floor(b)) return power_complex(a, b);
    double result = pow(fabs(a), b);
    if (isinf(result)) return raise_range_error();
    return from_double(a < 0 && is_odd(b) ? -result : result);
}

/* The operands of an operator as doubles.  1: both are numbers; 0: not; -1: an int is too large. */
static int operand(Value v, double *out) {
    if (is_double(v)) return *out = as_double(v), 1;
    if (is_small_int(v)) return *out = (double)as_small_int(v), 1;
    if (float_is(v)) return *out = float_value(v), 1;
    if (!int_is(v)) return 0;
    return int_to_double(v, out) ? 1 : -1;
}

static int operands(Value a, Value b, double *x, double *y) {
    int first = operand(a, x);
    return first == 1 ? operand(b, y) : first;
}

#define OPERANDS(a, b)                       \
    double x, y;                             \
    int numbers_ = operands(a, b, &x, &y);   \
    if (numbers_ <= 0) return numbers_ ? UNSET : NOT_IMPLEMENTED

static Value raise_zero_division(const char *message) { return raise_error(&ZeroDivisionError_type, "%s", message); }

static Value slot_add(Value a, Value b) {
    OPERANDS(a, b);
    return from_any_double(x + y);
}

static Value slot_subtract(Value a, Value b) {
    OPERANDS(a, b);
    return from_any_double(x - y);
}

static Value slot_multiply(Value a, Value b) {
    OPERANDS(a, b);
    return from_any_double(x * y);
}

static Value slot_true_divide(Value a, Value b) {
    OPERANDS(a, b);
    return y == 0 ? raise_zero_division("float division by zero") : from_any_double(x / y);
}

static Value slot_floor_divide(Value a, Value b) {
    OPERANDS(a, b);
    return y == 0 ? raise_zero_division("float floor division by zero") : from_any_double(float_floor_divide(x, y));
}

static Value slot_modulo(Value a, Value b) {
    OPERANDS(a, b);
    return y == 0 ? raise_zero_division("float modulo") : from_any_double(float_modulo(x, y));
}

static Value slot_divmod(Value a, Value b) {
    OPERANDS(a, b);
    if (y == 0) return raise_zero_division("float divmod()");
    double r, q = divide_modulo(x, y, &r);
    Value pair[2] = {from_any_double(q), from_any_double(r)};
    return tuple_steal(pair, 2);
}

static Value slot_power(Value a, Value b) {
    OPERANDS(a, b);
    return float_power(x, y);
}

static Value slot_power_modulo(Value base, Value exponent, Value modulus) {
    if (is_none(modulus)) return slot_power(base, exponent);
    return raise_type_error("pow() 3rd argument not allowed unless all arguments are integers");
}

/* Sign of d - n, exactly; d is not NaN. */
static int order_with_int(double d, Value n) {
    if (int_bit_length(n) <= 53) {
        double y = int_as_double(n);
        return (d > y) - (d < y);
    }
    if (fabs(d) < 0x1p53 || isinf(d)) return isinf(d) ? (d > 0 ? 1 : -1) : -int_sign(n);
    Value whole = int_from_double(d);
    if (is_unset(whole)) return error_clear(), 0; /* only out of memory */
    int order = int_order(whole, n);
    release(whole);
    return order;
}

static Value compare_order(int order, CompareOp op) {
    switch (op) {
    case COMPARE_LT: return from_bool(order < 0);
    case COMPARE_LE: return from_bool(order <= 0);
    case COMPARE_EQ: return from_bool(order == 0);
    case COMPARE_NE: return from_bool(order != 0);
    case COMPARE_GT: return from_bool(order > 0);
    default: return from_bool(order >= 0);
    }
}

static Value compare_doubles(double x, double y, CompareOp op) {
    if (x != x || y != y) return from_bool(op == COMPARE_NE);
    return compare_order((x > y) - (x < y), op);
}

static Value slot_compare(Value a, Value b, CompareOp op) {
    if (float_is(a) && float_is(b)) return compare_doubles(float_value(a), float_value(b), op);
    bool reversed = !float_is(a);
    Value number = reversed ? b : a, integer = reversed ? a : b;
    if (!float_is(number) || !int_is(integer)) return NOT_IMPLEMENTED;
    double d = float_value(number);
    if (d != d) return from_bool(op == COMPARE_NE);
    int order = order_with_int(d, integer);
    return compare_order(reversed ? -order : order, op);
}

static int64_t hash_nan(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return (int64_t)((bits * UINT64_C(0x9E3779B97F4A7C15)) >> 2);
}

/* Reduced by 2^61 - 1, so that numbers which are equal across types have the same hash. */
int64_t float_hash(double d) {
    if (!isfinite(d)) return d != d ? hash_nan(d) : d > 0 ? 314159 : -314159;
    int exponent;
    double m = frexp(fabs(d), &exponent);
    uint64_t x = 0;
    const uint64_t prime = (UINT64_C(1) << 61) - 1;
    while (m != 0) {
        x = ((x << 28) & prime) | x >> (61 - 28);
        m *= 268435456.0;
        exponent -= 28;
        uint64_t y = (uint64_t)m;
        m -= (double)y;
        x += y;
        if (x >= prime) x -= prime;
    }
    exponent = exponent >= 0 ? exponent % 61 : 60 - (-1 - exponent) % 61;
    x = ((x << exponent) & prime) | x >> (61 - exponent);
    int64_t result = d < 0 ? -(int64_t)x : (int64_t)x;
    return result == -1 ? -2 : result;
}

static bool slot_hash(Value self, int64_t *out) { return *out = float_hash(float_value(self)), true; }
static int slot_truth(Value self) { return float_value(self) != 0; }
static Value slot_repr(Value self) { return float_repr(float_value(self)); }
static Value slot_negative(Value self) { return from_any_double(-float_value(self)); }
static Value slot_absolute(Value self) { return from_any_double(fabs(float_value(self))); }
static Value slot_exact(Value self) { return from_any_double(float_value(self)); }
static Value slot_to_int(Value self) { return int_from_double(float_value(self)); }

/* Construction. */

static Value convert(Value source) {
    if (is_double(source)) return source;
    if (is_small_int(source)) return from_double((double)as_small_int(source));
    Type *type = type_of(source);
    if (type->to_float) {
        Value result = type->to_float(source);
        if (is_unset(result) || is_double(result)) return result;
        if (float_is(result)) {
            double d = float_value(result);
            bool fine = float_is(source) || float_warn_subclass(source, result);
            return release(result), fine ? from_any_double(d) : UNSET;
        }
        raise_type_error("%T.__float__ returned non-float (type %T)", source, result);
        return release(result), UNSET;
    }
    if (str_is(source)) return float_from_text(source);
    double d;
    if (type->index) return object_as_double(source, &d) ? from_any_double(d) : UNSET;
    if (buffer_supported(source)) return from_buffer(source);
    return raise_type_error("float() argument must be a string or a real number, not '%T'", source);
}

static Value instance_from(Type *type, double d) {
    Value result = instance_new(type);
    if (is_set(result)) ((FloatObject *)as_object(result))->value = d;
    return result;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value source = UNSET;
    if (count == 1 && is_unset(kwnames)) {
        source = args[0];
    } else if (!native_bind("float", "x=0, /", args, count, type->init == float_type.init ? kwnames : UNSET, &source)) {
        return UNSET;
    }
    Value exact = is_set(source) ? convert(source) : from_double(0.0);
    return type == &float_type || is_unset(exact) ? exact : instance_from(type, as_double(exact));
}

static void destroy(Object *self) { object_free(self); }

/* Methods. */

static Value exact(const Value *args, size_t count) {
    (void)count;
    return slot_exact(args[0]);
}

static Value get_new_args(const Value *args, size_t count) {
    (void)count;
    Value d = slot_exact(args[0]);
    return tuple_steal(&d, 1);
}

static Value is_integer(const Value *args, size_t count) {
    (void)count;
    double d = float_value(args[0]);
    return from_bool(isfinite(d) && floor(d) == d);
}

static Value as_integer_ratio(const Value *args, size_t count) {
    (void)count;
    double d = float_value(args[0]);
    if (isinf(d)) return raise_overflow_error("cannot convert Infinity to integer ratio");
    if (d != d) return raise_value_error("cannot convert NaN to integer ratio");
    int exponent;
    double fraction = frexp(d, &exponent);
    for (int i = 0; i < 300 && fraction != floor(fraction); i++) {
        fraction *= 2.0;
        exponent--;
    }
    Value pair[2] = {int_from_double(fraction), from_small_int(1)};
    Value *scaled = exponent > 0 ? &pair[0] : &pair[1];
    if (is_unset(pair[0])) return UNSET;
    replace(scaled, int_shift_left(*scaled, from_small_int(exponent > 0 ? exponent : -exponent)));
    if (is_unset(*scaled)) return release(pair[0]), release(pair[1]), UNSET;
    return tuple_steal(pair, 2);
}

static Value hex(const Value *args, size_t count) {
    (void)count;
    double d = float_value(args[0]);
    if (!isfinite(d)) return float_repr(d);
    if (d == 0) return str_from(signbit(d) ? "-0x0.0p+0" : "0x0.0p+0");
    char room[40];
    snprintf(room, sizeof room, "%.13a", d);
    return str_from(room);
}

static bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static const char *skip_hex_digits(const char *s, const char *end) {
    while (s < end && is_hex_digit(*s)) s++;
    return s;
}

/* [0x] hex digits [. digits] [p exponent]; *digits gets where they begin. */
static bool check_hex(const char *s, const char *end, const char **digits) {
    if (end - s > 2 && s[0] == '0' && (s[1] | 0x20) == 'x') s += 2;
    *digits = s;
    const char *after = skip_hex_digits(s, end);
    size_t n = (size_t)(after - s);
    if (after < end && *after == '.') {
        s = after + 1;
        after = skip_hex_digits(s, end);
        n += (size_t)(after - s);
    }
    if (n == 0) return false;
    if (after == end) return true;
    if ((*after++ | 0x20) != 'p') return false;
    if (after < end && (*after == '+' || *after == '-')) after++;
    if (after == end) return false;
    while (after < end && *after >= '0' && *after <= '9') after++;
    return after == end;
}

static Value read_hex(const char *digits, size_t n, bool negative) {
    char room[128], *text = n + 3 <= sizeof room ? room : raw_allocate(n + 3);
    if (!text) return raise_memory_error();
    memcpy(text, "0x", 2);
    memcpy(text + 2, digits, n);
    text[n + 2] = 0;
    double d = float_read_decimal(text, NULL);
    if (text != room) raw_free(text);
    if (isinf(d)) return raise_overflow_error("hexadecimal value too large to represent as a float");
    return from_double(negative ? -d : d);
}

static Value parse_hex(const char *s, size_t n) {
    double d;
    const char *digits;
    number_text_strip(&s, &n);
    const char *end = s + n, *start = s;
    bool negative = n && *s == '-';
    if (n && (*s == '-' || *s == '+')) s++;
    if (check_hex(s, end, &digits)) return read_hex(digits, (size_t)(end - digits), negative);
    if (s < end && !(*s >= '0' && *s <= '9') && *s != '.' && float_parse(start, n, &d)) return from_any_double(d);
    return raise_value_error("invalid hexadecimal floating-point string");
}

static Value from_hex(const Value *args, size_t count) {
    (void)count;
    NumberText t;
    if (!str_is(args[1])) return raise_type_error("bad argument type for built-in operation");
    if (!number_text_open(args[1], &t)) return UNSET;
    Value result = parse_hex(t.at, t.length);
    number_text_close(&t);
    if (is_unset(result) || as_type(args[0]) == &float_type) return result;
    return call1(args[0], result);
}

static Value round_to_int(double d) {
    double rounded = round(d);
    if (fabs(d - rounded) == 0.5) rounded = 2.0 * round(d / 2.0);
    return int_from_double(rounded);
}

static Value round_method(const Value *args, size_t count) {
    (void)count;
    double d = float_value(args[0]);
    int64_t digits;
    if (is_unset(args[1]) || is_none(args[1])) return round_to_int(d);
    if (!object_as_index(args[1], &digits, NULL)) return UNSET;
    if (!isfinite(d)) return from_any_double(d);
    digits = digits > 400 ? 400 : digits < -400 ? -400 : digits;
    double result = float_round(d, (int)digits);
    if (isinf(result)) return raise_overflow_error("rounded value too large to represent");
    return from_double(result);
}

static Value trunc_method(const Value *args, size_t count) {
    (void)count;
    return slot_to_int(args[0]);
}

static Value floor_method(const Value *args, size_t count) {
    (void)count;
    return int_from_double(floor(float_value(args[0])));
}

static Value ceil_method(const Value *args, size_t count) {
    (void)count;
    return int_from_double(ceil(float_value(args[0])));
}

static Value format(const Value *args, size_t count) {
    (void)count;
    if (!str_is(args[1])) return raise_type_error("__format__() argument must be str, not %T", args[1]);
    return number_format(args[0], args[1]);
}

static Value get_format(const Value *args, size_t count) {
    (void)count;
    if (!str_is(args[1])) return raise_type_error("__getformat__() argument must be str, not %T", args[1]);
    if (!str_equal_ascii(args[1], "double") && !str_equal_ascii(args[1], "float")) {
        return raise_value_error("__getformat__() argument 1 must be 'double' or 'float'");
    }
    return str_from("IEEE, little-endian");
}

static const NativeDef methods[] = {
    METHOD("conjugate", "", exact, "Return self, the complex conjugate of any float."),
    METHOD("__trunc__", "", trunc_method, "Return the Integral closest to x between 0 and x."),
    METHOD("__floor__", "", floor_method, "Return the floor as an Integral."),
    METHOD("__ceil__", "", ceil_method, "Return the ceiling as an Integral."),
    METHOD("__round__", "ndigits=None, /", round_method,
           "Return the Integral closest to x, rounding half toward even."),
    METHOD("as_integer_ratio", "", as_integer_ratio, "Return a pair of integers, whose ratio is equal to the float."),
    CLASS_METHOD("fromhex", "string, /", from_hex, "Create a floating-point number from a hexadecimal string."),
    METHOD("hex", "", hex, "Return a hexadecimal representation of a floating-point number."),
    METHOD("is_integer", "", is_integer, "Return True if the float is an integer."),
    METHOD("__getnewargs__", "", get_new_args, NULL),
    CLASS_METHOD("__getformat__", "typestr, /", get_format, "How floating point numbers are stored."),
    METHOD("__format__", "format_spec, /", format, "Formats the float according to format_spec."),
    NATIVE_END,
};

static Value imaginary(Value self) {
    (void)self;
    return from_double(0.0);
}

static const MemberDef members[] = {
    {"real", slot_exact, NULL, "the real part of a complex number"},
    {"imag", imaginary, NULL, "the imaginary part of a complex number"},
    {0},
};

Type float_type = {
    TYPE_HEAD("float"),
    .flags = TYPE_BASE | TYPE_FLOAT_SUB | TYPE_IMMUTABLE,
    .basic_size = sizeof(FloatObject),
    .doc = "Convert a string or number to a floating point number, if possible.",
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
               [BINARY_MODULO] = slot_modulo, [BINARY_POWER] = slot_power, [BINARY_DIVMOD] = slot_divmod},
    .power = slot_power_modulo,
    .unary = {[UNARY_NEGATIVE] = slot_negative, [UNARY_POSITIVE] = slot_exact, [UNARY_ABSOLUTE] = slot_absolute},
    .to_int = slot_to_int,
    .to_float = slot_exact,
};
