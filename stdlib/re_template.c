/* Replacement templates: \1, \g<name>, escapes; and the pieces that results are joined from. */
#include "stdlib/re.h"

#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

typedef struct Reader {
    Pattern *pattern;
    Value source;
    const void *data;
    unsigned width;
    size_t length, at;
    bool is_bytes;
    StrBuilder literal; /* of code points; bytes as Latin-1 */
    Value pieces;       /* list */
} Reader;

static uint32_t peek(const Reader *r) { return r->at < r->length ? unit_at(r->data, r->width, r->at) : UINT32_MAX; }
static bool is_digit(uint32_t c) { return c - '0' < 10; }
static bool is_octal(uint32_t c) { return c - '0' < 8; }

static Value slice(const Reader *r, size_t start, size_t stop) {
    if (!r->is_bytes) return str_slice(r->source, start, stop);
    return str_from_latin1((const unsigned char *)r->data + start, stop - start);
}

static bool fail_showing(Reader *r, const char *message, size_t start, size_t stop) {
    Value shown = slice(r, start, stop);
    if (is_set(shown)) re_raise(r->source, (int64_t)start, "%s%U", message, shown);
    release(shown);
    return false;
}

static bool end_literal(Reader *r) {
    if (!r->literal.length) return true;
    Value text = builder_finish(&r->literal);
    if (is_set(text) && r->is_bytes) {
        Value bytes = bytes_from(as_str(text)->data, str_length(text));
        release(text);
        text = bytes;
    }
    return is_set(text) && list_append_steal(r->pieces, text);
}

static bool add_group(Reader *r, uint64_t group, size_t position) {
    if (group > r->pattern->groups) {
        re_raise(r->source, (int64_t)position, "invalid group reference %lld", (long long)group);
        return false;
    }
    return end_literal(r) && list_append_steal(r->pieces, from_small_int((int64_t)group));
}

static bool add_named(Reader *r, Value name, size_t start, size_t stop) {
    uint64_t number = 0;
    size_t i = start;
    for (; i < stop && is_digit(unit_at(r->data, r->width, i)) && number < 1000000; i++)
        number = number * 10 + (unit_at(r->data, r->width, i) - '0');
    if (i == stop) return add_group(r, number, start);
    if (!str_is_identifier(name)) {
        re_raise(r->source, (int64_t)start, "bad character in group name %R", name);
        return false;
    }
    Value found;
    int known = dict_find(r->pattern->names, name, &found);
    if (known == 0) raise_index_error("unknown group name %R", name);
    return known == 1 && add_group(r, (uint64_t)as_small_int(found), start);
}

static bool read_named(Reader *r) { /* behind \g */
    size_t here = r->at, start = r->at + 1;
    if (peek(r) != '<') return re_raise(r->source, (int64_t)here, "missing <"), false;
    for (r->at++; peek(r) != UINT32_MAX && peek(r) != '>';) r->at++;
    size_t stop = r->at;
    if (peek(r) == UINT32_MAX) {
        re_raise(r->source, (int64_t)start, start == stop ? "missing group name" : "missing >, unterminated name");
        return false;
    }
    r->at++;
    if (start == stop) return re_raise(r->source, (int64_t)start, "missing group name"), false;
    Value name = slice(r, start, stop);
    bool fine = is_set(name) && add_named(r, name, start, stop);
    release(name);
    return fine;
}

static bool read_octal(Reader *r, size_t start, size_t digits) {
    uint32_t n = 0;
    for (r->at = start + 1; digits-- && is_octal(peek(r)); r->at++) n = n * 8 + (peek(r) - '0');
    if (n > 0377) {
        Value shown = slice(r, start, r->at);
        if (is_set(shown)) re_raise(r->source, (int64_t)start, "octal escape value %U outside of range 0-0o377", shown);
        release(shown);
        return false;
    }
    builder_char(&r->literal, n);
    return true;
}

static bool read_number(Reader *r, size_t start) {
    uint32_t first = unit_at(r->data, r->width, start + 1), second = peek(r);
    if (first == '0') return read_octal(r, start, 3);
    uint64_t group = first - '0';
    if (is_digit(second)) {
        r->at++;
        if (is_octal(first) && is_octal(second) && is_octal(peek(r))) return read_octal(r, start, 3);
        group = group * 10 + (second - '0');
    }
    return add_group(r, group, start + 1);
}

static bool read_escape(Reader *r) {
    static const char letters[] = "abfnrtv\\", values[] = "\a\b\f\n\r\t\v\\";
    size_t start = r->at - 1;
    uint32_t c = peek(r);
    if (c == UINT32_MAX) return re_raise(r->source, (int64_t)start, "bad escape (end of pattern)"), false;
    r->at++;
    if (c == 'g') return read_named(r);
    if (is_digit(c)) return read_number(r, start);
    const char *at = c && c < 128 ? strchr(letters, (int)c) : NULL;
    if (at) return builder_char(&r->literal, (unsigned char)values[at - letters]), true;
    if ((c | 32) - 'a' < 26) return fail_showing(r, "bad escape ", start, r->at);
    builder_char(&r->literal, '\\');
    builder_char(&r->literal, c);
    return true;
}

static bool read_all(Reader *r) {
    while (r->at < r->length) {
        uint32_t c = peek(r);
        r->at++;
        if (c != '\\') builder_char(&r->literal, c);
        else if (!read_escape(r)) return false;
    }
    return end_literal(r);
}

bool template_parse(Pattern *pattern, Value source, Template *out) {
    Reader r = {.pattern = pattern, .source = source, .literal = STR_BUILDER};
    Buffer buffer = {.owner = UNSET};
    if (str_is(source))
        r.data = as_str(source)->data, r.length = str_length(source), r.width = str_width(as_str(source));
    else if (buffer_supported(source)) {
        if (!buffer_get(source, &buffer, false)) return false;
        r.data = buffer.data, r.length = buffer.length, r.width = 1, r.is_bytes = true;
    } else return raise_type_error("decoding to str: need a bytes-like object, %T found", source), false;
    out->text = r.pieces = list_new(0);
    bool fine = is_set(r.pieces);
    if (fine && units_find(r.data, r.width, 0, r.length, '\\') < 0) fine = !r.length || list_append(r.pieces, source);
    else if (fine) fine = read_all(&r);
    builder_discard(&r.literal);
    buffer_release(&buffer);
    if (!fine) return release(out->text), false;
    size_t n = as_list(out->text)->length;
    out->literal = n == 0 || (n == 1 && !is_small_int(as_list(out->text)->items[0]));
    return true;
}

void template_free(Template *t) { release(t->text); }

/* Pieces. */
bool pieces_open(Pieces *p, bool is_bytes) {
    *p = (Pieces){is_bytes, STR_BUILDER, is_bytes ? bytearray_from(NULL, 0) : UNSET};
    return !is_bytes || is_set(p->bytes);
}

static bool add_bytes(Pieces *p, const void *data, size_t n) {
    size_t at = as_bytearray(p->bytes)->length;
    if (!n) return true;
    if (!bytearray_resize(p->bytes, at + n)) return false;
    memcpy(as_bytearray(p->bytes)->data + at, data, n);
    return true;
}

bool pieces_add(Pieces *p, Value v) {
    if (!p->is_bytes) {
        if (!str_is(v)) return raise_type_error("sequence item 0: expected str instance, %T found", v), false;
        builder_str(&p->text, v);
        return !p->text.failed;
    }
    Buffer buffer;
    if (!buffer_supported(v))
        return raise_type_error("sequence item 0: expected a bytes-like object, %T found", v), false;
    if (!buffer_get(v, &buffer, false)) return false;
    bool fine = add_bytes(p, buffer.data, buffer.length);
    buffer_release(&buffer);
    return fine;
}

bool pieces_add_slice(Pieces *p, const Matcher *m, size_t start, size_t stop) {
    if (p->is_bytes) return add_bytes(p, (const unsigned char *)m->data + start, stop - start);
    builder_slice(&p->text, m->string, start, stop);
    return !p->text.failed;
}

bool pieces_add_template(Pieces *p, const Template *t, const Matcher *m) {
    List *list = as_list(t->text);
    for (size_t i = 0; i < list->length; i++) {
        Value piece = list->items[i];
        if (!is_small_int(piece)) {
            if (!pieces_add(p, piece)) return false;
            continue;
        }
        size_t start = m->spans[2 * as_small_int(piece)], stop = m->spans[2 * as_small_int(piece) + 1];
        if (start != SIZE_MAX && !pieces_add_slice(p, m, start, stop)) return false;
    }
    return true;
}

Value pieces_finish(Pieces *p) {
    if (!p->is_bytes) return builder_finish(&p->text);
    Value made = bytes_from(as_bytearray(p->bytes)->data, as_bytearray(p->bytes)->length);
    release(p->bytes);
    return made;
}

void pieces_discard(Pieces *p) {
    builder_discard(&p->text);
    release(p->bytes);
}
