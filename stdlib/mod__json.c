/* _json: the fast half of json. */
#include "stdlib/json.h"

static Value quote(Value text, bool ascii) {
    if (!str_is(text)) return raise_type_error("first argument must be a string, not %T", text);
    StrBuilder b = STR_BUILDER;
    json_add_string(&b, text, ascii);
    return builder_finish(&b);
}
static Value encode_basestring(const Value *args, size_t count) { return quote(args[0], false); }
static Value encode_basestring_ascii(const Value *args, size_t count) { return quote(args[0], true); }

static Value set_error(const Value *args, size_t count) {
    replace(&json_error_class, retain(args[0]));
    root_add(&json_error_class);
    return NONE;
}

static const NativeDef functions[] = {
    FUNCTION("encode",
             "o, default, skipkeys, ensure_ascii, check_circular, allow_nan, indent, item_separator, key_separator, "
             "sort_keys, /",
             json_encode, "The text of an object."),
    FUNCTION("decode",
             "text, start, whole, strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant, /",
             json_decode, "The object of a text."),
    FUNCTION("scanstring", "string, end, strict=True, /", json_scan_string,
             "The string that starts before end, and where it ends."),
    FUNCTION("encode_basestring", "string, /", encode_basestring, "A JSON string."),
    FUNCTION("encode_basestring_ascii", "string, /", encode_basestring_ascii, "A JSON string of ASCII characters."),
    FUNCTION("set_error", "error, /", set_error, NULL),
    NATIVE_END,
};

const ModuleDef mod__json = {"_json", "JSON: the half in C.", functions, NULL, NULL};
