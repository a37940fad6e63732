/* The abstract syntax tree of a Python program: one kind of node for expressions, statements and patterns.
 *
 * Nodes, lists and strings live in the arena of their Module; the values inside (identifiers are interned str,
 * constants any immutable value) are borrowed from it.  A node is only as large as its own member of the union, so
 * nodes are never copied by assignment.  Optional children are NULL, optional identifiers UNSET.
 *
 * Lines count from 1.  Columns count from 0 in bytes of UTF-8 from the start of the line; `end` is exclusive.
 *
 * The analysis in scope.h stores mangled names (`__x` in class A is `_A__x`) into every identifier that is a variable
 * or an attribute (names, attributes, parameters, handlers, captures, global, nonlocal); FunctionDef.name and
 * ClassDef.name keep the spelling of the source (for __name__), their `binding` is the mangled one.  Keywords of calls
 * and of class patterns are never mangled.
 */
#ifndef FRONT_AST_H
#define FRONT_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/mem/type.h"
#include "vm/front/arena.h"

typedef struct Node Node;
typedef struct Scope Scope; /* scope.h */

typedef struct Span {
    int32_t line, col;
    int32_t end_line, end_col;
} Span;

typedef enum NodeKind {
    /* Expressions */
    NODE_CONSTANT,
    NODE_NAME,
    NODE_TUPLE,
    NODE_LIST,
    NODE_SET,
    NODE_DICT,
    NODE_BOOL_OP,
    NODE_NAMED_EXPR,
    NODE_BIN_OP,
    NODE_UNARY_OP,
    NODE_LAMBDA,
    NODE_IF_EXP,
    NODE_LIST_COMP,
    NODE_SET_COMP,
    NODE_DICT_COMP,
    NODE_GENERATOR_EXP,
    NODE_AWAIT,
    NODE_YIELD,
    NODE_YIELD_FROM,
    NODE_COMPARE,
    NODE_CALL,
    NODE_JOINED_STR,
    NODE_FORMATTED_VALUE,
    NODE_ATTRIBUTE,
    NODE_SUBSCRIPT,
    NODE_STARRED,
    NODE_SLICE,
    /* Statements */
    NODE_FUNCTION_DEF,
    NODE_CLASS_DEF,
    NODE_RETURN,
    NODE_DELETE,
    NODE_ASSIGN,
    NODE_AUG_ASSIGN,
    NODE_ANN_ASSIGN,
    NODE_FOR,
    NODE_WHILE,
    NODE_IF,
    NODE_WITH,
    NODE_MATCH,
    NODE_RAISE,
    NODE_TRY,
    NODE_ASSERT,
    NODE_IMPORT,
    NODE_IMPORT_FROM,
    NODE_GLOBAL,
    NODE_NONLOCAL,
    NODE_EXPR,
    NODE_PASS,
    NODE_BREAK,
    NODE_CONTINUE,
    /* Patterns */
    NODE_MATCH_VALUE,
    NODE_MATCH_SINGLETON,
    NODE_MATCH_SEQUENCE,
    NODE_MATCH_MAPPING,
    NODE_MATCH_CLASS,
    NODE_MATCH_STAR,
    NODE_MATCH_AS,
    NODE_MATCH_OR,
} NodeKind;

/* Operators are BINARY_*, UNARY_* and COMPARE_* of runtime/mem/type.h, and these, which no type has a slot for. */
enum { UNARY_NOT = UNARY_COUNT };
enum { COMPARE_IS = COMPARE_GE + 1, COMPARE_IS_NOT, COMPARE_IN, COMPARE_NOT_IN };

typedef struct NodeList {
    Node **items;
    int32_t count;
} NodeList;

typedef struct NameList {
    Value *items;
    int32_t count;
} NameList;

typedef struct Param {
    Value name;
    Node *annotation;    /* or NULL */
    Node *default_value; /* or NULL */
    Span span;
} Param;

/* `items` holds, in this order (that of co_varnames): positional-only, positional, keyword-only, then *args, then
 * **kwargs. */
typedef struct Params {
    Param *items;
    int32_t count;           /* of all */
    int32_t positional_only; /* of the first `positional` */
    int32_t positional;      /* including positional-only */
    int32_t keyword_only;
    bool has_star;        /* a named *args; a bare * only separates */
    bool has_double_star; /* **kwargs */
} Params;

typedef struct Keyword { /* name=value, or **value when name is UNSET */
    Value name;
    Node *value;
    Span span;
} Keyword;

typedef struct Clause { /* [async] for target in iter [if ...]* of a comprehension */
    Node *target;
    Node *iter;
    NodeList conditions;
    bool is_async;
} Clause;

typedef struct ClauseList {
    Clause *items;
    int32_t count;
} ClauseList;

typedef struct WithItem {
    Node *context;
    Node *target; /* or NULL */
} WithItem;

typedef struct Handler { /* except type as name: body */
    Node *type;          /* or NULL */
    Value name;          /* or UNSET */
    NodeList body;
    Span span;
} Handler;

typedef struct Alias { /* import name as binding */
    Value name;        /* dotted for `import`; "*" for a star import */
    Value as_name;     /* or UNSET */
    Value binding;     /* the variable that is assigned: as_name, or the first part of name; mangled */
    Span span;
} Alias;

typedef struct MatchCase {
    Node *pattern;
    Node *guard; /* or NULL */
    NodeList body;
} MatchCase;

struct Node {
    uint8_t kind; /* NodeKind */
    bool parenthesized; /* an expression that stands in its own parentheses */
    bool folded;        /* for the compiler: constants below have been looked for */
    Span span;
    union {
        /* Expressions */
        struct { Value value; bool unicode_prefix; } constant; /* None, bools, numbers, str, bytes, Ellipsis */
        struct { Value name; } name;
        struct { NodeList items; } sequence; /* TUPLE, LIST, SET */
        struct { NodeList keys, values; } dict; /* a NULL key: **value */
        struct { bool is_or; NodeList values; } bool_op;
        struct { Node *target, *value; } named_expr;
        struct { BinaryOp op; Node *left, *right; } bin_op;
        struct { uint8_t op; Node *operand; } unary_op;
        struct { Params params; Node *body; Scope *scope; } lambda;
        struct { Node *test, *body, *orelse; } if_exp;
        struct { Node *element, *value; ClauseList clauses; Scope *scope; } comp; /* DICT_COMP: element is the key */
        struct { Node *value; } value; /* AWAIT, YIELD, RETURN (or NULL), YIELD_FROM, STARRED, EXPR, MATCH_VALUE */
        struct { Node *left; uint8_t *ops; NodeList comparators; } compare; /* ops: COMPARE_*, for each comparator */
        struct { Node *function; NodeList args; Keyword *keywords; int32_t keyword_count; } call;
        struct { NodeList values; } joined_str; /* CONSTANT strings and FORMATTED_VALUE */
        struct { Node *value, *format_spec; int conversion; } formatted_value; /* JOINED_STR, NULL; -1 or "sra" */
        struct { Node *object; Value name; } attribute;
        struct { Node *object, *index; } subscript;
        struct { Node *lower, *upper, *step; } slice;
        /* Statements */
        struct {
            Value name, binding;
            Params params;
            NodeList body, decorators;
            Node *returns; /* or NULL */
            bool is_async;
            Scope *scope;
        } function_def; /* the span starts at `def` or `async`, not at a decorator */
        struct {
            Value name, binding;
            NodeList bases;
            Keyword *keywords;
            int32_t keyword_count;
            NodeList body, decorators;
            Scope *scope;
        } class_def;
        struct { NodeList targets; } delete_;
        struct { NodeList targets; Node *value; } assign; /* a = b = value has two targets */
        struct { Node *target, *value; BinaryOp op; } aug_assign;
        struct { Node *target, *annotation, *value; bool simple; } ann_assign; /* simple: an unparenthesized name */
        struct { Node *target, *iter; NodeList body, orelse; bool is_async; } for_;
        struct { Node *test; NodeList body, orelse; } while_;
        struct { Node *test; NodeList body, orelse; } if_; /* elif: orelse is one IF */
        struct { WithItem *items; int32_t count; NodeList body; bool is_async; } with;
        struct { Node *subject; MatchCase *cases; int32_t count; } match;
        struct { Node *exception, *cause; } raise; /* both may be NULL */
        struct { NodeList body, orelse, finally; Handler *handlers; int32_t handler_count; bool is_star; } try_;
        struct { Node *test, *message; } assert_; /* message may be NULL */
        struct { Alias *items; int32_t count; } import;
        struct { Value module; Alias *items; int32_t count; int32_t level; } import_from; /* module may be UNSET */
        struct { NameList names; } names; /* GLOBAL, NONLOCAL */
        /* Patterns */
        struct { Value value; } singleton;
        struct { NodeList patterns; } patterns; /* MATCH_SEQUENCE, MATCH_OR */
        struct { NodeList keys, patterns; Value rest; } match_mapping; /* rest: **name, or UNSET */
        struct { Node *cls; NodeList patterns; Value *names; NodeList named_patterns; } match_class;
        struct { Value name; } match_star; /* UNSET: *_ */
        struct { Node *pattern; Value name; } match_as; /* no pattern: a capture; neither: _ */
    } u;
};

typedef enum ParseMode { PARSE_EXEC, PARSE_EVAL, PARSE_SINGLE } ParseMode;

typedef struct Module {
    ParseMode mode;
    NodeList body;    /* EXEC, SINGLE */
    Node *expression; /* EVAL */
    Scope *scope;
    bool future_annotations; /* annotations are kept as text: see unparse.h */
    unsigned future_flags;   /* FUTURE_* that hold for this source, for code compiled from within it */
    int32_t last_line;
    int32_t last_future_line; /* of the imports from __future__ at the top; 0: there are none */
} Module;

#define FUTURE_ANNOTATIONS 0x1000000u /* the bits of __future__ and compile() */
#define FUTURE_BARRY       0x400000u

/* Walks over every docstring rule: the constant str that opens `body`, or NULL. */
Node *ast_docstring(const NodeList *body);

#endif
