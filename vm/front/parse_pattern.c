/* The match statement and its patterns. */
#include "vm/front/parser.h"

static Node *parse_pattern(Parser *p);

static Node *make_value(Parser *p, Node *value) {
    Node *node = value ? parser_node(p, NODE_MATCH_VALUE, value->span) : NULL;
    if (node) node->u.value.value = value;
    return node;
}

/* --- Literals and dotted names --- */

static Node *parse_signed_number(Parser *p) {
    Span start = token_span(parser_token(p));
    bool negative = parser_accept(p, TOKEN_MINUS);
    if (parser_peek(p) != TOKEN_NUMBER) return NULL;
    Node *number = parse_number(p);
    if (!negative || !number) return number;
    Node *node = parser_node(p, NODE_UNARY_OP, start);
    if (!node) return NULL;
    node->u.unary_op.op = UNARY_NEGATIVE;
    node->u.unary_op.operand = number;
    return node;
}

static bool is_imaginary(const Node *number) {
    Value v = number->kind == NODE_UNARY_OP ? number->u.unary_op.operand->u.constant.value : number->u.constant.value;
    return type_has(v, TYPE_COMPLEX_SUB);
}

/* real, or real + imaginary */
static Node *parse_number_pattern(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *real = parse_signed_number(p);
    int kind = parser_peek(p);
    if (!real || (kind != TOKEN_PLUS && kind != TOKEN_MINUS)) return real;
    p->mark++;
    if (parser_peek(p) != TOKEN_NUMBER) return NULL;
    if (is_imaginary(real)) return raise_at(p, real->span, "real number required in complex literal");
    Node *imaginary = parse_number(p);
    if (!imaginary) return NULL;
    if (!is_imaginary(imaginary)) return raise_at(p, imaginary->span, "imaginary number required in complex literal");
    Node *node = parser_node(p, NODE_BIN_OP, start);
    if (!node) return NULL;
    node->u.bin_op.op = kind == TOKEN_PLUS ? BINARY_ADD : BINARY_SUBTRACT;
    node->u.bin_op.left = real;
    node->u.bin_op.right = imaginary;
    return node;
}

/* name(.name)* as an expression. */
static Node *parse_dotted_name(Parser *p) {
    Span start = token_span(parser_token(p));
    Value name = parser_name(p);
    Node *node = is_set(name) ? parser_node(p, NODE_NAME, start) : NULL;
    if (node) node->u.name.name = name;
    while (node && parser_accept(p, TOKEN_DOT)) {
        Node *object = node;
        name = parser_name(p);
        node = is_set(name) ? parser_node(p, NODE_ATTRIBUTE, start) : NULL;
        if (!node) return NULL;
        node->u.attribute.object = object;
        node->u.attribute.name = name;
    }
    return node;
}

static Node *make_singleton(Parser *p, Value value) {
    Span span = token_span(&p->tokens[p->mark++]);
    Node *node = parser_node(p, NODE_MATCH_SINGLETON, span);
    if (node) node->u.singleton.value = value;
    return node;
}

/* --- Captures --- */

static Node *make_capture(Parser *p, Span start, Node *pattern, Value name) {
    Node *node = parser_node(p, NODE_MATCH_AS, start);
    if (!node) return NULL;
    node->u.match_as.pattern = pattern;
    node->u.match_as.name = name;
    return node;
}

static bool at_longer_name(Parser *p) {
    int kind = parser_peek(p);
    return kind == TOKEN_DOT || kind == TOKEN_LPAREN || kind == TOKEN_EQUAL;
}

/* A name that is bound: not _ and not part of something longer. */
static Value parse_capture_target(Parser *p) {
    if (parser_at_soft(p, "_")) return UNSET;
    Value name = parser_name(p);
    return is_set(name) && at_longer_name(p) ? UNSET : name;
}

/* --- Sequences --- */

static Node *parse_star_pattern(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    Value name = UNSET;
    if (parser_at_soft(p, "_")) p->mark++;
    else if (is_unset(name = parse_capture_target(p))) return NULL;
    Node *node = parser_node(p, NODE_MATCH_STAR, start);
    if (node) node->u.match_star.name = name;
    return node;
}

static Node *parse_maybe_star(Parser *p) {
    return parser_peek(p) == TOKEN_STAR ? parse_star_pattern(p) : parse_pattern(p);
}

/* More items behind `first` (NULL: none) up to `closing` (which stays; -1: up to what is no pattern). */
static bool parse_sequence_items(Parser *p, Node *first, int closing, NodeList *out) {
    size_t base = stack_open(p);
    if (first && !stack_push_node(p, first)) return false;
    while (!first || parser_accept(p, TOKEN_COMMA)) {
        int kind = parser_peek(p);
        if (kind == closing || (closing < 0 && (kind == TOKEN_COLON || kind == KEYWORD_IF))) break;
        Node *item = parse_maybe_star(p);
        if (!item || !stack_push_node(p, item)) return false;
        first = item;
    }
    return stack_take_nodes(p, base, out);
}

static Node *make_sequence(Parser *p, Span start, NodeList items) {
    Node *node = parser_node(p, NODE_MATCH_SEQUENCE, start);
    if (node) node->u.patterns.patterns = items;
    return node;
}

static Node *parse_bracket_pattern(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    NodeList items;
    if (!parse_sequence_items(p, NULL, TOKEN_RBRACKET, &items) || !parser_accept(p, TOKEN_RBRACKET)) return NULL;
    return make_sequence(p, start, items);
}

/* A group, or a sequence if it is empty, has a comma or opens with a star. */
static Node *parse_paren_pattern(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    NodeList items;
    if (parser_accept(p, TOKEN_RPAREN)) return make_sequence(p, start, (NodeList){NULL, 0});
    Node *first = parse_maybe_star(p);
    if (!first) return NULL;
    if (parser_peek(p) != TOKEN_COMMA)
        return first->kind != NODE_MATCH_STAR && parser_accept(p, TOKEN_RPAREN) ? first : NULL;
    if (!parse_sequence_items(p, first, TOKEN_RPAREN, &items) || !parser_accept(p, TOKEN_RPAREN)) return NULL;
    return make_sequence(p, start, items);
}

/* --- Mappings --- */

static Node *parse_key(Parser *p) {
    switch (parser_peek(p)) {
    case TOKEN_NUMBER: case TOKEN_MINUS: return parse_number_pattern(p);
    case TOKEN_STRING: case KEYWORD_NONE: case KEYWORD_TRUE: case KEYWORD_FALSE: return parse_atom(p);
    default: break;
    }
    Node *name = parse_dotted_name(p);
    return name && name->kind == NODE_ATTRIBUTE ? name : NULL;
}

typedef struct Entry {
    Node *key, *pattern;
} Entry;

static bool parse_entry(Parser *p) {
    Entry entry = {parse_key(p), NULL};
    if (!entry.key || !parser_accept(p, TOKEN_COLON)) return false;
    entry.pattern = parse_pattern(p);
    return entry.pattern && stack_push(p, &entry, sizeof entry);
}

static bool take_entries(Parser *p, size_t base, Node *node) {
    int32_t count;
    Entry *entries = stack_take(p, base, sizeof *entries, &count);
    Node **keys = entries ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    Node **patterns = keys ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    if (!patterns) return p->raised = true, false;
    for (int32_t i = 0; i < count; i++) keys[i] = entries[i].key, patterns[i] = entries[i].pattern;
    node->u.match_mapping.keys = (NodeList){keys, count};
    node->u.match_mapping.patterns = (NodeList){patterns, count};
    return true;
}

static Node *parse_mapping(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    size_t base = stack_open(p);
    Value rest = UNSET;
    while (parser_peek(p) != TOKEN_RBRACE && is_unset(rest)) {
        if (parser_accept(p, TOKEN_DOUBLE_STAR)) {
            rest = parse_capture_target(p);
            if (is_unset(rest)) return NULL;
        } else if (!parse_entry(p)) {
            return NULL;
        }
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    if (!parser_accept(p, TOKEN_RBRACE)) return NULL;
    Node *node = parser_node(p, NODE_MATCH_MAPPING, start);
    if (!node || !take_entries(p, base, node)) return NULL;
    node->u.match_mapping.rest = rest;
    return node;
}

/* --- Classes --- */

typedef struct ClassArgument {
    Value name; /* UNSET: positional */
    Node *pattern;
} ClassArgument;

static bool at_named(Parser *p) { return parser_peek(p) == TOKEN_NAME && parser_peek_second(p) == TOKEN_EQUAL; }

/* Positional patterns behind named ones: raises over all of them that follow. */
static bool explain_positional(Parser *p, Span first) {
    Span last = token_span(parser_previous(p));
    while (parser_accept(p, TOKEN_COMMA) && !at_named(p)) {
        if (!parse_pattern(p)) break;
        last = token_span(parser_previous(p));
    }
    raise_at(p, span_to(first, last), "positional patterns follow keyword patterns");
    return false;
}

static bool parse_class_argument(Parser *p, bool *named) {
    ClassArgument argument = {UNSET, NULL};
    Span start = token_span(parser_token(p));
    if (at_named(p)) {
        *named = true;
        argument.name = parser_name(p);
        p->mark++;
    }
    argument.pattern = parse_pattern(p);
    if (!argument.pattern) return false;
    if (*named && is_unset(argument.name)) return explaining(p) && explain_positional(p, start);
    return stack_push(p, &argument, sizeof argument);
}

static bool take_class_arguments(Parser *p, size_t base, Node *node) {
    int32_t count, positional = 0;
    ClassArgument *all = stack_take(p, base, sizeof *all, &count);
    Node **patterns = all ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    Value *keys = patterns ? ARENA_ARRAY(p->arena, Value, count) : NULL;
    if (!keys) return p->raised = true, false;
    while (positional < count && is_unset(all[positional].name)) positional++;
    for (int32_t i = 0; i < count; i++) patterns[i] = all[i].pattern;
    for (int32_t i = positional; i < count; i++) keys[i - positional] = all[i].name;
    node->u.match_class.patterns = (NodeList){patterns, positional};
    node->u.match_class.names = keys;
    node->u.match_class.named_patterns = (NodeList){patterns + positional, count - positional};
    return true;
}

static Node *parse_class_pattern(Parser *p, Node *cls) {
    size_t base = stack_open(p);
    bool named = false;
    p->mark++;
    while (parser_peek(p) != TOKEN_RPAREN) {
        if (!parse_class_argument(p, &named)) return NULL;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    if (!parser_accept(p, TOKEN_RPAREN)) return NULL;
    Node *node = parser_node(p, NODE_MATCH_CLASS, cls->span);
    if (!node || !take_class_arguments(p, base, node)) return NULL;
    node->u.match_class.cls = cls;
    return node;
}

/* --- All patterns --- */

/* A capture, _, a dotted value or a class pattern. */
static Node *parse_name_pattern(Parser *p) {
    Span start = token_span(parser_token(p));
    bool wildcard = parser_at_soft(p, "_");
    Node *name = parse_dotted_name(p);
    if (!name) return NULL;
    if (parser_peek(p) == TOKEN_LPAREN) return parse_class_pattern(p, name);
    if (parser_peek(p) == TOKEN_EQUAL) return NULL;
    if (name->kind == NODE_ATTRIBUTE) return make_value(p, name);
    return make_capture(p, start, NULL, wildcard ? UNSET : name->u.name.name);
}

static Node *parse_closed_pattern(Parser *p) {
    switch (parser_peek(p)) {
    case TOKEN_NUMBER: case TOKEN_MINUS: return make_value(p, parse_number_pattern(p));
    case TOKEN_STRING: return make_value(p, parse_strings(p));
    case KEYWORD_NONE: return make_singleton(p, NONE);
    case KEYWORD_TRUE: return make_singleton(p, TRUE_VALUE);
    case KEYWORD_FALSE: return make_singleton(p, FALSE_VALUE);
    case TOKEN_NAME: return parse_name_pattern(p);
    case TOKEN_LPAREN: return parse_paren_pattern(p);
    case TOKEN_LBRACKET: return parse_bracket_pattern(p);
    case TOKEN_LBRACE: return parse_mapping(p);
    default: return NULL;
    }
}

static Node *parse_or_pattern(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *first = parse_closed_pattern(p);
    if (!first || parser_peek(p) != TOKEN_BAR) return first;
    size_t base = stack_open(p);
    if (!stack_push_node(p, first)) return NULL;
    while (parser_accept(p, TOKEN_BAR)) {
        Node *next = parse_closed_pattern(p);
        if (!next || !stack_push_node(p, next)) return NULL;
    }
    Node *node = parser_node(p, NODE_MATCH_OR, start);
    return node && stack_take_nodes(p, base, &node->u.patterns.patterns) ? node : NULL;
}

static void explain_as(Parser *p) {
    if (parser_at_soft(p, "_")) {
        raise_at(p, token_span(parser_token(p)), "cannot use '_' as a target");
    } else if (parser_peek(p) != TOKEN_NAME) {
        Node *wrong = parse_expression(p);
        if (wrong) raise_at(p, wrong->span, "invalid pattern target");
    }
}

static Node *parse_as_pattern(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *pattern = parse_or_pattern(p);
    if (!pattern || !parser_accept(p, KEYWORD_AS)) return pattern;
    int32_t mark = p->mark;
    Value name = parse_capture_target(p);
    if (is_set(name)) return make_capture(p, start, pattern, name);
    p->mark = mark;
    if (explaining(p) && !p->raised) explain_as(p);
    return NULL;
}

static Node *parse_pattern(Parser *p) {
    if (!parser_enter(p)) return NULL;
    Node *node = parse_as_pattern(p);
    parser_leave(p);
    return node;
}

/* a, *b: a sequence without brackets, or one pattern. */
static Node *parse_patterns(Parser *p) {
    Span start = token_span(parser_token(p));
    NodeList items;
    Node *first = parse_maybe_star(p);
    if (!first || (parser_peek(p) != TOKEN_COMMA)) return first && first->kind == NODE_MATCH_STAR ? NULL : first;
    return parse_sequence_items(p, first, -1, &items) ? make_sequence(p, start, items) : NULL;
}

/* --- The statement --- */

static bool expect_colon(Parser *p) {
    if (parser_accept(p, TOKEN_COLON)) return true;
    if (explaining(p) && parser_peek(p) == TOKEN_NEWLINE) raise_last(p, &SyntaxError_type, "expected ':'");
    return false;
}

static bool parse_case(Parser *p) {
    MatchCase item = {0};
    int32_t line = p->tokens[p->mark++].line;
    item.pattern = parse_patterns(p);
    if (!item.pattern) return false;
    if (parser_accept(p, KEYWORD_IF) && !(item.guard = parse_named_expression(p))) return false;
    return expect_colon(p) && parse_block(p, &item.body, "'case' statement", line) && stack_push(p, &item, sizeof item);
}

/* A tuple without parentheses, or one expression. */
static Node *parse_subject(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *first = parse_star_named_expression(p);
    if (!first || parser_peek(p) != TOKEN_COMMA) return first && first->kind == NODE_STARRED ? NULL : first;
    size_t base = stack_open(p);
    if (!stack_push_node(p, first)) return NULL;
    while (parser_accept(p, TOKEN_COMMA) && parser_peek(p) != TOKEN_COLON) {
        Node *item = parse_star_named_expression(p);
        if (!item || !stack_push_node(p, item)) return NULL;
    }
    Node *node = parser_node(p, NODE_TUPLE, start);
    return node && stack_take_nodes(p, base, &node->u.sequence.items) ? node : NULL;
}

static bool parse_cases(Parser *p, Node *node) {
    size_t base = stack_open(p);
    while (parser_at_soft(p, "case"))
        if (!parse_case(p)) return false;
    node->u.match.cases = stack_take(p, base, sizeof(MatchCase), &node->u.match.count);
    return node->u.match.cases && node->u.match.count && parser_accept(p, TOKEN_DEDENT);
}

/* `match` may also be a name: NULL without p->raised says that this is no match statement. */
Node *parse_match(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    Node *subject = parse_subject(p);
    if (!subject || !expect_colon(p) || !parser_accept(p, TOKEN_NEWLINE)) return NULL;
    if (!parser_accept(p, TOKEN_INDENT)) {
        if (explaining(p))
            raise_last(p, &IndentationError_type, "expected an indented block after 'match' statement on line %d",
                       start.line);
        return NULL;
    }
    Node *node = parser_node(p, NODE_MATCH, start);
    if (!node) return NULL;
    node->u.match.subject = subject;
    if (!parse_cases(p, node)) return NULL;
    node->span = span_to(start, parser_end(p));
    return node;
}
