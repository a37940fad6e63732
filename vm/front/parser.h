/* Inside the parser: its state, its tokens, its helpers, and the rules that its files offer each other.
 *
 * Each rule parse_x takes the tokens of an x and returns its node, or NULL with the tokens wherever it stopped: either
 * nothing is wrong but this is no x (then the caller may go back to its mark and try something else), or an exception
 * is pending (p->raised), and everybody returns NULL.
 *
 * A source is parsed once without looking for explanations.  When that fails, it is parsed a second time with
 * p->explain set: then the rules look for known mistakes on the way and raise an error that names them
 * (parse_explain.h).  When nobody finds one, the error is "invalid syntax" at the last token that the first pass took
 * from the lexer.
 */
#ifndef FRONT_PARSER_H
#define FRONT_PARSER_H

#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/front/ast.h"
#include "vm/front/identifier.h"
#include "vm/front/lexer.h"

#define PARSE_DEPTH_MAX 6000 /* nested rules; more is MemoryError, as CPython's parser has it */

typedef struct Memo Memo;

/* Values under construction, shared by all rules as one stack. */
typedef struct Stack {
    char *data;
    size_t used, capacity; /* bytes */
} Stack;

typedef struct Parser {
    Lexer lexer;
    const Source *source;
    Arena *arena;
    Identifiers *identifiers;
    Token *tokens; /* the statement in work; one token before it stays */
    int32_t fill, mark, capacity;
    Token last;    /* of the first pass */
    bool raised;
    bool explain;
    bool muted;    /* the second pass, within a rule that must not explain */
    bool inside_string; /* the expression of an f-string */
    bool single, keep_blocks; /* as in Lexer */
    bool more_may_come;       /* a compound statement at the end of the text may go on */
    bool barry;    /* <> instead of != */
    int32_t fstring_depth;
    int32_t depth;
    Stack stack;
    Memo *memo;
} Parser;

/* --- Tokens --- */

bool parser_fill(Parser *p); /* one more token; false: raised */

static inline int parser_peek(Parser *p) {
    if (p->mark == p->fill && !parser_fill(p)) return TOKEN_ERROR;
    return p->tokens[p->mark].kind;
}
static inline int parser_peek_second(Parser *p) {
    if (parser_peek(p) == TOKEN_ERROR) return TOKEN_ERROR;
    if (p->mark + 1 == p->fill && !parser_fill(p)) return TOKEN_ERROR;
    return p->tokens[p->mark + 1].kind;
}
static inline bool parser_accept(Parser *p, int kind) {
    if (parser_peek(p) != kind) return false;
    p->mark++;
    return true;
}
/* The next token; valid until more tokens are taken. */
static inline const Token *parser_token(Parser *p) {
    return parser_peek(p) == TOKEN_ERROR ? &p->lexer.token : &p->tokens[p->mark];
}
static inline const Token *parser_previous(const Parser *p) { return &p->tokens[p->mark - 1]; }
Span parser_end(const Parser *p); /* of the last token that is more than the end of a line or block */
static inline Span token_span(const Token *t) { return (Span){t->line, t->col, t->end_line, t->end_col}; }

/* The next token raises "expected 'x'" unless it is of this kind. */
bool parser_force(Parser *p, int kind, const char *text);
bool parser_at_soft(Parser *p, const char *word); /* the next token is this soft keyword */

/* --- Nodes --- */

Node *parser_node(Parser *p, NodeKind kind, Span start); /* ends at parser_end */
static inline Span span_to(Span start, Span end) { return (Span){start.line, start.col, end.end_line, end.end_col}; }

/* Lists grow on the stack between stack_open and a stack_take that moves them into the arena. */
static inline size_t stack_open(const Parser *p) { return p->stack.used; }
bool stack_push(Parser *p, const void *item, size_t size);
static inline bool stack_push_node(Parser *p, Node *node) { return stack_push(p, &node, sizeof node); }
static inline void stack_drop(Parser *p, size_t base) { p->stack.used = base; }
void *stack_take(Parser *p, size_t base, size_t size, int32_t *count); /* NULL: no memory */
bool stack_take_nodes(Parser *p, size_t base, NodeList *out);

Value parser_name(Parser *p); /* takes a NAME; UNSET: it is none */

/* --- Errors: return NULL (false), so that a rule can return them --- */

void *raise_at(Parser *p, Span span, const char *format, ...);          /* SyntaxError from start to end */
void *raise_from(Parser *p, Span start, const char *format, ...);       /* ... from start to where the lexer stands */
void *raise_last(Parser *p, Type *type, const char *format, ...);       /* at the last token that was read */
bool parser_enter(Parser *p);                                           /* one rule deeper; false: raised */
static inline void parser_leave(Parser *p) { p->depth--; }
static inline bool explaining(const Parser *p) { return p->explain && !p->muted; }

/* --- Memory of the second pass, which tries the same rule at the same token again and again --- */

typedef enum Rule {
    RULE_EXPRESSION,
    RULE_DISJUNCTION,
    RULE_BITWISE_OR,
    RULE_INVALID_NAMED,
    RULE_PRIMARY,
    RULE_STAR
} Rule;
bool memo_find(Parser *p, Rule rule, Node **node); /* true: found, and the mark moved behind it */
Node *memo_store(Parser *p, Rule rule, int32_t start, Node *node);
void memo_clear(Parser *p);

/* --- Rules --- */

Node *parse_expression(Parser *p);
Node *parse_expression_itself(Parser *p);      /* neither explained nor remembered */
Node *parse_named_expression(Parser *p);
Node *parse_star_expressions(Parser *p);       /* a, *b: a tuple without parentheses, or one expression */
Node *parse_star_expression(Parser *p);
Node *parse_star_named_expression(Parser *p);
Node *parse_disjunction(Parser *p);
Node *parse_bitwise_or(Parser *p);
Node *parse_primary(Parser *p);
Node *parse_yield(Parser *p);
Node *parse_starred(Parser *p);                /* '*' expression, as in calls */
bool parser_at_clauses(Parser *p);             /* for, async for */
bool parse_clauses(Parser *p, ClauseList *out);

Node *parse_atom(Parser *p);
Node *parse_strings(Parser *p);
Node *parse_number(Parser *p);


typedef struct Arguments {
    NodeList args;
    Keyword *keywords;
    int32_t keyword_count;
} Arguments;
bool parse_arguments(Parser *p, Arguments *out); /* up to the closing parenthesis, which stays */
bool parse_params(Parser *p, Params *out, bool lambda);

bool parse_block(Parser *p, NodeList *out, const char *after, int32_t line); /* "'if' statement" of this line */
bool parse_statements(Parser *p, NodeList *out);  /* one or more, up to something else */
bool parse_statement(Parser *p);                  /* pushes the nodes of one line or one compound statement */
bool parse_simple_line(Parser *p);                /* a; b; c NEWLINE */
Node *parse_compound(Parser *p, bool *is_compound);
Node *parse_import(Parser *p);
Node *parse_import_from(Parser *p);
Node *parse_match(Parser *p);
Node *parse_assignment(Parser *p);
Node *parse_star_target(Parser *p);               /* one target of for or with */
Node *parse_star_targets(Parser *p);
Node *parse_del_targets_statement(Parser *p);

/* What the values of a target may be. */
bool is_star_target(const Node *node);
bool is_single_target(const Node *node);
bool is_del_target(const Node *node);

#endif
