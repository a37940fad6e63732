/* Import statements. */
#include "vm/front/parser.h"

/* a.b.c as one interned str; *first is its first part. */
static Value parse_dotted(Parser *p, Value *first) {
    *first = parser_name(p);
    if (is_unset(*first) || parser_peek(p) != TOKEN_DOT) return *first;
    StrBuilder builder = STR_BUILDER;
    builder_str(&builder, *first);
    while (parser_accept(p, TOKEN_DOT)) {
        Value part = parser_name(p);
        if (is_unset(part)) return builder_discard(&builder), UNSET;
        builder_char(&builder, '.');
        builder_str(&builder, part);
    }
    Value text = builder_finish(&builder);
    Value name = is_unset(text) ? UNSET : arena_keep(p->arena, str_intern(text));
    if (is_unset(name)) p->raised = true;
    return name;
}

static bool parse_as(Parser *p, Alias *alias, Span start) {
    if (parser_accept(p, KEYWORD_AS)) {
        alias->as_name = parser_name(p);
        if (is_unset(alias->as_name)) return false;
        alias->binding = alias->as_name;
    }
    alias->span = span_to(start, token_span(parser_previous(p)));
    return true;
}

Node *parse_import(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    size_t base = stack_open(p);
    do {
        Alias alias = {0};
        Span span = token_span(parser_token(p));
        alias.name = parse_dotted(p, &alias.binding);
        if (is_unset(alias.name) || !parse_as(p, &alias, span) || !stack_push(p, &alias, sizeof alias)) return NULL;
    } while (parser_accept(p, TOKEN_COMMA));
    Node *node = parser_node(p, NODE_IMPORT, start);
    if (!node) return NULL;
    node->u.import.items = stack_take(p, base, sizeof(Alias), &node->u.import.count);
    return node->u.import.items ? node : NULL;
}

/* name [as name], ... onto the stack; a comma at the end stays. */
static bool parse_from_names(Parser *p) {
    for (int32_t mark = p->mark;; mark = p->mark++) {
        Alias alias = {0};
        Span span = token_span(parser_token(p));
        alias.name = alias.binding = parser_name(p);
        if (is_unset(alias.name)) return p->mark = mark, !p->raised;
        if (!parse_as(p, &alias, span) || !stack_push(p, &alias, sizeof alias)) return false;
        if (parser_peek(p) != TOKEN_COMMA) return !p->raised;
    }
}

static bool parse_star_name(Parser *p) {
    Span span = token_span(&p->tokens[p->mark]);
    Value star = identifiers_get(p->identifiers, p->tokens[p->mark++].start, 1);
    Alias alias = {.name = star, .binding = star, .span = span};
    return is_set(star) ? stack_push(p, &alias, sizeof alias) : (p->raised = true, false);
}

static bool parse_from_targets(Parser *p, size_t base) {
    if (parser_peek(p) == TOKEN_STAR) return parse_star_name(p);
    bool parens = parser_accept(p, TOKEN_LPAREN);
    if (!parse_from_names(p) || p->stack.used == base) return false;
    if (parens) {
        parser_accept(p, TOKEN_COMMA);
        return parser_accept(p, TOKEN_RPAREN);
    }
    if (parser_peek(p) != TOKEN_COMMA) return true;
    if (explaining(p) && parser_peek_second(p) == TOKEN_NEWLINE)
        raise_last(p, &SyntaxError_type, "trailing comma not allowed without surrounding parentheses");
    return false;
}

static int32_t parse_dots(Parser *p) {
    for (int32_t dots = 0;;) {
        if (parser_accept(p, TOKEN_DOT)) dots++;
        else if (parser_accept(p, TOKEN_ELLIPSIS)) dots += 3;
        else return dots;
    }
}

Node *parse_import_from(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    int32_t level = parse_dots(p);
    Value module = UNSET, first;
    if (level == 0 || parser_peek(p) != KEYWORD_IMPORT) {
        module = parse_dotted(p, &first);
        if (is_unset(module)) return NULL;
    }
    size_t base = stack_open(p);
    if (!parser_accept(p, KEYWORD_IMPORT) || !parse_from_targets(p, base)) return NULL;
    Node *node = parser_node(p, NODE_IMPORT_FROM, start);
    if (!node) return NULL;
    node->u.import_from.module = module;
    node->u.import_from.level = level;
    node->u.import_from.items = stack_take(p, base, sizeof(Alias), &node->u.import_from.count);
    return node->u.import_from.items ? node : NULL;
}
