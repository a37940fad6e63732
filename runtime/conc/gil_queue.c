/* The lock that is handed over to the first in a queue. */
#include "runtime/conc/gil_queue.h"

#include "runtime/plat/clock.h"
#include "runtime/plat/futex.h"

enum { WAITING, GRANTED, CLOSED };

/* On the stack of the thread that waits; linked and unlinked under the mutex. */
struct GilWaiter {
    GilWaiter *next;
    int rank;
    _Atomic uint32_t answer;
};

static void take_locked(GilQueue *q, int rank) {
    q->held = true;
    q->since = clock_monotonic();
    q->holder_rank = rank;
}

bool gil_queue_try(GilQueue *q, int rank) {
    mutex_lock(&q->mutex);
    bool taken = !q->held && !q->closed;
    if (taken) take_locked(q, rank);
    mutex_unlock(&q->mutex);
    return taken;
}

static void insert_locked(GilQueue *q, GilWaiter *w) {
    GilWaiter **at = &q->first;
    while (*at && (*at)->rank >= w->rank) at = &(*at)->next;
    w->next = *at;
    *at = w;
}

/* The waiter may be gone as soon as it has its answer, so its word is only named to the system afterwards. */
static void answer_first_locked(GilQueue *q, uint32_t answer) {
    GilWaiter *w = q->first;
    q->first = w->next;
    if (answer == GRANTED) take_locked(q, w->rank);
    _Atomic uint32_t *word = &w->answer;
    atomic_store(word, answer);
    futex_wake(word, 1);
}

static int64_t moment(GilQueue *q, int rank, int64_t (*deadline)(int64_t, int, int)) {
    mutex_lock(&q->mutex);
    int64_t at = deadline(q->since, q->holder_rank, rank);
    mutex_unlock(&q->mutex);
    return at;
}

bool gil_queue_wait(GilQueue *q, Thread *thread, int rank, int64_t (*deadline)(int64_t, int, int)) {
    GilWaiter w = {.rank = rank};
    mutex_lock(&q->mutex);
    if (q->closed || !q->held) {
        bool taken = !q->closed;
        if (taken) take_locked(q, rank);
        mutex_unlock(&q->mutex);
        return taken;
    }
    insert_locked(q, &w);
    mutex_unlock(&q->mutex);
    uint64_t asked = UINT64_MAX;
    while (atomic_load(&w.answer) == WAITING) {
        uint64_t switches = gil_switches();
        int64_t at = moment(q, rank, deadline), now = clock_monotonic();
        if (at <= now && asked != switches) {
            gil_request_drop(thread, switches);
            asked = switches;
        }
        if (at <= now) at = now + gil_interval();
        futex_wait(&w.answer, WAITING, at);
    }
    return atomic_load(&w.answer) == GRANTED;
}

void gil_queue_release(GilQueue *q) {
    mutex_lock(&q->mutex);
    if (q->first) answer_first_locked(q, GRANTED);
    else q->held = false;
    mutex_unlock(&q->mutex);
}

bool gil_queue_is_wanted(GilQueue *q) {
    mutex_lock(&q->mutex);
    bool wanted = q->first != NULL;
    mutex_unlock(&q->mutex);
    return wanted;
}

void gil_queue_begin(GilQueue *q, bool alone) {
    if (alone) {
        mutex_start(&q->mutex);
        q->first = NULL;
    }
    mutex_lock(&q->mutex);
    q->closed = false;
    take_locked(q, 0);
    mutex_unlock(&q->mutex);
}

void gil_queue_end(GilQueue *q) {
    mutex_lock(&q->mutex);
    q->closed = true;
    while (q->first) answer_first_locked(q, CLOSED);
    mutex_unlock(&q->mutex);
}
