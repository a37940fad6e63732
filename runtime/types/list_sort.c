/* list.sort: a stable merge sort that uses the order that is already there (runs, galloping, balanced merges).
 *
 * While it works the list itself is empty: what a key function or a comparison does to the list is noticed afterwards
 * and refused.  Whatever happens, the array holds the same items as before, in some order.
 */
#include "runtime/types/list.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { RUNS_MAX = 85, GALLOP_START = 7, MINRUN_MAX = 64 };

/* 1: a < b, 0: not, -1: failed. */
typedef int (*Less)(Value a, Value b);

/* A place in the array: keys, and beside them the values when there is a key function. */
typedef struct Items {
    Value *keys, *values;
} Items;

typedef struct Run {
    size_t base, length;
    int power;
} Run;

typedef struct Sort {
    Items items;
    size_t length;
    Less less;
    size_t min_gallop;
    Value *temp; /* room for temp_length keys, then as many values */
    size_t temp_length;
    Run runs[RUNS_MAX];
    size_t run_count;
} Sort;

/* ---- comparisons ---- */

static int less_any(Value a, Value b) { return object_compare_truth(a, b, COMPARE_LT); }
static int less_int(Value a, Value b) { return (int64_t)(a.bits << 16) < (int64_t)(b.bits << 16); }
static int less_bool(Value a, Value b) { return a.bits < b.bits; }
static int less_float(Value a, Value b) { return as_double(a) < as_double(b); }
static int less_str(Value a, Value b) { return str_order(a, b) < 0; }

static int less_tuple_int(Value a, Value b) {
    Value x = tuple_at(a, 0), y = tuple_at(b, 0);
    return same(x, y) ? less_any(a, b) : less_int(x, y);
}
static int less_tuple_float(Value a, Value b) {
    double x = as_double(tuple_at(a, 0)), y = as_double(tuple_at(b, 0));
    return x < y ? 1 : x > y ? 0 : less_any(a, b);
}
static int less_tuple_str(Value a, Value b) {
    int order = str_order(tuple_at(a, 0), tuple_at(b, 0));
    return order ? order < 0 : less_any(a, b);
}

typedef enum Kind { KIND_ANY, KIND_INT, KIND_FLOAT, KIND_STR, KIND_BOOL } Kind;
static Kind kind_of(Value v) {
    if (is_small_int(v)) return KIND_INT;
    if (is_double(v)) return KIND_FLOAT;
    return str_is_exact(v) ? KIND_STR : is_bool(v) ? KIND_BOOL : KIND_ANY;
}

static bool all_tuples(const Value *keys, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!tuple_is_exact(keys[i]) || tuple_length(keys[i]) == 0) return false;
    return true;
}

/* The cheapest comparison that is right for all keys. */
static Less choose_less(const Value *keys, size_t n) {
    static const Less plain[] = {less_any, less_int, less_float, less_str, less_bool};
    static const Less first[] = {less_any, less_tuple_int, less_tuple_float, less_tuple_str, less_any};
    bool tuples = tuple_is_exact(keys[0]) && all_tuples(keys, n);
    Kind kind = kind_of(tuples ? tuple_at(keys[0], 0) : keys[0]);
    for (size_t i = 1; i < n && kind != KIND_ANY; i++)
        if (kind_of(tuples ? tuple_at(keys[i], 0) : keys[i]) != kind) kind = KIND_ANY;
    return tuples ? first[kind] : plain[kind];
}

/* ---- moving ---- */

static Items at(Items items, size_t i) { return (Items){items.keys + i, items.values ? items.values + i : NULL}; }

static void move(Items to, Items from, size_t n) {
    memmove(to.keys, from.keys, n * sizeof(Value));
    if (to.values) memmove(to.values, from.values, n * sizeof(Value));
}

static void move_one(Items to, size_t i, Items from, size_t j) {
    to.keys[i] = from.keys[j];
    if (to.values) to.values[i] = from.values[j];
}

static void reverse_values(Value *v, size_t n) {
    for (size_t i = 0; i + 1 < n; i++) {
        Value t = v[i];
        v[i] = v[--n];
        v[n] = t;
    }
}

static void reverse_items(Items items, size_t n) {
    reverse_values(items.keys, n);
    if (items.values) reverse_values(items.values, n);
}

/* ---- runs ---- */

/* Sorts items [0, n), of which [0, sorted) are in order. */
static bool binary_sort(Sort *s, Items items, size_t n, size_t sorted) {
    for (size_t i = sorted ? sorted : 1; i < n; i++) {
        Value pivot = items.keys[i], value = items.values ? items.values[i] : UNSET;
        size_t low = 0, high = i;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int less = s->less(pivot, items.keys[middle]);
            if (less < 0) return false;
            if (less) high = middle;
            else low = middle + 1;
        }
        move(at(items, low + 1), at(items, low), i - low);
        items.keys[low] = pivot;
        if (items.values) items.values[low] = value;
    }
    return true;
}

/* Length of the run that starts the items; a strictly descending one is reversed.  0: failed. */
static size_t count_run(Sort *s, Items items, size_t n) {
    if (n < 2) return n;
    int descending = s->less(items.keys[1], items.keys[0]);
    if (descending < 0) return 0;
    size_t i = 2;
    for (; i < n; i++) {
        int less = s->less(items.keys[i], items.keys[i - 1]);
        if (less < 0) return 0;
        if (less != descending) break;
    }
    if (descending) reverse_items(items, i);
    return i;
}

/* ---- galloping: exponential search from a hint ---- */

/* Where the key goes in keys[0..n): `right` puts it after equal ones, else before.  -1: failed.
 * Invariant: everything below `low` belongs before the key, everything from `high` on after it. */
static int goes_after(Sort *s, Value key, Value other, bool right) {
    int less = right ? s->less(key, other) : s->less(other, key);
    return less < 0 ? -1 : right ? !less : less;
}

static int64_t gallop(Sort *s, Value key, const Value *keys, size_t n, size_t hint, bool right) {
    int after = goes_after(s, key, keys[hint], right);
    if (after < 0) return -1;
    size_t low, high, step = 1, limit = after ? n - hint : hint + 1;
    size_t last = 0;
    while (step < limit) {
        int further = goes_after(s, key, keys[after ? hint + step : hint - step], right);
        if (further < 0) return -1;
        if (further != after) break;
        last = step;
        step = step * 2 + 1;
    }
    if (step > limit) step = limit;
    low = after ? hint + last + 1 : hint + 1 - step;
    high = after ? hint + step : hint - last;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int later = goes_after(s, key, keys[middle], right);
        if (later < 0) return -1;
        if (later) low = middle + 1;
        else high = middle;
    }
    return (int64_t)low;
}

/* ---- merging ---- */

static bool need_temp(Sort *s, size_t n, Items *temp) {
    if (s->temp_length < n) {
        raw_free(s->temp);
        s->temp = raw_allocate(n * sizeof(Value) * (s->items.values ? 2 : 1));
        s->temp_length = s->temp ? n : 0;
        if (!s->temp) return raise_memory_error(), false;
    }
    *temp = (Items){s->temp, s->items.values ? s->temp + s->temp_length : NULL};
    return true;
}

/* Merges a[0..m) and b[0..n), neighbours; m <= n.  Left to right, with a copy of a. */
static bool merge_low(Sort *s, Items a, size_t m, Items b, size_t n) {
    Items temp, to = a;
    if (!need_temp(s, m, &temp)) return false;
    move(temp, a, m);
    size_t i = 0, j = 0, out = 0, gallop_at = s->min_gallop;
    bool fine = true;
    while (fine && i < m && j < n) {
        size_t wins_a = 0, wins_b = 0;
        while (i < m && j < n && wins_a < gallop_at && wins_b < gallop_at) {
            int less = s->less(b.keys[j], temp.keys[i]);
            if (less < 0) {
                fine = false;
                break;
            }
            if (less) move_one(to, out++, b, j++), wins_b++, wins_a = 0;
            else move_one(to, out++, temp, i++), wins_a++, wins_b = 0;
        }
        gallop_at++;
        while (fine && i < m && j < n) {
            if (gallop_at > 1) gallop_at--;
            int64_t k = gallop(s, b.keys[j], temp.keys + i, m - i, 0, true);
            if (k < 0) {
                fine = false;
                break;
            }
            move(at(to, out), at(temp, i), (size_t)k);
            i += (size_t)k, out += (size_t)k;
            if (i == m) break;
            move_one(to, out++, b, j++);
            if (j == n) break;
            int64_t l = gallop(s, temp.keys[i], b.keys + j, n - j, 0, false);
            if (l < 0) {
                fine = false;
                break;
            }
            move(at(to, out), at(b, j), (size_t)l);
            j += (size_t)l, out += (size_t)l;
            if (j == n) break;
            move_one(to, out++, temp, i++);
            if (k < GALLOP_START && l < GALLOP_START) {
                gallop_at++;
                break;
            }
        }
    }
    s->min_gallop = gallop_at;
    move(at(to, out), at(temp, i), m - i);
    return fine;
}

/* The same from right to left, with a copy of b; m >= n. */
static bool merge_high(Sort *s, Items a, size_t m, Items b, size_t n) {
    Items temp;
    if (!need_temp(s, n, &temp)) return false;
    move(temp, b, n);
    size_t gallop_at = s->min_gallop;
    bool fine = true;
    while (fine && m && n) {
        size_t wins_a = 0, wins_b = 0;
        while (m && n && wins_a < gallop_at && wins_b < gallop_at) {
            int less = s->less(temp.keys[n - 1], a.keys[m - 1]);
            if (less < 0) {
                fine = false;
                break;
            }
            if (less) move_one(a, m + n - 1, a, m - 1), m--, wins_a++, wins_b = 0;
            else move_one(a, m + n - 1, temp, n - 1), n--, wins_b++, wins_a = 0;
        }
        gallop_at++;
        while (fine && m && n) {
            if (gallop_at > 1) gallop_at--;
            int64_t k = gallop(s, temp.keys[n - 1], a.keys, m, m - 1, true);
            if (k < 0) {
                fine = false;
                break;
            }
            size_t moved_a = m - (size_t)k;
            move(at(a, (size_t)k + n), at(a, (size_t)k), moved_a);
            m = (size_t)k;
            if (m == 0) break;
            n--, move_one(a, m + n, temp, n);
            if (n == 0) break;
            int64_t l = gallop(s, a.keys[m - 1], temp.keys, n, n - 1, false);
            if (l < 0) {
                fine = false;
                break;
            }
            size_t moved_b = n - (size_t)l;
            move(at(a, m + (size_t)l), at(temp, (size_t)l), moved_b);
            n = (size_t)l;
            if (n == 0) break;
            m--, move_one(a, m + n, a, m);
            if (moved_a < GALLOP_START && moved_b < GALLOP_START) {
                gallop_at++;
                break;
            }
        }
    }
    s->min_gallop = gallop_at;
    move(at(a, m), temp, n);
    return fine;
}

/* Merges runs i and i + 1. */
static bool merge_runs(Sort *s, size_t i) {
    Run *r = &s->runs[i];
    Items a = at(s->items, r[0].base), b = at(s->items, r[1].base);
    size_t m = r[0].length, n = r[1].length;
    r[0].length += n;
    if (i + 2 < s->run_count) r[1] = r[2];
    s->run_count--;
    int64_t skip = gallop(s, b.keys[0], a.keys, m, 0, true);
    if (skip < 0) return false;
    a = at(a, (size_t)skip);
    m -= (size_t)skip;
    if (m == 0) return true;
    int64_t keep = gallop(s, a.keys[m - 1], b.keys, n, n - 1, false);
    if (keep <= 0) return keep == 0;
    return m <= (size_t)keep ? merge_low(s, a, m, b, (size_t)keep) : merge_high(s, a, m, b, (size_t)keep);
}

/* Depth of the boundary between two neighbouring runs in the nearly balanced merge tree over the whole list. */
static int boundary_power(size_t start, size_t m, size_t n, size_t total) {
    size_t a = 2 * start + m, b = a + m + n;
    for (int power = 1;; power++) {
        if (a >= total) {
            a -= total;
            b -= total;
        } else if (b >= total) {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

static bool push_run(Sort *s, size_t base, size_t length) {
    if (s->run_count) {
        Run *last = &s->runs[s->run_count - 1];
        int power = boundary_power(last->base, last->length, length, s->length);
        while (s->run_count > 1 && s->runs[s->run_count - 2].power > power)
            if (!merge_runs(s, s->run_count - 2)) return false;
        s->runs[s->run_count - 1].power = power;
    }
    s->runs[s->run_count++] = (Run){base, length, 0};
    return true;
}

static bool merge_rest(Sort *s) {
    while (s->run_count > 1) {
        size_t i = s->run_count - 2;
        if (i > 0 && s->runs[i - 1].length < s->runs[i + 1].length) i--;
        if (!merge_runs(s, i)) return false;
    }
    return true;
}

static size_t minimum_run(size_t n) {
    size_t odd = 0;
    for (; n >= MINRUN_MAX; n >>= 1) odd |= n & 1;
    return n + odd;
}

static bool sort_items(Sort *s) {
    size_t minimum = minimum_run(s->length);
    for (size_t base = 0; base < s->length;) {
        size_t left = s->length - base, n = count_run(s, at(s->items, base), left);
        if (n == 0) return false;
        if (n < minimum) {
            size_t forced = left < minimum ? left : minimum;
            if (!binary_sort(s, at(s->items, base), forced, n)) return false;
            n = forced;
        }
        if (!push_run(s, base, n)) return false;
        base += n;
    }
    return merge_rest(s);
}

/* ---- the method ---- */

static bool sort_keys(Items items, size_t n, bool reverse) {
    Sort s = {.items = items, .length = n, .less = choose_less(items.keys, n), .min_gallop = GALLOP_START};
    if (reverse) reverse_items(items, n);
    bool fine = sort_items(&s);
    if (reverse) reverse_items(items, n);
    raw_free(s.temp);
    return fine;
}

static bool sort_by_key(Value *values, size_t n, Value key, bool reverse) {
    Value *keys = raw_allocate(n * sizeof *keys);
    if (!keys) return raise_memory_error(), false;
    size_t made = 0;
    for (; made < n; made++) {
        keys[made] = call1(key, values[made]);
        if (is_unset(keys[made])) break;
    }
    bool fine = made == n && sort_keys((Items){keys, values}, n, reverse);
    while (made > 0) release(keys[--made]);
    raw_free(keys);
    return fine;
}

/* Gives the list its items back; what it holds meanwhile is thrown away. */
static bool put_back(List *l, List saved) {
    bool touched = l->items != NULL;
    List during = *l;
    l->items = saved.items;
    l->length = saved.length;
    l->capacity = saved.capacity;
    for (size_t i = 0; i < during.length; i++) release(during.items[i]);
    raw_free(during.items);
    return !touched;
}

bool list_sort(Value list, Value key, bool reverse) {
    List *l = as_list(list), saved = *l;
    if (saved.length == 0 || (saved.length == 1 && (is_unset(key) || is_none(key)))) return true;
    retain(list);
    l->items = NULL;
    l->length = l->capacity = 0;
    bool keyed = is_set(key) && !is_none(key);
    bool fine = keyed ? sort_by_key(saved.items, saved.length, key, reverse)
                      : sort_keys((Items){saved.items, NULL}, saved.length, reverse);
    if (!put_back(l, saved) && fine) {
        raise_value_error("list modified during sort");
        fine = false;
    }
    release(list);
    return fine;
}
