/* Generators, coroutines and asynchronous generators: a frame that can be left and entered again. */
#ifndef EXEC_GENERATOR_H
#define EXEC_GENERATOR_H

#include "vm/exec/frame.h"

typedef enum GeneratorState { GENERATOR_CREATED, GENERATOR_SUSPENDED, GENERATOR_RUNNING, GENERATOR_FINISHED } GeneratorState;

typedef struct Generator {
    Object head;
    Value name, qualname;
    Value code;              /* owned */
    Value handled;           /* exception that it was handling when it was left */
    Value outer;             /* what the resumer was handling, while it runs */
    Value origin;            /* coroutines: cr_origin, else UNSET */
    uint32_t catches;        /* handlers that it is within */
    uint8_t state;
    bool stepping, closing;  /* asynchronous generators: a step is under way; aclose began */
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

/* A generator for a function whose parameters stand in args[0..nlocals): they are moved in.  function is stolen. */
Value generator_new(Value function, Code *code, Value *args);

/* Enters the generator's frame on top of `machine.frame`; sent is stolen (UNSET with an exception pending: it is thrown in).
 * False: it cannot run (already running, finished, not started but sent a value): an exception is pending, or nothing when
 * it is finished and `sent` was a value. */
bool generator_enter(Generator *g, Value sent, FrameKind kind, uint16_t result);
/* Its frame leaves the machine at a yield, or for good. */
void generator_suspend(Generator *g);
void generator_finish(Generator *g);

/* type slot resume: 1 yielded, 0 returned, -1 raised. */
int generator_resume(Value self, Value value, Value *result);
/* What it waits for (gi_yieldfrom), borrowed or UNSET. */
Value generator_delegate(Generator *g);
Value generator_close(Value self);

#endif
