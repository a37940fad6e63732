/* _heapq: a binary heap in a list.  The invariant is heap[i] <= heap[2i+1] and heap[i] <= heap[2i+2]; only `<` is used,
 * and comparisons may change the list, which is noticed by its length. */
#include "stdlib/stdlib.h"

/* 1: before in the heap, 0: not, -1: failed. */
typedef int (*Before)(Value a, Value b);

static int before_min(Value a, Value b) {
    if (are_small_ints(a, b)) return as_small_int(a) < as_small_int(b);
    if (is_double(a) && is_double(b)) return as_double(a) < as_double(b);
    retain(a);
    retain(b);
    int less = object_compare_truth(a, b, COMPARE_LT);
    release(a);
    release(b);
    return less;
}
static int before_max(Value a, Value b) { return before_min(b, a); }

static bool changed(List *l, size_t length) {
    if (l->length == length) return false;
    raise_runtime_error("list changed size during iteration");
    return true;
}

static void swap(List *l, size_t i, size_t j) {
    Value t = l->items[i];
    l->items[i] = l->items[j];
    l->items[j] = t;
}

/* Moves the item at `at` towards `top` until its parent is before it. */
static bool sift_up(List *l, size_t top, size_t at, Before before) {
    size_t length = l->length;
    while (at > top) {
        size_t parent = (at - 1) / 2;
        int less = before(l->items[at], l->items[parent]);
        if (less < 0 || changed(l, length)) return false;
        if (!less) break;
        swap(l, at, parent);
        at = parent;
    }
    return true;
}

/* Moves the item at `at` down to a leaf along the smaller children, then up to its place. */
static bool sift_down(List *l, size_t at, Before before) {
    size_t length = l->length, top = at;
    while (2 * at + 1 < length) {
        size_t child = 2 * at + 1;
        if (child + 1 < length) {
            int less = before(l->items[child], l->items[child + 1]);
            if (less < 0 || changed(l, length)) return false;
            if (!less) child++;
        }
        swap(l, at, child);
        at = child;
    }
    return sift_up(l, top, at, before);
}

/* where: the function and the argument as messages name them. */
static List *heap_of(Value v, const char *where) {
    if (list_is(v)) return as_list(v);
    raise_type_error("%s must be list, not %T", where, v);
    return NULL;
}

static Value pop(Value heap, Before before, const char *where) {
    List *l = heap_of(heap, where);
    if (!l) return UNSET;
    if (l->length == 0) return raise_index_error("index out of range");
    Value last = list_pop(heap, -1);
    if (l->length == 0) return last;
    Value top = l->items[0];
    l->items[0] = last;
    if (sift_down(l, 0, before)) return top;
    release(top);
    return UNSET;
}

static Value replace_top(Value heap, Value item, Before before, const char *where) {
    List *l = heap_of(heap, where);
    if (!l) return UNSET;
    if (l->length == 0) return raise_index_error("index out of range");
    Value top = l->items[0];
    l->items[0] = retain(item);
    if (sift_down(l, 0, before)) return top;
    release(top);
    return UNSET;
}

static Value heapify(Value heap, Before before, const char *where) {
    List *l = heap_of(heap, where);
    if (!l) return UNSET;
    for (size_t i = l->length / 2; i-- > 0;)
        if (!sift_down(l, i, before)) return UNSET;
    return NONE;
}

static Value heap_push(const Value *args, size_t count) {
    List *l = heap_of(args[0], "heappush() argument 1");
    if (!l || !list_append(args[0], args[1])) return UNSET;
    return sift_up(l, 0, l->length - 1, before_min) ? NONE : UNSET;
}

static Value heap_push_pop(const Value *args, size_t count) {
    List *l = heap_of(args[0], "heappushpop() argument 1");
    if (!l) return UNSET;
    if (l->length == 0) return retain(args[1]);
    int less = before_min(l->items[0], args[1]);
    if (less < 0) return UNSET;
    if (!less) return retain(args[1]);
    if (l->length == 0) return raise_index_error("index out of range");
    return replace_top(args[0], args[1], before_min, "heappushpop() argument 1");
}

static Value heap_pop(const Value *args, size_t count) { return pop(args[0], before_min, "heappop() argument"); }
static Value heap_replace(const Value *args, size_t count) {
    return replace_top(args[0], args[1], before_min, "heapreplace() argument 1");
}
static Value heap_heapify(const Value *args, size_t count) {
    return heapify(args[0], before_min, "heapify() argument");
}
static Value heap_pop_max(const Value *args, size_t count) {
    return pop(args[0], before_max, "_heappop_max() argument");
}
static Value heap_replace_max(const Value *args, size_t count) {
    return replace_top(args[0], args[1], before_max, "_heapreplace_max() argument 1");
}
static Value heap_heapify_max(const Value *args, size_t count) {
    return heapify(args[0], before_max, "_heapify_max() argument");
}

static const NativeDef functions[] = {
    FUNCTION("heappush", "heap, item, /", heap_push, "Push item onto heap, maintaining the heap invariant."),
    FUNCTION("heappushpop", "heap, item, /", heap_push_pop,
             "Push item on the heap, then pop and return the smallest item from the heap."),
    FUNCTION("heappop", "heap, /", heap_pop, "Pop the smallest item off the heap, maintaining the heap invariant."),
    FUNCTION("heapreplace", "heap, item, /", heap_replace,
             "Pop and return the current smallest value, and add the new item."),
    FUNCTION("heapify", "heap, /", heap_heapify, "Transform list into a heap, in-place, in O(len(heap)) time."),
    FUNCTION("_heappop_max", "heap, /", heap_pop_max, "Maxheap variant of heappop."),
    FUNCTION("_heapreplace_max", "heap, item, /", heap_replace_max, "Maxheap variant of heapreplace."),
    FUNCTION("_heapify_max", "heap, /", heap_heapify_max, "Maxheap variant of heapify."),
    NATIVE_END,
};

const ModuleDef mod__heapq = {"_heapq", "Heap queue algorithm (a.k.a. priority queue).", functions, NULL, NULL};
