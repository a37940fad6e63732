/* re.Pattern: compiled patterns and what can be done with them. */
#include "stdlib/re.h"

#include "runtime/types/str_units.h"

static Pattern *pattern_of(Value v) { return (Pattern *)as_object(v); }

/* The names of the groups by number. */
static Value names_by_number(Value numbers, uint32_t groups) {
    Value made = tuple_new(groups + 1), name, number;
    size_t position = 0;
    if (is_unset(made)) return UNSET;
    for (uint32_t i = 0; i <= groups; i++) as_tuple(made)->items[i] = NONE;
    while (dict_next(numbers, &position, &name, &number)) as_tuple(made)->items[as_small_int(number)] = retain(name);
    return made;
}

static bool check_flags(int flags, bool is_bytes) {
    if (is_bytes && (flags & RE_UNICODE))
        return raise_value_error("cannot use UNICODE flag with a bytes pattern"), false;
    if (!is_bytes && (flags & RE_LOCALE)) return raise_value_error("cannot use LOCALE flag with a str pattern"), false;
    if ((flags & RE_ASCII) && (flags & RE_UNICODE))
        return raise_value_error("ASCII and UNICODE flags are incompatible"), false;
    if ((flags & RE_ASCII) && (flags & RE_LOCALE))
        return raise_value_error("ASCII and LOCALE flags are incompatible"), false;
    return true;
}

Value re_compile(Value source, int flags) {
    ReText text;
    bool is_bytes = bytes_is(source);
    if (!re_translate(source, flags, MAX_UNICODE, &text)) return UNSET;
    if (!check_flags(text.flags, is_bytes)) return re_text_free(&text), UNSET;
    if (!is_bytes && !(text.flags & RE_ASCII)) text.flags |= RE_UNICODE;
    Pattern *p = object_allocate(&pattern_type, sizeof *p);
    if (!p) return re_text_free(&text), UNSET;
    p->pattern = retain(source);
    p->flags = text.flags;
    p->groups = text.groups;
    p->is_bytes = is_bytes;
    p->looks_around = text.looks_around;
    p->names = text.names;
    p->closing = text.closing;
    text.names = UNSET;
    text.closing = NULL;
    re_text_free(&text);
    p->group_names = names_by_number(p->names, p->groups);
    if (is_unset(p->group_names)) return object_release(p), UNSET;
    return from_object(p);
}

static void destroy(Object *self) {
    Pattern *p = (Pattern *)self;
    for (int kind = 0; kind < KINDS; kind++) {
        for (int mode = 0; mode < MODES; mode++)
            if (p->codes[kind][mode]) engine_free_code((ReKind)kind, p->codes[kind][mode]);
        if (p->spare[kind]) engine_free_match_data((ReKind)kind, p->spare[kind]);
    }
    release(p->pattern);
    release(p->names);
    release(p->group_names);
    raw_free(p->closing);
    object_free(self);
}

static Value run_once(const Value *args, ReMode mode) {
    Matcher m;
    if (!matcher_open(&m, pattern_of(args[0]), args[1], args[2], args[3])) return UNSET;
    int found = m.pos > m.end ? 0 : matcher_run(&m, mode, m.pos, false);
    Value made = found > 0 ? match_new(&m) : found == 0 ? NONE : UNSET;
    matcher_close(&m);
    return made;
}
Value pattern_search(const Value *args, size_t count) { return run_once(args, MODE_SEARCH); }
Value pattern_match(const Value *args, size_t count) { return run_once(args, MODE_MATCH); }
Value pattern_fullmatch(const Value *args, size_t count) { return run_once(args, MODE_FULLMATCH); }

/* Walks over all matches: where the next search starts, and whether an empty match there was already had. */
typedef struct Walk {
    size_t at;
    bool advance;
} Walk;

static int walk_next(Walk *w, Matcher *m) {
    int found = matcher_run(m, MODE_SEARCH, w->at, w->advance);
    if (found <= 0) return found;
    w->at = m->spans[1];
    w->advance = m->spans[0] == m->spans[1];
    return 1;
}

static Value group_or_empty(const Matcher *m, uint32_t group) {
    size_t start = m->spans[2 * group];
    return start == SIZE_MAX ? matcher_slice(m, 0, 0) : matcher_slice(m, start, m->spans[2 * group + 1]);
}

static Value found_item(const Matcher *m) {
    uint32_t groups = m->pattern->groups;
    if (groups <= 1) return group_or_empty(m, groups);
    Value made = tuple_new(groups);
    for (uint32_t g = 1; is_set(made) && g <= groups; g++) {
        Value one = group_or_empty(m, g);
        if (is_unset(one)) return release(made), UNSET;
        as_tuple(made)->items[g - 1] = one;
    }
    return made;
}

Value pattern_findall(const Value *args, size_t count) {
    Matcher m;
    if (!matcher_open(&m, pattern_of(args[0]), args[1], args[2], args[3])) return UNSET;
    Value list = list_new(0);
    Walk walk = {m.pos, false};
    int found = is_set(list) ? 1 : -1;
    while (found > 0 && (found = walk_next(&walk, &m)) > 0) {
        Value item = found_item(&m);
        if (is_unset(item) || !list_append_steal(list, item)) found = -1;
    }
    matcher_close(&m);
    if (found == 0) return list;
    release(list);
    return UNSET;
}

/* The iterator of finditer(). */
typedef struct MatchIterator {
    Object head;
    Value pattern, string;
    size_t pos, end;
    Walk walk;
    bool done;
} MatchIterator;

Value pattern_finditer(const Value *args, size_t count) {
    Matcher m;
    if (!matcher_open(&m, pattern_of(args[0]), args[1], args[2], args[3])) return UNSET;
    MatchIterator *it = object_allocate(&match_iterator_type, sizeof *it);
    if (it) {
        it->pattern = retain(args[0]);
        it->string = retain(args[1]);
        it->pos = m.pos;
        it->end = m.end;
        it->walk = (Walk){m.pos, false};
    }
    matcher_close(&m);
    return it ? from_object(it) : UNSET;
}

static Value iterator_step(Value self) {
    MatchIterator *it = (MatchIterator *)as_object(self);
    Matcher m;
    if (it->done || !matcher_open(&m, pattern_of(it->pattern), it->string, UNSET, UNSET)) return UNSET;
    m.pos = it->pos;
    if (it->end < m.end) m.end = it->end;
    int found = walk_next(&it->walk, &m);
    Value made = found > 0 ? match_new(&m) : UNSET;
    it->done = found <= 0;
    matcher_close(&m);
    return made;
}

static void iterator_destroy(Object *self) {
    release(((MatchIterator *)self)->pattern);
    release(((MatchIterator *)self)->string);
    object_free(self);
}
static Value iterator_self(Value self) { return retain(self); }

Type match_iterator_type = {
    TYPE_HEAD("callable_iterator"), .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW, .basic_size = sizeof(MatchIterator),
    .destroy = iterator_destroy, .iterate = iterator_self, .next = iterator_step,
};

static bool add_split_groups(Value list, const Matcher *m) {
    for (uint32_t g = 1; g <= m->pattern->groups; g++) {
        Value one = m->spans[2 * g] == SIZE_MAX ? NONE : group_or_empty(m, g);
        if (is_unset(one) || !list_append_steal(list, one)) return false;
    }
    return true;
}

Value pattern_split(const Value *args, size_t count) {
    Matcher m;
    int64_t limit = 0;
    if (is_set(args[2]) && !object_as_index(args[2], &limit, &OverflowError_type)) return UNSET;
    if (!matcher_open(&m, pattern_of(args[0]), args[1], UNSET, UNSET)) return UNSET;
    Value list = list_new(0);
    Walk walk = {0, false};
    size_t from = 0;
    int found = is_set(list) ? 1 : -1;
    for (int64_t n = 0; found > 0 && (limit <= 0 || n < limit) && limit >= 0; n++) {
        if ((found = walk_next(&walk, &m)) <= 0) break;
        Value part = matcher_slice(&m, from, m.spans[0]);
        if (is_unset(part) || !list_append_steal(list, part) || !add_split_groups(list, &m)) found = -1;
        from = walk.at;
    }
    Value rest = found >= 0 ? matcher_slice(&m, from, m.length) : UNSET;
    matcher_close(&m);
    if (is_set(rest) && list_append_steal(list, rest)) return list;
    release(list);
    return UNSET;
}

/* What takes the place of a match: a template, or what a callable answers. */
static bool add_replacement(Pieces *out, const Template *t, Value callee, const Matcher *m) {
    if (is_unset(callee)) return pieces_add_template(out, t, m);
    Value match = match_new(m), text = is_set(match) ? call1(callee, match) : UNSET;
    bool fine = is_set(text) && (is_none(text) || pieces_add(out, text));
    release(match);
    release(text);
    return fine;
}

static Value substitute(Matcher *m, const Template *t, Value callee, int64_t limit, size_t *count) {
    Pieces out;
    Walk walk = {0, false};
    size_t from = 0;
    int found = pieces_open(&out, m->pattern->is_bytes) ? 1 : -1;
    for (*count = 0; found > 0 && (limit <= 0 || *count < (size_t)limit); ++*count) {
        if ((found = walk_next(&walk, m)) <= 0) break;
        size_t next = walk.at; /* the callable may match too: the spans are used up first */
        if (!pieces_add_slice(&out, m, from, m->spans[0]) || !add_replacement(&out, t, callee, m)) found = -1;
        from = next;
    }
    if (found >= 0 && *count == 0) {
        pieces_discard(&out);
        return str_is(m->string) || bytes_is(m->string) ? retain(m->string) : bytes_from(m->data, m->length);
    }
    if (found >= 0 && pieces_add_slice(&out, m, from, m->length)) return pieces_finish(&out);
    pieces_discard(&out);
    return UNSET;
}

static Value with_count(Value text, size_t count) {
    if (is_unset(text)) return UNSET;
    Value parts[2] = {text, int_from_size(count)};
    return tuple_steal(parts, 2);
}

Value pattern_sub(Pattern *pattern, Value replacement, Value string, int64_t limit, bool counted) {
    Matcher m;
    Template t = {UNSET, true};
    size_t count = 0;
    bool callable = is_callable(replacement);
    if (!callable && !template_parse(pattern, replacement, &t)) return UNSET;
    Value made = UNSET;
    if (matcher_open(&m, pattern, string, UNSET, UNSET)) {
        made = limit < 0 ? matcher_slice(&m, 0, m.length)
                         : substitute(&m, &t, callable ? replacement : UNSET, limit, &count);
        matcher_close(&m);
    }
    template_free(&t);
    return counted ? with_count(made, count) : made;
}

static Value sub_method(const Value *args, bool counted) {
    int64_t limit = 0;
    if (is_set(args[3]) && !object_as_index(args[3], &limit, &OverflowError_type)) return UNSET;
    return pattern_sub(pattern_of(args[0]), args[1], args[2], limit, counted);
}
static Value sub(const Value *args, size_t count) { return sub_method(args, false); }
static Value subn(const Value *args, size_t count) { return sub_method(args, true); }

/* re.compile('...', re.IGNORECASE|re.DOTALL): the text is cut at 200 characters, as Python does. */
static Value repr(Value self) {
    static const char *const flag_names[] = {"re.TEMPLATE", "re.IGNORECASE", "re.LOCALE", "re.MULTILINE", "re.DOTALL",
                                             "re.UNICODE", "re.VERBOSE", "re.DEBUG", "re.ASCII"};
    Pattern *p = pattern_of(self);
    StrBuilder b = STR_BUILDER;
    int flags = p->is_bytes || (p->flags & (RE_LOCALE | RE_ASCII)) ? p->flags : p->flags & ~RE_UNICODE;
    Value text = object_repr(p->pattern);
    builder_ascii(&b, "re.compile(");
    if (is_set(text)) builder_slice(&b, text, 0, 200);
    else b.failed = true;
    release(text);
    const char *before = ", ";
    for (int i = 0; i < 9; i++) {
        if (!(flags & 1 << i)) continue;
        builder_ascii(&b, before);
        builder_ascii(&b, flag_names[i]);
        before = "|";
    }
    builder_char(&b, ')');
    return builder_finish(&b);
}

static bool hash(Value self, int64_t *out) {
    Pattern *p = pattern_of(self);
    if (!object_hash(p->pattern, out)) return false;
    *out ^= p->flags;
    return true;
}

static Value compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !is_exactly(a, &pattern_type) || !is_exactly(b, &pattern_type))
        return NOT_IMPLEMENTED;
    Pattern *p = pattern_of(a), *q = pattern_of(b);
    bool equal =
        same(a, b) || (p->flags == q->flags && p->is_bytes == q->is_bytes && object_equal(p->pattern, q->pattern) == 1);
    return from_bool(equal == (op == COMPARE_EQ));
}

static Value itself(const Value *args, size_t count) { return retain(args[0]); }
static Value get_pattern(Value self) { return retain(pattern_of(self)->pattern); }
static Value get_flags(Value self) { return from_small_int(pattern_of(self)->flags); }
static Value get_groups(Value self) { return from_small_int(pattern_of(self)->groups); }
static Value get_groupindex(Value self) { return call1(from_object(&mappingproxy_type), pattern_of(self)->names); }

static const MemberDef members[] = {
    MEMBER("pattern", get_pattern, "The pattern string from which the object was compiled."),
    MEMBER("flags", get_flags, "The regular expression matching flags."),
    MEMBER("groups", get_groups, "The number of capturing groups."),
    {"groupindex", get_groupindex, NULL, "Numbers of the named groups."},
    {0},
};

/* A walk from match to match, written in re.scr. */
static Value scanner(const Value *args, size_t count) {
    Value make = object_import("re", "_MatchScanner");
    size_t given = is_set(args[3]) ? 4 : is_set(args[2]) ? 3 : 2;
    Value made = is_set(make) ? call(make, args, given, UNSET) : UNSET;
    release(make);
    return made;
}

#define RANGE ", pos=0, endpos=9223372036854775807"
static const NativeDef methods[] = {
    METHOD("search", "string" RANGE, pattern_search, "The first match in the string, or None."),
    METHOD("match", "string" RANGE, pattern_match, "The match at the start of the string, or None."),
    METHOD("fullmatch", "string" RANGE, pattern_fullmatch, "The match of the whole string, or None."),
    METHOD("findall", "string" RANGE, pattern_findall, "All matches, as strings or tuples of groups."),
    METHOD("finditer", "string" RANGE, pattern_finditer, "An iterator over all matches."),
    METHOD("scanner", "string" RANGE, scanner, "Goes on from match to match: match() and search()."),
    METHOD("split", "string, maxsplit=0", pattern_split, "The string split at the matches."),
    METHOD("sub", "repl, string, count=0", sub, "The string with the matches replaced."),
    METHOD("subn", "repl, string, count=0", subn, "The string with the matches replaced, and how many there were."),
    METHOD("__copy__", "", itself, NULL),
    METHOD("__deepcopy__", "memo, /", itself, NULL),
    NATIVE_END,
};

Type pattern_type = {
    TYPE_HEAD("re.Pattern"),
    .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW | TYPE_WEAK,
    .basic_size = sizeof(Pattern),
    .doc = "Compiled regular expression object.",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .repr = repr,
    .hash = hash,
    .compare = compare,
};
