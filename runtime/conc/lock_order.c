/* The order in which locks are taken: each pair "this one was held when that one was taken", with the places where it was
 * seen first.  Everything here happens under the GIL. */
#include <stdlib.h>

#include "runtime/conc/deadlock.h"
#include "runtime/conc/gil.h"

enum { HELD_MAX = 16, PAIRS = 4096 };

bool deadlock_order_watched;
void (*deadlock_here)(Value *code, const void **pc);

/* What a thread holds now, the first taken first.  Codes are owned. */
typedef struct Held {
    unsigned count;
    struct {
        uint64_t serial;
        Value code;
        const void *pc;
    } locks[HELD_MAX];
} Held;
static __thread Held held;

typedef struct Pair {
    uint64_t first, second;
    uint64_t thread;
    char name[48];
    Value first_code, second_code; /* owned */
    const void *first_pc, *second_pc;
    uint64_t others[HELD_MAX];     /* what else was held */
    unsigned other_count;
} Pair;
static Pair *pairs; /* hashed, PAIRS of them */
static unsigned pair_count;
static uint64_t last_serial;

void deadlock_watch_order(void) {
    if (!pairs) pairs = calloc(PAIRS, sizeof *pairs);
    deadlock_order_watched = pairs != NULL;
}

static Pair *pair_slot(uint64_t first, uint64_t second) {
    size_t at = (first * 31 + second * 17) % PAIRS;
    while (pairs[at].first && (pairs[at].first != first || pairs[at].second != second)) at = (at + 1) % PAIRS;
    return &pairs[at];
}

static void note_pair(unsigned i, uint64_t second, Value code, const void *pc) {
    Pair *p = pair_slot(held.locks[i].serial, second);
    if (p->first || pair_count > PAIRS / 2) return;
    pair_count++;
    *p = (Pair){.first = held.locks[i].serial, .second = second, .thread = thread_self->number,
                .first_code = retain(held.locks[i].code), .second_code = retain(code),
                .first_pc = held.locks[i].pc, .second_pc = pc};
    snprintf(p->name, sizeof p->name, "%s", thread_self->name);
    for (unsigned k = 0; k < held.count; k++)
        if (k != i) p->others[p->other_count++] = held.locks[k].serial;
}

void deadlock_order_taken(LockHolder *holder) {
    if (holder->is_signal || gil_policy_is(&gil_off_policy)) return;
    if (!holder->serial) holder->serial = ++last_serial;
    Value code = UNSET;
    const void *pc = NULL;
    deadlock_here(&code, &pc);
    for (unsigned i = 0; i < held.count; i++)
        if (held.locks[i].serial != holder->serial) note_pair(i, holder->serial, code, pc);
    if (held.count == HELD_MAX) return;
    held.locks[held.count].serial = holder->serial;
    held.locks[held.count].code = retain(code);
    held.locks[held.count++].pc = pc;
}

void deadlock_order_released(LockHolder *holder) {
    for (unsigned i = held.count; i-- > 0;) {
        if (held.locks[i].serial != holder->serial) continue;
        Value code = held.locks[i].code;
        for (held.count--; i < held.count; i++) held.locks[i] = held.locks[i + 1];
        release(code);
        return;
    }
}

/* Both were taken under a third lock, so they cannot meet. */
static bool have_gate(const Pair *a, const Pair *b) {
    for (unsigned i = 0; i < a->other_count; i++)
        for (unsigned k = 0; k < b->other_count; k++)
            if (a->others[i] == b->others[k]) return true;
    return false;
}

static void tell_pair(FILE *out, const Pair *p, const char *indent) {
    fprintf(out, "%s%s took one", indent, p->name);
    deadlock_place(out, p->first_code, p->first_pc, NULL);
    fprintf(out, "%s  and then the other", indent);
    deadlock_place(out, p->second_code, p->second_pc, NULL);
}

unsigned deadlock_inversions(FILE *out, const char *indent) {
    unsigned n = 0;
    for (size_t i = 0; pairs && i < PAIRS; i++) {
        const Pair *a = &pairs[i];
        if (!a->first || a->first > a->second) continue;
        const Pair *b = pair_slot(a->second, a->first);
        if (!b->first || have_gate(a, b)) continue;
        n++;
        if (!out) continue;
        tell_pair(out, a, indent);
        tell_pair(out, b, indent);
    }
    return n;
}
