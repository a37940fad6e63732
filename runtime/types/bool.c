/* bool: the two immediates, an int in everything but text and bitwise operators. */
#include "runtime/types/int.h"
#include "runtime/types/names.h"

#include "runtime/types/error.h"
#include "runtime/types/int_arith.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)type;
    if (!native_no_keywords("bool", kwnames)) return UNSET;
    if (count > 1) return raise_type_error("bool expected at most 1 argument, got %zu", count);
    int truth = count ? object_truth(args[0]) : 0;
    return truth < 0 ? UNSET : from_bool(truth);
}

static Value repr(Value self) { return same(self, TRUE_VALUE) ? names.true_text : names.false_text; }

#define BITWISE_SLOT(name, operator, function)                                        \
    static Value name(Value a, Value b) {                                             \
        if (is_bool(a) && is_bool(b)) return from_bool((a.bits & 1) operator(b.bits & 1)); \
        return int_is(a) && int_is(b) ? function(a, b) : NOT_IMPLEMENTED;             \
    }
BITWISE_SLOT(slot_and, &, int_and)
BITWISE_SLOT(slot_or, |, int_or)
BITWISE_SLOT(slot_xor, ^, int_xor)

static int truth(Value self) { return same(self, TRUE_VALUE); }
static bool hash(Value self, int64_t *out) { return *out = same(self, TRUE_VALUE), true; }

Type bool_type = {
    TYPE_HEAD("bool"),
    .flags = TYPE_IMMUTABLE,
    .base = &int_type,
    .basic_size = sizeof(Int),
    .item_size = sizeof(mp_limb_t),
    .doc = "bool(x) -> bool\n\nTrue when the argument x is true, False otherwise.",
    .make = make,
    .repr = repr,
    .hash = hash,
    .truth = truth,
    .binary = {[BINARY_AND] = slot_and, [BINARY_OR] = slot_or, [BINARY_XOR] = slot_xor},
};
