/* Windows in which threads are switched, who is inside which container, and who read what before it was written. */
#include "runtime/conc/race.h"

#include <string.h>

#include "runtime/conc/gil.h"
#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "runtime/plat/thread.h"

enum { ACCESSES = 1024, PLACES = 1 << 12, READERS = 8, PAUSES = 20, PAUSE_NS = 50000, PATIENCE_MAX = 1 << 12 };

RaceOptions race_options = {.window = RACE_WINDOW_AUTO};

static bool interleaving;
static uint64_t random_state;
static int64_t steps_left;
static uint32_t alone_for, patience;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
static uint64_t random_next(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static bool is_time_to_switch(const Thread *thread) {
    if (atomic_load_explicit(&thread->safepoint, memory_order_relaxed) & SAFEPOINT_GIL_DROP) return true;
    if (!race_options.window || --steps_left > 0) return false;
    steps_left = (int64_t)(random_next() % (2 * race_options.window)) + 1;
    return true;
}

/* Another thread may be on its way (just made, just woken) and not yet in the queue: on a busy machine that takes the
 * system longer than the whole script.  So a switch that finds nobody waits a moment without the lock; each time that was
 * in vain, the next such moment is twice as many switches away. */
static void wait_for_company(Thread *thread) {
    if (thread_count() < 2 || alone_for++ < patience) return;
    uint64_t before = gil_switches();
    gil_release(thread);
    for (int i = 0; i < PAUSES && gil_switches() == before; i++) os_sleep_briefly(PAUSE_NS);
    gil_acquire(thread);
    alone_for = 0;
    patience = gil_switches() != before ? 0 : patience < PATIENCE_MAX ? 2 * patience + 1 : patience;
}

void race_window(void) {
    Thread *thread = thread_current();
    if (!thread || !interleaving || !is_time_to_switch(thread)) return;
    if (gil_checkpoint(thread)) alone_for = patience = 0;
    else wait_for_company(thread);
}

static uint16_t thread_of_step(void) {
    Thread *thread = thread_current();
    return thread ? (uint16_t)thread->number : 0;
}

bool race_begin(void) {
    watch_window = race_window;
    watch_thread = thread_of_step;
    random_state = race_options.seed * 2 + 1;
    return interleaving = watch_start();
}

void race_end(void) { interleaving = false; }

/* --- the quarantine --------------------------------------------------------------------------------------------- */

typedef struct Stacks {
    void (*visit)(const void *start, const void *end, void *context);
    void *context;
} Stacks;

enum { BELOW = 1024 }; /* what the functions that a thread waits in have saved of its registers */

static bool each_stack_of(Thread *thread, void *context) {
    const Stacks *stacks = context;
    const char *high = os_thread_stack_end(thread->ident);
    const char *low = thread == thread_current() ? __builtin_frame_address(0) : thread->stack_low;
    if (low && high && low < high) stacks->visit(low - BELOW, high, stacks->context);
    return true;
}

static void each_stack(void (*visit)(const void *start, const void *end, void *context), void *context) {
    __builtin_unwind_init(); /* registers that live across calls go to this stack */
    thread_each(each_stack_of, &(Stacks){visit, context});
}

void race_purge_if_due(void) {
    if (quarantine_is_due()) quarantine_purge(each_stack);
}

/* --- containers ----------------------------------------------------------------------------------------------- */

typedef struct Access {
    Step step;
    bool changes;
} Access;

static Access accesses[ACCESSES];
static size_t access_count;

void race_enter(Object *container, bool changes) {
    uint16_t me = thread_of_step();
    if (rc_load(&container->count) >= RC_IMMORTAL || access_count == ACCESSES) return;
    Access mine = {watch_here(container, changes ? STEP_STORE : STEP_FETCH), changes};
    for (size_t i = access_count; i-- > 0;) {
        const Access *other = &accesses[i];
        if (other->step.object != container || other->step.thread == me || !(changes || other->changes)) continue;
        Step theirs = other->step;
        if (watch_report) watch_report(BUG_CONTAINER, container, &mine.step, &theirs);
        break;
    }
    accesses[access_count++] = mine;
    race_window();
}

void race_leave(Object *container) {
    uint16_t me = thread_of_step();
    for (size_t i = access_count; i-- > 0;) {
        if (accesses[i].step.object != container || accesses[i].step.thread != me) continue;
        memmove(&accesses[i], &accesses[i + 1], (--access_count - i) * sizeof *accesses);
        return;
    }
}

/* --- variables -------------------------------------------------------------------------------------------------- */

/* What is known of one variable; a row is taken over when another variable needs it. */
typedef struct Place {
    uint64_t key;
    uint64_t written; /* moment of the last write */
    Step writer;
    struct {
        uint64_t moment;
        Step step;
    } readers[READERS];
} Place;

static Place places[PLACES];
static uint64_t moment;

static Place *row_of(uint64_t key) {
    Place *row = &places[key * UINT64_C(0x9E3779B97F4A7C15) >> 52];
    if (row->key != key) *row = (Place){.key = key};
    return row;
}

void race_read(uint64_t key) {
    Place *row = row_of(key);
    Step mine = watch_here(NULL, STEP_FETCH);
    size_t i = 0;
    while (i < READERS - 1 && row->readers[i].moment && row->readers[i].step.thread != mine.thread) i++;
    row->readers[i].step = mine;
    row->readers[i].moment = ++moment;
}

void race_written(uint64_t key, Object *owner, Object *name) {
    Place *row = row_of(key);
    Step mine = watch_here(name, STEP_STORE);
    for (size_t i = 0; i < READERS; i++) {
        if (!row->readers[i].moment || row->readers[i].step.thread != mine.thread) continue;
        bool missed = row->writer.thread != mine.thread && row->written > row->readers[i].moment;
        bool same_function = row->readers[i].step.code == mine.code;
        if (missed && same_function && watch_report) watch_report(BUG_LOST_UPDATE, owner, &mine, &row->writer);
    }
    row->written = ++moment;
    row->writer = mine;
}
