/* bisect: searching and inserting in a sequence that stays sorted. */
#include "stdlib/stdlib.h"

typedef struct Bounds {
    int64_t low, high;
} Bounds;

static bool bounds_of(const Value *args, Bounds *b) {
    b->low = 0;
    if (is_set(args[2]) && !object_as_int64(args[2], &b->low)) return false;
    if (b->low < 0) return raise_value_error("lo must be non-negative"), false;
    if (is_set(args[3]) && !is_none(args[3])) return object_as_int64(args[3], &b->high);
    b->high = object_length(args[0]);
    return b->high >= 0;
}

/* Does x belong before the item (right) or the item before x (left)?  -1 failed. */
static int compare_at(Value sequence, int64_t at, Value x, Value key, bool right) {
    Value item = list_is_exact(sequence) && (uint64_t)at < as_list(sequence)->length
                     ? retain(as_list(sequence)->items[at])
                     : object_get_item_index(sequence, at);
    if (is_set(item) && is_set(key) && !is_none(key)) replace(&item, call1(key, item));
    if (is_unset(item)) return -1;
    int less = right ? object_compare_truth(x, item, COMPARE_LT) : object_compare_truth(item, x, COMPARE_LT);
    release(item);
    return less;
}

static int64_t search(const Value *args, Value x, bool right) {
    Bounds b;
    if (!bounds_of(args, &b)) return -1;
    while (b.low < b.high) {
        int64_t middle = b.low + (b.high - b.low) / 2;
        int less = compare_at(args[0], middle, x, args[4], right);
        if (less < 0) return -1;
        if (less == right) b.high = middle;
        else b.low = middle + 1;
    }
    return b.low;
}

static Value position(const Value *args, bool right) {
    int64_t at = search(args, args[1], right);
    return at < 0 ? UNSET : int_from_int64(at);
}

static Value insert(const Value *args, bool right) {
    bool keyed = is_set(args[4]) && !is_none(args[4]);
    Value x = keyed ? call1(args[4], args[1]) : retain(args[1]);
    int64_t at = is_set(x) ? search(args, x, right) : -1;
    release(x);
    if (at < 0) return UNSET;
    if (list_is_exact(args[0])) return list_insert(args[0], at, args[1]) ? NONE : UNSET;
    Value name = str_intern_cstr("insert"), index = int_from_int64(at),
          result = call_method2(args[0], name, index, args[1]);
    release(name);
    release(index);
    release(result);
    return is_set(result) ? NONE : UNSET;
}

static Value bisect_right(const Value *args, size_t count) { return position(args, true); }
static Value bisect_left(const Value *args, size_t count) { return position(args, false); }
static Value insort_right(const Value *args, size_t count) { return insert(args, true); }
static Value insort_left(const Value *args, size_t count) { return insert(args, false); }

#define ROW(name, fn, doc) FUNCTION(name, "a, x, lo=0, hi=None, *, key=None", fn, doc)
static const NativeDef functions[] = {
    ROW("bisect_right", bisect_right,
        "Return the index where to insert item x in list a, assuming a is sorted: after equal items."),
    ROW("bisect_left", bisect_left,
        "Return the index where to insert item x in list a, assuming a is sorted: before equal items."),
    ROW("insort_right", insort_right, "Insert item x in list a, and keep it sorted: after equal items."),
    ROW("insort_left", insort_left, "Insert item x in list a, and keep it sorted: before equal items."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "bisect", dict_get_utf8(dict, "bisect_right")) &&
           dict_set_utf8(dict, "insort", dict_get_utf8(dict, "insort_right"));
}

const ModuleDef mod_bisect = {"bisect", "Bisection algorithms.", functions, fill, NULL};
