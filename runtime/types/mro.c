/* The order in which a class and its bases are searched: C3 linearisation. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

/* The mros of the bases and the bases themselves, each with how far it has been taken. */
typedef struct Merge {
    size_t count;
    const Tuple **rows;
    size_t *taken;
} Merge;

static bool in_tail(const Merge *m, Value candidate) {
    for (size_t i = 0; i < m->count; i++)
        for (size_t k = m->taken[i] + 1; k < m->rows[i]->length; k++)
            if (same(m->rows[i]->items[k], candidate)) return true;
    return false;
}

static void take(Merge *m, Value head) {
    for (size_t i = 0; i < m->count; i++)
        if (m->taken[i] < m->rows[i]->length && same(m->rows[i]->items[m->taken[i]], head)) m->taken[i]++;
}

static Value conflict(const Merge *m) {
    StrBuilder b = STR_BUILDER;
    builder_ascii(&b, "Cannot create a consistent method resolution\norder (MRO) for bases");
    Value seen = list_new(m->count);
    const char *separator = " ";
    for (size_t i = 0; i < m->count && is_set(seen); i++) {
        if (m->taken[i] >= m->rows[i]->length) continue;
        Value head = m->rows[i]->items[m->taken[i]];
        if (list_contains(seen, head) == 1) continue;
        list_append(seen, head);
        Value name = type_name_value(as_type(head));
        builder_ascii(&b, separator);
        if (is_set(name)) builder_str(&b, name);
        release(name);
        separator = ", ";
    }
    release(seen);
    Value text = builder_finish(&b);
    if (is_set(text)) raise_type_error("%U", text);
    release(text);
    return UNSET;
}

static Value merge_head(const Merge *m, bool *done) {
    *done = true;
    for (size_t i = 0; i < m->count; i++) {
        if (m->taken[i] >= m->rows[i]->length) continue;
        *done = false;
        Value candidate = m->rows[i]->items[m->taken[i]];
        if (!in_tail(m, candidate)) return candidate;
    }
    return UNSET;
}

static bool merge(Merge *m, Value result) {
    for (bool done;;) {
        Value head = merge_head(m, &done);
        if (done) return true;
        if (is_unset(head)) return conflict(m), false;
        if (!list_append(result, head)) return false;
        take(m, head);
    }
}

static bool check_duplicates(Value bases) {
    for (size_t i = 0; i < tuple_length(bases); i++)
        for (size_t k = i + 1; k < tuple_length(bases); k++)
            if (same(tuple_at(bases, i), tuple_at(bases, k)))
                return raise_type_error("duplicate base class %N", as_type(tuple_at(bases, i))), false;
    for (size_t i = 0; i < tuple_length(bases); i++) {
        if (is_unset(as_type(tuple_at(bases, i))->mro))
            return raise_type_error("Cannot extend an incomplete type '%N'", as_type(tuple_at(bases, i))), false;
    }
    return true;
}

static bool merge_bases(Value bases, Value result) {
    size_t n = tuple_length(bases);
    Merge m = {n + 1, raw_allocate((n + 1) * sizeof(Tuple *)), raw_allocate_zeroed((n + 1) * sizeof(size_t))};
    bool ok = m.rows && m.taken;
    if (!ok) raise_memory_error();
    for (size_t i = 0; i < n && ok; i++) {
        Type *base = as_type(tuple_at(bases, i));
        if (is_unset(base->mro)) ok = (raise_type_error("Cannot extend an incomplete type '%N'", base), false);
        else m.rows[i] = as_tuple(base->mro);
    }
    if (ok) m.rows[n] = as_tuple(bases);
    ok = ok && merge(&m, result);
    raw_free(m.rows);
    raw_free(m.taken);
    return ok;
}

Value mro_compute(Type *type, Value bases) {
    if (!check_duplicates(bases)) return UNSET;
    Value result = list_new(8);
    if (is_unset(result)) return UNSET;
    bool ok = list_append(result, type_value(type)) && merge_bases(bases, result);
    Value tuple = ok ? list_to_tuple(result) : UNSET;
    release(result);
    return tuple;
}
