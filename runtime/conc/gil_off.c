/* No lock: every thread that is not blocked runs.
 *
 * What remains is a way to make them all stand still, for the cycle collector, for a change of policy and for the end of
 * the process.  `running` counts the threads that run; whoever begins to run counts itself and then looks at `stopped`,
 * whoever stops the world sets `stopped` and then looks at the count (both sequentially consistent), so no thread starts
 * to run unseen.  A stopped thread takes itself off the count and sleeps until the world goes on.  The stopper asks every
 * thread to visit its safepoint, and takes itself off the count while it queues for its turn to stop the world: two that
 * stop at once would otherwise wait for each other.
 *
 * The failure that it is known for is the subject of this project: reference counts lose updates and containers tear.
 */
#include <limits.h>

#include "runtime/conc/gil.h"
#include "runtime/conc/gil_off.h"
#include "runtime/conc/race.h"
#include "runtime/mem/gc.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/lock.h"

static struct {
    _Atomic uint32_t running, stopped;
    _Atomic bool rules;
    Mutex stopper;
} world = {.stopper = MUTEX_INITIALIZER};

static void uncount(void) {
    atomic_fetch_sub(&world.running, 1);
    if (atomic_load(&world.stopped)) futex_wake(&world.running, INT_MAX);
}

static bool try_acquire(Thread *thread) {
    (void)thread;
    atomic_fetch_add(&world.running, 1);
    if (!atomic_load(&world.stopped) && atomic_load(&world.rules)) return true;
    uncount();
    return false;
}

static bool wait(Thread *thread) {
    while (atomic_load(&world.rules)) {
        if (atomic_load(&world.stopped)) futex_wait(&world.stopped, 1, -1);
        else if (try_acquire(thread)) return true;
    }
    return false;
}

static void let_go(Thread *thread, GilRelease why) {
    (void)thread, (void)why;
    uncount();
}

static bool is_wanted(void) { return atomic_load(&world.stopped); }

static bool ask(Thread *thread, void *context) {
    (void)context;
    safepoint_request(thread, SAFEPOINT_GIL_DROP);
    return true;
}

void gil_world_stop(void) {
    uncount();
    mutex_lock(&world.stopper);
    atomic_store(&world.stopped, 1);
    thread_each(ask, NULL);
    for (uint32_t n; (n = atomic_load(&world.running)) > 0;) futex_wait(&world.running, n, -1);
    atomic_store(&world.running, 1);
}

void gil_world_start(void) {
    atomic_store(&world.stopped, 0);
    futex_wake(&world.stopped, INT_MAX);
    mutex_unlock(&world.stopper);
}

static void begin(Thread *thread) {
    (void)thread;
    mutex_start(&world.stopper);
    atomic_store(&world.stopped, 0);
    atomic_store(&world.running, 1);
    atomic_store(&world.rules, true);
    gc_world_stop = gil_world_stop;
    gc_world_start = gil_world_start;
}

/* The world stands still: those who wait for it to go on leave for the new policy. */
static void end(void) {
    gc_world_stop = gc_world_start = NULL;
    atomic_store(&world.rules, false);
    atomic_store(&world.stopped, 0);
    futex_wake(&world.stopped, INT_MAX);
}

const GilPolicy gil_off_policy = {
    .name = "off",
    .summary = "no lock: threads run in parallel, and what the lock protected breaks",
    .always_serves = true,
    .try_acquire = try_acquire,
    .wait = wait,
    .release = let_go,
    .is_wanted = is_wanted,
    .begin = begin,
    .end = end,
};

/* --- switching -------------------------------------------------------------------------------------------------- */

GilOff gil_off_allowed;
void (*gil_switched)(bool off);

static const GilPolicy *before;
static bool is_off;

bool gil_is_on(void) { return !is_off; }

/* The checked engine runs threads in turn and switches them inside operations; a queue hands the turn on at once. */
bool gil_switch_off(Thread *thread) {
    if (is_off) return true;
    if (gil_off_allowed == GIL_OFF_CHECKED && !race_begin()) return false;
    is_off = true;
    before = gil_policy();
    if (gil_switched) gil_switched(true);
    gil_set_policy(thread, gil_off_allowed == GIL_OFF_RAW ? &gil_off_policy : &gil_fair_policy);
    return true;
}

void gil_switch_on(Thread *thread) {
    if (!is_off) return;
    if (gil_policy_is(&gil_off_policy)) gil_world_stop();
    gil_set_policy(thread, before);
    race_end();
    is_off = false;
    if (gil_switched) gil_switched(false);
}
