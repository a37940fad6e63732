/* Inside the last stage of the front end (parse_stages.h: check_module). */
#ifndef FRONT_CHECK_H
#define FRONT_CHECK_H

#include "vm/front/scope.h"
#include "vm/front/source.h"

typedef enum Block { BLOCK_NONE, BLOCK_LOOP, BLOCK_EXCEPT_STAR } Block;

typedef struct Checker {
    const Source *source;
    const Scope *scope;
    Span span;            /* what an error points at: the statement, expression or pattern in work */
    Value debug_name;     /* "__debug__" */
    int32_t last_future_line;
    Block block;          /* the innermost one that break and continue meet */
    bool in_except_star;  /* anywhere around, within the function */
    bool future_annotations, top_level_await, warns;
} Checker;

bool check_fail(Checker *c, const char *format, Value value); /* returns false; value for %U or %R, or UNSET */
bool check_expression(Checker *c, Node *node);
bool check_target(Checker *c, Node *node, bool delete);
bool check_store_name(Checker *c, Value name); /* UNSET is fine */
bool check_case_body(Checker *c, const NodeList *body);
bool check_match(Checker *c, Node *node);

/* Warn; false: the warning has become an error. */
bool check_warn_assert(Checker *c, const Node *test);
bool check_warn_compare(Checker *c, const Node *node);
bool check_warn_call(Checker *c, const Node *function);
bool check_warn_subscript(Checker *c, const Node *node);

#endif
