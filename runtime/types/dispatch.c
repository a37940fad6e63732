/* The slot functions of classes made by scripts: each looks its special method up on the type and calls it. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"

#define C_DEPTH(result) \
    if (!recursion_check(" while calling a Python object")) return result

/* type(self).method(self, args...), with found looked up already. */
static Value call_found(Value found, Value self, const Value *args, size_t count, Value kwnames) {
    Value bound = UNSET, result;
    if (type_of(found)->flags & TYPE_METHOD_DESCRIPTOR) {
        retain(found);
        result = call_with_self(found, self, args, count, kwnames);
        release(found);
        return result;
    }
    bound = descriptor_bind(found, self, type_of(self));
    if (is_unset(bound)) return UNSET;
    result = call(bound, args, count, kwnames);
    release(bound);
    return result;
}

static Value method_missing(Value name) { return raise_error(&AttributeError_type, "%U", name); }

static Value call_name(Value self, Value name, const Value *args, size_t count) {
    C_DEPTH(UNSET);
    Value found = type_lookup(type_of(self), name);
    return is_unset(found) ? method_missing(name) : call_found(found, self, args, count, UNSET);
}

/* For slots whose C result says less than a value: true if the call went well; the result is dropped. */
static bool call_for_effect(Value self, Value name, const Value *args, size_t count) {
    Value r = call_name(self, name, args, count);
    release(r);
    return is_set(r);
}

#define DEFINE_UNARY(name) \
    Value dispatch##name(Value self) { return call_name(self, names.name, NULL, 0); }
DEFINE_UNARY(__repr__)
DEFINE_UNARY(__str__)
DEFINE_UNARY(__await__)
DEFINE_UNARY(__aiter__)
DEFINE_UNARY(__anext__)
DEFINE_UNARY(__neg__)
DEFINE_UNARY(__pos__)
DEFINE_UNARY(__invert__)
DEFINE_UNARY(__abs__)
DEFINE_UNARY(__int__)
DEFINE_UNARY(__float__)
DEFINE_UNARY(__index__)

Value dispatch__iter__(Value self) {
    if (is_none(type_lookup(type_of(self), names.__iter__)))
        return raise_type_error("'%T' object is not iterable", self);
    return call_name(self, names.__iter__, NULL, 0);
}

Value dispatch_next(Value self) { return call_name(self, names.__next__, NULL, 0); }

/* Binary operators --------------------------------------------------------------------------------------------------
 */

typedef struct OperatorNames {
    const Value *plain, *reflected, *inplace;
} OperatorNames;

#define NAMES3(word) {&names.__##word##__, &names.__r##word##__, &names.__i##word##__}
static const OperatorNames operator_names[BINARY_COUNT] = {
    NAMES3(add), NAMES3(sub), NAMES3(mul), NAMES3(matmul), NAMES3(truediv), NAMES3(floordiv), NAMES3(mod), NAMES3(pow),
    NAMES3(lshift), NAMES3(rshift), NAMES3(and), NAMES3(or), NAMES3(xor), {&names.__divmod__, &names.__rdivmod__, NULL},
};

/* self.name(other), or NOT_IMPLEMENTED when there is no such method. */
static Value call_operator(Value self, Value name, Value other) {
    C_DEPTH(UNSET);
    Value found = type_lookup(type_of(self), name);
    return is_unset(found) ? NOT_IMPLEMENTED : call_found(found, self, &other, 1, UNSET);
}

/* Does the right operand's type define the reflected method otherwise than the left one's? */
static bool overrides(Value a, Value b, Value name) {
    Value right = type_lookup(type_of(b), name);
    return is_set(right) && !same(right, type_lookup(type_of(a), name));
}

typedef Value (*BinarySlot)(Value a, Value b);

static Value dispatch_binary(Value a, Value b, BinaryOp op, BinarySlot own) {
    Type *left = type_of(a), *right = type_of(b);
    Value plain = *operator_names[op].plain, reflected = *operator_names[op].reflected;
    bool other = left != right && right->binary[op] == own;
    if (left->binary[op] == own) {
        if (other && type_is_subtype(right, left) && overrides(a, b, reflected)) {
            Value r = call_operator(b, reflected, a);
            if (!same(r, NOT_IMPLEMENTED)) return r;
            other = false;
        }
        Value r = call_operator(a, plain, b);
        if (!same(r, NOT_IMPLEMENTED) || left == right) return r;
    }
    return other ? call_operator(b, reflected, a) : NOT_IMPLEMENTED;
}

#define DEFINE_BINARY(op)                                                                   \
    Value dispatch_##op(Value a, Value b) { return dispatch_binary(a, b, op, dispatch_##op); } \
    Value dispatch_inplace_##op(Value a, Value b) { return call_operator(a, *operator_names[op].inplace, b); }
BINARY_OPS(DEFINE_BINARY)

Value dispatch_power(Value base, Value exponent, Value modulus) {
    if (type_of(base)->power != dispatch_power) return NOT_IMPLEMENTED;
    Value found = type_lookup(type_of(base), names.__pow__), args[] = {exponent, modulus};
    return is_unset(found) ? NOT_IMPLEMENTED : call_found(found, base, args, 2, UNSET);
}

Value dispatch_compare(Value a, Value b, CompareOp op) {
    static const Value *const by_op[] = {&names.__lt__, &names.__le__, &names.__eq__,
                                         &names.__ne__, &names.__gt__, &names.__ge__};
    C_DEPTH(UNSET);
    Value found = type_lookup(type_of(a), *by_op[op]);
    if (is_unset(found)) return NOT_IMPLEMENTED;
    if (type_of(found)->flags & TYPE_METHOD_DESCRIPTOR) return call_found(found, a, &b, 1, UNSET);
    Value bound = descriptor_bind(found, a, type_of(a));
    if (is_unset(bound)) return error_clear(), NOT_IMPLEMENTED; /* as CPython does, for comparisons alone */
    Value result = call1(bound, b);
    release(bound);
    return result;
}

/* Hash, truth, length ------------------------------------------------------------------------------------------------
 */

bool dispatch_hash(Value self, int64_t *out) {
    Value found = type_lookup(type_of(self), names.__hash__);
    if (is_unset(found) || is_none(found)) return type_unhashable(self, out);
    Value r = call_name(self, names.__hash__, NULL, 0);
    if (is_unset(r)) return false;
    bool ok = int_is(r);
    if (!ok) raise_type_error("__hash__ method should return an integer");
    else if (!int_fits_int64(r, out)) *out = int_hash(r);
    if (ok && *out == -1) *out = -2;
    release(r);
    return ok;
}

int dispatch_truth(Value self) {
    Value r = call_name(self, names.__bool__, NULL, 0);
    if (is_unset(r)) return -1;
    if (is_bool(r)) return same(r, TRUE_VALUE);
    raise_type_error("__bool__ should return bool, returned %T", r);
    release(r);
    return -1;
}

int64_t dispatch_length(Value self) {
    Value r = call_name(self, names.__len__, NULL, 0), n;
    if (is_unset(r)) return -1;
    n = object_index(r);
    release(r);
    if (is_unset(n)) return -1;
    int64_t length = -1;
    if (int_sign(n) < 0) raise_value_error("__len__() should return >= 0");
    else if (!object_as_index(n, &length, &OverflowError_type)) length = -1;
    release(n);
    return length;
}

/* Items --------------------------------------------------------------------------------------------------------------
 */

Value dispatch_get_item(Value self, Value key) { return call_name(self, names.__getitem__, &key, 1); }

bool dispatch_set_item(Value self, Value key, Value value) {
    Value args[] = {key, value};
    return call_for_effect(self, is_set(value) ? names.__setitem__ : names.__delitem__, args, is_set(value) ? 2 : 1);
}

int dispatch_contains(Value self, Value item) {
    Value found = type_lookup(type_of(self), names.__contains__);
    if (is_none(found)) return raise_type_error("'%T' object is not a container", self), -1;
    Value r = call_name(self, names.__contains__, &item, 1);
    if (is_unset(r)) return -1;
    int truth = object_truth(r);
    release(r);
    return truth;
}

/* Attributes ---------------------------------------------------------------------------------------------------------
 */

/* After a failed lookup: __getattr__, if there is one and the failure was an AttributeError. */
static Value ask_getattr(Value self, Value name) {
    Value hook = type_lookup(type_of(self), names.__getattr__);
    if (is_unset(hook) || (error_pending() && !error_absorb(&AttributeError_type))) return UNSET;
    C_DEPTH(UNSET);
    return call_found(hook, self, &name, 1, UNSET);
}

Value dispatch_get_attribute(Value self, Value name) {
    Value r = call_name(self, names.__getattribute__, &name, 1);
    return is_set(r) ? r : ask_getattr(self, name);
}

Value dispatch_get_attribute_hook(Value self, Value name) {
    Value wrapper = type_lookup(type_of(self), names.__getattribute__), out;
    Value (*base)(Value, Value) = generic_get_attribute;
    if (is_exactly(wrapper, &slot_wrapper_type))
        base = (Value(*)(Value, Value))((SlotWrapper *)as_object(wrapper))->slot;
    if (base != generic_get_attribute) {
        out = base(self, name);
        return is_set(out) ? out : ask_getattr(self, name);
    }
    int found = generic_find_attribute(self, name, &out);
    return found > 0 ? out : ask_getattr(self, name);
}

bool dispatch_set_attribute(Value self, Value name, Value value) {
    Value args[] = {name, value};
    return call_for_effect(self, is_set(value) ? names.__setattr__ : names.__delattr__, args, is_set(value) ? 2 : 1);
}

Value dispatch_descriptor_get(Value self, Value instance, Value owner) {
    Value args[] = {is_set(instance) ? instance : NONE, is_set(owner) ? owner : NONE};
    return call_name(self, names.__get__, args, 2);
}

bool dispatch_descriptor_set(Value self, Value instance, Value value) {
    Value args[] = {instance, value};
    return call_for_effect(self, is_set(value) ? names.__set__ : names.__delete__, args, is_set(value) ? 2 : 1);
}

/* Life ---------------------------------------------------------------------------------------------------------------
 */

Value dispatch_make(Type *type, const Value *args, size_t count, Value kwnames) {
    C_DEPTH(UNSET);
    Value found = type_lookup(type, names.__new__), bound;
    if (is_unset(found)) return raise_type_error("cannot create '%N' instances", type);
    bound = type_of(found)->descriptor_get ? descriptor_bind(found, UNSET, type) : retain(found);
    if (is_unset(bound)) return UNSET;
    Value result = call_with_self(bound, type_value(type), args, count, kwnames);
    release(bound);
    return result;
}

bool dispatch_init(Value self, const Value *args, size_t count, Value kwnames) {
    C_DEPTH(false);
    Value r = call_found(type_lookup(type_of(self), names.__init__), self, args, count, kwnames);
    if (is_none(r)) return true;
    if (is_set(r)) raise_type_error("__init__() should return None, not '%T'", r);
    release(r);
    return false;
}

Value dispatch_call(Value callee, const Value *args, size_t count, Value kwnames) {
    C_DEPTH(UNSET);
    return call_found(type_lookup(type_of(callee), names.__call__), callee, args, count, kwnames);
}

bool dispatch_finalize(Object *self) {
    Value pending = error_take(), v = from_object(self);
    Value found = type_lookup(self->type, names.__del__);
    if (is_set(found)) {
        retain(found);
        Value r = call_found(found, v, NULL, 0, UNSET);
        if (is_unset(r)) error_unraisable(NULL, found);
        release(r);
        release(found);
    }
    error_restore(pending);
    return true;
}
