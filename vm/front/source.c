/* Decodes source text and raises the errors that point into it. */
#include "vm/front/source.h"

#include <ctype.h>
#include <stdlib.h>

#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/front/parse.h"

/* --- Errors --- */

const char *source_line(const Source *source, int32_t line, size_t *length) {
    const char *start = source->text, *end = source->text + source->size;
    for (int32_t i = 1; i < line; i++) {
        start = memchr(start, '\n', (size_t)(end - start));
        if (!start) return NULL;
        start++;
    }
    if (line < 1 || start >= end) return NULL;
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    *length = (size_t)((newline ? newline : end) - start);
    return start;
}

int32_t count_characters(const char *text, size_t size, int32_t bytes) {
    int32_t count = 0;
    for (int32_t i = 0; i < bytes && (size_t)i < size; i++) count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count + (bytes > (int32_t)size);
}

/* The expression of an f-string as its errors show it: in parentheses, the line of the error alone. */
static Value inner_text(const Source *source, int32_t line, size_t *length, char **text) {
    const char *start = source->inner_start, *end = source->inner_end;
    for (int32_t at = source->inner_line; at < line; at++) {
        const char *newline = memchr(start, '\n', (size_t)(end - start));
        if (!newline) break;
        start = newline + 1;
    }
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    *text = raw_allocate((size_t)(end - start) + 4);
    if (!*text) return raise_memory_error();
    size_t n = 0;
    if (start == source->inner_start) (*text)[n++] = '(';
    memcpy(*text + n, start, (size_t)((newline ? newline : end) - start));
    n += (size_t)((newline ? newline : end) - start);
    if (!newline) (*text)[n++] = ')';
    *length = n;
    return NONE;
}

static int32_t clamp(int32_t offset, size_t length) {
    return offset > (int32_t)length + 1 ? (int32_t)length + 1 : offset;
}

static int32_t to_characters(const char *text, size_t length, int32_t offset) {
    return offset > 0 ? count_characters(text, length, clamp(offset, length)) : offset;
}

static void raise_with_text(const Source *source, Type *type, Value message, const char *text, size_t length,
                            Span place) {
    Value line = text ? str_decode(text, length, "utf-8", "replace") : retain(NONE);
    Value detail = is_unset(line)
                       ? UNSET
                       : tuple_pack(6, source->filename, from_small_int(place.line), from_small_int(place.col), line,
                                    from_small_int(place.end_line), from_small_int(place.end_col));
    Value exception = is_unset(detail) ? UNSET : exception_new(type, (Value[]){message, detail}, 2);
    release(line);
    release(detail);
    if (is_set(exception)) raise_value(exception);
}

/* with_end: the text shows its line's end, as what CPython's parser (but not its tokenizer) raises does. */
static void raise_in_line(const Source *source, Type *type, Value message, Span place, bool in_bytes, bool with_end) {
    size_t length = 0;
    const char *text;
    char *made = NULL;
    if (is_unset(message)) return;
    if (source->inner_start) {
        int32_t shift = place.line == source->inner_line ? source->inner_col : 0;
        place.col -= shift, place.end_col -= place.end_col > shift ? shift : 0;
        if (is_unset(inner_text(source, place.line, &length, &made))) return release(message);
        text = made;
    } else {
        text = source_line(source, place.line, &length);
    }
    if (!in_bytes) {
        place.col = to_characters(text, length, place.col);
        place.end_col = to_characters(text, length, place.end_col);
    }
    if (with_end && made) made[length++] = '\n';
    else if (with_end && text && text + length < source->text + source->size) length++;
    raise_with_text(source, type, message, text, length, place);
    raw_free(made);
    release(message);
}

void source_raise(const Source *source, Type *type, Value message, Span place) {
    raise_in_line(source, type, message, place, source->in_bytes || source->inner_start, true);
}

void source_raise_token(const Source *source, Value message, Span place) {
    raise_in_line(source, &SyntaxError_type, message, place, false, false);
}

bool source_warn(const Source *source, Type *category, Value message, Span place) {
    if (is_unset(message)) return false;
    bool fine = !source->warns || !front_warning || front_warning(category, message, source->filename, place.line);
    if (!fine && error_absorb(category)) source_raise_token(source, retain(message), place);
    release(message);
    return fine;
}

static bool fail(Value message) {
    if (is_unset(message)) return false;
    Value exception = exception_new(&SyntaxError_type, &message, 1);
    release(message);
    if (is_set(exception)) raise_value(exception);
    return false;
}

/* --- Encoding --- */

static bool is_cookie_character(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.'; }

/* Reads `coding[:=] name` in a comment line into out. */
static bool find_cookie(const char *line, const char *end, char *out, size_t capacity) {
    while (line < end && (*line == ' ' || *line == '\t' || *line == '\f')) line++;
    if (line == end || *line != '#') return false;
    for (; end - line > 7; line++) {
        if (memcmp(line, "coding", 6) != 0 || (line[6] != ':' && line[6] != '=')) continue;
        const char *name = line + 7;
        while (name < end && (*name == ' ' || *name == '\t')) name++;
        size_t n = 0;
        while (name + n < end && n + 1 < capacity && is_cookie_character(name[n])) n++;
        if (!n) continue;
        memcpy(out, name, n);
        out[n] = 0;
        return true;
    }
    return false;
}

static bool is_blank_or_comment(const char *line, const char *end) {
    while (line < end && isspace((unsigned char)*line)) line++;
    return line == end || *line == '#';
}

/* The cookie may stand in the first line, or in the second after a comment or a blank one. */
static bool find_encoding(const char *text, size_t size, char *out, size_t capacity) {
    const char *end = text + size;
    for (int i = 0; i < 2 && text < end; i++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        if (find_cookie(text, line_end, out, capacity)) return true;
        if (!newline || !is_blank_or_comment(text, line_end)) return false;
        text = newline + 1;
    }
    return false;
}

static bool starts_word(const char *name, const char *word) {
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && (name[n] == 0 || name[n] == '-');
}

/* utf_8, UTF-8-sig, ... to "utf-8"; the names of latin-1 to "iso-8859-1". */
static const char *normal_name(char *name) {
    for (char *c = name; *c; c++) *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    if (starts_word(name, "utf-8") || strcmp(name, "utf8") == 0) return "utf-8";
    if (starts_word(name, "latin-1") || starts_word(name, "iso-8859-1") || starts_word(name, "iso-latin-1"))
        return "iso-8859-1";
    return name;
}

/* The text in another encoding, as UTF-8 in the arena. */
static bool decode(Source *source, const char *encoding, Arena *arena) {
    Value text = arena_keep(arena, str_decode(source->text, source->size, encoding, "strict"));
    if (is_unset(text)) {
        error_clear();
        return fail(str_format("encoding problem: %s", encoding));
    }
    source->text = str_utf8(text, &source->size);
    return source->text != NULL;
}

/* The length of the sequence at s when it is well-formed UTF-8, else 0. */
static size_t sequence_length(const unsigned char *s, size_t left) {
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xC2 && s[0] < 0xE0 ? 2
               : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
               : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                             : 0;
    if (n == 0 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0)) return 0;
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90)) return 0;
    return n;
}

static bool check_utf8(const Source *source) {
    const unsigned char *s = (const unsigned char *)source->text, *end = s + source->size;
    int line = 1;
    while (s < end) {
        size_t n = sequence_length(s, (size_t)(end - s));
        if (n == 0)
            return fail(str_format("Non-UTF-8 code starting with '\\x%s' in file %S on line %d, but no encoding "
                                           "declared; see https://peps.python.org/pep-0263/ for details",
                                           (char[]){"0123456789abcdef"[*s >> 4], "0123456789abcdef"[*s & 15], 0},
                                           source->filename, line));
        line += *s == '\n';
        s += n;
    }
    return true;
}

static bool decode_file(Source *source, Arena *arena) {
    bool mark = source->size >= 3 && memcmp(source->text, "\xEF\xBB\xBF", 3) == 0;
    char cookie[80];
    const char *encoding = "utf-8";
    if (mark) source->text += 3, source->size -= 3;
    bool declared = find_encoding(source->text, source->size, cookie, sizeof cookie);
    if (declared) encoding = normal_name(cookie);
    source->in_bytes = !mark && !declared;
    if (strcmp(encoding, "utf-8") == 0) return check_utf8(source);
    if (mark) return fail(str_format("encoding problem: %s with BOM", encoding));
    return decode(source, encoding, arena);
}

static bool check_zeros(const Source *source) {
    const char *zero = memchr(source->text, 0, source->size);
    if (!zero) return true;
    if (source->is_str) return raise_value_error("source code string cannot contain null bytes"), false;
    int32_t line = 1;
    for (const char *s = source->text; s < zero; s++) line += *s == '\n';
    Value message = str_from("source code cannot contain null bytes");
    if (is_set(message)) raise_with_text(source, &SyntaxError_type, message, "", 0, (Span){line, 0, line, 0});
    release(message);
    return false;
}

/* Copies the text with every line end as '\n', and one at the end if `end_line`. */
static bool normalize_lines(Source *source, bool end_line, Arena *arena) {
    bool ends = !end_line || (source->size > 0 && source->text[source->size - 1] == '\n');
    if ((ends || source->size == 0) && !memchr(source->text, '\r', source->size)) return true;
    char *copy = arena_alloc(arena, source->size + 2);
    if (!copy) return false;
    size_t n = 0;
    for (size_t i = 0; i < source->size; i++) {
        char c = source->text[i];
        if (c == '\r') {
            c = '\n';
            if (i + 1 < source->size && source->text[i + 1] == '\n') i++;
        }
        copy[n++] = c;
    }
    if (end_line && n > 0 && copy[n - 1] != '\n') copy[n++] = '\n';
    source->text = copy;
    source->size = n;
    return true;
}

bool source_open(Source *source, const char *text, size_t size, Value filename, bool is_str, bool end_line,
                 Arena *arena) {
    *source = (Source){.text = text, .size = size, .filename = filename, .is_str = is_str};
    if (!is_str && !decode_file(source, arena)) return false;
    return check_zeros(source) && normalize_lines(source, end_line, arena);
}
