/* asyncio.gather(): one future for many. */
#include "runtime/loop/future.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

/* asyncio.tasks.NAME(argument, loop): what is not a coroutine to be run on a plain loop. */
static Value by_script(const char *name, Value argument, Value loop) {
    Value function = object_import("asyncio.tasks", name);
    Value future = is_set(function) ? call2(function, argument, is_set(loop) ? loop : NONE) : UNSET;
    release(function);
    return future;
}

static Value child_for(Value argument, Value loop) {
    if (future_is(argument) || is_unset(loop) || !loop_is_plain(loop) || !is_none(as_loop(loop)->task_factory))
        return by_script("_gather_child", argument, loop);
    if (task_can_drive(argument) == 1) {
        Value task = task_new(loop, argument, UNSET, UNSET);
        if (is_set(task)) as_future(task)->quiet = true;
        return task;
    }
    error_clear();
    return by_script("_gather_child", argument, loop);
}

static Value gathering_new(Value children, Value loop, bool return_exceptions) {
    Gathering *g = object_allocate(&gathering_type, sizeof *g);
    if (!g) return UNSET;
    g->children = retain(children);
    g->return_exceptions = return_exceptions;
    if (future_start(&g->future, loop)) return from_object(g);
    object_release(g);
    return UNSET;
}

/* The same argument twice is one child, which stands in both places. */
static bool make_children(const Value *arguments, size_t count, Value children, Value seen, Value *loop) {
    for (size_t i = 0; i < count; i++) {
        Value child = UNSET;
        int found = dict_find(seen, arguments[i], &child);
        if (found < 0) return false;
        if (found) child = retain(child);
        else {
            child = child_for(arguments[i], *loop);
            if (is_unset(child) || !dict_set(seen, arguments[i], child)) return release(child), false;
            if (is_unset(*loop)) *loop = as_future(child)->loop;
        }
        if (!list_append_steal(children, child)) return false;
    }
    return true;
}

static bool watch_children(Value gathering, Value seen) {
    size_t at = 0;
    Value key, child;
    Gathering *g = (Gathering *)as_object(gathering);
    g->unfinished = dict_length(seen);
    while (dict_next(seen, &at, &key, &child))
        if (!future_add_callback(child, gathering, UNSET)) return false;
    return true;
}

Value gather_new(const Value *arguments, size_t count, bool return_exceptions) {
    Value children = list_new(count), seen = dict_new(), result = UNSET, loop = loop_running();
    if (is_set(children) && is_set(seen) && make_children(arguments, count, children, seen, &loop)) {
        result = gathering_new(children, loop, return_exceptions);
        if (is_set(result) && !watch_children(result, seen)) clear(&result);
    }
    release(children);
    release(seen);
    return result;
}

static Value result_of(Value child) {
    Future *f = as_future(child);
    if (f->state == FUTURE_CANCELLED) {
        Value text = is_set(f->cancel_message) ? retain(f->cancel_message) : str_from("");
        Value error = is_set(text) ? call1(future_cancelled_error, text) : UNSET;
        release(text);
        return error;
    }
    Value exception = future_take_exception(child);
    return retain(is_set(exception) ? exception : f->result);
}

static bool finish(Value gathering, Value last) {
    Gathering *g = (Gathering *)as_object(gathering);
    List *children = as_list(g->children);
    Value results = list_new(children->length);
    for (size_t i = 0; i < children->length && is_set(results); i++) {
        Value one = result_of(children->items[i]);
        if (is_unset(one) || !list_append_steal(results, one)) clear(&results);
    }
    if (is_unset(results)) return false;
    Value error = g->cancel_requested ? future_make_cancelled_error(last) : UNSET;
    bool done = is_set(error) ? future_set_exception(gathering, error) : future_set_result(gathering, results);
    release(error);
    release(results);
    return done;
}

bool gather_child_done(Value gathering, Value child) {
    Gathering *g = (Gathering *)as_object(gathering);
    Future *f = as_future(child);
    bool cancelled = f->state == FUTURE_CANCELLED;
    Value exception = g->future.state != FUTURE_PENDING || !g->return_exceptions ? future_take_exception(child) : UNSET;
    g->unfinished--;
    if (g->future.state != FUTURE_PENDING) return true;
    if (!g->return_exceptions && cancelled) {
        Value error = future_make_cancelled_error(child);
        bool done = is_set(error) && future_set_exception(gathering, error);
        release(error);
        return done;
    }
    if (is_set(exception)) return future_set_exception(gathering, exception);
    return g->unfinished > 0 || finish(gathering, child);
}

static int gathering_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Gathering *)o)->children);
    int stopped = future_traverse(o, visit, context);
    return stopped ? stopped : attrs_traverse(o, visit, context);
}
static void gathering_clear(Object *o) {
    future_clear(o);
    clear(&((Gathering *)o)->children);
    attrs_clear(o);
}
static void gathering_destroy(Object *o) {
    gathering_clear(o);
    release(((Future *)o)->loop);
    object_free(o);
}
static Value gathering_repr(Value self) { return future_repr_by("asyncio.base_futures", "_future_repr", self); }

static Value get_children(Value self) {
    Value children = ((Gathering *)as_object(self))->children;
    return is_set(children) ? retain(children) : NONE;
}
static const MemberDef gathering_members[] = {{"_children", get_children, NULL, NULL}, {0}};

Type gathering_type = {
    TYPE_HEAD("asyncio.tasks._GatheringFuture"),
    .base = &future_type,
    .flags = TYPE_GC | TYPE_WEAK | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Gathering),
    .attrs_offset = offsetof(Gathering, attrs),
    .members = gathering_members,
    .destroy = gathering_destroy,
    .traverse = gathering_traverse,
    .clear = gathering_clear,
    .finalize = future_finalize,
    .repr = gathering_repr,
    .await = future_await,
    .iterate = future_await,
};
