/* The iterators that built-in functions make: enumerate, zip, map, filter, reversed, iter(f, sentinel), sequences. */
#include "runtime/types/iterators.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/iterate.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

static Value iterator_self(Value self) { return retain(self); }

static void *allocate(Type *type, Type *own, size_t size) {
    if (type == own) return object_allocate(own, size);
    Value v = instance_new(type);
    return is_set(v) ? as_object(v) : NULL;
}

/* A tuple of n items to give away: `last` filled again if only its iterator holds it, else a new one that is kept
 * there. */
static Value tuple_for_row(Value *last, size_t n, bool *reused) {
    *reused = is_set(*last) && rc_load(&as_object(*last)->count) == 1;
    if (*reused) return retain(*last);
    return tuple_new(n);
}

/* ---- enumerate ---- */

static Enumerate *as_enumerate(Value v) { return (Enumerate *)as_object(v); }

static Value enumerate_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[2];
    if (count == 0 && is_unset(kwnames)) return raise_type_error("enumerate() missing required argument 'iterable'");
    if (!native_bind("enumerate", "iterable, start=0", args, count, kwnames, out)) return UNSET;
    Value start = is_set(out[1]) ? object_index(out[1]) : from_small_int(0);
    if (is_unset(start)) return UNSET;
    Value iterator = object_iterate(out[0]);
    Enumerate *e = is_set(iterator) ? allocate(type, &enumerate_type, sizeof *e) : NULL;
    if (!e) {
        release(start);
        release(iterator);
        return UNSET;
    }
    e->iterator = iterator;
    e->index = start;
    return from_object(e);
}

/* Index and item, owned.  False: exhausted, or failed. */
static bool enumerate_take(Enumerate *e, Value out[2]) {
    Value item = iterator_take(e->iterator);
    if (is_unset(item)) return false;
    Value index = e->index;
    Value following = is_small_int(index) && as_small_int(index) < SMALL_INT_MAX
                          ? from_small_int(as_small_int(index) + 1)
                          : int_add(index, from_small_int(1));
    if (is_unset(following)) return release(item), false;
    e->index = following;
    out[0] = index;
    out[1] = item;
    return true;
}

static Value enumerate_next(Value self) {
    Enumerate *e = as_enumerate(self);
    Value taken[2];
    if (!enumerate_take(e, taken)) return UNSET;
    Value index = taken[0], item = taken[1], pair = e->pair;
    if (is_set(pair) && rc_load(&as_object(pair)->count) == 1) {
        Value *items = as_tuple(retain(pair))->items, old_index = items[0], old_item = items[1];
        items[0] = index;
        items[1] = item;
        release(old_index);
        release(old_item);
        return pair;
    }
    Value fresh = tuple_new(2);
    if (is_unset(fresh)) {
        release(index);
        release(item);
        return UNSET;
    }
    as_tuple(fresh)->items[0] = index;
    as_tuple(fresh)->items[1] = item;
    replace(&e->pair, retain(fresh));
    return fresh;
}

static void enumerate_destroy(Object *self) {
    Enumerate *e = (Enumerate *)self;
    release(e->iterator);
    release(e->index);
    release(e->pair);
    object_free(self);
}
static int enumerate_traverse(Object *self, Visit visit, void *context) {
    Enumerate *e = (Enumerate *)self;
    TRAVERSE(e->iterator);
    TRAVERSE(e->index);
    TRAVERSE(e->pair);
    return 0;
}

static Value enumerate_reduce(const Value *args, size_t count) {
    (void)count;
    Enumerate *e = as_enumerate(args[0]);
    Value inner = tuple_pack(2, e->iterator, e->index);
    Value result = is_set(inner) ? tuple_pack(2, type_value(as_object(args[0])->type), inner) : UNSET;
    release(inner);
    return result;
}
static Value class_getitem(const Value *args, size_t count) { return (void)count, generic_alias_new(args[0], args[1]); }

static const NativeDef enumerate_methods[] = {
    METHOD("__reduce__", "", enumerate_reduce, "Return state information for pickling."),
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type enumerate_type = {
    TYPE_HEAD("enumerate"),
    .flags = TYPE_BASE | TYPE_GC,
    .basic_size = sizeof(Enumerate),
    .base = &object_type,
    .doc = "Return an enumerate object.\n\n  iterable\n    an object supporting iteration\n\n"
           "The enumerate object yields pairs containing a count (from start, which\n"
           "defaults to zero) and a value yielded by the iterable argument.\n\n"
           "enumerate is useful for obtaining an indexed list:\n"
           "    (0, seq[0]), (1, seq[1]), (2, seq[2]), ...",
    .methods = enumerate_methods,
    .make = enumerate_make,
    .destroy = enumerate_destroy,
    .traverse = enumerate_traverse,
    .iterate = iterator_self,
    .next = enumerate_next,
};

/* ---- zip and map: several iterators at once ---- */

static Value iterators_of(const Value *args, size_t count) {
    Value iterators = tuple_new(count);
    for (size_t i = 0; is_set(iterators) && i < count; i++) {
        Value iterator = object_iterate(args[i]);
        if (is_unset(iterator)) return release(iterators), UNSET;
        as_tuple(iterators)->items[i] = iterator;
    }
    return iterators;
}

static Zip *as_zip(Value v) { return (Zip *)as_object(v); }

static bool zip_options(size_t count, const Value *args, Value kwnames, bool *strict) {
    *strict = false;
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    for (size_t i = 0; i < named; i++) {
        Value name = tuple_at(kwnames, i);
        if (!str_equal_ascii(name, "strict"))
            return raise_type_error("'%U' is an invalid keyword argument for zip()", name), false;
        int truth = object_truth(args[count + i]);
        if (truth < 0) return false;
        *strict = truth;
    }
    return true;
}

static Value zip_make(Type *type, const Value *args, size_t count, Value kwnames) {
    bool strict;
    if (!zip_options(count, args, kwnames, &strict)) return UNSET;
    Value iterators = iterators_of(args, count);
    Zip *z = is_set(iterators) ? allocate(type, &zip_type, sizeof *z) : NULL;
    if (!z) return release(iterators), UNSET;
    z->iterators = iterators;
    z->strict = strict;
    return from_object(z);
}

/* Iterator `at` ended first although the lengths should be equal. */
static Value zip_uneven(Zip *z, size_t at) {
    if (at) {
        const char *plural = at == 1 ? " " : "s 1-";
        return raise_value_error("zip() argument %zu is shorter than argument%s%zu", at + 1, plural, at);
    }
    for (size_t i = 1; i < tuple_length(z->iterators); i++) {
        Value item = iterator_take(tuple_at(z->iterators, i));
        if (is_set(item)) {
            release(item);
            const char *plural = i == 1 ? " " : "s 1-";
            return raise_value_error("zip() argument %zu is longer than argument%s%zu", i + 1, plural, i);
        }
        if (error_pending()) return UNSET;
    }
    return UNSET;
}

static Value zip_next(Value self) {
    Zip *z = as_zip(self);
    size_t n = tuple_length(z->iterators);
    if (n == 0) return UNSET;
    bool reused;
    Value row = tuple_for_row(&z->row, n, &reused);
    if (is_unset(row)) return UNSET;
    for (size_t i = 0; i < n; i++) {
        Value item = iterator_take(tuple_at(z->iterators, i));
        if (is_unset(item)) {
            release(row);
            return error_pending() || !z->strict ? UNSET : zip_uneven(z, i);
        }
        replace(&as_tuple(row)->items[i], item);
    }
    if (!reused) replace(&z->row, retain(row));
    return row;
}

static bool zip_take_two(Zip *z, Value out[2]) {
    for (size_t i = 0; i < 2; i++) {
        out[i] = iterator_take(tuple_at(z->iterators, i));
        if (is_set(out[i])) continue;
        if (i) release(out[0]);
        if (!error_pending() && z->strict) zip_uneven(z, i);
        return false;
    }
    return true;
}

int iterator_take_pair(Value iterator, Value out[2]) {
    if (is_exactly(iterator, &enumerate_type)) return enumerate_take(as_enumerate(iterator), out);
    if (is_exactly(iterator, &dict_item_iterator_type)) return dict_iterator_take_item(iterator, out);
    if (!is_exactly(iterator, &zip_type) || tuple_length(as_zip(iterator)->iterators) != 2) return -1;
    return zip_take_two(as_zip(iterator), out);
}

static void zip_destroy(Object *self) {
    release(((Zip *)self)->iterators);
    release(((Zip *)self)->row);
    object_free(self);
}
static int zip_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Zip *)self)->iterators);
    TRAVERSE(((Zip *)self)->row);
    return 0;
}

static Value zip_reduce(const Value *args, size_t count) {
    (void)count;
    Zip *z = as_zip(args[0]);
    Value type = type_value(as_object(args[0])->type);
    return z->strict ? tuple_pack(3, type, z->iterators, TRUE_VALUE) : tuple_pack(2, type, z->iterators);
}
static Value zip_setstate(const Value *args, size_t count) {
    (void)count;
    int strict = object_truth(args[1]);
    if (strict < 0) return UNSET;
    as_zip(args[0])->strict = strict;
    return NONE;
}

static const NativeDef zip_methods[] = {
    METHOD("__reduce__", "", zip_reduce, "Return state information for pickling."),
    METHOD("__setstate__", "state, /", zip_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

Type zip_type = {
    TYPE_HEAD("zip"),
    .flags = TYPE_BASE | TYPE_GC,
    .basic_size = sizeof(Zip),
    .base = &object_type,
    .doc = "zip(*iterables, strict=False) --> Yield tuples until an input is exhausted.",
    .methods = zip_methods,
    .make = zip_make,
    .destroy = zip_destroy,
    .traverse = zip_traverse,
    .iterate = iterator_self,
    .next = zip_next,
};

/* map and filter share a layout: a function and what it is applied to. */
typedef struct Application {
    Object head;
    Value function;
    Value source; /* map: tuple of iterators; filter: one iterator */
} Application;

static Application *as_application(Value v) { return (Application *)as_object(v); }

static Value application_new(Type *type, Type *own, Value function, Value source) {
    Application *a = is_set(source) ? allocate(type, own, sizeof *a) : NULL;
    if (!a) return release(source), UNSET;
    a->function = retain(function);
    a->source = source;
    return from_object(a);
}

static void application_destroy(Object *self) {
    release(((Application *)self)->function);
    release(((Application *)self)->source);
    object_free(self);
}
static int application_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Application *)self)->function);
    TRAVERSE(((Application *)self)->source);
    return 0;
}

static Value map_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == map_type.init && !native_no_keywords("map", kwnames)) return UNSET;
    if (count < 2) return raise_type_error("map() must have at least two arguments.");
    return application_new(type, &map_type, args[0], iterators_of(args + 1, count - 1));
}

static Value map_next(Value self) {
    enum { FEW = 8 };
    Application *a = as_application(self);
    size_t n = tuple_length(a->source), got = 0;
    if (n == 1) {
        Value item = iterator_take(tuple_at(a->source, 0));
        if (is_unset(item)) return UNSET;
        Value made = call1(a->function, item);
        release(item);
        return made;
    }
    Value few[FEW], *args = n <= FEW ? few : raw_allocate(n * sizeof *args), result = UNSET;
    if (!args) return raise_memory_error();
    while (got < n && is_set(args[got] = iterator_take(tuple_at(a->source, got)))) got++;
    if (got == n) result = call(a->function, args, n, UNSET);
    while (got > 0) release(args[--got]);
    if (args != few) raw_free(args);
    return result;
}

static Value map_reduce(const Value *args, size_t count) {
    (void)count;
    Application *a = as_application(args[0]);
    Value function = tuple_pack(1, a->function), inner = is_set(function) ? tuple_concat(function, a->source) : UNSET;
    Value result = is_set(inner) ? tuple_pack(2, type_value(as_object(args[0])->type), inner) : UNSET;
    release(function);
    release(inner);
    return result;
}
static const NativeDef map_methods[] = {
    METHOD("__reduce__", "", map_reduce, "Return state information for pickling."),
    NATIVE_END,
};

Type map_type = {
    TYPE_HEAD("map"),
    .flags = TYPE_BASE | TYPE_GC,
    .basic_size = sizeof(Application),
    .base = &object_type,
    .doc = "map(func, *iterables) --> map object\n\nMake an iterator that computes the function using arguments from\n"
           "each of the iterables.  Stops when the shortest iterable is exhausted.",
    .methods = map_methods,
    .make = map_make,
    .destroy = application_destroy,
    .traverse = application_traverse,
    .iterate = iterator_self,
    .next = map_next,
};

/* ---- filter ---- */

static Value filter_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == filter_type.init && !native_no_keywords("filter", kwnames)) return UNSET;
    if (count != 2) return raise_type_error("filter expected 2 arguments, got %zu", count);
    return application_new(type, &filter_type, args[0], object_iterate(args[1]));
}

static int filter_keeps(Value function, Value item) {
    if (is_none(function) || same(function, type_value(&bool_type))) return object_truth(item);
    Value answer = call1(function, item);
    if (is_unset(answer)) return -1;
    int truth = object_truth(answer);
    release(answer);
    return truth;
}

static Value filter_next(Value self) {
    Application *a = as_application(self);
    for (Value item; is_set(item = iterator_take(a->source));) {
        int keeps = filter_keeps(a->function, item);
        if (keeps > 0) return item;
        release(item);
        if (keeps < 0) return UNSET;
    }
    return UNSET;
}

static Value filter_reduce(const Value *args, size_t count) {
    (void)count;
    Application *a = as_application(args[0]);
    Value inner = tuple_pack(2, a->function, a->source);
    Value result = is_set(inner) ? tuple_pack(2, type_value(as_object(args[0])->type), inner) : UNSET;
    release(inner);
    return result;
}
static const NativeDef filter_methods[] = {
    METHOD("__reduce__", "", filter_reduce, "Return state information for pickling."),
    NATIVE_END,
};

Type filter_type = {
    TYPE_HEAD("filter"),
    .flags = TYPE_BASE | TYPE_GC,
    .basic_size = sizeof(Application),
    .base = &object_type,
    .doc = "filter(function or None, iterable) --> filter object\n\n"
           "Return an iterator yielding those items of iterable for which function(item)\n"
           "is true. If function is None, return the items that are true.",
    .methods = filter_methods,
    .make = filter_make,
    .destroy = application_destroy,
    .traverse = application_traverse,
    .iterate = iterator_self,
    .next = filter_next,
};

/* ---- reversed and sequence iterators: an index walks over a sequence ---- */

typedef struct IndexIterator {
    Object head;
    Value sequence; /* UNSET when exhausted */
    int64_t index;  /* the next one */
} IndexIterator;

static IndexIterator *as_index_iterator(Value v) { return (IndexIterator *)as_object(v); }

static void index_destroy(Object *self) {
    release(((IndexIterator *)self)->sequence);
    object_free(self);
}
static int index_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((IndexIterator *)self)->sequence);
    return 0;
}

static Value index_iterator_new(Type *type, Type *own, Value sequence, int64_t index) {
    IndexIterator *it = allocate(type, own, sizeof *it);
    if (!it) return UNSET;
    it->sequence = retain(sequence);
    it->index = index;
    return from_object(it);
}

/* The answer of __reversed__, or UNSET with or without an exception. */
static Value own_reversed(Value sequence, bool *defined) {
    Value method = type_lookup(type_of(sequence), names.__reversed__);
    *defined = is_set(method);
    if (!*defined) return UNSET;
    if (is_none(method)) return raise_type_error("'%T' object is not reversible", sequence);
    return call_special(sequence, names.__reversed__, NULL, 0, NULL);
}

static Value reversed_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type->init == reversed_type.init && !native_no_keywords("reversed", kwnames)) return UNSET;
    if (count != 1) return raise_type_error("reversed expected 1 argument, got %zu", count);
    bool defined;
    Value answer = own_reversed(args[0], &defined);
    if (defined) return answer;
    Type *t = type_of(args[0]);
    if (!t->get_item || !t->length || t->flags & TYPE_DICT_SUB)
        return raise_type_error("'%T' object is not reversible", args[0]);
    int64_t n = object_length(args[0]);
    return n < 0 ? UNSET : index_iterator_new(type, &reversed_type, args[0], n - 1);
}

/* The item at the index; the end of the sequence is where IndexError or StopIteration comes. */
static Value index_get(IndexIterator *it) {
    Value item = object_get_item_index(it->sequence, it->index);
    if (is_unset(item) && (error_absorb(&IndexError_type) || error_absorb(&StopIteration_type))) clear(&it->sequence);
    return item;
}

static Value reversed_next(Value self) {
    IndexIterator *it = as_index_iterator(self);
    if (is_unset(it->sequence)) return UNSET;
    if (it->index < 0) {
        clear(&it->sequence);
        return UNSET;
    }
    Value item = index_get(it);
    if (is_set(item)) it->index--;
    return item;
}

static Value reversed_length_hint(const Value *args, size_t count) {
    (void)count;
    IndexIterator *it = as_index_iterator(args[0]);
    if (is_unset(it->sequence)) return from_small_int(0);
    int64_t n = object_length(it->sequence);
    return n < 0 ? UNSET : int_from_int64(n < it->index + 1 ? 0 : it->index + 1);
}

static Value reversed_reduce(const Value *args, size_t count) {
    (void)count;
    IndexIterator *it = as_index_iterator(args[0]);
    Value inner = tuple_pack(1, is_set(it->sequence) ? it->sequence : empty_tuple), index = int_from_int64(it->index);
    Value result = is_set(inner) ? tuple_pack(3, type_value(as_object(args[0])->type), inner, index) : UNSET;
    release(inner);
    release(index);
    return result;
}
static Value index_setstate(const Value *args, size_t count) {
    (void)count;
    IndexIterator *it = as_index_iterator(args[0]);
    int64_t index;
    if (!object_as_index(args[1], &index, NULL)) return UNSET;
    it->index = index;
    return NONE;
}

static const NativeDef reversed_methods[] = {
    METHOD("__length_hint__", "", reversed_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__reduce__", "", reversed_reduce, "Return state information for pickling."),
    METHOD("__setstate__", "state, /", index_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

Type reversed_type = {
    TYPE_HEAD("reversed"),
    .flags = TYPE_BASE | TYPE_GC,
    .basic_size = sizeof(IndexIterator),
    .base = &object_type,
    .doc = "Return a reverse iterator over the values of the given sequence.",
    .methods = reversed_methods,
    .make = reversed_make,
    .destroy = index_destroy,
    .traverse = index_traverse,
    .iterate = iterator_self,
    .next = reversed_next,
};

Value sequence_iterator_new(Value sequence) {
    return index_iterator_new(&sequence_iterator_type, &sequence_iterator_type, sequence, 0);
}

static Value sequence_next(Value self) {
    IndexIterator *it = as_index_iterator(self);
    if (is_unset(it->sequence)) return UNSET;
    if (it->index == INT64_MAX) return raise_overflow_error("iter index too large");
    Value item = index_get(it);
    if (is_set(item)) it->index++;
    return item;
}

static Value sequence_length_hint(const Value *args, size_t count) {
    (void)count;
    IndexIterator *it = as_index_iterator(args[0]);
    if (is_unset(it->sequence)) return from_small_int(0);
    if (!type_of(it->sequence)->length) return NOT_IMPLEMENTED;
    int64_t n = object_length(it->sequence);
    return n < 0 ? UNSET : int_from_int64(n < it->index ? 0 : n - it->index);
}

static const NativeDef sequence_methods[] = {
    METHOD("__length_hint__", "", sequence_length_hint, "Private method returning an estimate of len(list(it))."),
    METHOD("__setstate__", "state, /", index_setstate, "Set state information for unpickling."),
    NATIVE_END,
};

Type sequence_iterator_type = {
    TYPE_HEAD("iterator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(IndexIterator),
    .base = &object_type,
    .methods = sequence_methods,
    .destroy = index_destroy,
    .traverse = index_traverse,
    .iterate = iterator_self,
    .next = sequence_next,
};

/* ---- iter(callable, sentinel) ---- */

typedef struct CallableIterator {
    Object head;
    Value callable, sentinel; /* UNSET when exhausted */
} CallableIterator;

Value callable_iterator_new(Value callable, Value sentinel) {
    CallableIterator *it = object_allocate(&callable_iterator_type, sizeof *it);
    if (!it) return UNSET;
    it->callable = retain(callable);
    it->sentinel = retain(sentinel);
    return from_object(it);
}

static void callable_finish(CallableIterator *it) {
    clear(&it->callable);
    clear(&it->sentinel);
}

static Value callable_next(Value self) {
    CallableIterator *it = (CallableIterator *)as_object(self);
    if (is_unset(it->callable)) return UNSET;
    Value item = call0(it->callable);
    if (is_unset(item)) {
        if (error_absorb(&StopIteration_type)) callable_finish(it);
        return UNSET;
    }
    int equal = is_set(it->sentinel) ? object_equal(it->sentinel, item) : 1;
    if (equal == 0) return item;
    release(item);
    if (equal > 0) callable_finish(it);
    return UNSET;
}

static void callable_destroy(Object *self) {
    release(((CallableIterator *)self)->callable);
    release(((CallableIterator *)self)->sentinel);
    object_free(self);
}
static int callable_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((CallableIterator *)self)->callable);
    TRAVERSE(((CallableIterator *)self)->sentinel);
    return 0;
}

Type callable_iterator_type = {
    TYPE_HEAD("callable_iterator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(CallableIterator),
    .base = &object_type,
    .destroy = callable_destroy,
    .traverse = callable_traverse,
    .iterate = iterator_self,
    .next = callable_next,
};
