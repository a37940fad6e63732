/* The lock with a queue. */
#include "runtime/conc/gil_queue.h"

#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"

enum { WAITING, NUDGED, GRANTED, CLOSED }; /* nudged: the lock has become free, look */
enum { FIRST_PAUSE = 50000 };              /* ns until a request that came to nothing is made again */

/* On the stack of the thread that waits; linked and unlinked under the mutex. */
struct GilWaiter {
    GilWaiter *next;
    Thread *thread;
    int rank;
    _Atomic uint32_t answer;
};

static void take_locked(GilQueue *q, Thread *thread, int rank) {
    q->held = true;
    q->holder_rank = rank;
    if (q->last == thread) return;
    q->last = thread;
    q->since = clock_monotonic();
}

static bool may_take_locked(const GilQueue *q, const Thread *thread) {
    return !q->held && !q->closed && (!q->first || q->last == thread);
}

bool gil_queue_try(GilQueue *q, Thread *thread, int rank) {
    mutex_lock(&q->mutex);
    bool taken = may_take_locked(q, thread);
    if (taken) take_locked(q, thread, rank);
    mutex_unlock(&q->mutex);
    return taken;
}

static void insert_locked(GilQueue *q, GilWaiter *w) {
    GilWaiter **at = &q->first;
    while (*at && (*at)->rank >= w->rank) at = &(*at)->next;
    w->next = *at;
    *at = w;
}

static void remove_locked(GilQueue *q, const GilWaiter *w) {
    GilWaiter **at = &q->first;
    while (*at != w) at = &(*at)->next;
    *at = w->next;
}

/* The waiter may be gone as soon as it has its answer, so its word is only named to the system afterwards. */
static void answer(_Atomic uint32_t *word, uint32_t what) {
    atomic_store(word, what);
    futex_wake(word, 1);
}

static void answer_first_locked(GilQueue *q, uint32_t what) {
    GilWaiter *w = q->first;
    q->first = w->next;
    if (what == GRANTED) take_locked(q, w->thread, w->rank);
    answer(&w->answer, what);
}

/* After a nudge: takes the lock if it is still free. */
static bool look(GilQueue *q, GilWaiter *w) {
    mutex_lock(&q->mutex);
    uint32_t now = atomic_load(&w->answer);
    if (now == NUDGED && !q->held) {
        remove_locked(q, w);
        take_locked(q, w->thread, w->rank);
        atomic_store(&w->answer, GRANTED);
    } else if (now == NUDGED) {
        atomic_store(&w->answer, WAITING);
        counter_add(&w->thread->counters.gil_wasted_wakeups, 1);
    }
    mutex_unlock(&q->mutex);
    return atomic_load(&w->answer) == GRANTED;
}

static int64_t moment(GilQueue *q, int rank, int64_t (*deadline)(int64_t, int, int)) {
    mutex_lock(&q->mutex);
    int64_t at = deadline(q->since, q->holder_rank, rank);
    mutex_unlock(&q->mutex);
    return at;
}

/* Waits for an answer, and asks the holder when it is time; a request may come to nothing while the lock is on its way. */
static void wait_for_answer(GilQueue *q, GilWaiter *w, int64_t (*deadline)(int64_t, int, int)) {
    uint64_t asked = UINT64_MAX;
    int64_t pause = FIRST_PAUSE;
    while (atomic_load(&w->answer) == WAITING) {
        uint64_t switches = gil_switches();
        int64_t at = moment(q, w->rank, deadline), now = clock_monotonic();
        if (at <= now) {
            if (asked != switches && gil_request_drop(w->thread, switches)) asked = switches;
            at = now + pause;
            if (pause < gil_interval()) pause *= 2;
        }
        futex_wait(&w->answer, WAITING, at);
    }
}

bool gil_queue_wait(GilQueue *q, Thread *thread, int rank, int64_t (*deadline)(int64_t, int, int)) {
    GilWaiter w = {.thread = thread, .rank = rank};
    mutex_lock(&q->mutex);
    bool taken = may_take_locked(q, thread), closed = q->closed;
    if (taken) take_locked(q, thread, rank);
    else if (!closed) insert_locked(q, &w);
    mutex_unlock(&q->mutex);
    if (taken || closed) return taken;
    for (;;) {
        wait_for_answer(q, &w, deadline);
        uint32_t now = atomic_load(&w.answer);
        if (now != NUDGED) return now == GRANTED;
        if (look(q, &w)) return true;
    }
}

void gil_queue_release(GilQueue *q, bool hands_over) {
    mutex_lock(&q->mutex);
    if (q->first && hands_over) {
        answer_first_locked(q, GRANTED);
    } else {
        q->held = false;
        if (q->first) answer(&q->first->answer, NUDGED);
    }
    mutex_unlock(&q->mutex);
}

bool gil_queue_is_wanted(GilQueue *q) {
    mutex_lock(&q->mutex);
    bool wanted = q->first != NULL;
    mutex_unlock(&q->mutex);
    return wanted;
}

void gil_queue_begin(GilQueue *q, Thread *thread, bool alone) {
    if (alone) {
        mutex_start(&q->mutex);
        q->first = NULL;
    }
    mutex_lock(&q->mutex);
    q->closed = false;
    q->last = NULL;
    take_locked(q, thread, thread->priority);
    mutex_unlock(&q->mutex);
}

void gil_queue_end(GilQueue *q) {
    mutex_lock(&q->mutex);
    q->closed = true;
    while (q->first) answer_first_locked(q, CLOSED);
    mutex_unlock(&q->mutex);
}
