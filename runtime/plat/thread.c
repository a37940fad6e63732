/* Threads over pthreads. */
#include "runtime/plat/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

enum { MAIN_STACK_DEFAULT = 8 << 20, MAIN_STACK_MAX = 256 << 20 };

typedef struct Start {
    void (*run)(void *);
    void *argument;
} Start;

static void *run_start(void *start) {
    Start s = *(Start *)start;
    free(start);
    s.run(s.argument);
    return NULL;
}

static int create(pthread_t *thread, Start *start, size_t stack_bytes) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(thread, &attributes, run_start, start);
    pthread_attr_destroy(&attributes);
    return error;
}

bool os_thread_start(void (*run)(void *), void *argument, size_t stack_bytes, uint64_t *ident) {
    Start *start = malloc(sizeof *start);
    if (!start) return false;
    *start = (Start){run, argument};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = create(&thread, start, stack_bytes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) free(start);
    else *ident = (uint64_t)(uintptr_t)thread;
    return error == 0;
}

uint64_t os_thread_ident(void) { return (uint64_t)(uintptr_t)pthread_self(); }

int64_t os_thread_native_id(void) {
#ifdef __linux__
    return syscall(SYS_gettid);
#else
    return (int64_t)os_thread_ident();
#endif
}

void os_thread_signal(uint64_t ident, int number) { pthread_kill((pthread_t)(uintptr_t)ident, number); }

const void *os_thread_stack_end(uint64_t ident) {
    pthread_attr_t attributes;
    void *start = NULL;
    size_t bytes = 0;
    if (pthread_getattr_np((pthread_t)ident, &attributes) != 0) return NULL;
    pthread_attr_getstack(&attributes, &start, &bytes);
    pthread_attr_destroy(&attributes);
    return start ? (const char *)start + bytes : NULL;
}

void os_thread_set_name(const char *name) {
#ifdef __linux__
    char shown[16];
    strncpy(shown, name, sizeof shown - 1);
    shown[sizeof shown - 1] = 0;
    pthread_setname_np(pthread_self(), shown);
#else
    (void)name;
#endif
}

void os_sleep_briefly(int64_t ns) { nanosleep(&(struct timespec){.tv_nsec = ns}, NULL); }
void os_thread_yield(void) { sched_yield(); }

_Noreturn void os_thread_hang(void) {
    for (;;) pause();
}

size_t os_main_stack_bytes(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return MAIN_STACK_DEFAULT;
    return limit.rlim_cur > MAIN_STACK_MAX ? MAIN_STACK_MAX : (size_t)limit.rlim_cur;
}

int os_processor_count(void) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (int)n;
}
