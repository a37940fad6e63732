/* What the files of str share: the slots, the table of methods, the shape of the UTF-8 copy. */
#ifndef TYPES_STR_METHODS_H
#define TYPES_STR_METHODS_H

#include "runtime/types/native.h"
#include "runtime/types/str.h"

extern const NativeDef str_methods[];

/* UTF-8 text of a non-ASCII string, raw memory owned by it. */
typedef struct Utf8 {
    size_t length;
    char text[];
} Utf8;
_Atomic(Utf8 *) *str_utf8_slot(Str *s); /* s is not ASCII */

Value str_of_type(Type *type, Value text); /* instance of str or a subclass with that text */
Value str_construct(const Value *args, size_t count, Value kwnames);

Value str_repr(Value self);
Value str_compare(Value a, Value b, CompareOp op);
Value str_get_item(Value self, Value key);
Value str_iterate(Value self);
Value str_add(Value a, Value b);
Value str_multiply(Value a, Value b);
Value str_modulo(Value a, Value b);

/* The type of an argument as messages about arguments name it. */
static inline const char *argument_type(Value v) { return is_none(v) ? "None" : type_of(v)->name; }

/* Arguments of methods.  False: TypeError pending. */
bool str_argument(
    Value v, const char *method); /* "replace() argument 1 must be str, not int" is method "replace() argument 1" */
/* Optional start and end of find() and the like, clipped to length. UNSET and None: the whole. */
bool range_arguments(Value start, Value stop, size_t length, size_t *from, size_t *to);
bool size_argument(Value v, int64_t *out); /* an int for a count or width; OverflowError when huge */
/* A str without zeros for a C function, as UTF-8; unset leaves *out alone. "encode() argument 'encoding' must be str,
 * not int" */
bool text_argument(Value v, const char *function, const char *name, const char **out);

/* Searching: -1 absent, -2 failed. */
int64_t str_rfind(Value s, Value needle, size_t start, size_t stop);
size_t str_count(Value s, Value needle, size_t start, size_t stop, size_t limit); /* not overlapping */
bool str_has_prefix(Value s, Value prefix);
bool str_has_suffix(Value s, Value suffix);
Value str_split_whitespace(Value s, int64_t limit); /* list; limit -1: none */

/* Text with that many fill characters on either side. */
Value str_pad(Value s, size_t left, size_t right, uint32_t fill);
void builder_escaped(StrBuilder *b, uint32_t c); /* \x.., \u...., \U........ */

/* Methods, by file. */
#define STR_METHOD(name) Value str_method_##name(const Value *args, size_t count)
/* str_case.c */
STR_METHOD(capitalize);
STR_METHOD(casefold);
STR_METHOD(lower);
STR_METHOD(upper);
STR_METHOD(swapcase);
STR_METHOD(title);
/* str_classes.c */
STR_METHOD(isalnum); STR_METHOD(isalpha); STR_METHOD(isascii); STR_METHOD(isdecimal); STR_METHOD(isdigit);
STR_METHOD(isidentifier); STR_METHOD(islower); STR_METHOD(isnumeric); STR_METHOD(isprintable); STR_METHOD(isspace);
STR_METHOD(istitle); STR_METHOD(isupper);
/* str_find.c */
STR_METHOD(count); STR_METHOD(find); STR_METHOD(index); STR_METHOD(rfind); STR_METHOD(rindex); STR_METHOD(startswith);
STR_METHOD(endswith);
/* str_split.c */
STR_METHOD(split); STR_METHOD(rsplit); STR_METHOD(splitlines); STR_METHOD(partition); STR_METHOD(rpartition);
/* str_edit.c */
STR_METHOD(replace); STR_METHOD(strip); STR_METHOD(lstrip); STR_METHOD(rstrip); STR_METHOD(center); STR_METHOD(ljust);
STR_METHOD(rjust); STR_METHOD(zfill); STR_METHOD(expandtabs); STR_METHOD(removeprefix); STR_METHOD(removesuffix);
STR_METHOD(join);
/* str_translate.c */
STR_METHOD(translate); STR_METHOD(maketrans);
/* str_fmt.c */
STR_METHOD(format); STR_METHOD(format_map); STR_METHOD(__format__);
STR_METHOD(encode);

#endif
