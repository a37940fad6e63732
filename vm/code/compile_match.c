/* The match statement.
 *
 * The subject and what is taken out of it stand in temporaries until the whole pattern has matched; then the captured
 * ones are bound, in the order in which they stand in the pattern, and all are dropped.  A pattern that fails with n
 * temporaries alive jumps to a label that drops them from the last one down: `fail[n]`.
 */
#include "vm/code/compiler.h"

#include "runtime/mem/heap.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

typedef struct Capture {
    Value name;
    int reg;
} Capture;

typedef struct Matching {
    int base;        /* temporaries from here on belong to the pattern */
    Label *fail;     /* by number of temporaries alive */
    int fail_count, fail_capacity;
    Capture *captures;
    int capture_count, capture_capacity;
} Matching;

static void pattern(Compiler *c, Matching *m, Node *node, int subject);

static void *more(Compiler *c, void *block, int count, int *capacity, size_t size) {
    if (count < *capacity) return block;
    int larger = *capacity ? *capacity * 2 : 16;
    void *bigger = raw_reallocate(block, (size_t)larger * size);
    if (!bigger) {
        compile_fail_memory(c);
        return block;
    }
    *capacity = larger;
    return bigger;
}

/* The label for failing with the temporaries that are alive now. */
static Label failure(Compiler *c, Matching *m) {
    int alive = c->unit->top - m->base;
    while (m->fail_count <= alive && !c->failed) {
        m->fail = more(c, m->fail, m->fail_count, &m->fail_capacity, sizeof *m->fail);
        if (!c->failed) m->fail[m->fail_count++] = label_new(c);
    }
    return c->failed ? 0 : m->fail[alive];
}

/* Where all failures end: drops what is alive. */
static void bind_failures(Compiler *c, Matching *m) {
    for (int alive = m->fail_count - 1; alive >= 0 && !c->failed; alive--) {
        label_bind(c, m->fail[alive]);
        if (alive > 0) emit(c, OP_DROP, TAKE_A, m->base + alive - 1, 0, 0);
    }
}

static void matching_free(Matching *m) {
    raw_free(m->fail);
    raw_free(m->captures);
}

static void capture(Compiler *c, Matching *m, Value name, int reg) {
    for (int i = 0; i < m->capture_count; i++) {
        if (!same(m->captures[i].name, name)) continue;
        compile_error(c, c->unit->span, "multiple assignments to name '%s' in pattern", str_utf8(name, NULL));
        return;
    }
    m->captures = more(c, m->captures, m->capture_count, &m->capture_capacity, sizeof *m->captures);
    if (!c->failed) m->captures[m->capture_count++] = (Capture){name, reg};
}

/* --- Kinds of patterns ------------------------------------------------------------------------------------------- */

static bool is_wildcard(const Node *node) {
    return node->kind == NODE_MATCH_AS && !node->u.match_as.pattern && is_unset(node->u.match_as.name);
}

static bool is_star_wildcard(const Node *node) {
    return node->kind == NODE_MATCH_STAR && is_unset(node->u.match_star.name);
}

/* Matches anything? */
static bool is_irrefutable(const Node *node) {
    if (node->kind == NODE_MATCH_AS) return !node->u.match_as.pattern || is_irrefutable(node->u.match_as.pattern);
    if (node->kind != NODE_MATCH_OR) return false;
    const NodeList *all = &node->u.patterns.patterns;
    return is_irrefutable(all->items[all->count - 1]);
}

static void value_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    Label fail = failure(c, m);
    int top = c->unit->top;
    Node *value = node->u.value.value;
    bool constant = fold_is_constant(c, value);
    if (!constant && value->kind != NODE_ATTRIBUTE) {
        compile_error(c, value->span, "patterns may only match literals and attribute lookups");
    } else if (constant) {
        Constant k = constant_add(c, value->u.constant.value);
        if (constant_narrow(c, k)) {
            emit_jump_constant(c, OP_JUMP_UNLESS_EQ_K, 0, subject, k, fail);
            return;
        }
    }
    Operand right = expr_operand(c, value);
    emit_jump(c, OP_JUMP_UNLESS_EQ, take_c(right), 0, subject, right.reg, fail);
    c->unit->top = top;
}

static void singleton_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    Label fail = failure(c, m);
    if (is_none(node->u.singleton.value)) {
        emit_jump(c, OP_JUMP_IF_NOT_NONE, 0, subject, 0, 0, fail);
        return;
    }
    int value = temp_push(c);
    load_constant(c, node->u.singleton.value, value);
    emit_jump(c, OP_JUMP_IF_IS_NOT, TAKE_C, 0, subject, value, fail);
    c->unit->top = value;
}

/* Jumps to the failure label unless the test instruction gives true. */
static void require(Compiler *c, Matching *m, Opcode test, int subject) {
    Label fail = failure(c, m);
    int result = temp_push(c);
    emit(c, test, 0, result, subject, 0);
    emit_jump(c, OP_JUMP_IF_FALSE, TAKE_A, result, 0, 0, fail);
    c->unit->top = result;
}

static void require_length(Compiler *c, Matching *m, int subject, int64_t length, bool exact) {
    Label fail = failure(c, m);
    int result = temp_push(c);
    emit(c, OP_MATCH_LENGTH, 0, result, subject, 0);
    Constant k = constant_add(c, from_small_int(length));
    if (constant_narrow(c, k)) {
        emit_jump_constant(c, exact ? OP_JUMP_UNLESS_EQ_K : OP_JUMP_UNLESS_GE_K, TAKE_B, result, k, fail);
    } else {
        int wanted = temp_push(c);
        load_constant(c, from_small_int(length), wanted);
        emit_jump(c, exact ? OP_JUMP_UNLESS_EQ : OP_JUMP_UNLESS_GE, TAKE_B | TAKE_C, 0, result, wanted, fail);
    }
    c->unit->top = result;
}

/* --- Sequences --------------------------------------------------------------------------------------------------- */

static int find_star(Compiler *c, const NodeList *patterns) {
    int star = -1;
    for (int32_t i = 0; i < patterns->count; i++) {
        if (patterns->items[i]->kind != NODE_MATCH_STAR) continue;
        if (star >= 0) compile_error(c, patterns->items[i]->span, "multiple starred expressions in sequence pattern");
        star = i;
    }
    return star;
}

static bool all_wildcards(const NodeList *patterns) {
    for (int32_t i = 0; i < patterns->count; i++) {
        if (!is_wildcard(patterns->items[i]) && !is_star_wildcard(patterns->items[i])) return false;
    }
    return true;
}

/* With `*_` only the items around it are looked at. */
static void items_by_index(Compiler *c, Matching *m, const NodeList *patterns, int star, int subject) {
    for (int32_t i = 0; i < patterns->count && !c->failed; i++) {
        Node *item = patterns->items[i];
        if (i == star || is_wildcard(item)) continue;
        int value = temp_push(c);
        emit(c, OP_MATCH_ITEM, 0, value, subject, star >= 0 && i > star ? i - patterns->count : i);
        pattern(c, m, item, value);
    }
}

static void items_unpacked(Compiler *c, Matching *m, const NodeList *patterns, int star, int subject) {
    int count = patterns->count, first = temp_push_run(c, count);
    if (star < 0) {
        emit(c, OP_UNPACK, 0, first, count, subject);
    } else {
        emit(c, OP_UNPACK_EX, 0, first, star, subject);
        emit_cache(c, (uint32_t)(count - star - 1));
    }
    for (int i = 0; i < count && !c->failed; i++) pattern(c, m, patterns->items[i], first + i);
}

static void sequence_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    const NodeList *patterns = &node->u.patterns.patterns;
    int star = find_star(c, patterns);
    require(c, m, OP_MATCH_SEQUENCE, subject);
    if (star < 0) require_length(c, m, subject, patterns->count, true);
    else if (patterns->count > 1) require_length(c, m, subject, patterns->count - 1, false);
    if (all_wildcards(patterns)) return;
    if (star >= 0 && is_star_wildcard(patterns->items[star])) items_by_index(c, m, patterns, star, subject);
    else items_unpacked(c, m, patterns, star, subject);
}

/* --- Mappings ---------------------------------------------------------------------------------------------------- */

static void check_keys(Compiler *c, Node *node) {
    Value seen = set_new();
    if (is_unset(seen)) {
        compile_fail(c);
        return;
    }
    const NodeList *keys = &node->u.match_mapping.keys;
    for (int32_t i = 0; i < keys->count && !c->failed; i++) {
        if (!fold_is_constant(c, keys->items[i])) {
            if (keys->items[i]->kind != NODE_ATTRIBUTE)
                compile_error(c, keys->items[i]->span,
                              "mapping pattern keys may only match literals and attribute lookups");
            continue;
        }
        Value key = keys->items[i]->u.constant.value;
        int found = set_contains(seen, key);
        if (found < 0 || (!found && !set_add(seen, key))) {
            compile_fail(c);
        } else if (found) {
            Value text = object_repr(key);
            if (is_unset(text)) compile_fail(c);
            else compile_error(c, node->span, "mapping pattern checks duplicate key (%s)", str_utf8(text, NULL));
            release(text);
        }
    }
    release(seen);
}

static void keys_to(Compiler *c, const NodeList *keys, int reg) {
    int run = c->unit->top;
    for (int32_t i = 0; i < keys->count; i++) expr_push(c, keys->items[i]);
    emit(c, OP_BUILD_TUPLE, 0, reg, run, keys->count);
    c->unit->top = run;
}

/* The values at `values`, a tuple or None, unpacked into `count` new temporaries. */
static int unpack_values(Compiler *c, Matching *m, int values, int count) {
    emit_jump(c, OP_JUMP_IF_NONE, 0, values, 0, 0, failure(c, m));
    int first = temp_push_run(c, count);
    emit(c, OP_UNPACK, 0, first, count, values);
    return first;
}

static void mapping_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    const NodeList *keys = &node->u.match_mapping.keys, *patterns = &node->u.match_mapping.patterns;
    check_keys(c, node);
    require(c, m, OP_MATCH_MAPPING, subject);
    if (keys->count) require_length(c, m, subject, keys->count, false);
    if (!keys->count && is_unset(node->u.match_mapping.rest)) return;
    int tuple = temp_push(c);
    keys_to(c, keys, tuple);
    int values = temp_push(c);
    emit(c, OP_MATCH_KEYS, 0, values, subject, tuple);
    int first = unpack_values(c, m, values, keys->count);
    for (int i = 0; i < keys->count && !c->failed; i++) pattern(c, m, patterns->items[i], first + i);
    if (is_set(node->u.match_mapping.rest)) {
        int rest = temp_push(c);
        emit(c, OP_MATCH_REST, 0, rest, subject, tuple);
        capture(c, m, node->u.match_mapping.rest, rest);
    }
}

/* --- Classes ----------------------------------------------------------------------------------------------------- */

static void attribute_names(Compiler *c, Node *node, int reg) {
    int32_t count = node->u.match_class.named_patterns.count;
    Value tuple = tuple_new((size_t)count);
    if (is_unset(tuple)) {
        compile_fail(c);
        return;
    }
    for (int32_t i = 0; i < count; i++) as_tuple(tuple)->items[i] = retain(node->u.match_class.names[i]);
    load_constant(c, tuple, reg);
    release(tuple);
}

static void check_attributes(Compiler *c, Node *node) {
    const Value *all = node->u.match_class.names;
    for (int32_t i = 0; i < node->u.match_class.named_patterns.count; i++) {
        for (int32_t j = 0; j < i; j++) {
            if (!same(all[i], all[j])) continue;
            Span span = node->u.match_class.named_patterns.items[i]->span;
            compile_error(c, span, "attribute name repeated in class pattern: %s", str_utf8(all[i], NULL));
            return;
        }
    }
}

static void class_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    const NodeList *positional = &node->u.match_class.patterns, *named = &node->u.match_class.named_patterns;
    check_attributes(c, node);
    if (c->failed) return;
    int values = expr_push(c, node->u.match_class.cls);
    attribute_names(c, node, temp_push(c));
    emit(c, OP_MATCH_CLASS, 0, values, subject, values);
    emit_cache(c, (uint32_t)positional->count);
    c->unit->top = values + 1;
    int first = unpack_values(c, m, values, positional->count + named->count);
    for (int i = 0; i < positional->count && !c->failed; i++) pattern(c, m, positional->items[i], first + i);
    for (int i = 0; i < named->count && !c->failed; i++) pattern(c, m, named->items[i], first + positional->count + i);
}

/* --- Alternatives ------------------------------------------------------------------------------------------------ */

/* The names that the first alternative captures, in its order, get a temporary each. */
static void alternative_captures(Compiler *c, Matching *own, Matching *first, const Node *node) {
    bool same_names = own->capture_count == first->capture_count;
    for (int i = 0; i < own->capture_count && same_names; i++) {
        int j = 0;
        while (j < first->capture_count && !same(first->captures[j].name, own->captures[i].name)) j++;
        same_names = j < first->capture_count;
        if (same_names) emit(c, OP_MOVE, 0, first->captures[j].reg, own->captures[i].reg, 0);
    }
    if (!same_names) compile_error(c, node->span, "alternative patterns bind different names");
}

/* Counts what a pattern captures, to lay out the registers before it is compiled. */
static int count_captures(const Node *node);

static int count_all(const NodeList *patterns) {
    int count = 0;
    for (int32_t i = 0; i < patterns->count; i++) count += count_captures(patterns->items[i]);
    return count;
}

static int count_captures(const Node *node) {
    switch (node->kind) {
    case NODE_MATCH_SEQUENCE: return count_all(&node->u.patterns.patterns);
    case NODE_MATCH_OR: return count_captures(node->u.patterns.patterns.items[0]);
    case NODE_MATCH_MAPPING: return count_all(&node->u.match_mapping.patterns) + is_set(node->u.match_mapping.rest);
    case NODE_MATCH_CLASS:
        return count_all(&node->u.match_class.patterns) + count_all(&node->u.match_class.named_patterns);
    case NODE_MATCH_STAR: return is_set(node->u.match_star.name);
    case NODE_MATCH_AS:
        return is_set(node->u.match_as.name) +
               (node->u.match_as.pattern ? count_captures(node->u.match_as.pattern) : 0);
    default: return 0;
    }
}

static void alternative(Compiler *c, Matching *first, bool is_first, Node *node, int subject, Label matched) {
    Matching own = {.base = c->unit->top};
    pattern(c, &own, node, subject);
    for (int i = 0; is_first && i < own.capture_count && !c->failed; i++) {
        capture(c, first, own.captures[i].name, own.base - own.capture_count + i);
    }
    if (!c->failed) alternative_captures(c, &own, first, node);
    while (c->unit->top > own.base) emit(c, OP_DROP, TAKE_A, --c->unit->top, 0, 0);
    emit_goto(c, matched);
    bind_failures(c, &own);
    matching_free(&own);
}

static void or_pattern(Compiler *c, Matching *m, Node *node, int subject) {
    const NodeList *all = &node->u.patterns.patterns;
    Label fail = failure(c, m), matched = label_new(c);
    int count = count_captures(node), top = c->unit->top;
    temp_push_run(c, count);
    Matching first = {.base = top};
    for (int32_t i = 0; i < all->count && !c->failed; i++) {
        Node *item = all->items[i];
        if (i + 1 < all->count && is_irrefutable(item)) {
            if (is_wildcard(item)) compile_error(c, item->span, "wildcard makes remaining patterns unreachable");
            else compile_error(c, item->span, "name capture '%s' makes remaining patterns unreachable",
                               str_utf8(item->u.match_as.name, NULL));
        }
        alternative(c, &first, i == 0, item, subject, matched);
    }
    emit_goto(c, fail);
    label_bind(c, matched);
    for (int i = 0; i < first.capture_count && !c->failed; i++)
        capture(c, m, first.captures[i].name, first.captures[i].reg);
    matching_free(&first);
}

/* --- All patterns ------------------------------------------------------------------------------------------------ */

/* `subject` is a temporary that stays.  What the pattern leaves alive stands above it. */
static void pattern(Compiler *c, Matching *m, Node *node, int subject) {
    if (c->failed || !compile_check_depth(c)) return;
    Span outer = c->unit->span;
    c->unit->span = node->span;
    switch (node->kind) {
    case NODE_MATCH_VALUE: value_pattern(c, m, node, subject); break;
    case NODE_MATCH_SINGLETON: singleton_pattern(c, m, node, subject); break;
    case NODE_MATCH_SEQUENCE: sequence_pattern(c, m, node, subject); break;
    case NODE_MATCH_MAPPING: mapping_pattern(c, m, node, subject); break;
    case NODE_MATCH_CLASS: class_pattern(c, m, node, subject); break;
    case NODE_MATCH_OR: or_pattern(c, m, node, subject); break;
    case NODE_MATCH_STAR:
        if (is_set(node->u.match_star.name)) capture(c, m, node->u.match_star.name, subject);
        break;
    case NODE_MATCH_AS:
        if (node->u.match_as.pattern) pattern(c, m, node->u.match_as.pattern, subject);
        if (is_set(node->u.match_as.name)) capture(c, m, node->u.match_as.name, subject);
        break;
    default: compile_error(c, node->span, "this cannot stand in a pattern"); break;
    }
    c->unit->span = outer;
}

static void bind_captures(Compiler *c, Matching *m) {
    for (int i = 0; i < m->capture_count; i++)
        variable_store(c, m->captures[i].name, operand_borrowed(m->captures[i].reg));
}

/* One case: when it matches, its body runs and control goes to `end`; else it falls through with only the subject
 * alive. */
static void match_case(Compiler *c, MatchCase *item, int subject, Label end) {
    Matching m = {.base = c->unit->top};
    Label next = label_new(c);
    pattern(c, &m, item->pattern, subject);
    c->unit->span = item->pattern->span;
    if (!c->failed) bind_captures(c, &m);
    while (c->unit->top > m.base) emit(c, OP_DROP, TAKE_A, --c->unit->top, 0, 0);
    if (item->guard) jump_if(c, item->guard, next, false);
    emit(c, OP_DROP, TAKE_A, subject, 0, 0);
    statements(c, &item->body);
    emit_goto(c, end);
    bind_failures(c, &m);
    label_bind(c, next);
    matching_free(&m);
}

static void check_reachable(Compiler *c, Node *node) {
    for (int32_t i = 0; i + 1 < node->u.match.count; i++) {
        MatchCase *item = &node->u.match.cases[i];
        if (item->guard || !is_irrefutable(item->pattern)) continue;
        if (is_wildcard(item->pattern))
            compile_error(c, item->pattern->span, "wildcard makes remaining patterns unreachable");
        else if (is_set(item->pattern->u.match_as.name))
            compile_error(c, item->pattern->span, "name capture '%s' makes remaining patterns unreachable",
                          str_utf8(item->pattern->u.match_as.name, NULL));
        return;
    }
}

void match_statement(Compiler *c, Node *node) {
    int top = c->unit->top;
    Label end = label_new(c);
    check_reachable(c, node);
    int subject = expr_push(c, node->u.match.subject);
    for (int32_t i = 0; i < node->u.match.count && !c->failed; i++)
        match_case(c, &node->u.match.cases[i], subject, end);
    emit(c, OP_DROP, TAKE_A, subject, 0, 0);
    label_bind(c, end);
    c->unit->top = top;
}
