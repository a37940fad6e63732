/* Waiting for modules that other threads load.
 *
 * `loads` and `waits` are lists of structs on the stacks of the threads concerned.  A thread looks at them, and begins to
 * load, without giving the lock up in between, so of two that import the same module one loads and the other waits.
 */
#include "vm/exec/import_lock.h"

#include "runtime/conc/waitpoint.h"

typedef struct Wait {
    Value name;
    Thread *thread;
    struct Wait *next;
} Wait;

static Load *loads;
static Wait *waits;
static WaitPoint progress;

static const Load *load_of(Value name) {
    const Load *load = loads;
    while (load && !same(load->name, name)) load = load->next;
    return load;
}

static const Wait *wait_of(const Thread *thread) {
    const Wait *wait = waits;
    while (wait && wait->thread != thread) wait = wait->next;
    return wait;
}

/* Does that load, through what its thread waits for, wait for this thread? */
static bool is_circle(const Load *load, const Thread *self) {
    while (load && load->thread != self) {
        const Wait *wait = wait_of(load->thread);
        load = wait ? load_of(wait->name) : NULL;
    }
    return load != NULL;
}

static void wait_remove(Wait *wait) {
    Wait **at = &waits;
    while (*at != wait) at = &(*at)->next;
    *at = wait->next;
}

bool import_wait(Value name) {
    Thread *self = thread_current();
    LockResult result = LOCK_TAKEN;
    while (loads && result == LOCK_TAKEN) {
        const Load *load = load_of(name);
        if (!load || is_circle(load, self)) break;
        Wait wait = {name, self, waits};
        waits = &wait;
        result = wait_point_wait(&progress, wait_point_ticket(&progress), -1);
        wait_remove(&wait);
    }
    return result == LOCK_TAKEN;
}

void import_load_begin(Load *load, Value name) {
    *load = (Load){name, thread_current(), loads};
    loads = load;
}

void import_load_end(Load *load) {
    Load **at = &loads;
    while (*at != load) at = &(*at)->next;
    *at = load->next;
    wait_point_wake(&progress, INT32_MAX);
}
