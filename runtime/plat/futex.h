/* Waiting for a word to change: the one primitive below the GIL and all script-visible locks.
 *
 * The word is compared and the thread put to sleep in one step, so a change before the sleep is never missed.  Waits
 * may end without a reason: callers look at the word again.
 */
#ifndef PLAT_FUTEX_H
#define PLAT_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

typedef enum FutexResult { FUTEX_WOKEN, FUTEX_TIMED_OUT, FUTEX_INTERRUPTED } FutexResult;

/* Sleeps while *word == expected, at most until `deadline` (clock_monotonic(), negative: for ever).
 * FUTEX_INTERRUPTED: a signal handler has run on this thread. */
FutexResult futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline);
void futex_wake(_Atomic uint32_t *word, int threads);

/* A pause inside a busy wait. */
static inline void spin_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#endif
