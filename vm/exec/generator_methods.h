/* What the files about generators, coroutines and asynchronous generators offer each other. */
#ifndef EXEC_GENERATOR_METHODS_H
#define EXEC_GENERATOR_METHODS_H

#include "runtime/types/native.h"
#include "vm/exec/generator.h"

const char *generator_kind(const Generator *g);
bool generator_raise_arguments(const Value *args); /* type, value, traceback; the last two may be unset */
Value generator_send(const Value *args, size_t count);

/* coroutine.c */
Value coroutine_await(Value self);
void warn_never_awaited(Generator *g);

/* async_generator.c */
extern const NativeDef async_generator_methods[];
Value async_generator_next(Value self);
Value async_generator_wrap(Value value);   /* steals */

/* coroutine_hooks.c */
void coroutine_hooks_end(void); /* of this thread */
bool coroutine_note_origin(Generator *g);
/* Before its first step: tells the hook of the event loop.  False: failed. */
bool async_generator_begin(Generator *g);
/* True when the hook of the event loop takes care of a dying one. */
bool async_generator_finalize(Generator *g);

#endif
