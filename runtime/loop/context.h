/* Contexts: what context variables are bound to, one mapping for each task.
 *
 * The bindings of a Context are a dict that copies share until one of them is changed.  A thread has a current context;
 * one that is UNSET is empty, and becomes an object when somebody sets a variable or asks for it.  So a program that
 * uses no context variables makes no contexts.
 */
#ifndef LOOP_CONTEXT_H
#define LOOP_CONTEXT_H

#include "runtime/mem/type.h"

extern Type context_type, context_var_type, context_token_type;

bool task_context_ready(void);
/* What copy_context() returns, or UNSET with nothing pending while the current context is empty.  *failed: MemoryError.
 */
Value task_context_snapshot(bool *failed);
/* An object in any case; UNSET: MemoryError pending. */
Value task_context_copy(void);

/* Runs the calling thread in `*context` until task_context_leave(); what was current is returned in *outer (not owned by
 * anybody else meanwhile).  False: RuntimeError, it is entered already. */
bool task_context_enter(Value context, Value *outer);
/* Afterwards *context is what the thread had: an object when an UNSET one has become one. */
void task_context_leave(Value *context, Value outer);

#endif
