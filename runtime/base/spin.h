/* A spin lock for a handful of instructions that call nothing: tables of the runtime that every mode keeps safe. */
#ifndef BASE_SPIN_H
#define BASE_SPIN_H

#include <stdatomic.h>

typedef atomic_flag SpinLock;
#define SPIN_LOCK_INIT ATOMIC_FLAG_INIT

static inline void spin_acquire(SpinLock *lock) {
    while (atomic_flag_test_and_set_explicit(lock, memory_order_acquire)) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
}
static inline void spin_release(SpinLock *lock) { atomic_flag_clear_explicit(lock, memory_order_release); }

#endif
