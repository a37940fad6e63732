/* The combinatoric iterators of itertools: product, permutations, combinations with and without replacement. */
#include "stdlib/itertools.h"

/* product:       a tuple of pools;   indices: one into each pool
 * permutations:  a the pool, i = r;  indices: n of the arrangement, then r counters ("cycles")
 * combinations:  a the pool, i = r;  indices: r into the pool
 * k is 0 before the first row, 1 while running, 2 at the end. */
enum { FRESH, RUNNING, DONE };

static Value end(Stage *s) {
    s->k = DONE;
    return UNSET;
}

/* ---- product ---- */

static bool product_options(const Value *args, size_t count, Value kwnames, int64_t *repeat) {
    *repeat = 1;
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    for (size_t i = 0; i < named; i++) {
        if (!str_equal_ascii(tuple_at(kwnames, i), "repeat"))
            return raise_type_error("'%U' is an invalid keyword argument for product()", tuple_at(kwnames, i)), false;
        if (!object_as_index(args[count + i], repeat, &OverflowError_type)) return false;
    }
    if (*repeat < 0) return raise_value_error("repeat argument cannot be negative"), false;
    return true;
}

static Value product_make(Type *type, const Value *args, size_t count, Value kwnames) {
    int64_t repeat;
    if (!product_options(args, count, kwnames, &repeat)) return UNSET;
    if (repeat && count > SIZE_MAX / 16 / (size_t)repeat) return raise_overflow_error("repeat argument too large");
    size_t n = count * (size_t)repeat;
    Value pools = tuple_new(n), v = stage_steal(type, pools, NONE);
    for (size_t i = 0; is_set(v) && i < count && n; i++) {
        Value pool = tuple_from_iterable(args[i]);
        if (is_unset(pool)) return release(v), UNSET;
        for (size_t r = 0; r < (size_t)repeat; r++) as_tuple(pools)->items[r * count + i] = retain(pool);
        release(pool);
    }
    if (is_set(v) && !stage_make_indices(as_stage(v), n)) return release(v), UNSET;
    return v;
}

static bool product_advance(Stage *s) {
    size_t n = tuple_length(s->a);
    if (s->k == FRESH) {
        s->k = RUNNING;
        for (size_t i = 0; i < n; i++)
            if (tuple_length(tuple_at(s->a, i)) == 0) return false;
        return true;
    }
    for (size_t i = n; i-- > 0; s->indices[i] = 0)
        if (++s->indices[i] < tuple_length(tuple_at(s->a, i))) return true;
    return false;
}

static Value product_next(Value self) {
    Stage *s = as_stage(self);
    if (s->k == DONE || !product_advance(s)) return end(s);
    size_t n = tuple_length(s->a);
    Value row = tuple_new(n);
    for (size_t i = 0; is_set(row) && i < n; i++)
        as_tuple(row)->items[i] = retain(tuple_at(tuple_at(s->a, i), s->indices[i]));
    return row;
}

STAGE_TYPE(product_type, "product", product_make, product_next,
           "product(*iterables, repeat=1) --> product object\n\nCartesian product of input iterables.  Equivalent to "
           "nested for-loops.",
                  .methods = product_copying);

/* ---- rows of one pool ---- */

static Value row_of(Stage *s) {
    size_t r = (size_t)s->i;
    Value row = tuple_new(r);
    for (size_t i = 0; is_set(row) && i < r; i++) as_tuple(row)->items[i] = retain(tuple_at(s->a, s->indices[i]));
    return row;
}

static Value pool_make(Type *type, Value iterable, Value r, bool optional) {
    Value pool = tuple_from_iterable(iterable);
    if (is_unset(pool)) return UNSET;
    int64_t length = (int64_t)tuple_length(pool);
    bool fine = true;
    if (is_set(r) && !(optional && is_none(r))) {
        if (optional && !int_is(r)) fine = (raise_type_error("Expected int as r"), false);
        else fine = object_as_index(r, &length, &OverflowError_type);
    }
    if (fine && length < 0) fine = (raise_value_error("r must be non-negative"), false);
    if (!fine) return release(pool), UNSET;
    Value v = stage_steal(type, pool, NONE);
    if (is_set(v)) as_stage(v)->i = length;
    return v;
}

static Value permutations_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("permutations", "iterable, r=None", args, count, kwnames, out)) return UNSET;
    Value v = pool_make(type, out[0], out[1], true);
    if (is_unset(v)) return UNSET;
    Stage *s = as_stage(v);
    size_t n = tuple_length(s->a), r = (size_t)s->i;
    if (r > n) return s->k = DONE, v;
    if (!stage_make_indices(s, n + r)) return release(v), UNSET;
    for (size_t i = 0; i < n; i++) s->indices[i] = i;
    for (size_t i = 0; i < r; i++) s->indices[n + i] = n - i;
    return v;
}

static bool permutations_advance(Stage *s) {
    size_t n = tuple_length(s->a), *indices = s->indices, *cycles = s->indices + n;
    for (size_t i = (size_t)s->i; i-- > 0;) {
        size_t first = indices[i];
        if (--cycles[i] == 0) { /* rotate what follows; this place starts over */
            memmove(indices + i, indices + i + 1, (n - i - 1) * sizeof *indices);
            indices[n - 1] = first;
            cycles[i] = n - i;
        } else {
            size_t j = n - cycles[i];
            indices[i] = indices[j];
            indices[j] = first;
            return true;
        }
    }
    return false;
}

static bool combinations_advance(Stage *s) {
    size_t n = tuple_length(s->a), r = (size_t)s->i, i = r;
    while (i > 0 && s->indices[i - 1] == i - 1 + n - r) i--;
    if (i == 0) return false;
    s->indices[i - 1]++;
    for (; i < r; i++) s->indices[i] = s->indices[i - 1] + 1;
    return true;
}

static bool replacement_advance(Stage *s) {
    size_t n = tuple_length(s->a), r = (size_t)s->i, i = r;
    while (i > 0 && s->indices[i - 1] == n - 1) i--;
    if (i == 0) return false;
    size_t value = s->indices[i - 1] + 1;
    for (i--; i < r; i++) s->indices[i] = value;
    return true;
}

static Value pool_next(Value self, bool (*advance)(Stage *s)) {
    Stage *s = as_stage(self);
    if (s->k == DONE || (s->k == RUNNING && !advance(s))) return end(s);
    s->k = RUNNING;
    return row_of(s);
}
static Value permutations_next(Value self) { return pool_next(self, permutations_advance); }
static Value combinations_next(Value self) { return pool_next(self, combinations_advance); }
static Value replacement_next(Value self) { return pool_next(self, replacement_advance); }

static Value combinations_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("combinations", "iterable, r", args, count, kwnames, out)) return UNSET;
    Value v = pool_make(type, out[0], out[1], false);
    if (is_unset(v)) return UNSET;
    Stage *s = as_stage(v);
    if ((size_t)s->i > tuple_length(s->a)) return s->k = DONE, v;
    if (!stage_make_indices(s, (size_t)s->i)) return release(v), UNSET;
    for (size_t i = 0; i < (size_t)s->i; i++) s->indices[i] = i;
    return v;
}

static Value replacement_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("combinations_with_replacement", "iterable, r", args, count, kwnames, out)) return UNSET;
    Value v = pool_make(type, out[0], out[1], false);
    if (is_unset(v)) return UNSET;
    Stage *s = as_stage(v);
    if (tuple_length(s->a) == 0 && s->i > 0) return s->k = DONE, v;
    if (!stage_make_indices(s, (size_t)s->i)) return release(v), UNSET;
    return v;
}

STAGE_TYPE(permutations_type, "permutations", permutations_make, permutations_next,
           "Return successive r-length permutations of elements in the iterable.",
                  .methods = permutations_copying);
STAGE_TYPE(combinations_type, "combinations", combinations_make, combinations_next,
           "Return successive r-length combinations of elements in the iterable.",
                  .methods = combinations_copying);
STAGE_TYPE(combinations_with_replacement_type, "combinations_with_replacement", replacement_make, replacement_next,
           "Return successive r-length combinations of elements in the iterable allowing individual elements to have "
           "successive repeats.",
                  .methods = combinations_copying);
