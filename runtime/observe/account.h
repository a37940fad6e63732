/* The account of one thread: what it did with its time, and its events.
 *
 * A thread is always in exactly one state; entering the next one closes the books on the last, so the parts add up to
 * the whole.  Only its thread writes an account; readers take a copy and look at `version`, which is odd while the
 * writer is at it.  A thread whose `account` is NULL is not observed, and pays one comparison.
 *
 * Running is divided once more: while it held the lock, the thread was on a processor or ready and waiting for one.
 * The clock of a thread's processor time is slow to read, so it is read after stretches that were long enough to have
 * been interrupted; short ones count as they seem.
 */
#ifndef OBSERVE_ACCOUNT_H
#define OBSERVE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/observe/counters.h"
#include "runtime/observe/histogram.h"

typedef enum ThreadState {
#define STATE(name, field, letter, block, meaning) STATE_##name,
#include "runtime/observe/states.def"
#undef STATE
    STATES
} ThreadState;

typedef enum EventKind {
#define EVENT(name, detail) EVENT_##name,
#include "runtime/observe/events.def"
#undef EVENT
    EVENTS
} EventKind;

typedef struct Ring Ring;

/* What is added up; a copy of it is also what figures are reported from. */
typedef struct Totals {
    _Atomic int64_t spent[STATES]; /* ns */
    _Atomic int64_t ready;         /* of the running time: not on a processor */
    _Atomic int64_t longest_wait, longest_late;
    _Atomic uint64_t late;         /* times the lock came back a whole interval after blocking, or later */
    Histogram lock_wait;           /* asking for the lock to having it, when it was not free */
    Histogram block_to_lock;       /* the end of I/O or of a sleep to having the lock */
    Histogram handover;            /* another thread letting go to this one running, when it waited */
} Totals;

typedef struct Account {
    Totals totals;
    _Atomic uint32_t version, state;
    _Atomic int64_t since;         /* of the state */
    int64_t started, ended;        /* ended: 0 while it runs */
    int64_t cpu_mark, cpu_known;   /* processor time when last read; of short stretches since */
    int64_t unblocked;             /* when the last I/O or sleep ended; 0: the lock has been taken since */
    bool wanted_at_once;           /* it waited for the lock that it gets now */
    uint64_t number;               /* of the thread */
    int64_t native_id;
    char name[48];
    const Counters *counters;      /* of the thread while it runs */
    Counters last_counters;        /* of a thread that is over */
    Counters base_counters;        /* at the last reset */
    Totals *base;                  /* totals at the last reset; NULL: zeros */
    _Atomic(Ring *) ring;          /* NULL: events are not recorded */
    struct Account *next;          /* all, the newest first */
} Account;

/* --- for the whole process ------------------------------------------------------------------------------------ */

/* Begins observing: threads that are made from now on get accounts. events: with rings of 2^bits events. */
void observe_start(void);
void observe_events(unsigned bits);
/* The same for threads that run already. */
void observe_record_all(unsigned bits);
bool observe_is_on(void);
/* Nothing more is written into accounts: the run is over. */
void observe_finish(void);
void observe_reset(void);
/* In a forked child: nothing is observed there. */
void observe_fork_child(void);
size_t observe_unlisted(void);     /* threads that had no account, since there were too many */
int64_t observe_started(void);     /* moments; ended is now while the run goes on */
int64_t observe_ended(void);
int64_t observe_wanted(void);      /* ns for which at least one thread waited for the lock */

/* The account of a new thread, listed; NULL when nothing is observed, or memory is short. */
Account *account_open(uint64_t number, const char *name, const Counters *counters, ThreadState state);
void account_close(Account *account);
void account_set_name(Account *account, const char *name, size_t size);

/* --- written by the thread itself; all of them accept NULL ------------------------------------------------------ */

void account_switch(Account *account, ThreadState state, uint64_t detail, int64_t now);
void account_record(Account *account, EventKind kind, uint64_t detail, int64_t now);

static inline void account_enter_at(Account *account, ThreadState state, uint64_t detail, int64_t now) {
    if (account) account_switch(account, state, detail, now);
}
static inline ThreadState account_state(const Account *account) {
    return (ThreadState)atomic_load_explicit(&account->state, memory_order_relaxed);
}
void account_enter(Account *account, ThreadState state, uint64_t detail);
void account_event(Account *account, EventKind kind, uint64_t detail);
static inline void account_spun(Account *account) {
    if (account) account->wanted_at_once = true;
}
void account_lock_waited(Account *account, int64_t ns, int64_t interval);
/* The lock came from another thread, which let go of it at `released` (0: not known).  Not NULL. */
void account_handover(Account *account, uint64_t from, int64_t released, int64_t now);
/* +1: a thread waits for the lock; -1: it has it, and says so while holding it. */
void account_wanted(int change, int64_t now);

/* --- read by anybody ------------------------------------------------------------------------------------------- */

typedef struct ThreadFigures {
    Totals totals;
    Counters counters;
    int64_t wall, from, to;
    uint64_t number;
    int64_t native_id;
    bool runs;
    char name[48];
    const Ring *ring;
} ThreadFigures;

/* Copies of all accounts in the order of their threads; free() it.  NULL: no memory. */
ThreadFigures *observe_figures(size_t *count);
const char *state_name(ThreadState state);

#endif
