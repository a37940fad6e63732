/* Clocks of POSIX. */
#include "runtime/plat/clock.h"

#include <errno.h>
#include <time.h>

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t clock_wall(void) { return read_clock(CLOCK_REALTIME); }
int64_t clock_process_cpu(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
int64_t clock_thread_cpu(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

bool clock_set_wall(int64_t ns) {
    struct timespec t = {ns / NS_PER_SECOND, ns % NS_PER_SECOND};
    return clock_settime(CLOCK_REALTIME, &t) == 0;
}

bool clock_sleep_until(int64_t deadline) {
#ifdef __APPLE__
    int64_t left = deadline - clock_monotonic();
    if (left <= 0) return true;
    struct timespec t = {left / NS_PER_SECOND, left % NS_PER_SECOND};
    return nanosleep(&t, NULL) == 0;
#else
    struct timespec t = {deadline / NS_PER_SECOND, deadline % NS_PER_SECOND};
    return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != EINTR;
#endif
}
