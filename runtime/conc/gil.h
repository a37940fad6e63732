/* The Global Interpreter Lock: who may run script code.
 *
 * A policy is a row of functions; the present row is chosen once before a second thread exists.  acquire and release
 * are what the blocking bracket calls; at_safepoint answers a drop request.
 */
#ifndef CONC_GIL_H
#define CONC_GIL_H

#include "runtime/conc/thread.h"

typedef struct GilPolicy {
    const char *name;
    void (*acquire)(Thread *thread);
    void (*release)(Thread *thread);        /* to block, or for ever */
    void (*at_safepoint)(
        Thread *thread); /* a drop request is set; keeps the lock or hands it over and takes it again */
    void (*fork_child)(Thread *thread);     /* this thread is the only one now, and holds the lock */
} GilPolicy;

extern const GilPolicy gil_interval_policy;
extern const GilPolicy *gil_policy;

/* Threads other than the main one never return from acquiring once the process ends. */
void gil_acquire(Thread *thread);
void gil_release(Thread *thread);

/* sys.setswitchinterval, in nanoseconds. */
int64_t gil_interval(void);
void gil_set_interval(int64_t ns);

Thread *gil_holder(void);      /* NULL: nobody */
uint64_t gil_switches(void);   /* times it passed from one thread to another */
/* The process ends: whoever waits for the lock, or asks for it later, hangs; except this thread. */
void gil_close(Thread *except);
bool gil_is_closed_for(const Thread *thread);

#endif
