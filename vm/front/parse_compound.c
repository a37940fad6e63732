/* Compound statements. */
#include "vm/front/parse_explain.h"

/* A colon; when explaining, a line end in its place raises. */
static bool expect_colon(Parser *p) {
    if (parser_accept(p, TOKEN_COLON)) return true;
    if (explaining(p) && parser_peek(p) == TOKEN_NEWLINE) raise_last(p, &SyntaxError_type, "expected ':'");
    return false;
}

static Span take_span(Parser *p) { return token_span(&p->tokens[p->mark++]); }

/* [else: block] */
static bool parse_else(Parser *p, NodeList *out) {
    *out = (NodeList){NULL, 0};
    if (parser_peek(p) != KEYWORD_ELSE) return !p->raised;
    Span start = take_span(p);
    return parser_force(p, TOKEN_COLON, ":") && parse_block(p, out, "'else' statement", start.line);
}

/* --- if, while --- */

static Node *parse_if(Parser *p, bool elif);

static bool parse_orelse(Parser *p, NodeList *out) {
    if (parser_peek(p) != KEYWORD_ELIF) return parse_else(p, out);
    if (!parser_enter(p)) return false;
    Node *node = parse_if(p, true);
    parser_leave(p);
    if (!node) return false;
    *out = (NodeList){arena_copy(p->arena, &node, 1, sizeof node), 1};
    return out->items ? true : (p->raised = true, false);
}

static Node *parse_if(Parser *p, bool elif) {
    Span start = take_span(p);
    NodeList body, orelse;
    Node *test = parse_named_expression(p);
    if (!test || !expect_colon(p)) return NULL;
    if (!parse_block(p, &body, elif ? "'elif' statement" : "'if' statement", start.line) || !parse_orelse(p, &orelse))
        return NULL;
    Node *node = parser_node(p, NODE_IF, start);
    if (!node) return NULL;
    node->u.if_.test = test;
    node->u.if_.body = body;
    node->u.if_.orelse = orelse;
    return node;
}

static Node *parse_while(Parser *p) {
    Span start = take_span(p);
    NodeList body, orelse;
    Node *test = parse_named_expression(p);
    if (!test || !expect_colon(p)) return NULL;
    if (!parse_block(p, &body, "'while' statement", start.line) || !parse_else(p, &orelse)) return NULL;
    Node *node = parser_node(p, NODE_WHILE, start);
    if (!node) return NULL;
    node->u.while_.test = test;
    node->u.while_.body = body;
    node->u.while_.orelse = orelse;
    return node;
}

/* --- for --- */

static Node *parse_for_targets(Parser *p) {
    int32_t mark = p->mark;
    Node *target = parse_star_targets(p);
    if (target && parser_accept(p, KEYWORD_IN)) return target;
    if (p->raised || !explaining(p)) return NULL;
    p->mark = mark;
    Node *wrong = parse_star_expressions(p);
    if (wrong) explain_target(p, wrong, TARGET_FOR);
    return NULL;
}

static Node *parse_for(Parser *p, Span start, bool is_async) {
    int32_t line = take_span(p).line;
    NodeList body, orelse;
    Node *target = parse_for_targets(p);
    Node *iter = target ? parse_star_expressions(p) : NULL;
    if (!iter || !expect_colon(p)) return NULL;
    if (!parse_block(p, &body, "'for' statement", line) || !parse_else(p, &orelse)) return NULL;
    Node *node = parser_node(p, NODE_FOR, start);
    if (!node) return NULL;
    node->u.for_.target = target;
    node->u.for_.iter = iter;
    node->u.for_.body = body;
    node->u.for_.orelse = orelse;
    node->u.for_.is_async = is_async;
    return node;
}

/* --- with --- */

static bool at_item_end(Parser *p) {
    int kind = parser_peek(p);
    return kind == TOKEN_COMMA || kind == TOKEN_RPAREN || kind == TOKEN_COLON;
}

/* expression [as target] */
static bool parse_with_item(Parser *p) {
    WithItem item = {parse_expression(p), NULL};
    if (!item.context) return false;
    int32_t mark = p->mark;
    if (parser_accept(p, KEYWORD_AS)) {
        int32_t target_mark = p->mark;
        item.target = parse_star_target(p);
        if (p->raised) return false;
        if (!item.target || !is_star_target(item.target) || !at_item_end(p)) {
            p->mark = target_mark;
            Node *wrong = explaining(p) ? parse_expression(p) : NULL;
            if (wrong && at_item_end(p)) explain_target(p, wrong, TARGET_ASSIGN);
            p->mark = mark;
            item.target = NULL;
        }
    }
    return !p->raised && stack_push(p, &item, sizeof item);
}

/* Items with commas between, in parentheses perhaps with one behind. */
static bool parse_with_items(Parser *p, bool parens) {
    do {
        if (parens && parser_peek(p) == TOKEN_RPAREN) return true;
        if (!parse_with_item(p)) return false;
    } while (parser_accept(p, TOKEN_COMMA));
    return !p->raised;
}

static bool parse_with_parens(Parser *p, size_t base) {
    p->mark++;
    if (!parse_with_items(p, true) || p->stack.used == base || !parser_accept(p, TOKEN_RPAREN)) return false;
    return parser_accept(p, TOKEN_COLON);
}

static bool skip_with_item(Parser *p, bool parens) {
    if (!(parens ? parse_star_expressions(p) : parse_expression(p))) return false;
    if (!parser_accept(p, KEYWORD_AS)) return true;
    Node *target = parse_star_target(p);
    return target && is_star_target(target);
}

/* Items and a line end: is a colon missing? */
static void explain_with(Parser *p, bool parens) {
    int32_t mark = p->mark;
    bool fine = true;
    if (parens) p->mark++;
    do {
        if (parens && parser_peek(p) == TOKEN_RPAREN) break;
        fine = skip_with_item(p, parens);
    } while (fine && parser_accept(p, TOKEN_COMMA));
    if (fine && parens) fine = parser_accept(p, TOKEN_RPAREN);
    if (fine && parser_peek(p) == TOKEN_NEWLINE) raise_last(p, &SyntaxError_type, "expected ':'");
    p->mark = mark;
}

static bool parse_with_header(Parser *p, size_t base) {
    int32_t mark = p->mark;
    bool parens = parser_peek(p) == TOKEN_LPAREN;
    if (parens && parse_with_parens(p, base)) return true;
    if (p->raised) return false;
    stack_drop(p, base);
    p->mark = mark;
    if (parse_with_items(p, false) && parser_accept(p, TOKEN_COLON)) return true;
    if (p->raised || !explaining(p)) return false;
    p->mark = mark;
    stack_drop(p, base);
    explain_with(p, false);
    if (parens && !p->raised) explain_with(p, true);
    return false;
}

static Node *parse_with(Parser *p, Span start, bool is_async) {
    int32_t line = take_span(p).line;
    size_t base = stack_open(p);
    if (!parse_with_header(p, base)) return NULL;
    int32_t count;
    NodeList body;
    WithItem *items = stack_take(p, base, sizeof *items, &count);
    if (!items || !parse_block(p, &body, "'with' statement", line)) return NULL;
    Node *node = parser_node(p, NODE_WITH, start);
    if (!node) return NULL;
    node->u.with.items = items;
    node->u.with.count = count;
    node->u.with.body = body;
    node->u.with.is_async = is_async;
    return node;
}

/* --- try --- */

/* except a, b: was Python 2. */
static void explain_types(Parser *p, const Node *first) {
    int32_t mark = p->mark++;
    Node *rest = parse_star_expressions(p);
    if (rest && parser_accept(p, KEYWORD_AS)) parser_name(p);
    if (rest && parser_accept(p, TOKEN_COLON))
        raise_from(p, first->span, "multiple exception types must be parenthesized");
    p->mark = mark;
}

static bool parse_handler_header(Parser *p, Handler *handler, bool is_star) {
    if (parser_peek(p) == TOKEN_COLON || parser_peek(p) == TOKEN_NEWLINE) {
        if (!is_star) return expect_colon(p);
        if (explaining(p)) raise_last(p, &SyntaxError_type, "expected one or more exception types");
        return false;
    }
    handler->type = parse_expression(p);
    if (!handler->type) return false;
    if (explaining(p) && parser_peek(p) == TOKEN_COMMA) explain_types(p, handler->type);
    if (parser_accept(p, KEYWORD_AS)) {
        handler->name = parser_name(p);
        if (is_unset(handler->name)) return false;
    }
    return expect_colon(p);
}

static bool parse_handler(Parser *p, bool *is_star, bool first) {
    Handler handler = {.name = UNSET};
    Span start = take_span(p);
    bool star = parser_accept(p, TOKEN_STAR);
    Span header = span_to(start, token_span(parser_previous(p)));
    if (!parse_handler_header(p, &handler, star)) return false;
    if (!parse_block(p, &handler.body, star ? "'except*' statement" : "'except' statement", start.line)) return false;
    if (!first && star != *is_star) {
        if (explaining(p)) raise_at(p, header, "cannot have both 'except' and 'except*' on the same 'try'");
        return false;
    }
    *is_star = star;
    handler.span = span_to(start, parser_end(p));
    return stack_push(p, &handler, sizeof handler);
}

static bool parse_handlers(Parser *p, Node *node) {
    size_t base = stack_open(p);
    while (parser_peek(p) == KEYWORD_EXCEPT)
        if (!parse_handler(p, &node->u.try_.is_star, p->stack.used == base)) return false;
    node->u.try_.handlers = stack_take(p, base, sizeof(Handler), &node->u.try_.handler_count);
    return node->u.try_.handlers != NULL;
}

static bool parse_finally(Parser *p, NodeList *out) {
    if (parser_peek(p) != KEYWORD_FINALLY) return !p->raised;
    Span start = take_span(p);
    return parser_force(p, TOKEN_COLON, ":") && parse_block(p, out, "'finally' statement", start.line);
}

static Node *parse_try(Parser *p) {
    Span start = take_span(p);
    Node *node = parser_node(p, NODE_TRY, start);
    if (!node || !parser_force(p, TOKEN_COLON, ":")) return NULL;
    if (!parse_block(p, &node->u.try_.body, "'try' statement", start.line)) return NULL;
    int kind = parser_peek(p);
    if (kind != KEYWORD_EXCEPT && kind != KEYWORD_FINALLY) {
        if (explaining(p) && !p->raised) raise_last(p, &SyntaxError_type, "expected 'except' or 'finally' block");
        return NULL;
    }
    if (!parse_handlers(p, node)) return NULL;
    if (node->u.try_.handler_count && !parse_else(p, &node->u.try_.orelse)) return NULL;
    if (!parse_finally(p, &node->u.try_.finally)) return NULL;
    node->span = span_to(start, parser_end(p));
    return node;
}

/* --- def, class --- */

static Node *parse_def(Parser *p, Span start, bool is_async) {
    int32_t line = take_span(p).line;
    Node *node = parser_node(p, NODE_FUNCTION_DEF, start);
    Value name = node ? parser_name(p) : UNSET;
    if (is_unset(name) || !parser_force(p, TOKEN_LPAREN, "(")) return NULL;
    node->u.function_def.name = node->u.function_def.binding = name;
    node->u.function_def.is_async = is_async;
    if (!parse_params(p, &node->u.function_def.params, false) || !parser_accept(p, TOKEN_RPAREN)) return NULL;
    if (parser_accept(p, TOKEN_ARROW) && !(node->u.function_def.returns = parse_expression(p))) return NULL;
    if (!parser_force(p, TOKEN_COLON, ":")) return NULL;
    if (!parse_block(p, &node->u.function_def.body, "function definition", line)) return NULL;
    node->span = span_to(start, parser_end(p));
    return node;
}

static bool parse_bases(Parser *p, Node *node) {
    Arguments arguments = {0};
    if (!parser_accept(p, TOKEN_LPAREN)) return true;
    if (!parse_arguments(p, &arguments) || !parser_accept(p, TOKEN_RPAREN)) return false;
    const NodeList *args = &arguments.args;
    if (args->count == 1 && args->items[0]->kind == NODE_GENERATOR_EXP && !args->items[0]->parenthesized) return false;
    node->u.class_def.bases = arguments.args;
    node->u.class_def.keywords = arguments.keywords;
    node->u.class_def.keyword_count = arguments.keyword_count;
    return true;
}

static Node *parse_class(Parser *p) {
    Span start = take_span(p);
    Node *node = parser_node(p, NODE_CLASS_DEF, start);
    Value name = node ? parser_name(p) : UNSET;
    if (is_unset(name) || !parse_bases(p, node) || !expect_colon(p)) return NULL;
    node->u.class_def.name = node->u.class_def.binding = name;
    if (!parse_block(p, &node->u.class_def.body, "class definition", start.line)) return NULL;
    node->span = span_to(start, parser_end(p));
    return node;
}

/* --- Statements that open with `async` or a decorator --- */

static Node *parse_async(Parser *p, bool def_only) {
    Span start = take_span(p);
    int kind = parser_peek(p);
    if (kind == KEYWORD_DEF) return parse_def(p, start, true);
    if (kind == KEYWORD_FOR && !def_only) return parse_for(p, start, true);
    if (kind == KEYWORD_WITH && !def_only) return parse_with(p, start, true);
    return NULL;
}

static bool parse_decorators(Parser *p, NodeList *out) {
    size_t base = stack_open(p);
    while (parser_accept(p, TOKEN_AT)) {
        Node *decorator = parse_named_expression(p);
        if (!decorator || !parser_accept(p, TOKEN_NEWLINE) || !stack_push_node(p, decorator)) return false;
    }
    return stack_take_nodes(p, base, out);
}

static Node *parse_decorated(Parser *p) {
    NodeList decorators;
    if (!parse_decorators(p, &decorators)) return NULL;
    Node *node = NULL;
    switch (parser_peek(p)) {
    case KEYWORD_DEF: node = parse_def(p, token_span(parser_token(p)), false); break;
    case KEYWORD_ASYNC: node = parse_async(p, true); break;
    case KEYWORD_CLASS: node = parse_class(p); break;
    default: break;
    }
    if (node && node->kind == NODE_FUNCTION_DEF) node->u.function_def.decorators = decorators;
    if (node && node->kind == NODE_CLASS_DEF) node->u.class_def.decorators = decorators;
    return node;
}

/* *is_compound is false when the statement does not open like a compound one. */
Node *parse_compound(Parser *p, bool *is_compound) {
    switch (parser_peek(p)) {
    case KEYWORD_IF: return parse_if(p, false);
    case KEYWORD_WHILE: return parse_while(p);
    case KEYWORD_FOR: return parse_for(p, token_span(parser_token(p)), false);
    case KEYWORD_TRY: return parse_try(p);
    case KEYWORD_WITH: return parse_with(p, token_span(parser_token(p)), false);
    case KEYWORD_DEF: return parse_def(p, token_span(parser_token(p)), false);
    case KEYWORD_CLASS: return parse_class(p);
    case KEYWORD_ASYNC: return parse_async(p, false);
    case TOKEN_AT: return parse_decorated(p);
    default: break;
    }
    *is_compound = false;
    if (!parser_at_soft(p, "match")) return NULL;
    int32_t mark = p->mark;
    size_t base = stack_open(p);
    Node *node = parse_match(p);
    if (node || p->raised) return node;
    p->mark = mark;
    stack_drop(p, base);
    return NULL;
}
