/* The Global Interpreter Lock: who may run script code.
 *
 * A policy is a row of functions in a file of its own; which one rules may change at any time, by the thread that holds
 * the lock.  The row knows who waits and who is next.  What all policies share is in gil.c: who holds the lock, when a
 * thread is asked to drop it, the figures, the end of the process.
 *
 * Changing: the lock of the new policy is made to be held before anybody can see that policy, and the lock of the old
 * one never becomes free; whoever waits there is told to come over.  So at no moment can two threads hold a lock.
 */
#ifndef CONC_GIL_H
#define CONC_GIL_H

#include "runtime/conc/thread.h"

/* Why a thread lets go of the lock: to block or end, because another thread asked, or because a tick came. */
typedef enum GilRelease { GIL_BLOCKS, GIL_FORCED, GIL_TICK } GilRelease;

typedef struct GilPolicy {
    const char *name;
    const char *summary;
    bool has_interval, has_ticks; /* which of the knobs it obeys */
    bool waits_for_switch;        /* a thread that was forced first waits until another one has the lock */
    bool always_serves;           /* a request to drop is never out of date */
    bool (*try_acquire)(Thread *thread);      /* without waiting */
    bool (*spin)(Thread *thread);             /* a busy wait, short enough not to be told of; or NULL */
    bool (*wait)(Thread *thread);             /* until it has the lock; false: this policy rules no more */
    void (*release)(Thread *thread, GilRelease why);
    bool (*is_wanted)(void);
    void (*begin)(Thread *thread);            /* the policy rules from now on, or in this forked child: `thread` holds the lock */
    void (*end)(void);                        /* it rules no more: the lock stays taken, waiters leave */
} GilPolicy;

#define GIL_POLICY(name) extern const GilPolicy gil_##name##_policy;
#include "runtime/conc/gil_policies.def"
#undef GIL_POLICY
extern const GilPolicy gil_off_policy; /* not a lock, so not in the list (gil_off.h) */
extern const GilPolicy *const gil_policies[];
extern const unsigned gil_policy_count;

const GilPolicy *gil_policy(void);
static inline bool gil_policy_is(const GilPolicy *policy) { return gil_policy() == policy; }
const GilPolicy *gil_policy_find(const char *name); /* NULL: there is none */
void gil_set_policy(Thread *thread, const GilPolicy *policy);

/* A runtime whose lock is imitated. */
typedef struct GilPreset {
    const char *name;
    const GilPolicy *policy;
    int64_t interval;     /* ns */
    int32_t ticks;
    bool anywhere;        /* it preempts between any two instructions, not only where a loop goes round or a call is made */
    const char *summary;
} GilPreset;
extern const GilPreset gil_presets[];
extern const unsigned gil_preset_count;
const GilPreset *gil_preset_find(const char *name);
void gil_use_preset(Thread *thread, const GilPreset *preset);

/* Threads other than the main one never return from acquiring once the process ends. */
void gil_acquire(Thread *thread);
void gil_release(Thread *thread);
/* The thread ends. */
void gil_leave(Thread *thread);
/* A drop request is set: keeps the lock, or hands it over and takes it again. */
void gil_serve_drop(Thread *thread);
/* The script asks for it: hands the lock over if another thread wants it.  False: nobody did. */
bool gil_checkpoint(Thread *thread);
/* Counts one visit; when the check interval is used up, lets the lock go and takes it again (policies with ticks). */
void gil_tick(Thread *thread);
/* What the loop that preempts anywhere calls between instructions, when a drop is requested or the ticks have run out. */
void gil_preempt(Thread *thread);
void gil_fork_child(Thread *thread);

/* The knobs.  Interval in nanoseconds, ticks in instructions. */
int64_t gil_interval(void);
void gil_set_interval(int64_t ns);
int32_t gil_ticks(void);
void gil_set_ticks(int32_t ticks);
extern _Atomic bool gil_anywhere_now; /* between any two instructions; written under the lock */
void gil_set_anywhere(bool anywhere);
/* Every thread runs in the loop that looks at it between any two instructions, whether or not it drops the lock there. */
void gil_watch_instructions(void);
/* The bits that the present policy keeps set in the safepoint word of every thread. */
uint32_t gil_standing_requests(void);

Thread *gil_holder(void);      /* NULL: nobody */
uint64_t gil_switches(void);   /* times it passed from one thread to another */
/* The process ends: whoever waits for the lock, or asks for it later, hangs; except this thread. */
void gil_close(Thread *except);

/* For policies. */
/* Void when the lock has moved on since then.  False: nobody has it just now. */
bool gil_request_drop(Thread *waiter, uint64_t switches);
/* Sleeps until the lock has passed to another thread, or the moment comes. */
void gil_await_switch(uint64_t switches, int64_t deadline);

#endif
