/* Calls of the machine: deciding how a callee is called, and pushing frames for script functions. */
#ifndef EXEC_CALL_H
#define EXEC_CALL_H

#include "vm/exec/frame.h"
#include "vm/exec/function.h"

/* FAILED: exception pending.  DONE: the result is there.  PUSHED: machine.frame is the callee's new frame, ready to
 * run. */
typedef enum Outcome { OUTCOME_FAILED, OUTCOME_DONE, OUTCOME_PUSHED } Outcome;

/* Who gets the result of a pushed frame. */
typedef struct Return {
    FrameKind kind;
    uint16_t result;
} Return;

/* base[0] is the callee, base[1..count] the positional arguments, then the values of kwnames (tuple, borrowed, or
 * UNSET). All of them are consumed; they stand at the top of the frame's live registers. */
Outcome call_begin(Frame *frame, Value *base, size_t count, Value kwnames, Return to, Value *out);
/* callee(*args, **kwargs): base[0], base[1] a tuple or list, base[2] a dict or unset; all consumed. */
Outcome call_begin_ex(Frame *frame, Value *base, Return to, Value *out);

/* Calls a script function.  callee (a Function) and args are consumed; args lie anywhere, at the top of the frame's
 * registers (in_place), or elsewhere. */
Outcome function_begin(Frame *frame, Value callee, Value *args, size_t count, Value kwnames, bool in_place, Return to,
                       Value *out);

/* Runs a comprehension's code on args[0], its iterator, and the free cells behind it; all are consumed. */
Outcome comprehension_begin(Frame *frame, Code *code, Value *args, Return to, Value *out);

/* Type slot of functions. */
Value function_call(Value callee, const Value *args, size_t count, Value kwnames);
/* Calls a script function or any callable on borrowed arguments for an operation of the loop: a script function is
 * pushed. */
Outcome call_begin_borrowed(Frame *frame, Value callee, const Value *args, size_t count, Return to, Value *out);

/* The builtins for functions with these globals, borrowed. */
Value builtins_of(Value globals);

/* A call of a built-in class that is none of a script's, made by type's own call slot; arguments are borrowed. */
Value construct_built_in(Type *class, const Value *args, size_t count);

/* The loop.  Runs machine.frame, an ENTRY frame, until it ends.  1: yielded, 0: returned (*result), -1: raised. */
int execute(Value *result);
int execute_anywhere(Value *result); /* the same, looking at the thread between any two instructions */
/* Finds the handler for the pending exception, ending frames on the way.  False: the ENTRY frame ended too.
 * again: the innermost frame raises it as it was, and gets no new traceback entry. */
bool unwind(bool again);

#endif
