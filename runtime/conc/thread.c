/* The list of threads, their birth and their end. */
#include "runtime/conc/thread.h"

#include "runtime/conc/gil.h"
#include "runtime/conc/gil_off.h"
#include "runtime/mem/gc.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/root.h"
#include "runtime/plat/lock.h"
#include "runtime/plat/signal.h"
#include "runtime/plat/thread.h"
#include "runtime/types/error.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    STACK_DEFAULT = 4 << 20,
    STACK_MIN = 256 << 10,
    STACK_MARGIN = 128 << 10, /* kept for what runs after the recursion check has said no */
    FIRST_SPINS = 32,
};

__thread Thread *thread_self;
Thread *thread_main;

static Mutex list_lock = MUTEX_INITIALIZER;
static Thread *threads, *spare;
static _Atomic size_t running;
static uint64_t last_number;
static size_t stack_bytes = STACK_DEFAULT;
static Counters ended; /* what ended threads counted, under the list's lock */

/* --- the list ------------------------------------------------------------------------------------------------- */

/* Made Threads are never given back, so this memory needs no owner. */
static Thread *thread_take_locked(void) {
    Thread *thread = spare;
    if (thread) spare = thread->next;
    else thread = raw_allocate_zeroed(sizeof *thread);
    return thread;
}

static void link_locked(Thread *thread) {
    thread->number = ++last_number;
    thread->previous = NULL;
    thread->next = threads;
    if (threads) threads->previous = thread;
    threads = thread;
    atomic_fetch_add(&running, 1);
}

static void unlink_locked(Thread *thread) {
    if (thread->previous) thread->previous->next = thread->next;
    else threads = thread->next;
    if (thread->next) thread->next->previous = thread->previous;
    atomic_fetch_sub(&running, 1);
    counters_add_all(&ended, &thread->counters);
    thread->next = spare;
    spare = thread;
}

static Thread *thread_make(void (*run)(void *), void *argument, bool daemon) {
    mutex_lock(&list_lock);
    Thread *thread = thread_take_locked();
    if (thread) {
        memset(&thread->counters, 0, sizeof thread->counters);
        atomic_store(&thread->safepoint, gil_standing_requests());
        thread->is_main = thread->holds_gil = false;
        thread->is_daemon = daemon;
        thread->ident = 0;
        thread->native_id = 0;
        thread->machine = NULL;
        thread->async_exception = thread->locals = thread->context = thread->running_loop = UNSET;
        thread->gil_spins = thread->lock_spins = FIRST_SPINS;
        thread->ticks = gil_ticks();
        thread->priority = 0;
        thread->waits_for = NULL;
        thread->run = run;
        thread->argument = argument;
        link_locked(thread);
        snprintf(thread->name, sizeof thread->name, run ? "thread %llu" : "MainThread", (unsigned long long)thread->number);
    }
    mutex_unlock(&list_lock);
    return thread;
}

static void thread_discard(Thread *thread) {
    account_close(atomic_exchange(&thread->account, NULL));
    mutex_lock(&list_lock);
    unlink_locked(thread);
    mutex_unlock(&list_lock);
}

size_t thread_count(void) { return atomic_load_explicit(&running, memory_order_relaxed); }

void thread_each(bool (*visit)(Thread *thread, void *context), void *context) {
    mutex_lock(&list_lock);
    for (Thread *t = threads; t; t = t->next)
        if (!visit(t, context)) break;
    mutex_unlock(&list_lock);
}

void thread_name_of(uint64_t number, char *out, size_t size) {
    mutex_lock(&list_lock);
    const Thread *found = threads;
    while (found && found->number != number) found = found->next;
    if (!found)
        for (found = spare; found && found->number != number;) found = found->next;
    if (found && found->name[0]) snprintf(out, size, "%s", found->name);
    else if (number == 1) snprintf(out, size, "MainThread");
    else snprintf(out, size, "thread %llu", (unsigned long long)number);
    mutex_unlock(&list_lock);
}

static bool add_counters(Thread *thread, void *total) {
    counters_add_all(total, &thread->counters);
    return true;
}

void thread_total_counters(Counters *out) {
    memset(out, 0, sizeof *out);
    mutex_lock(&list_lock);
    counters_add_all(out, &ended);
    mutex_unlock(&list_lock);
    thread_each(add_counters, out);
}

static bool observe(Thread *thread, void *context) {
    (void)context;
    ThreadState state = thread->holds_gil ? STATE_RUNNING : STATE_IO;
    if (!thread->account) thread->account = account_open(thread->number, thread->name, &thread->counters, state);
    return true;
}

void thread_observe_all(void) {
    observe_start();
    thread_each(observe, NULL);
}

void thread_set_name(Thread *thread, const char *name, size_t size) {
    account_set_name(thread->account, name, size);
    if (size > sizeof thread->name - 1) size = sizeof thread->name - 1;
    memcpy(thread->name, name, size);
    thread->name[size] = 0;
}

/* --- birth and end -------------------------------------------------------------------------------------------- */

static void set_recursion_limit(const void *here, size_t bytes) {
    recursion_set_limit((char *)(uintptr_t)here - bytes + STACK_MARGIN);
}

static void request_collection(void) {
    if (thread_self) safepoint_request(thread_self, SAFEPOINT_GC);
}

static void notify_signal(void) {
    if (thread_main) safepoint_request(thread_main, SAFEPOINT_SIGNAL);
}

bool thread_main_start(void) {
    if (!heap_thread_start()) return false;
    Thread *thread = thread_make(NULL, NULL, false);
    if (!thread) return false;
    thread->is_main = true;
    thread->ident = os_thread_ident();
    thread->native_id = os_thread_native_id();
    thread_self = thread_main = thread;
    root_add(&thread->locals);
    root_add(&thread->context);
    root_add(&thread->running_loop);
    set_recursion_limit(__builtin_frame_address(0), os_main_stack_bytes());
    gil_acquire(thread);
    gc_request = request_collection;
    signal_notify = notify_signal;
    if (!signal_is_ignored(SIGINT)) signal_set_action(SIGINT, SIGNAL_CATCH);
    return true;
}

void thread_stop_others(void) {
    gil_switch_on(thread_self);
    gil_close(thread_self);
}

/* The heap ends under the GIL, since a walk over all objects must not see pages vanish.  The Thread is off the list
 * before the GIL is free, so nobody sees a thread that no longer runs. */
static void thread_end(Thread *thread) {
    clear(&thread->async_exception);
    clear(&thread->locals);
    clear(&thread->context);
    clear(&thread->running_loop);
    heap_thread_end();
    thread_self = NULL;
    thread->holds_gil = false;
    account_close(atomic_exchange(&thread->account, NULL));
    thread->number = 0; /* nobody takes it for the owner of a lock any more */
    mutex_lock(&list_lock);
    gil_leave(thread);
    unlink_locked(thread);
    mutex_unlock(&list_lock);
}

/* Its life begins when it first runs; somebody may have begun to observe all threads just now. */
static void begin_account(Thread *thread) {
    mutex_lock(&list_lock);
    if (!thread->account)
        thread->account = account_open(thread->number, thread->name, &thread->counters, STATE_WANTING);
    mutex_unlock(&list_lock);
}

static void thread_run(void *argument) {
    Thread *thread = argument;
    set_recursion_limit(__builtin_frame_address(0), stack_bytes);
    thread_self = thread;
    thread->native_id = os_thread_native_id();
    if (observe_is_on()) begin_account(thread);
    gil_acquire(thread);
    if (heap_thread_start()) thread->run(thread->argument);
    thread_end(thread);
}

bool thread_start(void (*run)(void *argument), void *argument, bool daemon, uint64_t *ident) {
    Thread *thread = thread_make(run, argument, daemon);
    if (!thread) return raise_memory_error(), false;
    if (os_thread_start(thread_run, thread, stack_bytes, &thread->ident)) {
        *ident = thread->ident;
        return true;
    }
    thread_discard(thread);
    return raise_runtime_error("can't start new thread"), false;
}

size_t thread_stack_bytes(void) { return stack_bytes; }

bool thread_set_stack_bytes(size_t bytes) {
    if (bytes != 0 && bytes < 32768) return raise_value_error("size not valid: %zu bytes", bytes), false;
    stack_bytes = bytes == 0 ? STACK_DEFAULT : bytes < STACK_MIN ? STACK_MIN : (bytes + 4095) & ~(size_t)4095;
    return true;
}

/* --- from other threads --------------------------------------------------------------------------------------- */

typedef struct Raise {
    uint64_t ident;
    Value exception, old;
    bool found;
} Raise;

static bool raise_in(Thread *thread, void *context) {
    Raise *raise = context;
    if (thread->ident != raise->ident) return true;
    raise->found = true;
    raise->old = thread->async_exception;
    thread->async_exception = retain(raise->exception);
    safepoint_request(thread, SAFEPOINT_ASYNC_EXCEPTION);
    return false;
}

bool thread_raise(uint64_t ident, Value exception) {
    Raise raise = {.ident = ident, .exception = exception};
    thread_each(raise_in, &raise);
    release(raise.old);
    return raise.found;
}

/* --- fork ----------------------------------------------------------------------------------------------------- */

void thread_fork_prepare(void) {
    mutex_lock(&list_lock);
    heap_fork_prepare();
}

void thread_fork_parent(void) {
    heap_fork_parent();
    mutex_unlock(&list_lock);
}

/* The other threads' Threads are forgotten, not recycled: their stacks still point at them. */
void thread_fork_child(void) {
    heap_fork_child();
    mutex_start(&list_lock);
    observe_fork_child();
    Thread *thread = thread_self;
    thread->account = NULL;
    threads = thread;
    thread->next = thread->previous = NULL;
    thread->is_main = true;
    thread->native_id = os_thread_native_id();
    clear(&thread->running_loop); /* it runs in the parent */
    thread_main = thread;
    atomic_store(&running, 1);
    gil_fork_child(thread);
}
