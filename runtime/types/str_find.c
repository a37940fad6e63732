/* Searching text. */
#include "runtime/types/str_units.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/search.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/tuple.h"

/* A hit between two units is no hit. */
static int64_t find_units(const unsigned char *data, unsigned width, size_t start, size_t stop,
                          const unsigned char *needle, size_t m) {
    const unsigned char *from = data + start * width, *end = data + stop * width;
    while ((size_t)(end - from) >= m * width) {
        const unsigned char *hit = search_first(from, (size_t)(end - from), needle, m * width);
        if (!hit) return -1;
        size_t offset = (size_t)(hit - data);
        if (offset % width == 0) return (int64_t)(offset / width);
        from = data + (offset / width + 1) * width;
    }
    return -1;
}

static int64_t rfind_units(const unsigned char *data, unsigned width, size_t start, size_t stop,
                           const unsigned char *needle, size_t m) {
    if (width == 1) {
        const unsigned char *hit = search_last(data + start, stop - start, needle, m);
        return hit ? hit - data : -1;
    }
    uint32_t first = unit_at(needle, width, 0);
    for (size_t i = stop - m + 1; i-- > start;)
        if (unit_at(data, width, i) == first && memcmp(data + i * width, needle, m * width) == 0) return (int64_t)i;
    return -1;
}

/* The needle in the width of the haystack.  `own` is what must be freed afterwards, or NULL. */
static const void *widen_needle(const Str *s, const Str *needle, void **own) {
    *own = NULL;
    unsigned width = str_width(s);
    if (str_width(needle) == width) return needle->data;
    *own = raw_allocate(needle->length * width);
    if (!*own) return raise_memory_error(), NULL;
    units_copy(*own, width, 0, needle->data, str_width(needle), 0, needle->length);
    return *own;
}

/* -1: absent, -2: failed. */
static int64_t find_text(Value v, Value needle, size_t start, size_t stop, bool reverse) {
    Str *s = as_str(v), *n = as_str(needle);
    if (stop > s->length) stop = s->length;
    if (start > stop || n->length > stop - start) return -1;
    if (n->length == 0) return (int64_t)(reverse ? stop : start);
    if (str_width(n) > str_width(s)) return -1;
    if (n->length == 1)
        return (reverse ? units_rfind : units_find)(s->data, str_width(s), start, stop, str_at(n, 0));
    void *own;
    const void *units = widen_needle(s, n, &own);
    if (!units) return -2;
    int64_t at = (reverse ? rfind_units : find_units)(s->data, str_width(s), start, stop, units, n->length);
    raw_free(own);
    return at;
}

int64_t str_find(Value s, Value needle, size_t start, size_t stop) { return find_text(s, needle, start, stop, false); }
int64_t str_rfind(Value s, Value needle, size_t start, size_t stop) { return find_text(s, needle, start, stop, true); }
bool str_contains(Value s, Value needle) { return str_find(s, needle, 0, str_length(s)) >= 0; }

size_t str_count(Value s, Value needle, size_t start, size_t stop, size_t limit) {
    size_t m = str_length(needle), n = 0;
    if (stop > str_length(s)) stop = str_length(s);
    if (start > stop) return 0;
    if (m == 1 && limit == SIZE_MAX && str_width(as_str(s)) == 1 && str_width(as_str(needle)) == 1)
        return search_count(as_str(s)->data + start, stop - start, as_str(needle)->data[0]);
    if (m == 0) return stop - start + 1 < limit ? stop - start + 1 : limit;
    if (str_width(as_str(s)) == 1 && str_width(as_str(needle)) == 1) {
        const unsigned char *from = as_str(s)->data + start, *end = as_str(s)->data + stop;
        while (n < limit && (from = search_first(from, (size_t)(end - from), as_str(needle)->data, m))) from += m, n++;
        return n;
    }
    for (int64_t at; n < limit && (at = str_find(s, needle, start, stop)) >= 0; n++) start = (size_t)at + m;
    return n;
}

bool str_argument(Value v, const char *method) {
    return str_is(v) || (raise_type_error("%s must be str, not %s", method, argument_type(v)), false);
}

static bool bound_argument(Value v, int64_t *out) {
    if (is_unset(v) || is_none(v)) return true;
    if (!type_of(v)->index)
        return raise_type_error("slice indices must be integers or None or have an __index__ method"), false;
    return object_as_index(v, out, NULL);
}

bool range_arguments(Value start, Value stop, size_t length, size_t *from, size_t *to) {
    int64_t first = 0, last = INT64_MAX, n = (int64_t)length;
    if (!bound_argument(start, &first) || !bound_argument(stop, &last)) return false;
    if (last > n) last = n;
    if (last < 0 && (last += n) < 0) last = 0;
    if (first < 0 && (first += n) < 0) first = 0;
    *from = (size_t)first; /* may lie behind *to: then nothing is there, not even the empty string */
    *to = (size_t)last;
    return true;
}

bool size_argument(Value v, int64_t *out) { return object_as_index(v, out, &OverflowError_type); }

/* find(), rfind(), index(), rindex(): -2 failed. */
static int64_t search(const Value *args, bool reverse) {
    size_t from, to;
    if (!range_arguments(args[2], args[3], str_length(args[0]), &from, &to)) return -2;
    return find_text(args[0], args[1], from, to, reverse);
}

static bool check_needle(Value v) { return str_is(v) || (raise_type_error("must be str, not %T", v), false); }

static Value found_at(const Value *args, bool reverse, bool must) {
    if (!check_needle(args[1])) return UNSET;
    int64_t at = search(args, reverse);
    if (at == -2) return UNSET;
    return at < 0 && must ? raise_value_error("substring not found") : from_small_int(at);
}

STR_METHOD(find) { return (void)count, found_at(args, false, false); }
STR_METHOD(rfind) { return (void)count, found_at(args, true, false); }
STR_METHOD(index) { return (void)count, found_at(args, false, true); }
STR_METHOD(rindex) { return (void)count, found_at(args, true, true); }

STR_METHOD(count) {
    size_t from, to;
    (void)count;
    if (!check_needle(args[1]) || !range_arguments(args[2], args[3], str_length(args[0]), &from, &to)) return UNSET;
    return int_from_size(str_count(args[0], args[1], from, to, SIZE_MAX));
}

/* Does the text between from and to start (or end) with the affix? */
static bool has_affix(Str *s, size_t from, size_t to, Str *affix, bool at_end) {
    if (from > to || affix->length > to - from) return false;
    size_t at = at_end ? to - affix->length : from;
    unsigned width = str_width(s);
    if (str_width(affix) == width) return memcmp(s->data + at * width, affix->data, affix->length * width) == 0;
    for (size_t i = 0; i < affix->length; i++)
        if (str_at(s, at + i) != str_at(affix, i)) return false;
    return true;
}

bool str_has_prefix(Value s, Value prefix) { return has_affix(as_str(s), 0, str_length(s), as_str(prefix), false); }
bool str_has_suffix(Value s, Value suffix) { return has_affix(as_str(s), 0, str_length(s), as_str(suffix), true); }

static Value affix_method(const Value *args, const char *name, bool at_end) {
    size_t from, to;
    if (!range_arguments(args[2], args[3], str_length(args[0]), &from, &to)) return UNSET;
    if (str_is(args[1])) return from_bool(has_affix(as_str(args[0]), from, to, as_str(args[1]), at_end));
    if (!tuple_is(args[1]))
        return raise_type_error("%s first arg must be str or a tuple of str, not %T", name, args[1]);
    for (size_t i = 0; i < tuple_length(args[1]); i++) {
        Value affix = tuple_at(args[1], i);
        if (!str_is(affix)) return raise_type_error("tuple for %s must only contain str, not %T", name, affix);
        if (has_affix(as_str(args[0]), from, to, as_str(affix), at_end)) return TRUE_VALUE;
    }
    return FALSE_VALUE;
}

STR_METHOD(startswith) { return (void)count, affix_method(args, "startswith", false); }
STR_METHOD(endswith) { return (void)count, affix_method(args, "endswith", true); }
