/* Threads of the operating system. */
#ifndef PLAT_THREAD_H
#define PLAT_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs `run(argument)` on a new detached thread with all signals blocked, so that signals reach the main thread only.
 * *ident gets its identity.  False: the system refuses another thread. */
bool os_thread_start(void (*run)(void *), void *argument, size_t stack_bytes, uint64_t *ident);
uint64_t os_thread_ident(void);     /* of the calling thread: what threading.get_ident() shows; not 0 */
int64_t os_thread_native_id(void);  /* the kernel's number */
/* Sends a signal to one thread of this process, which must not have ended. */
void os_thread_signal(uint64_t ident, int number);
/* The high end of the stack of a thread that has not ended; NULL: not known. */
const void *os_thread_stack_end(uint64_t ident);
void os_thread_set_name(const char *name);
void os_thread_yield(void);
void os_sleep_briefly(int64_t ns);
/* Sleeps for ever, touching nothing. */
_Noreturn void os_thread_hang(void);
/* What the main thread's stack may grow to, in bytes. */
size_t os_main_stack_bytes(void);
int os_processor_count(void);

#endif
