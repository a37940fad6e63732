/* _queue: SimpleQueue, an unbounded queue whose put never waits. */
#include "stdlib/thread.h"

#include <limits.h>

#include "runtime/conc/waitpoint.h"
#include "runtime/plat/clock.h"
#include "runtime/types/traverse.h"

static Value empty_class; /* Empty; immortal */

/* A ring: items [first, first + count) modulo capacity, which is a power of two. */
typedef struct SimpleQueue {
    Object head;
    Value *items;
    size_t first, count, capacity;
    WaitPoint arrival;
} SimpleQueue;

static SimpleQueue *queue_of(Value v) { return (SimpleQueue *)as_object(v); }
static Value *queue_slot(SimpleQueue *q, size_t i) { return &q->items[(q->first + i) & (q->capacity - 1)]; }

static bool queue_grow(SimpleQueue *q) {
    size_t capacity = q->capacity ? q->capacity * 2 : 16;
    Value *items = capacity < SIZE_MAX / sizeof(Value) / 2 ? raw_allocate(capacity * sizeof *items) : NULL;
    if (!items) return raise_memory_error(), false;
    for (size_t i = 0; i < q->count; i++) items[i] = *queue_slot(q, i);
    raw_free(q->items);
    q->items = items;
    q->first = 0;
    q->capacity = capacity;
    return true;
}

static Value queue_put(const Value *args, size_t count) {
    SimpleQueue *q = queue_of(args[0]);
    if (q->count == q->capacity && !queue_grow(q)) return UNSET;
    *queue_slot(q, q->count) = retain(args[1]);
    q->count++;
    wait_point_wake(&q->arrival, 1);
    return NONE;
}

/* A queue that was long gives its memory back when it is empty. */
static Value queue_take(SimpleQueue *q) {
    Value item = *queue_slot(q, 0);
    q->first = (q->first + 1) & (q->capacity - 1);
    if (--q->count == 0 && q->capacity > 1024) {
        raw_free(q->items);
        q->items = NULL;
        q->capacity = q->first = 0;
    }
    return item;
}

static Value raise_empty(void) {
    Value exception = call0(empty_class);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static Value queue_wait_and_take(SimpleQueue *q, int64_t deadline) {
    LockResult result = LOCK_TAKEN;
    while (q->count == 0 && result == LOCK_TAKEN) {
        uint32_t ticket = wait_point_ticket(&q->arrival);
        if (q->count == 0) result = wait_point_wait(&q->arrival, ticket, deadline);
    }
    if (result == LOCK_FAILED) return UNSET;
    return q->count ? queue_take(q) : raise_empty();
}

static Value queue_get(const Value *args, size_t count) {
    SimpleQueue *q = queue_of(args[0]);
    if (q->count && is_unset(args[1]) && is_unset(args[2])) return queue_take(q);
    int block = is_set(args[1]) ? object_truth(args[1]) : 1;
    int64_t timeout = -1;
    if (block < 0) return UNSET;
    if (block && is_set(args[2]) && !is_none(args[2])) {
        if (!thread_timeout(args[2], &timeout)) return UNSET;
        if (timeout < 0) return raise_value_error("'timeout' must be a non-negative number");
    }
    if (q->count) return queue_take(q);
    if (!block) return raise_empty();
    return queue_wait_and_take(q, timeout < 0 ? -1 : clock_monotonic() + timeout);
}

static Value queue_get_nowait(const Value *args, size_t count) {
    SimpleQueue *q = queue_of(args[0]);
    return q->count ? queue_take(q) : raise_empty();
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
    METHOD("put", "item, block=True, timeout=None", queue_put, "Put the item on the queue.  Never waits; block and timeout are ignored."),
    METHOD("put_nowait", "item", queue_put, "Put an item into the queue."),
    METHOD("get", "block=True, timeout=None", queue_get, "Remove and return an item, waiting for one if block is true."),
    METHOD("get_nowait", "", queue_get_nowait, "Remove and return an item; Empty if there is none."),
    METHOD("empty", "", queue_empty, "Return True if the queue is empty now."),
    METHOD("qsize", "", queue_qsize, "Return the size of the queue now."),
    NATIVE_END,
};

static Type simple_queue_type = {
    TYPE_HEAD("_queue.SimpleQueue"),
    .basic_size = sizeof(SimpleQueue),
    .flags = TYPE_BASE | TYPE_GC,
    .doc = "Simple, unbounded, reentrant FIFO queue.",
    .methods = queue_methods,
    .make = queue_make,
    .destroy = queue_destroy,
    .traverse = queue_traverse,
    .clear = queue_clear,
};

static bool ready(void) { return type_ready(&simple_queue_type); }

static Value empty_class_new(void) {
    Value name = str_from("Empty"), module = str_from("_queue"), doc = str_from("Exception raised by Queue.get(block=0)/get_nowait().");
    Value bases = tuple_pack(1, type_value(&Exception_type)), namespace = dict_new(), made = UNSET;
    if (is_set(name) && is_set(bases) && is_set(namespace) && dict_set(namespace, names.__module__, module) &&
        dict_set(namespace, names.__doc__, doc))
        made = call3(type_value(&type_type), name, bases, namespace);
    release(name);
    release(module);
    release(doc);
    release(bases);
    release(namespace);
    return made;
}

static bool fill(Value dict) {
    if (is_unset(empty_class)) empty_class = empty_class_new();
    if (is_unset(empty_class)) return false;
    object_make_immortal(as_object(empty_class));
    return dict_set_utf8(dict, "Empty", empty_class) && dict_set_utf8(dict, "SimpleQueue", type_value(&simple_queue_type));
}

const ModuleDef mod__queue = {"_queue", "The half of the module queue that is written in C.", NULL, fill, ready};
