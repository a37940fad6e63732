/* What the files of the modules _thread and _queue share. */
#ifndef STDLIB_THREAD_H
#define STDLIB_THREAD_H

#include "runtime/conc/lock.h"
#include "stdlib/stdlib.h"

extern Type lock_type, rlock_type, handle_type, local_type;

/* Seconds (int or float) as nanoseconds, rounded up.  False: an exception is pending. */
bool thread_timeout(Value seconds, int64_t *ns);
/* The arguments of acquire(blocking=True, timeout=-1) as lock_acquire() wants them. */
bool thread_acquire_arguments(Value blocking, Value timeout, int64_t *ns);

/* A thread ends: its attributes of local objects die, while script code can still run. */
void local_thread_end(void);

/* queue.Empty and queue.Full. */
extern Value queue_empty_class, queue_full_class;
extern Type queue_type;
/* Sets the class of queue.not_empty and the other conditions of a queue: called with the mutex and a wake function. */
Value queue_set_condition_class(const Value *args, size_t count);

/* An item count and a limit as put() and get() understand block and timeout: *deadline is -1 (for ever), 0 (do not
 * wait) or a moment of clock_monotonic().  False: an exception is pending. */
bool queue_deadline(Value block, Value timeout, int64_t *deadline);
/* A lock object's lock; NULL: another type. */
Lock *lock_object_lock(Value v);
Value lock_object_new(void);

/* A destroy slot for objects that hold nothing. */
void object_free_plain(Object *o);

#endif
