/* _re: the functions of re, with the cache of compiled patterns. */
#include "stdlib/re.h"

#include "runtime/types/unicode.h"

enum { CACHE_SIZE = 512 };

/* Patterns without flags are found by their text alone, the others by (text, flags).  Small: emptied when full. */
static Value plain_cache, flag_cache;

static Value purge(const Value *args, size_t count) {
    if (is_set(plain_cache)) dict_clear(plain_cache);
    if (is_set(flag_cache)) dict_clear(flag_cache);
    return NONE;
}

static Value remember(Value cache, Value key, Value pattern) {
    if (is_unset(pattern)) return UNSET;
    if (dict_length(cache) >= CACHE_SIZE) dict_clear(cache);
    if (dict_set(cache, key, pattern)) return pattern;
    release(pattern);
    return UNSET;
}

static Value compile_cached(Value source, int flags) {
    Value found, key = UNSET, cache = flags ? flag_cache : plain_cache;
    if (flags) key = tuple_pack(3, source, from_small_int(flags), from_bool(bytes_is(source)));
    else key = retain(source);
    if (is_unset(key)) return UNSET;
    int known = dict_find(cache, key, &found);
    Value pattern = known > 0 ? retain(found) : known < 0 ? UNSET : re_compile(source, flags);
    if (known == 0 && !(flags & RE_DEBUG)) pattern = remember(cache, key, pattern);
    release(key);
    return pattern;
}

/* A pattern given as text or compiled: owned. */
static Value pattern_for(Value v, Value flags_value) {
    int64_t flags = 0;
    if (is_set(flags_value) && !object_as_int64(flags_value, &flags)) return UNSET;
    if (is_exactly(v, &pattern_type))
        return flags ? raise_value_error("cannot process flags argument with a compiled pattern") : retain(v);
    if (bytes_is(v) && !is_exactly(v, &bytes_type)) return re_compile(v, (int)flags);
    if (!str_is(v) && !bytes_is(v)) return raise_type_error("first argument must be string or compiled pattern");
    return compile_cached(v, (int)flags);
}

static Value compile(const Value *args, size_t count) { return pattern_for(args[0], args[1]); }

static Value with_pattern(const Value *args, Value flags, Value (*method)(const Value *, size_t)) {
    Value pattern = pattern_for(args[0], flags);
    if (is_unset(pattern)) return UNSET;
    Value made = method((Value[]){pattern, args[1], UNSET, UNSET}, 4);
    release(pattern);
    return made;
}

static Value search(const Value *args, size_t count) { return with_pattern(args, args[2], pattern_search); }
static Value match(const Value *args, size_t count) { return with_pattern(args, args[2], pattern_match); }
static Value fullmatch(const Value *args, size_t count) { return with_pattern(args, args[2], pattern_fullmatch); }
static Value findall(const Value *args, size_t count) { return with_pattern(args, args[2], pattern_findall); }
static Value finditer(const Value *args, size_t count) { return with_pattern(args, args[2], pattern_finditer); }

static Value split(const Value *args, size_t count) {
    Value pattern = pattern_for(args[0], args[3]);
    if (is_unset(pattern)) return UNSET;
    Value made = pattern_split((Value[]){pattern, args[1], args[2]}, 3);
    release(pattern);
    return made;
}

static Value substitute(const Value *args, bool counted) {
    int64_t limit = 0;
    if (is_set(args[3]) && !object_as_index(args[3], &limit, &OverflowError_type)) return UNSET;
    Value pattern = pattern_for(args[0], args[4]);
    if (is_unset(pattern)) return UNSET;
    Value made = pattern_sub((Pattern *)as_object(pattern), args[1], args[2], limit, counted);
    release(pattern);
    return made;
}
static Value sub(const Value *args, size_t count) { return substitute(args, false); }
static Value subn(const Value *args, size_t count) { return substitute(args, true); }

static bool is_special(uint32_t c) { return c < 128 && c && strchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", (int)c); }

static Value escape(const Value *args, size_t count) {
    StrBuilder b = STR_BUILDER;
    Buffer buffer;
    if (str_is(args[0])) {
        Str *s = as_str(args[0]);
        for (size_t i = 0; i < s->length; i++) {
            uint32_t c = str_at(s, i);
            if (is_special(c)) builder_char(&b, '\\');
            builder_char(&b, c);
        }
        return builder_finish(&b);
    }
    if (!buffer_supported(args[0]))
        return raise_type_error("decoding to str: need a bytes-like object, %T found", args[0]);
    if (!buffer_get(args[0], &buffer, false)) return UNSET;
    for (size_t i = 0; i < buffer.length; i++) {
        unsigned char c = ((unsigned char *)buffer.data)[i];
        if (is_special(c)) builder_char(&b, '\\');
        builder_char(&b, c);
    }
    buffer_release(&buffer);
    Value text = builder_finish(&b);
    Value bytes = is_set(text) ? bytes_from(as_str(text)->data, str_length(text)) : UNSET;
    release(text);
    return bytes;
}

/* The script half tells which exception to raise. */
static Value set_classes(const Value *args, size_t count) {
    replace(&re_error_class, retain(args[0]));
    root_add(&re_error_class);
    root_add(&re_flag_class);
    return NONE;
}

static const NativeDef functions[] = {
    FUNCTION("compile", "pattern, flags=0", compile,
             "Compile a regular expression pattern, returning a Pattern object."),
    FUNCTION("search", "pattern, string, flags=0", search, "Scan through string looking for a match, or None."),
    FUNCTION("match", "pattern, string, flags=0", match, "Match the pattern at the start of the string, or None."),
    FUNCTION("fullmatch", "pattern, string, flags=0", fullmatch, "Match the pattern to all of the string, or None."),
    FUNCTION("findall", "pattern, string, flags=0", findall, "All non-overlapping matches in the string."),
    FUNCTION("finditer", "pattern, string, flags=0", finditer,
             "An iterator over all non-overlapping matches in the string."),
    FUNCTION("split", "pattern, string, maxsplit=0, flags=0", split,
             "Split the string by the occurrences of the pattern."),
    FUNCTION("sub", "pattern, repl, string, count=0, flags=0", sub, "The string with the matches replaced by repl."),
    FUNCTION("subn", "pattern, repl, string, count=0, flags=0", subn,
             "What sub() gives, and the number of replacements."),
    FUNCTION("escape", "pattern", escape, "Escape special characters in a string."),
    FUNCTION("purge", "", purge, "Clear the cache of compiled patterns."),
    FUNCTION("_set_error", "error, /", set_classes, NULL),
    NATIVE_END,
};

static bool ready(void) {
    root_add(&plain_cache);
    root_add(&flag_cache);
    if (is_unset(plain_cache)) plain_cache = dict_new();
    if (is_unset(flag_cache)) flag_cache = dict_new();
    return is_set(plain_cache) && is_set(flag_cache) && type_ready(&pattern_type) && type_ready(&match_type) &&
           type_ready(&match_iterator_type);
}

static bool fill(Value dict) {
    return dict_set_utf8(dict, "Pattern", from_object(&pattern_type)) &&
           dict_set_utf8(dict, "Match", from_object(&match_type));
}

const ModuleDef mod__re = {"_re", "Regular expressions: the half in C.", functions, fill, ready};
