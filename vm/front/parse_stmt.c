/* Simple statements, and the sequences of statements that make blocks and whole inputs. */
#include "vm/front/parse_explain.h"
#include "vm/front/parse_stages.h"

static Node *parse_yield_or_star_expressions(Parser *p) {
    return parser_peek(p) == KEYWORD_YIELD ? parse_yield(p) : parse_star_expressions(p);
}

/* --- Assignments and expressions --- */

static Node *parse_annotated(Parser *p, Span start, Node *target) {
    if (!is_single_target(target)) return NULL;
    p->mark++;
    Node *annotation = parse_expression(p), *value = NULL;
    if (!annotation) return NULL;
    if (parser_accept(p, TOKEN_EQUAL) && !(value = parse_yield_or_star_expressions(p))) return NULL;
    Node *node = parser_node(p, NODE_ANN_ASSIGN, start);
    if (!node) return NULL;
    node->u.ann_assign.target = target;
    node->u.ann_assign.annotation = annotation;
    node->u.ann_assign.value = value;
    node->u.ann_assign.simple = target->kind == NODE_NAME && !target->parenthesized;
    return node;
}

static Node *parse_augmented(Parser *p, Span start, Node *target) {
    if (!is_single_target(target)) return NULL;
    BinaryOp op = (BinaryOp)(p->tokens[p->mark++].kind - TOKEN_PLUS_EQUAL + BINARY_ADD);
    Node *value = parse_yield_or_star_expressions(p);
    Node *node = value ? parser_node(p, NODE_AUG_ASSIGN, start) : NULL;
    if (!node) return NULL;
    node->u.aug_assign.target = target;
    node->u.aug_assign.op = op;
    node->u.aug_assign.value = value;
    return node;
}

/* target = target = ... = value, from the first = on. */
static Node *parse_assign_chain(Parser *p, Span start, Node *first) {
    size_t base = stack_open(p);
    Node *value = first;
    while (parser_accept(p, TOKEN_EQUAL)) {
        if (!is_star_target(value) || !stack_push_node(p, value)) return NULL;
        value = parse_yield_or_star_expressions(p);
        if (!value) return NULL;
    }
    Node *node = parser_node(p, NODE_ASSIGN, start);
    if (!node || !stack_take_nodes(p, base, &node->u.assign.targets)) return NULL;
    node->u.assign.value = value;
    return node;
}

static Node *make_expression_statement(Parser *p, Span start, Node *value) {
    Node *node = value ? parser_node(p, NODE_EXPR, start) : NULL;
    if (node) node->u.value.value = value;
    return node;
}

static bool is_augmented(int kind) { return kind >= TOKEN_PLUS_EQUAL && kind <= TOKEN_CARET_EQUAL; }

/* A statement that opens with an expression. */
Node *parse_assignment(Parser *p) {
    Span start = token_span(parser_token(p));
    int32_t mark = p->mark;
    Node *first = parse_yield_or_star_expressions(p), *node = NULL;
    int kind = parser_peek(p);
    if (first && kind == TOKEN_EQUAL) node = parse_assign_chain(p, start, first);
    else if (first && kind == TOKEN_COLON) node = parse_annotated(p, start, first);
    else if (first && is_augmented(kind)) node = parse_augmented(p, start, first);
    else if (first && !explaining(p)) return make_expression_statement(p, start, first);
    if (node || p->raised || !explaining(p)) return node;
    p->mark = mark;
    explain_assignment(p);
    return p->raised ? NULL : make_expression_statement(p, start, parse_yield_or_star_expressions(p));
}

/* --- Keyword statements --- */

static Node *parse_word(Parser *p, NodeKind kind) {
    Span span = token_span(&p->tokens[p->mark++]);
    return parser_node(p, kind, span);
}

static bool at_line_end(Parser *p) {
    int kind = parser_peek(p);
    return kind == TOKEN_NEWLINE || kind == TOKEN_SEMICOLON;
}

static Node *parse_return(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    int32_t mark = p->mark;
    Node *value = at_line_end(p) ? NULL : parse_star_expressions(p);
    if (p->raised) return NULL;
    if (!value) p->mark = mark;
    Node *node = parser_node(p, NODE_RETURN, start);
    if (node) node->u.value.value = value;
    return node;
}

static Node *parse_raise(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    int32_t mark = p->mark;
    Node *exception = at_line_end(p) ? NULL : parse_expression(p), *cause = NULL;
    if (p->raised) return NULL;
    if (!exception) p->mark = mark;
    if (exception && parser_accept(p, KEYWORD_FROM) && !(cause = parse_expression(p))) return NULL;
    Node *node = parser_node(p, NODE_RAISE, start);
    if (!node) return NULL;
    node->u.raise.exception = exception;
    node->u.raise.cause = cause;
    return node;
}

static Node *parse_assert(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    Node *test = parse_expression(p), *message = NULL;
    if (!test || (parser_accept(p, TOKEN_COMMA) && !(message = parse_expression(p)))) return NULL;
    Node *node = parser_node(p, NODE_ASSERT, start);
    if (!node) return NULL;
    node->u.assert_.test = test;
    node->u.assert_.message = message;
    return node;
}

static bool parse_del_targets(Parser *p, NodeList *out) {
    size_t base = stack_open(p);
    while (!at_line_end(p)) {
        Node *target = parse_primary(p);
        if (!target || !is_del_target(target) || !stack_push_node(p, target)) return false;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    return p->stack.used > base && at_line_end(p) && stack_take_nodes(p, base, out);
}

static Node *parse_del(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    int32_t mark = p->mark;
    NodeList targets;
    if (!parse_del_targets(p, &targets)) {
        if (p->raised || !explaining(p)) return NULL;
        p->mark = mark;
        Node *wrong = parse_star_expressions(p);
        if (wrong) explain_target(p, wrong, TARGET_DELETE);
        return NULL;
    }
    Node *node = parser_node(p, NODE_DELETE, start);
    if (node) node->u.delete_.targets = targets;
    return node;
}

static Node *parse_scope_names(Parser *p, NodeKind kind) {
    Span start = token_span(&p->tokens[p->mark++]);
    size_t base = stack_open(p);
    do {
        Value name = parser_name(p);
        if (is_unset(name) || !stack_push(p, &name, sizeof name)) return NULL;
    } while (parser_accept(p, TOKEN_COMMA));
    Node *node = parser_node(p, kind, start);
    if (!node) return NULL;
    node->u.names.names.items = stack_take(p, base, sizeof(Value), &node->u.names.names.count);
    return node->u.names.names.items ? node : NULL;
}

/* NULL without p->raised: not one of these. */
static Node *parse_simple(Parser *p) {
    switch (parser_peek(p)) {
    case KEYWORD_RETURN: return parse_return(p);
    case KEYWORD_IMPORT: return parse_import(p);
    case KEYWORD_FROM: return parse_import_from(p);
    case KEYWORD_RAISE: return parse_raise(p);
    case KEYWORD_PASS: return parse_word(p, NODE_PASS);
    case KEYWORD_DEL: return parse_del(p);
    case KEYWORD_ASSERT: return parse_assert(p);
    case KEYWORD_BREAK: return parse_word(p, NODE_BREAK);
    case KEYWORD_CONTINUE: return parse_word(p, NODE_CONTINUE);
    case KEYWORD_GLOBAL: return parse_scope_names(p, NODE_GLOBAL);
    case KEYWORD_NONLOCAL: return parse_scope_names(p, NODE_NONLOCAL);
    default: return parse_assignment(p);
    }
}

/* --- Lines and blocks --- */

bool parse_simple_line(Parser *p) {
    do {
        Node *node = parse_simple(p);
        if (!node || !stack_push_node(p, node)) return false;
    } while (parser_accept(p, TOKEN_SEMICOLON) && parser_peek(p) != TOKEN_NEWLINE);
    return parser_accept(p, TOKEN_NEWLINE);
}

/* Drops the tokens of earlier statements, but for the last one: a node may end there. */
static void forget_tokens(Parser *p) {
    if (p->mark <= 1) return;
    memmove(p->tokens, p->tokens + p->mark - 1, (size_t)(p->fill - p->mark + 1) * sizeof *p->tokens);
    p->fill -= p->mark - 1;
    p->mark = 1;
    memo_clear(p);
}

bool parse_statement(Parser *p) {
    bool is_compound = true;
    forget_tokens(p);
    Node *node = parse_compound(p, &is_compound);
    if (node) return stack_push_node(p, node);
    return !is_compound && !p->raised && parse_simple_line(p);
}

static bool at_block_end(Parser *p) {
    int kind = parser_peek(p);
    return kind == TOKEN_DEDENT || kind == TOKEN_END;
}

bool parse_statements(Parser *p, NodeList *out) {
    size_t base = stack_open(p);
    do {
        if (!parse_statement(p)) return false;
    } while (!at_block_end(p));
    return !p->raised && stack_take_nodes(p, base, out);
}

bool parse_block(Parser *p, NodeList *out, const char *after, int32_t line) {
    if (!parser_accept(p, TOKEN_NEWLINE)) {
        size_t base = stack_open(p);
        return parse_simple_line(p) && stack_take_nodes(p, base, out);
    }
    if (!parser_accept(p, TOKEN_INDENT)) {
        if (explaining(p))
            raise_last(p, &IndentationError_type, "expected an indented block after %s on line %d", after, line);
        return false;
    }
    if (!parser_enter(p)) return false;
    bool fine = parse_statements(p, out) && parser_accept(p, TOKEN_DEDENT);
    parser_leave(p);
    return fine;
}

/* --- Whole inputs --- */

bool parse_file_input(Parser *p, Module *module) {
    if (parser_peek(p) == TOKEN_END) return true;
    return parse_statements(p, &module->body) && parser_accept(p, TOKEN_END);
}

/* expression, expression, ... */
static Node *parse_expressions(Parser *p) {
    if (parser_peek(p) == TOKEN_STAR) return NULL;
    Node *node = parse_star_expressions(p);
    if (!node || node->kind != NODE_TUPLE || node->parenthesized) return node;
    for (int32_t i = 0; i < node->u.sequence.items.count; i++)
        if (node->u.sequence.items.items[i]->kind == NODE_STARRED) return NULL;
    return node;
}

bool parse_eval_input(Parser *p, Module *module) {
    module->expression = p->inside_string ? parse_star_expressions(p) : parse_expressions(p);
    if (!module->expression || p->inside_string) return module->expression != NULL;
    while (parser_accept(p, TOKEN_NEWLINE)) continue;
    return parser_accept(p, TOKEN_END);
}

/* Does only white space and comments follow? */
static bool at_text_end(const Lexer *lexer) {
    for (const char *s = lexer->cursor; s < lexer->end; s++) {
        if (*s == '#') while (s + 1 < lexer->end && s[1] != '\n') s++;
        else if (*s != ' ' && *s != '\t' && *s != '\n' && *s != '\f') return false;
    }
    return true;
}

static bool is_compound(const Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF: case NODE_CLASS_DEF: case NODE_FOR: case NODE_WHILE: case NODE_IF: case NODE_WITH:
    case NODE_MATCH: case NODE_TRY: return true;
    default: return false;
    }
}

/* One simple line, or one compound statement and a line end behind it. */
bool parse_single_input(Parser *p, Module *module) {
    size_t base = stack_open(p);
    if (parser_peek(p) == TOKEN_END) return false;
    if (!parse_statement(p) || !stack_take_nodes(p, base, &module->body)) return false;
    if (is_compound(module->body.items[0])) {
        if (!parser_accept(p, TOKEN_NEWLINE)) return false;
        if (p->more_may_come) return false;
    }
    if (at_text_end(&p->lexer)) return true;
    raise_last(p, &SyntaxError_type, "multiple statements found while compiling a single statement");
    return false;
}
