/* The safepoint: the one place where a running thread is interrupted.
 *
 * Each thread has one word of requests.  The loop looks at it on back-edges and calls; when it is not zero it calls
 * safepoint_serve().  Anybody may set a bit at any time, from signal handlers too.
 */
#ifndef CONC_SAFEPOINT_H
#define CONC_SAFEPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SAFEPOINT_GIL_DROP = 1 << 0,        /* another thread wants the GIL */
    SAFEPOINT_SIGNAL = 1 << 1,          /* a signal came; main thread only */
    SAFEPOINT_GC = 1 << 2,              /* a cycle collection is due */
    SAFEPOINT_ASYNC_EXCEPTION = 1 << 3, /* another thread raises an exception here */
    SAFEPOINT_TICK = 1 << 4,            /* standing: each visit counts, for a policy with ticks */
    SAFEPOINT_ANYWHERE = 1 << 5,        /* standing: the thread belongs into the loop that preempts anywhere */
};

typedef struct Thread Thread;

void safepoint_request(Thread *thread, uint32_t bits);

/* Serves all requests of the calling thread, which holds the GIL.  False: an exception is pending. */
bool safepoint_serve(Thread *thread);

/* For long work in C that no script code may interrupt: gives the GIL to a thread that asks for it.  False: more waits
 * to be served, so the work had better stop. */
bool safepoint_yield(Thread *thread);

/* Runs the handlers of signals that came; what a blocking call does when it was interrupted.  Does nothing on threads
 * other than the main one.  False: an exception is pending (KeyboardInterrupt for SIGINT, unless a handler is set). */
bool safepoint_signals(void);
/* Handles one signal in script terms; set by the signal module.  False: an exception is pending. */
extern bool (*safepoint_signal_handler)(int number);

#endif
