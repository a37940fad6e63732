/* The event loop: a queue of what is ready, a heap of timers, and descriptors that are waited for.
 *
 * One turn of the loop: wait (not at all while something is ready) for descriptors, the next timer or a wake-up; put
 * what that made ready into the queue; run as much of the queue as stood there at the start.  Entries of the queue are
 * pairs of values whose types say what to do: a task is stepped, a handle calls its function, a sleeper's future gets
 * its result, a gathering future learns of a child.  So switching between tasks makes no handle and calls no script.
 *
 * A loop belongs to the thread that runs it.  Others may only call call_soon_threadsafe(): it puts a handle into an
 * inbox under a lock and wakes the loop if it sleeps.
 *
 * Loop, Future and Task are base types: scripts derive from them.  Whatever a script's loop class overrides (call_soon,
 * create_task, ...) is called instead of the short way: `plain` says that nothing of this kind is overridden.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "runtime/loop/timers.h"
#include "runtime/mem/type.h"
#include "runtime/plat/lock.h"
#include "runtime/plat/poll.h"
#include "runtime/types/shape.h"

typedef struct LoopEntry {
    Value object, argument; /* owned */
} LoopEntry;

/* A ring: entries [first, first + count) modulo capacity, which is a power of two. */
typedef struct LoopQueue {
    LoopEntry *entries;
    size_t first, count, capacity;
} LoopQueue;

typedef struct LoopWatch { /* of one descriptor */
    Value reader, writer; /* handles or UNSET */
} LoopWatch;

typedef struct Loop {
    Object head;
    LoopQueue ready, inbox;
    Timers timers;
    Poller *poller;       /* opened at the first run */
    WakeFd wake;          /* with it */
    LoopWatch *watches;   /* by descriptor */
    size_t watch_count;   /* length of watches */
    size_t watched;       /* descriptors that are watched */
    Mutex inbox_lock;
    _Atomic bool inbox_full, sleeping;
    bool stopping, closed, debug, plain, opened;
    bool own_clock, own_turns; /* the class overrides time() or _run_once(): tests with a clock of their own */
    uint64_t thread;      /* ident of the thread that runs it, or 0 */
    uint64_t turns, steps; /* turns of the loop; entries run */
    Value task;           /* the task that is being stepped; owned, UNSET */
    Value task_factory, exception_handler; /* None for none */
    double slow_callback;
    Attrs attrs;
} Loop;

extern Type loop_type;

static inline Loop *as_loop(Value v) { return (Loop *)as_object(v); }
/* The type that was asked for last: nearly always the only one. */
extern Type *loop_known_type;
bool loop_is_slow(Value v);
static inline bool loop_is(Value v) { /* or an instance of a subclass */
    return is_object(v) && (as_object(v)->type == loop_known_type || loop_is_slow(v));
}
/* Is it a Loop whose ways of scheduling nobody has overridden? */
static inline bool loop_is_plain(Value v) { return loop_is(v) && as_loop(v)->plain; }

bool loop_ready(void); /* makes the types of this floor ready */

/* Appends to the queue (retains both).  False: MemoryError. */
bool loop_push(Loop *loop, Value object, Value argument);
/* loop.call_soon(callback, *args, context=context), whatever the loop is; context UNSET: a copy of the current one. */
bool loop_call_soon(Value loop, Value callback, Value argument, Value context);
double loop_now(void);          /* seconds, as time() of the class Loop */
double loop_time(Loop *loop);   /* the same, or what an overriding time() says */

/* The loop running on this thread: borrowed, or UNSET. */
Value loop_running(void);
/* The same, or RuntimeError "no running event loop".  Borrowed. */
Value loop_running_or_raise(void);
bool loop_check_closed(Loop *loop); /* false: RuntimeError "Event loop is closed" */

/* The queue, for loop.c: */
bool loop_queue_push(LoopQueue *queue, Value object, Value argument);
LoopEntry loop_queue_take(LoopQueue *queue);
void loop_queue_clear(LoopQueue *queue);

/* loop_run.c: turns until stop(); false: a callback raised what ends the loop (SystemExit, KeyboardInterrupt). */
bool loop_run(Loop *loop);
bool loop_turn(Loop *loop); /* one of them */
/* Wakes the loop if it sleeps: from any thread, and from signal handlers. */
void loop_wake(Loop *loop);
/* Tells the loop, by its exception handler, of the pending exception of a handle (UNSET: none).  False: it is one that
 * ends the loop and stays pending. */
bool loop_report(Loop *loop, Value handle, const char *what);

/* loop_watch.c */
bool loop_open(Loop *loop);
void loop_close_descriptors(Loop *loop);
bool loop_collect_events(Loop *loop, int64_t timeout);
/* Methods of the loop; adding returns the handle. */
Value loop_add_reader(const Value *args, size_t count);
Value loop_add_writer(const Value *args, size_t count);
Value loop_remove_reader(const Value *args, size_t count);
Value loop_remove_writer(const Value *args, size_t count);

#endif
