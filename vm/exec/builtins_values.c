/* Built-in functions on numbers and iterables: abs, sum, min, max, sorted, len, iter, next and their kin. */
#include "vm/exec/builtins.h"

#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/iterators.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/bytes.h"
#include "runtime/types/iterate.h"
#include "runtime/types/tuple.h"

static Value builtin_abs(const Value *args, size_t count) {
    int64_t n = as_small_int(args[0]);
    if (is_small_int(args[0])) return int_from_int64(n < 0 ? -n : n);
    return object_unary(UNARY_ABSOLUTE, args[0]);
}

/* all() and any(): stop is the truth that ends the walk. */
static Value until_truth(Value iterable, bool stop) {
    Value iterator = object_iterate(iterable);
    if (is_unset(iterator)) return UNSET;
    Value item, result = from_bool(!stop);
    while (is_set(item = iterator_take(iterator))) {
        int truth = object_truth(item);
        release(item);
        if (truth < 0 || (truth != 0) == stop) {
            result = truth < 0 ? UNSET : from_bool(stop);
            break;
        }
    }
    release(iterator);
    return error_pending() ? UNSET : result;
}
static Value builtin_all(const Value *args, size_t count) { return until_truth(args[0], false); }
static Value builtin_any(const Value *args, size_t count) { return until_truth(args[0], true); }

static Value in_base(Value v, int base) {
    Value n = object_index(v);
    if (is_unset(n)) return UNSET;
    Value text = int_to_str(n, base, true);
    release(n);
    return text;
}
static Value builtin_bin(const Value *args, size_t count) { return in_base(args[0], 2); }
static Value builtin_oct(const Value *args, size_t count) { return in_base(args[0], 8); }
static Value builtin_hex(const Value *args, size_t count) { return in_base(args[0], 16); }

static Value builtin_chr(const Value *args, size_t count) {
    Value n = object_index(args[0]);
    if (is_unset(n)) return UNSET;
    int64_t c;
    bool fits = int_fits_int64(n, &c);
    release(n);
    if (!fits || c != (int32_t)c) return raise_overflow_error("Python int too large to convert to C int");
    if (c < 0 || c > 0x10FFFF) return raise_value_error("chr() arg not in range(0x110000)");
    return str_from_code_point((uint32_t)c);
}

static Value builtin_ord(const Value *args, size_t count) {
    Value v = args[0];
    size_t length;
    if (str_is(v)) {
        if ((length = str_length(v)) == 1) return from_small_int(str_at(as_str(v), 0));
        return raise_type_error("ord() expected a character, but string of length %zu found", length);
    }
    if (bytes_is(v) || bytearray_is(v)) {
        const unsigned char *data = bytes_is(v) ? as_bytes(v)->data : ((ByteArray *)as_object(v))->data;
        length = bytes_is(v) ? as_bytes(v)->length : ((ByteArray *)as_object(v))->length;
        if (length == 1) return from_small_int(data[0]);
        return raise_type_error("ord() expected a character, but string of length %zu found", length);
    }
    return raise_type_error("ord() expected string of length 1, but %T found", v);
}

static Value builtin_divmod(const Value *args, size_t count) { return object_binary(BINARY_DIVMOD, args[0], args[1]); }

static Value builtin_pow(const Value *args, size_t count) {
    return object_power(args[0], args[1], is_set(args[2]) ? args[2] : NONE);
}

static Value builtin_round(const Value *args, size_t count) {
    bool to_int = is_unset(args[1]) || is_none(args[1]);
    return call_special(args[0], names.__round__, args + 1, to_int ? 0 : 1,
                        "type %s doesn't define __round__ method");
}

static Value builtin_hash(const Value *args, size_t count) {
    int64_t hash;
    return object_hash(args[0], &hash) ? int_from_int64(hash) : UNSET;
}

static Value builtin_id(const Value *args, size_t count) { return int_from_int64(object_id(args[0])); }

static Value builtin_len(const Value *args, size_t count) {
    int64_t length = object_length(args[0]);
    return length < 0 ? UNSET : int_from_int64(length);
}

static Value builtin_iter(const Value *args, size_t count) {
    if (is_unset(args[1])) return object_iterate(args[0]);
    if (!is_callable(args[0])) return raise_type_error("iter(v, w): v must be callable");
    return callable_iterator_new(args[0], args[1]);
}

Value builtin_next(const Value *args, size_t count) {
    if (!is_iterator(args[0])) return raise_type_error("'%T' object is not an iterator", args[0]);
    Value item = type_of(args[0])->next(args[0]);
    if (is_set(item)) return item;
    if (is_set(args[1])) {
        if (error_pending() && !error_absorb(&StopIteration_type)) return UNSET;
        return retain(args[1]);
    }
    if (!error_pending()) raise_stop_iteration(UNSET);
    return UNSET;
}

static Value builtin_aiter(const Value *args, size_t count) {
    Type *type = type_of(args[0]);
    if (!type->async_iterate) return raise_type_error("'%T' object is not an async iterable", args[0]);
    Value iterator = type->async_iterate(args[0]);
    if (is_set(iterator) && !type_of(iterator)->async_next) {
        raise_type_error("aiter() returned not an async iterator of type '%T'", iterator);
        release(iterator);
        return UNSET;
    }
    return iterator;
}

static Value sum_bytes(const unsigned char *data, size_t n) {
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) total += data[i];
    return int_from_uint64(total);
}

static Value builtin_sum(const Value *args, size_t count) {
    if (is_unset(args[1]) && is_exactly(args[0], &bytes_type))
        return sum_bytes(as_bytes(args[0])->data, as_bytes(args[0])->length);
    if (is_unset(args[1]) && is_exactly(args[0], &bytearray_type))
        return sum_bytes(as_bytearray(args[0])->data, as_bytearray(args[0])->length);
    Value start = is_set(args[1]) ? args[1] : from_small_int(0);
    if (str_is(start)) return raise_type_error("sum() can't sum strings [use ''.join(seq) instead]");
    if (bytes_is(start)) return raise_type_error("sum() can't sum bytes [use b''.join(seq) instead]");
    if (bytearray_is(start)) return raise_type_error("sum() can't sum bytearray [use b''.join(seq) instead]");
    Value iterator = object_iterate(args[0]);
    if (is_unset(iterator)) return UNSET;
    Value total = retain(start), item;
    while (is_set(item = iterator_take(iterator))) {
        if (are_small_ints(total, item)) {
            total = int_from_int64(as_small_int(total) + as_small_int(item));
            continue;
        }
        if (is_double(total) && is_double(item)) {
            total = from_double(as_double(total) + as_double(item));
            continue;
        }
        Value next = object_binary(BINARY_ADD, total, item);
        release(total);
        release(item);
        if (is_unset(total = next)) break;
    }
    release(iterator);
    if (!error_pending()) return total;
    release(total);
    return UNSET;
}

typedef struct Extreme {
    const char *name;
    CompareOp op;
    Value key;
    Value best, best_key; /* owned */
} Extreme;

static bool consider(Value item, void *context) {
    Extreme *x = context;
    if (is_none(x->key) && is_set(x->best)) {
        int better = object_compare_truth(item, x->best, x->op);
        if (better > 0) replace(&x->best, retain(item));
        return better >= 0;
    }
    if (is_none(x->key)) return x->best = retain(item), true;
    Value key = call1(x->key, item);
    if (is_unset(key)) return false;
    if (is_set(x->best)) {
        int better = object_compare_truth(key, x->best_key, x->op);
        if (better <= 0) {
            release(key);
            return better == 0;
        }
    }
    replace(&x->best, retain(item));
    replace(&x->best_key, key);
    return true;
}

/* args: key, default, then the values. */
static Value extreme(const char *name, CompareOp op, const Value *args, size_t count) {
    Extreme x = {name, op, is_set(args[0]) ? args[0] : NONE, UNSET, UNSET};
    bool walked = true;
    if (count == 2) return raise_type_error("%s expected at least 1 argument, got 0", name);
    if (count > 3) {
        if (is_set(args[1]))
            return raise_type_error("Cannot specify a default for %s() with multiple positional arguments", name);
        for (size_t i = 2; i < count && walked; i++) walked = consider(args[i], &x);
    } else {
        walked = object_each(args[2], consider, &x);
    }
    release(x.best_key);
    if (!walked || error_pending()) {
        release(x.best);
        return UNSET;
    }
    if (is_set(x.best)) return x.best;
    if (is_set(args[1])) return retain(args[1]);
    return raise_value_error("%s() arg is an empty sequence", name);
}
static Value builtin_max(const Value *args, size_t count) { return extreme("max", COMPARE_GT, args, count); }
static Value builtin_min(const Value *args, size_t count) { return extreme("min", COMPARE_LT, args, count); }

static Value builtin_sorted(const Value *args, size_t count) {
    Value list = list_from_iterable(args[0]);
    if (is_unset(list)) return UNSET;
    int reverse = is_set(args[2]) ? object_truth(args[2]) : 0;
    if (reverse >= 0 && list_sort(list, is_set(args[1]) ? args[1] : NONE, reverse != 0)) return list;
    release(list);
    return UNSET;
}

const NativeDef builtin_value_functions[] = {
    FUNCTION("abs", "x, /", builtin_abs, "Return the absolute value of the argument."),
    FUNCTION("all", "iterable, /", builtin_all, "Return True if bool(x) is True for all values x in the iterable."),
    FUNCTION("any", "iterable, /", builtin_any, "Return True if bool(x) is True for any x in the iterable."),
    FUNCTION("bin", "number, /", builtin_bin, "Return the binary representation of an integer."),
    FUNCTION("oct", "number, /", builtin_oct, "Return the octal representation of an integer."),
    FUNCTION("hex", "number, /", builtin_hex, "Return the hexadecimal representation of an integer."),
    FUNCTION("chr", "i, /", builtin_chr, "Return the character with this code point."),
    FUNCTION("ord", "c, /", builtin_ord, "Return the code point of a one-character string."),
    FUNCTION("divmod", "x, y, /", builtin_divmod, "Return the tuple (x//y, x%y)."),
    FUNCTION("pow", "base, exp, mod=None", builtin_pow, "Equivalent to base**exp, or base**exp % mod."),
    FUNCTION("round", "number, ndigits=None", builtin_round, "Round a number to a given precision in decimal digits."),
    FUNCTION("hash", "obj, /", builtin_hash, "Return the hash value of the object."),
    FUNCTION("id", "obj, /", builtin_id, "Return the identity of an object."),
    FUNCTION("len", "obj, /", builtin_len, "Return the number of items in a container."),
    FUNCTION("iter", "object, sentinel=None, /", builtin_iter, "Get an iterator from an object."),
    FUNCTION("next", "iterator, default=None, /", builtin_next, "Return the next item of an iterator."),
    FUNCTION("aiter", "async_iterable, /", builtin_aiter, "Return an asynchronous iterator of an iterable."),
    FUNCTION("sum", "iterable, /, start=0", builtin_sum, "Return the sum of a start value and an iterable of numbers."),
    FUNCTION("max", "*args, key=None, default=None", builtin_max, "Return the largest item."),
    FUNCTION("min", "*args, key=None, default=None", builtin_min, "Return the smallest item."),
    FUNCTION("sorted", "iterable, /, *, key=None, reverse=False", builtin_sorted,
             "Return a new sorted list of the items of an iterable."),
    NATIVE_END,
};
