/* Future: a result that is not there yet. */
#include "runtime/loop/future.h"

#include "runtime/conc/thread.h"
#include "runtime/loop/context.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

Value future_cancelled_error, future_invalid_state;

bool future_is(Value v) {
    if (!is_object(v)) return false;
    Type *t = as_object(v)->type;
    return t == &future_type || t == &task_type || t == &sleeper_type || t == &gathering_type ||
           type_is_subtype(t, &future_type);
}

static Value invalid_state(const char *text) {
    raise_error(as_type(future_invalid_state), "%s", text);
    return UNSET;
}

bool future_start(Future *f, Value loop) {
    f->loop = retain(loop);
    if (!loop_is(loop) || !as_loop(loop)->debug) return true;
    Value function = object_import("asyncio.format_helpers", "_origin");
    f->origin = is_set(function) ? call1(function, NONE) : UNSET;
    release(function);
    return is_set(f->origin);
}

Value future_new(Value loop) {
    Future *f = instance_allocate(&future_type, sizeof(FutureObject));
    if (!f) return UNSET;
    if (future_start(f, loop)) return from_object(f);
    object_release(f);
    return UNSET;
}

/* --- callbacks ------------------------------------------------------------------------------------------------- */

static bool add_more(Future *f, FutureCallback added) {
    if (f->more_count == f->more_capacity) {
        uint32_t capacity = f->more_capacity ? f->more_capacity * 2 : 4;
        FutureCallback *grown = raw_reallocate(f->more, capacity * sizeof *grown);
        if (!grown) return raise_memory_error(), false;
        f->more = grown;
        f->more_capacity = capacity;
    }
    f->more[f->more_count++] = added;
    return true;
}

/* The task's own bound method stands for it where a loop of another kind has to call it. */
static bool wake_by_call(Value loop, Value task, Value future) {
    Value method = object_get_attribute_utf8(task, "_wakeup");
    bool done = is_set(method) && loop_call_soon(loop, method, future, as_task(task)->context);
    release(method);
    return done;
}

static bool schedule(Value future, FutureCallback c) {
    Value loop = as_future(future)->loop;
    bool plain = loop_is_plain(loop);
    if (task_is(c.callback)) {
        if (plain) return loop_check_closed(as_loop(loop)) && loop_push(as_loop(loop), c.callback, UNSET);
        return wake_by_call(loop, c.callback, future);
    }
    if (is_exactly(c.callback, &gathering_type) && loop_is(loop))
        return loop_check_closed(as_loop(loop)) && loop_push(as_loop(loop), c.callback, future);
    return loop_call_soon(loop, c.callback, future, is_set(c.context) ? c.context : NONE);
}

static void drop(FutureCallback c) {
    release(c.callback);
    release(c.context);
}

/* Every callback goes to the loop once; on failure the rest is forgotten, as in CPython. */
bool future_schedule_callbacks(Future *f) {
    FutureCallback first = f->first, *more = f->more;
    uint32_t count = f->more_count;
    f->first = (FutureCallback){UNSET, UNSET};
    f->more = NULL;
    f->more_count = f->more_capacity = 0;
    bool done = is_unset(first.callback) || schedule(from_object(f), first);
    drop(first);
    for (uint32_t i = 0; i < count; i++) {
        done = done && schedule(from_object(f), more[i]);
        drop(more[i]);
    }
    raw_free(more);
    return done;
}

bool future_add_callback(Value future, Value callback, Value context) {
    Future *f = as_future(future);
    FutureCallback added = {callback, context};
    if (f->state != FUTURE_PENDING) return schedule(future, added);
    if (is_unset(f->first.callback) && f->more_count == 0) f->first = added;
    else if (!add_more(f, added)) return false;
    retain(callback);
    retain(context);
    return true;
}

static int matches(Value a, Value b) { return same(a, b) ? 1 : task_is(a) ? 0 : object_equal(a, b); }

/* How many were removed, or -1.  Comparing may run script code, so each round looks at the list anew. */
static int64_t remove_callbacks(Future *f, Value callback) {
    int64_t removed = 0;
    if (is_set(f->first.callback)) {
        int equal = matches(f->first.callback, callback);
        if (equal < 0) return -1;
        if (equal) {
            FutureCallback old = f->first;
            f->first = (FutureCallback){UNSET, UNSET};
            drop(old);
            removed++;
        }
    }
    for (uint32_t i = 0; i < f->more_count;) {
        int equal = matches(f->more[i].callback, callback);
        if (equal < 0) return -1;
        if (!equal || i >= f->more_count) {
            i++;
            continue;
        }
        FutureCallback old = f->more[i];
        memmove(&f->more[i], &f->more[i + 1], (--f->more_count - i) * sizeof old);
        drop(old);
        removed++;
    }
    return removed;
}

/* --- ending ---------------------------------------------------------------------------------------------------- */

bool future_set_result(Value future, Value result) {
    Future *f = as_future(future);
    if (f->state != FUTURE_PENDING) return invalid_state("invalid state"), false;
    f->result = retain(result);
    f->state = FUTURE_FINISHED;
    return future_schedule_callbacks(f);
}

/* An instance (owned) from an exception or a class of exceptions. */
static Value as_instance(Value exception) {
    if (exception_is_class(exception)) {
        Value made = call0(exception);
        if (is_unset(made) || exception_is(made)) return made;
        release(made);
    } else if (exception_is(exception)) return retain(exception);
    return raise_type_error("invalid exception object");
}

bool future_set_exception(Value future, Value exception) {
    Future *f = as_future(future);
    if (f->state != FUTURE_PENDING) return invalid_state("invalid state"), false;
    Value instance = as_instance(exception);
    if (is_unset(instance)) return false;
    if (type_is_subtype(type_of(instance), &StopIteration_type)) {
        release(instance);
        raise_type_error("StopIteration interacts badly with generators and cannot be raised into a Future");
        return false;
    }
    f->exception = instance;
    f->keep = retain(as_exception(instance)->traceback);
    f->state = FUTURE_FINISHED;
    f->unseen = true;
    return future_schedule_callbacks(f);
}

int future_cancel_plain(Value future, Value message) {
    Future *f = as_future(future);
    f->unseen = false;
    if (f->state != FUTURE_PENDING) return 0;
    f->state = FUTURE_CANCELLED;
    replace(&f->cancel_message, is_none(message) ? UNSET : retain(message));
    return future_schedule_callbacks(f) ? 1 : -1;
}

static int gathering_cancel(Value self, Value message) {
    Gathering *g = (Gathering *)as_object(self);
    if (g->future.state != FUTURE_PENDING) return 0;
    int any = 0;
    List *children = as_list(g->children);
    for (size_t i = 0; i < children->length; i++) {
        int one = future_cancel(children->items[i], message);
        if (one < 0) return -1;
        any |= one;
    }
    if (any) g->cancel_requested = true;
    return any;
}

int future_cancel(Value future, Value message) {
    Type *type = type_of(future);
    if (type == &future_type || type == &sleeper_type) return future_cancel_plain(future, message);
    if (type == &task_type) return task_cancel(future, message);
    if (type == &gathering_type) return gathering_cancel(future, message);
    Value name = str_intern_cstr("cancel"), keyword = str_intern_cstr("msg"), kwnames = tuple_pack(1, keyword);
    Value given = is_set(message) ? message : NONE;
    Value result = is_set(kwnames) ? call_method(future, name, &given, 0, kwnames) : UNSET;
    int truth = is_set(result) ? object_truth(result) : -1;
    release(result);
    release(kwnames);
    release(keyword);
    release(name);
    return truth;
}

Value future_make_cancelled_error(Value future) {
    Future *f = as_future(future);
    if (f->state != FUTURE_FINISHED && is_set(f->keep)) {
        Value kept = f->keep;
        f->keep = UNSET;
        return kept;
    }
    return is_set(f->cancel_message) ? call1(future_cancelled_error, f->cancel_message) : call0(future_cancelled_error);
}

static Value raise_cancelled(Value future) {
    Value error = future_make_cancelled_error(future);
    return is_set(error) ? raise_value(error) : UNSET;
}

Value future_take_exception(Value future) {
    Future *f = as_future(future);
    f->unseen = false;
    return f->state == FUTURE_FINISHED ? f->exception : UNSET;
}

Value future_result(Value future) {
    Future *f = as_future(future);
    if (f->state == FUTURE_CANCELLED) return raise_cancelled(future);
    if (f->state == FUTURE_PENDING) return invalid_state("Result is not set.");
    f->unseen = false;
    if (is_unset(f->exception)) return retain(f->result);
    replace(&as_exception(f->exception)->traceback, retain(f->keep));
    return raise_value(retain(f->exception));
}

/* --- reporting ------------------------------------------------------------------------------------------------- */

void future_report(Value future, Value message, const char *name, bool with_exception) {
    Future *f = as_future(future);
    Value context = dict_new(), done = UNSET, handler = str_intern_cstr("call_exception_handler");
    if (is_set(context) && is_set(message) && dict_set_utf8(context, "message", message) &&
        (!with_exception || dict_set_utf8(context, "exception", f->exception)) &&
        dict_set_utf8(context, name, future) &&
        (is_unset(f->origin) || dict_set_utf8(context, "source_traceback", f->origin)))
        done = call_method1(f->loop, handler, context);
    if (is_unset(done)) error_unraisable(NULL, future);
    release(done);
    release(handler);
    release(context);
    release(message);
}

bool future_finalize(Object *o) {
    Future *f = (Future *)o;
    if (!f->unseen || is_unset(f->exception)) return true;
    f->unseen = false;
    Value pending = error_take();
    Value text = str_format("%N exception was never retrieved", o->type);
    const char *dot = o->type->flags & TYPE_HEAP ? NULL : strrchr(o->type->name, '.');
    if (dot) replace(&text, str_format("%s exception was never retrieved", dot + 1));
    future_report(from_object(o), text, "future", true);
    if (is_set(pending)) error_restore(pending);
    return true;
}

Value future_repr_by(const char *module, const char *function, Value self) {
    Value helper = object_import(module, function);
    Value text = is_set(helper) ? call1(helper, self) : UNSET;
    release(helper);
    return text;
}

static Value future_repr(Value self) { return future_repr_by("asyncio.base_futures", "_future_repr", self); }

/* --- awaiting -------------------------------------------------------------------------------------------------- */

typedef struct FutureIterator {
    Object head;
    Value future; /* UNSET when it is over */
} FutureIterator;

static FutureIterator *as_iterator(Value v) { return (FutureIterator *)as_object(v); }

Value future_await(Value self) {
    if (is_unset(as_future(self)->loop)) return raise_runtime_error("Future object is not initialized.");
    FutureIterator *i = object_allocate(&future_iterator_type, sizeof *i);
    if (!i) return UNSET;
    i->future = retain(self);
    return from_object(i);
}

static int iterator_resume(Value self, Value value, Value *result) {
    FutureIterator *i = as_iterator(self);
    Value future = i->future;
    *result = NONE;
    if (is_unset(value)) return clear(&i->future), -1;
    if (is_unset(future)) return 0;
    Future *f = as_future(future);
    if (f->state == FUTURE_PENDING) {
        if (f->blocking) return raise_runtime_error("await wasn't used with future"), -1;
        f->blocking = true;
        *result = retain(future);
        return 1;
    }
    i->future = UNSET;
    *result = future_result(future);
    release(future);
    return is_set(*result) ? 0 : -1;
}

static Value ended(int outcome, Value result) {
    if (outcome == 1) return result;
    if (outcome == 0) {
        raise_stop_iteration(is_none(result) ? UNSET : result);
        release(result);
    }
    return UNSET;
}
static Value iterator_send(const Value *args, size_t count) {
    Value result;
    int outcome = iterator_resume(args[0], NONE, &result);
    return ended(outcome, result);
}
static Value iterator_step(Value self) { return iterator_send(&self, 1); }
static Value iterator_throw(const Value *args, size_t count) {
    Value exception = args[1];
    if (exception_is_class(exception) && is_set(args[2]) && exception_is(args[2])) exception = args[2];
    Value instance = as_instance(exception);
    clear(&as_iterator(args[0])->future);
    if (is_set(instance)) error_restore(instance);
    return UNSET;
}
static Value iterator_close(const Value *args, size_t count) {
    clear(&as_iterator(args[0])->future);
    return NONE;
}
static Value iterator_self(Value self) { return retain(self); }
static int iterator_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((FutureIterator *)o)->future);
    return 0;
}
static void iterator_clear(Object *o) { clear(&((FutureIterator *)o)->future); }
static void iterator_destroy(Object *o) {
    iterator_clear(o);
    object_free(o);
}
static const NativeDef iterator_methods[] = {
    METHOD("send", "value, /", iterator_send, NULL),
    METHOD("throw", "type, value=None, traceback=None, /", iterator_throw, NULL),
    METHOD("close", "", iterator_close, NULL),
    NATIVE_END,
};
Type future_iterator_type = {
    TYPE_HEAD("_asyncio.FutureIter"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(FutureIterator),
    .methods = iterator_methods,
    .destroy = iterator_destroy,
    .traverse = iterator_traverse,
    .clear = iterator_clear,
    .iterate = iterator_self,
    .next = iterator_step,
    .resume = iterator_resume,
};

/* --- for scripts ----------------------------------------------------------------------------------------------- */

static bool started(Value self) {
    if (is_set(as_future(self)->loop)) return true;
    return raise_runtime_error("Future object is not initialized."), false;
}

static Value method_result(const Value *args, size_t count) { return started(args[0]) ? future_result(args[0]) : UNSET; }

static Value method_exception(const Value *args, size_t count) {
    if (!started(args[0])) return UNSET;
    Future *f = as_future(args[0]);
    if (f->state == FUTURE_CANCELLED) return raise_cancelled(args[0]);
    if (f->state == FUTURE_PENDING) return invalid_state("Exception is not set.");
    Value exception = future_take_exception(args[0]);
    return is_set(exception) ? retain(exception) : NONE;
}

static Value method_set_result(const Value *args, size_t count) {
    return started(args[0]) && future_set_result(args[0], args[1]) ? NONE : UNSET;
}
static Value method_set_exception(const Value *args, size_t count) {
    return started(args[0]) && future_set_exception(args[0], args[1]) ? NONE : UNSET;
}
static Value method_cancel(const Value *args, size_t count) {
    if (!started(args[0])) return UNSET;
    Value self = args[0], message = is_set(args[1]) ? args[1] : NONE;
    int done = is_exactly(self, &gathering_type) ? gathering_cancel(self, message) : future_cancel_plain(self, message);
    return done < 0 ? UNSET : from_bool(done);
}
static Value method_cancelled(const Value *args, size_t count) {
    return from_bool(as_future(args[0])->state == FUTURE_CANCELLED);
}
static Value method_done(const Value *args, size_t count) { return from_bool(future_done(args[0])); }
static Value method_get_loop(const Value *args, size_t count) {
    return started(args[0]) ? retain(as_future(args[0])->loop) : UNSET;
}

static Value method_add_done_callback(const Value *args, size_t count) {
    if (!started(args[0])) return UNSET;
    bool failed = false;
    Value context = is_set(args[2]) && !is_none(args[2]) ? retain(args[2]) : task_context_snapshot(&failed);
    bool done = !failed && future_add_callback(args[0], args[1], context);
    release(context);
    return done ? NONE : UNSET;
}
static Value method_remove_done_callback(const Value *args, size_t count) {
    int64_t removed = remove_callbacks(as_future(args[0]), args[1]);
    return removed < 0 ? UNSET : from_small_int(removed);
}
static Value method_make_cancelled_error(const Value *args, size_t count) {
    return future_make_cancelled_error(args[0]);
}
static Value method_class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

const NativeDef future_methods[] = {
    METHOD("result", "", method_result, "The result, or the exception raised."),
    METHOD("exception", "", method_exception, "The exception, or None."),
    METHOD("set_result", "result, /", method_set_result, "It is done, with this result."),
    METHOD("set_exception", "exception, /", method_set_exception, "It is done, with this exception."),
    METHOD("add_done_callback", "fn, /, *, context=None", method_add_done_callback, "fn(future) once it is done."),
    METHOD("remove_done_callback", "fn, /", method_remove_done_callback, "How many were removed."),
    METHOD("cancel", "msg=None", method_cancel, "Cancels it and schedules the callbacks; False if it is done."),
    METHOD("cancelled", "", method_cancelled, "Was it cancelled?"),
    METHOD("done", "", method_done, "Is it done?"),
    METHOD("get_loop", "", method_get_loop, "Its event loop."),
    METHOD("_make_cancelled_error", "", method_make_cancelled_error, "The CancelledError to raise."),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

static Value or_none(Value v) { return is_set(v) ? retain(v) : NONE; }
static Value get_state(Value self) {
    static const char *const texts[] = {"PENDING", "CANCELLED", "FINISHED"};
    return str_intern_cstr(texts[as_future(self)->state]);
}
static Value get_blocking(Value self) { return from_bool(as_future(self)->blocking); }
static bool set_blocking(Value self, Value value) {
    int truth = is_set(value) ? object_truth(value) : (raise_attribute_error(self, names.name), -1);
    if (truth >= 0) as_future(self)->blocking = truth;
    return truth >= 0;
}
static Value get_loop(Value self) { return or_none(as_future(self)->loop); }
static Value get_result(Value self) { return or_none(as_future(self)->result); }
static Value get_exception(Value self) { return or_none(as_future(self)->exception); }
static Value get_message(Value self) { return or_none(as_future(self)->cancel_message); }
static bool set_message(Value self, Value value) {
    replace(&as_future(self)->cancel_message, is_none(value) ? UNSET : retain(value));
    return true;
}
static Value get_origin(Value self) { return or_none(as_future(self)->origin); }
static Value get_log(Value self) { return from_bool(as_future(self)->unseen); }
static bool set_log(Value self, Value value) {
    int truth = is_set(value) ? object_truth(value) : 0;
    if (truth < 0) return false;
    if (truth) return raise_value_error("_log_traceback can only be set to False"), false;
    as_future(self)->unseen = false;
    return true;
}

/* A task that waits shows as its bound method. */
static bool append_callback(Value list, FutureCallback c) {
    Value shown = task_is(c.callback) ? object_get_attribute_utf8(c.callback, "_wakeup") : retain(c.callback);
    Value context = is_set(c.context) ? retain(c.context) : task_context_copy();
    Value pair = is_set(shown) && is_set(context) ? tuple_pack(2, shown, context) : UNSET;
    release(shown);
    release(context);
    return is_set(pair) && list_append_steal(list, pair);
}
static Value get_callbacks(Value self) {
    Future *f = as_future(self);
    if (is_unset(f->first.callback) && f->more_count == 0) return NONE;
    Value list = list_new(f->more_count + 1);
    bool done = is_set(list) && (is_unset(f->first.callback) || append_callback(list, f->first));
    for (uint32_t i = 0; i < f->more_count && done; i++) done = append_callback(list, f->more[i]);
    if (!done) clear(&list);
    return list;
}

const MemberDef future_members[] = {
    {"_state", get_state, NULL, NULL},
    {"_asyncio_future_blocking", get_blocking, set_blocking, NULL},
    {"_loop", get_loop, NULL, NULL},
    {"_callbacks", get_callbacks, NULL, NULL},
    {"_result", get_result, NULL, NULL},
    {"_exception", get_exception, NULL, NULL},
    {"_log_traceback", get_log, set_log, NULL},
    {"_cancel_message", get_message, set_message, NULL},
    {"_source_traceback", get_origin, NULL, NULL},
    {0},
};

/* --- life ------------------------------------------------------------------------------------------------------ */

static Value future_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return from_object(instance_allocate(type, type->basic_size));
}

static bool future_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    if (!native_bind("Future", "*, loop=None", args, count, kwnames, bound)) return false;
    Value loop = retain(bound[0]);
    if (is_unset(loop) || is_none(loop)) {
        Value get = object_import("asyncio.events", "_get_event_loop");
        loop = is_set(get) ? call0(get) : UNSET;
        release(get);
    }
    if (is_unset(loop)) return false;
    future_clear(as_object(self));
    clear(&as_future(self)->loop);
    as_future(self)->state = FUTURE_PENDING;
    bool done = future_start(as_future(self), loop);
    release(loop);
    return done;
}

int future_traverse(Object *o, Visit visit, void *context) {
    Future *f = (Future *)o;
    TRAVERSE(f->loop);
    TRAVERSE(f->first.callback);
    TRAVERSE(f->first.context);
    for (uint32_t i = 0; i < f->more_count; i++) {
        TRAVERSE(f->more[i].callback);
        TRAVERSE(f->more[i].context);
    }
    TRAVERSE(f->result);
    TRAVERSE(f->exception);
    TRAVERSE(f->keep);
    TRAVERSE(f->cancel_message);
    TRAVERSE(f->origin);
    return 0;
}

void future_clear(Object *o) {
    Future *f = (Future *)o;
    FutureCallback first = f->first, *more = f->more;
    uint32_t count = f->more_count;
    f->first = (FutureCallback){UNSET, UNSET};
    f->more = NULL;
    f->more_count = f->more_capacity = 0;
    drop(first);
    for (uint32_t i = 0; i < count; i++) drop(more[i]);
    raw_free(more);
    clear(&f->result);
    clear(&f->exception);
    clear(&f->keep);
    clear(&f->cancel_message);
    clear(&f->origin);
}

static int object_future_traverse(Object *o, Visit visit, void *context) {
    int stopped = future_traverse(o, visit, context);
    return stopped ? stopped : attrs_traverse(o, visit, context);
}
static void object_future_clear(Object *o) {
    future_clear(o);
    attrs_clear(o);
}
static void object_future_destroy(Object *o) {
    object_future_clear(o);
    release(((Future *)o)->loop);
    object_free(o);
}

Type future_type = {
    TYPE_HEAD("_asyncio.Future"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(FutureObject),
    .attrs_offset = offsetof(FutureObject, attrs),
    .doc = "A result that is not there yet; await it.",
    .methods = future_methods,
    .members = future_members,
    .make = future_make,
    .init = future_init,
    .destroy = object_future_destroy,
    .traverse = object_future_traverse,
    .clear = object_future_clear,
    .finalize = future_finalize,
    .repr = future_repr,
    .await = future_await,
    .iterate = future_await,
};
