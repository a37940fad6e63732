/* Finding circles of waiting threads when the last one closes. */
#include "runtime/conc/deadlock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conc/gil.h"

enum { CIRCLE_MAX = 64 };

bool deadlock_exits;
void (*deadlock_place)(FILE *out, Value code, const void *pc, const char *indent);
void (*deadlock_thread_place)(FILE *out, Thread *thread, const char *indent);
void (*deadlock_end_process)(void);

/* --- circles ----------------------------------------------------------------------------------------------------- */

/* NULL: it is over. */
static Thread *owner_of(const LockHolder *holder) {
    return holder->owner && holder->thread->number == holder->owner ? holder->thread : NULL;
}

/* A lock without an owner has been released, so who waits for it is on the way. */
static bool waits(Thread *thread, void *all) {
    if (!thread->waits_for || !thread->waits_for->owner) *(bool *)all = false;
    return true;
}
static bool all_wait(void) {
    bool all = true;
    thread_each(waits, &all);
    return all;
}

/* The threads of the circle that `start` closes, or of one lock taken twice that it waits behind; 0: there is none. */
static unsigned find_circle(Thread *start, Thread **circle) {
    Thread *path[CIRCLE_MAX];
    unsigned n = 0;
    for (Thread *t = start; t && t->waits_for && n < CIRCLE_MAX; t = owner_of(t->waits_for)) {
        if (t->waits_for->is_signal) return 0;
        if (n > 0 && t == start) return memcpy(circle, path, n * sizeof *circle), n > 1 || all_wait() ? n : 0;
        if (n > 0 && t == path[n - 1]) return *circle = t, all_wait();
        path[n++] = t;
    }
    return 0;
}

static void tell_one(FILE *out, Thread *t) {
    const LockHolder *h = t->waits_for;
    Thread *owner = owner_of(h);
    fprintf(out, "  %s waits%s", t->name, h->is_thread ? "" : " for a lock");
    if (h->is_thread) fprintf(out, " until %s ends", owner ? owner->name : "a thread");
    deadlock_thread_place(out, t, "      ");
    if (h->is_thread) return;
    fprintf(out, "    %s took it", owner == t ? "the same thread" : owner ? owner->name : "a thread");
    deadlock_place(out, h->code, h->pc, "      ");
}

static void tell(Thread **circle, unsigned n) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return;
    if (n == 1) fputs("scr: deadlock: a thread waits for a lock that it has taken itself, and no other thread can release it\n", out);
    else fprintf(out, "scr: deadlock: %u threads wait for each other\n", n);
    for (unsigned i = 0; i < n; i++) tell_one(out, circle[i]);
    fclose(out);
    fwrite(text, 1, size, stderr);
    fflush(stderr);
    free(text);
}

void deadlock_wait_begin(LockHolder *holder) {
    Thread *self = thread_current();
    if (!self || gil_policy_is(&gil_off_policy)) return; /* nothing here is safe without the lock */
    self->waits_for = holder;
    Thread *circle[CIRCLE_MAX];
    unsigned n = holder->owner ? find_circle(self, circle) : 0;
    if (n == 0) return;
    tell(circle, n);
    if (deadlock_exits && deadlock_end_process) deadlock_end_process();
}

void deadlock_wait_end(void) {
    Thread *self = thread_current();
    if (self) self->waits_for = NULL;
}
