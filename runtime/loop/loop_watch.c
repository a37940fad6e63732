/* Descriptors that the loop waits for. */
#include <errno.h>
#include <stdlib.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "runtime/loop/handle.h"
#include "runtime/mem/heap.h"
#include "runtime/plat/signal.h"
#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { EVENTS_AT_ONCE = 256 };

/* SCR_POLLER=poll asks for the portable kind. */
static const PollerKind *chosen_kind(void) {
    const char *asked = getenv("SCR_POLLER");
    return poller_epoll && !(asked && strcmp(asked, "poll") == 0) ? poller_epoll : &poller_poll;
}

bool loop_open(Loop *loop) {
    if (loop->opened) return true;
    if (!wake_open(&loop->wake)) return raise_os_error(errno, UNSET, UNSET), false;
    loop->poller = chosen_kind()->open();
    if (loop->poller && loop->poller->kind->watch(loop->poller, loop->wake.reader, 0, POLL_READ)) {
        loop->opened = true;
        return true;
    }
    raise_os_error(errno, UNSET, UNSET);
    if (loop->poller) loop->poller->kind->close(loop->poller);
    wake_close(&loop->wake);
    return false;
}

static unsigned interest_of(const LoopWatch *w) {
    return (is_set(w->reader) ? POLL_READ : 0) | (is_set(w->writer) ? POLL_WRITE : 0);
}

void loop_close_descriptors(Loop *loop) {
    for (size_t fd = 0; fd < loop->watch_count; fd++) {
        clear(&loop->watches[fd].reader);
        clear(&loop->watches[fd].writer);
    }
    raw_free(loop->watches);
    loop->watches = NULL;
    loop->watch_count = loop->watched = 0;
    if (!loop->opened) return;
    loop->opened = false;
    loop->poller->kind->close(loop->poller);
    wake_close(&loop->wake);
}

/* --- events ---------------------------------------------------------------------------------------------------- */

static bool push_handle(Loop *loop, const Value *slot) {
    if (is_unset(*slot) || as_handle(*slot)->cancelled) return true;
    return loop_push(loop, *slot, UNSET);
}

static bool serve_event(Loop *loop, PollEvent event) {
    if (event.fd == loop->wake.reader) return wake_drain(&loop->wake), true;
    if ((size_t)event.fd >= loop->watch_count) return true;
    LoopWatch *w = &loop->watches[event.fd];
    if ((event.ready & POLL_READ) && !push_handle(loop, &w->reader)) return false;
    return !(event.ready & POLL_WRITE) || push_handle(loop, &w->writer);
}

/* `sleeping` is set before the inbox is looked at again, so that who fills it afterwards wakes us. */
bool loop_collect_events(Loop *loop, int64_t timeout) {
    PollEvent events[EVENTS_AT_ONCE];
    int n;
    if (!loop_open(loop)) return false;
    if (timeout == 0) n = loop->poller->kind->wait(loop->poller, events, EVENTS_AT_ONCE, 0);
    else {
        atomic_store(&loop->sleeping, true);
        if (atomic_load(&loop->inbox_full)) timeout = 0;
        BLOCKING_BEGIN(loop_wait)
        n = loop->poller->kind->wait(loop->poller, events, EVENTS_AT_ONCE, timeout);
        BLOCKING_END
        atomic_store(&loop->sleeping, false);
    }
    if (n < 0) return errno == EINTR ? safepoint_signals() : (raise_os_error(errno, UNSET, UNSET), false);
    for (int i = 0; i < n; i++)
        if (!serve_event(loop, events[i])) return false;
    Thread *thread = thread_current();
    return !atomic_load_explicit(&thread->safepoint, memory_order_relaxed) || safepoint_serve(thread);
}

/* --- add_reader and its like ------------------------------------------------------------------------------------ */

/* The number of a descriptor, or of what has fileno().  -1: failed. */
static int descriptor_of(Value v) {
    Value number = int_is(v) ? retain(v) : UNSET;
    int64_t fd = -1;
    if (is_unset(number)) {
        Value fileno = UNSET;
        if (object_find_attribute(v, names.fileno, &fileno) == 1) number = call0(fileno);
        release(fileno);
        if (is_unset(number)) {
            error_clear();
            raise_value_error("Invalid file object: %R", v);
        }
    }
    if (is_set(number) && object_as_int64(number, &fd) && (fd < 0 || fd > INT32_MAX)) {
        raise_value_error("Invalid file descriptor: %lld", (long long)fd);
        fd = -1;
    }
    release(number);
    return (int)fd;
}

static LoopWatch *watch_for(Loop *loop, int fd) {
    if ((size_t)fd >= loop->watch_count) {
        size_t count = (size_t)fd + 16;
        LoopWatch *grown = raw_reallocate(loop->watches, count * sizeof *grown);
        if (!grown) return raise_memory_error(), NULL;
        for (size_t i = loop->watch_count; i < count; i++) grown[i] = (LoopWatch){UNSET, UNSET};
        loop->watches = grown;
        loop->watch_count = count;
    }
    return &loop->watches[fd];
}

/* Puts the handle (owned; UNSET: none) into one side of the watch.  False: the descriptor cannot be watched. */
static bool watch_set(Loop *loop, int fd, unsigned side, Value handle) {
    LoopWatch *w = watch_for(loop, fd);
    if (!w || !loop_open(loop)) return release(handle), false;
    unsigned old = interest_of(w), interest = is_set(handle) ? old | side : old & ~side;
    if (interest != old && !loop->poller->kind->watch(loop->poller, fd, old, interest)) {
        release(handle);
        return raise_os_error(errno, UNSET, UNSET), false;
    }
    loop->watched += (interest != 0) - (old != 0);
    Value *slot = side == POLL_READ ? &w->reader : &w->writer, before = *slot;
    *slot = handle;
    if (is_set(before)) {
        handle_cancel(before);
        release(before);
    }
    return true;
}

/* args: self, fd, callback, *args */
static Value watch(const Value *args, size_t count, unsigned side) {
    Loop *loop = as_loop(args[0]);
    if (!loop_check_closed(loop)) return UNSET;
    int fd = descriptor_of(args[1]);
    Value rest = fd < 0 ? UNSET : tuple_from_values(args + 3, count - 3);
    Value handle = is_set(rest) ? handle_new(args[0], args[2], rest, UNSET) : UNSET;
    release(rest);
    if (is_unset(handle) || !watch_set(loop, fd, side, retain(handle))) return release(handle), UNSET;
    return handle;
}

static Value unwatch(const Value *args, unsigned side) {
    Loop *loop = as_loop(args[0]);
    if (loop->closed) return FALSE_VALUE;
    int fd = descriptor_of(args[1]);
    if (fd < 0) return UNSET;
    if ((size_t)fd >= loop->watch_count || !(interest_of(&loop->watches[fd]) & side)) return FALSE_VALUE;
    return watch_set(loop, fd, side, UNSET) ? TRUE_VALUE : UNSET;
}

Value loop_add_reader(const Value *args, size_t count) { return watch(args, count, POLL_READ); }
Value loop_add_writer(const Value *args, size_t count) { return watch(args, count, POLL_WRITE); }
Value loop_remove_reader(const Value *args, size_t count) { return unwatch(args, POLL_READ); }
Value loop_remove_writer(const Value *args, size_t count) { return unwatch(args, POLL_WRITE); }
