/* Threads, the GIL and script-visible locks: exclusion, hand-over on request, timeouts, many threads at once. */
#include "runtime/conc/blocking.h"
#include "runtime/conc/gil.h"
#include "runtime/conc/lock.h"
#include "runtime/conc/thread.h"
#include "runtime/mem/heap.h"
#include "runtime/plat/clock.h"
#include "runtime/types/error.h"
#include "tests/unit/unit.h"

static void start(void (*run)(void *), void *argument) {
    uint64_t ident = 0;
    CHECK(thread_start(run, argument, false, &ident));
    CHECK(ident != 0);
}

/* Lets the others run until only the main thread is left. */
static void wait_for_all(void) {
    while (thread_count() > 1) {
        BLOCKING_BEGIN(test)
        clock_sleep_until(clock_monotonic() + NS_PER_MS);
        BLOCKING_END
    }
}

/* A script's loop: the count is only exact if the lock really excludes. */
enum { ROUNDS = 200000 };
static volatile int64_t shared;

static void count_with_safepoints(void *unused) {
    (void)unused;
    Thread *me = thread_current();
    for (int i = 0; i < ROUNDS; i++) {
        shared = shared + 1;
        if (atomic_load_explicit(&me->safepoint, memory_order_relaxed)) safepoint_serve(me);
    }
}

static void test_exclusion(void) {
    gil_set_interval(100000);
    shared = 0;
    for (int i = 0; i < 4; i++) start(count_with_safepoints, NULL);
    wait_for_all();
    CHECK(shared == 4 * ROUNDS);
    gil_set_interval(5 * NS_PER_MS);
}

/* Two threads that never block share the time. */
static _Atomic bool stop;
static void spin_until_stopped(void *turns) {
    Thread *me = thread_current();
    while (!atomic_load(&stop))
        if (atomic_load_explicit(&me->safepoint, memory_order_relaxed)) {
            safepoint_serve(me);
            ++*(int *)turns;
        }
}

static void test_handover(void) {
    int turns[2] = {0};
    uint64_t before = gil_switches();
    atomic_store(&stop, false);
    start(spin_until_stopped, &turns[0]);
    start(spin_until_stopped, &turns[1]);
    BLOCKING_BEGIN(test)
    clock_sleep_until(clock_monotonic() + 200 * NS_PER_MS);
    BLOCKING_END
    atomic_store(&stop, true);
    wait_for_all();
    CHECK(turns[0] > 2 && turns[1] > 2);
    CHECK(gil_switches() - before > 6);
    Counters total;
    thread_total_counters(&total);
    CHECK(atomic_load(&total.gil_forced_drops) > 6 && atomic_load(&total.gil_requests) > 6);
}

static void test_lock(void) {
    Lock lock = {0};
    CHECK(lock_acquire(&lock, LOCK_FOREVER) == LOCK_TAKEN);
    CHECK(!lock_try(&lock) && lock_acquire(&lock, 0) == LOCK_TIMED_OUT);
    int64_t before = clock_monotonic();
    CHECK(lock_acquire(&lock, 20 * NS_PER_MS) == LOCK_TIMED_OUT);
    CHECK(clock_monotonic() - before >= 20 * NS_PER_MS);
    CHECK(lock_release(&lock) && !lock_release(&lock) && !lock_is_held(&lock));
    RecursiveLock recursive = {0};
    CHECK(!recursive_lock_release(&recursive));
    CHECK(recursive_lock_acquire(&recursive, LOCK_FOREVER) == LOCK_TAKEN);
    CHECK(recursive_lock_acquire(&recursive, LOCK_FOREVER) == LOCK_TAKEN);
    CHECK(recursive_lock_release(&recursive) && recursive_lock_is_owned(&recursive));
    CHECK(recursive_lock_release(&recursive) && !recursive_lock_is_owned(&recursive));
}

static Lock counter_lock, ping, pong;
static int64_t guarded;

static void count_under_lock(void *unused) {
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        lock_acquire(&counter_lock, i % 7 == 0 ? NS_PER_SECOND * 60 : LOCK_FOREVER);
        int64_t n = guarded;
        if (i % 100 == 0) {
            BLOCKING_BEGIN(test)
            BLOCKING_END
        }
        guarded = n + 1;
        lock_release(&counter_lock);
    }
}

static void test_contention(void) {
    guarded = 0;
    for (int i = 0; i < 4; i++) start(count_under_lock, NULL);
    wait_for_all();
    CHECK(guarded == 80000);
}

enum { TRIPS = 20000 };
static void play(void *unused) {
    (void)unused;
    for (int i = 0; i < TRIPS; i++) {
        lock_acquire(&ping, LOCK_FOREVER);
        lock_release(&pong);
    }
}

static void test_token(void) {
    lock_acquire(&ping, LOCK_FOREVER);
    lock_acquire(&pong, LOCK_FOREVER);
    start(play, NULL);
    int64_t before = clock_monotonic();
    for (int i = 0; i < TRIPS; i++) {
        lock_release(&ping);
        lock_acquire(&pong, LOCK_FOREVER);
    }
    printf("token: %lld ns a round trip\n", (long long)(clock_monotonic() - before) / TRIPS);
    wait_for_all();
}

static _Atomic int reached;
static Lock gate;
static void reach_gate(void *unused) {
    (void)unused;
    atomic_fetch_add(&reached, 1);
    lock_acquire(&gate, LOCK_FOREVER);
    lock_release(&gate);
}

static void test_many(void) {
    enum { THREADS = 500 };
    lock_acquire(&gate, LOCK_FOREVER);
    for (int i = 0; i < THREADS; i++) start(reach_gate, NULL);
    while (atomic_load(&reached) < THREADS) {
        BLOCKING_BEGIN(test)
        clock_sleep_until(clock_monotonic() + NS_PER_MS);
        BLOCKING_END
    }
    CHECK(thread_count() == THREADS + 1);
    lock_release(&gate);
    wait_for_all();
}

static void nothing(void *lock) { lock_release(lock); }

static void test_birth(void) {
    int64_t before = clock_monotonic();
    Lock done = {0};
    lock_try(&done);
    for (int i = 0; i < 2000; i++) {
        start(nothing, &done);
        lock_acquire(&done, LOCK_FOREVER);
    }
    printf("thread: %lld ns start to end\n", (long long)(clock_monotonic() - before) / 2000);
    wait_for_all();
}

static void test_costs(void) {
    Lock lock = {0};
    int64_t before = clock_monotonic();
    for (int i = 0; i < 1000000; i++) {
        lock_acquire(&lock, LOCK_FOREVER);
        lock_release(&lock);
    }
    int64_t middle = clock_monotonic();
    for (int i = 0; i < 1000000; i++) {
        blocking_begin(BLOCKED_test);
        blocking_end();
    }
    printf("lock and unlock: %.1f ns, blocking bracket: %.1f ns\n", (double)(middle - before) / 1e6,
           (double)(clock_monotonic() - middle) / 1e6);
}

int main(void) {
    CHECK(thread_main_start());
    CHECK(gil_holder() == thread_main);
    test_lock();
    test_costs();
    test_exclusion();
    test_handover();
    test_contention();
    test_token();
    test_birth();
    test_many();
    return UNIT_END();
}
