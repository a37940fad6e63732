/* repr() of text. */
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/unicode.h"

#include <stdio.h>

static bool is_plain(uint32_t c, uint32_t quote) { return c != quote && c != '\\' && unicode_is_printable(c); }

void builder_escaped(StrBuilder *b, uint32_t c) {
    char text[16];
    const char *form = c <= 0xFF ? "\\x%02x" : c <= 0xFFFF ? "\\u%04x" : "\\U%08x";
    snprintf(text, sizeof text, form, (unsigned)c);
    builder_ascii(b, text);
}

static void add_escaped(StrBuilder *b, uint32_t c, uint32_t quote) {
    if (c == quote || c == '\\') builder_char(b, '\\'), builder_char(b, c);
    else if (c == '\t') builder_ascii(b, "\\t");
    else if (c == '\n') builder_ascii(b, "\\n");
    else if (c == '\r') builder_ascii(b, "\\r");
    else builder_escaped(b, c);
}

/* Double quotes only when there are single ones and no double ones. */
static uint32_t choose_quote(const Str *s) {
    bool has_single = units_find(s->data, str_width(s), 0, s->length, '\'') >= 0;
    return has_single && units_find(s->data, str_width(s), 0, s->length, '"') < 0 ? '"' : '\'';
}

/* ASCII text that needs no escapes at all. */
static bool is_harmless(const Str *s) {
    for (size_t i = 0; i < s->length; i++)
        if (s->data[i] < 32 || s->data[i] == 127 || s->data[i] == '\'' || s->data[i] == '\\') return false;
    return true;
}

static Value quote_harmless(const Str *s) {
    Value made = str_new(s->length + 2, MAX_ASCII);
    if (is_unset(made)) return UNSET;
    unsigned char *out = as_str(made)->data;
    memcpy(out + 1, s->data, s->length);
    out[0] = out[s->length + 1] = '\'';
    return made;
}

Value str_repr(Value self) {
    Str *s = as_str(self);
    if (str_is_ascii(s) && is_harmless(s)) return quote_harmless(s);
    uint32_t quote = choose_quote(s);
    StrBuilder b = STR_BUILDER;
    builder_char(&b, quote);
    for (size_t i = 0; i < s->length;) {
        size_t start = i;
        while (i < s->length && is_plain(str_at(s, i), quote)) i++;
        builder_slice(&b, self, start, i);
        if (i < s->length) add_escaped(&b, str_at(s, i++), quote);
    }
    builder_char(&b, quote);
    return builder_finish(&b);
}
