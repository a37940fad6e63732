/* re.Match: what a match found. */
#include "stdlib/re.h"

/* The group that was closed last: the one that ends last, and of those the one whose parenthesis closes last.
 * Lookaround ends where it likes, so there only the parentheses count. */
static int32_t last_closed(const Matcher *m) {
    const Pattern *p = m->pattern;
    uint32_t best = 0;
    for (uint32_t g = 1; g <= p->groups; g++) {
        size_t end = m->spans[2 * g + 1];
        if (end == SIZE_MAX || m->spans[2 * g] == SIZE_MAX) continue;
        bool later = !best || p->closing[g] > p->closing[best];
        if (best && !p->looks_around && end != m->spans[2 * best + 1]) later = end > m->spans[2 * best + 1];
        if (later) best = g;
    }
    return (int32_t)best;
}

Value match_new(const Matcher *m) {
    uint32_t groups = m->pattern->groups;
    Match *match = object_allocate(&match_type, sizeof *match + 2 * (groups + 1) * sizeof(int64_t));
    if (!match) return UNSET;
    match->pattern = retain(from_object(m->pattern));
    match->string = retain(m->string);
    match->pos = (int64_t)m->pos;
    match->endpos = (int64_t)m->end;
    match->groups = groups;
    match->last_index = groups ? last_closed(m) : 0;
    for (uint32_t i = 0; i < 2 * (groups + 1); i++) match->spans[i] = (int64_t)m->spans[i]; /* SIZE_MAX becomes -1 */
    return from_object(match);
}

static void destroy(Object *self) {
    release(((Match *)self)->pattern);
    release(((Match *)self)->string);
    object_free(self);
}

static Match *match_of(Value v) { return (Match *)as_object(v); }
static Pattern *pattern_of(const Match *m) { return (Pattern *)as_object(m->pattern); }

Value match_slice_of(Match *m, uint32_t group, Value missing) {
    int64_t start = m->spans[2 * group], stop = m->spans[2 * group + 1];
    if (start < 0) return retain(missing);
    if (str_is(m->string)) return str_slice(m->string, (size_t)start, (size_t)stop);
    Buffer buffer;
    if (!buffer_get(m->string, &buffer, false)) return UNSET;
    size_t n = buffer.length, from = (size_t)start < n ? (size_t)start : n, to = (size_t)stop < n ? (size_t)stop : n;
    bool whole = from == 0 && to == n && is_exactly(m->string, &bytes_type);
    Value made = whole ? retain(m->string) : bytes_from((unsigned char *)buffer.data + from, to - from);
    buffer_release(&buffer);
    return made;
}

int64_t match_group_number(Match *m, Value group) {
    int64_t n = -1;
    if (is_unset(group)) return 0;
    if (is_small_int(group)) n = as_small_int(group);
    else if (type_of(group)->index) {
        if (!object_as_index(group, &n, NULL)) return -1;
    } else {
        Value found;
        int known = dict_find(pattern_of(m)->names, group, &found);
        if (known == 1) n = as_small_int(found);
        else if (known < 0) error_clear();
    }
    if (n >= 0 && n <= m->groups) return n;
    raise_index_error("no such group");
    return -1;
}

static Value one_group(Match *m, Value group) {
    int64_t n = match_group_number(m, group);
    return n < 0 ? UNSET : match_slice_of(m, (uint32_t)n, NONE);
}

static Value group_method(const Value *args, size_t count) {
    Match *m = match_of(args[0]);
    if (count <= 2) return one_group(m, count == 2 ? args[1] : UNSET);
    Value made = tuple_new(count - 1);
    for (size_t i = 1; is_set(made) && i < count; i++) {
        Value one = one_group(m, args[i]);
        if (is_unset(one)) return release(made), UNSET;
        as_tuple(made)->items[i - 1] = one;
    }
    return made;
}

static Value groups_method(const Value *args, size_t count) {
    Match *m = match_of(args[0]);
    Value made = tuple_new(m->groups), missing = is_set(args[1]) ? args[1] : NONE;
    for (uint32_t g = 1; is_set(made) && g <= m->groups; g++) {
        Value one = match_slice_of(m, g, missing);
        if (is_unset(one)) return release(made), UNSET;
        as_tuple(made)->items[g - 1] = one;
    }
    return made;
}

static Value groupdict_method(const Value *args, size_t count) {
    Match *m = match_of(args[0]);
    Value made = dict_new(), missing = is_set(args[1]) ? args[1] : NONE, name, number;
    size_t position = 0;
    while (is_set(made) && dict_next(pattern_of(m)->names, &position, &name, &number)) {
        Value one = match_slice_of(m, (uint32_t)as_small_int(number), missing);
        if (is_unset(one) || !dict_set_steal(made, name, one)) return release(made), UNSET;
    }
    return made;
}

static Value pair(int64_t a, int64_t b) {
    Value parts[2] = {int_from_int64(a), int_from_int64(b)};
    return tuple_steal(parts, 2);
}

static Value start_method(const Value *args, size_t count) {
    int64_t g = match_group_number(match_of(args[0]), args[1]);
    return g < 0 ? UNSET : int_from_int64(match_of(args[0])->spans[2 * g]);
}
static Value end_method(const Value *args, size_t count) {
    int64_t g = match_group_number(match_of(args[0]), args[1]);
    return g < 0 ? UNSET : int_from_int64(match_of(args[0])->spans[2 * g + 1]);
}
static Value span_method(const Value *args, size_t count) {
    int64_t g = match_group_number(match_of(args[0]), args[1]);
    return g < 0 ? UNSET : pair(match_of(args[0])->spans[2 * g], match_of(args[0])->spans[2 * g + 1]);
}

static Value expand_method(const Value *args, size_t count) {
    Match *m = match_of(args[0]);
    Template t;
    Pieces pieces;
    if (!template_parse(pattern_of(m), args[1], &t)) return UNSET;
    bool fine = pieces_open(&pieces, pattern_of(m)->is_bytes);
    for (size_t i = 0; fine && i < as_list(t.text)->length; i++) {
        Value piece = as_list(t.text)->items[i];
        Value text = is_small_int(piece) ? match_slice_of(m, (uint32_t)as_small_int(piece), UNSET) : retain(piece);
        fine = (is_unset(text) && !error_pending()) || (is_set(text) && pieces_add(&pieces, text));
        release(text);
    }
    template_free(&t);
    if (fine) return pieces_finish(&pieces);
    pieces_discard(&pieces);
    return UNSET;
}

static Value itself(const Value *args, size_t count) { return retain(args[0]); }

static Value repr(Value self) {
    Match *m = match_of(self);
    Value text = match_slice_of(m, 0, NONE);
    Value shown = is_unset(text) ? UNSET : object_repr(text), part = is_unset(shown) ? UNSET : str_slice(shown, 0, 50);
    Value made = UNSET;
    if (is_set(part))
        made = str_format("<re.Match object; span=(%lld, %lld), match=%U>", (long long)m->spans[0],
                          (long long)m->spans[1], part);
    release(text);
    release(shown);
    release(part);
    return made;
}

static Value get_string(Value self) { return retain(match_of(self)->string); }
static Value get_re(Value self) { return retain(match_of(self)->pattern); }
static Value get_pos(Value self) { return int_from_int64(match_of(self)->pos); }
static Value get_endpos(Value self) { return int_from_int64(match_of(self)->endpos); }
static Value get_lastindex(Value self) {
    int32_t last = match_of(self)->last_index;
    return last ? from_small_int(last) : NONE;
}
static Value get_lastgroup(Value self) {
    Match *m = match_of(self);
    return m->last_index ? retain(tuple_at(pattern_of(m)->group_names, (size_t)m->last_index)) : NONE;
}
static Value get_regs(Value self) {
    Match *m = match_of(self);
    Value made = tuple_new(m->groups + 1);
    for (uint32_t g = 0; is_set(made) && g <= m->groups; g++) {
        Value one = pair(m->spans[2 * g], m->spans[2 * g + 1]);
        if (is_unset(one)) return release(made), UNSET;
        as_tuple(made)->items[g] = one;
    }
    return made;
}

static Value get_item(Value self, Value key) { return one_group(match_of(self), key); }

static const MemberDef members[] = {
    MEMBER("string", get_string, "The string passed to match() or search()."),
    MEMBER("re", get_re, "The regular expression object."),
    MEMBER("pos", get_pos, "The index into the string at which the engine started looking for a match."),
    MEMBER("endpos", get_endpos, "The index into the string beyond which the engine will not go."),
    {"lastindex", get_lastindex, NULL, "The number of the group that matched last."},
    {"lastgroup", get_lastgroup, NULL, "The name of the group that matched last."},
    {"regs", get_regs, NULL, "The spans of all groups."},
    {0},
};

static const NativeDef methods[] = {
    METHOD("group", "*groups", group_method, "One or more groups of the match, by number or name; 0 is the whole."),
    METHOD("groups", "default=None", groups_method, "All groups from 1 on."),
    METHOD("groupdict", "default=None", groupdict_method, "The named groups."),
    METHOD("start", "group=0, /", start_method, "Where the group starts."),
    METHOD("end", "group=0, /", end_method, "Where the group ends."),
    METHOD("span", "group=0, /", span_method, "Start and end of the group."),
    METHOD("expand", "template", expand_method, "The template with its references replaced."),
    METHOD("__copy__", "", itself, NULL),
    METHOD("__deepcopy__", "memo, /", itself, NULL),
    NATIVE_END,
};

Type match_type = {
    TYPE_HEAD("re.Match"),
    .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Match),
    .doc = "The result of re.match() and re.search().",
    .methods = methods,
    .members = members,
    .destroy = destroy,
    .repr = repr,
    .get_item = get_item,
};
