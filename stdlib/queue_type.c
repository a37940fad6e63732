/* queue.Queue: a queue with a greatest size, whose order subclasses change by overriding _init, _qsize, _put and _get.
 *
 * Everything happens under the mutex, which scripts may take too.  Threads that wait inside put(), get() and join()
 * wait at a WaitPoint each, without the mutex; not_full, not_empty and all_tasks_done are made when a script first asks
 * for them, and notify both sides.  While no hook is overridden and the items stand in a deque, nothing of this runs
 * script code.
 */
#include <stddef.h>

#include "runtime/conc/waitpoint.h"
#include "runtime/types/traverse.h"
#include "stdlib/collections.h"
#include "stdlib/thread.h"

enum { ROOM, ITEM, DONE, POINTS };
enum { HOOK_INIT, HOOK_SIZE, HOOK_PUT, HOOK_GET, HOOKS };

typedef struct Queue {
    Object head;
    Value mutex, items;          /* a lock object; whatever `queue` is */
    Value conditions[POINTS];    /* not_full, not_empty, all_tasks_done; UNSET until asked for */
    WaitPoint points[POINTS];
    Value maxsize;
    int64_t limit;               /* maxsize as a number; <= 0: none */
    int64_t unfinished;
    uint32_t version;            /* of the type, when `plain` was found out */
    bool plain;                  /* no hook is overridden */
    Attrs attrs;
} Queue;

static Value condition_class;
static Value hook_names[HOOKS];
static const char *const hook_texts[HOOKS] = {"_init", "_qsize", "_put", "_get"};

static Queue *queue_of(Value v) { return (Queue *)as_object(v); }

/* --- hooks ---------------------------------------------------------------------------------------------------- */

static void find_hooks(Value self) {
    Queue *q = queue_of(self);
    Type *type = type_of(self);
    q->version = type_version(type);
    q->plain = true;
    for (int i = 0; i < HOOKS; i++)
        if (!same(type_lookup(type, hook_names[i]), type_lookup(&queue_type, hook_names[i]))) q->plain = false;
}

static bool is_plain(Value self) {
    Queue *q = queue_of(self);
    if (q->version == 0 || q->version != type_of(self)->version) find_hooks(self);
    return q->plain && deque_is_exact(q->items);
}

/* -1: failed. */
static int64_t queue_size(Value self) {
    if (is_plain(self)) return (int64_t)deque_length(queue_of(self)->items);
    Value n = call_method0(self, hook_names[HOOK_SIZE]);
    int64_t size;
    bool done = is_set(n) && object_as_int64(n, &size);
    release(n);
    return done ? size : -1;
}

static bool put_item(Value self, Value item) {
    if (is_plain(self)) return deque_append(queue_of(self)->items, item);
    Value result = call_method1(self, hook_names[HOOK_PUT], item);
    release(result);
    return is_set(result);
}

static Value take_item(Value self) {
    return is_plain(self) ? deque_take_first(queue_of(self)->items) : call_method0(self, hook_names[HOOK_GET]);
}

static bool need_deque(Value items) {
    if (deque_is_exact(items)) return true;
    return raise_type_error("the queue holds its items in a '%T': _qsize, _put and _get have to be overridden", items),
           false;
}

static Value hook_init(const Value *args, size_t count) {
    Value items = call0(type_value(&deque_type));
    if (is_unset(items)) return UNSET;
    replace(&queue_of(args[0])->items, items);
    return NONE;
}
static Value hook_size(const Value *args, size_t count) {
    int64_t n = object_length(queue_of(args[0])->items);
    return n < 0 ? UNSET : from_small_int(n);
}
static Value hook_put(const Value *args, size_t count) {
    Value items = queue_of(args[0])->items;
    return need_deque(items) && deque_append(items, args[1]) ? NONE : UNSET;
}
static Value hook_get(const Value *args, size_t count) {
    Value items = queue_of(args[0])->items;
    if (!need_deque(items)) return UNSET;
    return deque_length(items) ? deque_take_first(items) : raise_index_error("pop from an empty deque");
}

/* --- mutex, waiting, waking ------------------------------------------------------------------------------------ */

static bool enter(Queue *q) {
    Lock *lock = lock_object_lock(q->mutex);
    if (!lock) return raise_attribute_error(from_object(q), names.__enter__), false;
    return lock_acquire(lock, LOCK_FOREVER) != LOCK_FAILED;
}
static void leave(Queue *q) {
    Lock *lock = lock_object_lock(q->mutex);
    if (lock) lock_release(lock);
}

/* Gives the mutex up meanwhile.  On failure the mutex is not held. */
static LockResult wait_at(Queue *q, int point, int64_t deadline) {
    uint32_t ticket = wait_point_ticket(&q->points[point]);
    leave(q);
    LockResult result = wait_point_wait(&q->points[point], ticket, deadline);
    if (result == LOCK_FAILED) return LOCK_FAILED;
    return enter(q) ? result : LOCK_FAILED;
}

/* Script threads that wait at the condition itself; the mutex is held. */
static bool notify_scripts(Queue *q, int point, bool all) {
    if (is_unset(q->conditions[point])) return true;
    Value name = str_intern_cstr(all ? "notify_all" : "notify");
    Value result = call_method0(q->conditions[point], name);
    release(name);
    release(result);
    return is_set(result);
}

static Value raise_class(Value class) {
    Value exception = is_set(class) ? call0(class) : raise_runtime_error("the module queue has ended");
    return is_set(exception) ? raise_value(exception) : UNSET;
}

/* --- put and get ----------------------------------------------------------------------------------------------- */

/* 1: there is room, the mutex is held; otherwise it is not: 0 full, -1 failed. */
static int wait_for_room(Value self, int64_t deadline) {
    Queue *q = queue_of(self);
    LockResult result = LOCK_TAKEN;
    for (;;) {
        int64_t size = queue_size(self);
        if (size >= 0 && (q->limit <= 0 || size < q->limit)) return 1;
        if (size < 0 || deadline == 0 || result == LOCK_TIMED_OUT) return leave(q), size < 0 ? -1 : 0;
        result = wait_at(q, ROOM, deadline);
        if (result == LOCK_FAILED) return -1;
    }
}

static int wait_for_item(Value self, int64_t deadline) {
    Queue *q = queue_of(self);
    LockResult result = LOCK_TAKEN;
    for (;;) {
        int64_t size = queue_size(self);
        if (size > 0) return 1;
        if (size < 0 || deadline == 0 || result == LOCK_TIMED_OUT) return leave(q), size < 0 ? -1 : 0;
        result = wait_at(q, ITEM, deadline);
        if (result == LOCK_FAILED) return -1;
    }
}

static Value queue_put(const Value *args, size_t count) {
    Queue *q = queue_of(args[0]);
    int64_t deadline = -1;
    if ((is_set(args[2]) || is_set(args[3])) && q->limit > 0 && !queue_deadline(args[2], args[3], &deadline))
        return UNSET;
    if (!enter(q)) return UNSET;
    int room = q->limit > 0 ? wait_for_room(args[0], deadline) : 1;
    if (room != 1) return room < 0 ? UNSET : raise_class(queue_full_class);
    bool done = put_item(args[0], args[1]);
    if (done) q->unfinished++;
    done = done && notify_scripts(q, ITEM, false);
    leave(q);
    wait_point_wake(&q->points[ITEM], 1);
    return done ? NONE : UNSET;
}

static Value queue_get(const Value *args, size_t count) {
    Queue *q = queue_of(args[0]);
    int64_t deadline = -1;
    if ((is_set(args[1]) || is_set(args[2])) && !queue_deadline(args[1], args[2], &deadline)) return UNSET;
    if (!enter(q)) return UNSET;
    int found = wait_for_item(args[0], deadline);
    if (found != 1) return found < 0 ? UNSET : raise_class(queue_empty_class);
    Value item = take_item(args[0]);
    if (is_set(item) && !notify_scripts(q, ROOM, false)) clear(&item);
    leave(q);
    wait_point_wake(&q->points[ROOM], 1);
    return item;
}

static Value queue_put_nowait(const Value *args, size_t count) {
    return queue_put((Value[]){args[0], args[1], FALSE_VALUE, UNSET}, 4);
}
static Value queue_get_nowait(const Value *args, size_t count) {
    return queue_get((Value[]){args[0], FALSE_VALUE, UNSET}, 3);
}

/* --- the rest -------------------------------------------------------------------------------------------------- */

static int64_t size_under_mutex(Value self) {
    Queue *q = queue_of(self);
    if (!enter(q)) return -1;
    int64_t n = queue_size(self);
    leave(q);
    return n;
}
static Value queue_qsize(const Value *args, size_t count) {
    int64_t n = size_under_mutex(args[0]);
    return n < 0 ? UNSET : from_small_int(n);
}
static Value queue_empty(const Value *args, size_t count) {
    int64_t n = size_under_mutex(args[0]);
    return n < 0 ? UNSET : from_bool(n == 0);
}
static Value queue_full(const Value *args, size_t count) {
    int64_t n = size_under_mutex(args[0]), limit = queue_of(args[0])->limit;
    return n < 0 ? UNSET : from_bool(limit > 0 && n >= limit);
}

static Value queue_task_done(const Value *args, size_t count) {
    Queue *q = queue_of(args[0]);
    if (!enter(q)) return UNSET;
    bool done = q->unfinished > 0 && (q->unfinished > 1 || notify_scripts(q, DONE, true)),
         too_often = q->unfinished <= 0;
    if (done) q->unfinished--;
    leave(q);
    if (too_often) return raise_value_error("task_done() called too many times");
    if (done && q->unfinished == 0) wait_point_wake(&q->points[DONE], INT32_MAX);
    return done ? NONE : UNSET;
}

static Value queue_join(const Value *args, size_t count) {
    Queue *q = queue_of(args[0]);
    if (!enter(q)) return UNSET;
    while (q->unfinished > 0)
        if (wait_at(q, DONE, -1) == LOCK_FAILED) return UNSET;
    leave(q);
    return NONE;
}

static Value queue_class_getitem(const Value *args, size_t count) {
    Value generic = type_value(&generic_alias_type);
    return call2(generic, args[0], args[1]);
}

/* --- attributes ------------------------------------------------------------------------------------------------ */

static Value wake(Value self, Value n, int point) {
    int64_t threads;
    if (!object_as_int64(n, &threads)) return UNSET;
    wait_point_wake(&queue_of(self)->points[point], threads > INT32_MAX ? INT32_MAX : (int)threads);
    return NONE;
}
static Value wake_room(const Value *args, size_t count) { return wake(args[0], args[1], ROOM); }
static Value wake_item(const Value *args, size_t count) { return wake(args[0], args[1], ITEM); }
static Value wake_done(const Value *args, size_t count) { return wake(args[0], args[1], DONE); }

static Value get_condition(Value self, int point, const char *waker) {
    Queue *q = queue_of(self);
    if (is_unset(q->conditions[point])) {
        Value function = object_get_attribute_utf8(self, waker);
        Value made = is_set(function) ? call2(condition_class, q->mutex, function) : UNSET;
        release(function);
        if (is_unset(made)) return UNSET;
        replace(&q->conditions[point], made);
    }
    return retain(q->conditions[point]);
}
static Value get_not_full(Value self) { return get_condition(self, ROOM, "_wake_not_full"); }
static Value get_not_empty(Value self) { return get_condition(self, ITEM, "_wake_not_empty"); }
static Value get_all_tasks_done(Value self) { return get_condition(self, DONE, "_wake_all_tasks_done"); }

static bool set_value(Value *slot, Value value) {
    replace(slot, retain(value));
    return true;
}
static Value get_mutex(Value self) { return retain(queue_of(self)->mutex); }
static bool set_mutex(Value self, Value value) { return set_value(&queue_of(self)->mutex, value); }

static Value get_items(Value self) {
    Queue *q = queue_of(self);
    if (is_set(q->items)) return retain(q->items);
    return raise_error(&AttributeError_type, "'%T' object has no attribute 'queue'", self);
}
static bool set_items(Value self, Value value) { return set_value(&queue_of(self)->items, value); }

static Value get_maxsize(Value self) { return retain(queue_of(self)->maxsize); }
static bool set_maxsize(Value self, Value value) {
    Queue *q = queue_of(self);
    double limit;
    if (is_unset(value) || !object_as_double(value, &limit)) return false;
    q->limit = limit > 0 && limit < 1 ? 1 : limit >= (double)INT64_MAX ? INT64_MAX : (int64_t)limit;
    return set_value(&q->maxsize, value);
}

static Value get_unfinished(Value self) { return int_from_int64(queue_of(self)->unfinished); }
static bool set_unfinished(Value self, Value value) { return object_as_int64(value, &queue_of(self)->unfinished); }

static const MemberDef queue_members[] = {
    {"mutex", get_mutex, set_mutex, "The lock that is held whenever the queue changes."},
    {"not_full", get_not_full, NULL, "A condition that is notified when an item was taken out."},
    {"not_empty", get_not_empty, NULL, "A condition that is notified when an item was put in."},
    {"all_tasks_done", get_all_tasks_done, NULL, "A condition that is notified when nothing is unfinished."},
    {"queue", get_items, set_items, "The items."},
    {"maxsize", get_maxsize, set_maxsize, "The greatest size, 0 or less for none."},
    {"unfinished_tasks", get_unfinished, set_unfinished, "Items that were put and not yet finished."},
    {0},
};

/* --- life ------------------------------------------------------------------------------------------------------ */

Value queue_set_condition_class(const Value *args, size_t count) {
    if (is_set(condition_class)) return NONE;
    condition_class = retain(args[0]);
    root_add(&condition_class);
    return NONE;
}

static bool ready_names(void) {
    for (int i = 0; i < HOOKS && is_unset(hook_names[HOOKS - 1]); i++) {
        hook_names[i] = str_intern_cstr(hook_texts[i]);
        if (is_unset(hook_names[i])) return false;
        root_add(&hook_names[i]);
    }
    return true;
}

static Value queue_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value self = ready_names() ? instance_new(type) : UNSET;
    if (is_set(self)) queue_of(self)->maxsize = from_small_int(0);
    return self;
}

static bool queue_init(Value self, const Value *args, size_t count, Value kwnames) {
    Queue *q = queue_of(self);
    Value maxsize[1];
    if (!native_bind("Queue.__init__", "maxsize=0", args, count, kwnames, maxsize)) return false;
    if (is_unset(maxsize[0])) maxsize[0] = from_small_int(0);
    if (!set_maxsize(self, maxsize[0])) return false;
    Value done = call_method1(self, hook_names[HOOK_INIT], maxsize[0]);
    release(done);
    Value mutex = is_set(done) ? lock_object_new() : UNSET;
    if (is_unset(mutex)) return false;
    replace(&q->mutex, mutex);
    q->unfinished = 0;
    return true;
}

static int queue_traverse(Object *o, Visit visit, void *context) {
    Queue *q = (Queue *)o;
    TRAVERSE(q->mutex);
    TRAVERSE(q->items);
    TRAVERSE(q->maxsize);
    for (int i = 0; i < POINTS; i++) TRAVERSE(q->conditions[i]);
    return attrs_traverse(o, visit, context);
}

static void queue_clear(Object *o) {
    Queue *q = (Queue *)o;
    clear(&q->mutex);
    clear(&q->items);
    clear(&q->maxsize);
    for (int i = 0; i < POINTS; i++) clear(&q->conditions[i]);
    attrs_clear(o);
}

static void queue_destroy(Object *o) {
    queue_clear(o);
    object_free(o);
}

static const NativeDef queue_methods[] = {
    METHOD("put", "item, block=True, timeout=None", queue_put,
           "Put an item in, waiting while the queue is full; Full if that takes too long."),
    METHOD("get", "block=True, timeout=None", queue_get,
           "Take an item out, waiting while the queue is empty; Empty if that takes too long."),
    METHOD("put_nowait", "item", queue_put_nowait, "Put an item in; Full if there is no room."),
    METHOD("get_nowait", "", queue_get_nowait, "Take an item out; Empty if there is none."),
    METHOD("qsize", "", queue_qsize, "The number of items now; another thread may change it at once."),
    METHOD("empty", "", queue_empty, "Return whether the queue is empty now."),
    METHOD("full", "", queue_full, "Return whether the queue is full now."),
    METHOD("task_done", "", queue_task_done,
           "Say that something that was got is finished; join() waits for as many as were put."),
    METHOD("join", "", queue_join, "Wait until everything that was put has been got and finished."),
    METHOD("_init", "maxsize", hook_init, "Makes the container of the items."),
    METHOD("_qsize", "", hook_size, "The number of items."),
    METHOD("_put", "item", hook_put, "Puts an item into the container."),
    METHOD("_get", "", hook_get, "Takes an item out of the container."),
    METHOD("_wake_not_full", "n, /", wake_room, "Wake threads in put()."),
    METHOD("_wake_not_empty", "n, /", wake_item, "Wake threads in get()."),
    METHOD("_wake_all_tasks_done", "n, /", wake_done, "Wake threads in join()."),
    CLASS_METHOD("__class_getitem__", "item, /", queue_class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type queue_type = {
    TYPE_HEAD("queue.Queue"),
    .basic_size = sizeof(Queue),
    .attrs_offset = offsetof(Queue, attrs),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "A queue with a greatest size; if maxsize is <= 0, it has none.",
    .methods = queue_methods,
    .members = queue_members,
    .make = queue_make,
    .init = queue_init,
    .destroy = queue_destroy,
    .traverse = queue_traverse,
    .clear = queue_clear,
};
