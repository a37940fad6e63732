/* A Value is any script value in 8 bytes.
 *
 *   0                                 unset: no value; as a C result it means "failed, exception pending"
 *   1 .. 63                           immediates: None, False, True, NotImplemented, Ellipsis
 *   0x0000_PPPP_PPPP_PPPP             pointer to an Object (48 bits)
 *   0x0001 .. 0xFFFE in the top bits  a double, as its own bits plus 2^48
 *   0xFFFF_IIII_IIII_IIII             a signed integer of 48 bits (larger ones are Int objects)
 *
 * A pointer is itself, so following one needs no mask; "is it an object", "is it an int" and "is it a float" are one
 * subtraction and one comparison each.  NaNs that come from outside (files, struct) must pass from_any_double, since
 * a negative NaN with an odd payload would look like an integer.  Those that float("nan") makes differ in payload, which
 * makes them different objects to a script.
 */
#ifndef MEM_VALUE_H
#define MEM_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct Object;

typedef struct Value {
    uint64_t bits;
} Value;

#define VALUE_INT_TAG    UINT64_C(0xFFFF000000000000)
#define VALUE_FLOAT_BIAS UINT64_C(0x0001000000000000)
#define VALUE_IMMEDIATES UINT64_C(64)
#define SMALL_INT_MAX    ((INT64_C(1) << 47) - 1)
#define SMALL_INT_MIN    (-(INT64_C(1) << 47))

#define UNSET           ((Value){0})
#define NONE            ((Value){1})
#define FALSE_VALUE     ((Value){2})
#define TRUE_VALUE      ((Value){3})
#define NOT_IMPLEMENTED ((Value){4})
#define ELLIPSIS        ((Value){5})

static inline bool same(Value a, Value b) { return a.bits == b.bits; }
static inline bool is_unset(Value v) { return v.bits == 0; }
static inline bool is_set(Value v) { return v.bits != 0; }
static inline bool is_none(Value v) { return v.bits == 1; }
static inline bool is_bool(Value v) { return (v.bits | 1) == 3; }
static inline bool is_object(Value v) { return v.bits - VALUE_IMMEDIATES < VALUE_FLOAT_BIAS - VALUE_IMMEDIATES; }

/* Unboxed integers and doubles only; int_is() and float_is() of runtime/types also know objects and subclasses. */
static inline bool is_small_int(Value v) { return v.bits >= VALUE_INT_TAG; }
static inline bool are_small_ints(Value a, Value b) { return (a.bits & b.bits) >= VALUE_INT_TAG; }
static inline bool is_double(Value v) { return v.bits - VALUE_FLOAT_BIAS < VALUE_INT_TAG - VALUE_FLOAT_BIAS; }

static inline Value from_bool(bool b) { return (Value){2 + (uint64_t)b}; }
static inline Value from_object(const void *object) { return (Value){(uint64_t)(uintptr_t)object}; }
static inline struct Object *as_object(Value v) { return (struct Object *)(uintptr_t)v.bits; }

static inline bool fits_small_int(int64_t n) { return n >= SMALL_INT_MIN && n <= SMALL_INT_MAX; }
static inline Value from_small_int(int64_t n) {
    return (Value){(uint64_t)n | VALUE_INT_TAG};
} /* wrong unless it fits */
static inline int64_t as_small_int(Value v) { return (int64_t)(v.bits << 16) >> 16; }

static inline Value from_double(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return (Value){bits + VALUE_FLOAT_BIAS};
}
static inline double as_double(Value v) {
    uint64_t bits = v.bits - VALUE_FLOAT_BIAS;
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}
/* For doubles whose bits come from outside: every NaN becomes the ordinary one (its sign is kept). */
static inline Value from_any_double(double d) {
    return from_double(d == d ? d : __builtin_copysign(__builtin_nan(""), d));
}

#endif
