/* Primaries and atoms: names, literals, displays, comprehensions, calls, subscripts, attributes. */
#include "vm/front/parse_explain.h"

/* --- Comprehensions --- */

bool parser_at_clauses(Parser *p) {
    int kind = parser_peek(p);
    return kind == KEYWORD_FOR || (kind == KEYWORD_ASYNC && parser_peek_second(p) == KEYWORD_FOR);
}

static bool parse_conditions(Parser *p, NodeList *out) {
    size_t base = stack_open(p);
    for (int32_t mark = p->mark; parser_accept(p, KEYWORD_IF); mark = p->mark) {
        Node *condition = parse_disjunction(p);
        if (p->raised) return false;
        if (!condition) {
            p->mark = mark;
            break;
        }
        if (!stack_push_node(p, condition)) return false;
    }
    return stack_take_nodes(p, base, out);
}

/* The target of a clause or of a for statement, up to `in`. */
static Node *parse_for_target(Parser *p) {
    int32_t mark = p->mark;
    Node *target = parse_star_targets(p);
    if (target && parser_accept(p, KEYWORD_IN)) return target;
    if (!explaining(p) || p->raised) return NULL;
    p->mark = mark;
    Node *wrong = parse_star_expressions(p);
    if (wrong) explain_target(p, wrong, TARGET_FOR);
    return NULL;
}

static bool parse_clause(Parser *p) {
    Clause clause = {.is_async = parser_accept(p, KEYWORD_ASYNC)};
    if (!parser_accept(p, KEYWORD_FOR)) return false;
    clause.target = parse_for_target(p);
    if (!clause.target) return false;
    clause.iter = parse_disjunction(p);
    return clause.iter && parse_conditions(p, &clause.conditions) && stack_push(p, &clause, sizeof clause);
}

bool parse_clauses(Parser *p, ClauseList *out) {
    size_t base = stack_open(p);
    while (parser_at_clauses(p))
        if (!parse_clause(p)) return stack_drop(p, base), false;
    out->items = stack_take(p, base, sizeof(Clause), &out->count);
    return out->items && out->count > 0;
}

/* The clauses and the closing token behind element (a dict: element and value). */
static Node *parse_comp_rest(Parser *p, NodeKind kind, Span start, Node *element, Node *value, int closing) {
    ClauseList clauses;
    if (!parse_clauses(p, &clauses) || !parser_accept(p, closing)) return NULL;
    Node *node = parser_node(p, kind, start);
    if (!node) return NULL;
    node->u.comp.element = element;
    node->u.comp.value = value;
    node->u.comp.clauses = clauses;
    return node;
}

/* --- Displays --- */

static Node *make_sequence(Parser *p, NodeKind kind, Span start, NodeList items) {
    Node *node = parser_node(p, kind, start);
    if (node) node->u.sequence.items = items;
    return node;
}

/* Items that follow the first one (NULL: none yet), up to something that is no item. */
static bool parse_items(Parser *p, Node *first, NodeList *out) {
    size_t base = stack_open(p);
    for (Node *item = first; item;) {
        if (!stack_push_node(p, item)) return false;
        if (!parser_accept(p, TOKEN_COMMA)) break;
        int32_t mark = p->mark;
        item = parse_star_named_expression(p);
        if (p->raised) return false;
        if (!item) p->mark = mark;
    }
    return stack_take_nodes(p, base, out);
}

static Node *finish_sequence(Parser *p, NodeKind kind, Span start, Node *first, int closing) {
    NodeList items;
    if (!parse_items(p, first, &items) || !parser_accept(p, closing)) return NULL;
    return make_sequence(p, kind, start, items);
}

static Node *parse_paren_yield(Parser *p) {
    Node *node = parse_yield(p);
    if (!node || !parser_accept(p, TOKEN_RPAREN)) return NULL;
    node->parenthesized = true;
    return node;
}

/* Behind the opening parenthesis: a tuple, a group or a generator expression. */
static Node *parse_paren_content(Parser *p, Span start) {
    if (parser_peek(p) == KEYWORD_YIELD) return parse_paren_yield(p);
    if (parser_accept(p, TOKEN_RPAREN)) return make_sequence(p, NODE_TUPLE, start, (NodeList){NULL, 0});
    Node *first = parse_star_named_expression(p);
    if (!first) return NULL;
    if (parser_peek(p) == TOKEN_COMMA) return finish_sequence(p, NODE_TUPLE, start, first, TOKEN_RPAREN);
    if (first->kind == NODE_STARRED && !first->parenthesized) return NULL;
    if (parser_at_clauses(p)) return parse_comp_rest(p, NODE_GENERATOR_EXP, start, first, NULL, TOKEN_RPAREN);
    if (!parser_accept(p, TOKEN_RPAREN)) return NULL;
    first->parenthesized = true;
    return first;
}

static Node *parse_paren(Parser *p) {
    int32_t mark = p->mark;
    Node *node = parse_paren_content(p, token_span(&p->tokens[p->mark++]));
    if (node || p->raised || !explaining(p)) {
        if (node && (node->kind == NODE_TUPLE || node->kind == NODE_GENERATOR_EXP)) node->parenthesized = true;
        return node;
    }
    p->mark = mark;
    explain_group(p);
    explain_comprehension(p);
    return NULL;
}

static Node *parse_bracket_content(Parser *p, Span start) {
    Node *first = NULL;
    if (parser_peek(p) != TOKEN_RBRACKET && !(first = parse_star_named_expression(p))) return NULL;
    if (first && first->kind != NODE_STARRED && parser_at_clauses(p))
        return parse_comp_rest(p, NODE_LIST_COMP, start, first, NULL, TOKEN_RBRACKET);
    return finish_sequence(p, NODE_LIST, start, first, TOKEN_RBRACKET);
}

static Node *parse_bracket(Parser *p) {
    int32_t mark = p->mark;
    Node *node = parse_bracket_content(p, token_span(&p->tokens[p->mark++]));
    if (node || p->raised || !explaining(p)) return node;
    p->mark = mark;
    explain_comprehension(p);
    return NULL;
}

/* --- Dicts and sets --- */

typedef struct Pair {
    Node *key, *value; /* key NULL: **value */
} Pair;

static bool parse_pair(Parser *p, Pair *out) {
    if (parser_accept(p, TOKEN_DOUBLE_STAR)) {
        *out = (Pair){NULL, parse_bitwise_or(p)};
        return out->value != NULL;
    }
    out->key = parse_expression(p);
    if (!out->key || !parser_accept(p, TOKEN_COLON)) return false;
    out->value = parse_expression(p);
    return out->value != NULL;
}

static Node *take_dict(Parser *p, Span start, size_t base) {
    int32_t count;
    Pair *pairs = stack_take(p, base, sizeof *pairs, &count);
    Node *node = pairs ? parser_node(p, NODE_DICT, start) : NULL;
    Node **keys = node ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    Node **values = keys ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    if (!values) return p->raised = true, NULL;
    for (int32_t i = 0; i < count; i++) keys[i] = pairs[i].key, values[i] = pairs[i].value;
    node->u.dict.keys = (NodeList){keys, count};
    node->u.dict.values = (NodeList){values, count};
    return node;
}

static Node *parse_dict_rest(Parser *p, Span start, Pair first) {
    size_t base = stack_open(p);
    for (Pair pair = first;;) {
        if (!stack_push(p, &pair, sizeof pair)) return NULL;
        if (!parser_accept(p, TOKEN_COMMA) || parser_peek(p) == TOKEN_RBRACE) break;
        if (!parse_pair(p, &pair)) return NULL;
    }
    return parser_accept(p, TOKEN_RBRACE) ? take_dict(p, start, base) : NULL;
}

static Node *parse_dict(Parser *p, Span start) {
    Pair first;
    if (parser_accept(p, TOKEN_RBRACE)) return take_dict(p, start, stack_open(p));
    if (!parse_pair(p, &first)) return NULL;
    if (first.key && parser_at_clauses(p))
        return parse_comp_rest(p, NODE_DICT_COMP, start, first.key, first.value, TOKEN_RBRACE);
    return parse_dict_rest(p, start, first);
}

static Node *parse_set(Parser *p, Span start) {
    Node *first = parse_star_named_expression(p);
    if (!first) return NULL;
    if (first->kind != NODE_STARRED && parser_at_clauses(p))
        return parse_comp_rest(p, NODE_SET_COMP, start, first, NULL, TOKEN_RBRACE);
    return finish_sequence(p, NODE_SET, start, first, TOKEN_RBRACE);
}

/* Does a dict open here?  The first pass looks behind the first expression; it costs nothing, as the expression is
 * kept. */
static Node *parse_brace_fast(Parser *p, Span start) {
    int kind = parser_peek(p);
    if (kind == TOKEN_RBRACE || kind == TOKEN_DOUBLE_STAR) return parse_dict(p, start);
    Node *first = parse_star_named_expression(p);
    if (!first) return NULL;
    if (first->kind == NODE_STARRED || parser_peek(p) != TOKEN_COLON) {
        if (first->kind != NODE_STARRED && parser_at_clauses(p))
            return parse_comp_rest(p, NODE_SET_COMP, start, first, NULL, TOKEN_RBRACE);
        return finish_sequence(p, NODE_SET, start, first, TOKEN_RBRACE);
    }
    if (first->kind == NODE_NAMED_EXPR && !first->parenthesized) return NULL;
    p->mark++;
    Pair pair = {first, parse_expression(p)};
    if (!pair.value) return NULL;
    if (parser_at_clauses(p)) return parse_comp_rest(p, NODE_DICT_COMP, start, first, pair.value, TOKEN_RBRACE);
    return parse_dict_rest(p, start, pair);
}

static Node *parse_brace(Parser *p) {
    int32_t mark = p->mark;
    Span start = token_span(&p->tokens[p->mark++]);
    if (!explaining(p)) return parse_brace_fast(p, start);
    Node *node = parse_dict(p, start);
    if (node || p->raised) return node;
    p->mark = mark;
    explain_dict(p);
    p->mark = mark + 1;
    if (p->raised || (node = parse_set(p, start))) return p->raised ? NULL : node;
    p->mark = mark;
    explain_dict_comprehension(p);
    explain_comprehension(p);
    return NULL;
}

/* --- Atoms --- */

static Node *make_constant(Parser *p, Value value) {
    Node *node = parser_node(p, NODE_CONSTANT, token_span(&p->tokens[p->mark]));
    if (!node) return NULL;
    node->span = token_span(&p->tokens[p->mark++]);
    node->u.constant.value = value;
    return node;
}

static Node *parse_name_atom(Parser *p) {
    Span span = token_span(&p->tokens[p->mark]);
    Value name = parser_name(p);
    Node *node = is_set(name) ? parser_node(p, NODE_NAME, span) : NULL;
    if (node) node->u.name.name = name;
    return node;
}

Node *parse_atom(Parser *p) {
    switch (parser_peek(p)) {
    case TOKEN_NAME: return parse_name_atom(p);
    case TOKEN_NUMBER: return parse_number(p);
    case TOKEN_STRING: return parse_strings(p);
    case TOKEN_LPAREN: return parse_paren(p);
    case TOKEN_LBRACKET: return parse_bracket(p);
    case TOKEN_LBRACE: return parse_brace(p);
    case KEYWORD_NONE: return make_constant(p, NONE);
    case KEYWORD_TRUE: return make_constant(p, TRUE_VALUE);
    case KEYWORD_FALSE: return make_constant(p, FALSE_VALUE);
    case TOKEN_ELLIPSIS: return make_constant(p, ELLIPSIS);
    default: return NULL;
    }
}

/* --- Subscripts --- */

/* Absent parts stay NULL; false: raised. */
static bool parse_slice_part(Parser *p, Node **out) {
    int32_t mark = p->mark;
    int kind = parser_peek(p);
    *out = kind == TOKEN_COLON || kind == TOKEN_RBRACKET || kind == TOKEN_COMMA ? NULL : parse_expression(p);
    if (!*out) p->mark = mark;
    return !p->raised;
}

/* The rest of [lower] : [upper] [: [step]], from the first colon on. */
static Node *parse_slice_rest(Parser *p, Span start, Node *lower) {
    Node *upper, *step = NULL;
    p->mark++;
    if (!parse_slice_part(p, &upper)) return NULL;
    if (parser_accept(p, TOKEN_COLON) && !parse_slice_part(p, &step)) return NULL;
    Node *node = parser_node(p, NODE_SLICE, start);
    if (!node) return NULL;
    node->u.slice.lower = lower;
    node->u.slice.upper = upper;
    node->u.slice.step = step;
    return node;
}

static Node *parse_slice(Parser *p) {
    Span start = token_span(parser_token(p));
    int32_t mark = p->mark;
    if (parser_peek(p) == TOKEN_STAR) return parse_starred(p);
    if (parser_peek(p) == TOKEN_COLON) return parse_slice_rest(p, start, NULL);
    if (explaining(p)) { /* the slice is tried before the walrus and its mistakes */
        Node *lower = parse_expression(p);
        if (p->raised) return NULL;
        if (lower && parser_peek(p) == TOKEN_COLON) return parse_slice_rest(p, start, lower);
        p->mark = mark;
        return parse_named_expression(p);
    }
    Node *lower = parse_named_expression(p);
    if (!lower || parser_peek(p) != TOKEN_COLON) return lower;
    if (lower->kind == NODE_NAMED_EXPR && !lower->parenthesized) return NULL;
    return parse_slice_rest(p, start, lower);
}

static Node *parse_slices(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *first = parse_slice(p);
    if (!first || (parser_peek(p) != TOKEN_COMMA && first->kind != NODE_STARRED)) return first;
    size_t base = stack_open(p);
    for (Node *item = first; item;) {
        if (!stack_push_node(p, item)) return NULL;
        if (!parser_accept(p, TOKEN_COMMA)) break;
        int32_t mark = p->mark;
        item = parse_slice(p);
        if (p->raised) return NULL;
        if (!item) p->mark = mark;
    }
    Node *node = parser_node(p, NODE_TUPLE, start);
    return node && stack_take_nodes(p, base, &node->u.sequence.items) ? node : NULL;
}

/* --- Primaries --- */

static Node *parse_attribute(Parser *p, Node *object) {
    p->mark++;
    Value name = parser_name(p);
    Node *node = is_set(name) ? parser_node(p, NODE_ATTRIBUTE, object->span) : NULL;
    if (!node) return NULL;
    node->u.attribute.object = object;
    node->u.attribute.name = name;
    return node;
}

static Node *parse_subscript(Parser *p, Node *object) {
    p->mark++;
    Node *index = parse_slices(p);
    if (!index || !parser_accept(p, TOKEN_RBRACKET)) return NULL;
    Node *node = parser_node(p, NODE_SUBSCRIPT, object->span);
    if (!node) return NULL;
    node->u.subscript.object = object;
    node->u.subscript.index = index;
    return node;
}

static Node *parse_call(Parser *p, Node *function) {
    Arguments arguments;
    p->mark++;
    if (!parse_arguments(p, &arguments) || !parser_accept(p, TOKEN_RPAREN)) return NULL;
    Node *node = parser_node(p, NODE_CALL, function->span);
    if (!node) return NULL;
    node->u.call.function = function;
    node->u.call.args = arguments.args;
    node->u.call.keywords = arguments.keywords;
    node->u.call.keyword_count = arguments.keyword_count;
    return node;
}

static Node *parse_trailers(Parser *p, Node *node) {
    for (;;) {
        int32_t mark = p->mark;
        Node *longer;
        switch (parser_peek(p)) {
        case TOKEN_DOT: longer = parse_attribute(p, node); break;
        case TOKEN_LBRACKET: longer = parse_subscript(p, node); break;
        case TOKEN_LPAREN: longer = parse_call(p, node); break;
        default: return p->raised ? NULL : node;
        }
        if (!longer) return p->raised ? NULL : (p->mark = mark, node);
        node = longer;
    }
}

Node *parse_primary(Parser *p) {
    Node *node;
    if (memo_find(p, RULE_PRIMARY, &node)) return node;
    int32_t start = p->mark;
    Span span = token_span(parser_token(p));
    node = parse_atom(p);
    if (node) {
        Span inner = node->span;
        if (node->parenthesized) node->span = span; /* what follows starts at the parenthesis */
        Node *longer = parse_trailers(p, node);
        node->span = inner;
        node = longer;
    }
    return memo_store(p, RULE_PRIMARY, start, node);
}
