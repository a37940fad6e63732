/* The loop for presets that preempt between any two instructions, and for traces of calls: the same handlers, with a look
 * at the thread before each instruction.  A thread comes here at a safepoint, when SAFEPOINT_ANYWHERE stands in its word,
 * and goes back when it no longer does. */
#include "runtime/conc/gil.h"
#include "vm/exec/trace_calls.h"

/* Counting ticks and looking for a request to drop the lock.  Nothing here raises or runs script code. */
#define BETWEEN_INSTRUCTIONS()                                                                                 \
    do {                                                                                                       \
        Thread *self_ = thread_self;                                                                           \
        if (gil_anywhere_now && (--self_->ticks < 0 ||                                                         \
                                 (atomic_load_explicit(safepoint, memory_order_relaxed) & SAFEPOINT_GIL_DROP))) { \
            frame->pc = pc;                                                                                    \
            gil_preempt(self_);                                                                                \
        }                                                                                                      \
        if (trace_calls_on) trace_calls_at(frame, pc);                                                         \
    } while (0)

#define LOOP_NAME execute_anywhere
#define OTHER_LOOP execute
#define STANDING SAFEPOINT_ANYWHERE
#include "vm/exec/loop.c"
