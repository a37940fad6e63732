/* StrBuilder: text that grows, widening when it must. */
#include "runtime/types/str_units.h"

#include "runtime/mem/heap.h"
#include "runtime/types/codecs.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"

static bool fail(StrBuilder *b) {
    if (!b->failed) raise_memory_error();
    b->failed = true;
    return false;
}

/* Memory for `capacity` units of a width: the builder's own while that is enough. */
static bool move(StrBuilder *b, size_t capacity, unsigned width) {
    if (!b->data && capacity * width <= sizeof b->small) {
        b->data = b->small, b->capacity = sizeof b->small / width, b->width = width;
        return true;
    }
    bool same_width = width == b->width && b->data && b->data != b->small;
    unsigned char *data = same_width ? raw_reallocate(b->data, capacity * width) : raw_allocate(capacity * width);
    if (!data) return fail(b);
    if (!same_width) {
        if (b->length) units_copy(data, width, 0, b->data, b->width, 0, b->length);
        if (b->data != b->small) raw_free(b->data);
    }
    b->data = data, b->capacity = capacity, b->width = width;
    return true;
}

/* Room for `more` units of code points up to max. */
static bool reserve(StrBuilder *b, size_t more, uint32_t max) {
    if (b->failed) return false;
    unsigned width = width_for(b->max | max);
    if (more > SIZE_MAX / 16 - b->length) return fail(b);
    size_t need = b->length + more;
    if ((width != b->width || need > b->capacity) && !move(b, b->data ? need + need / 2 + 16 : need, width))
        return false;
    b->max |= max;
    return true;
}

void builder_char(StrBuilder *b, uint32_t c) {
    if (b->length == b->capacity || width_for(c) > b->width) {
        if (!reserve(b, 1, c)) return;
    } else b->max |= c;
    unit_put(b->data, b->width, b->length++, c);
}

static void add_units(StrBuilder *b, const void *data, unsigned width, size_t start, size_t n, uint32_t max) {
    if (!n || !reserve(b, n, max)) return;
    units_copy(b->data, b->width, b->length, data, width, start, n);
    b->length += n;
}

void builder_utf8(StrBuilder *b, const char *s, size_t n) {
    size_t points;
    uint32_t max;
    if (b->failed) return;
    if (utf8_scan((const unsigned char *)s, n, &points, &max) < n) {
        Value text = str_from_utf8(s, n); /* raises */
        release(text);
        b->failed = true;
        return;
    }
    if (!points || !reserve(b, points, max)) return;
    utf8_decode_valid((const unsigned char *)s, n, b->data + b->length * b->width, b->width);
    b->length += points;
}

void builder_ascii(StrBuilder *b, const char *s) { add_units(b, s, 1, 0, strlen(s), 'a'); }

void builder_bytes(StrBuilder *b, const void *ascii, size_t n) { add_units(b, ascii, 1, 0, n, MAX_ASCII); }

void builder_int64(StrBuilder *b, int64_t n) {
    char digits[24];
    size_t at = sizeof digits;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0) digits[--at] = '-';
    builder_bytes(b, digits + at, sizeof digits - at);
}

void builder_str(StrBuilder *b, Value s) {
    if (is_unset(s)) b->failed = true; /* whoever failed to make it has raised */
    else add_units(b, as_str(s)->data, str_width(as_str(s)), 0, str_length(s), str_length(s) ? str_max(as_str(s)) : 0);
}

void builder_slice(StrBuilder *b, Value v, size_t start, size_t stop) {
    Str *s = as_str(v);
    unsigned width = str_width(s);
    if (stop > s->length) stop = s->length;
    if (start >= stop) return;
    uint32_t max = str_is_ascii(s) ? MAX_ASCII : units_max(s->data + start * width, width, stop - start);
    add_units(b, s->data, width, start, stop - start, max);
}

void builder_repeat(StrBuilder *b, uint32_t c, int64_t n) {
    if (n <= 0 || !reserve(b, (size_t)n, c)) return;
    units_fill(b->data, b->width, b->length, c, (size_t)n);
    b->length += (size_t)n;
}

bool builder_repr(StrBuilder *b, Value v) {
    if (b->failed) return false;
    if (is_small_int(v)) return builder_int64(b, as_small_int(v)), !b->failed;
    Value text = object_repr(v);
    builder_str(b, text);
    release(text);
    return !b->failed;
}

Value builder_finish(StrBuilder *b) {
    Value made = UNSET;
    if (!b->failed) {
        if (b->length == 1) made = str_from_code_point(unit_at(b->data, b->width, 0));
        else made = str_new(b->length, b->max);
        if (is_set(made) && b->length > 1) memcpy(as_str(made)->data, b->data, b->length * b->width);
    }
    builder_discard(b);
    return made;
}

void builder_discard(StrBuilder *b) {
    if (b->data != b->small) raw_free(b->data);
    b->data = NULL;
    b->length = b->capacity = 0;
    b->width = 1;
    b->max = 0;
    b->failed = false;
}
