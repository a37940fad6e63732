/* A lock that is handed over: threads wait in a queue, and who lets go says who is next.
 *
 * The lock passes to the first in the queue while that one still sleeps, so nobody can come in between; the queue is
 * ordered by rank, and by arrival among equals.
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
    int64_t since;        /* when the holder got it */
    int holder_rank;
} GilQueue;

bool gil_queue_try(GilQueue *queue, int rank);
/* deadline(since, rank of the holder, own rank): the moment at which the waiter asks the holder to drop the lock.
 * False: the queue was closed. */
bool gil_queue_wait(GilQueue *queue, Thread *thread, int rank, int64_t (*deadline)(int64_t since, int holder, int own));
void gil_queue_release(GilQueue *queue);
bool gil_queue_is_wanted(GilQueue *queue);
void gil_queue_begin(GilQueue *queue, bool alone);
void gil_queue_end(GilQueue *queue);

#endif
