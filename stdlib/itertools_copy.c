/* __reduce__ and __setstate__ of the iterators of itertools: what copy and pickle make of them. */
#include "stdlib/itertools.h"

/* (type, args) or (type, args, state).  Steals both; args unset: failed already; state unset: none. */
static Value reduced(const Stage *s, Value args, Value state) {
    Value type = type_value(s->head.type), result = UNSET;
    if (is_set(args)) result = is_set(state) ? tuple_pack(3, type, args, state) : tuple_pack(2, type, args);
    release(args);
    release(state);
    return result;
}

static bool check_state(Value state, size_t least, size_t most) {
    if (!type_has(state, TYPE_TUPLE_SUB)) return raise_type_error("state is not a tuple"), false;
    if (tuple_length(state) >= least && tuple_length(state) <= most) return true;
    return raise_type_error("function takes at least %zu arguments (%zu given)", least, tuple_length(state)), false;
}

/* ---- cycle ---- */

/* An iterator over the saved items that are still due in this round. */
static Value rest_of_round(const Stage *s) {
    Value rest = list_slice(s->b, (size_t)s->i, as_list(s->b)->length);
    Value iterator = is_set(rest) ? object_iterate(rest) : UNSET;
    release(rest);
    return iterator;
}

static Value cycle_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    Value source = s->k ? rest_of_round(s) : retain(s->a);
    Value inner = is_set(source) ? tuple_pack(1, source) : UNSET;
    release(source);
    return reduced(s, inner, is_set(inner) ? tuple_pack(2, s->b, from_bool(s->k || s->j)) : UNSET);
}

static Value cycle_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    if (!check_state(args[1], 2, 2)) return UNSET;
    Value saved = tuple_at(args[1], 0);
    if (!type_has(saved, TYPE_LIST_SUB)) return raise_type_error("argument 1 must be list, not %T", saved);
    int complete = object_truth(tuple_at(args[1], 1));
    if (complete < 0) return UNSET;
    replace(&s->b, retain(saved));
    s->j = complete;
    return NONE;
}

/* ---- chain ---- */

Value chain_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    Value state = is_none(s->a) ? UNSET : is_none(s->b) ? tuple_pack(1, s->a) : tuple_pack(2, s->a, s->b);
    return reduced(s, retain(empty_tuple), state);
}

Value chain_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    if (!check_state(args[1], 1, 2)) return UNSET;
    for (size_t i = 0; i < tuple_length(args[1]); i++)
        if (!is_iterator(tuple_at(args[1], i))) return raise_type_error("Arguments must be iterators.");
    replace(&s->a, retain(tuple_at(args[1], 0)));
    replace(&s->b, tuple_length(args[1]) > 1 ? retain(tuple_at(args[1], 1)) : NONE);
    return NONE;
}

/* ---- those made of two values, with a flag or without ---- */

static Value pair_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    return reduced(s, tuple_pack(2, s->a, s->b), UNSET);
}

static Value flagged_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    return reduced(s, tuple_pack(2, s->a, s->b), from_small_int(s->k != 0));
}

static Value flagged_setstate(const Value *args, size_t count) {
    int done = object_truth(args[1]);
    if (done < 0) return UNSET;
    as_stage(args[0])->k = done;
    return NONE;
}

/* ---- accumulate ---- */

static Value initial_first(const Stage *s) {
    Value first = tuple_pack(1, s->d), chain = object_import("itertools", "chain");
    Value result = is_set(first) && is_set(chain) ? call2(chain, first, s->a) : UNSET;
    release(first);
    release(chain);
    return result;
}

static Value accumulate_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    Value source = is_set(s->d) ? initial_first(s) : retain(s->a);
    Value inner = is_set(source) ? tuple_pack(2, source, s->b) : UNSET;
    release(source);
    return reduced(s, inner, is_set(s->c) ? retain(s->c) : NONE);
}

static Value accumulate_setstate(const Value *args, size_t count) {
    replace(&as_stage(args[0])->c, retain(args[1]));
    return NONE;
}

/* ---- islice ---- */

static Value islice_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    if (is_none(s->a)) {
        Value nothing = object_iterate(empty_tuple), inner = UNSET;
        if (is_set(nothing)) inner = tuple_pack(2, nothing, from_small_int(0));
        release(nothing);
        return reduced(s, inner, from_small_int(0));
    }
    Value start = int_from_int64(s->i), stop = s->j < 0 ? NONE : int_from_int64(s->j), step = int_from_int64(s->k);
    Value inner = tuple_pack(4, s->a, start, stop, step);
    release(start);
    release(stop);
    release(step);
    return reduced(s, inner, retain(s->b));
}

static Value islice_setstate(const Value *args, size_t count) {
    int64_t taken;
    if (!object_as_index(args[1], &taken, &OverflowError_type)) return UNSET;
    as_stage(args[0])->b = from_small_int(taken);
    return NONE;
}

/* ---- zip_longest ---- */

static Value zip_longest_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    size_t n = tuple_length(s->a);
    Value iterators = tuple_new(n);
    for (size_t i = 0; is_set(iterators) && i < n; i++) {
        Value iterator = tuple_at(s->a, i);
        as_tuple(iterators)->items[i] = retain(is_none(iterator) ? empty_tuple : iterator);
    }
    return reduced(s, iterators, retain(s->b));
}

static Value zip_longest_setstate(const Value *args, size_t count) {
    replace(&as_stage(args[0])->b, retain(args[1]));
    return NONE;
}

/* ---- groupby ---- */

static Value groupby_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    Value state = UNSET;
    if (is_set(s->d) && is_set(s->c) && s->k) state = tuple_pack(3, tuple_at(s->d, 0), tuple_at(s->d, 1), s->c);
    return reduced(s, tuple_pack(2, s->a, s->b), state);
}

static Value groupby_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    if (!check_state(args[1], 3, 3)) return UNSET;
    Value last = tuple_pack(2, tuple_at(args[1], 0), tuple_at(args[1], 1));
    if (is_unset(last)) return UNSET;
    replace(&s->d, last);
    replace(&s->c, retain(tuple_at(args[1], 2)));
    s->k = 1;
    return NONE;
}

/* ---- product, permutations, combinations: see itertools_combine.c for what k, i and indices are ---- */

enum { FRESH, RUNNING, DONE };

static Value index_tuple(const size_t *indices, size_t n) {
    Value result = tuple_new(n);
    for (size_t i = 0; is_set(result) && i < n; i++) as_tuple(result)->items[i] = from_small_int((int64_t)indices[i]);
    return result;
}

/* Reads n indices, each brought into [0, limit(i)). */
static bool read_indices(Value state, size_t *indices, size_t n, size_t (*limit)(const Stage *, size_t),
                         const Stage *s) {
    if (!check_state(state, n, n)) return false;
    for (size_t i = 0; i < n; i++) {
        int64_t index;
        if (!object_as_index(tuple_at(state, i), &index, NULL)) return false;
        int64_t most = (int64_t)limit(s, i) - 1;
        indices[i] = (size_t)(index < 0 ? 0 : index > most ? most : index);
    }
    return true;
}

static size_t length_of_own_pool(const Stage *s, size_t i) { return tuple_length(tuple_at(s->a, i)); }
static size_t length_of_pool(const Stage *s, size_t i) { return tuple_length(s->a); }
static size_t turns_left(const Stage *s, size_t i) { return tuple_length(s->a) - i + 1; }

static Value product_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    if (s->k == DONE) return reduced(s, tuple_pack(1, empty_tuple), UNSET);
    return reduced(s, retain(s->a), s->k == FRESH ? UNSET : index_tuple(s->indices, tuple_length(s->a)));
}

static Value product_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    size_t n = tuple_length(s->a);
    for (size_t i = 0; i < n; i++)
        if (length_of_own_pool(s, i) == 0) return s->k = DONE, NONE;
    if (!read_indices(args[1], s->indices, n, length_of_own_pool, s)) return UNSET;
    s->k = RUNNING;
    return NONE;
}

static Value pool_args(const Stage *s) {
    Value r = int_from_int64(s->i), inner = tuple_pack(2, s->k == DONE ? empty_tuple : s->a, r);
    release(r);
    return inner;
}

static Value combinations_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    return reduced(s, pool_args(s), s->k == RUNNING ? index_tuple(s->indices, (size_t)s->i) : UNSET);
}

static Value combinations_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    if (!s->indices || !read_indices(args[1], s->indices, (size_t)s->i, length_of_pool, s)) return UNSET;
    s->k = RUNNING;
    return NONE;
}

static Value permutations_reduce(const Value *args, size_t count) {
    const Stage *s = as_stage(args[0]);
    if (s->k != RUNNING) return reduced(s, pool_args(s), UNSET);
    size_t n = tuple_length(s->a);
    Value indices = index_tuple(s->indices, n), cycles = index_tuple(s->indices + n, (size_t)s->i);
    Value state = is_set(indices) && is_set(cycles) ? tuple_pack(2, indices, cycles) : UNSET;
    release(indices);
    release(cycles);
    return is_set(state) ? reduced(s, pool_args(s), state) : UNSET;
}

static Value permutations_setstate(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    size_t n = tuple_length(s->a);
    if (!s->indices || !check_state(args[1], 2, 2) ||
        !read_indices(tuple_at(args[1], 0), s->indices, n, length_of_pool, s) ||
        !read_indices(tuple_at(args[1], 1), s->indices + n, (size_t)s->i, turns_left, s))
        return error_pending() ? UNSET : raise_value_error("invalid arguments");
    s->k = RUNNING;
    return NONE;
}

#define REDUCE(function)   METHOD("__reduce__", "", function, "Return state information for pickling.")
#define SETSTATE(function) METHOD("__setstate__", "state, /", function, "Set state information for unpickling.")
#define COPYING(type, reduce, setstate) \
    const NativeDef type##_copying[] = {REDUCE(reduce), SETSTATE(setstate), NATIVE_END}

COPYING(cycle, cycle_reduce, cycle_setstate);
COPYING(flagged, flagged_reduce, flagged_setstate);
COPYING(accumulate, accumulate_reduce, accumulate_setstate);
COPYING(islice, islice_reduce, islice_setstate);
COPYING(zip_longest, zip_longest_reduce, zip_longest_setstate);
COPYING(groupby, groupby_reduce, groupby_setstate);
COPYING(product, product_reduce, product_setstate);
COPYING(combinations, combinations_reduce, combinations_setstate);
COPYING(permutations, permutations_reduce, permutations_setstate);
const NativeDef pair_copying[] = {REDUCE(pair_reduce), NATIVE_END};
