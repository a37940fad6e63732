/* Patterns of match statements: mappings and classes. */
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/ops.h"

/* The value of a key without making one (defaultdict): through get() unless it is a plain dict. 1, 0, -1. */
static int find_key(Value subject, Value get, Value absent, Value key, Value *out) {
    if (is_unset(get)) {
        int found = dict_find(subject, key, out);
        if (found == 1) retain(*out);
        return found;
    }
    *out = call2(get, key, absent);
    if (is_unset(*out)) return -1;
    if (!same(*out, absent)) return 1;
    release(*out);
    return 0;
}

static bool keys_differ(Value keys) {
    Value seen = set_new();
    bool fine = is_set(seen);
    for (size_t i = 0; fine && i < tuple_length(keys); i++) {
        int present = set_contains(seen, tuple_at(keys, i));
        if (present == 1) raise_value_error("mapping pattern checks duplicate key (%R)", tuple_at(keys, i));
        fine = present == 0 && set_add(seen, tuple_at(keys, i));
    }
    release(seen);
    return fine;
}

Value match_keys(Value subject, Value keys) {
    size_t n = tuple_length(keys);
    if (!keys_differ(keys)) return UNSET;
    Value get = dict_is_exact(subject) ? UNSET : object_get_attribute(subject, names.get);
    if (is_unset(get) && !dict_is_exact(subject)) return UNSET;
    Value absent = is_set(get) ? list_new(0) : UNSET, values = tuple_new(n);
    int found = is_set(values) ? 1 : -1;
    for (size_t i = 0; found == 1 && i < n; i++)
        found = find_key(subject, get, absent, tuple_at(keys, i), &as_tuple(values)->items[i]);
    release(absent);
    release(get);
    if (found == 1) return values;
    if (is_set(values)) {
        for (size_t i = 0; i < n; i++)
            if (is_unset(as_tuple(values)->items[i])) as_tuple(values)->items[i] = NONE;
        release(values);
    }
    return found == 0 ? NONE : UNSET;
}

Value match_rest(Value subject, Value keys) {
    Value rest = dict_new();
    bool fine = is_set(rest) && dict_update(rest, subject);
    for (size_t i = 0; fine && i < tuple_length(keys); i++) fine = dict_remove(rest, tuple_at(keys, i), NULL) >= 0;
    if (!fine) clear(&rest);
    return rest;
}

/* Types whose one positional pattern is the subject itself. */
static bool matches_self(const Type *type) {
    return type_is_subtype(type, &bytearray_type) ||
           type->flags & (TYPE_INT_SUB | TYPE_FLOAT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_LIST_SUB |
                          TYPE_TUPLE_SUB | TYPE_DICT_SUB | TYPE_SET_SUB);
}

typedef struct ClassMatch {
    Value subject, class, seen, values;
    size_t filled;
} ClassMatch;

static int match_attribute(ClassMatch *m, Value name) {
    int again = set_contains(m->seen, name);
    if (again == 1) raise_type_error("%s() got multiple sub-patterns for attribute %R", as_type(m->class)->name, name);
    if (again != 0 || !set_add(m->seen, name)) return -1;
    Value value;
    int found = object_find_attribute(m->subject, name, &value);
    if (found == 1) as_tuple(m->values)->items[m->filled++] = value;
    return found;
}

static int match_positional(ClassMatch *m, size_t positional) {
    Value names_tuple;
    int found = object_find_attribute(m->class, names.__match_args__, &names_tuple);
    if (found < 0) return -1;
    bool self = found == 0 && matches_self(as_type(m->class));
    size_t allowed = self ? 1 : 0;
    if (found == 1) {
        if (!tuple_is(names_tuple)) {
            raise_type_error("%s.__match_args__ must be a tuple (got %T)", as_type(m->class)->name, names_tuple);
            release(names_tuple);
            return -1;
        }
        allowed = tuple_length(names_tuple);
    }
    int outcome = 1;
    if (positional > allowed) {
        raise_type_error("%s() accepts %zu positional sub-pattern%s (%zu given)", as_type(m->class)->name, allowed,
                         allowed == 1 ? "" : "s", positional);
        outcome = -1;
    } else if (self) as_tuple(m->values)->items[m->filled++] = retain(m->subject);
    for (size_t i = 0; outcome == 1 && !self && i < positional; i++) {
        Value name = tuple_at(names_tuple, i);
        if (str_is(name)) outcome = match_attribute(m, name);
        else {
            raise_type_error("__match_args__ elements must be strings (got %T)", name);
            outcome = -1;
        }
    }
    if (found == 1) release(names_tuple);
    return outcome;
}

Value match_class(Value subject, Value class, size_t positional, Value keywords) {
    if (!type_is(class)) return raise_type_error("called match pattern must be a type");
    int outcome = object_is_instance(subject, class);
    if (outcome <= 0) return outcome == 0 ? NONE : UNSET;
    size_t named = is_set(keywords) ? tuple_length(keywords) : 0;
    ClassMatch m = {subject, class, set_new(), tuple_new(positional + named), 0};
    if (is_unset(m.seen) || is_unset(m.values)) outcome = -1;
    if (outcome == 1 && positional) outcome = match_positional(&m, positional);
    for (size_t i = 0; outcome == 1 && i < named; i++) outcome = match_attribute(&m, tuple_at(keywords, i));
    release(m.seen);
    if (outcome == 1) return m.values;
    if (is_set(m.values)) {
        for (size_t i = m.filled; i < positional + named; i++) as_tuple(m.values)->items[i] = NONE;
        release(m.values);
    }
    return outcome == 0 ? NONE : UNSET;
}
