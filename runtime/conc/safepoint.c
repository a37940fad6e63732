/* Serving requests at the safepoint. */
#include "runtime/conc/safepoint.h"

#include "runtime/base/hostile.h"
#include "runtime/conc/gil.h"
#include "runtime/conc/race.h"
#include "runtime/conc/thread.h"
#include "runtime/mem/gc.h"
#include "runtime/plat/signal.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"

#include <signal.h>

bool (*safepoint_signal_handler)(int number);

void safepoint_request(Thread *thread, uint32_t bits) { atomic_fetch_or(&thread->safepoint, bits); }

/* True if the bit was set; it no longer is. */
static bool take_request(Thread *thread, uint32_t bit) {
    if (!(atomic_load_explicit(&thread->safepoint, memory_order_relaxed) & bit)) return false;
    atomic_fetch_and(&thread->safepoint, ~bit);
    return true;
}

/* An exception class is called, an instance raised as it is. */
static bool raise_class_or_instance(Value exception) {
    Value instance = type_is(exception) ? call0(exception) : retain(exception);
    if (is_set(instance)) raise_value(instance);
    return false;
}

static bool handle_signal(int number) {
    if (safepoint_signal_handler) return safepoint_signal_handler(number);
    return number != SIGINT || raise_class_or_instance(type_value(&KeyboardInterrupt_type));
}

bool safepoint_signals(void) {
    Thread *thread = thread_current();
    if (!thread || !thread->is_main) return true;
    take_request(thread, SAFEPOINT_SIGNAL);
    uint64_t pending = signal_take_pending();
    while (pending) {
        int number = __builtin_ctzll(pending) + 1;
        pending &= pending - 1;
        if (handle_signal(number)) continue;
        for (; pending; pending &= pending - 1) signal_simulate(__builtin_ctzll(pending) + 1);
        return false;
    }
    return true;
}

static bool raise_async(Thread *thread) {
    Value exception = thread->async_exception;
    thread->async_exception = UNSET;
    if (is_unset(exception)) return true;
    raise_class_or_instance(exception);
    release(exception);
    return false;
}

bool safepoint_yield(Thread *thread) {
    if (take_request(thread, SAFEPOINT_GIL_DROP)) gil_serve_drop(thread);
    uint32_t urgent = SAFEPOINT_SIGNAL | SAFEPOINT_ASYNC_EXCEPTION;
    return !(atomic_load_explicit(&thread->safepoint, memory_order_relaxed) & urgent);
}

bool safepoint_serve(Thread *thread) {
    counter_add(&thread->counters.safepoints, 1);
    if (!safepoint_signals()) return false;
    if (take_request(thread, SAFEPOINT_GIL_DROP)) gil_serve_drop(thread);
    if (atomic_load_explicit(&thread->safepoint, memory_order_relaxed) & SAFEPOINT_TICK) gil_tick(thread);
    if (take_request(thread, SAFEPOINT_GC)) gc_collect_if_due();
    if (RC_WATCHED) race_purge_if_due();
    if (IS_HOSTILE) safepoint_request(thread, SAFEPOINT_GIL_DROP);
    return !take_request(thread, SAFEPOINT_ASYNC_EXCEPTION) || raise_async(thread);
}
