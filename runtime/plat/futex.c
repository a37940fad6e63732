/* Futexes: the system call on Linux, a table of locks and conditions elsewhere. */
#include "runtime/plat/futex.h"

#include "runtime/plat/clock.h"

#ifdef __linux__
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

FutexResult futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline) {
    struct timespec moment = {deadline / NS_PER_SECOND, deadline % NS_PER_SECOND};
    /* The bitset variant takes an absolute moment of the monotonic clock. */
    long result = syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                          deadline < 0 ? NULL : &moment, NULL, FUTEX_BITSET_MATCH_ANY);
    if (result == 0 || errno == EAGAIN) return FUTEX_WOKEN;
    return errno == ETIMEDOUT ? FUTEX_TIMED_OUT : errno == EINTR ? FUTEX_INTERRUPTED : FUTEX_WOKEN;
}

void futex_wake(_Atomic uint32_t *word, int threads) {
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, threads, NULL, NULL, 0);
}

#else
#include "runtime/plat/lock.h"

enum { BUCKETS = 64 };

/* A signal does not end a condition wait, so waits are cut into slices and reported as interrupted. */
#define SLICE (50 * NS_PER_MS)

static struct Bucket {
    Mutex mutex;
    Condition condition;
} buckets[BUCKETS];

static void buckets_start(void) {
    for (int i = 0; i < BUCKETS; i++) {
        mutex_start(&buckets[i].mutex);
        condition_start(&buckets[i].condition);
    }
}

static struct Bucket *bucket_of(const void *word) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, buckets_start);
    return &buckets[((uintptr_t)word >> 4) % BUCKETS];
}

FutexResult futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline) {
    struct Bucket *b = bucket_of(word);
    int64_t slice_end = clock_monotonic() + SLICE;
    bool last = deadline >= 0 && deadline <= slice_end, woken = true;
    mutex_lock(&b->mutex);
    if (atomic_load(word) == expected)
        woken = condition_wait_until(&b->condition, &b->mutex, last ? deadline : slice_end);
    mutex_unlock(&b->mutex);
    return woken ? FUTEX_WOKEN : last ? FUTEX_TIMED_OUT : FUTEX_INTERRUPTED;
}

/* Words share buckets, so everybody in the bucket wakes and looks. */
void futex_wake(_Atomic uint32_t *word, int threads) {
    (void)threads;
    struct Bucket *b = bucket_of(word);
    mutex_lock(&b->mutex);
    condition_broadcast(&b->condition);
    mutex_unlock(&b->mutex);
}
#endif
