/* Generators, coroutines and asynchronous generators: a frame that can be left and entered again. */
#ifndef EXEC_GENERATOR_H
#define EXEC_GENERATOR_H

#include "vm/exec/frame.h"

typedef enum GeneratorState {
    GENERATOR_CREATED,
    GENERATOR_SUSPENDED,
    GENERATOR_RUNNING,
    GENERATOR_FINISHED
} GeneratorState;

typedef struct Generator {
    Object head;
    Value name, qualname;
    Value code;              /* owned */
    Value handled;           /* exception that it was handling when it was left */
    Value outer;             /* what the resumer was handling, while it runs */
    Value origin;            /* coroutines: cr_origin; asynchronous generators: the finalizer hook; or UNSET */
    uint32_t catches;        /* handlers that it is within */
    uint8_t state;
    bool stepping, closing, hooked; /* asynchronous generators: a step is under way; aclose began; the hook was told */
    Frame frame;
    Value regs[];
} Generator;

extern Type generator_type, coroutine_type, async_generator_type;
extern Type coroutine_wrapper_type, async_generator_step_type, async_generator_throw_type, async_generator_value_type;

static inline bool generator_is(Value v) {
    if (!is_object(v)) return false;
    Type *t = as_object(v)->type;
    return t == &generator_type || t == &coroutine_type || t == &async_generator_type;
}
static inline Generator *as_generator(Value v) { return (Generator *)as_object(v); }
static inline Generator *frame_generator(Frame *frame) {
    return (Generator *)(void *)((char *)frame - offsetof(Generator, frame));
}

/* A generator for a function (stolen; UNSET for a comprehension) whose frame has been bound: its locals are moved in. */
Value generator_new(Value function, const Frame *bound, Code *code);

/* While a generator runs, what it handles itself is what the thread handles; else what its resumer handles. */
static inline void generator_enter_handled(Generator *g) {
    Value *handled = machine.handled;
    g->outer = *handled;
    *handled = g->catches ? g->handled : retain(g->outer);
    g->handled = UNSET;
}
static inline void generator_leave_handled(Generator *g) {
    Value *handled = machine.handled, own = *handled;
    *handled = g->outer;
    g->outer = UNSET;
    if (g->catches) g->handled = own;
    else release(own);
}

/* Its frame goes on top of machine.frame. */
static inline void generator_link(Generator *g, FrameKind kind, uint16_t result) {
    Frame *frame = &g->frame, *back = machine.frame;
    frame->depth = back->depth + 1;
    frame->back = back;
    frame->next = back->next;
    frame->top = back->top;
    frame->kind = (uint8_t)kind;
    frame->result = result;
    generator_enter_handled(g);
    machine.frame = frame;
}

/* Where a suspended frame waits, what is sent (stolen) becomes the result of the yield, or goes on to the iterator
 * delegated to. */
static inline void generator_deliver(Generator *g, Value sent) {
    Instr at = g->frame.pc[-1];
    if (__builtin_expect(instr_op(at) == OP_DELEGATE, 0)) {
        replace(&g->regs[instr_b(at)], sent);
        g->frame.pc--;
    } else replace(&g->regs[instr_a(at)], sent);
}

/* Enters the generator's frame on top of `machine.frame`; sent is stolen (UNSET with an exception pending: it is thrown
 * in). False: it cannot run (already running, finished, not started but sent a value): an exception is pending, or
 * nothing when it is finished and `sent` was a value. */
bool generator_enter_checked(Generator *g, Value sent, FrameKind kind, uint16_t result);
static inline bool generator_enter(Generator *g, Value sent, FrameKind kind, uint16_t result) {
    if (__builtin_expect(g->state != GENERATOR_SUSPENDED || is_unset(sent) || machine.frame->depth >= frame_depth_limit,
                         0))
        return generator_enter_checked(g, sent, kind, result);
    generator_link(g, kind, result);
    generator_deliver(g, sent);
    g->state = GENERATOR_RUNNING;
    return true;
}
/* Its frame leaves the machine at a yield, or for good. */
static inline void generator_suspend(Generator *g) {
    machine.frame = g->frame.back;
    g->frame.back = NULL;
    g->state = GENERATOR_SUSPENDED;
    generator_leave_handled(g);
}
void generator_finish(Generator *g);

/* type slot resume: 1 yielded, 0 returned, -1 raised. */
int generator_resume(Value self, Value value, Value *result);
/* What it waits for (gi_yieldfrom), borrowed or UNSET. */
Value generator_delegate(Generator *g);
Value generator_close(Value self);

#endif
