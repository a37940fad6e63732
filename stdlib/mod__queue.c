/* _queue: SimpleQueue, an unbounded queue whose put never waits. */
#include "stdlib/thread.h"

#include <limits.h>

#include "runtime/base/spin.h"
#include "runtime/conc/waitpoint.h"
#include "runtime/plat/clock.h"
#include "runtime/types/traverse.h"

Value queue_empty_class, queue_full_class; /* roots */

/* A ring: items [first, first + count) modulo capacity, which is a power of two.  The lock makes putting and taking one
 * step each without a GIL too. */
typedef struct SimpleQueue {
    Object head;
    SpinLock lock;
    Value *items;
    size_t first, count, capacity;
    WaitPoint arrival;
} SimpleQueue;

static SimpleQueue *queue_of(Value v) { return (SimpleQueue *)as_object(v); }
static Value *queue_slot(SimpleQueue *q, size_t i) { return &q->items[(q->first + i) & (q->capacity - 1)]; }

static bool grow_locked(SimpleQueue *q) {
    size_t capacity = q->capacity ? q->capacity * 2 : 16;
    Value *items = capacity < SIZE_MAX / sizeof(Value) / 2 ? raw_allocate(capacity * sizeof *items) : NULL;
    if (!items) return false;
    for (size_t i = 0; i < q->count; i++) items[i] = *queue_slot(q, i);
    raw_free(q->items);
    q->items = items;
    q->first = 0;
    q->capacity = capacity;
    return true;
}

static Value queue_put(const Value *args, size_t count) {
    SimpleQueue *q = queue_of(args[0]);
    spin_acquire(&q->lock);
    bool room = q->count < q->capacity || grow_locked(q);
    if (room) *queue_slot(q, q->count++) = retain(args[1]);
    spin_release(&q->lock);
    if (!room) return raise_memory_error();
    wait_point_wake(&q->arrival, 1);
    return NONE;
}

/* A queue that was long gives its memory back when it is empty. */
static Value take_locked(SimpleQueue *q) {
    if (!q->count) return UNSET;
    Value item = *queue_slot(q, 0);
    q->first = (q->first + 1) & (q->capacity - 1);
    if (--q->count == 0 && q->capacity > 1024) {
        raw_free(q->items);
        q->items = NULL;
        q->capacity = q->first = 0;
    }
    return item;
}

/* UNSET, with nothing pending: it is empty. */
static Value queue_take(SimpleQueue *q) {
    spin_acquire(&q->lock);
    Value item = take_locked(q);
    spin_release(&q->lock);
    return item;
}

static Value raise_empty(void) {
    Value exception =
        is_set(queue_empty_class) ? call0(queue_empty_class) : raise_runtime_error("the module queue has ended");
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static Value queue_wait_and_take(SimpleQueue *q, int64_t deadline) {
    LockResult result = LOCK_TAKEN;
    Value item = UNSET;
    while (is_unset(item) && result == LOCK_TAKEN) {
        uint32_t ticket = wait_point_ticket(&q->arrival);
        item = queue_take(q);
        if (is_unset(item)) result = wait_point_wait(&q->arrival, ticket, deadline);
    }
    if (is_set(item) || result == LOCK_FAILED) return item;
    item = queue_take(q);
    return is_set(item) ? item : raise_empty();
}

bool queue_deadline(Value block, Value timeout, int64_t *deadline) {
    int waits = is_set(block) ? object_truth(block) : 1;
    int64_t ns;
    *deadline = waits ? -1 : 0;
    if (waits <= 0 || is_unset(timeout) || is_none(timeout)) return waits >= 0;
    if (!thread_timeout(timeout, &ns)) return false;
    if (ns < 0) return raise_value_error("'timeout' must be a non-negative number"), false;
    *deadline = clock_monotonic() + ns;
    return true;
}

static Value queue_get(const Value *args, size_t count) {
    SimpleQueue *q = queue_of(args[0]);
    int64_t deadline;
    Value item = is_unset(args[1]) && is_unset(args[2]) ? queue_take(q) : UNSET;
    if (is_set(item)) return item;
    if (!queue_deadline(args[1], args[2], &deadline)) return UNSET;
    item = queue_take(q);
    if (is_set(item)) return item;
    return deadline == 0 ? raise_empty() : queue_wait_and_take(q, deadline);
}

static Value queue_get_nowait(const Value *args, size_t count) {
    Value item = queue_take(queue_of(args[0]));
    return is_set(item) ? item : raise_empty();
}

static Value queue_empty(const Value *args, size_t count) { return from_bool(queue_of(args[0])->count == 0); }
static Value queue_qsize(const Value *args, size_t count) { return int_from_size(queue_of(args[0])->count); }

static Value queue_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count || is_set(kwnames)) return raise_type_error("SimpleQueue() takes no arguments");
    return instance_new(type);
}

static int queue_traverse(Object *o, Visit visit, void *context) {
    SimpleQueue *q = (SimpleQueue *)o;
    for (size_t i = 0; i < q->count; i++) TRAVERSE(*queue_slot(q, i));
    return attrs_traverse(o, visit, context);
}

static void queue_clear(Object *o) {
    SimpleQueue *q = (SimpleQueue *)o;
    while (q->count) release(queue_take(q));
}

static void queue_destroy(Object *o) {
    queue_clear(o);
    raw_free(((SimpleQueue *)o)->items);
    attrs_clear(o);
    object_free(o);
}

static const NativeDef queue_methods[] = {
    METHOD("put", "item, block=True, timeout=None", queue_put,
           "Put the item on the queue.  Never waits; block and timeout are ignored."),
    METHOD("put_nowait", "item", queue_put, "Put an item into the queue."),
    METHOD("get", "block=True, timeout=None", queue_get,
           "Remove and return an item, waiting for one if block is true."),
    METHOD("get_nowait", "", queue_get_nowait, "Remove and return an item; Empty if there is none."),
    METHOD("empty", "", queue_empty, "Return True if the queue is empty now."),
    METHOD("qsize", "", queue_qsize, "Return the size of the queue now."),
    NATIVE_END,
};

static Type simple_queue_type = {
    TYPE_HEAD("_queue.SimpleQueue"),
    .basic_size = sizeof(SimpleQueue),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "Simple, unbounded, reentrant FIFO queue.",
    .methods = queue_methods,
    .make = queue_make,
    .destroy = queue_destroy,
    .traverse = queue_traverse,
    .clear = queue_clear,
};

static bool ready(void) { return type_ready(&simple_queue_type) && type_ready(&queue_type); }

static Value class_new(const char *module, const char *name, const char *doc) {
    Value words[] = {str_from(name), str_from(module), str_from(doc)};
    Value bases = tuple_pack(1, type_value(&Exception_type)), namespace = dict_new(), made = UNSET;
    if (is_set(words[2]) && is_set(bases) && is_set(namespace) && dict_set(namespace, names.__module__, words[1]) &&
        dict_set(namespace, names.__doc__, words[2]))
        made = call3(type_value(&type_type), words[0], bases, namespace);
    for (int i = 0; i < 3; i++) release(words[i]);
    release(bases);
    release(namespace);
    return made;
}

static bool make_classes(void) {
    if (is_set(queue_full_class)) return true;
    root_add(&queue_empty_class);
    root_add(&queue_full_class);
    queue_empty_class = class_new("_queue", "Empty", "Exception raised by Queue.get(block=0)/get_nowait().");
    if (is_unset(queue_empty_class)) return false;
    queue_full_class = class_new("queue", "Full", "Exception raised by Queue.put(block=0)/put_nowait().");
    return is_set(queue_full_class);
}

static const NativeDef functions[] = {
    FUNCTION("_set_condition_class", "cls, /", queue_set_condition_class, "For the module queue."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return make_classes() && dict_set_utf8(dict, "Empty", queue_empty_class) &&
           dict_set_utf8(dict, "Full", queue_full_class) &&
           dict_set_utf8(dict, "SimpleQueue", type_value(&simple_queue_type)) &&
           dict_set_utf8(dict, "Queue", type_value(&queue_type));
}

const ModuleDef mod__queue = {"_queue", "The half of the module queue that is written in C.", functions, fill, ready};
