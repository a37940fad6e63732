/* Threads that run script code.
 *
 * A Thread is made by its creator, so that it is listed before it runs, and recycled when it has ended.  The memory of
 * a Thread is never given back: a late request to a thread that has ended sets a bit that nobody minds.
 * Fields without a comment on locking belong to their thread; others read them under the GIL.
 */
#ifndef CONC_THREAD_H
#define CONC_THREAD_H

#include "runtime/conc/safepoint.h"
#include "runtime/mem/value.h"
#include "runtime/observe/account.h"
#include "runtime/observe/counters.h"

#include <stddef.h>

struct Thread {
    _Atomic uint32_t safepoint;  /* SAFEPOINT_* requests */
    bool is_main, is_daemon;
    bool holds_gil;
    uint64_t ident;              /* threading.get_ident() */
    int64_t native_id;
    _Atomic uint64_t number;     /* 1, 2, ... in order of creation; 0 when it is over */
    void *machine;               /* for vm/exec */
    Value locals;                /* owned dict of the attributes of threading.local objects, or UNSET */
    Value async_exception;       /* owned; raised at the next safepoint */
    unsigned blocked_in;         /* BLOCKED_*: the call that it blocks in, or blocked in last */
    int32_t ticks;               /* instructions until the next tick */
    int priority;                /* for the priority policy */
    _Atomic(Account *) account;  /* NULL: not observed */
    struct LockHolder *waits_for; /* a lock without a limit; under the GIL */
    char name[48];
    Value context;               /* owned: the current contextvars.Context, or UNSET: an empty one */
    Value running_loop;          /* owned: the event loop that runs on this thread, or UNSET */
    const void *stack_low;       /* end of its stack when it last let go of the lock, while counts are watched */
    unsigned gil_spins, lock_spins; /* how long it pays to wait busily; adapts */
    void (*run)(void *argument);
    void *argument;
    Counters counters;
    Thread *next, *previous;     /* all threads, under the list's lock */
};

extern __thread Thread *thread_self;
/* NULL on C threads that never ran script code. */
static inline Thread *thread_current(void) { return thread_self; }

/* Once, on the main thread, before any script code: recursion limit, GIL, signals, collection requests. */
bool thread_main_start(void);
/* When the script and its atexit functions are done: from now on other threads stop when they next want the GIL.  The
 * caller keeps the GIL. */
void thread_stop_others(void);

/* Runs `run(argument)` on a new thread that holds the GIL.  False: RuntimeError "can't start new thread" pending, and
 * `run` is never called.  *ident gets its identity before it runs. */
bool thread_start(void (*run)(void *argument), void *argument, bool daemon, uint64_t *ident);

size_t thread_stack_bytes(void); /* of new threads */
bool thread_set_stack_bytes(size_t bytes); /* false: ValueError pending */
size_t thread_count(void);       /* running now, the main thread included */
extern Thread *thread_main;

/* What a thread that runs, or that ended not long ago, is called. */
void thread_name_of(uint64_t number, char *out, size_t size);
/* Visits every thread until visit returns false.  The list is locked meanwhile. */
void thread_each(bool (*visit)(Thread *thread, void *context), void *context);
/* Raises an exception (retained; UNSET takes a waiting one back) in the thread with this identity.  False: no such
 * thread. */
bool thread_raise(uint64_t ident, Value exception);
/* What threads that have ended counted, and all that run. */
void thread_total_counters(Counters *out);

/* What it is called in figures and pictures. */
void thread_set_name(Thread *thread, const char *name, size_t size);
/* Begins to observe all threads, those that run and those to come. */
void thread_observe_all(void);

/* Around fork(): the child has one thread, which holds the GIL. */
void thread_fork_prepare(void);
void thread_fork_parent(void);
void thread_fork_child(void);

#endif
