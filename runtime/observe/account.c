/* The accounts of threads. */
#include "runtime/observe/account.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/observe/ring.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/lock.h"
#include "runtime/plat/thread.h"

/* A stretch that is longer may have been interrupted. Accounts beyond the limit are not kept apart. */
enum { LONG_NS = 200000, ACCOUNTS_MAX = 1000, RINGS_MAX = 256 };

static Mutex list_lock = MUTEX_INITIALIZER;
static Account *accounts;
static size_t account_count, ring_count, unlisted;
static _Atomic bool on, finished;
static _Atomic int64_t begun, over; /* moments */
static unsigned ring_bits;          /* 0: no events */

/* How many threads wait for the lock, and since when at least one has: count in the low 16 bits, moment above (ns since
 * `origin`).  Only who holds the lock takes its count back, so wanted_ns has one writer. */
static _Atomic uint64_t wanted_word;
static _Atomic int64_t wanted_ns, wanted_base;
static int64_t origin;

static const char *const names[] = {
#define STATE(name, field, letter, block, meaning) #field,
#include "runtime/observe/states.def"
#undef STATE
};
const char *state_name(ThreadState state) { return names[state]; }

/* --- the process ----------------------------------------------------------------------------------------------- */

void observe_start(void) {
    if (atomic_load(&on)) return;
    origin = clock_monotonic();
    atomic_store(&begun, origin);
    atomic_store(&on, true);
}
void observe_events(unsigned bits) { ring_bits = bits; }
bool observe_is_on(void) { return atomic_load_explicit(&on, memory_order_relaxed); }
int64_t observe_started(void) { return atomic_load(&begun); }
int64_t observe_ended(void) {
    int64_t end = atomic_load(&over);
    return end ? end : clock_monotonic();
}

void observe_finish(void) {
    if (!observe_is_on() || atomic_exchange(&finished, true)) return;
    atomic_store(&over, clock_monotonic());
}

size_t observe_unlisted(void) { return unlisted; }

void observe_fork_child(void) {
    mutex_start(&list_lock);
    observe_finish();
}

static int64_t wanted_total(void) {
    uint64_t word = atomic_load(&wanted_word);
    int64_t open = word & 0xFFFF ? observe_ended() - origin - (int64_t)(word >> 16) : 0;
    return atomic_load(&wanted_ns) + (open > 0 ? open : 0);
}
int64_t observe_wanted(void) { return wanted_total() - atomic_load(&wanted_base); }

void account_wanted(int change, int64_t now) {
    if (!observe_is_on()) return;
    uint64_t old = atomic_load(&wanted_word), new;
    int64_t ended = 0;
    do {
        uint64_t count = old & 0xFFFF;
        if (change > 0) {
            new = count ? old + 1 : (uint64_t)(now - origin) << 16 | 1;
        } else if (count == 0) {
            return; /* it began to wait before anybody observed */
        } else {
            new = old - 1;
            ended = count == 1 ? now - origin - (int64_t)(old >> 16) : 0;
        }
    } while (!atomic_compare_exchange_weak(&wanted_word, &old, new));
    if (ended > 0) atomic_store(&wanted_ns, atomic_load(&wanted_ns) + ended);
}

/* Word by word, since the owner may write meanwhile. */
static void copy_words(void *to, const void *from, size_t bytes) {
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
        atomic_store_explicit((_Atomic uint64_t *)to + i,
                              atomic_load_explicit((const _Atomic uint64_t *)from + i, memory_order_relaxed),
                              memory_order_relaxed);
}
_Static_assert(sizeof(Totals) % sizeof(uint64_t) == 0, "copied by words");

/* --- opening and closing ---------------------------------------------------------------------------------------- */

Account *account_open(uint64_t number, const char *name, const Counters *counters, ThreadState state) {
    if (!observe_is_on() || atomic_load(&finished)) return NULL;
    Account *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->number = number;
    a->counters = counters;
    copy_words(&a->base_counters, counters, sizeof a->base_counters);
    strncpy(a->name, name, sizeof a->name - 1);
    a->started = clock_monotonic();
    atomic_init(&a->since, a->started);
    atomic_init(&a->state, state);
    mutex_lock(&list_lock);
    bool kept = account_count < ACCOUNTS_MAX;
    if (kept) {
        Ring *ring = ring_bits && ring_count < RINGS_MAX ? ring_new(ring_bits) : NULL;
        if (ring) ring_count++;
        a->ring = ring;
        a->next = accounts;
        accounts = a;
        account_count++;
    }
    if (!kept) unlisted++;
    mutex_unlock(&list_lock);
    if (!kept) return free(a), NULL;
    account_record(a, (EventKind)state, 0, a->started);
    return a;
}

void account_close(Account *a) {
    if (!a) return;
    int64_t now = clock_monotonic();
    account_switch(a, (ThreadState)atomic_load(&a->state), 0, now);
    account_record(a, EVENT_END, 0, now);
    mutex_lock(&list_lock);
    a->ended = now;
    copy_words(&a->last_counters, a->counters, sizeof a->last_counters);
    a->counters = &a->last_counters;
    mutex_unlock(&list_lock);
}

void account_set_name(Account *a, const char *name, size_t size) {
    if (!a) return;
    if (size > sizeof a->name - 1) size = sizeof a->name - 1;
    mutex_lock(&list_lock);
    memcpy(a->name, name, size);
    a->name[size] = 0;
    mutex_unlock(&list_lock);
}

/* --- entries ----------------------------------------------------------------------------------------------------- */

static void add(_Atomic int64_t *total, int64_t n) {
    atomic_store_explicit(total, atomic_load_explicit(total, memory_order_relaxed) + n, memory_order_relaxed);
}

/* What the thread used of a long stretch of wall time, as far as its clock says. */
static int64_t processor_time(Account *a) {
    int64_t cpu = clock_thread_cpu(), used = cpu - a->cpu_mark - a->cpu_known;
    a->cpu_mark = cpu;
    a->cpu_known = 0;
    return used < 0 ? 0 : used;
}

static void close_stretch(Account *a, ThreadState state, int64_t length) {
    add(&a->totals.spent[state], length);
    bool holds = state == STATE_RUNNING;
    if (length < LONG_NS) {
        if (holds) a->cpu_known += length;
        return;
    }
    int64_t idle = length - processor_time(a);
    if (holds && idle > 0) add(&a->totals.ready, idle);
}

void account_record(Account *a, EventKind kind, uint64_t detail, int64_t now) {
    Ring *ring = a ? atomic_load_explicit(&a->ring, memory_order_acquire) : NULL;
    if (ring) ring_add(ring, now - origin, kind, detail);
}

static void note_unblocked(Account *a, ThreadState old, ThreadState state, int64_t now) {
    if (old == STATE_IO || old == STATE_SLEEP) a->unblocked = now;
    if (state != STATE_RUNNING || !a->unblocked) return;
    histogram_add(&a->totals.block_to_lock, now - a->unblocked);
    a->unblocked = 0;
}

void account_switch(Account *a, ThreadState state, uint64_t detail, int64_t now) {
    ThreadState old = (ThreadState)atomic_load_explicit(&a->state, memory_order_relaxed);
    if (atomic_load_explicit(&finished, memory_order_relaxed)) return;
    atomic_fetch_add_explicit(&a->version, 1, memory_order_acquire);
    close_stretch(a, old, now - atomic_load_explicit(&a->since, memory_order_relaxed));
    atomic_store_explicit(&a->since, now, memory_order_relaxed);
    atomic_store_explicit(&a->state, state, memory_order_relaxed);
    atomic_fetch_add_explicit(&a->version, 1, memory_order_release);
    note_unblocked(a, old, state, now);
    if (old != state) account_record(a, (EventKind)state, detail, now);
}

void account_enter(Account *a, ThreadState state, uint64_t detail) {
    if (a) account_switch(a, state, detail, clock_monotonic());
}
void account_event(Account *a, EventKind kind, uint64_t detail) {
    if (a && a->ring) account_record(a, kind, detail, clock_monotonic());
}

static void raise_to(_Atomic int64_t *most, int64_t n) {
    if (n > atomic_load_explicit(most, memory_order_relaxed)) atomic_store_explicit(most, n, memory_order_relaxed);
}

void account_lock_waited(Account *a, int64_t ns, int64_t interval) {
    if (!a) return;
    histogram_add(&a->totals.lock_wait, ns);
    raise_to(&a->totals.longest_wait, ns);
    a->wanted_at_once = true;
    if (!a->unblocked) return;
    raise_to(&a->totals.longest_late, ns);
    if (ns >= interval / 10 * 9) atomic_store(&a->totals.late, atomic_load(&a->totals.late) + 1);
}

void account_handover(Account *a, uint64_t from, int64_t released, int64_t now) {
    int64_t took = released ? now - released : 0;
    if (a->wanted_at_once && released) histogram_add(&a->totals.handover, took);
    a->wanted_at_once = false;
    if (took > UINT32_MAX) took = UINT32_MAX;
    account_record(a, EVENT_HANDOVER, from << 32 | (uint64_t)(took < 0 ? 0 : took), now);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static void subtract(_Atomic int64_t *total, const _Atomic int64_t *base) { add(total, -atomic_load(base)); }

/* The totals, without what was before the last reset, and with the state that goes on. */
static void copy_totals(const Account *a, Totals *out, int64_t end) {
    uint32_t version;
    do {
        version = atomic_load_explicit(&a->version, memory_order_acquire);
        copy_words(out, &a->totals, sizeof *out);
        if (!a->ended) {
            int64_t open = end - atomic_load_explicit(&a->since, memory_order_relaxed);
            add(&out->spent[atomic_load_explicit(&a->state, memory_order_relaxed)], open > 0 ? open : 0);
        }
        atomic_thread_fence(memory_order_acquire);
    } while ((version & 1) || atomic_load_explicit(&a->version, memory_order_relaxed) != version);
}

static void leave_out(Totals *t, const Totals *base) {
    for (int i = 0; i < STATES; i++) subtract(&t->spent[i], &base->spent[i]);
    subtract(&t->ready, &base->ready);
    atomic_store(&t->late, atomic_load(&t->late) - atomic_load(&base->late));
    Histogram *mine[] = {&t->lock_wait, &t->block_to_lock, &t->handover};
    const Histogram *theirs[] = {&base->lock_wait, &base->block_to_lock, &base->handover};
    for (int i = 0; i < 3; i++)
        for (int b = 0; b < HISTOGRAM_BUCKETS; b++) mine[i]->buckets[b] -= theirs[i]->buckets[b];
}

static void copy_counters(const Account *a, Counters *out) {
    for (unsigned i = 0; i < counter_count; i++)
        atomic_store_explicit((_Atomic uint64_t *)out + i,
                              counter_read(a->counters, i) - counter_read(&a->base_counters, i), memory_order_relaxed);
}

static void copy_account(const Account *a, ThreadFigures *f) {
    int64_t end = a->ended ? a->ended : observe_ended(), start = atomic_load(&begun);
    copy_totals(a, &f->totals, end);
    if (a->base) leave_out(&f->totals, a->base);
    copy_counters(a, &f->counters);
    f->from = a->started > start ? a->started : start;
    f->to = end;
    f->wall = end > f->from ? end - f->from : 0;
    f->number = a->number;
    f->native_id = a->native_id;
    f->runs = !a->ended;
    f->ring = a->ring;
    memcpy(f->name, a->name, sizeof f->name);
}

ThreadFigures *observe_figures(size_t *count) {
    mutex_lock(&list_lock);
    ThreadFigures *all = calloc(account_count + 1, sizeof *all);
    size_t n = all ? account_count : 0, at = n;
    for (Account *a = accounts; a && all; a = a->next) copy_account(a, &all[--at]);
    mutex_unlock(&list_lock);
    /* Threads that were over before the last reset are of no interest. */
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (all[i].runs || all[i].to > atomic_load(&begun)) all[kept++] = all[i];
    *count = kept;
    return all;
}

static void begin_record(Account *a) {
    if (a->ended || a->ring || ring_count >= RINGS_MAX) return;
    Ring *ring = ring_new(ring_bits);
    if (!ring) return;
    ring_add(ring, clock_monotonic() - origin, account_state(a), 0);
    atomic_store(&a->ring, ring);
    ring_count++;
}

void observe_record_all(unsigned bits) {
    mutex_lock(&list_lock);
    if (!ring_bits) ring_bits = bits;
    for (Account *a = accounts; a; a = a->next) begin_record(a);
    mutex_unlock(&list_lock);
}

void observe_reset(void) {
    mutex_lock(&list_lock);
    int64_t now = clock_monotonic();
    for (Account *a = accounts; a; a = a->next) {
        if (!a->base) a->base = calloc(1, sizeof *a->base);
        if (a->base) copy_totals(a, a->base, now);
        copy_words(&a->base_counters, a->counters, sizeof a->base_counters);
        atomic_store(&a->totals.longest_wait, 0);
        atomic_store(&a->totals.longest_late, 0);
    }
    atomic_store(&wanted_base, wanted_total());
    atomic_store(&begun, now);
    mutex_unlock(&list_lock);
}
