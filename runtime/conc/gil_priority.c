/* The priority policy: the proposal that David Beazley made for CPython in 2010.
 *
 * Each thread has a priority.  It falls when the thread has used up its interval and is forced to drop the lock, and
 * rises when the thread gives the lock up by itself, to block.  So threads that compute sink, and those that do I/O
 * rise.  The lock goes to the waiter of highest priority; one whose priority is above the holder's asks for the lock at
 * once, the others after the interval.
 *
 * Known for starvation: a thread of low priority that waits behind busy ones of higher priority may wait for ever, and if
 * it holds a lock of the script, so do those that need that lock.
 */
#include "runtime/conc/gil_queue.h"

#include "runtime/plat/clock.h"

enum { LOWEST = -8, HIGHEST = 8 };

static GilQueue queue = {.mutex = MUTEX_INITIALIZER, .held = true, .closed = true};

static int64_t asks_at(int64_t since, int holder, int own) { return own > holder ? 0 : since + gil_interval(); }

static bool try_acquire(Thread *thread) { return gil_queue_try(&queue, thread, thread->priority); }
static bool wait(Thread *thread) { return gil_queue_wait(&queue, thread, thread->priority, asks_at); }

static void release(Thread *thread, GilRelease why) {
    bool used_up = clock_monotonic() - queue.since >= gil_interval();
    if (why == GIL_FORCED && used_up && thread->priority > LOWEST) thread->priority--;
    if (why == GIL_BLOCKS && thread->priority < HIGHEST) thread->priority++;
    gil_queue_release(&queue, why == GIL_FORCED);
}
static bool is_wanted(void) { return gil_queue_is_wanted(&queue); }
static void begin(Thread *thread) { gil_queue_begin(&queue, thread, thread_count() < 2); }
static void end(void) { gil_queue_end(&queue); }

const GilPolicy gil_priority_policy = {
    .name = "priority",
    .summary = "threads that block come before threads that compute (Beazley)",
    .has_interval = true,
    .try_acquire = try_acquire,
    .wait = wait,
    .release = release,
    .is_wanted = is_wanted,
    .begin = begin,
    .end = end,
};
