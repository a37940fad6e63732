/* The second pass: known mistakes and the words for them.  Each function looks at the tokens from the mark on, raises
 * if it knows what is wrong, and leaves the mark where it was. */
#ifndef FRONT_PARSE_EXPLAIN_H
#define FRONT_PARSE_EXPLAIN_H

#include "vm/front/parser.h"

typedef enum TargetUse { TARGET_ASSIGN, TARGET_DELETE, TARGET_FOR } TargetUse;

const char *expression_name(const Node *node); /* "function call", "literal", ... */
void explain_target(Parser *p, const Node *node, TargetUse use); /* "cannot assign to x", unless it is a fine target */

void explain_expression(Parser *p);        /* a missing comma, `else` or the parentheses of print */
void explain_named_expression(Parser *p);  /* = for == or := */
void explain_assignment(Parser *p);
void explain_arguments(Parser *p);         /* behind the parenthesis of a call */
void explain_group(Parser *p);             /* at the opening parenthesis, bracket or brace of a display */
void explain_comprehension(Parser *p);
void explain_dict(Parser *p);
void explain_dict_comprehension(Parser *p);

#endif
