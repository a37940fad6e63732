/* Where locks were taken and where threads wait, in words: for reports of deadlocks. */
#ifndef EXEC_LOCK_PLACES_H
#define EXEC_LOCK_PLACES_H

#include "runtime/conc/deadlock.h"
#include "vm/exec/frame.h"

void lock_places_start(void);

/* The lock has been taken, or is about to be released, by the calling thread. */
static inline void lock_holder_taken(LockHolder *h) {
    const Frame *frame = machine.frame;
    Thread *self = thread_self;
    h->thread = self;
    h->owner = self->number;
    if (__builtin_expect(frame->code != NULL, 1)) {
        object_retain(&frame->code->head);
        h->code = from_object(&frame->code->head);
        h->pc = frame->pc;
    }
    if (__builtin_expect(deadlock_order_watched, 0)) deadlock_order_taken(h);
}
static inline void lock_holder_released(LockHolder *h) {
    if (__builtin_expect(deadlock_order_watched, 0)) deadlock_order_released(h);
    if (__builtin_expect(h->owner != thread_self->number, 0)) h->is_signal = true;
    h->owner = 0;
    Value code = h->code;
    h->code = UNSET;
    release(code);
}

#endif
