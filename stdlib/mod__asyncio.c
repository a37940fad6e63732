/* _asyncio: the half of asyncio that is written in C. */
#include "runtime/conc/thread.h"
#include "runtime/loop/context.h"
#include "runtime/loop/future.h"
#include "runtime/loop/handle.h"
#include "stdlib/stdlib.h"

static Value get_running_loop(const Value *args, size_t count) {
    Value loop = loop_running_or_raise();
    return is_set(loop) ? retain(loop) : UNSET;
}
static Value get_running_or_none(const Value *args, size_t count) {
    Value loop = loop_running();
    return is_set(loop) ? retain(loop) : NONE;
}
static Value set_running_loop(const Value *args, size_t count) {
    replace(&thread_self->running_loop, is_none(args[0]) ? UNSET : retain(args[0]));
    return NONE;
}

static Value sleep_function(const Value *args, size_t count) {
    return sleep_new(args[0], is_set(args[1]) ? args[1] : UNSET);
}

/* create_task(coro, *, name=None, context=None) */
static Value create_task(const Value *args, size_t count) {
    Value loop = loop_running_or_raise();
    if (is_unset(loop)) return UNSET;
    if (loop_is_plain(loop) && is_none(as_loop(loop)->task_factory) && !as_loop(loop)->closed)
        return task_new(loop, args[0], args[1], args[2]);
    Value make = import_attribute("asyncio.tasks", "_create_task_on");
    Value all[] = {loop, args[0], is_set(args[1]) ? args[1] : NONE, is_set(args[2]) ? args[2] : NONE};
    Value task = is_set(make) ? call(make, all, 4, UNSET) : UNSET;
    release(make);
    return task;
}

/* args: return_exceptions, then the awaitables */
static Value gather(const Value *args, size_t count) {
    int collect = is_set(args[0]) ? object_truth(args[0]) : 0;
    if (collect < 0) return UNSET;
    if (count > 1) return gather_new(args + 1, count - 1, collect);
    Value get = import_attribute("asyncio.events", "_get_event_loop"), loop = is_set(get) ? call0(get) : UNSET;
    Value future = is_set(loop) ? call_method0(loop, names.create_future) : UNSET, none = list_new(0);
    if (is_set(future) && (is_unset(none) || !future_set_result(future, none))) clear(&future);
    release(get);
    release(loop);
    release(none);
    return future;
}

static Value current_task(const Value *args, size_t count) {
    Value loop = is_set(args[0]) && !is_none(args[0]) ? args[0] : loop_running_or_raise();
    if (is_unset(loop)) return UNSET;
    Value task = task_current(loop);
    return is_set(task) ? retain(task) : NONE;
}

static Value enter_task(const Value *args, size_t count) { return task_enter(args[0], args[1]) ? NONE : UNSET; }
static Value leave_task(const Value *args, size_t count) { return task_leave(args[0], args[1]) ? NONE : UNSET; }

/* The tasks of a loop that are not done, as a set. */
static Value all_tasks(const Value *args, size_t count) {
    Value loop = is_set(args[0]) && !is_none(args[0]) ? args[0] : loop_running_or_raise();
    Value found = is_set(loop) ? set_new() : UNSET;
    for (Task *t = task_list(); t && is_set(found); t = t->next) {
        if (!same(t->future.loop, loop) || t->future.state != FUTURE_PENDING) continue;
        if (!set_add(found, from_object(t))) clear(&found);
    }
    return found;
}

static const NativeDef functions[] = {
    FUNCTION("get_running_loop", "", get_running_loop, "The loop that runs on this thread, or RuntimeError."),
    FUNCTION("_get_running_loop", "", get_running_or_none, "The loop that runs on this thread, or None."),
    FUNCTION("_set_running_loop", "loop, /", set_running_loop, "For loops written in script."),
    FUNCTION("sleep", "delay, result=None", sleep_function, "Coroutine that completes after delay seconds."),
    FUNCTION("create_task", "coro, *, name=None, context=None", create_task, "Runs a coroutine; returns its task."),
    FUNCTION("gather", "*coros_or_futures, return_exceptions=False", gather,
             "A future for the list of the results of all of them."),
    FUNCTION("current_task", "loop=None", current_task, "The running task, or None."),
    FUNCTION("_native_tasks", "loop=None", all_tasks, "The tasks that are not done."),
    FUNCTION("_enter_task", "loop, task", enter_task, NULL),
    FUNCTION("_leave_task", "loop, task", leave_task, NULL),
    NATIVE_END,
};

static bool fill(Value dict) {
    static const struct {
        const char *name;
        Type *type;
    } types[] = {{"Loop", &loop_type},     {"Handle", &loop_handle_type}, {"TimerHandle", &loop_timer_handle_type},
                 {"Future", &future_type}, {"Task", &task_type},     {"_GatheringFuture", &gathering_type},
                 {"_Sleep", &sleep_type}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!dict_set_utf8(dict, types[i].name, type_value(types[i].type))) return false;
    return dict_set_utf8(dict, "CancelledError", future_cancelled_error) &&
           dict_set_utf8(dict, "InvalidStateError", future_invalid_state);
}

const ModuleDef mod__asyncio = {"_asyncio", "The event loop, futures and tasks.", functions, fill, loop_ready};
