/* _functools: partial, reduce, cmp_to_key and the cache behind lru_cache. */
#include "stdlib/stdlib.h"

#include "runtime/types/dict_keys.h"
#include "runtime/types/traverse.h"

static bool has_own_attrs(Object *o) { return !(o->type->flags & TYPE_HEAP); }

static Value get_dict(Value self) { return attrs_dict(as_object(self)); }
static bool set_dict(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("cannot delete __dict__"), false;
    if (!dict_is(value)) return raise_type_error("__dict__ must be set to a dictionary, not a '%T'", value), false;
    return attrs_set_dict(as_object(self), value);
}

/* ---- partial ---- */

typedef struct Partial {
    Object head;
    Value function, args, kwargs; /* any callable, tuple, dict */
    Attrs attrs;
} Partial;

static Type partial_type;
static Partial *as_partial(Value v) { return (Partial *)as_object(v); }

/* The partial that a new one may take over: exactly this class and nothing set on it. */
static Partial *inner_partial(Type *type, Value function) {
    if (type != &partial_type || !is_exactly(function, &partial_type)) return NULL;
    size_t position = 0;
    Value name, value;
    return attrs_next(as_object(function), &position, &name, &value) ? NULL : as_partial(function);
}

static Value partial_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count == 0) return raise_type_error("type 'partial' takes at least one argument");
    if (!is_callable(args[0])) return raise_type_error("the first argument must be callable");
    Value v = instance_new(type);
    if (is_unset(v)) return UNSET;
    Partial *p = as_partial(v), *inner = inner_partial(type, args[0]);
    Value more = tuple_from_values(args + 1, count - 1);
    p->function = retain(inner ? inner->function : args[0]);
    p->args = inner && is_set(more) ? tuple_concat(inner->args, more) : retain(more);
    p->kwargs = inner ? dict_copy(inner->kwargs) : dict_new();
    release(more);
    bool fine = is_set(p->args) && is_set(p->kwargs);
    for (size_t i = 0; fine && is_set(kwnames) && i < tuple_length(kwnames); i++)
        fine = dict_set(p->kwargs, tuple_at(kwnames, i), args[count + i]);
    if (fine) return v;
    release(v);
    return UNSET;
}

static Value partial_call_merged(Partial *p, const Value *args, size_t count, Value kwnames) {
    Value more = tuple_from_values(args, count), all = is_set(more) ? tuple_concat(p->args, more) : UNSET;
    Value kwargs = is_set(all) ? dict_copy(p->kwargs) : UNSET;
    bool fine = is_set(kwargs);
    for (size_t i = 0; fine && is_set(kwnames) && i < tuple_length(kwnames); i++)
        fine = dict_set(kwargs, tuple_at(kwnames, i), args[count + i]);
    Value result = fine ? call_tuple_dict(p->function, all, kwargs) : UNSET;
    release(more);
    release(all);
    release(kwargs);
    return result;
}

static Value partial_call(Value self, const Value *args, size_t count, Value kwnames) {
    enum { FEW = 12 };
    Partial *p = as_partial(self);
    size_t bound = tuple_length(p->args), named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    if (bound + count + named > FEW || dict_length(p->kwargs)) return partial_call_merged(p, args, count, kwnames);
    Value all[FEW];
    for (size_t i = 0; i < bound; i++) all[i] = tuple_at(p->args, i);
    for (size_t i = 0; i < count + named; i++) all[bound + i] = args[i];
    Value function = retain(p->function), kept = retain(p->args);
    Value result = call(function, all, bound + count, kwnames);
    release(function);
    release(kept);
    return result;
}

static Value keyword_text(Value key, Value value) {
    retain(key);
    retain(value);
    Value text = str_format(", %S=%R", key, value);
    release(value);
    release(key);
    return text;
}

static bool write_call(StrBuilder *b, Value function, Value args, Value kwargs) {
    if (!builder_repr(b, function)) return false;
    for (size_t i = 0; i < tuple_length(args); i++) {
        builder_ascii(b, ", ");
        if (!builder_repr(b, tuple_at(args, i))) return false;
    }
    size_t position = 0;
    Value key, value;
    while (dict_next(kwargs, &position, &key, &value)) {
        Value text = keyword_text(key, value);
        if (is_unset(text)) return false;
        builder_str(b, text);
        release(text);
    }
    return true;
}

/* What is written may replace the partial's state while it writes itself. */
static bool write_partial(StrBuilder *b, const Partial *p, Value name) {
    builder_str(b, name);
    builder_char(b, '(');
    Value function = retain(p->function), args = retain(p->args), kwargs = retain(p->kwargs);
    bool fine = write_call(b, function, args, kwargs);
    release(kwargs);
    release(args);
    release(function);
    builder_char(b, ')');
    return fine;
}

static Value partial_repr(Value self) {
    int inside = repr_enter(self);
    if (inside) return inside > 0 ? str_from("...") : UNSET;
    Value name = is_exactly(self, &partial_type) ? str_from("functools.partial") : type_name_value(type_of(self));
    StrBuilder b = STR_BUILDER;
    bool fine = is_set(name) && write_partial(&b, as_partial(self), name);
    release(name);
    repr_leave(self);
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static void partial_destroy(Object *self) {
    Partial *p = (Partial *)self;
    release(p->function);
    release(p->args);
    release(p->kwargs);
    if (has_own_attrs(self)) attrs_clear(self);
    object_free(self);
}
static int partial_traverse(Object *self, Visit visit, void *context) {
    Partial *p = (Partial *)self;
    TRAVERSE(p->function);
    TRAVERSE(p->args);
    TRAVERSE(p->kwargs);
    return has_own_attrs(self) ? attrs_traverse(self, visit, context) : 0;
}
static void partial_clear(Object *self) {
    if (is_set(((Partial *)self)->kwargs)) dict_clear(((Partial *)self)->kwargs);
    if (has_own_attrs(self)) attrs_clear(self);
}

static Value partial_reduce(const Value *args, size_t count) {
    Partial *p = as_partial(args[0]);
    Value attributes = attrs_dict(as_object(args[0])), inner = tuple_pack(1, p->function);
    if (is_set(attributes) && dict_length(attributes) == 0) replace(&attributes, NONE);
    Value state = is_set(attributes) ? tuple_pack(4, p->function, p->args, p->kwargs, attributes) : UNSET;
    Value result = is_set(state) && is_set(inner) ? tuple_pack(3, type_value(type_of(args[0])), inner, state) : UNSET;
    release(attributes);
    release(inner);
    release(state);
    return result;
}

static Value partial_setstate(const Value *args, size_t count) {
    Value state = args[1];
    if (!tuple_is(state) || tuple_length(state) != 4 || !is_callable(tuple_at(state, 0)) ||
        !tuple_is(tuple_at(state, 1)) || !(dict_is(tuple_at(state, 2)) || is_none(tuple_at(state, 2))))
        return raise_type_error("invalid partial state");
    Partial *p = as_partial(args[0]);
    Value kwargs = is_none(tuple_at(state, 2)) ? dict_new() : dict_copy(tuple_at(state, 2));
    if (is_unset(kwargs)) return UNSET;
    replace(&p->function, retain(tuple_at(state, 0)));
    replace(&p->args, retain(tuple_at(state, 1)));
    replace(&p->kwargs, kwargs);
    if (dict_is(tuple_at(state, 3)) && !attrs_set_dict(as_object(args[0]), tuple_at(state, 3))) return UNSET;
    return NONE;
}

static Value get_function(Value self) { return retain(as_partial(self)->function); }
static Value get_args(Value self) { return retain(as_partial(self)->args); }
static Value get_kwargs(Value self) { return retain(as_partial(self)->kwargs); }
static Value class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

static const MemberDef partial_members[] = {
    MEMBER("func", get_function, "function object to use in future partial calls"),
    MEMBER("args", get_args, "tuple of arguments to future partial calls"),
    MEMBER("keywords", get_kwargs, "dictionary of keyword arguments to future partial calls"),
    {"__dict__", get_dict, set_dict, NULL},
    {0},
};
static const NativeDef partial_methods[] = {
    METHOD("__reduce__", "", partial_reduce, NULL),
    METHOD("__setstate__", "state, /", partial_setstate, NULL),
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    NATIVE_END,
};

static Type partial_type = {
    TYPE_HEAD("functools.partial"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Partial),
    .attrs_offset = offsetof(Partial, attrs),
    .base = &object_type,
    .doc = "partial(func, *args, **keywords) - new function with partial application\n    of the given arguments and "
           "keywords.\n",
    .methods = partial_methods,
    .members = partial_members,
    .make = partial_make,
    .call = partial_call,
    .repr = partial_repr,
    .destroy = partial_destroy,
    .traverse = partial_traverse,
    .clear = partial_clear,
};

/* ---- cmp_to_key: a wrapper whose order is what a function of two arguments says ---- */

typedef struct Key {
    Object head;
    Value compare, object; /* object UNSET: the factory */
} Key;

static Type key_type;
static Key *as_key(Value v) { return (Key *)as_object(v); }

static Value key_new(Value function, Value object) {
    Key *k = object_allocate(&key_type, sizeof *k);
    if (!k) return UNSET;
    k->compare = retain(function);
    k->object = is_set(object) ? retain(object) : UNSET;
    return from_object(k);
}

static Value key_call(Value self, const Value *args, size_t count, Value kwnames) {
    Value out[1];
    return native_bind("K", "obj", args, count, kwnames, out) ? key_new(as_key(self)->compare, out[0]) : UNSET;
}

static Value key_compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(a, &key_type) || !is_exactly(b, &key_type))
        return raise_type_error("other argument must be K instance");
    Value x = as_key(a)->object, y = as_key(b)->object;
    if (is_unset(x) || is_unset(y)) return raise_error(&AttributeError_type, "object");
    Value order = call2(as_key(a)->compare, x, y);
    if (is_unset(order)) return UNSET;
    Value result = object_compare(order, from_small_int(0), op);
    release(order);
    return result;
}

static void key_destroy(Object *self) {
    release(((Key *)self)->compare);
    release(((Key *)self)->object);
    object_free(self);
}
static int key_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Key *)self)->compare);
    TRAVERSE(((Key *)self)->object);
    return 0;
}
static Value get_key_object(Value self) {
    Value object = as_key(self)->object;
    return is_set(object) ? retain(object) : raise_error(&AttributeError_type, "object");
}
static const MemberDef key_members[] = {{"obj", get_key_object, NULL, "Value wrapped by a key function."}, {0}};

static Type key_type = {
    TYPE_HEAD("functools.KeyWrapper"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Key),
    .base = &object_type,
    .members = key_members,
    .destroy = key_destroy,
    .traverse = key_traverse,
    .call = key_call,
    .hash = type_unhashable,
    .compare = key_compare,
};

static Value cmp_to_key(const Value *args, size_t count) { return key_new(args[0], UNSET); }

/* ---- reduce ---- */

static Value reduce(const Value *args, size_t count) {
    Value iterator = object_iterate(args[1]), item;
    if (is_unset(iterator)) {
        if (error_absorb(&TypeError_type)) raise_type_error("reduce() arg 2 must support iteration");
        return UNSET;
    }
    Value result = is_set(args[2]) ? retain(args[2]) : iterator_next(iterator);
    bool empty = is_unset(result) && !error_pending();
    while (is_set(result) && is_set(item = iterator_next(iterator))) {
        replace(&result, call2(args[0], result, item));
        release(item);
    }
    release(iterator);
    if (empty) return raise_type_error("reduce() of empty iterable with no initial value");
    if (is_set(result) && error_pending()) clear(&result);
    return result;
}

/* ---- lru_cache ---- */

/* One remembered call.  Links form a ring from the cache's root: next of the root was used longest ago.  The dict of
 * the cache owns the links; the ring only points. */
typedef struct Link {
    Object head;
    struct Link *previous, *next;
    Value key, result;
} Link;

typedef struct Cache {
    Object head;
    Value function, info_type;
    Value links;  /* dict: key -> Link (bounded), key -> result (unbounded) */
    Link root;    /* only its two pointers are used */
    int64_t limit; /* -1: unbounded */
    int64_t hits, misses;
    bool typed;
    Attrs attrs;
} Cache;

static Type link_type, cache_type;
static Value keyword_mark;
static Cache *as_cache(Value v) { return (Cache *)as_object(v); }

static void link_out(Link *l) {
    if (!l->next) return;
    l->previous->next = l->next;
    l->next->previous = l->previous;
    l->next = l->previous = NULL;
}
static void link_in_last(Cache *c, Link *l) {
    l->next = &c->root;
    l->previous = c->root.previous;
    l->previous->next = c->root.previous = l;
}

static void link_destroy(Object *self) {
    link_out((Link *)self);
    release(((Link *)self)->key);
    release(((Link *)self)->result);
    object_free(self);
}
static int link_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Link *)self)->key);
    TRAVERSE(((Link *)self)->result);
    return 0;
}
static Type link_type = {
    TYPE_HEAD("functools._lru_list_elem"), .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(Link),
    .base = &object_type, .destroy = link_destroy, .traverse = link_traverse,
};

/* What a call is remembered under: a lone int or str itself, else a tuple of everything that tells calls apart. */
static Value key_of(Cache *c, const Value *args, size_t count, Value kwnames) {
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    if (!c->typed && !named && count == 1 && (is_small_int(args[0]) || str_is_exact(args[0]))) return retain(args[0]);
    size_t n = count + (named ? 1 + 2 * named : 0) + (c->typed ? count + named : 0), at = 0;
    Value key = tuple_new(n);
    if (is_unset(key) || n == 0) return key;
    Value *items = as_tuple(key)->items;
    for (size_t i = 0; i < count; i++) items[at++] = retain(args[i]);
    if (named) items[at++] = retain(keyword_mark);
    for (size_t i = 0; i < named; i++) {
        items[at++] = retain(tuple_at(kwnames, i));
        items[at++] = retain(args[count + i]);
    }
    for (size_t i = 0; c->typed && i < count + named; i++) items[at++] = retain(type_value(type_of(args[i])));
    return key;
}

static Value call_unbounded(Cache *c, Value key, int64_t hash, const Value *args, size_t count, Value kwnames) {
    int64_t index = dict_lookup(as_dict(c->links), key, hash);
    if (index == DICT_FAILED) return UNSET;
    if (index >= 0) {
        c->hits++;
        return retain(keys_entry(as_dict(c->links)->keys, (size_t)index)->value);
    }
    c->misses++;
    Value result = call(c->function, args, count, kwnames);
    if (is_set(result) && !dict_set_hashed(as_dict(c->links), key, hash, retain(result))) clear(&result);
    return result;
}

static void forget_oldest(Cache *c) {
    Link *oldest = c->root.next;
    if (oldest == &c->root) return;
    link_out(oldest);
    object_retain(oldest);
    if (dict_remove(c->links, oldest->key, NULL) < 0) error_clear();
    object_release(oldest);
}

static bool remember(Cache *c, Value key, int64_t hash, Value result) {
    int64_t index = dict_lookup(as_dict(c->links), key, hash);
    if (index != DICT_FREE) return index != DICT_FAILED; /* the call itself has remembered it */
    if ((int64_t)dict_length(c->links) >= c->limit) forget_oldest(c);
    Link *l = object_allocate(&link_type, sizeof *l);
    if (!l) return false;
    l->key = retain(key);
    l->result = retain(result);
    if (!dict_set_hashed(as_dict(c->links), key, hash, from_object(l))) return false;
    link_in_last(c, l);
    return true;
}

static Value call_bounded(Cache *c, Value key, int64_t hash, const Value *args, size_t count, Value kwnames) {
    int64_t index = dict_lookup(as_dict(c->links), key, hash);
    if (index == DICT_FAILED) return UNSET;
    if (index >= 0) {
        Link *l = (Link *)as_object(keys_entry(as_dict(c->links)->keys, (size_t)index)->value);
        link_out(l);
        link_in_last(c, l);
        c->hits++;
        return retain(l->result);
    }
    c->misses++;
    Value result = call(c->function, args, count, kwnames);
    if (is_set(result) && !remember(c, key, hash, result)) clear(&result);
    return result;
}

static Value cache_call(Value self, const Value *args, size_t count, Value kwnames) {
    Cache *c = as_cache(self);
    if (c->limit == 0) {
        c->misses++;
        return call(c->function, args, count, kwnames);
    }
    int64_t hash;
    Value key = key_of(c, args, count, kwnames), result = UNSET;
    retain(self);
    if (is_set(key) && key_hash(key, &hash))
        result = c->limit < 0 ? call_unbounded(c, key, hash, args, count, kwnames)
                              : call_bounded(c, key, hash, args, count, kwnames);
    release(key);
    release(self);
    return result;
}

static void cache_forget(Cache *c) {
    while (c->root.next != &c->root) link_out(c->root.next);
    c->hits = c->misses = 0;
    Value old = c->links;
    c->links = dict_new();
    if (is_unset(c->links)) {
        error_clear();
        c->links = old;
        dict_clear(old);
    } else {
        release(old);
    }
}

static Value cache_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value out[4];
    if (!native_bind("lru_cache", "user_function, maxsize, typed, cache_info_type", args, count, kwnames, out))
        return UNSET;
    if (!is_callable(out[0])) return raise_type_error("the first argument must be callable");
    int64_t limit = -1;
    if (!is_none(out[1])) {
        if (!type_of(out[1])->index) return raise_type_error("maxsize should be integer or None");
        if (!object_as_index(out[1], &limit, &OverflowError_type)) return UNSET;
        if (limit < 0) limit = 0;
    }
    int typed = object_truth(out[2]);
    Value v = typed < 0 ? UNSET : instance_new(type);
    if (is_unset(v)) return UNSET;
    Cache *c = as_cache(v);
    c->function = retain(out[0]);
    c->info_type = retain(out[3]);
    c->limit = limit;
    c->typed = typed;
    c->root.next = c->root.previous = &c->root;
    c->links = dict_new();
    if (is_set(c->links)) return v;
    release(v);
    return UNSET;
}

static Value cache_info(const Value *args, size_t count) {
    Cache *c = as_cache(args[0]);
    Value fields[] = {int_from_int64(c->hits), int_from_int64(c->misses),
                      c->limit < 0 ? NONE : int_from_int64(c->limit), int_from_size(dict_length(c->links))};
    return call(c->info_type, fields, 4, UNSET);
}
static Value cache_clear(const Value *args, size_t count) { return cache_forget(as_cache(args[0])), NONE; }
static Value cache_self(const Value *args, size_t count) { return retain(args[0]); }
static Value cache_reduce(const Value *args, size_t count) { return object_get_attribute(args[0], names.__qualname__); }

static Value cache_get(Value self, Value instance, Value owner) {
    return is_unset(instance) || is_none(instance) ? retain(self) : method_new(self, instance);
}

static void cache_destroy(Object *self) {
    Cache *c = (Cache *)self;
    while (c->root.next && c->root.next != &c->root) link_out(c->root.next);
    release(c->links);
    release(c->function);
    release(c->info_type);
    if (has_own_attrs(self)) attrs_clear(self);
    object_free(self);
}
static int cache_traverse(Object *self, Visit visit, void *context) {
    Cache *c = (Cache *)self;
    TRAVERSE(c->links);
    TRAVERSE(c->function);
    TRAVERSE(c->info_type);
    return has_own_attrs(self) ? attrs_traverse(self, visit, context) : 0;
}
static void cache_clear_cycles(Object *self) {
    if (is_set(((Cache *)self)->links)) cache_forget((Cache *)self);
    if (has_own_attrs(self)) attrs_clear(self);
}

static const MemberDef cache_members[] = {{"__dict__", get_dict, set_dict, NULL}, {0}};
static const NativeDef cache_methods[] = {
    METHOD("cache_info", "", cache_info, "Report cache statistics"),
    METHOD("cache_clear", "", cache_clear, "Clear the cache and cache statistics"),
    METHOD("__copy__", "", cache_self, NULL),
    METHOD("__deepcopy__", "memo, /", cache_self, NULL),
    METHOD("__reduce__", "", cache_reduce, NULL),
    NATIVE_END,
};

static Type cache_type = {
    TYPE_HEAD("functools._lru_cache_wrapper"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_METHOD_DESCRIPTOR | TYPE_WEAK,
    .basic_size = sizeof(Cache),
    .attrs_offset = offsetof(Cache, attrs),
    .base = &object_type,
    .doc = "Create a cached callable that wraps another function.",
    .methods = cache_methods,
    .members = cache_members,
    .make = cache_make,
    .call = cache_call,
    .descriptor_get = cache_get,
    .destroy = cache_destroy,
    .traverse = cache_traverse,
    .clear = cache_clear_cycles,
};

/* ---- the module ---- */

static Value shown_names; /* list of str: what keeps Type.name alive for classes named by shown_as */

/* Messages about objects of a class name it in full ("datetime.date"), as they do for types written in C. */
static Value shown_as(const Value *args, size_t count) {
    const char *name = str_utf8(args[1], NULL);
    if (!name || !list_append(shown_names, args[1])) return UNSET;
    ((Type *)as_object(args[0]))->name = name;
    return NONE;
}

static const NativeDef functions[] = {
    FUNCTION(
        "reduce", "function, sequence, initial=None, /", reduce,
        "Apply a function of two arguments cumulatively to the items of a sequence or iterable, from left to right."),
    FUNCTION("_shown_as", "cls, name, /", shown_as, "Gives a class the name that error messages use."),
    FUNCTION("cmp_to_key", "mycmp", cmp_to_key, "Convert a cmp= function into a key= function."),
    NATIVE_END,
};

static bool ready(void) {
    return type_ready(&partial_type) && type_ready(&key_type) && type_ready(&link_type) && type_ready(&cache_type);
}

static bool fill(Value dict) {
    keyword_mark = call0(type_value(&object_type));
    if (is_unset(keyword_mark)) return false;
    root_add(&keyword_mark);
    shown_names = list_new(0);
    if (is_unset(shown_names)) return false;
    root_add(&shown_names);
    return dict_set_utf8(dict, "partial", type_value(&partial_type)) &&
           dict_set_utf8(dict, "_lru_cache_wrapper", type_value(&cache_type));
}

const ModuleDef mod__functools = {"_functools", "Tools that operate on functions.", functions, fill, ready};
