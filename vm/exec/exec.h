/* The front door of the machine: running code from C, and what C may ask about the running script.
 *
 * Every thread that runs script code has a machine (registers and frames): machine_start() and machine_end() bracket
 * the thread's life.  Script calls push frames and never recurse in C; only calls that come from C (exec_code, the call
 * slot of functions, the resume slot of generators) run a loop of their own.
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include "vm/code/code.h"

/* Once: makes the types of this floor ready (functions, code, generators, frames, tracebacks).  After types_start(). */
bool exec_start(void);
void exec_end(void);

/* For each thread, the main one included.  start fails with MemoryError pending. */
bool machine_start(void);
void machine_end(void);

/* Runs a code object made by the compiler: a module, an eval expression, exec text.  globals: a dict; locals: a
 * mapping, or UNSET for the globals.  Sets globals['__builtins__'] when it is missing.  Owned result. */
Value exec_code(Value code, Value globals, Value locals);

/* About the innermost script frame of this thread; borrowed, UNSET when no script runs. */
Value exec_globals(void);
Value exec_builtins(void);   /* a dict; the default builtins when no script runs */
/* Owned.  What locals() returns: the namespace itself in modules and classes, a dict of the variables in functions. */
Value exec_locals(void);
/* Owned frame object, 0 is the innermost.  ValueError "call stack is not deep enough". */
Value exec_frame(int64_t depth);
/* Line of the innermost script frame, its file (borrowed, UNSET if none) and code. */
int exec_line(void);
Value exec_filename(void);

/* Attribute dict of the module builtins; set once at start by builtins.c, which owns it. */
extern Value exec_builtins_dict;
/* sys.modules (borrowed dict); set at start by import.c. */
extern Value (*exec_modules)(void);

/* __build_class__(func, name, /, *bases, **kwds), as a row of a native table: signature BUILD_CLASS_SIGNATURE. */
#define BUILD_CLASS_SIGNATURE "func, name, /, *bases, **kwds"
Value build_class(const Value *args, size_t count);

int64_t exec_recursion_limit(void);
/* RecursionError when the present depth is already above; n >= 1. */
bool exec_set_recursion_limit(int64_t n);

/* sys._current_frames-like walking is done on frames (frame.h). */
extern Type function_type, frame_type, traceback_type, generator_type, coroutine_type, async_generator_type;

/* New traceback entry for where the innermost script frame is, in front of `next` (UNSET: none).  Owned. */
Value traceback_here(Value next);

/* Of the calling thread.  Hooks: borrowed, NONE when there is none; setting UNSET leaves one as it is. */
void coroutine_hooks_get(Value *first, Value *finalizer);
void coroutine_hooks_set(Value first, Value finalizer);
int64_t coroutine_origin_depth(void); /* frames that new coroutines note as their origin */
void coroutine_set_origin_depth(int64_t depth);

/* Coroutine-like objects: is it a generator or coroutine whose steps run on the machine? */
bool generator_is_coroutine(Value v);
/* The awaitable's iterator, as `await` finds it.  UNSET: TypeError "object int can't be used in 'await' expression". */
Value awaitable_iterator(Value v);

#endif
