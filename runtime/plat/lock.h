/* Locks and condition variables of the operating system, for the runtime's own short critical sections.
 * Script-visible locks are in runtime/conc/lock.h. */
#ifndef PLAT_LOCK_H
#define PLAT_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef pthread_mutex_t Mutex;
#define MUTEX_INITIALIZER PTHREAD_MUTEX_INITIALIZER

static inline void mutex_lock(Mutex *m) { pthread_mutex_lock(m); }
static inline bool mutex_try_lock(Mutex *m) { return pthread_mutex_trylock(m) == 0; }
static inline void mutex_unlock(Mutex *m) { pthread_mutex_unlock(m); }
void mutex_start(Mutex *m);
void mutex_end(Mutex *m);

typedef pthread_cond_t Condition;

/* Conditions measure time on the monotonic clock, so they need starting; there is no static initialiser. */
void condition_start(Condition *c);
void condition_end(Condition *c);
static inline void condition_signal(Condition *c) { pthread_cond_signal(c); }
static inline void condition_broadcast(Condition *c) { pthread_cond_broadcast(c); }
static inline void condition_wait(Condition *c, Mutex *m) { pthread_cond_wait(c, m); }
/* Until a moment of clock_monotonic() (ns).  False: the moment came first. */
bool condition_wait_until(Condition *c, Mutex *m, int64_t deadline);

#endif
