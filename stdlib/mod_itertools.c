/* itertools: iterators that are built from other iterators. */
#include "stdlib/itertools.h"

#include "runtime/types/iterate.h"
#include "runtime/types/traverse.h"

/* ---- life of all stages ---- */

Value stage_steal(Type *type, Value a, Value b) {
    Value v = is_set(a) && is_set(b) ? instance_new(type) : UNSET;
    if (is_unset(v)) {
        release(a);
        release(b);
        return UNSET;
    }
    as_stage(v)->a = a;
    as_stage(v)->b = b;
    return v;
}

void stage_destroy(Object *self) {
    Stage *s = (Stage *)self;
    release(s->a);
    release(s->b);
    release(s->c);
    release(s->d);
    raw_free(s->indices);
    object_free(self);
}

int stage_traverse(Object *self, Visit visit, void *context) {
    Stage *s = (Stage *)self;
    TRAVERSE(s->a);
    TRAVERSE(s->b);
    TRAVERSE(s->c);
    TRAVERSE(s->d);
    return 0;
}

Value stage_self(Value self) { return retain(self); }

bool stage_make_indices(Stage *s, size_t n) {
    s->indices = raw_allocate_zeroed((n ? n : 1) * sizeof *s->indices);
    if (!s->indices) raise_memory_error();
    return s->indices != NULL;
}

static Value iterate_or_unset(Value v) { return is_set(v) ? object_iterate(v) : UNSET; }

/* ---- count: a the next value, b the step ---- */

static bool is_number(Value v) {
    Type *t = type_of(v);
    return int_is(v) || float_is(v) || complex_is(v) || t->index || t->to_float || t->to_int;
}

static Value count_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("count", "start=0, step=1", args, count, kwnames, out)) return UNSET;
    Value start = is_set(out[0]) ? out[0] : from_small_int(0), step = is_set(out[1]) ? out[1] : from_small_int(1);
    if (!is_number(start) || !is_number(step)) return raise_type_error("a number is required");
    return stage_steal(type, retain(start), retain(step));
}

static Value count_next(Value self) {
    Stage *s = as_stage(self);
    Value now = s->a, next;
    if (is_small_int(now) && same(s->b, from_small_int(1)) && as_small_int(now) < SMALL_INT_MAX)
        next = from_small_int(as_small_int(now) + 1);
    else next = object_binary(BINARY_ADD, now, s->b);
    if (is_unset(next)) return UNSET;
    s->a = next;
    return now;
}

static Value count_repr(Value self) {
    Stage *s = as_stage(self);
    if (same(s->b, from_small_int(1))) return str_format("count(%R)", s->a);
    return str_format("count(%R, %R)", s->a, s->b);
}

static Value count_reduce(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    Value inner = same(s->b, from_small_int(1)) ? tuple_pack(1, s->a) : tuple_pack(2, s->a, s->b);
    Value result = is_set(inner) ? tuple_pack(2, type_value(s->head.type), inner) : UNSET;
    release(inner);
    return result;
}
static const NativeDef count_methods[] = {
    METHOD("__reduce__", "", count_reduce, "Return state information for pickling."), NATIVE_END};

static STAGE_TYPE(count_type, "count", count_make, count_next,
                  "Return a count object whose .__next__() method returns consecutive values.", .repr = count_repr,
                  .methods = count_methods);

/* ---- repeat: a the object, i how often still (-1: for ever) ---- */

static Value repeat_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    int64_t times = -1;
    if (!native_bind("repeat", "object, times=None", args, count, kwnames, out)) return UNSET;
    if (is_set(out[1])) {
        if (!object_as_index(out[1], &times, &OverflowError_type)) return UNSET;
        if (times < 0) times = 0;
    }
    Value v = stage_steal(type, retain(out[0]), NONE);
    if (is_set(v)) as_stage(v)->i = times;
    return v;
}

static Value repeat_next(Value self) {
    Stage *s = as_stage(self);
    if (s->i == 0) return UNSET;
    if (s->i > 0) s->i--;
    return retain(s->a);
}

static Value repeat_repr(Value self) {
    Stage *s = as_stage(self);
    if (s->i < 0) return str_format("repeat(%R)", s->a);
    return str_format("repeat(%R, %lld)", s->a, (long long)s->i);
}

static Value repeat_length_hint(const Value *args, size_t count) {
    int64_t left = as_stage(args[0])->i;
    return left < 0 ? raise_type_error("len() of unsized object") : int_from_int64(left);
}
static Value repeat_reduce(const Value *args, size_t count) {
    Stage *s = as_stage(args[0]);
    Value left = int_from_int64(s->i), inner = s->i < 0 ? tuple_pack(1, s->a) : tuple_pack(2, s->a, left);
    Value result = is_set(inner) ? tuple_pack(2, type_value(s->head.type), inner) : UNSET;
    release(left);
    release(inner);
    return result;
}
static const NativeDef repeat_methods[] = {
    METHOD("__length_hint__", "", repeat_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", repeat_reduce, "Return state information for pickling."),
    NATIVE_END,
};

static STAGE_TYPE(
    repeat_type, "repeat", repeat_make, repeat_next,
    "repeat(object [,times]) -> create an iterator which returns the object\nfor the specified number of times.",
    .repr = repeat_repr, .methods = repeat_methods);

/* ---- cycle: a the iterator, b the list of what it gave, i the next of that list once k is set;
 * j: the list is complete already ---- */

static Value cycle_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == object_type.init && !native_no_keywords("cycle", kwnames)) return UNSET;
    if (count != 1) return raise_type_error("cycle expected 1 argument, got %zu", count);
    return stage_steal(type, object_iterate(args[0]), list_new(0));
}

static Value cycle_next(Value self) {
    Stage *s = as_stage(self);
    if (!s->k) {
        Value item = iterator_take(s->a);
        if (is_set(item)) return s->j || list_append(s->b, item) ? item : (release(item), UNSET);
        if (error_pending()) return UNSET;
        s->k = 1;
    }
    List *saved = as_list(s->b);
    if (saved->length == 0) return UNSET;
    Value item = saved->items[s->i];
    s->i = (size_t)s->i + 1 == saved->length ? 0 : s->i + 1;
    return retain(item);
}

static STAGE_TYPE(cycle_type, "cycle", cycle_make, cycle_next,
    "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.",
                  .methods = cycle_copying);

/* ---- chain: a the iterator over iterables (NONE at the end), b the active iterator (NONE between two) ---- */

static Value chain_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == object_type.init && !native_no_keywords("chain", kwnames)) return UNSET;
    Value sources = tuple_from_values(args, count), iterator = iterate_or_unset(sources);
    release(sources);
    return stage_steal(type, iterator, NONE);
}

static Value chain_from_iterable(const Value *args, size_t count) {
    return stage_steal(as_type(args[0]), object_iterate(args[1]), NONE);
}

static Value chain_next(Value self) {
    Stage *s = as_stage(self);
    while (!is_none(s->a)) {
        if (is_none(s->b)) {
            Value source = iterator_take(s->a);
            Value active = iterate_or_unset(source);
            release(source);
            if (is_unset(active)) {
                replace(&s->a, NONE);
                return UNSET;
            }
            replace(&s->b, active);
        }
        Value item = iterator_take(s->b);
        if (is_set(item) || error_pending()) return item;
        replace(&s->b, NONE);
    }
    return UNSET;
}

static Value class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }
static const NativeDef chain_methods[] = {
    CLASS_METHOD("from_iterable", "iterable, /", chain_from_iterable,
                 "Alternative chain() constructor taking a single iterable argument that evaluates lazily."),
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    METHOD("__reduce__", "", chain_reduce, "Return state information for pickling."),
    METHOD("__setstate__", "state, /", chain_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

static STAGE_TYPE(chain_type, "chain", chain_make, chain_next,
                  "Return a chain object whose .__next__() method returns elements from the first iterable until it is "
                  "exhausted, then from the next.",
                  .methods = chain_methods);

/* ---- compress: a the data, b the selectors ---- */

static Value compress_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("compress", "data, selectors", args, count, kwnames, out)) return UNSET;
    Value data = object_iterate(out[0]);
    return stage_steal(type, data, is_set(data) ? object_iterate(out[1]) : UNSET);
}

static Value compress_next(Value self) {
    Stage *s = as_stage(self);
    for (;;) {
        Value item = iterator_take(s->a), selector = is_set(item) ? iterator_take(s->b) : UNSET;
        int truth = is_set(selector) ? object_truth(selector) : -1;
        release(selector);
        if (truth > 0) return item;
        release(item);
        if (truth < 0) return UNSET;
    }
}

static STAGE_TYPE(compress_type, "compress", compress_make, compress_next,
                  "Return data elements corresponding to true selector elements.",
                  .methods = pair_copying);

/* ---- dropwhile, takewhile, filterfalse, starmap: a the function, b the iterator, k "done" ---- */

static Value apply_make(const char *name, Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == object_type.init && !native_no_keywords(name, kwnames)) return UNSET;
    if (count != 2) return raise_type_error("%s expected 2 arguments, got %zu", name, count);
    Value iterator = object_iterate(args[1]);
    return is_set(iterator) ? stage_steal(type, retain(args[0]), iterator) : UNSET;
}

static int truth_of_call(Value function, Value item) {
    Value answer = call1(function, item);
    int truth = is_set(answer) ? object_truth(answer) : -1;
    release(answer);
    return truth;
}

static Value dropwhile_next(Value self) {
    Stage *s = as_stage(self);
    for (Value item; is_set(item = iterator_take(s->b));) {
        if (s->k) return item;
        int truth = truth_of_call(s->a, item);
        if (truth == 0) return s->k = 1, item;
        release(item);
        if (truth < 0) return UNSET;
    }
    return UNSET;
}

static Value takewhile_next(Value self) {
    Stage *s = as_stage(self);
    Value item = s->k ? UNSET : iterator_take(s->b);
    if (is_unset(item)) return UNSET;
    int truth = truth_of_call(s->a, item);
    if (truth > 0) return item;
    release(item);
    if (truth == 0) s->k = 1;
    return UNSET;
}

static Value filterfalse_next(Value self) {
    Stage *s = as_stage(self);
    for (Value item; is_set(item = iterator_take(s->b));) {
        bool plain = is_none(s->a) || same(s->a, type_value(&bool_type));
        int truth = plain ? object_truth(item) : truth_of_call(s->a, item);
        if (truth == 0) return item;
        release(item);
        if (truth < 0) return UNSET;
    }
    return UNSET;
}

static Value starmap_next(Value self) {
    Stage *s = as_stage(self);
    Value item = iterator_take(s->b);
    if (is_unset(item)) return UNSET;
    Value args = tuple_from_iterable(item);
    Value result = is_set(args) ? call(s->a, as_tuple(args)->items, tuple_length(args), UNSET) : UNSET;
    release(args);
    release(item);
    return result;
}

#define APPLY_TYPE(name, copying, doc)                                                                         \
    static Value name##_make(Type *type, const Value *args, size_t count, Value kwnames) {                     \
        return apply_make(#name, type, args, count, kwnames);                                                  \
    }                                                                                                          \
    static STAGE_TYPE(name##_type, #name, name##_make, name##_next, doc, .methods = copying)
APPLY_TYPE(dropwhile, flagged_copying,
           "Drop items from the iterable while predicate(item) is true.\n\nAfterwards, return every element "
           "until the iterable is exhausted.");
APPLY_TYPE(takewhile, flagged_copying,
           "Return successive entries from an iterable as long as the predicate evaluates to true for each entry.");
APPLY_TYPE(filterfalse, pair_copying,
           "Return those items of iterable for which function(item) is false.\n\nIf function is None, "
                        "return the items that are false.");
APPLY_TYPE(starmap, pair_copying,
           "Return an iterator whose values are returned from the function evaluated with an argument tuple "
                    "taken from the given sequence.");

/* ---- accumulate: a the iterator, b the function or NONE, c the total, d the initial value ---- */

static Value accumulate_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[3];
    if (!native_bind("accumulate", "iterable, func=None, *, initial=None", args, count, kwnames, out)) return UNSET;
    Value v = stage_steal(type, object_iterate(out[0]), is_set(out[1]) ? retain(out[1]) : NONE);
    if (is_set(v) && is_set(out[2]) && !is_none(out[2])) as_stage(v)->d = retain(out[2]);
    return v;
}

static Value accumulate_next(Value self) {
    Stage *s = as_stage(self);
    if (is_set(s->d)) {
        s->c = s->d;
        s->d = UNSET;
        return retain(s->c);
    }
    Value item = iterator_take(s->a);
    if (is_unset(item)) return UNSET;
    if (is_unset(s->c)) {
        s->c = retain(item);
        return item;
    }
    Value total = is_none(s->b) ? object_binary(BINARY_ADD, s->c, item) : call2(s->b, s->c, item);
    release(item);
    if (is_unset(total)) return UNSET;
    replace(&s->c, retain(total));
    return total;
}

static STAGE_TYPE(accumulate_type, "accumulate", accumulate_make, accumulate_next,
                  "Return series of accumulated sums.",
                  .methods = accumulate_copying);

/* ---- pairwise: a the iterator, b the item before (NONE with k unset: none yet) ---- */

static Value pairwise_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == object_type.init && !native_no_keywords("pairwise", kwnames)) return UNSET;
    if (count != 1) return raise_type_error("pairwise expected 1 argument, got %zu", count);
    return stage_steal(type, object_iterate(args[0]), NONE);
}

static Value pairwise_next(Value self) {
    Stage *s = as_stage(self);
    if (is_none(s->a)) return UNSET;
    if (!s->k) {
        Value first = iterator_take(s->a);
        if (is_unset(first)) return replace(&s->a, NONE), UNSET;
        replace(&s->b, first);
        s->k = 1;
    }
    Value old = retain(s->b), item = is_none(s->a) ? UNSET : iterator_take(s->a);
    if (is_unset(item)) {
        replace(&s->a, NONE);
        release(old);
        return UNSET;
    }
    Value pair = tuple_pack(2, old, item);
    release(old);
    replace(&s->b, item);
    return pair;
}

static STAGE_TYPE(pairwise_type, "pairwise", pairwise_make, pairwise_next,
                  "Return an iterator of overlapping pairs taken from the input iterator.\n\n    s -> (s0,s1), "
                  "(s1,s2), (s2, s3), ...");

/* ---- islice: a the iterator (NONE at the end), i the next index wanted, j stop (-1: none), k step, b how many were
 * taken ---- */

static bool slice_number(Value v, int64_t fallback, int64_t *out) {
    *out = fallback;
    if (is_none(v)) return true;
    if (!type_of(v)->index || !object_as_index(v, out, &OverflowError_type)) return error_clear(), false;
    return *out >= 0;
}

static Value islice_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == object_type.init && !native_no_keywords("islice", kwnames)) return UNSET;
    if (count < 2) return raise_type_error("islice expected at least 2 arguments, got %zu", count);
    if (count > 4) return raise_type_error("islice expected at most 4 arguments, got %zu", count);
    int64_t start = 0, stop, step = 1;
    if (!slice_number(args[count == 2 ? 1 : 2], -1, &stop)) {
        if (count == 2)
            return raise_value_error("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
        if (!slice_number(args[1], 0, &start))
            return raise_value_error("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
        return raise_value_error("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
    }
    if (count > 2 && !slice_number(args[1], 0, &start))
        return raise_value_error("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.");
    if (count > 3 && (!slice_number(args[3], 1, &step) || step < 1))
        return raise_value_error("Step for islice() must be a positive integer or None.");
    Value v = stage_steal(type, object_iterate(args[0]), from_small_int(0));
    if (is_unset(v)) return UNSET;
    as_stage(v)->i = start;
    as_stage(v)->j = stop;
    as_stage(v)->k = step;
    return v;
}

static Value islice_next(Value self) {
    Stage *s = as_stage(self);
    if (is_none(s->a)) return UNSET;
    int64_t taken = as_small_int(s->b), wanted = s->i;
    bool ends = s->j >= 0 && wanted >= s->j;
    int64_t skip_to = ends ? s->j : wanted;
    Value item = UNSET;
    for (; taken < skip_to; taken++) {
        item = iterator_take(s->a);
        if (is_unset(item)) break;
        release(item);
    }
    bool fine = taken >= skip_to;
    if (fine && !ends) {
        item = iterator_take(s->a);
        fine = is_set(item);
        taken++;
    }
    s->b = from_small_int(taken);
    if (!fine || ends) {
        replace(&s->a, NONE);
        return UNSET;
    }
    s->i =
        wanted + s->k < wanted || (s->j >= 0 && wanted + s->k > s->j) ? (s->j >= 0 ? s->j : INT64_MAX) : wanted + s->k;
    return item;
}

static STAGE_TYPE(islice_type, "islice", islice_make, islice_next,
    "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\n"
    "Return an iterator whose next() method returns selected values from an\niterable.",
                  .methods = islice_copying);

/* ---- zip_longest: a tuple of iterators (NONE: exhausted), b the fill value, i how many still run ---- */

static Value zip_longest_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value fill = NONE;
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    for (size_t i = 0; i < named; i++) {
        if (!str_equal_ascii(tuple_at(kwnames, i), "fillvalue"))
            return raise_type_error("zip_longest() got an unexpected keyword argument");
        fill = args[count + i];
    }
    Value iterators = tuple_new(count);
    for (size_t i = 0; is_set(iterators) && i < count; i++) {
        Value iterator = object_iterate(args[i]);
        if (is_unset(iterator)) return release(iterators), UNSET;
        as_tuple(iterators)->items[i] = iterator;
    }
    Value v = stage_steal(type, iterators, retain(fill));
    if (is_set(v)) as_stage(v)->i = (int64_t)count;
    return v;
}

static Value zip_longest_next(Value self) {
    Stage *s = as_stage(self);
    size_t n = tuple_length(s->a);
    if (s->i == 0) return UNSET;
    Value row = tuple_new(n);
    for (size_t i = 0; is_set(row) && i < n; i++) {
        Value *iterator = &as_tuple(s->a)->items[i], item = is_none(*iterator) ? UNSET : iterator_next(*iterator);
        if (is_unset(item) && !is_none(*iterator)) {
            bool failed = error_pending();
            if (failed) s->i = 0;
            else s->i--;
            if (s->i == 0) return release(row), UNSET;
            replace(iterator, NONE);
        }
        as_tuple(row)->items[i] = is_set(item) ? item : retain(s->b);
    }
    return row;
}

static STAGE_TYPE(zip_longest_type, "zip_longest", zip_longest_make, zip_longest_next,
    "zip_longest(iter1 [,iter2 [...]], [fillvalue=None]) --> zip_longest object",
                  .methods = zip_longest_copying);

/* ---- groupby: a the iterator, b the key function or NONE, c the key of the current group, d (key, item) read last;
 *      i numbers the group that may read, k: d's item was not handed out yet.  A group: a the parent, b its key, i its
 * number. ---- */

static Value groupby_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (!native_bind("groupby", "iterable, key=None", args, count, kwnames, out)) return UNSET;
    return stage_steal(type, object_iterate(out[0]), is_set(out[1]) ? retain(out[1]) : NONE);
}

static bool groupby_read(Stage *s) {
    Value item = iterator_take(s->a);
    if (is_unset(item)) return false;
    Value key = is_none(s->b) ? retain(item) : call1(s->b, item);
    if (is_set(key) && is_set(s->d)) { /* nobody else has seen it */
        replace(&as_tuple(s->d)->items[0], key);
        replace(&as_tuple(s->d)->items[1], item);
        s->k = 1;
        return true;
    }
    Value last = is_set(key) ? tuple_pack(2, key, item) : UNSET;
    release(key);
    release(item);
    if (is_unset(last)) return false;
    replace(&s->d, last);
    s->k = 1;
    return true;
}

static Type group_type;

static Value groupby_next(Value self) {
    Stage *s = as_stage(self);
    s->i++;
    for (;;) { /* skip the rest of the group before */
        if (is_set(s->d)) {
            if (is_unset(s->c)) break;
            Value key = retain(tuple_at(s->d, 0)), group_key = retain(s->c);
            int equal = object_equal(group_key, key);
            release(key);
            release(group_key);
            if (equal < 0) return UNSET;
            if (!equal) break;
        }
        if (!groupby_read(s)) return UNSET;
    }
    Value key = tuple_at(s->d, 0);
    replace(&s->c, retain(key));
    Value group = stage_steal(&group_type, retain(self), retain(key));
    if (is_unset(group)) return UNSET;
    as_stage(group)->i = s->i;
    Value pair = tuple_pack(2, s->c, group);
    release(group);
    return pair;
}

static Value group_next(Value self) {
    Stage *g = as_stage(self), *s = as_stage(g->a);
    if (g->i != s->i) return UNSET;
    if (!s->k && !groupby_read(s)) return UNSET;
    Value key = retain(tuple_at(s->d, 0));
    int equal = object_equal(g->b, key);
    release(key);
    if (equal <= 0) return UNSET;
    s->k = 0;
    return retain(tuple_at(s->d, 1));
}

static STAGE_TYPE(groupby_type, "groupby", groupby_make, groupby_next,
    "make an iterator that returns consecutive keys and groups from the iterable",
                  .methods = groupby_copying);
static STAGE_TYPE(group_type, "_grouper", NULL, group_next, NULL);

/* ---- tee: a the block that holds the next item, i its place in it ---- */

enum { BLOCK_ITEMS = 57 };

/* Items read from the common source, in a chain of blocks; a block lives while some tee is in it or before it. */
typedef struct Block {
    Object head;
    Value source, next;  /* next block or UNSET */
    int64_t count;
    bool running;        /* the source is being asked: asking it again from inside is refused */
    Value items[BLOCK_ITEMS];
} Block;

static Block *as_block(Value v) { return (Block *)as_object(v); }

static void block_destroy(Object *self) {
    Block *b = (Block *)self;
    release(b->source);
    for (int64_t i = 0; i < b->count; i++) release(b->items[i]);
    release(b->next);
    object_free(self);
}
static int block_traverse(Object *self, Visit visit, void *context) {
    Block *b = (Block *)self;
    TRAVERSE(b->source);
    TRAVERSE(b->next);
    for (int64_t i = 0; i < b->count; i++) TRAVERSE(b->items[i]);
    return 0;
}
static Type block_type = {
    TYPE_HEAD("itertools._tee_dataobject"), .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(Block),
    .base = &object_type, .destroy = block_destroy, .traverse = block_traverse,
};

static Value block_new(Value source) {
    Block *b = object_allocate(&block_type, sizeof *b);
    if (!b) return UNSET;
    b->source = retain(source);
    return from_object(b);
}

static Type tee_type;

static Value tee_next(Value self) {
    Stage *s = as_stage(self);
    Block *b = as_block(s->a);
    if (s->i == BLOCK_ITEMS) {
        if (is_unset(b->next) && is_unset(b->next = block_new(b->source))) return UNSET;
        replace(&s->a, retain(b->next));
        s->i = 0;
        b = as_block(s->a);
    }
    if (s->i < b->count) return retain(b->items[s->i++]);
    if (b->running) return raise_runtime_error("cannot re-enter the tee iterator");
    b->running = true;
    Value block = retain(s->a), item = iterator_take(b->source);
    b->running = false;
    if (is_set(item)) {
        b->items[b->count++] = retain(item);
        s->i++;
    }
    release(block);
    return item;
}

static Value tee_copy(Value self) {
    Value copy = stage_steal(&tee_type, retain(as_stage(self)->a), NONE);
    if (is_set(copy)) as_stage(copy)->i = as_stage(self)->i;
    return copy;
}
static Value tee_copy_method(const Value *args, size_t count) { return tee_copy(args[0]); }

static Value tee_from(Value iterable) {
    Value iterator = object_iterate(iterable);
    if (is_unset(iterator)) return UNSET;
    Value tee =
        is_exactly(iterator, &tee_type) ? tee_copy(iterator) : stage_steal(&tee_type, block_new(iterator), NONE);
    release(iterator);
    return tee;
}

static Value tee_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count != 1) return raise_type_error("_tee expected 1 argument, got %zu", count);
    return tee_from(args[0]);
}
static const NativeDef tee_methods[] = {METHOD("__copy__", "", tee_copy_method, "Returns an independent iterator."),
                                        NATIVE_END};
static STAGE_TYPE(tee_type, "_tee", tee_make, tee_next, "Iterator wrapped to make it copyable.",
                  .methods = tee_methods);

static Value tee(const Value *args, size_t count) {
    int64_t n = 2;
    if (is_set(args[1]) && !object_as_index(args[1], &n, &OverflowError_type)) return UNSET;
    if (n < 0) return raise_value_error("n must be >= 0");
    Value result = tuple_new((size_t)n), one = is_set(result) && n ? tee_from(args[0]) : UNSET;
    for (int64_t i = 0; is_set(result) && i < n; i++) {
        Value copy = is_unset(one) ? UNSET : i == 0 ? retain(one) : tee_copy(one);
        if (is_unset(copy)) {
            release(one);
            release(result);
            return UNSET;
        }
        as_tuple(result)->items[i] = copy;
    }
    release(one);
    return result;
}

/* ---- the module ---- */

static const NativeDef functions[] = {
    FUNCTION("tee", "iterable, n=2, /", tee, "Returns a tuple of n independent iterators."),
    NATIVE_END,
};

static Type *const types[] = {
    &count_type,        &repeat_type,       &cycle_type,
    &chain_type,        &compress_type,     &dropwhile_type,
    &takewhile_type,    &filterfalse_type,  &starmap_type,
    &accumulate_type,   &pairwise_type,     &islice_type,
    &zip_longest_type,  &groupby_type,      &group_type,
    &tee_type,          &block_type,        &product_type,
    &permutations_type, &combinations_type, &combinations_with_replacement_type,
};

static bool ready(void) {
    tee_type.flags |= TYPE_WEAK;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!type_ready(types[i])) return false;
    return true;
}

static bool fill(Value dict) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!dict_set_utf8(dict, strchr(types[i]->name, '.') + 1, type_value(types[i]))) return false;
    return true;
}

const ModuleDef mod_itertools = {"itertools", "Functional tools for creating and using iterators.", functions, fill,
                                 ready};
