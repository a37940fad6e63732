/* Known mistakes in expressions and assignments, for the second pass. */
#include "vm/front/parse_explain.h"

#include "runtime/types/names.h"

/* --- What a node is called --- */

static const char *constant_name(Value v) {
    if (is_none(v)) return "None";
    if (same(v, TRUE_VALUE)) return "True";
    if (same(v, FALSE_VALUE)) return "False";
    return same(v, ELLIPSIS) ? "ellipsis" : "literal";
}

const char *expression_name(const Node *node) {
    switch (node->kind) {
    case NODE_CONSTANT: return constant_name(node->u.constant.value);
    case NODE_ATTRIBUTE: return "attribute";
    case NODE_SUBSCRIPT: return "subscript";
    case NODE_STARRED: return "starred";
    case NODE_NAME: return "name";
    case NODE_LIST: return "list";
    case NODE_TUPLE: return "tuple";
    case NODE_LAMBDA: return "lambda";
    case NODE_CALL: return "function call";
    case NODE_GENERATOR_EXP: return "generator expression";
    case NODE_YIELD: case NODE_YIELD_FROM: return "yield expression";
    case NODE_AWAIT: return "await expression";
    case NODE_LIST_COMP: return "list comprehension";
    case NODE_SET_COMP: return "set comprehension";
    case NODE_DICT_COMP: return "dict comprehension";
    case NODE_DICT: return "dict literal";
    case NODE_SET: return "set display";
    case NODE_JOINED_STR: case NODE_FORMATTED_VALUE: return "f-string expression";
    case NODE_COMPARE: return "comparison";
    case NODE_IF_EXP: return "conditional expression";
    case NODE_NAMED_EXPR: return "named expression";
    default: return "expression"; /* BIN_OP, UNARY_OP, BOOL_OP */
    }
}

static const Node *invalid_target(const Node *node, TargetUse use);

static const Node *invalid_item(const Node *node, TargetUse use) {
    for (int32_t i = 0; i < node->u.sequence.items.count; i++) {
        const Node *found = invalid_target(node->u.sequence.items.items[i], use);
        if (found) return found;
    }
    return NULL;
}

static const Node *invalid_target(const Node *node, TargetUse use) {
    switch (node->kind) {
    case NODE_NAME: case NODE_ATTRIBUTE: case NODE_SUBSCRIPT: return NULL;
    case NODE_TUPLE: case NODE_LIST: return invalid_item(node, use);
    case NODE_STARRED: return use == TARGET_DELETE ? node : invalid_target(node->u.value.value, use);
    case NODE_COMPARE:
        if (use != TARGET_FOR) return node;
        return node->u.compare.ops[0] == COMPARE_IN ? invalid_target(node->u.compare.left, use) : NULL;
    default: return node;
    }
}

void explain_target(Parser *p, const Node *node, TargetUse use) {
    const Node *wrong = invalid_target(node, use);
    if (wrong)
        raise_at(p, wrong->span, "cannot %s %s", use == TARGET_DELETE ? "delete" : "assign to", expression_name(wrong));
}

/* --- Expressions --- */

static Node *parse_muted(Parser *p) {
    bool muted = p->muted;
    p->muted = true;
    Node *node = parse_expression_itself(p);
    p->muted = muted;
    return node;
}

static bool is_legacy_name(const Node *node) {
    return node->kind == NODE_NAME &&
           (str_equal_ascii(node->u.name.name, "print") || str_equal_ascii(node->u.name.name, "exec"));
}

/* CPython takes any name that a soft keyword begins with for one, here only. */
static bool at_soft_keyword(Parser *p) {
    const Token *t = parser_token(p);
    size_t size = (size_t)(t->end - t->start);
    return t->kind == TOKEN_NAME && (strncmp("_", t->start, size) == 0 || strncmp("match", t->start, size) == 0 ||
                                     strncmp("case", t->start, size) == 0);
}

/* Two expressions side by side inside parentheses. */
static void explain_comma(Parser *p) {
    if (at_soft_keyword(p) || (parser_peek(p) == TOKEN_NAME && parser_peek_second(p) == TOKEN_STRING)) return;
    Node *first = parse_disjunction(p);
    Node *second = first ? parse_muted(p) : NULL;
    if (!second || is_legacy_name(first) || parser_previous(p)->level == 0) return;
    raise_at(p, span_to(first->span, second->span), "invalid syntax. Perhaps you forgot a comma?");
}

static void explain_else(Parser *p) {
    Node *body = parse_disjunction(p);
    Node *test = body && parser_accept(p, KEYWORD_IF) ? parse_disjunction(p) : NULL;
    if (!test || parser_peek(p) == KEYWORD_ELSE || parser_peek(p) == TOKEN_COLON || p->raised) return;
    raise_at(p, span_to(body->span, test->span), "expected 'else' after 'if' expression");
}

static void explain_print(Parser *p) {
    if (parser_peek(p) != TOKEN_NAME || parser_peek_second(p) == TOKEN_LPAREN) return;
    if (!parser_at_soft(p, "print") && !parser_at_soft(p, "exec")) {
        p->mark++;
        parse_star_expressions(p);
        return;
    }
    Span start = token_span(parser_token(p));
    Value name = parser_name(p);
    Node *rest = parse_star_expressions(p);
    if (rest)
        raise_at(p, span_to(start, rest->span), "Missing parentheses in call to '%U'. Did you mean %U(...)?", name,
                 name);
}

void explain_expression(Parser *p) {
    static void (*const explanations[])(Parser *) = {explain_comma, explain_else, explain_print};
    int32_t mark = p->mark;
    for (int i = 0; i < 3 && !p->raised; i++, p->mark = mark) explanations[i](p);
}

static void explain_walrus(Parser *p) {
    Node *left = parse_expression(p);
    if (left && parser_accept(p, TOKEN_WALRUS) && parse_expression(p))
        raise_at(p, left->span, "cannot use assignment expressions with %s", expression_name(left));
}

static bool at_equal_or_walrus(Parser *p) { return parser_peek(p) == TOKEN_EQUAL || parser_peek(p) == TOKEN_WALRUS; }

/* name = value where an expression is wanted. */
static void explain_name_equal(Parser *p) {
    if (parser_peek(p) != TOKEN_NAME || parser_peek_second(p) != TOKEN_EQUAL) return;
    Span start = token_span(parser_token(p));
    p->mark += 2;
    Node *value = parse_bitwise_or(p);
    if (value && !at_equal_or_walrus(p) && !p->raised)
        raise_at(p, span_to(start, value->span), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
}

static bool at_excluded_target(Parser *p) {
    int kind = parser_peek(p);
    if (kind == KEYWORD_TRUE || kind == KEYWORD_NONE || kind == KEYWORD_FALSE) return true;
    if (kind != TOKEN_LPAREN && kind != TOKEN_LBRACKET) return false;
    int32_t mark = p->mark;
    Node *atom = parse_atom(p);
    p->mark = mark;
    return atom && (atom->kind == NODE_LIST || atom->kind == NODE_TUPLE || atom->kind == NODE_GENERATOR_EXP);
}

static void explain_equal(Parser *p) {
    if (at_excluded_target(p)) return;
    Node *left = parse_bitwise_or(p);
    if (!left || !parser_accept(p, TOKEN_EQUAL) || !parse_bitwise_or(p) || at_equal_or_walrus(p) || p->raised) return;
    raise_at(p, left->span, "cannot assign to %s here. Maybe you meant '==' instead of '='?", expression_name(left));
}

void explain_named_expression(Parser *p) {
    static void (*const explanations[])(Parser *) = {explain_walrus, explain_name_equal, explain_equal};
    int32_t mark = p->mark;
    Node *known;
    if (memo_find(p, RULE_INVALID_NAMED, &known)) {
        p->mark = mark;
        return;
    }
    for (int i = 0; i < 3 && !p->raised; i++, p->mark = mark) explanations[i](p);
    memo_store(p, RULE_INVALID_NAMED, mark, NULL);
}

/* --- Assignments --- */

static void explain_annotation_of_display(Parser *p) {
    int32_t depth = 0, mark = p->mark;
    Node *target = parse_atom(p);
    for (; target && target->parenthesized && target->kind != NODE_TUPLE; depth++) {
        p->mark = ++mark;
        target = parse_atom(p);
    }
    if (!target || (target->kind != NODE_LIST && target->kind != NODE_TUPLE)) return;
    while (depth-- > 0)
        if (!parser_accept(p, TOKEN_RPAREN)) return;
    if (parser_accept(p, TOKEN_COLON) && parse_expression(p))
        raise_at(p, target->span, "only single target (not %s) can be annotated", expression_name(target));
}

static void explain_annotation_of_items(Parser *p) {
    Node *first = parse_star_named_expression(p);
    if (!first || !parser_accept(p, TOKEN_COMMA)) return;
    int32_t mark = p->mark;
    for (; parse_star_named_expression(p); mark = p->mark) parser_accept(p, TOKEN_COMMA);
    if (p->raised) return;
    p->mark = mark;
    if (parser_accept(p, TOKEN_COLON) && parse_expression(p))
        raise_at(p, first->span, "only single target (not tuple) can be annotated");
}

static void explain_annotation(Parser *p) {
    Node *target = parse_expression(p);
    if (target && parser_accept(p, TOKEN_COLON) && parse_expression(p))
        raise_at(p, target->span, "illegal target for annotation");
}

static void skip_targets(Parser *p) {
    for (int32_t mark = p->mark;; mark = p->mark) {
        Node *target = parse_star_targets(p);
        if (p->raised) return;
        if (!target || !parser_accept(p, TOKEN_EQUAL)) {
            p->mark = mark;
            return;
        }
    }
}

static void explain_assignment_target(Parser *p) {
    skip_targets(p);
    int32_t mark = p->mark;
    Node *target = p->raised ? NULL : parse_star_expressions(p);
    if (target && parser_peek(p) == TOKEN_EQUAL) explain_target(p, target, TARGET_ASSIGN);
    p->mark = mark;
    if (p->raised || parser_peek(p) != KEYWORD_YIELD) return;
    target = parse_yield(p);
    if (target && parser_peek(p) == TOKEN_EQUAL)
        raise_at(p, target->span, "assignment to yield expression not possible");
}

static void explain_augmented(Parser *p) {
    Node *target = parse_star_expressions(p);
    int kind = parser_peek(p);
    if (!target || kind < TOKEN_PLUS_EQUAL || kind > TOKEN_CARET_EQUAL) return;
    p->mark++;
    if (parser_peek(p) == KEYWORD_YIELD ? parse_yield(p) : parse_star_expressions(p))
        raise_at(p, target->span, "'%s' is an illegal expression for augmented assignment", expression_name(target));
}

void explain_assignment(Parser *p) {
    static void (*const explanations[])(Parser *) = {explain_annotation_of_display, explain_annotation_of_items,
                                                     explain_annotation, explain_assignment_target, explain_augmented};
    int32_t mark = p->mark;
    for (int i = 0; i < 5 && !p->raised; i++, p->mark = mark) explanations[i](p);
}

/* --- Displays: the mark stands at the opening token --- */

void explain_group(Parser *p) {
    int32_t mark = p->mark++;
    Node *inner = NULL;
    Span star = token_span(parser_token(p));
    if (parser_peek(p) == TOKEN_STAR) {
        inner = parse_starred(p);
        if (inner && parser_peek(p) == TOKEN_RPAREN) raise_at(p, inner->span, "cannot use starred expression here");
    } else if (parser_accept(p, TOKEN_DOUBLE_STAR)) {
        inner = parse_expression(p);
        if (inner && parser_peek(p) == TOKEN_RPAREN) raise_at(p, star, "cannot use double starred expression here");
    }
    p->mark = mark;
}

/* [a, b for ...] */
static void explain_comprehension_target(Parser *p) {
    ClauseList clauses;
    Node *first = parse_star_named_expression(p), *last = NULL;
    if (!first || !parser_accept(p, TOKEN_COMMA)) return;
    Span comma = token_span(parser_previous(p));
    for (;;) {
        int32_t mark = p->mark;
        Node *item = parse_star_named_expression(p);
        if (p->raised) return;
        if (!item) {
            p->mark = mark;
            break;
        }
        last = item;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    if (parse_clauses(p, &clauses))
        raise_at(p, span_to(first->span, last ? last->span : comma),
                 "did you forget parentheses around the comprehension target?");
}

void explain_comprehension(Parser *p) {
    if (p->raised) return;
    int32_t mark = p->mark++;
    int opening = p->tokens[mark].kind;
    ClauseList clauses;
    Node *starred = parse_starred(p);
    if (starred && parse_clauses(p, &clauses))
        raise_at(p, starred->span, "iterable unpacking cannot be used in comprehension");
    p->mark = mark + 1;
    if (!p->raised && opening != TOKEN_LPAREN) explain_comprehension_target(p);
    p->mark = mark;
}

void explain_dict_comprehension(Parser *p) {
    if (p->raised) return;
    int32_t mark = p->mark++;
    ClauseList clauses;
    Span star = token_span(parser_token(p));
    if (parser_accept(p, TOKEN_DOUBLE_STAR) && parse_bitwise_or(p) && parse_clauses(p, &clauses) &&
        parser_accept(p, TOKEN_RBRACE))
        raise_at(p, star, "dict unpacking cannot be used in dict comprehension");
    p->mark = mark;
}

/* The value behind a key's colon is missing or starred. */
static void explain_dict_value(Parser *p, Span colon) {
    Span start = token_span(parser_token(p));
    int kind = parser_peek(p);
    if (kind == TOKEN_RBRACE || kind == TOKEN_COMMA) {
        raise_at(p, colon, "expression expected after dictionary key and ':'");
    } else if (kind == TOKEN_STAR) {
        p->mark++;
        if (parse_bitwise_or(p)) raise_from(p, start, "cannot use a starred expression in a dictionary value");
    }
}

void explain_dict(Parser *p) {
    int32_t mark = p->mark++;
    bool first = true;
    while (!p->raised) {
        if (parser_accept(p, TOKEN_DOUBLE_STAR)) {
            if (!parse_bitwise_or(p)) break;
        } else {
            Node *key = parse_expression(p);
            if (!key) break;
            if (!parser_accept(p, TOKEN_COLON)) {
                Span end = {key->span.line, key->span.end_col - 1, key->span.end_line, -1};
                if (!first && !p->raised) raise_at(p, end, "':' expected after dictionary key");
                break;
            }
            Span colon = token_span(parser_previous(p));
            int32_t value = p->mark;
            explain_dict_value(p, colon);
            p->mark = value;
            if (p->raised || !parse_expression(p)) break;
        }
        first = false;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    p->mark = mark;
}
