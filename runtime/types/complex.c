/* complex: two doubles in an object. */
#include "runtime/types/float.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/complex_math.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float_text.h"
#include "runtime/types/int.h"
#include "runtime/types/int_text.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <math.h>

Value complex_from_doubles(double real, double imag) {
    Complex *c = object_allocate(&complex_type, sizeof(Complex));
    if (!c) return UNSET;
    c->real = real;
    c->imag = imag;
    return from_object(c);
}

static Value from_pair(Pair p) { return complex_from_doubles(p.real, p.imag); }

static Pair as_pair(Value v) {
    const Complex *c = (const Complex *)as_object(v);
    return (Pair){c->real, c->imag};
}

/* Arithmetic on pairs. */

Pair pair_multiply(Pair a, Pair b) {
    return (Pair){a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real};
}

/* Scaled by the larger part of the divisor, so that no intermediate overflows without need. b is not zero. */
Pair pair_divide(Pair a, Pair b) {
    if (fabs(b.real) >= fabs(b.imag)) {
        double ratio = b.imag / b.real, scale = b.real + b.imag * ratio;
        return (Pair){(a.real + a.imag * ratio) / scale, (a.imag - a.real * ratio) / scale};
    }
    if (fabs(b.imag) >= fabs(b.real)) {
        double ratio = b.real / b.imag, scale = b.real * ratio + b.imag;
        return (Pair){(a.real * ratio + a.imag) / scale, (a.imag * ratio - a.real) / scale};
    }
    return (Pair){__builtin_nan(""), __builtin_nan("")}; /* a part of b is NaN */
}

static Pair power_whole(Pair base, unsigned exponent) {
    Pair result = {1, 0};
    for (unsigned mask = 1; mask && exponent >= mask; mask <<= 1) {
        if (exponent & mask) result = pair_multiply(result, base);
        base = pair_multiply(base, base);
    }
    return result;
}

static Pair power_polar(Pair a, Pair b) {
    double size = hypot(a.real, a.imag), length = pow(size, b.real), angle = atan2(a.imag, a.real);
    double phase = angle * b.real;
    if (b.imag != 0) {
        length /= exp(angle * b.imag);
        phase += b.imag * log(size);
    }
    return (Pair){length * cos(phase), length * sin(phase)};
}

static Value power(Pair a, Pair b) {
    Pair result = {1, 0};
    bool whole = b.imag == 0 && b.real == floor(b.real) && fabs(b.real) <= 100;
    bool zero = a.real == 0 && a.imag == 0;
    if (zero && (b.real < 0 || b.imag != 0)) {
        return raise_error(&ZeroDivisionError_type, "0.0 to a negative or complex power");
    }
    if (whole && b.real > 0) {
        result = power_whole(a, (unsigned)b.real);
    } else if (whole) {
        result = pair_divide(result, power_whole(a, (unsigned)-b.real));
    } else {
        result = zero ? (Pair){0, 0} : power_polar(a, b);
    }
    if (isinf(result.real) || isinf(result.imag)) return raise_overflow_error("complex exponentiation");
    return from_pair(result);
}

/* 1: a number; 0: not; -1: an int is too large. */
static int operand(Value v, Pair *out) {
    out->imag = 0;
    if (complex_is(v)) return *out = as_pair(v), 1;
    if (float_is(v)) return out->real = float_value(v), 1;
    if (!int_is(v)) return 0;
    return int_to_double(v, &out->real) ? 1 : -1;
}

static int operands(Value a, Value b, Pair *x, Pair *y) {
    int first = operand(a, x);
    return first == 1 ? operand(b, y) : first;
}

#define OPERANDS(a, b)                     \
    Pair x, y;                             \
    int numbers_ = operands(a, b, &x, &y); \
    if (numbers_ <= 0) return numbers_ ? UNSET : NOT_IMPLEMENTED

static Value slot_add(Value a, Value b) {
    OPERANDS(a, b);
    return complex_from_doubles(x.real + y.real, x.imag + y.imag);
}

static Value slot_subtract(Value a, Value b) {
    OPERANDS(a, b);
    return complex_from_doubles(x.real - y.real, x.imag - y.imag);
}

static Value slot_multiply(Value a, Value b) {
    OPERANDS(a, b);
    return from_pair(pair_multiply(x, y));
}

static Value slot_true_divide(Value a, Value b) {
    OPERANDS(a, b);
    if (y.real == 0 && y.imag == 0) return raise_error(&ZeroDivisionError_type, "complex division by zero");
    return from_pair(pair_divide(x, y));
}

static Value slot_power(Value a, Value b) {
    OPERANDS(a, b);
    return power(x, y);
}

static Value slot_power_modulo(Value base, Value exponent, Value modulus) {
    if (is_none(modulus)) return slot_power(base, exponent);
    OPERANDS(base, exponent);
    return raise_value_error("complex modulo");
}

static Value slot_compare(Value a, Value b, CompareOp op) {
    if (op != COMPARE_EQ && op != COMPARE_NE) return NOT_IMPLEMENTED;
    if (!complex_is(a)) {
        Value swap = a;
        a = b, b = swap;
    }
    Pair x = as_pair(a);
    int equal;
    if (complex_is(b)) {
        Pair y = as_pair(b);
        equal = x.real == y.real && x.imag == y.imag;
    } else if (float_is(b)) {
        equal = x.real == float_value(b) && x.imag == 0;
    } else if (int_is(b)) {
        equal = x.imag == 0 && object_compare_truth(from_any_double(x.real), b, COMPARE_EQ);
    } else {
        return NOT_IMPLEMENTED;
    }
    return equal < 0 ? UNSET : from_bool((equal != 0) == (op == COMPARE_EQ));
}

static bool slot_hash(Value self, int64_t *out) {
    Pair p = as_pair(self);
    uint64_t h = (uint64_t)float_hash(p.real) + UINT64_C(1000003) * (uint64_t)float_hash(p.imag);
    *out = (int64_t)h == -1 ? -2 : (int64_t)h;
    return true;
}

static int slot_truth(Value self) {
    Pair p = as_pair(self);
    return p.real != 0 || p.imag != 0;
}

static Value slot_negative(Value self) {
    Pair p = as_pair(self);
    return complex_from_doubles(-p.real, -p.imag);
}

static Value slot_exact(Value self) {
    if (is_exactly(self, &complex_type)) return retain(self);
    return from_pair(as_pair(self));
}

static Value slot_absolute(Value self) {
    Pair p = as_pair(self);
    if (isinf(p.real) || isinf(p.imag)) return from_double(HUGE_VAL);
    double size = hypot(p.real, p.imag);
    if (isinf(size)) return raise_overflow_error("absolute value too large");
    return from_any_double(size);
}

/* Text. */

static size_t write_part(double d, bool plus, char *out) {
    size_t n = 0, length;
    if (plus && (d != d || !signbit(d))) out[n++] = '+';
    float_format(d, 'r', 0, false, false, out + n, 48, &length);
    return n + length;
}

static Value slot_repr(Value self) {
    Pair p = as_pair(self);
    char room[128];
    size_t n = 0;
    bool imaginary_only = p.real == 0 && !signbit(p.real);
    if (!imaginary_only) {
        room[n++] = '(';
        n += write_part(p.real, false, room + n);
    }
    n += write_part(p.imag, !imaginary_only, room + n);
    room[n++] = 'j';
    if (!imaginary_only) room[n++] = ')';
    return str_from_latin1(room, n);
}

/* How many characters at s form a number: sign, digits or inf or nan, exponent. */
static size_t span_number(const char *s, size_t n) {
    size_t i = 0;
    if (i < n && (s[i] == '+' || s[i] == '-')) i++;
    while (i < n && s[i] != 'j' && s[i] != 'J' && s[i] != ')' && !number_is_space(s[i])) {
        bool exponent = i > 0 && (s[i - 1] | 0x20) == 'e';
        if ((s[i] == '+' || s[i] == '-') && !exponent) break;
        i++;
    }
    return i;
}

/* A sign alone, or nothing, is one. */
static bool read_unit(const char *s, size_t n, double *out) {
    *out = n == 1 && *s == '-' ? -1.0 : 1.0;
    return n == 0 || (n == 1 && (*s == '+' || *s == '-'));
}

static bool parse_parts(const char *s, size_t n, Pair *out) {
    *out = (Pair){0, 0};
    size_t first = span_number(s, n);
    if (first == n) return float_parse(s, n, &out->real);
    if ((s[first] | 0x20) == 'j') {
        return first + 1 == n && (read_unit(s, first, &out->imag) || float_parse(s, first, &out->imag));
    }
    if (s[first] != '+' && s[first] != '-') return false;
    if (!float_parse(s, first, &out->real)) return false;
    s += first, n -= first;
    size_t second = span_number(s, n);
    if (second + 1 != n || (s[second] | 0x20) != 'j') return false;
    return read_unit(s, second, &out->imag) || float_parse(s, second, &out->imag);
}

static bool parse(const char *s, size_t n, Pair *out) {
    number_text_strip(&s, &n);
    if (n && *s == '(') {
        if (s[n - 1] != ')' || n < 2) return false;
        s++, n -= 2;
        number_text_strip(&s, &n);
    }
    return n > 0 && parse_parts(s, n, out);
}

Value complex_parse(Value text) {
    NumberText t;
    Pair p;
    if (!number_text_open(text, &t)) return UNSET;
    bool valid = parse(t.at, t.length, &p);
    number_text_close(&t);
    return valid ? from_pair(p) : raise_value_error("complex() arg is a malformed string");
}

/* Construction. */

/* v through __complex__; 1 found, 0 none, -1 failed. */
static int convert_special(Value v, Pair *out) {
    Value method;
    bool self_needed;
    int found = special_lookup(v, names.complex_, &method, &self_needed);
    if (found <= 0) return found;
    Value result = call(method, &v, self_needed, UNSET);
    release(method);
    if (is_unset(result)) return -1;
    bool valid = complex_is(result);
    if (valid) *out = as_pair(result);
    else raise_type_error("__complex__ returned non-complex (type %T)", result);
    if (valid && !is_exactly(result, &complex_type))
        valid = warning_issue(&DeprecationWarning_type,
                              "__complex__ returned non-complex (type %T).  The ability to return an instance of a strict "
                              "subclass of complex is deprecated, and may be removed in a future version of Python.",
                              result);
    release(result);
    return valid ? 1 : -1;
}

bool complex_convert(Value v, const char *refusal, Pair *out) {
    if (is_exactly(v, &complex_type)) return *out = as_pair(v), true;
    int special = is_object(v) ? convert_special(v, out) : 0;
    if (special) return special > 0;
    if (complex_is(v)) return *out = as_pair(v), true;
    out->imag = 0;
    const Type *type = type_of(v);
    if (!type->to_float && !type->index) return raise_type_error(refusal, v), false;
    return object_as_double(v, &out->real);
}

static bool convert_arguments(Value real, Value imag, Pair *out) {
    Pair second = {0, 0};
    *out = (Pair){0, 0};
    if (is_set(imag) && str_is(imag)) return raise_type_error("complex() second arg can't be a string"), false;
    if (is_set(imag) && !complex_is(imag) && !type_of(imag)->to_float && !type_of(imag)->index) {
        return raise_type_error("complex() second argument must be a number, not '%T'", imag), false;
    }
    if (is_set(real) &&
        !complex_convert(real, "complex() first argument must be a string or a number, not '%T'", out)) {
        return false;
    }
    if (is_unset(imag)) return true;
    bool second_complex = complex_is(imag), first_complex = is_set(real) && (complex_is(real) || out->imag != 0);
    if (second_complex) second = as_pair(imag);
    else if (!object_as_double(imag, &second.real)) return false;
    if (second_complex) out->real -= second.imag;
    out->imag = first_complex ? out->imag + second.real : second.real;
    return true;
}

static Value instance_from(Type *type, Pair p) {
    if (type == &complex_type) return from_pair(p);
    Value result = instance_new(type);
    if (is_unset(result)) return UNSET;
    Complex *c = (Complex *)as_object(result);
    c->real = p.real;
    c->imag = p.imag;
    return result;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    Pair p;
    if (!native_bind("complex", "real=0, imag=0", args, count, kwnames, bound)) return UNSET;
    if (is_set(bound[0]) && is_unset(bound[1]) && type == &complex_type && is_exactly(bound[0], type))
        return retain(bound[0]);
    if (is_set(bound[0]) && str_is(bound[0])) {
        if (is_set(bound[1])) return raise_type_error("complex() can't take second arg if first is a string");
        Value parsed = complex_parse(bound[0]);
        if (is_unset(parsed) || type == &complex_type) return parsed;
        p = as_pair(parsed);
        release(parsed);
    } else if (!convert_arguments(bound[0], bound[1], &p)) {
        return UNSET;
    }
    return instance_from(type, p);
}

static void destroy(Object *self) { object_free(self); }

/* Methods. */

static Value conjugate(const Value *args, size_t count) {
    (void)count;
    Pair p = as_pair(args[0]);
    return complex_from_doubles(p.real, -p.imag);
}

static Value to_complex(const Value *args, size_t count) {
    (void)count;
    return slot_exact(args[0]);
}

static Value get_new_args(const Value *args, size_t count) {
    (void)count;
    Pair p = as_pair(args[0]);
    Value parts[2] = {from_any_double(p.real), from_any_double(p.imag)};
    return tuple_steal(parts, 2);
}

static Value format(const Value *args, size_t count) {
    (void)count;
    if (!str_is(args[1])) return raise_type_error("__format__() argument must be str, not %T", args[1]);
    return number_format(args[0], args[1]);
}

static const NativeDef methods[] = {
    METHOD("__complex__", "", to_complex, "Convert this value to exact type complex."),
    METHOD("conjugate", "", conjugate, "Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j."),
    METHOD("__getnewargs__", "", get_new_args, NULL),
    METHOD("__format__", "format_spec, /", format, "Convert to a string according to format_spec."),
    NATIVE_END,
};

static Value get_real(Value self) { return from_any_double(as_pair(self).real); }
static Value get_imag(Value self) { return from_any_double(as_pair(self).imag); }

static const MemberDef members[] = {
    MEMBER("real", get_real, "the real part of a complex number"),
    MEMBER("imag", get_imag, "the imaginary part of a complex number"),
    {0},
};

Type complex_type = {
    TYPE_HEAD("complex"),
    .flags = TYPE_BASE | TYPE_COMPLEX_SUB | TYPE_IMMUTABLE,
    .basic_size = sizeof(Complex),
    .doc = "Create a complex number from a real part and an optional imaginary part.\n\n"
           "This is equivalent to (real + imag*1j) where imag defaults to 0.",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .make = make,
    .repr = slot_repr,
    .hash = slot_hash,
    .compare = slot_compare,
    .truth = slot_truth,
    .binary = {[BINARY_ADD] = slot_add, [BINARY_SUBTRACT] = slot_subtract, [BINARY_MULTIPLY] = slot_multiply,
               [BINARY_TRUE_DIVIDE] = slot_true_divide, [BINARY_POWER] = slot_power},
    .power = slot_power_modulo,
    .unary = {[UNARY_NEGATIVE] = slot_negative, [UNARY_POSITIVE] = slot_exact, [UNARY_ABSOLUTE] = slot_absolute},
};
