/* "Did you mean": the nearest name by an edit distance in which a change of case is half a change. */
#include "runtime/types/suggest.h"

#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { MOVE_COST = 2, CASE_COST = 1, MAX_LENGTH = 40, MAX_CANDIDATES = 750 };

static uint32_t fold(uint32_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static size_t substitution_cost(uint32_t a, uint32_t b) {
    if (a == b) return 0;
    return fold(a) == fold(b) ? CASE_COST : MOVE_COST;
}

/* Edit distance, or something above max once it is known to be. */
static size_t distance(const Str *a, const Str *b, size_t max) {
    size_t start = 0, na = a->length, nb = b->length, row[MAX_LENGTH + 1];
    while (start < na && start < nb && str_at(a, start) == str_at(b, start)) start++;
    while (na > start && nb > start && str_at(a, na - 1) == str_at(b, nb - 1)) na--, nb--;
    na -= start;
    nb -= start;
    if (!na || !nb) return (na + nb) * MOVE_COST;
    if (na > MAX_LENGTH || nb > MAX_LENGTH) return max + 1;
    for (size_t i = 0; i < na; i++) row[i] = (i + 1) * MOVE_COST;
    size_t result = 0;
    for (size_t k = 0; k < nb; k++) {
        size_t diagonal = result = k * MOVE_COST, least = SIZE_MAX;
        for (size_t i = 0; i < na; i++) {
            size_t replaced = diagonal + substitution_cost(str_at(b, start + k), str_at(a, start + i));
            diagonal = row[i];
            size_t moved = (result < diagonal ? result : diagonal) + MOVE_COST;
            result = row[i] = replaced < moved ? replaced : moved;
            if (result < least) least = result;
        }
        if (least > max) return max + 1;
    }
    return result;
}

Value suggest_name(Value names_list, Value wanted) {
    size_t best = SIZE_MAX, n = as_list(names_list)->length;
    Value found = UNSET;
    if (n >= MAX_CANDIDATES || str_length(wanted) > MAX_LENGTH) return UNSET;
    for (size_t i = 0; i < n; i++) {
        Value item = as_list(names_list)->items[i];
        if (!str_is(item) || str_equal(item, wanted)) continue;
        size_t max = (str_length(wanted) + str_length(item) + 3) * MOVE_COST / 6;
        if (best != SIZE_MAX && max > best - 1) max = best - 1;
        size_t d = distance(as_str(wanted), as_str(item), max);
        if (d > max) continue;
        if (is_unset(found) || d < best) {
            found = item;
            best = d;
        }
    }
    return retain(found);
}

static Value nearest_in(Value names_or_unset, Value wanted) { /* steals the names */
    if (is_unset(names_or_unset)) return error_clear(), UNSET;
    Value list = list_from_iterable(names_or_unset);
    release(names_or_unset);
    if (is_unset(list)) return error_clear(), UNSET;
    Value found = suggest_name(list, wanted);
    release(list);
    return found;
}

/* frame.a.b, owned; UNSET with nothing pending when there is no such thing. */
static Value reach(Value v, const char *first, const char *second) {
    Value a = object_get_attribute_utf8(v, first);
    Value b = is_set(a) && second ? object_get_attribute_utf8(a, second) : retain(a);
    release(a);
    error_clear();
    return b;
}

/* The frame in which the exception was raised: owned or UNSET. */
static Value last_frame(Value exception) {
    Value traceback = retain(as_exception(exception)->traceback);
    while (is_set(traceback)) {
        Value next = reach(traceback, "tb_next", NULL);
        if (is_unset(next) || is_none(next)) break;
        replace(&traceback, next);
    }
    Value frame = is_set(traceback) ? reach(traceback, "tb_frame", NULL) : UNSET;
    release(traceback);
    return frame;
}

static Value local_names(Value frame) {
    static const char *const groups[] = {"co_varnames", "co_cellvars", "co_freevars"};
    Value all = list_new(0);
    for (size_t i = 0; is_set(all) && i < 3; i++) {
        Value group = reach(frame, "f_code", groups[i]);
        if (is_set(group)) list_extend(all, group);
        release(group);
    }
    return all;
}

static Value suggest_variable(Value exception, Value wanted) {
    Value frame = last_frame(exception);
    if (is_unset(frame)) return UNSET;
    Value found = nearest_in(local_names(frame), wanted);
    if (is_unset(found)) found = nearest_in(reach(frame, "f_globals", NULL), wanted);
    if (is_unset(found)) found = nearest_in(retain(runtime_builtins), wanted);
    if (is_unset(found)) found = nearest_in(reach(frame, "f_builtins", NULL), wanted);
    release(frame);
    return found;
}

Value suggest_for(Value exception) {
    Exception *e = as_exception(exception);
    bool attribute = object_is_instance_exact_or_sub(exception, &AttributeError_type);
    if (!attribute && !object_is_instance_exact_or_sub(exception, &NameError_type)) return UNSET;
    Value wanted = e->extra[EXTRA_NAME], object = e->extra[EXTRA_OBJECT], found = UNSET;
    if (is_unset(wanted) || !str_is(wanted)) return UNSET;
    if (!attribute) found = suggest_variable(exception, wanted);
    else if (is_set(object)) found = nearest_in(object_dir(object), wanted);
    error_clear();
    if (is_unset(found)) return UNSET;
    Value hint = str_format(". Did you mean: '%U'?", found);
    release(found);
    error_clear();
    return hint;
}
