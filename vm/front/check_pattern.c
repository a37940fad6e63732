/* Patterns: every name bound once, the same names in all alternatives, nothing behind what always matches. */
#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "vm/front/check.h"

typedef struct Bound { /* the names that a case has bound so far */
    Value *names;
    int32_t count, capacity;
    bool irrefutable_allowed; /* what always matches may stand here */
} Bound;

static bool check_pattern(Checker *c, Node *node, Bound *bound);

static bool is_bound(const Bound *bound, Value name) {
    for (int32_t i = 0; i < bound->count; i++)
        if (same(bound->names[i], name)) return true;
    return false;
}

static bool push_name(Bound *bound, Value name) {
    if (bound->count == bound->capacity) {
        int32_t capacity = bound->capacity ? bound->capacity * 2 : 8;
        Value *grown = raw_reallocate(bound->names, (size_t)capacity * sizeof *grown);
        if (!grown) return raise_memory_error(), false;
        bound->names = grown;
        bound->capacity = capacity;
    }
    bound->names[bound->count++] = name;
    return true;
}

static bool bind(Checker *c, Bound *bound, Value name) {
    if (is_unset(name)) return true;
    if (!check_store_name(c, name)) return false;
    if (is_bound(bound, name)) return check_fail(c, "multiple assignments to name %R in pattern", name);
    return push_name(bound, name);
}

static bool check_inner(Checker *c, Node *node, Bound *bound) {
    bool outer = bound->irrefutable_allowed;
    bound->irrefutable_allowed = true;
    bool fine = check_pattern(c, node, bound);
    bound->irrefutable_allowed = outer;
    return fine;
}

static bool check_inner_list(Checker *c, const NodeList *list, Bound *bound) {
    for (int32_t i = 0; i < list->count; i++)
        if (!check_inner(c, list->items[i], bound)) return false;
    return true;
}

static bool check_sequence(Checker *c, Node *node, Bound *bound) {
    const NodeList *items = &node->u.patterns.patterns;
    int32_t stars = 0;
    for (int32_t i = 0; i < items->count; i++) stars += items->items[i]->kind == NODE_MATCH_STAR;
    if (stars > 1) return check_fail(c, "multiple starred names in sequence pattern", UNSET);
    return check_inner_list(c, items, bound);
}

/* 1: the same constant key; -1: comparing failed. */
static int same_key(const Node *a, const Node *b) {
    if (a->kind != NODE_CONSTANT || b->kind != NODE_CONSTANT) return 0;
    return object_equal(a->u.constant.value, b->u.constant.value);
}

static bool check_mapping(Checker *c, Node *node, Bound *bound) {
    const NodeList *keys = &node->u.match_mapping.keys;
    for (int32_t i = 0; i < keys->count; i++) {
        for (int32_t j = 0; j < i; j++) {
            int repeated = same_key(keys->items[i], keys->items[j]);
            if (repeated < 0) return false;
            if (repeated)
                return check_fail(c, "mapping pattern checks duplicate key (%R)", keys->items[i]->u.constant.value);
        }
    }
    return check_inner_list(c, &node->u.match_mapping.patterns, bound) && bind(c, bound, node->u.match_mapping.rest);
}

static bool check_class(Checker *c, Node *node, Bound *bound) {
    const NodeList *named = &node->u.match_class.named_patterns;
    const Value *keys = node->u.match_class.names;
    for (int32_t i = 0; i < named->count; i++) {
        if (!check_store_name(c, keys[i])) return false;
        for (int32_t j = i + 1; j < named->count; j++) {
            if (!same(keys[i], keys[j])) continue;
            c->span = named->items[j]->span;
            return check_fail(c, "attribute name repeated in class pattern: %U", keys[i]);
        }
    }
    return check_expression(c, node->u.match_class.cls) && check_inner_list(c, &node->u.match_class.patterns, bound) &&
           check_inner_list(c, named, bound);
}

static bool check_as(Checker *c, Node *node, Bound *bound) {
    Node *inner = node->u.match_as.pattern;
    Value name = node->u.match_as.name;
    if (!inner && !bound->irrefutable_allowed) {
        if (is_unset(name)) return check_fail(c, "wildcard makes remaining patterns unreachable", UNSET);
        return check_fail(c, "name capture %R makes remaining patterns unreachable", name);
    }
    return (!inner || check_pattern(c, inner, bound)) && bind(c, bound, name);
}

/* Each alternative binds on its own; all must bind the same. */
static bool check_or(Checker *c, Node *node, Bound *bound) {
    const NodeList *list = &node->u.patterns.patterns;
    bool outer = bound->irrefutable_allowed;
    Bound first = {0}, next = {0};
    bool fine = true;
    for (int32_t i = 0; i < list->count && fine; i++) {
        Bound *own = i == 0 ? &first : &next;
        next.count = 0;
        own->irrefutable_allowed = outer && i == list->count - 1;
        fine = check_pattern(c, list->items[i], own);
        if (!fine || i == 0) continue;
        for (int32_t k = 0; k < next.count && fine; k++) fine = is_bound(&first, next.names[k]);
        fine = fine && next.count == first.count;
        if (!fine) check_fail(c, "alternative patterns bind different names", UNSET);
    }
    for (int32_t k = 0; k < first.count && fine; k++) fine = bind(c, bound, first.names[k]);
    raw_free(first.names);
    raw_free(next.names);
    return fine;
}

static bool check_pattern(Checker *c, Node *node, Bound *bound) {
    c->span = node->span;
    switch (node->kind) {
    case NODE_MATCH_VALUE: return check_expression(c, node->u.value.value);
    case NODE_MATCH_SEQUENCE: return check_sequence(c, node, bound);
    case NODE_MATCH_MAPPING: return check_mapping(c, node, bound);
    case NODE_MATCH_CLASS: return check_class(c, node, bound);
    case NODE_MATCH_STAR: return bind(c, bound, node->u.match_star.name);
    case NODE_MATCH_AS: return check_as(c, node, bound);
    case NODE_MATCH_OR: return check_or(c, node, bound);
    default: return true;
    }
}

bool check_match(Checker *c, Node *node) {
    if (!check_expression(c, node->u.match.subject)) return false;
    for (int32_t i = 0; i < node->u.match.count; i++) {
        MatchCase *item = &node->u.match.cases[i];
        Bound bound = {.irrefutable_allowed = item->guard || i == node->u.match.count - 1};
        bool fine = check_pattern(c, item->pattern, &bound);
        raw_free(bound.names);
        if (!fine || (item->guard && !check_expression(c, item->guard)) || !check_case_body(c, &item->body))
            return false;
    }
    return true;
}
