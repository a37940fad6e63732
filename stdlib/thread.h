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

/* A destroy slot for objects that hold nothing. */
void object_free_plain(Object *o);

#endif
