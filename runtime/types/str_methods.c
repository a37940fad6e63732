/* The table of the methods of str, and its constructor. */
#include "runtime/types/str_methods.h"

#include "runtime/types/buffer.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str_units.h"
#include "runtime/types/tuple.h"

bool text_argument(Value v, const char *function, const char *name, const char **out) {
    if (is_unset(v)) return true;
    if (!str_is(v))
        return raise_type_error("%s() argument '%s' must be str, not %s", function, name, argument_type(v)), false;
    size_t n;
    *out = str_utf8(v, &n);
    if (*out && strlen(*out) != n) return raise_value_error("embedded null character"), false;
    return *out != NULL;
}

STR_METHOD(encode) {
    const char *encoding = "utf-8", *errors = "strict";
    if (!text_argument(args[1], "encode", "encoding", &encoding) ||
        !text_argument(args[2], "encode", "errors", &errors))
        return UNSET;
    return str_encode(args[0], encoding, errors);
}

static Value decode_object(Value v, Value encoding_value, Value errors_value) {
    const char *encoding = "utf-8", *errors = "strict";
    Buffer buffer;
    if (!text_argument(encoding_value, "str", "encoding", &encoding) ||
        !text_argument(errors_value, "str", "errors", &errors))
        return UNSET;
    if (str_is(v)) return raise_type_error("decoding str is not supported");
    if (!buffer_supported(v)) return raise_type_error("decoding to str: need a bytes-like object, %T found", v);
    if (!buffer_get(v, &buffer, false)) return UNSET;
    Value text = buffer.length ? str_decode(buffer.data, buffer.length, encoding, errors) : str_empty();
    buffer_release(&buffer);
    return text;
}

Value str_construct(const Value *args, size_t count, Value kwnames) {
    Value bound[3];
    if (is_unset(kwnames) && count <= 1) {
        if (!count) return str_empty();
        return is_small_int(args[0]) ? str_from_int64(as_small_int(args[0])) : object_str(args[0]);
    }
    if (!native_bind("str", "object='', encoding='utf-8', errors='strict'", args, count, kwnames, bound)) return UNSET;
    if (is_unset(bound[1]) && is_unset(bound[2])) return is_unset(bound[0]) ? str_empty() : object_str(bound[0]);
    return is_unset(bound[0]) ? str_empty() : decode_object(bound[0], bound[1], bound[2]);
}

static Value getnewargs(const Value *args, size_t count) {
    Value text = str_exact(args[0]);
    return is_set(text) ? tuple_steal(&text, 1) : UNSET;
}

/* As CPython counts: its header differs by kind. */
static Value size_of(const Value *args, size_t count) {
    Str *s = as_str(args[0]);
    size_t width = str_width(s), header = str_is_ascii(s) ? 49 : width == 1 ? 73 : width == 2 ? 74 : 76;
    return int_from_size(header + s->length * width);
}

#define ROW(name, signature, doc) METHOD(#name, signature, str_method_##name, doc)

const NativeDef str_methods[] = {
    ROW(capitalize, "", "The text with its first character in title case and the rest in lower case."),
    ROW(casefold, "", "The text made suitable for comparisons that ignore case."),
    ROW(center, "width, fillchar=' ', /", "The text in the middle of width characters."),
    ROW(count, "~sub, start=None, end=None, /", "How often sub occurs without overlap in text[start:end]."),
    ROW(encode, "encoding='utf-8', errors='strict'", "The text as bytes of that encoding."),
    ROW(endswith, "~suffix, start=None, end=None, /", "Does the text end with the suffix, or one of a tuple of them?"),
    ROW(expandtabs, "tabsize=8", "The text with tabs replaced by spaces."),
    ROW(find, "~sub, start=None, end=None, /", "The lowest index where sub is found in text[start:end], or -1."),
    ROW(format, "*args, **kwargs", "The text with its {fields} replaced by the arguments."),
    ROW(format_map, "mapping, /", "Like format(**mapping), with the mapping used as it is."),
    ROW(index, "~sub, start=None, end=None, /", "Like find(), but ValueError when sub is not found."),
    ROW(isalnum, "", "Are all characters letters or digits, and is there at least one?"),
    ROW(isalpha, "", "Are all characters letters, and is there at least one?"),
    ROW(isascii, "", "Are all characters ASCII?"),
    ROW(isdecimal, "", "Are all characters decimal digits, and is there at least one?"),
    ROW(isdigit, "", "Are all characters digits, and is there at least one?"),
    ROW(isidentifier, "", "Is the text a valid identifier?"),
    ROW(islower, "", "Are all cased characters lower case, and is there at least one?"),
    ROW(isnumeric, "", "Are all characters numeric, and is there at least one?"),
    ROW(isprintable, "", "Are all characters printable?"),
    ROW(isspace, "", "Are all characters white space, and is there at least one?"),
    ROW(istitle, "", "Is the text in title case?"),
    ROW(isupper, "", "Are all cased characters upper case, and is there at least one?"),
    ROW(join, "iterable, /", "The texts of the iterable with this one between them."),
    ROW(ljust, "width, fillchar=' ', /", "The text at the left of width characters."),
    ROW(lower, "", "The text in lower case."),
    ROW(lstrip, "chars=None, /", "The text without leading white space, or characters of chars."),
    STATIC_METHOD("maketrans", "x, y=None, z=None, /", str_method_maketrans, "A table for translate()."),
    ROW(partition, "sep, /", "What is before the first sep, sep, and what is behind it."),
    ROW(removeprefix, "prefix, /", "The text without the prefix, if it has it."),
    ROW(removesuffix, "suffix, /", "The text without the suffix, if it has it."),
    ROW(replace, "old, new, count=-1, /", "The text with old replaced by new, at most count times."),
    ROW(rfind, "~sub, start=None, end=None, /", "The highest index where sub is found in text[start:end], or -1."),
    ROW(rindex, "~sub, start=None, end=None, /", "Like rfind(), but ValueError when sub is not found."),
    ROW(rjust, "width, fillchar=' ', /", "The text at the right of width characters."),
    ROW(rpartition, "sep, /", "What is before the last sep, sep, and what is behind it."),
    ROW(rsplit, "sep=None, maxsplit=-1", "The words of the text, cut from the right at most maxsplit times."),
    ROW(rstrip, "chars=None, /", "The text without trailing white space, or characters of chars."),
    ROW(split, "sep=None, maxsplit=-1", "The words of the text, cut at sep at most maxsplit times."),
    ROW(splitlines, "keepends=False", "The lines of the text."),
    ROW(startswith, "~prefix, start=None, end=None, /",
        "Does the text start with the prefix, or one of a tuple of them?"),
    ROW(strip, "chars=None, /", "The text without leading and trailing white space, or characters of chars."),
    ROW(swapcase, "", "The text with upper case made lower and lower case made upper."),
    ROW(title, "", "The text with each word in title case."),
    ROW(translate, "table, /", "The text with each character replaced by what the table says."),
    ROW(upper, "", "The text in upper case."),
    ROW(zfill, "width, /", "The text filled with zeros on the left, behind a sign."),
    ROW(__format__, "format_spec, /", "The text as the specification says."),
    METHOD("__getnewargs__", "", getnewargs, NULL),
    METHOD("__sizeof__", "", size_of, "Size of the object in memory, in bytes."),
    NATIVE_END,
};
