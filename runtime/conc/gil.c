/* The GIL, whatever its policy: taking, giving back, the knobs, and the end of the process.
 *
 * `switches` counts each passing to a different thread; a thread that was forced to drop the lock sleeps on that word
 * until another has taken it, under the policies that want this: without that wait it would win the lock back before the
 * waiter has even woken, as it did in CPython 2.
 *   - a request names the switch number that it was made under, so one that arrives late, when the lock has moved on,
 *     is void;
 *   - a forced thread waits with a limit and looks for waiters, since a waiter may have stopped for ever (gil_close).
 */
#include "runtime/conc/gil.h"

#include <limits.h>
#include <string.h>

#include "runtime/base/hostile.h"
#include "runtime/mem/rc.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"
#include "runtime/plat/thread.h"

const GilPolicy *const gil_policies[] = {
#define GIL_POLICY(name) &gil_##name##_policy,
#include "runtime/conc/gil_policies.def"
#undef GIL_POLICY
};
const unsigned gil_policy_count = sizeof gil_policies / sizeof *gil_policies;

const GilPreset gil_presets[] = {
#define GIL_PRESET(name, policy, ms, ticks, anywhere, summary) \
    {name, &gil_##policy##_policy, ms *NS_PER_MS, ticks, anywhere, summary},
#include "runtime/conc/gil_presets.def"
#undef GIL_PRESET
};
const unsigned gil_preset_count = sizeof gil_presets / sizeof *gil_presets;

static struct {
    _Atomic(const GilPolicy *) policy;
    _Atomic int64_t interval;
    _Atomic int32_t ticks;
    _Atomic(Thread *) holder, last_holder;
    _Atomic(Thread *) survivor;     /* set when the process ends: the only thread that may have the lock */
    _Atomic uint32_t switches;
    _Atomic uint32_t forced;        /* threads that wait for a switch */
    _Atomic uint32_t requested;     /* the switch number that a drop request was made under */
    _Atomic int64_t released;       /* when it was last let go; 0: not known */
} gil = {.policy = &gil_interval_policy, .interval = 5 * NS_PER_MS, .ticks = 100, .requested = UINT32_MAX};

_Atomic bool gil_anywhere_now;
static bool watched;

const GilPolicy *gil_policy(void) { return atomic_load(&gil.policy); }
int64_t gil_interval(void) { return atomic_load_explicit(&gil.interval, memory_order_relaxed); }
int32_t gil_ticks(void) { return atomic_load_explicit(&gil.ticks, memory_order_relaxed); }
Thread *gil_holder(void) { return atomic_load_explicit(&gil.holder, memory_order_relaxed); }
uint64_t gil_switches(void) { return atomic_load_explicit(&gil.switches, memory_order_relaxed); }
void gil_close(Thread *except) { atomic_store(&gil.survivor, except); }

const GilPolicy *gil_policy_find(const char *name) {
    for (unsigned i = 0; i < gil_policy_count; i++)
        if (strcmp(gil_policies[i]->name, name) == 0) return gil_policies[i];
    return NULL;
}
const GilPreset *gil_preset_find(const char *name) {
    for (unsigned i = 0; i < gil_preset_count; i++)
        if (strcmp(gil_presets[i].name, name) == 0) return &gil_presets[i];
    return NULL;
}

/* --- knobs ---------------------------------------------------------------------------------------------------- */

void gil_set_interval(int64_t ns) { atomic_store_explicit(&gil.interval, ns, memory_order_relaxed); }
void gil_set_ticks(int32_t ticks) { atomic_store_explicit(&gil.ticks, ticks, memory_order_relaxed); }

/* Threads that preempt anywhere run in a loop of their own, which they enter at a safepoint. */
uint32_t gil_standing_requests(void) {
    bool anywhere = gil_anywhere_now;
    return (anywhere || watched ? SAFEPOINT_ANYWHERE : 0) | (gil_policy()->has_ticks && !anywhere ? SAFEPOINT_TICK : 0);
}

static bool set_standing(Thread *thread, void *bits) {
    atomic_fetch_and(&thread->safepoint, ~(uint32_t)(SAFEPOINT_ANYWHERE | SAFEPOINT_TICK));
    safepoint_request(thread, *(uint32_t *)bits);
    return true;
}
static void announce(void) {
    uint32_t bits = gil_standing_requests();
    thread_each(set_standing, &bits);
}

void gil_set_anywhere(bool anywhere) {
    atomic_store(&gil_anywhere_now, anywhere);
    announce();
}

void gil_watch_instructions(void) {
    watched = true;
    announce();
}

void gil_set_policy(Thread *thread, const GilPolicy *policy) {
    const GilPolicy *old = gil_policy();
    if (policy == old) return;
    policy->begin(thread);
    atomic_store(&gil.policy, policy);
    old->end();
    announce();
}

void gil_use_preset(Thread *thread, const GilPreset *preset) {
    gil_set_interval(preset->interval);
    gil_set_ticks(preset->ticks);
    gil_set_policy(thread, preset->policy);
    gil_set_anywhere(preset->anywhere);
}

/* --- taking and giving back ----------------------------------------------------------------------------------- */

static bool is_closed_for(const Thread *thread) {
    Thread *survivor = atomic_load_explicit(&gil.survivor, memory_order_relaxed);
    return survivor && survivor != thread;
}

/* The moment at which it was taken. */
static int64_t wait_until_taken(Thread *thread) {
    int64_t start = clock_monotonic();
    account_enter_at(thread->account, STATE_WANTING, 0, start);
    account_wanted(1, start);
    while (!gil_policy()->wait(thread) && !gil_policy()->try_acquire(thread)) {}
    int64_t now = clock_monotonic();
    account_wanted(-1, now);
    account_lock_waited(thread->account, now - start, gil_interval());
    counter_add(&thread->counters.gil_waits, 1);
    counter_add(&thread->counters.gil_wait_ns, (uint64_t)(now - start));
    return now;
}

static void note_handover(Thread *thread) {
    atomic_store_explicit(&gil.last_holder, thread, memory_order_relaxed);
    atomic_fetch_add(&gil.switches, 1);
    counter_add(&thread->counters.gil_handovers, 1);
    if (atomic_load(&gil.forced) > 0) futex_wake(&gil.switches, INT_MAX);
}

/* moment: 0 when the lock was free.  A tick that gave nothing away changes nothing. */
static void note_taken(Thread *thread, Account *account, Thread *from, int64_t moment) {
    if (from == thread && account_state(account) == STATE_RUNNING) return;
    if (!moment) moment = clock_monotonic();
    if (from && from != thread)
        account_handover(account, from->number, atomic_load_explicit(&gil.released, memory_order_relaxed), moment);
    account_switch(account, STATE_RUNNING, 0, moment);
}

static bool take_at_once(Thread *thread) {
    const GilPolicy *policy = gil_policy();
    if (policy->try_acquire(thread)) return true;
    if (!policy->spin || !policy->spin(thread)) return false;
    account_spun(thread->account);
    return true;
}

void gil_acquire(Thread *thread) {
    int64_t moment = take_at_once(thread) ? 0 : wait_until_taken(thread);
    if (is_closed_for(thread)) {
        gil_policy()->release(thread, GIL_BLOCKS);
        os_thread_hang();
    }
    atomic_store_explicit(&gil.holder, thread, memory_order_relaxed);
    Thread *from = atomic_load_explicit(&gil.last_holder, memory_order_relaxed);
    if (from != thread) note_handover(thread);
    thread->holds_gil = true;
    counter_add(&thread->counters.gil_acquisitions, 1);
    Account *account = thread->account;
    if (account) note_taken(thread, account, from, moment);
}

/* The account has just entered its next state, except on ticks. */
static void let_go(Thread *thread, GilRelease why) {
    Account *account = thread->account;
    if (RC_WATCHED) thread->stack_low = __builtin_frame_address(0);
    thread->holds_gil = false;
    atomic_store_explicit(&gil.holder, NULL, memory_order_relaxed);
    int64_t moment = account && why != GIL_TICK ? atomic_load_explicit(&account->since, memory_order_relaxed) : 0;
    atomic_store_explicit(&gil.released, moment, memory_order_relaxed);
    gil_policy()->release(thread, why);
}

void gil_release(Thread *thread) {
    counter_add(&thread->counters.gil_voluntary_drops, 1);
    let_go(thread, GIL_BLOCKS);
}

void gil_await_switch(uint64_t switches, int64_t deadline) {
    atomic_fetch_add(&gil.forced, 1);
    if (gil_switches() == switches) futex_wait(&gil.switches, (uint32_t)switches, deadline);
    atomic_fetch_sub(&gil.forced, 1);
}

static void wait_for_switch(uint32_t switches) {
    atomic_fetch_add(&gil.forced, 1);
    while (atomic_load(&gil.switches) == switches && gil_policy()->is_wanted())
        futex_wait(&gil.switches, switches, clock_monotonic() + gil_interval());
    atomic_fetch_sub(&gil.forced, 1);
}

/* --- dropping at a safepoint ---------------------------------------------------------------------------------- */

bool gil_request_drop(Thread *waiter, uint64_t switches) {
    Thread *holder = gil_holder();
    if (!holder) return false;
    atomic_store(&gil.requested, (uint32_t)switches);
    safepoint_request(holder, SAFEPOINT_GIL_DROP);
    counter_add(&waiter->counters.gil_requests, 1);
    account_event(waiter->account, EVENT_REQUEST, holder->number);
    return true;
}

void gil_serve_drop(Thread *thread) {
    const GilPolicy *policy = gil_policy();
    uint32_t switches = atomic_load(&gil.switches);
    bool asked = IS_HOSTILE || policy->always_serves || atomic_load(&gil.requested) == switches;
    if (!asked || !policy->is_wanted()) return;
    atomic_store(&gil.requested, UINT32_MAX);
    counter_add(&thread->counters.gil_forced_drops, 1);
    account_enter(thread->account, STATE_WANTING, 0);
    let_go(thread, GIL_FORCED);
    if (policy->waits_for_switch) wait_for_switch(switches);
    gil_acquire(thread);
}

bool gil_checkpoint(Thread *thread) {
    if (!gil_policy()->is_wanted()) return false;
    atomic_store(&gil.requested, atomic_load(&gil.switches));
    gil_serve_drop(thread);
    return true;
}

/* Nobody is told and nobody is waited for: whoever is first takes the lock, and that is nearly always this thread. */
static void release_and_take(Thread *thread) {
    counter_add(&thread->counters.gil_tick_drops, 1);
    let_go(thread, GIL_TICK);
    gil_acquire(thread);
}

/* After N ticks the next one counts, as in CPython 2: N = 100 makes a period of 101, a prime, so in a loop the cut comes at
 * every instruction in turn. */
static void tick_over(Thread *thread) {
    thread->ticks = gil_ticks();
    if (gil_policy()->has_ticks) release_and_take(thread);
}

void gil_tick(Thread *thread) {
    if (--thread->ticks < 0) tick_over(thread);
}

void gil_preempt(Thread *thread) {
    uint32_t drop = SAFEPOINT_GIL_DROP;
    if (atomic_load_explicit(&thread->safepoint, memory_order_relaxed) & drop) {
        atomic_fetch_and(&thread->safepoint, ~drop);
        gil_serve_drop(thread);
    }
    if (thread->ticks < 0) tick_over(thread);
}

void gil_leave(Thread *thread) { let_go(thread, GIL_BLOCKS); }

void gil_fork_child(Thread *thread) {
    atomic_store(&gil.forced, 0);
    atomic_store(&gil.holder, thread);
    atomic_store(&gil.last_holder, thread);
    gil_policy()->begin(thread);
}
