/* Handle and TimerHandle. */
#include "runtime/loop/handle.h"

#include "runtime/loop/context.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

/* asyncio.format_helpers.NAME(self): what only debugging needs is written in script. */
static Value helper(const char *name, Value self) {
    Value function = object_import("asyncio.format_helpers", name);
    Value result = is_set(function) ? call1(function, self) : UNSET;
    release(function);
    return result;
}

static bool set_origin(Handle *h) {
    if (!loop_is(h->loop) || !as_loop(h->loop)->debug) return true;
    h->origin = helper("_origin", NONE);
    return is_set(h->origin);
}

static Value fill(Handle *h, Value loop, Value callback, Value args, Value context) {
    if (!h) return UNSET;
    bool failed = false;
    h->context = is_set(context) && !is_none(context) ? retain(context) : task_context_snapshot(&failed);
    h->loop = retain(loop);
    h->callback = retain(callback);
    h->args = retain(args);
    if (!failed && set_origin(h)) return from_object(h);
    object_release(h);
    return UNSET;
}

Value handle_new(Value loop, Value callback, Value args, Value context) {
    return fill(object_allocate(&loop_handle_type, sizeof(Handle)), loop, callback, args, context);
}

Value handle_new_timer(Value loop, double when, Value callback, Value args, Value context) {
    Handle *h = object_allocate(&loop_timer_handle_type, sizeof(Handle));
    if (h) h->when = when;
    return fill(h, loop, callback, args, context);
}

static bool check_context(Value context) {
    if (is_unset(context) || is_none(context) || is_exactly(context, &context_type)) return true;
    return raise_type_error("a Context was expected, got %R", context), false;
}

/* Handle(callback, args, loop, context=None) */
static Value handle_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value a[4];
    if (!native_bind("Handle", "callback, args, loop, context=None", args, count, kwnames, a)) return UNSET;
    Value tuple = check_context(a[3]) ? tuple_from_iterable(a[1]) : UNSET;
    Value made = is_set(tuple) ? fill(instance_allocate(type, sizeof(Handle)), a[2], a[0], tuple, a[3]) : UNSET;
    release(tuple);
    return made;
}

/* TimerHandle(when, callback, args, loop, context=None) */
static Value timer_handle_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value a[5];
    double when;
    if (!native_bind("TimerHandle", "when, callback, args, loop, context=None", args, count, kwnames, a)) return UNSET;
    if (!object_as_double(a[0], &when) || !check_context(a[4])) return UNSET;
    Value tuple = tuple_from_iterable(a[2]);
    Handle *h = is_set(tuple) ? instance_allocate(type, sizeof(Handle)) : NULL;
    if (h) h->when = when;
    Value made = fill(h, a[3], a[1], tuple, a[4]);
    release(tuple);
    return made;
}

/* The handle is kept by the caller; what it calls may cancel it. */
bool handle_run(Value handle) {
    Handle *h = as_handle(handle);
    if (h->cancelled) return true;
    Value callback = retain(h->callback), args = retain(h->args), outer, result = UNSET;
    if (task_context_enter(h->context, &outer)) {
        result = call(callback, as_tuple(args)->items, tuple_length(args), UNSET);
        task_context_leave(&h->context, outer);
    }
    release(callback);
    release(args);
    if (is_unset(result)) return loop_is(h->loop) && loop_report(as_loop(h->loop), handle, "callback");
    release(result);
    return true;
}

void handle_cancel(Value handle) {
    Handle *h = as_handle(handle);
    if (h->cancelled) return;
    h->cancelled = true;
    if (loop_is(h->loop) && as_loop(h->loop)->debug) {
        h->shown = object_repr(handle);
        if (is_unset(h->shown)) error_clear();
    }
    if (h->timer.place) timers_remove(&as_loop(h->loop)->timers, &h->timer);
    clear(&h->callback);
    clear(&h->args);
}

/* --- for scripts ----------------------------------------------------------------------------------------------- */

static Value cancel(const Value *args, size_t count) {
    Value self = retain(args[0]);
    handle_cancel(self);
    release(self);
    return NONE;
}
static Value cancelled(const Value *args, size_t count) { return from_bool(as_handle(args[0])->cancelled); }
static Value when(const Value *args, size_t count) { return from_double(as_handle(args[0])->when); }
static Value run(const Value *args, size_t count) { return handle_run(args[0]) ? NONE : UNSET; }

static Value or_none(Value v) { return is_set(v) ? retain(v) : NONE; }
static Value get_callback(Value self) { return or_none(as_handle(self)->callback); }
static Value get_args(Value self) { return or_none(as_handle(self)->args); }
static Value get_loop(Value self) { return or_none(as_handle(self)->loop); }
static Value get_origin(Value self) { return or_none(as_handle(self)->origin); }
static Value get_shown(Value self) { return or_none(as_handle(self)->shown); }
static Value get_cancelled(Value self) { return from_bool(as_handle(self)->cancelled); }
static Value get_when(Value self) { return from_double(as_handle(self)->when); }
static Value get_scheduled(Value self) { return from_bool(as_handle(self)->timer.place != 0); }
static Value get_context(Value self) {
    Handle *h = as_handle(self);
    if (is_unset(h->context)) h->context = call0(type_value(&context_type));
    return retain(h->context);
}

static Value repr(Value self) { return helper("_handle_repr", self); }

/* Timer handles are ordered by their moments, and equal when everything is. */
static Value timer_compare(Value a, Value b, CompareOp op) {
    if (type_of(a) != type_of(b)) return NOT_IMPLEMENTED;
    Handle *x = as_handle(a), *y = as_handle(b);
    if (op == COMPARE_LT) return from_bool(x->when < y->when);
    if (op == COMPARE_GT) return from_bool(x->when > y->when);
    int equal = x->when == y->when && x->cancelled == y->cancelled && same(x->callback, y->callback);
    if (equal && is_set(x->args)) equal = object_equal(x->args, y->args);
    if (equal < 0) return UNSET;
    if (op == COMPARE_LE) return from_bool(x->when < y->when || equal);
    if (op == COMPARE_GE) return from_bool(x->when > y->when || equal);
    return from_bool((op == COMPARE_EQ) == (equal == 1));
}
static bool timer_hash(Value self, int64_t *out) { return object_hash(from_double(as_handle(self)->when), out); }

static int handle_traverse(Object *o, Visit visit, void *context) {
    Handle *h = (Handle *)o;
    TRAVERSE(h->loop);
    TRAVERSE(h->callback);
    TRAVERSE(h->args);
    TRAVERSE(h->context);
    TRAVERSE(h->origin);
    TRAVERSE(h->shown);
    return attrs_traverse(o, visit, context);
}
static void handle_clear(Object *o) {
    Handle *h = (Handle *)o;
    clear(&h->callback);
    clear(&h->args);
    clear(&h->context);
    clear(&h->origin);
    clear(&h->shown);
    attrs_clear(o);
}
static void handle_destroy(Object *o) {
    handle_clear(o);
    release(((Handle *)o)->loop);
    object_free(o);
}

static const NativeDef handle_methods[] = {
    METHOD("cancel", "", cancel, "It will not be called."),
    METHOD("cancelled", "", cancelled, "Was it cancelled?"),
    METHOD("_run", "", run, "Calls it."),
    NATIVE_END,
};
static const NativeDef timer_handle_methods[] = {
    METHOD("when", "", when, "The moment, as loop.time() counts."),
    NATIVE_END,
};
static const MemberDef handle_members[] = {
    {"_callback", get_callback, NULL, NULL},   {"_args", get_args, NULL, NULL},
    {"_context", get_context, NULL, NULL},     {"_loop", get_loop, NULL, NULL},
    {"_source_traceback", get_origin, NULL, NULL}, {"_repr", get_shown, NULL, NULL},
    {"_cancelled", get_cancelled, NULL, NULL}, {0},
};
static const MemberDef timer_handle_members[] = {
    {"_when", get_when, NULL, NULL},
    {"_scheduled", get_scheduled, NULL, NULL},
    {0},
};

Type loop_handle_type = {
    TYPE_HEAD("asyncio.events.Handle"),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Handle),
    .attrs_offset = offsetof(Handle, attrs),
    .doc = "What call_soon() returns.",
    .methods = handle_methods,
    .members = handle_members,
    .make = handle_make,
    .destroy = handle_destroy,
    .traverse = handle_traverse,
    .clear = handle_clear,
    .repr = repr,
};

Type loop_timer_handle_type = {
    TYPE_HEAD("asyncio.events.TimerHandle"),
    .base = &loop_handle_type,
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Handle),
    .attrs_offset = offsetof(Handle, attrs),
    .doc = "What call_later() and call_at() return.",
    .methods = timer_handle_methods,
    .members = timer_handle_members,
    .make = timer_handle_make,
    .compare = timer_compare,
    .hash = timer_hash,
    .destroy = handle_destroy,
    .traverse = handle_traverse,
    .clear = handle_clear,
    .repr = repr,
};
