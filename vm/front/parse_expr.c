/* Expressions, from the comma down to the primary. */
#include "vm/front/parse_explain.h"

#include <limits.h>

/* --- Binary operators: one loop over a table of precedences --- */

typedef struct Infix {
    uint8_t precedence; /* 0: no binary operator */
    uint8_t op;         /* BinaryOp */
} Infix;

enum { PRECEDENCE_BIT_OR = 1, PRECEDENCE_XOR, PRECEDENCE_AND, PRECEDENCE_SHIFT, PRECEDENCE_SUM, PRECEDENCE_TERM };

static const Infix infixes[TOKEN_KIND_COUNT] = {
    [TOKEN_BAR] = {PRECEDENCE_BIT_OR, BINARY_OR},
    [TOKEN_CARET] = {PRECEDENCE_XOR, BINARY_XOR},
    [TOKEN_AMPERSAND] = {PRECEDENCE_AND, BINARY_AND},
    [TOKEN_LSHIFT] = {PRECEDENCE_SHIFT, BINARY_LSHIFT},
    [TOKEN_RSHIFT] = {PRECEDENCE_SHIFT, BINARY_RSHIFT},
    [TOKEN_PLUS] = {PRECEDENCE_SUM, BINARY_ADD},
    [TOKEN_MINUS] = {PRECEDENCE_SUM, BINARY_SUBTRACT},
    [TOKEN_STAR] = {PRECEDENCE_TERM, BINARY_MULTIPLY},
    [TOKEN_SLASH] = {PRECEDENCE_TERM, BINARY_TRUE_DIVIDE},
    [TOKEN_DOUBLE_SLASH] = {PRECEDENCE_TERM, BINARY_FLOOR_DIVIDE},
    [TOKEN_PERCENT] = {PRECEDENCE_TERM, BINARY_MODULO},
    [TOKEN_AT] = {PRECEDENCE_TERM, BINARY_MATMUL},
};

static Node *parse_factor(Parser *p);

static Node *make_binary(Parser *p, BinaryOp op, Span start, Node *left, Node *right) {
    Node *node = right ? parser_node(p, NODE_BIN_OP, start) : NULL;
    if (!node) return NULL;
    node->u.bin_op.op = op;
    node->u.bin_op.left = left;
    node->u.bin_op.right = right;
    return node;
}

/* Operators of at least this precedence; those of one precedence group to the left.  An operator that binds more tightly
 * than the one before has been tried there, in vain: to try it once more here would double the time with each level. */
static Node *parse_binary(Parser *p, int minimum) {
    Span start = token_span(parser_token(p));
    Node *left = parse_factor(p);
    for (int last = INT_MAX; left;) {
        Infix infix = infixes[parser_peek(p)];
        if (infix.precedence < minimum || infix.precedence == 0 || infix.precedence > last) return left;
        last = infix.precedence;
        int32_t mark = p->mark++;
        Node *right = parse_binary(p, infix.precedence + 1);
        if (!right && !p->raised) return p->mark = mark, left;
        left = make_binary(p, infix.op, start, left, right);
    }
    return left;
}

Node *parse_bitwise_or(Parser *p) {
    Node *node;
    if (memo_find(p, RULE_BITWISE_OR, &node)) return node;
    int32_t start = p->mark;
    node = parse_binary(p, PRECEDENCE_BIT_OR);
    return memo_store(p, RULE_BITWISE_OR, start, node);
}

static Node *make_unary(Parser *p, uint8_t op, Span start, Node *operand) {
    Node *node = operand ? parser_node(p, NODE_UNARY_OP, start) : NULL;
    if (!node) return NULL;
    node->u.unary_op.op = op;
    node->u.unary_op.operand = operand;
    return node;
}

static Node *parse_power(Parser *p);

static Node *parse_factor(Parser *p) {
    uint8_t op;
    switch (parser_peek(p)) {
    case TOKEN_MINUS: op = UNARY_NEGATIVE; break;
    case TOKEN_PLUS: op = UNARY_POSITIVE; break;
    case TOKEN_TILDE: op = UNARY_INVERT; break;
    default: return parse_power(p);
    }
    if (!parser_enter(p)) return NULL;
    Span start = token_span(&p->tokens[p->mark++]);
    Node *node = make_unary(p, op, start, parse_factor(p));
    parser_leave(p);
    return node;
}

static Node *parse_await_primary(Parser *p) {
    if (parser_peek(p) != KEYWORD_AWAIT) return parse_primary(p);
    Span start = token_span(&p->tokens[p->mark++]);
    Node *operand = parse_primary(p);
    Node *node = operand ? parser_node(p, NODE_AWAIT, start) : NULL;
    if (node) node->u.value.value = operand;
    return node;
}

static Node *parse_power(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *base = parse_await_primary(p);
    if (!base || parser_peek(p) != TOKEN_DOUBLE_STAR) return base;
    if (!parser_enter(p)) return NULL;
    int32_t mark = p->mark++;
    Node *exponent = parse_factor(p);
    parser_leave(p);
    if (!exponent && !p->raised) return p->mark = mark, base;
    return make_binary(p, BINARY_POWER, start, base, exponent);
}

/* --- Comparisons and boolean operators --- */

/* Takes a comparison operator; -1: there is none. */
static int accept_comparison(Parser *p) {
    int op;
    switch (parser_peek(p)) {
    case TOKEN_EQUAL_EQUAL: op = COMPARE_EQ; break;
    case TOKEN_NOT_EQUAL: op = p->barry ? -1 : COMPARE_NE; break;
    case TOKEN_FLUFL: op = p->barry ? COMPARE_NE : -1; break;
    case TOKEN_LESS: op = COMPARE_LT; break;
    case TOKEN_LESS_EQUAL: op = COMPARE_LE; break;
    case TOKEN_GREATER: op = COMPARE_GT; break;
    case TOKEN_GREATER_EQUAL: op = COMPARE_GE; break;
    case KEYWORD_IN: op = COMPARE_IN; break;
    case KEYWORD_NOT:
        if (parser_peek_second(p) != KEYWORD_IN) return -1;
        p->mark++;
        op = COMPARE_NOT_IN;
        break;
    case KEYWORD_IS:
        op = parser_peek_second(p) == KEYWORD_NOT ? COMPARE_IS_NOT : COMPARE_IS;
        if (op == COMPARE_IS_NOT) p->mark++;
        break;
    default: return -1;
    }
    if (op >= 0) p->mark++;
    return op;
}

typedef struct Comparand {
    Node *operand;
    int op;
} Comparand;

static Node *take_comparison(Parser *p, Span start, Node *left, size_t base) {
    int32_t count;
    Comparand *pairs = stack_take(p, base, sizeof *pairs, &count);
    if (!pairs) return NULL;
    Node *node = parser_node(p, NODE_COMPARE, start);
    Node **operands = node ? ARENA_ARRAY(p->arena, Node *, count) : NULL;
    uint8_t *ops = operands ? ARENA_ARRAY(p->arena, uint8_t, count) : NULL;
    if (!ops) return p->raised = true, NULL;
    for (int32_t i = 0; i < count; i++) operands[i] = pairs[i].operand, ops[i] = (uint8_t)pairs[i].op;
    node->u.compare.left = left;
    node->u.compare.ops = ops;
    node->u.compare.comparators = (NodeList){operands, count};
    return node;
}

static Node *parse_comparison(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *left = parse_bitwise_or(p);
    if (!left) return NULL;
    size_t base = stack_open(p);
    int32_t mark = p->mark;
    for (int op; (op = accept_comparison(p)) >= 0; mark = p->mark) {
        Comparand pair = {parse_bitwise_or(p), op};
        if (!pair.operand) break;
        if (!stack_push(p, &pair, sizeof pair)) return NULL;
    }
    if (p->raised) return NULL;
    p->mark = mark;
    return base == p->stack.used ? left : take_comparison(p, start, left, base);
}

static Node *parse_inversion(Parser *p) {
    if (parser_peek(p) != KEYWORD_NOT) return parse_comparison(p);
    if (!parser_enter(p)) return NULL;
    Span start = token_span(&p->tokens[p->mark++]);
    Node *node = make_unary(p, UNARY_NOT, start, parse_inversion(p));
    parser_leave(p);
    return node;
}

/* operand (keyword operand)*: one node for all, if there are several. */
static Node *parse_bool_op(Parser *p, int keyword, Node *(*parse_operand)(Parser *)) {
    Span start = token_span(parser_token(p));
    Node *first = parse_operand(p);
    if (!first || parser_peek(p) != keyword) return first;
    size_t base = stack_open(p);
    int32_t mark = p->mark;
    if (!stack_push_node(p, first)) return NULL;
    for (; parser_accept(p, keyword); mark = p->mark) {
        Node *operand = parse_operand(p);
        if (!operand) break;
        if (!stack_push_node(p, operand)) return NULL;
    }
    if (p->raised) return NULL;
    p->mark = mark;
    if (p->stack.used == base + sizeof first) return stack_drop(p, base), first;
    Node *node = parser_node(p, NODE_BOOL_OP, start);
    if (!node || !stack_take_nodes(p, base, &node->u.bool_op.values)) return NULL;
    node->u.bool_op.is_or = keyword == KEYWORD_OR;
    return node;
}

static Node *parse_conjunction(Parser *p) { return parse_bool_op(p, KEYWORD_AND, parse_inversion); }

Node *parse_disjunction(Parser *p) {
    Node *node;
    if (memo_find(p, RULE_DISJUNCTION, &node)) return node;
    int32_t start = p->mark;
    node = parse_bool_op(p, KEYWORD_OR, parse_conjunction);
    return memo_store(p, RULE_DISJUNCTION, start, node);
}

/* --- Conditional expressions, lambda, walrus --- */

static Node *parse_lambda(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    Params params;
    if (!parse_params(p, &params, true) || !parser_accept(p, TOKEN_COLON)) return NULL;
    Node *body = parse_expression(p);
    Node *node = body ? parser_node(p, NODE_LAMBDA, start) : NULL;
    if (!node) return NULL;
    node->u.lambda.params = params;
    node->u.lambda.body = body;
    return node;
}

static Node *parse_conditional(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *body = parse_disjunction(p);
    if (!body || parser_peek(p) != KEYWORD_IF) return body;
    int32_t mark = p->mark++;
    Node *test = parse_disjunction(p);
    Node *orelse = test && parser_accept(p, KEYWORD_ELSE) ? parse_expression(p) : NULL;
    if (!orelse) return p->raised ? NULL : (p->mark = mark, body);
    Node *node = parser_node(p, NODE_IF_EXP, start);
    if (!node) return NULL;
    node->u.if_exp.test = test;
    node->u.if_exp.body = body;
    node->u.if_exp.orelse = orelse;
    return node;
}

Node *parse_expression_itself(Parser *p) {
    return parser_peek(p) == KEYWORD_LAMBDA ? parse_lambda(p) : parse_conditional(p);
}

Node *parse_expression(Parser *p) {
    Node *node;
    if (memo_find(p, RULE_EXPRESSION, &node)) return node;
    if (!parser_enter(p)) return NULL;
    int32_t start = p->mark;
    if (explaining(p)) explain_expression(p);
    node = p->raised ? NULL : parse_expression_itself(p);
    parser_leave(p);
    return memo_store(p, RULE_EXPRESSION, start, node);
}

static Node *parse_walrus(Parser *p) {
    Span start = token_span(&p->tokens[p->mark]);
    Node *target = parser_node(p, NODE_NAME, start);
    if (!target) return NULL;
    target->u.name.name = parser_name(p);
    target->span = start;
    p->mark++;
    Node *value = parse_expression(p);
    Node *node = value ? parser_node(p, NODE_NAMED_EXPR, start) : NULL;
    if (!node) return NULL;
    node->u.named_expr.target = target;
    node->u.named_expr.value = value;
    return node;
}

static bool at_walrus(Parser *p) { return parser_peek(p) == TOKEN_NAME && parser_peek_second(p) == TOKEN_WALRUS; }

Node *parse_named_expression(Parser *p) {
    if (at_walrus(p)) return parse_walrus(p);
    if (explaining(p)) explain_named_expression(p);
    Node *node = p->raised ? NULL : parse_expression(p);
    return node && parser_peek(p) == TOKEN_WALRUS ? NULL : node;
}

/* --- Stars and commas --- */

static Node *parse_star(Parser *p, Node *(*parse_operand)(Parser *)) {
    Span start = token_span(&p->tokens[p->mark++]);
    Node *operand = parse_operand(p);
    Node *node = operand ? parser_node(p, NODE_STARRED, start) : NULL;
    if (node) node->u.value.value = operand;
    return node;
}

Node *parse_starred(Parser *p) { return parser_peek(p) == TOKEN_STAR ? parse_star(p, parse_expression) : NULL; }

Node *parse_star_expression(Parser *p) {
    Node *node;
    if (memo_find(p, RULE_STAR, &node)) return node;
    int32_t start = p->mark;
    node = parser_peek(p) == TOKEN_STAR ? parse_star(p, parse_bitwise_or) : parse_expression(p);
    return memo_store(p, RULE_STAR, start, node);
}

Node *parse_star_named_expression(Parser *p) {
    return parser_peek(p) == TOKEN_STAR ? parse_star(p, parse_bitwise_or) : parse_named_expression(p);
}

/* first, then more items with commas between and perhaps one behind, as a tuple. */
static Node *parse_tuple_rest(Parser *p, Span start, Node *first, Node *(*parse_item)(Parser *)) {
    size_t base = stack_open(p);
    if (!stack_push_node(p, first)) return NULL;
    while (parser_accept(p, TOKEN_COMMA)) {
        int32_t mark = p->mark;
        Node *item = parse_item(p);
        if (p->raised) return NULL;
        if (!item) {
            p->mark = mark;
            break;
        }
        if (!stack_push_node(p, item)) return NULL;
    }
    Node *node = parser_node(p, NODE_TUPLE, start);
    return node && stack_take_nodes(p, base, &node->u.sequence.items) ? node : NULL;
}

Node *parse_star_expressions(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *first = parse_star_expression(p);
    return first && parser_peek(p) == TOKEN_COMMA ? parse_tuple_rest(p, start, first, parse_star_expression) : first;
}

Node *parse_yield(Parser *p) {
    Span start = token_span(&p->tokens[p->mark++]);
    bool from = parser_accept(p, KEYWORD_FROM);
    int32_t mark = p->mark;
    Node *value = from ? parse_expression(p) : parse_star_expressions(p);
    if (p->raised || (from && !value)) return NULL;
    if (!value) p->mark = mark;
    Node *node = parser_node(p, from ? NODE_YIELD_FROM : NODE_YIELD, start);
    if (node) node->u.value.value = value;
    return node;
}

/* --- Targets --- */

static Node *parse_target_operand(Parser *p) { return parser_peek(p) == TOKEN_STAR ? NULL : parse_star_target(p); }

/* Parsed as the expression it looks like: the caller checks with is_star_target. */
Node *parse_star_target(Parser *p) {
    return parser_peek(p) == TOKEN_STAR ? parse_star(p, parse_target_operand) : parse_primary(p);
}

Node *parse_star_targets(Parser *p) {
    Span start = token_span(parser_token(p));
    Node *first = parse_star_target(p);
    if (first && parser_peek(p) == TOKEN_COMMA) first = parse_tuple_rest(p, start, first, parse_star_target);
    return first && is_star_target(first) ? first : NULL;
}

static bool all_items(const Node *node, bool (*is_target)(const Node *)) {
    for (int32_t i = 0; i < node->u.sequence.items.count; i++)
        if (!is_target(node->u.sequence.items.items[i])) return false;
    return true;
}

bool is_single_target(const Node *node) {
    return node->kind == NODE_NAME || node->kind == NODE_ATTRIBUTE || node->kind == NODE_SUBSCRIPT;
}

bool is_del_target(const Node *node) {
    if (node->kind == NODE_TUPLE || node->kind == NODE_LIST) return all_items(node, is_del_target);
    return is_single_target(node);
}

bool is_star_target(const Node *node) {
    if (node->kind == NODE_TUPLE || node->kind == NODE_LIST) return all_items(node, is_star_target);
    if (node->kind != NODE_STARRED) return is_single_target(node);
    return node->u.value.value->kind != NODE_STARRED && is_star_target(node->u.value.value);
}
