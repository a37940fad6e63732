/* The fair policy: first come, first served, with a quantum; the lock of Ruby 3.
 *
 * Waiting threads stand in a queue.  The holder keeps the lock until it blocks, or until a waiter sees that its quantum
 * (the interval) is over and asks for the lock; then it hands the lock to the first in the queue and goes to the end.  A
 * thread that blocks and is back before the next one runs goes on with its quantum.
 *
 * Known for long waits: every thread waits for all that came before it, each for a whole quantum; 25 busy threads and a
 * quantum of 100 ms are 2.5 seconds.  Nobody starves.
 */
#include "runtime/conc/gil_queue.h"

static GilQueue queue = {.mutex = MUTEX_INITIALIZER, .held = true, .closed = true};

static int64_t quantum_end(int64_t since, int holder, int own) {
    (void)holder, (void)own;
    return since + gil_interval();
}

static bool try_acquire(Thread *thread) {
    return gil_queue_try(&queue, thread, 0);
}
static bool wait(Thread *thread) { return gil_queue_wait(&queue, thread, 0, quantum_end); }
static void release(Thread *thread, GilRelease why) {
    (void)thread;
    gil_queue_release(&queue, why == GIL_FORCED);
}
static bool is_wanted(void) { return gil_queue_is_wanted(&queue); }
static void begin(Thread *thread) {
    gil_queue_begin(&queue, thread, thread_count() < 2);
}
static void end(void) { gil_queue_end(&queue); }

const GilPolicy gil_fair_policy = {
    .name = "fair",
    .summary = "first come, first served, with a quantum (Ruby 3)",
    .has_interval = true,
    .try_acquire = try_acquire,
    .wait = wait,
    .release = release,
    .is_wanted = is_wanted,
    .begin = begin,
    .end = end,
};
