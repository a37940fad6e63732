/* Turning the loop. */
#include "runtime/conc/blocking.h"
#include "runtime/conc/thread.h"
#include "runtime/loop/future.h"
#include "runtime/loop/handle.h"
#include "runtime/mem/heap.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/signal.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"

enum { STEPS_BETWEEN_POLLS = 64 }; /* while something is ready, descriptors are looked at that often */

double loop_now(void) { return (double)clock_monotonic() * 1e-9; }

static Value call_own(Loop *loop, const char *name) {
    Value interned = str_intern_cstr(name), result = call_method0(from_object(loop), interned);
    release(interned);
    return result;
}

double loop_time(Loop *loop) {
    if (!loop->own_clock) return loop_now();
    Value time = call_own(loop, "time");
    double seconds = 0;
    if (is_unset(time) || !object_as_double(time, &seconds)) error_unraisable(NULL, from_object(loop));
    release(time);
    return seconds;
}

/* --- the queue ------------------------------------------------------------------------------------------------- */

static bool queue_grow(LoopQueue *q) {
    size_t capacity = q->capacity ? q->capacity * 2 : 64;
    LoopEntry *entries = raw_allocate(capacity * sizeof *entries);
    if (!entries) return raise_memory_error(), false;
    for (size_t i = 0; i < q->count; i++) entries[i] = q->entries[(q->first + i) & (q->capacity - 1)];
    raw_free(q->entries);
    *q = (LoopQueue){entries, 0, q->count, capacity};
    return true;
}

bool loop_queue_push(LoopQueue *q, Value object, Value argument) {
    if (q->count == q->capacity && !queue_grow(q)) return false;
    q->entries[(q->first + q->count) & (q->capacity - 1)] = (LoopEntry){retain(object), retain(argument)};
    q->count++;
    return true;
}

LoopEntry loop_queue_take(LoopQueue *q) {
    LoopEntry entry = q->entries[q->first];
    q->first = (q->first + 1) & (q->capacity - 1);
    q->count--;
    return entry;
}

static void entry_drop(LoopEntry entry) {
    release(entry.object);
    release(entry.argument);
}

void loop_queue_clear(LoopQueue *q) {
    while (q->count) entry_drop(loop_queue_take(q));
    raw_free(q->entries);
    *q = (LoopQueue){0};
}

bool loop_push(Loop *loop, Value object, Value argument) { return loop_queue_push(&loop->ready, object, argument); }

void loop_wake(Loop *loop) {
    if (atomic_load(&loop->sleeping)) wake_signal(&loop->wake);
}

static bool take_inbox(Loop *loop) {
    bool done = true;
    mutex_lock(&loop->inbox_lock);
    while (loop->inbox.count && done) {
        LoopEntry entry = loop_queue_take(&loop->inbox);
        done = loop_push(loop, entry.object, entry.argument);
        entry_drop(entry);
    }
    atomic_store(&loop->inbox_full, false);
    mutex_unlock(&loop->inbox_lock);
    return done;
}

/* --- entries --------------------------------------------------------------------------------------------------- */

bool loop_report(Loop *loop, Value handle, const char *what) {
    if (error_matches(&KeyboardInterrupt_type) || error_matches(&SystemExit_type)) return false;
    Value error = error_take(), name = str_intern_cstr("_callback_failed");
    Value args[] = {is_set(handle) ? handle : NONE, error};
    Value done = call_method(from_object(loop), name, args, 2, UNSET);
    release(name);
    release(error);
    release(done);
    if (is_set(done)) return true;
    if (error_matches(&KeyboardInterrupt_type) || error_matches(&SystemExit_type)) return false;
    error_unraisable(NULL, from_object(loop));
    return true;
}

static bool run_of_subclass(Loop *loop, LoopEntry entry) {
    if (task_is(entry.object)) return task_step(entry.object);
    if (type_is_subtype(type_of(entry.object), &loop_handle_type)) return handle_run(entry.object);
    return true;
}

static bool run_kind(Loop *loop, LoopEntry entry) {
    Type *type = type_of(entry.object);
    if (type == &task_type) return task_step(entry.object);
    if (type == &loop_handle_type || type == &loop_timer_handle_type) return handle_run(entry.object);
    if (type == &sleeper_type) return sleeper_fire(entry.object) || loop_report(loop, UNSET, "sleep");
    if (type == &gathering_type)
        return gather_child_done(entry.object, entry.argument) || loop_report(loop, UNSET, "gather");
    return run_of_subclass(loop, entry);
}

/* Debug mode: who took too long is named. */
static bool run_timed(Loop *loop, LoopEntry entry) {
    double start = loop_now();
    bool done = run_kind(loop, entry);
    double took = loop_now() - start;
    if (!done || took < loop->slow_callback) return done;
    Value name = str_intern_cstr("_callback_was_slow");
    Value args[] = {entry.object, from_double(took)};
    Value shown = call_method(from_object(loop), name, args, 2, UNSET);
    release(name);
    release(shown);
    if (is_unset(shown)) error_unraisable(NULL, from_object(loop));
    return true;
}

static bool run_entry(Loop *loop) {
    LoopEntry entry = loop_queue_take(&loop->ready);
    bool done = loop->debug ? run_timed(loop, entry) : run_kind(loop, entry);
    entry_drop(entry);
    return done;
}

/* --- turns ----------------------------------------------------------------------------------------------------- */

/* Nanoseconds that the loop may wait; negative: for ever.  How fast a clock of the script goes is not known. */
static int64_t patience(Loop *loop) {
    if (loop->ready.count || loop->stopping) return 0;
    if (loop->timers.count == 0) return -1;
    double left = loop->timers.entries[0].when - loop_time(loop);
    if (!(left > 0)) return 0;
    if (loop->own_clock) return NS_PER_MS;
    return left > 86400 ? 86400 * NS_PER_SECOND : (int64_t)(left * 1e9) + 1;
}

static bool fire_timers(Loop *loop) {
    if (loop->timers.count == 0) return true;
    double end = loop_time(loop) + 1e-9;
    while (loop->timers.count && loop->timers.entries[0].when < end) {
        Object *owner = timers_take(&loop->timers);
        bool done = loop_push(loop, from_object(owner), UNSET);
        object_release(owner);
        if (!done) return false;
    }
    return true;
}

bool loop_turn(Loop *loop) {
    Thread *thread = thread_current();
    loop->turns++;
    if (atomic_load_explicit(&thread->safepoint, memory_order_relaxed) && !safepoint_serve(thread)) return false;
    if (atomic_load_explicit(&loop->inbox_full, memory_order_relaxed) && !take_inbox(loop)) return false;
    int64_t timeout = patience(loop);
    bool due = loop->watched && (loop->steps >= STEPS_BETWEEN_POLLS || loop->ready.count == 0);
    if (timeout != 0 || due) {
        loop->steps = 0;
        if (!loop_collect_events(loop, timeout)) return false;
        if (atomic_load(&loop->inbox_full) && !take_inbox(loop)) return false;
    }
    if (!fire_timers(loop)) return false;
    size_t count = loop->ready.count;
    loop->steps += count + 1;
    for (; count && loop->ready.count; count--) {
        if (!run_entry(loop)) return false;
        if (atomic_load_explicit(&thread->safepoint, memory_order_relaxed) && !safepoint_serve(thread)) return false;
    }
    return true;
}

static bool own_turn(Loop *loop) {
    Value done = call_own(loop, "_run_once");
    release(done);
    return is_set(done);
}

bool loop_run(Loop *loop) {
    bool done = true;
    do done = loop->own_turns ? own_turn(loop) : loop_turn(loop);
    while (done && !loop->stopping);
    loop->stopping = false;
    return done;
}
