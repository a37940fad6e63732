/* Arithmetic on any values: whose slot is asked first, and what is said when nobody answers. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"

static const char *const symbols[BINARY_COUNT] = {"+",           "-",  "*",  "@", "/", "//", "%",
                                                  "** or pow()", "<<", ">>", "&", "|", "^",  "divmod()"};
static const char *const inplace_symbols[BINARY_COUNT] = {
    "+=", "-=", "*=", "@=", "/=", "//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="};

const char *binary_symbol(BinaryOp op) { return symbols[op]; }

/* Built-in sequences: their + and * come last, as the sequence slots of CPython do. */
bool type_concatenates(const Type *type, BinaryOp op) {
    const uint32_t kinds = TYPE_LIST_SUB | TYPE_TUPLE_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_SEQUENCE;
    if (op != BINARY_ADD && op != BINARY_MULTIPLY) return false;
    bool sequence = (type->flags & kinds) ||
                    (type->get_item && type->length && !(type->flags & TYPE_MAPPING) && !type->binary[BINARY_SUBTRACT]);
    return sequence && type->binary[op] && !slot_is_scripted(type, (const void *)type->binary[op]);
}

Value sequence_refusal(BinaryOp op, Value a, Value b) {
    if (op == BINARY_ADD) return raise_type_error("can only concatenate %T (not \"%T\") to %T", a, b, a);
    return raise_type_error("can't multiply sequence by non-int of type '%T'", b);
}

typedef Value (*BinarySlot)(Value a, Value b);

/* The plain order: a subtype's own slot on the right, left, right. */
static Value ask(BinarySlot left, BinarySlot right, Value a, Value b) {
    if (right == left) right = NULL;
    if (left) {
        if (right && type_is_subtype(type_of(b), type_of(a))) {
            Value r = right(a, b);
            if (!same(r, NOT_IMPLEMENTED)) return r;
            right = NULL;
        }
        Value r = left(a, b);
        if (!same(r, NOT_IMPLEMENTED)) return r;
    }
    return right ? right(a, b) : NOT_IMPLEMENTED;
}

/* print >> file, as Python 2 had it. */
static bool is_print(Value v) {
    return is_exactly(v, &native_function_type) && strcmp(((Native *)as_object(v))->def->name, "print") == 0;
}

static Value refuse(BinaryOp op, const char *symbol, Value a, Value b) {
    if (op == BINARY_RSHIFT && is_print(a) && strcmp(symbol, ">>") == 0)
        return raise_type_error("unsupported operand type(s) for >>: '%T' and '%T'. Did you mean "
                                "\"print(<message>, file=<output_stream>)\"?", a, b);
    return raise_type_error("unsupported operand type(s) for %s: '%T' and '%T'", symbol, a, b);
}

/* + and * where a built-in sequence takes part: numbers' slots first, then the left sequence's, then the right one's.
 */
static Value ask_sequences(BinaryOp op, Value a, Value b, BinarySlot left, BinarySlot right, bool left_late,
                           bool right_late) {
    Value r = ask(left_late ? NULL : left, right_late ? NULL : right, a, b);
    if (!same(r, NOT_IMPLEMENTED)) return r;
    if (left_late) {
        r = left(a, b);
        if (same(r, NOT_IMPLEMENTED)) return sequence_refusal(op, a, b);
        return r;
    }
    if (op == BINARY_ADD) return NOT_IMPLEMENTED;
    r = right(a, b);
    return same(r, NOT_IMPLEMENTED) ? sequence_refusal(op, b, a) : r;
}

static Value binary_or_not(BinaryOp op, Value a, Value b) {
    Type *left = type_of(a), *right = type_of(b);
    BinarySlot left_slot = left->binary[op], right_slot = left == right ? NULL : right->binary[op];
    if (left == right && left_slot && op != BINARY_MULTIPLY) return left_slot(a, b);
    if (op == BINARY_ADD || op == BINARY_MULTIPLY) {
        bool left_late = type_concatenates(left, op), right_late = right_slot && type_concatenates(right, op);
        if (left_late || right_late) return ask_sequences(op, a, b, left_slot, right_slot, left_late, right_late);
    }
    return ask(left_slot, right_slot, a, b);
}

Value object_binary(BinaryOp op, Value a, Value b) {
    Value r = binary_or_not(op, a, b);
    return same(r, NOT_IMPLEMENTED) ? refuse(op, symbols[op], a, b) : r;
}

Value object_binary_refused(BinaryOp op, Value a, Value b, bool in_place) {
    return refuse(op, in_place ? inplace_symbols[op] : symbols[op], a, b);
}

Value object_inplace(BinaryOp op, Value a, Value b) {
    Type *type = type_of(a);
    if (type->inplace[op]) {
        Value r = type->inplace[op](a, b);
        if (!same(r, NOT_IMPLEMENTED)) return r;
    }
    return object_inplace_declined(op, a, b);
}

Value object_inplace_declined(BinaryOp op, Value a, Value b) {
    Value r = binary_or_not(op, a, b);
    return same(r, NOT_IMPLEMENTED) ? refuse(op, inplace_symbols[op], a, b) : r;
}

Value object_power(Value base, Value exponent, Value modulus) {
    if (is_none(modulus)) return object_binary(BINARY_POWER, base, exponent);
    Value tried[3] = {base, exponent, modulus}, r = NOT_IMPLEMENTED;
    for (int i = 0; i < 3 && same(r, NOT_IMPLEMENTED); i++) {
        Type *type = type_of(tried[i]);
        if (type->power) r = type->power(base, exponent, modulus);
    }
    if (!same(r, NOT_IMPLEMENTED)) return r;
    return raise_type_error("unsupported operand type(s) for ** or pow(): '%T', '%T', '%T'", base, exponent, modulus);
}

Value object_unary(UnaryOp op, Value v) {
    static const char *const formats[] = {"bad operand type for unary -: '%T'", "bad operand type for unary +: '%T'",
                                          "bad operand type for unary ~: '%T'", "bad operand type for abs(): '%T'"};
    Type *type = type_of(v);
    return type->unary[op] ? type->unary[op](v) : raise_type_error(formats[op], v);
}
