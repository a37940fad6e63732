/* Syntax errors that later stages find, when the source text is no longer at hand. */
#include <stdio.h>
#include <stdlib.h>

#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/front/parse.h"
#include "vm/front/scope_build.h"

/* Line `number` of an open file with its end, as str; NONE when there is none. */
static Value read_line(FILE *file, int32_t number) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = -1;
    for (int32_t i = 0; i < number; i++)
        if ((length = getline(&line, &capacity, file)) < 0) break;
    Value text = length < 0 ? retain(NONE) : str_decode(line, (size_t)length, "utf-8", "replace");
    free(line);
    return text;
}

/* The text of a line, if the file name leads to a file; else NONE. */
static Value line_of_file(Value filename, int32_t number) {
    const char *path = str_is(filename) ? str_utf8(filename, NULL) : NULL;
    if (!path) error_clear();
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) return retain(NONE);
    Value line = read_line(file, number);
    fclose(file);
    return line;
}

/* SyntaxError(message, (filename, line, offset, text, end_line, end_offset)) */
void syntax_error_at(Value filename, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value message = str_vformat(format, args);
    va_end(args);
    Value line = is_unset(message) ? UNSET : line_of_file(filename, span.line);
    Value detail = is_unset(line) ? UNSET
                                  : tuple_pack(6, filename, from_small_int(span.line), from_small_int(span.col + 1),
                                               line, from_small_int(span.end_line), from_small_int(span.end_col + 1));
    Value exception = is_unset(detail) ? UNSET : exception_new(&SyntaxError_type, (Value[]){message, detail}, 2);
    release(message);
    release(line);
    release(detail);
    if (is_set(exception)) raise_value(exception);
}

static bool set_attribute(Value object, const char *name, Value stolen) {
    Value key = is_unset(stolen) ? UNSET : str_intern_cstr(name);
    bool fine = is_set(key) && object_set_attribute(object, key, stolen);
    release(key);
    release(stolen);
    return fine;
}

static bool set_position(Value exception, Value filename, Span span) {
    return set_attribute(exception, "filename", retain(filename)) &&
           set_attribute(exception, "lineno", from_small_int(span.line)) &&
           set_attribute(exception, "offset", from_small_int(span.col + 1)) &&
           set_attribute(exception, "end_lineno", from_small_int(span.end_line)) &&
           set_attribute(exception, "end_offset", span.end_col < 0 ? NONE : from_small_int(span.end_col + 1)) &&
           set_attribute(exception, "text", line_of_file(filename, span.line));
}

static bool raise_bare(Value filename, Span span, Value message) {
    Value exception = is_unset(message) ? UNSET : exception_new(&SyntaxError_type, &message, 1);
    release(message);
    if (is_unset(exception)) return false;
    if (set_position(exception, filename, span)) raise_value(exception);
    else release(exception);
    return false;
}

bool scope_fail(ScopeBuilder *b, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value message = str_vformat(format, args);
    va_end(args);
    return raise_bare(b->filename, span, message);
}

bool syntax_error_line(Value filename, int32_t line, Value message) {
    return raise_bare(filename, (Span){line, 0, line, -1}, message);
}
