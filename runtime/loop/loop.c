/* The loop object: scheduling, and the methods that scripts see. */
#include "runtime/loop/loop.h"

#include "runtime/conc/thread.h"
#include "runtime/loop/context.h"
#include "runtime/loop/future.h"
#include "runtime/loop/handle.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/root.h"
#include "runtime/plat/signal.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

Type *loop_known_type;

bool loop_is_slow(Value v) {
    if (!is_object(v) || !type_is_subtype(as_object(v)->type, &loop_type)) return false;
    loop_known_type = as_object(v)->type;
    return true;
}

Value loop_running(void) { return thread_self->running_loop; }

Value loop_running_or_raise(void) {
    Value loop = thread_self->running_loop;
    return is_set(loop) ? loop : raise_runtime_error("no running event loop");
}

bool loop_check_closed(Loop *loop) {
    if (!loop->closed) return true;
    return raise_runtime_error("Event loop is closed"), false;
}

bool loop_call_soon(Value loop, Value callback, Value argument, Value context) {
    Value args = is_set(argument) ? tuple_pack(1, argument) : empty_tuple;
    if (is_unset(args)) return false;
    if (loop_is_plain(loop)) {
        bool empty = is_none(context); /* of a callback that was added in an empty context */
        Value handle = loop_check_closed(as_loop(loop)) ? handle_new(loop, callback, args, context) : UNSET;
        if (is_set(handle) && empty) clear(&as_handle(handle)->context);
        bool done = is_set(handle) && loop_push(as_loop(loop), handle, UNSET);
        release(handle);
        release(args);
        return done;
    }
    Value name = str_intern_cstr("call_soon"), key = str_intern_cstr("context"), kwnames = tuple_pack(1, key);
    Value given = is_unset(context) || is_none(context) ? task_context_copy() : retain(context);
    Value all[] = {callback, is_set(argument) ? argument : given, given};
    Value result = UNSET;
    if (is_set(given)) result = call_method(loop, name, all, is_set(argument) ? 2 : 1, kwnames);
    release(name);
    release(key);
    release(kwnames);
    release(given);
    release(args);
    release(result);
    return is_set(result);
}

/* --- checks of debug mode --------------------------------------------------------------------------------------- */

static bool check(Value self, Value callback, const char *method) {
    Value name = str_intern_cstr("_check_callback"), text = str_from(method);
    Value done = is_set(text) ? call_method2(self, name, callback, text) : UNSET;
    release(text);
    release(name);
    release(done);
    return is_set(done);
}

static bool check_thread(const Loop *loop) {
    if (loop->thread == 0 || loop->thread == thread_self->ident) return true;
    raise_runtime_error("Non-thread-safe operation invoked on an event loop other than the current one");
    return false;
}

static bool may_call(Value self, Value callback, const char *method, bool same_thread) {
    Loop *loop = as_loop(self);
    if (!loop_check_closed(loop)) return false;
    if (!loop->debug) return true;
    return (!same_thread || check_thread(loop)) && check(self, callback, method);
}

/* --- call_soon and its like ------------------------------------------------------------------------------------ */

/* args: self, callback, context, *args */
static Value handle_from(const Value *args, size_t count, size_t skip) {
    Value rest = tuple_from_values(args + skip, count - skip);
    Value handle = is_set(rest) ? handle_new(args[0], args[1], rest, args[2]) : UNSET;
    release(rest);
    return handle;
}

static Value call_soon(const Value *args, size_t count) {
    if (!may_call(args[0], args[1], "call_soon", true)) return UNSET;
    Value handle = handle_from(args, count, 3);
    if (is_set(handle) && !loop_push(as_loop(args[0]), handle, UNSET)) clear(&handle);
    return handle;
}

static Value call_soon_threadsafe(const Value *args, size_t count) {
    if (!may_call(args[0], args[1], "call_soon_threadsafe", false)) return UNSET;
    Loop *loop = as_loop(args[0]);
    Value handle = handle_from(args, count, 3);
    if (is_unset(handle)) return UNSET;
    bool done;
    if (loop->thread == thread_self->ident) {
        done = loop_push(loop, handle, UNSET);
    } else {
        mutex_lock(&loop->inbox_lock);
        done = loop_queue_push(&loop->inbox, handle, UNSET);
        atomic_store(&loop->inbox_full, true);
        mutex_unlock(&loop->inbox_lock);
    }
    loop_wake(loop);
    if (!done) clear(&handle);
    return handle;
}

static Value call_at_moment(Value self, double when, const Value *args, size_t count) {
    Loop *loop = as_loop(self);
    Value rest = tuple_from_values(args + 4, count - 4);
    Value handle = is_set(rest) ? handle_new_timer(self, when, args[2], rest, args[3]) : UNSET;
    release(rest);
    if (is_unset(handle)) return UNSET;
    if (!timers_add(&loop->timers, when, as_object(handle), &as_handle(handle)->timer)) clear(&handle);
    return handle;
}

static bool moment(Value v, const char *what, double *out) {
    if (is_none(v)) return raise_type_error("%s cannot be None", what), false;
    return object_as_double(v, out);
}

/* args: self, when, callback, context, *args */
static Value call_at(const Value *args, size_t count) {
    double when;
    if (!moment(args[1], "when", &when) || !may_call(args[0], args[2], "call_at", true)) return UNSET;
    return call_at_moment(args[0], when, args, count);
}
static Value call_later(const Value *args, size_t count) {
    double delay;
    if (!moment(args[1], "delay", &delay) || !may_call(args[0], args[2], "call_later", true)) return UNSET;
    return call_at_moment(args[0], loop_time(as_loop(args[0])) + delay, args, count);
}

static Value create_future(const Value *args, size_t count) { return future_new(args[0]); }

static Value from_factory(const Value *args) {
    Loop *loop = as_loop(args[0]);
    Value make = object_import("asyncio.tasks", "_task_from_factory");
    Value all[] = {loop->task_factory, args[0], args[1], is_set(args[2]) ? args[2] : NONE,
                   is_set(args[3]) ? args[3] : NONE};
    Value task = is_set(make) ? call(make, all, 5, UNSET) : UNSET;
    release(make);
    return task;
}

/* args: self, coro, name, context */
static Value create_task(const Value *args, size_t count) {
    Loop *loop = as_loop(args[0]);
    if (!loop_check_closed(loop)) return UNSET;
    return is_none(loop->task_factory) ? task_new(args[0], args[1], args[2], args[3]) : from_factory(args);
}

/* --- running ---------------------------------------------------------------------------------------------------- */

static bool may_run(Loop *loop) {
    if (!loop_check_closed(loop)) return false;
    if (loop->thread) return raise_runtime_error("This event loop is already running"), false;
    if (is_unset(thread_self->running_loop)) return true;
    return raise_runtime_error("Cannot run the event loop while another loop is running"), false;
}

static Value check_running(const Value *args, size_t count) { return may_run(as_loop(args[0])) ? NONE : UNSET; }

/* The main thread's signals wake its loop, unless the script has its own way of being told. */
static bool listen_to_signals(Loop *loop) {
    int none = -1;
    return thread_self->is_main && atomic_compare_exchange_strong(&signal_wakeup_fd, &none, loop->wake.writer);
}

static Value run(const Value *args, size_t count) {
    Loop *loop = as_loop(args[0]);
    if (!may_run(loop) || !loop_open(loop)) return UNSET;
    bool listens = listen_to_signals(loop);
    thread_self->running_loop = retain(args[0]);
    loop->thread = thread_self->ident;
    bool done = loop_run(loop);
    loop->thread = 0;
    clear(&thread_self->running_loop);
    if (listens) atomic_store(&signal_wakeup_fd, -1);
    return done ? NONE : UNSET;
}

static Value stop(const Value *args, size_t count) {
    as_loop(args[0])->stopping = true;
    return NONE;
}
static Value run_once(const Value *args, size_t count) { return loop_turn(as_loop(args[0])) ? NONE : UNSET; }
static Value time_now(const Value *args, size_t count) { return from_double(loop_now()); }
static Value is_running(const Value *args, size_t count) { return from_bool(as_loop(args[0])->thread != 0); }
static Value is_closed(const Value *args, size_t count) { return from_bool(as_loop(args[0])->closed); }
static Value get_debug(const Value *args, size_t count) { return from_bool(as_loop(args[0])->debug); }
static Value set_debug(const Value *args, size_t count) {
    int truth = object_truth(args[1]);
    if (truth < 0) return UNSET;
    as_loop(args[0])->debug = truth;
    return NONE;
}
static Value wake_up(const Value *args, size_t count) {
    loop_wake(as_loop(args[0]));
    return NONE;
}

static void forget(Loop *loop) {
    loop_queue_clear(&loop->ready);
    mutex_lock(&loop->inbox_lock);
    LoopQueue inbox = loop->inbox;
    loop->inbox = (LoopQueue){0};
    mutex_unlock(&loop->inbox_lock);
    loop_queue_clear(&inbox);
    timers_clear(&loop->timers);
    loop_close_descriptors(loop);
}

static Value close_loop(const Value *args, size_t count) {
    Loop *loop = as_loop(args[0]);
    loop->closed = true;
    forget(loop);
    return NONE;
}

static Value get_task_factory(const Value *args, size_t count) { return retain(as_loop(args[0])->task_factory); }
static Value set_task_factory(const Value *args, size_t count) {
    if (!is_none(args[1]) && !is_callable(args[1]))
        return raise_type_error("task factory must be a callable or None");
    replace(&as_loop(args[0])->task_factory, retain(args[1]));
    return NONE;
}

/* Transports use the handles; programs get None. */
static Value without(Value handle) {
    release(handle);
    return is_set(handle) ? NONE : UNSET;
}
static Value add_reader(const Value *args, size_t count) { return without(loop_add_reader(args, count)); }
static Value add_writer(const Value *args, size_t count) { return without(loop_add_writer(args, count)); }

static const NativeDef loop_methods[] = {
    METHOD("call_soon", "callback, *args, context=None", call_soon, "Call it at the next turn of the loop."),
    METHOD("call_soon_threadsafe", "callback, *args, context=None", call_soon_threadsafe, "The same, from any thread."),
    METHOD("call_later", "delay, callback, *args, context=None", call_later, "Call it after delay seconds."),
    METHOD("call_at", "when, callback, *args, context=None", call_at, "Call it when loop.time() is `when`."),
    METHOD("create_future", "", create_future, "A future of this loop."),
    METHOD("create_task", "coro, *, name=None, context=None", create_task, "Runs a coroutine."),
    METHOD("get_task_factory", "", get_task_factory, "What makes tasks, or None."),
    METHOD("set_task_factory", "factory, /", set_task_factory, "factory(loop, coro) makes the tasks."),
    METHOD("stop", "", stop, "End after this turn."),
    METHOD("time", "", time_now, "Seconds from some moment on."),
    METHOD("is_running", "", is_running, "Does it run?"),
    METHOD("is_closed", "", is_closed, "Was it closed?"),
    METHOD("get_debug", "", get_debug, "Is it in debug mode?"),
    METHOD("set_debug", "enabled, /", set_debug, "Turns debug mode on or off."),
    METHOD("_run", "", run, NULL),
    METHOD("_run_once", "", run_once, NULL),
    METHOD("_check_running", "", check_running, NULL),
    METHOD("_close", "", close_loop, NULL),
    METHOD("_wake", "", wake_up, NULL),
    METHOD("add_reader", "fd, callback, /, *args", add_reader, "Call it whenever fd can be read."),
    METHOD("add_writer", "fd, callback, /, *args", add_writer, "Call it whenever fd can be written."),
    METHOD("remove_reader", "fd, /", loop_remove_reader, "True if there was one."),
    METHOD("remove_writer", "fd, /", loop_remove_writer, "True if there was one."),
    METHOD("_add_reader", "fd, callback, /, *args", loop_add_reader, NULL),
    METHOD("_add_writer", "fd, callback, /, *args", loop_add_writer, NULL),
    METHOD("_remove_reader", "fd, /", loop_remove_reader, NULL),
    METHOD("_remove_writer", "fd, /", loop_remove_writer, NULL),
    NATIVE_END,
};

static Value get_slow(Value self) { return from_double(as_loop(self)->slow_callback); }
static bool set_slow(Value self, Value value) {
    return is_set(value) && object_as_double(value, &as_loop(self)->slow_callback);
}
static Value get_closed(Value self) { return from_bool(as_loop(self)->closed); }
static Value get_debugging(Value self) { return from_bool(as_loop(self)->debug); }
static Value get_stopping(Value self) { return from_bool(as_loop(self)->stopping); }
static Value get_turns(Value self) { return from_small_int((int64_t)as_loop(self)->turns); }
static Value get_ready(Value self) { return from_small_int((int64_t)as_loop(self)->ready.count); }
static Value get_timers(Value self) { return from_small_int((int64_t)as_loop(self)->timers.count); }
static const MemberDef loop_members[] = {
    {"slow_callback_duration", get_slow, set_slow, "Seconds after which debug mode names a callback."},
    {"_closed", get_closed, NULL, NULL},
    {"_debug", get_debugging, NULL, NULL},
    {"_stopping", get_stopping, NULL, NULL},
    {"_turns", get_turns, NULL, "Turns so far."},
    {"_ready_count", get_ready, NULL, "Entries that are ready."},
    {"_timer_count", get_timers, NULL, "Timers that wait."},
    {0},
};

/* --- life ------------------------------------------------------------------------------------------------------- */

static bool keeps(Type *type, const char *name) {
    Value interned = str_intern_cstr(name);
    bool same_method = same(type_lookup(type, interned), type_lookup(&loop_type, interned));
    release(interned);
    return same_method;
}

static Value loop_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Loop *loop = instance_allocate(type, type->basic_size);
    if (!loop) return UNSET;
    mutex_start(&loop->inbox_lock);
    loop->task_factory = loop->exception_handler = NONE;
    loop->slow_callback = 0.1;
    loop->own_clock = !keeps(type, "time");
    loop->own_turns = !keeps(type, "_run_once");
    loop->plain = keeps(type, "call_soon") && keeps(type, "create_task") && keeps(type, "call_later") &&
                  keeps(type, "call_at") && keeps(type, "create_future") && !loop->own_clock;
    return from_object(loop);
}

static bool loop_init(Value self, const Value *args, size_t count, Value kwnames) { return true; }

static int traverse_queue(const LoopQueue *q, Visit visit, void *context) {
    for (size_t i = 0; i < q->count; i++) {
        const LoopEntry *entry = &q->entries[(q->first + i) & (q->capacity - 1)];
        TRAVERSE(entry->object);
        TRAVERSE(entry->argument);
    }
    return 0;
}

static int loop_traverse(Object *o, Visit visit, void *context) {
    Loop *loop = (Loop *)o;
    int stopped = traverse_queue(&loop->ready, visit, context);
    if (!stopped) stopped = traverse_queue(&loop->inbox, visit, context);
    if (stopped) return stopped;
    for (size_t i = 0; i < loop->timers.count; i++) TRAVERSE(from_object(loop->timers.entries[i].owner));
    for (size_t i = 0; i < loop->watch_count; i++) {
        TRAVERSE(loop->watches[i].reader);
        TRAVERSE(loop->watches[i].writer);
    }
    TRAVERSE(loop->task);
    TRAVERSE(loop->task_factory);
    TRAVERSE(loop->exception_handler);
    return attrs_traverse(o, visit, context);
}

static void loop_clear(Object *o) {
    Loop *loop = (Loop *)o;
    forget(loop);
    clear(&loop->task);
    replace(&loop->task_factory, NONE);
    replace(&loop->exception_handler, NONE);
    attrs_clear(o);
}

/* A class that dies leaves no trace in the cache. */
static void loop_destroy(Object *o) {
    loop_known_type = NULL;
    loop_clear(o);
    mutex_end(&((Loop *)o)->inbox_lock);
    object_free(o);
}

Type loop_type = {
    TYPE_HEAD("_asyncio.Loop"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Loop),
    .attrs_offset = offsetof(Loop, attrs),
    .doc = "The event loop: what is ready, timers, descriptors.",
    .methods = loop_methods,
    .members = loop_members,
    .make = loop_make,
    .init = loop_init,
    .destroy = loop_destroy,
    .traverse = loop_traverse,
    .clear = loop_clear,
};

static Value error_class(const char *name, Type *base, const char *doc) {
    Value words[] = {str_from(name), str_from("asyncio.exceptions"), str_from(doc)};
    Value bases = tuple_pack(1, type_value(base)), namespace = dict_new(), made = UNSET;
    if (is_set(words[2]) && is_set(bases) && is_set(namespace) && dict_set(namespace, names.__module__, words[1]) &&
        dict_set(namespace, names.__doc__, words[2]))
        made = call3(type_value(&type_type), words[0], bases, namespace);
    for (int i = 0; i < 3; i++) release(words[i]);
    release(bases);
    release(namespace);
    return made;
}

static bool make_errors(void) {
    if (is_set(future_invalid_state)) return true;
    root_add(&future_cancelled_error);
    root_add(&future_invalid_state);
    future_cancelled_error = error_class("CancelledError", &BaseException_type, "The Future or Task was cancelled.");
    if (is_unset(future_cancelled_error)) return false;
    future_invalid_state =
        error_class("InvalidStateError", &Exception_type, "The operation is not allowed in this state.");
    return is_set(future_invalid_state);
}

bool loop_ready(void) {
    return task_context_ready() && type_ready(&loop_type) && type_ready(&loop_handle_type) && type_ready(&loop_timer_handle_type) &&
           type_ready(&future_type) && type_ready(&task_type) && type_ready(&sleeper_type) &&
           type_ready(&gathering_type) && type_ready(&future_iterator_type) && type_ready(&sleep_type) && make_errors();
}
