/* The GIL, whatever its policy: taking, giving back, the interval, and the end of the process. */
#include "runtime/conc/gil.h"

const GilPolicy *gil_policy = &gil_interval_policy;

void gil_acquire(Thread *thread) {
    gil_policy->acquire(thread);
    thread->holds_gil = true;
    counter_add(&thread->counters.gil_acquisitions, 1);
}

void gil_release(Thread *thread) {
    thread->holds_gil = false;
    counter_add(&thread->counters.gil_voluntary_drops, 1);
    gil_policy->release(thread);
}
