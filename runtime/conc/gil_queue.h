/* A lock with a queue: threads wait in the order of their rank, and of arrival among equals.
 *
 * A thread that was asked to drop the lock hands it to the first in the queue while that one still sleeps, so nobody can
 * come in between.  A thread that blocks sets the lock free and wakes the first; if it is back before that one runs, it
 * takes the lock again and goes on with its interval: a short call costs no switch.  Nobody else may come in between.
 */
#ifndef CONC_GIL_QUEUE_H
#define CONC_GIL_QUEUE_H

#include "runtime/conc/gil.h"
#include "runtime/plat/lock.h"

typedef struct GilWaiter GilWaiter;

typedef struct GilQueue {
    Mutex mutex;
    bool held;            /* or: this queue's policy does not rule */
    bool closed;
    GilWaiter *first;
    Thread *last;         /* who has it, or had it last */
    int64_t since;        /* when that one got it from another thread */
    int holder_rank;
} GilQueue;

bool gil_queue_try(GilQueue *queue, Thread *thread, int rank);
/* deadline(since, rank of the holder, own rank): the moment at which the waiter asks the holder to drop the lock.
 * False: the queue was closed. */
bool gil_queue_wait(GilQueue *queue, Thread *thread, int rank, int64_t (*deadline)(int64_t since, int holder, int own));
void gil_queue_release(GilQueue *queue, bool hands_over);
bool gil_queue_is_wanted(GilQueue *queue);
void gil_queue_begin(GilQueue *queue, Thread *thread, bool alone);
void gil_queue_end(GilQueue *queue);

#endif
