/* str.translate() and str.maketrans(). */
#include "runtime/types/str_units.h"

#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str_methods.h"

/* What the table says about c: owned; NONE deletes, UNSET with nothing pending keeps, UNSET otherwise failed. */
static Value look_up(Value table, uint32_t c) {
    Value key = from_small_int(c), found;
    if (dict_is_exact(table)) {
        int known = dict_find(table, key, &found);
        return known == 1 ? retain(found) : UNSET;
    }
    found = object_get_item(table, key);
    if (is_unset(found)) error_absorb(&LookupError_type);
    return found;
}

static bool add_replacement(StrBuilder *b, Value found) {
    int64_t c;
    if (is_none(found)) return true;
    if (str_is(found)) return builder_str(b, found), !b->failed;
    if (!int_is(found)) return raise_type_error("character mapping must return integer, None or str"), false;
    if (!int_fits_int64(found, &c) || c < 0 || c > MAX_UNICODE)
        return raise_value_error("character mapping must be in range(0x110000)"), false;
    builder_char(b, (uint32_t)c);
    return !b->failed;
}

/* ASCII text by a dict that maps it to ASCII: each character is looked up once.  UNSET, nothing pending: not so. */
static Value translate_ascii(Value v, Value table) {
    enum { UNKNOWN = 255, GONE = 254 };
    Str *s = as_str(v);
    unsigned char to[128];
    memset(to, UNKNOWN, sizeof to);
    Value made = str_new(s->length, MAX_ASCII);
    if (is_unset(made)) return made;
    unsigned char *out = as_str(made)->data;
    for (size_t i = 0; i < s->length; i++) {
        unsigned char c = s->data[i];
        if (to[c] == UNKNOWN) {
            Value found;
            int known = dict_find(table, from_small_int(c), &found);
            bool simple = known == 0 || is_none(found) || (is_small_int(found) && (uint64_t)as_small_int(found) < 128) ||
                          (str_is(found) && str_length(found) == 1 && str_is_ascii(as_str(found)));
            if (known < 0 || !simple) return release(made), UNSET;
            to[c] = known == 0      ? c
                    : is_none(found) ? GONE
                    : str_is(found)  ? as_str(found)->data[0]
                                     : (unsigned char)as_small_int(found);
        }
        if (to[c] != GONE) *out++ = to[c];
    }
    if (out == as_str(made)->data + s->length) return made;
    Value shorter = str_from_ascii(as_str(made)->data, (size_t)(out - as_str(made)->data));
    release(made);
    return shorter;
}

STR_METHOD(translate) {
    Str *s = as_str(args[0]);
    if (str_is_ascii(s) && s->length > 1 && dict_is_exact(args[1])) {
        Value quick = translate_ascii(args[0], args[1]);
        if (is_set(quick) || error_pending()) return quick;
    }
    StrBuilder b = STR_BUILDER;
    for (size_t i = 0; i < s->length; i++) {
        Value found = look_up(args[1], str_at(s, i));
        if (is_unset(found) && !error_pending()) {
            builder_char(&b, str_at(s, i));
            continue;
        }
        bool fine = is_set(found) && add_replacement(&b, found);
        release(found);
        if (fine) continue;
        builder_discard(&b);
        return UNSET;
    }
    return builder_finish(&b);
}

static bool add_pairs(Value dict, Str *from, Str *to) {
    if (from->length != to->length)
        return raise_value_error("the first two maketrans arguments must have equal length"), false;
    for (size_t i = 0; i < from->length; i++)
        if (!dict_set(dict, from_small_int(str_at(from, i)), from_small_int(str_at(to, i)))) return false;
    return true;
}

static bool add_mapping(Value dict, Value mapping) {
    size_t position = 0;
    Value key, value;
    if (!dict_is(mapping))
        return raise_type_error("if you give only one argument to maketrans it must be a dict"), false;
    while (dict_next(mapping, &position, &key, &value)) {
        if (str_is(key)) {
            if (str_length(key) != 1)
                return raise_value_error("string keys in translate table must be of length 1"), false;
            key = from_small_int(str_at(as_str(key), 0));
        } else if (!int_is(key)) return raise_type_error("keys in translate table must be strings or integers"), false;
        if (!dict_set(dict, key, value)) return false;
    }
    return true;
}

static bool fill_table(Value dict, Value x, Value y, Value z) {
    if (is_unset(y)) return add_mapping(dict, x);
    if (!str_is(x))
        return raise_type_error("first maketrans argument must be a string if there is a second argument"), false;
    if (!str_argument(y, "maketrans() argument 2") || (is_set(z) && !str_argument(z, "maketrans() argument 3")))
        return false;
    if (!add_pairs(dict, as_str(x), as_str(y))) return false;
    for (size_t i = 0; is_set(z) && i < str_length(z); i++)
        if (!dict_set(dict, from_small_int(str_at(as_str(z), i)), NONE)) return false;
    return true;
}

STR_METHOD(maketrans) {
    Value dict = dict_new();
    if (is_set(dict) && fill_table(dict, args[0], args[1], args[2])) return dict;
    release(dict);
    return UNSET;
}
