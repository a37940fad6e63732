/* asyncio.sleep(): a coroutine written in C, and the future it waits for, which is its own timer. */
#include "runtime/loop/future.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

/* --- the future ------------------------------------------------------------------------------------------------- */

static Value sleeper_new(Value loop, double when, Value value) {
    Sleeper *s = object_allocate(&sleeper_type, sizeof *s);
    if (!s) return UNSET;
    s->value = retain(value);
    if (future_start(&s->future, loop) && timers_add(&as_loop(loop)->timers, when, &s->future.head, &s->timer))
        return from_object(s);
    object_release(s);
    return UNSET;
}

bool sleeper_fire(Value sleeper) {
    Sleeper *s = (Sleeper *)as_object(sleeper);
    return s->future.state != FUTURE_PENDING || future_set_result(sleeper, is_set(s->value) ? s->value : NONE);
}

static int sleeper_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Sleeper *)o)->value);
    return future_traverse(o, visit, context);
}
static void sleeper_clear(Object *o) {
    future_clear(o);
    clear(&((Sleeper *)o)->value);
}
static void sleeper_destroy(Object *o) {
    sleeper_clear(o);
    release(((Future *)o)->loop);
    object_free(o);
}
static Value sleeper_repr(Value self) { return future_repr_by("asyncio.base_futures", "_future_repr", self); }

Type sleeper_type = {
    TYPE_HEAD("_asyncio.Future"),
    .flags = TYPE_GC | TYPE_WEAK | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Sleeper),
    .methods = future_methods,
    .members = future_members,
    .destroy = sleeper_destroy,
    .traverse = sleeper_traverse,
    .clear = sleeper_clear,
    .finalize = future_finalize,
    .repr = sleeper_repr,
    .await = future_await,
    .iterate = future_await,
};

/* --- the coroutine ----------------------------------------------------------------------------------------------- */

typedef enum SleepState { SLEEP_NEW, SLEEP_YIELDED, SLEEP_WAITING, SLEEP_OVER } SleepState;

typedef struct Sleep {
    Object head;
    Value delay, result;
    Value waits_for;  /* SLEEP_WAITING: the future */
    Value handle;     /* the timer handle of a loop of another kind */
    uint8_t state;
} Sleep;

static Sleep *as_sleep(Value v) { return (Sleep *)as_object(v); }

Value sleep_new(Value delay, Value result) {
    Sleep *s = object_allocate(&sleep_type, sizeof *s);
    if (!s) return UNSET;
    s->delay = retain(delay);
    s->result = retain(result);
    return from_object(s);
}

static Value method(Value object, const char *name, const Value *args, size_t count) {
    Value interned = str_intern_cstr(name);
    Value result = call_method(object, interned, args, count, UNSET);
    release(interned);
    return result;
}

/* On a loop that is not ours, or overrides call_later(). */
static Value wait_on_foreign(Sleep *s, Value loop) {
    Value future = method(loop, "create_future", NULL, 0);
    Value setter = object_import("asyncio.futures", "_set_result_unless_cancelled");
    if (is_set(future) && is_set(setter)) {
        Value args[] = {s->delay, setter, future, is_set(s->result) ? s->result : NONE};
        s->handle = method(loop, "call_later", args, 4);
    }
    release(setter);
    if (is_unset(s->handle)) clear(&future);
    return future;
}

static int begin(Sleep *s, Value *result) {
    int zero = is_small_int(s->delay) ? as_small_int(s->delay) <= 0
                                      : object_compare_truth(s->delay, from_small_int(0), COMPARE_LE);
    if (zero < 0) return -1;
    if (zero) {
        s->state = SLEEP_YIELDED;
        *result = NONE;
        return 1;
    }
    Value loop = loop_running_or_raise();
    double delay;
    if (is_unset(loop)) return -1;
    if (!loop_is_plain(loop)) s->waits_for = wait_on_foreign(s, loop);
    else if (object_as_double(s->delay, &delay)) s->waits_for = sleeper_new(loop, loop_now() + delay, s->result);
    if (is_unset(s->waits_for)) return -1;
    s->state = SLEEP_WAITING;
    if (future_is(s->waits_for)) as_future(s->waits_for)->blocking = true;
    *result = retain(s->waits_for);
    return 1;
}

static void finish(Sleep *s) {
    Value future = s->waits_for, handle = s->handle;
    s->state = SLEEP_OVER;
    s->waits_for = s->handle = UNSET;
    if (is_exactly(future, &sleeper_type)) {
        Value loop = as_future(future)->loop;
        timers_remove(&as_loop(loop)->timers, &((Sleeper *)as_object(future))->timer);
    }
    if (is_set(handle)) {
        Value pending = error_take(), done = method(handle, "cancel", NULL, 0);
        if (is_unset(done)) error_clear();
        release(done);
        if (is_set(pending)) error_restore(pending);
    }
    release(handle);
    release(future);
}

static int reuse(Value value) {
    if (is_unset(value)) error_clear();
    return raise_runtime_error("cannot reuse already awaited coroutine"), -1;
}

static int wake(Sleep *s, Value *result) {
    Value future = retain(s->waits_for);
    *result = future_is(future) ? future_result(future) : method(future, "result", NULL, 0);
    finish(s);
    release(future);
    return is_set(*result) ? 0 : -1;
}

static int sleep_resume(Value self, Value value, Value *result) {
    Sleep *s = as_sleep(self);
    *result = NONE;
    if (s->state == SLEEP_OVER) return reuse(value);
    if (is_unset(value)) return finish(s), -1;
    switch (s->state) {
    case SLEEP_NEW:
        if (!is_none(value)) return raise_type_error("can't send non-None value to a just-started coroutine"), -1;
        if (begin(s, result) == 1) return 1;
        s->state = SLEEP_OVER;
        return -1;
    case SLEEP_YIELDED:
        *result = is_set(s->result) ? retain(s->result) : NONE;
        s->state = SLEEP_OVER;
        return 0;
    default: return wake(s, result);
    }
}

static Value ended(int outcome, Value result) {
    if (outcome == 1) return result;
    if (outcome == 0) {
        raise_stop_iteration(is_none(result) ? UNSET : result);
        release(result);
    }
    return UNSET;
}
static Value sleep_send(const Value *args, size_t count) {
    Value result;
    int outcome = sleep_resume(args[0], args[1], &result);
    return ended(outcome, result);
}
static Value sleep_next(Value self) {
    Value args[] = {self, NONE};
    return sleep_send(args, 2);
}
static Value sleep_throw(const Value *args, size_t count) {
    exception_raise(is_set(args[2]) && exception_is(args[2]) ? args[2] : args[1], UNSET);
    Value result;
    int outcome = sleep_resume(args[0], UNSET, &result);
    return ended(outcome, result);
}
static Value sleep_close(const Value *args, size_t count) {
    finish(as_sleep(args[0]));
    return NONE;
}
static Value sleep_self(Value self) { return retain(self); }

static bool sleep_finalize(Object *o) {
    Sleep *s = (Sleep *)o;
    if (s->state == SLEEP_WAITING) finish(s);
    if (s->state != SLEEP_NEW) return true;
    Value pending = error_take();
    Value warn = object_import("warnings", "warn"), text = str_from("coroutine 'sleep' was never awaited");
    Value done = is_set(warn) && is_set(text) ? call2(warn, text, type_value(&RuntimeWarning_type)) : UNSET;
    if (is_unset(done)) error_unraisable(NULL, from_object(o));
    release(done);
    release(text);
    release(warn);
    if (is_set(pending)) error_restore(pending);
    return true;
}

static int sleep_traverse(Object *o, Visit visit, void *context) {
    Sleep *s = (Sleep *)o;
    TRAVERSE(s->result);
    TRAVERSE(s->waits_for);
    TRAVERSE(s->handle);
    return 0;
}
static void sleep_clear(Object *o) {
    Sleep *s = (Sleep *)o;
    clear(&s->result);
    clear(&s->waits_for);
    clear(&s->handle);
}
static void sleep_destroy(Object *o) {
    sleep_clear(o);
    release(((Sleep *)o)->delay);
    object_free(o);
}

static Value sleep_repr(Value self) { return str_format("<coroutine object sleep at %s>", object_address(self)); }
static Value get_name(Value self) { return str_from("sleep"); }
static Value get_running(Value self) { return FALSE_VALUE; }
static Value get_suspended(Value self) {
    return from_bool(as_sleep(self)->state == SLEEP_YIELDED || as_sleep(self)->state == SLEEP_WAITING);
}
static Value get_none(Value self) { return NONE; }
static Value get_await(Value self) {
    Value future = as_sleep(self)->waits_for;
    return is_set(future) ? retain(future) : NONE;
}

static const NativeDef sleep_methods[] = {
    METHOD("send", "value, /", sleep_send, NULL),
    METHOD("throw", "type, value=None, traceback=None, /", sleep_throw, NULL),
    METHOD("close", "", sleep_close, NULL),
    NATIVE_END,
};
static const MemberDef sleep_members[] = {
    {"__name__", get_name, NULL, NULL},     {"__qualname__", get_name, NULL, NULL},
    {"cr_running", get_running, NULL, NULL}, {"cr_suspended", get_suspended, NULL, NULL},
    {"cr_frame", get_none, NULL, NULL},     {"cr_code", get_none, NULL, NULL},
    {"cr_await", get_await, NULL, NULL},    {"cr_origin", get_none, NULL, NULL},
    {0},
};

Type sleep_type = {
    TYPE_HEAD("coroutine"),
    .flags = TYPE_GC | TYPE_WEAK | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Sleep),
    .methods = sleep_methods,
    .members = sleep_members,
    .destroy = sleep_destroy,
    .traverse = sleep_traverse,
    .clear = sleep_clear,
    .finalize = sleep_finalize,
    .repr = sleep_repr,
    .await = sleep_self,
    .next = sleep_next,
    .iterate = sleep_self,
    .resume = sleep_resume,
};
