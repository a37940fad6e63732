/* Task: a future that drives a coroutine. */
#include "runtime/conc/thread.h"
#include "runtime/loop/context.h"
#include "runtime/loop/future.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/root.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

static Task *all_tasks;
static int64_t last_number; /* of the names Task-1, Task-2, ... */

bool task_is(Value v) {
    return is_exactly(v, &task_type) || (is_object(v) && type_is_subtype(as_object(v)->type, &task_type));
}

Task *task_list(void) { return all_tasks; }

/* --- making ---------------------------------------------------------------------------------------------------- */

/* The type that passed last: nearly always that of coroutines. */
static Type *known_type;

int task_can_drive(Value coroutine) {
    Type *type = type_of(coroutine);
    if (type == known_type || type == &sleep_type) return 1;
    Value ask = object_import("asyncio.coroutines", "iscoroutine");
    Value answer = is_set(ask) ? call1(ask, coroutine) : UNSET;
    int truth = is_set(answer) ? object_truth(answer) : -1;
    release(ask);
    release(answer);
    if (truth == 1 && type->resume && !(type->flags & TYPE_HEAP)) known_type = type;
    return truth;
}

static void link_task(Task *t) {
    t->next = all_tasks;
    if (all_tasks) all_tasks->previous = t;
    all_tasks = t;
}

static void unlink_task(Task *t) {
    if (t->previous) t->previous->next = t->next;
    else if (all_tasks == t) all_tasks = t->next;
    if (t->next) t->next->previous = t->previous;
    t->next = t->previous = NULL;
}

static bool set_name(Task *t, Value name) {
    Value text = is_unset(name) || is_none(name) ? from_small_int(++last_number)
                 : str_is_exact(name)            ? retain(name)
                                                 : object_str(name);
    if (is_unset(text)) return false;
    replace(&t->name, text);
    return true;
}

static bool schedule_step(Value task) {
    Value loop = as_future(task)->loop;
    if (loop_is_plain(loop)) return loop_check_closed(as_loop(loop)) && loop_push(as_loop(loop), task, UNSET);
    Value method = object_get_attribute_utf8(task, "_step");
    bool done = is_set(method) && loop_call_soon(loop, method, UNSET, as_task(task)->context);
    release(method);
    return done;
}

static bool task_start(Value task, Value loop, Value coroutine, Value name, Value context) {
    Task *t = as_task(task);
    bool failed = false;
    int drivable = task_can_drive(coroutine);
    t->future.quiet = true;
    if (drivable == 0) raise_type_error("a coroutine was expected, got %R", coroutine);
    if (drivable != 1 || !future_start(&t->future, loop) || !set_name(t, name)) return false;
    t->context = is_set(context) && !is_none(context) ? retain(context) : task_context_snapshot(&failed);
    t->coroutine = retain(coroutine);
    if (failed || !schedule_step(task)) return false;
    t->future.quiet = false;
    link_task(t);
    return true;
}

Value task_new(Value loop, Value coroutine, Value name, Value context) {
    Value task = from_object(instance_allocate(&task_type, sizeof(Task)));
    if (is_set(task) && !task_start(task, loop, coroutine, name, context)) clear(&task);
    return task;
}

/* --- the current task of a loop --------------------------------------------------------------------------------- */

static Value foreign_current; /* dict: loops that are not Loops -> task; a root */

Value task_current(Value loop) {
    if (loop_is(loop)) return as_loop(loop)->task;
    Value found = UNSET;
    if (is_set(foreign_current) && dict_find(foreign_current, loop, &found) < 0) error_clear();
    return found;
}

static bool set_current(Value loop, Value task) {
    if (loop_is(loop)) return replace(&as_loop(loop)->task, retain(task)), true;
    if (is_unset(foreign_current)) {
        foreign_current = dict_new();
        root_add(&foreign_current);
        if (is_unset(foreign_current)) return false;
    }
    return is_set(task) ? dict_set(foreign_current, loop, task) : dict_remove(foreign_current, loop, NULL) >= 0;
}

bool task_enter(Value loop, Value task) {
    Value current = task_current(loop);
    if (is_unset(current)) return set_current(loop, task);
    raise_runtime_error("Cannot enter into task %R while another task %R is being executed.", task, current);
    return false;
}

bool task_leave(Value loop, Value task) {
    Value current = task_current(loop);
    if (same(current, task)) return set_current(loop, UNSET);
    raise_runtime_error("Leaving task %R does not match the current task %R.", task, is_set(current) ? current : NONE);
    return false;
}

/* --- stepping -------------------------------------------------------------------------------------------------- */

/* Coroutines of classes of scripts have methods instead of the slot. */
static int drive_by_methods(Value coroutine, Value value, Value *result) {
    if (is_set(value)) *result = call_method1(coroutine, names.send, value);
    else {
        Value exception = error_take();
        *result = call_method1(coroutine, names.throw, exception);
        release(exception);
    }
    if (is_set(*result)) return 1;
    if (!error_matches(&StopIteration_type)) return -1;
    Value stop = error_take();
    *result = retain(stop_iteration_value(stop));
    release(stop);
    return 0;
}

static int drive(Value coroutine, Value value, Value *result) {
    Type *type = type_of(coroutine);
    return type->resume ? type->resume(coroutine, value, result) : drive_by_methods(coroutine, value, result);
}

/* The step ended with an error: it is thrown in at the next one. */
static bool step_again_with(Task *t, Value exception) {
    if (is_unset(exception)) return false;
    replace(&t->thrown, exception);
    return schedule_step(from_object(t));
}

static bool bad_yield(Task *t, const char *format, Value yielded) {
    raise_error(&RuntimeError_type, format, from_object(t), yielded);
    return step_again_with(t, error_take());
}

static bool passes_on_cancel(Task *t) {
    if (!t->future.must_cancel) return true;
    int done = future_cancel(t->waiter, t->future.cancel_message);
    if (done == 1) t->future.must_cancel = false;
    return done >= 0;
}

static bool wait_for(Task *t, Value future) {
    Future *f = as_future(future);
    if (!same(f->loop, t->future.loop)) return bad_yield(t, "Task %R got Future %R attached to a different loop", future);
    if (!f->blocking) return bad_yield(t, "yield was used instead of yield from in task %R with %R", future);
    f->blocking = false;
    if (f == &t->future) {
        raise_runtime_error("Task cannot await on itself: %R", future);
        return step_again_with(t, error_take());
    }
    if (!future_add_callback(future, from_object(t), UNSET)) return false;
    replace(&t->waiter, retain(future));
    return passes_on_cancel(t);
}

/* A future that is not one of ours, known by its attribute _asyncio_future_blocking. */
static bool wait_for_foreign(Task *t, Value future, Value blocking) {
    int truth = object_truth(blocking);
    if (truth < 0) return false;
    if (!truth) return bad_yield(t, "yield was used instead of yield from in task %R with %R", future);
    Value wake = object_get_attribute_utf8(from_object(t), "_wakeup"), add = UNSET, key = UNSET, done = UNSET;
    Value context = is_set(t->context) ? retain(t->context) : task_context_copy();
    Value name = str_intern_cstr("_asyncio_future_blocking");
    if (is_set(wake) && is_set(context) && object_set_attribute(future, name, FALSE_VALUE)) {
        add = object_get_attribute_utf8(future, "add_done_callback");
        key = str_intern_cstr("context");
        Value kwnames = tuple_pack(1, key), args[] = {wake, context};
        if (is_set(add)) done = call(add, args, 1, kwnames);
        release(kwnames);
    }
    release(wake);
    release(add);
    release(key);
    release(name);
    release(context);
    release(done);
    if (is_unset(done)) return step_again_with(t, error_take());
    replace(&t->waiter, retain(future));
    return passes_on_cancel(t);
}

static bool after_yield(Task *t, Value yielded) {
    Value blocking;
    if (is_none(yielded)) return schedule_step(from_object(t));
    if (future_is(yielded)) return wait_for(t, yielded);
    static Value name;
    if (is_unset(name)) name = str_intern_cstr("_asyncio_future_blocking");
    int found = object_find_attribute(yielded, name, &blocking);
    if (found < 0) return step_again_with(t, error_take());
    if (found == 1 && !is_none(blocking)) {
        bool done = wait_for_foreign(t, yielded, blocking);
        release(blocking);
        return done;
    }
    if (strcmp(type_of(yielded)->name, "generator") == 0)
        return bad_yield(t, "yield was used instead of yield from for generator in task %R with %R", yielded);
    raise_runtime_error("Task got bad yield: %R", yielded);
    return step_again_with(t, error_take());
}

static bool after_return(Task *t, Value result) {
    if (!t->future.must_cancel) return future_set_result(from_object(t), result);
    t->future.must_cancel = false;
    return future_cancel_plain(from_object(t), is_set(t->future.cancel_message) ? t->future.cancel_message : NONE) >= 0;
}

static bool after_raise(Task *t) {
    Value self = from_object(t), error = error_take();
    if (object_is_instance_exact_or_sub(error, as_type(future_cancelled_error))) {
        replace(&t->future.keep, error);
        return future_cancel_plain(self, is_set(t->future.cancel_message) ? t->future.cancel_message : NONE) >= 0;
    }
    bool ends = object_is_instance_exact_or_sub(error, &KeyboardInterrupt_type) ||
                object_is_instance_exact_or_sub(error, &SystemExit_type);
    bool done = future_set_exception(self, error);
    if (done && ends) error_restore(error);
    else release(error);
    return done && !ends;
}

/* What the coroutine is resumed with: unset and an exception pending to throw it in. */
static Value input(Task *t) {
    Value waiter = t->waiter, thrown = t->thrown;
    t->waiter = t->thrown = UNSET;
    if (is_set(waiter) && is_unset(thrown) && future_is(waiter)) {
        Future *f = as_future(waiter);
        if (f->state == FUTURE_CANCELLED || is_set(f->exception)) {
            Value result = future_result(waiter); /* raises */
            release(result);
            thrown = error_take();
        }
    }
    release(waiter);
    if (t->future.must_cancel) {
        if (is_unset(thrown) || !object_is_instance_exact_or_sub(thrown, as_type(future_cancelled_error)))
            replace(&thrown, future_make_cancelled_error(from_object(t)));
        t->future.must_cancel = false;
    }
    if (is_unset(thrown)) return NONE;
    error_restore(thrown);
    return UNSET;
}

static bool step_now(Task *t, Value loop) {
    Value outer, result = UNSET, value = input(t), coroutine = retain(t->coroutine);
    int outcome = -1;
    if (task_context_enter(t->context, &outer)) {
        outcome = drive(coroutine, value, &result);
        task_context_leave(&t->context, outer);
    }
    if (loop_is(loop)) clear(&as_loop(loop)->task);
    else if (!set_current(loop, UNSET)) return false;
    bool done = outcome == 1 ? after_yield(t, result) : outcome == 0 ? after_return(t, result) : after_raise(t);
    if (outcome >= 0) release(result);
    release(coroutine);
    return done;
}

bool task_step(Value task) {
    Task *t = as_task(task);
    Value loop = t->future.loop;
    if (t->future.state != FUTURE_PENDING) {
        raise_error(as_type(future_invalid_state), "_step(): already done: %R, %R", task,
                    is_set(t->thrown) ? t->thrown : NONE);
        return loop_is(loop) && loop_report(as_loop(loop), UNSET, "step");
    }
    if (loop_is(loop) && is_unset(as_loop(loop)->task)) as_loop(loop)->task = retain(task);
    else if (!task_enter(loop, task)) return loop_is(loop) && loop_report(as_loop(loop), UNSET, "step");
    if (step_now(t, loop)) return true;
    return loop_is(loop) && loop_report(as_loop(loop), UNSET, "step");
}

int task_cancel(Value task, Value message) {
    Task *t = as_task(task);
    t->future.unseen = false;
    if (t->future.state != FUTURE_PENDING) return 0;
    t->future.cancels++;
    if (is_set(t->waiter)) {
        Value waiter = retain(t->waiter);
        int done = future_cancel(waiter, message);
        release(waiter);
        if (done != 0) return done;
    }
    t->future.must_cancel = true;
    replace(&t->future.cancel_message, is_unset(message) || is_none(message) ? UNSET : retain(message));
    return 1;
}

/* --- for scripts ----------------------------------------------------------------------------------------------- */

static Value method_cancel(const Value *args, size_t count) {
    int done = task_cancel(args[0], is_set(args[1]) ? args[1] : NONE);
    return done < 0 ? UNSET : from_bool(done);
}
static Value method_uncancel(const Value *args, size_t count) {
    Future *f = as_future(args[0]);
    if (f->cancels > 0) f->cancels--;
    return from_small_int(f->cancels);
}
static Value method_cancelling(const Value *args, size_t count) { return from_small_int(as_future(args[0])->cancels); }

static Value method_get_name(const Value *args, size_t count) {
    Task *t = as_task(args[0]);
    if (is_small_int(t->name)) {
        Value text = str_format("Task-%lld", (long long)as_small_int(t->name));
        if (is_unset(text)) return UNSET;
        t->name = text;
    }
    return is_set(t->name) ? retain(t->name) : NONE;
}
static Value method_set_name(const Value *args, size_t count) {
    Value text = str_is_exact(args[1]) ? retain(args[1]) : object_str(args[1]);
    if (is_unset(text)) return UNSET;
    replace(&as_task(args[0])->name, text);
    return NONE;
}

static Value or_none(Value v) { return is_set(v) ? retain(v) : NONE; }
static Value method_get_coro(const Value *args, size_t count) { return or_none(as_task(args[0])->coroutine); }
static Value method_set_result(const Value *args, size_t count) {
    return raise_runtime_error("Task does not support set_result operation");
}
static Value method_set_exception(const Value *args, size_t count) {
    return raise_runtime_error("Task does not support set_exception operation");
}
static Value method_step(const Value *args, size_t count) { return task_step(args[0]) ? NONE : UNSET; }

/* What a future of another kind raises has to be asked for. */
static Value method_wakeup(const Value *args, size_t count) {
    if (!future_is(args[1])) {
        Value ask = object_get_attribute_utf8(args[1], "result"), result = is_set(ask) ? call0(ask) : UNSET;
        release(ask);
        release(result);
        if (is_unset(result)) replace(&as_task(args[0])->thrown, error_take());
    }
    return task_step(args[0]) ? NONE : UNSET;
}
static Value method_get_stack(const Value *args, size_t count) {
    Value function = object_import("asyncio.base_tasks", "_task_get_stack");
    Value result = is_set(function) ? call2(function, args[0], is_set(args[1]) ? args[1] : NONE) : UNSET;
    release(function);
    return result;
}
static Value method_print_stack(const Value *args, size_t count) {
    Value function = object_import("asyncio.base_tasks", "_task_print_stack");
    Value result = UNSET;
    if (is_set(function))
        result = call3(function, args[0], is_set(args[1]) ? args[1] : NONE, is_set(args[2]) ? args[2] : NONE);
    release(function);
    return result;
}
/* Task.current_task() and Task.all_tasks(), as programs before Python 3.9 wrote. */
static Value class_method(const char *name, Value loop) {
    Value function = object_import("asyncio.tasks", name);
    Value result = is_set(function) ? call1(function, is_set(loop) ? loop : NONE) : UNSET;
    release(function);
    return result;
}
static Value class_current_task(const Value *args, size_t count) { return class_method("current_task", args[1]); }
static Value class_all_tasks(const Value *args, size_t count) { return class_method("all_tasks", args[1]); }

static Value get_coro(Value self) { return or_none(as_task(self)->coroutine); }
static Value get_waiter(Value self) { return or_none(as_task(self)->waiter); }
static Value get_must_cancel(Value self) { return from_bool(as_future(self)->must_cancel); }
static Value get_log_destroy(Value self) { return from_bool(!as_future(self)->quiet); }
static bool set_log_destroy(Value self, Value value) {
    int truth = is_set(value) ? object_truth(value) : 0;
    if (truth >= 0) as_future(self)->quiet = !truth;
    return truth >= 0;
}
static Value get_context(Value self) {
    Task *t = as_task(self);
    if (is_unset(t->context)) t->context = call0(type_value(&context_type));
    return retain(t->context);
}

static const NativeDef task_methods[] = {
    METHOD("cancel", "msg=None", method_cancel, "CancelledError is thrown into the coroutine at its next step."),
    METHOD("uncancel", "", method_uncancel, "One request less; how many are left."),
    METHOD("cancelling", "", method_cancelling, "How often it was asked to cancel."),
    METHOD("get_name", "", method_get_name, "The name."),
    METHOD("set_name", "value, /", method_set_name, "Sets the name."),
    METHOD("get_coro", "", method_get_coro, "The coroutine."),
    METHOD("set_result", "result, /", method_set_result, "A task's result is its coroutine's."),
    METHOD("set_exception", "exception, /", method_set_exception, "A task's exception is its coroutine's."),
    METHOD("get_stack", "*, limit=None", method_get_stack, "The frames of the coroutine."),
    METHOD("print_stack", "*, limit=None, file=None", method_print_stack, "Prints the stack or the traceback."),
    METHOD("_step", "", method_step, NULL),
    METHOD("_wakeup", "future, /", method_wakeup, NULL),
    CLASS_METHOD("current_task", "loop=None", class_current_task, "The running task."),
    CLASS_METHOD("all_tasks", "loop=None", class_all_tasks, "The tasks that are not done."),
    NATIVE_END,
};
static const MemberDef task_members[] = {
    {"_coro", get_coro, NULL, NULL},
    {"_fut_waiter", get_waiter, NULL, NULL},
    {"_must_cancel", get_must_cancel, NULL, NULL},
    {"_context", get_context, NULL, NULL},
    {"_log_destroy_pending", get_log_destroy, set_log_destroy, NULL},
    {0},
};

static Value task_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value task = from_object(instance_allocate(type, type->basic_size));
    if (is_set(task)) as_future(task)->quiet = true;
    return task;
}

static bool task_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value a[4];
    if (!native_bind("Task", "coro, *, loop=None, name=None, context=None", args, count, kwnames, a)) return false;
    Value loop = retain(a[1]);
    if (is_unset(loop) || is_none(loop)) {
        Value get = object_import("asyncio.events", "_get_event_loop");
        loop = is_set(get) ? call0(get) : UNSET;
        release(get);
    }
    bool done = is_set(loop) && task_start(self, loop, a[0], a[2], a[3]);
    release(loop);
    return done;
}

static int task_traverse(Object *o, Visit visit, void *context) {
    Task *t = (Task *)o;
    TRAVERSE(t->coroutine);
    TRAVERSE(t->waiter);
    TRAVERSE(t->context);
    TRAVERSE(t->thrown);
    int stopped = future_traverse(o, visit, context);
    return stopped ? stopped : attrs_traverse(o, visit, context);
}

static void task_clear(Object *o) {
    Task *t = (Task *)o;
    future_clear(o);
    clear(&t->coroutine);
    clear(&t->waiter);
    clear(&t->context);
    clear(&t->thrown);
    attrs_clear(o);
}

static void task_destroy(Object *o) {
    unlink_task((Task *)o);
    task_clear(o);
    release(((Task *)o)->name);
    release(((Task *)o)->future.loop);
    object_free(o);
}

static bool task_finalize(Object *o) {
    Future *f = (Future *)o;
    if (f->state != FUTURE_PENDING || f->quiet || is_unset(f->loop)) return future_finalize(o);
    Value pending = error_take();
    future_report(from_object(o), str_from("Task was destroyed but it is pending!"), "task", false);
    if (is_set(pending)) error_restore(pending);
    return true;
}

static Value task_repr(Value self) { return future_repr_by("asyncio.base_tasks", "_task_repr", self); }

Type task_type = {
    TYPE_HEAD("_asyncio.Task"),
    .base = &future_type,
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Task),
    .attrs_offset = offsetof(Task, attrs),
    .doc = "A coroutine that the event loop runs.",
    .methods = task_methods,
    .members = task_members,
    .make = task_make,
    .init = task_init,
    .destroy = task_destroy,
    .traverse = task_traverse,
    .clear = task_clear,
    .finalize = task_finalize,
    .repr = task_repr,
    .await = future_await,
    .iterate = future_await,
};
