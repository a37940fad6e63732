/* The JSON encoder: objects to text in one go. */
#include "stdlib/json.h"

#include "runtime/types/str_units.h"

/* The objects being encoded, innermost first: an object inside itself has no end.  Deep down only one ancestor is
 * looked at, from a depth that is a power of two: whoever goes round in a circle meets it again. */
typedef struct Outer {
    Value value;
    const struct Outer *outer, *mark;
    size_t depth;
} Outer;
enum { LOOK_AT_ALL = 32 };

typedef struct Encoder {
    StrBuilder out;
    Value fallback;                     /* default(o) */
    Value indent, item_separator, key_separator;
    bool skip_keys, ascii, check_circular, allow_nan, sort_keys;
    int64_t level;
} Encoder;

static bool encode_value(Encoder *e, Value v, const Outer *outer);

static void add_unicode_escape(StrBuilder *b, uint32_t unit) {
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', digits[unit >> 12 & 15], digits[unit >> 8 & 15], digits[unit >> 4 & 15]};
    text[5] = digits[unit & 15];
    builder_bytes(b, text, sizeof text);
}

static void add_escaped(StrBuilder *b, uint32_t c) {
    static const char special[] = "\"\\\n\r\t\f\b", letters[] = "\"\\nrtfb";
    const char *at = c && c < 128 ? strchr(special, (int)c) : NULL;
    if (at) {
        char text[2] = {'\\', letters[at - special]};
        builder_bytes(b, text, 2);
    } else if (c < 0x10000) add_unicode_escape(b, c);
    else {
        add_unicode_escape(b, 0xD800 | (c - 0x10000) >> 10);
        add_unicode_escape(b, 0xDC00 | (c & 0x3FF));
    }
}

void json_add_string(StrBuilder *b, Value text, bool ascii) {
    Str *s = as_str(text);
    builder_char(b, '"');
    for (size_t i = 0; i < s->length;) {
        size_t start = i;
        for (uint32_t c; i < s->length; i++) {
            c = str_at(s, i);
            if (c < 32 || c == '"' || c == '\\' || (ascii && c > 126)) break;
        }
        builder_slice(b, text, start, i);
        if (i < s->length) add_escaped(b, str_at(s, i++));
    }
    builder_char(b, '"');
}

static bool add_owned(Encoder *e, Value text) {
    builder_str(&e->out, text);
    release(text);
    return !e->out.failed;
}

static Value float_text(Encoder *e, Value v) {
    double d = float_value(v);
    if (d - d == 0) return float_repr(d);
    if (!e->allow_nan) return raise_value_error("Out of range float values are not JSON compliant");
    return str_from(d != d ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
}

static bool is_inside(Value v, const Outer *outer) {
    if (!outer) return false;
    if (outer->depth > LOOK_AT_ALL) return same(outer->value, v) || same(outer->mark->value, v);
    for (const Outer *o = outer; o; o = o->outer)
        if (same(o->value, v)) return true;
    return false;
}

static bool enter(Encoder *e, Value v, const Outer *outer, Outer *here) {
    size_t depth = outer ? outer->depth + 1 : 0;
    *here = (Outer){v, outer, outer && (depth & (depth - 1)) ? outer->mark : here, depth};
    if (e->check_circular && is_inside(v, outer)) return raise_value_error("Circular reference detected"), false;
    return recursion_check_at(depth, " while encoding a JSON object");
}

static void new_line(Encoder *e) {
    if (is_unset(e->indent)) return;
    builder_char(&e->out, '\n');
    for (int64_t i = 0; i < e->level; i++) builder_str(&e->out, e->indent);
}

static void separate(Encoder *e, bool *first) {
    if (!*first) builder_str(&e->out, e->item_separator), new_line(e);
    *first = false;
}

static bool encode_items(Encoder *e, Value v, const Outer *outer) {
    Outer here;
    bool first = true;
    if (!enter(e, v, outer, &here)) return false;
    bool is_list = list_is(v);
    if ((is_list ? as_list(v)->length : tuple_length(v)) == 0) return builder_ascii(&e->out, "[]"), true;
    builder_char(&e->out, '[');
    e->level++;
    new_line(e);
    for (size_t i = 0; i < (is_list ? as_list(v)->length : tuple_length(v)); i++) {
        Value item = retain(is_list ? as_list(v)->items[i] : tuple_at(v, i));
        separate(e, &first);
        bool fine = encode_value(e, item, &here);
        release(item);
        if (!fine) return false;
    }
    e->level--;
    new_line(e);
    builder_char(&e->out, ']');
    return true;
}

/* A key as text: owned.  UNSET with nothing pending: it is to be skipped. */
static Value key_text(Encoder *e, Value key) {
    if (str_is(key)) return retain(key);
    if (float_is(key)) return float_text(e, key);
    if (same(key, TRUE_VALUE)) return str_from("true");
    if (same(key, FALSE_VALUE)) return str_from("false");
    if (is_none(key)) return str_from("null");
    if (int_is(key)) return int_to_str(key, 10, false);
    if (e->skip_keys) return UNSET;
    return raise_type_error("keys must be str, int, float, bool or None, not %T", key);
}

static bool encode_pair(Encoder *e, Value key, Value value, const Outer *here, bool *first) {
    Value text = key_text(e, key);
    if (is_unset(text)) return !error_pending();
    separate(e, first);
    json_add_string(&e->out, text, e->ascii);
    release(text);
    builder_str(&e->out, e->key_separator);
    return encode_value(e, value, here);
}

/* The items as a list of pairs, owned: when they are to be sorted, or a subclass of dict has its own idea of them. */
static Value listed_items(Encoder *e, Value dict) {
    Value items = dict_is_exact(dict) ? dict_item_list(dict) : UNSET;
    if (!dict_is_exact(dict)) {
        Value view = call_method0(dict, names.items);
        items = is_set(view) ? list_from_iterable(view) : UNSET;
        release(view);
    }
    if (is_unset(items) || !e->sort_keys || list_sort(items, UNSET, false)) return items;
    release(items);
    return UNSET;
}

static bool encode_listed(Encoder *e, Value dict, const Outer *here, bool *first) {
    Value items = listed_items(e, dict);
    bool fine = is_set(items);
    for (size_t i = 0; fine && i < as_list(items)->length; i++) {
        Value pair = as_list(items)->items[i];
        if (!tuple_is(pair) || tuple_length(pair) != 2) fine = (raise_value_error("items must return 2-tuples"), false);
        else fine = encode_pair(e, tuple_at(pair, 0), tuple_at(pair, 1), here, first);
    }
    release(items);
    return fine;
}

static bool encode_direct(Encoder *e, Value dict, const Outer *here, bool *first) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value)) {
        retain(key), retain(value);
        bool fine = encode_pair(e, key, value, here, first);
        release(key), release(value);
        if (!fine) return false;
    }
    return true;
}

static bool encode_dict(Encoder *e, Value v, const Outer *outer) {
    Outer here;
    bool first = true;
    if (!enter(e, v, outer, &here)) return false;
    if (dict_length(v) == 0 && dict_is_exact(v)) return builder_ascii(&e->out, "{}"), true;
    builder_char(&e->out, '{');
    e->level++;
    new_line(e);
    bool plain = dict_is_exact(v) && !e->sort_keys;
    if (!(plain ? encode_direct : encode_listed)(e, v, &here, &first)) return false;
    e->level--;
    new_line(e);
    builder_char(&e->out, '}');
    return true;
}

static bool encode_other(Encoder *e, Value v, const Outer *outer) {
    Outer here;
    if (!enter(e, v, outer, &here)) return false;
    Value better = call1(e->fallback, v);
    bool fine = is_set(better) && encode_value(e, better, &here);
    release(better);
    return fine;
}

static bool encode_value(Encoder *e, Value v, const Outer *outer) {
    if (e->out.failed) return false;
    if (str_is(v)) return json_add_string(&e->out, v, e->ascii), true;
    if (is_none(v)) return builder_ascii(&e->out, "null"), true;
    if (is_bool(v)) return builder_ascii(&e->out, same(v, TRUE_VALUE) ? "true" : "false"), true;
    if (is_small_int(v)) return builder_int64(&e->out, as_small_int(v)), true;
    if (int_is(v)) return add_owned(e, int_to_str(v, 10, false));
    if (float_is(v)) return add_owned(e, float_text(e, v));
    if (list_is(v) || tuple_is(v)) return encode_items(e, v, outer);
    if (dict_is(v)) return encode_dict(e, v, outer);
    return encode_other(e, v, outer);
}

static int flag(Value v) { return object_truth(v) > 0; }

/* encode(o, default, skipkeys, ensure_ascii, check_circular, allow_nan, indent, item_separator, key_separator,
 * sort_keys) */
Value json_encode(const Value *args, size_t count) {
    Encoder e = {.out = STR_BUILDER, .fallback = args[1], .skip_keys = flag(args[2]), .ascii = flag(args[3]),
                 .check_circular = flag(args[4]), .allow_nan = flag(args[5]), .item_separator = args[7],
                 .key_separator = args[8], .sort_keys = flag(args[9])};
    if (error_pending()) return UNSET;
    if (!str_is(args[7]) || !str_is(args[8])) return raise_type_error("separators must be str");
    Value indent = UNSET;
    if (str_is(args[6])) indent = retain(args[6]);
    else if (!is_none(args[6])) {
        int64_t width;
        if (!object_as_index(args[6], &width, NULL)) return UNSET;
        Value space = str_from_code_point(' ');
        if (is_unset(indent = str_repeat(space, width))) return UNSET;
    }
    e.indent = indent;
    bool fine = encode_value(&e, args[0], NULL);
    release(indent);
    if (fine) return builder_finish(&e.out);
    builder_discard(&e.out);
    return UNSET;
}
