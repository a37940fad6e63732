/* Locks and conditions over pthreads. */
#include "runtime/plat/lock.h"

#include <errno.h>
#include <time.h>

void mutex_start(Mutex *m) { pthread_mutex_init(m, NULL); }
void mutex_end(Mutex *m) { pthread_mutex_destroy(m); }

void condition_start(Condition *c) {
#ifdef __APPLE__
    pthread_cond_init(c, NULL);
#else
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attributes);
    pthread_condattr_destroy(&attributes);
#endif
}

void condition_end(Condition *c) { pthread_cond_destroy(c); }

bool condition_wait_until(Condition *c, Mutex *m, int64_t deadline) {
#ifdef __APPLE__
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = deadline - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
    if (left < 0) left = 0;
    struct timespec delay = {left / 1000000000, left % 1000000000};
    return pthread_cond_timedwait_relative_np(c, m, &delay) != ETIMEDOUT;
#else
    struct timespec moment = {deadline / 1000000000, deadline % 1000000000};
    return pthread_cond_timedwait(c, m, &moment) != ETIMEDOUT;
#endif
}
