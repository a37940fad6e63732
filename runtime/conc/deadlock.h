/* Threads that wait for each other, and locks that are taken in both orders.
 *
 * A lock of the script remembers who has it and where it was taken; a thread that waits for one without a limit says so.
 * The last thread of a circle to begin waiting finds it complete, since all of this is written under the GIL: so a
 * deadlock is reported when it happens.  A lock that is taken twice by one thread could still be released by another
 * thread: that is a deadlock when every other thread waits, too.
 *
 * The order in which locks are taken is watched only when figures were asked for.
 */
#ifndef CONC_DEADLOCK_H
#define CONC_DEADLOCK_H

#include <stdio.h>

#include "runtime/conc/thread.h"
#include "runtime/mem/object.h"

typedef struct LockHolder {
    Thread *thread;   /* its owner, if it still has the number `owner`: Threads are recycled */
    uint64_t owner;   /* 0: nobody */
    Value code;       /* owned: where it was taken; UNSET or code and the place in it */
    const void *pc;
    uint64_t serial;  /* for the order; 0: not seen yet */
    bool is_signal;   /* one thread takes it, another releases it: no owner can be blamed */
    bool is_thread;   /* not a lock: waiting for the owner to end */
} LockHolder;

extern bool deadlock_exits;        /* end the process with DEADLOCK_EXIT */
extern bool deadlock_order_watched;
enum { DEADLOCK_EXIT = 66 };

void deadlock_watch_order(void);
/* Under the GIL, by the thread that has just taken the lock, or is about to release it, while the order is watched. */
void deadlock_order_taken(LockHolder *holder);
void deadlock_order_released(LockHolder *holder);

/* Around a wait without a limit, under the GIL.  Reports a deadlock that this wait completes. */
void deadlock_wait_begin(LockHolder *holder);
void deadlock_wait_end(void);

/* One paragraph for each pair of locks that was taken in both orders, in lines of text; returns how many. */
unsigned deadlock_inversions(FILE *out, const char *indent);

/* Set above: one line (and the source line below) about a place in code, or about where a thread is now. */
extern void (*deadlock_place)(FILE *out, Value code, const void *pc, const char *indent);
extern void (*deadlock_thread_place)(FILE *out, Thread *thread, const char *indent);
/* The code and place where the calling thread is: for the order. */
extern void (*deadlock_here)(Value *code, const void **pc);
/* Set by the command: writes what is to be written and does not return. */
extern void (*deadlock_end_process)(void);

#endif
