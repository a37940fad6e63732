/* Trial deletion over the pages of collected objects.
 *
 * Every candidate has a word beside it (heap_word): first its reference count.  Each reference that a candidate holds
 * on another one is subtracted; what is left came from outside.  Whatever is reachable from an object with something
 * left survives, the rest is garbage.  Then, in this order:
 *
 *   1. the garbage is retained, so that nothing below can free it under our feet, and put in the order of its birth;
 *   2. weak references that are garbage lose their callbacks; weak references to garbage are cleared, callbacks run;
 *   3. finalizers run, each once in an object's life;
 *   4. if 2 or 3 ran anything, the group is examined again by itself: what a finalizer made reachable survives;
 *   5. clear slots break the cycles, and dropping our references frees the objects.
 */
#include "runtime/mem/gc.h"

#include "runtime/base/hostile.h"
#include "runtime/mem/heap_inline.h"
#include "runtime/plat/clock.h"

#include <stdlib.h>

enum { DEFAULT_THRESHOLD = 700, GROWTH_MIN = 20000 };

#define CANDIDATE UINT32_C(0x80000000) /* bits of a word; the others are the references not explained yet */
#define REACHED   UINT32_C(0x40000000)
#define COUNT_MASK (REACHED - 1)

void (*gc_request)(void);
void (*gc_world_stop)(void);
void (*gc_world_start)(void);
void (*gc_keep)(Object *o);
void (*gc_observer)(bool starts, int generation, int64_t collected);
Type *gc_weakref_type;
size_t gc_limit = GROWTH_MIN;
uint32_t gc_step = GROWTH_MIN / 4;

static bool enabled = true;
static _Atomic bool collecting;
static int64_t thresholds[3] = {DEFAULT_THRESHOLD, 10, 10};
static size_t live_at_last;
static GcFigures figures;

typedef struct ObjectArray {
    Object **items;
    size_t count, capacity;
    bool failed;
} ObjectArray;

static void array_push(ObjectArray *a, Object *o) {
    if (a->count == a->capacity) {
        size_t capacity = a->capacity ? a->capacity * 2 : 256;
        Object **grown = raw_reallocate(a->items, capacity * sizeof *grown);
        if (!grown) {
            a->failed = true;
            return;
        }
        a->items = grown;
        a->capacity = capacity;
    }
    a->items[a->count++] = o;
}

int gc_traverse(Object *o, Visit visit, void *context) {
    Type *type = o->type;
    int result = type->traverse ? type->traverse(o, visit, context) : 0;
    if (result == 0 && (type->flags & TYPE_HEAP)) result = visit(from_object(type), context);
    return result;
}

bool gc_is_tracked(Value v) {
    if (!type_has(v, TYPE_GC)) return false;
    const Object *o = as_object(v);
    return rc_load(&o->count) < RC_IMMORTAL && !(object_flags(o) & OBJECT_UNTRACKED);
}

/* --- examining ------------------------------------------------------------------------------------------------ */

/* The word of a candidate, or NULL.  Immortal objects may be static and have no page, so they are asked first. */
static inline uint32_t *candidate_word(Value v) {
    if (!is_object(v)) return NULL;
    Object *o = as_object(v);
    if (rc_load(&o->count) >= RC_IMMORTAL) return NULL;
    uint32_t *word = heap_word(o);
    return word && (*word & CANDIDATE) ? word : NULL;
}

static bool candidate_add(Object *o, void *context) {
    (void)context;
    uint32_t count = rc_load(&o->count);
    if (count == 0 || count >= RC_IMMORTAL || (object_flags(o) & (OBJECT_UNTRACKED | OBJECT_DYING))) return true;
    uint32_t *word = heap_word(o);
    if (word) *word = CANDIDATE | (count < COUNT_MASK ? count : COUNT_MASK);
    return true;
}

static int subtract_one(Value child, void *context) {
    (void)context;
    uint32_t *word = candidate_word(child);
    if (word && (*word & COUNT_MASK)) --*word;
    return 0;
}

static bool subtract_from(Object *o, uint32_t *word, void *context) {
    (void)word, (void)context;
    gc_traverse(o, subtract_one, NULL);
    return true;
}

static int reach(Value child, void *stack) {
    uint32_t *word = candidate_word(child);
    if (!word || (*word & REACHED)) return 0;
    *word |= REACHED;
    array_push(stack, as_object(child));
    return 0;
}

static bool reach_from(Object *o, uint32_t *word, void *context) {
    ObjectArray *stack = context;
    if ((*word & REACHED) || !(*word & COUNT_MASK)) return true;
    reach(from_object(o), stack);
    while (stack->count > 0) gc_traverse(stack->items[--stack->count], reach, stack);
    return !stack->failed;
}

static bool gather_unreached(Object *o, uint32_t *word, void *context) {
    if (!(*word & REACHED)) array_push(context, o);
    return true;
}

/* False: no memory for the examination; nothing is known to be garbage then. */
static bool find_garbage(ObjectArray *garbage) {
    if (!heap_words_start()) return false;
    ObjectArray stack = {0};
    heap_each_object(candidate_add, NULL, true);
    heap_each_word(subtract_from, NULL);
    heap_each_word(reach_from, &stack);
    if (!stack.failed) heap_each_word(gather_unreached, garbage);
    raw_free(stack.items);
    heap_words_end();
    return !stack.failed && !garbage->failed;
}

/* Keeps in the array what is still only referenced from within it (one reference of each object is ours). */
static bool find_still_garbage(ObjectArray *garbage, ObjectArray *revived) {
    if (!heap_words_start()) return false;
    ObjectArray stack = {0};
    for (size_t i = 0; i < garbage->count; i++) {
        Object *o = garbage->items[i];
        uint32_t *word = heap_word(o);
        if (word) *word = CANDIDATE | ((rc_load(&o->count) - 1) & COUNT_MASK);
    }
    heap_each_word(subtract_from, NULL);
    heap_each_word(reach_from, &stack);
    size_t kept = 0;
    for (size_t i = 0; i < garbage->count && !stack.failed; i++) {
        uint32_t *word = heap_word(garbage->items[i]);
        if (word && (*word & CANDIDATE) && !(*word & REACHED)) garbage->items[kept++] = garbage->items[i];
        else array_push(revived, garbage->items[i]);
    }
    bool ok = !stack.failed && !revived->failed;
    if (ok) garbage->count = kept;
    raw_free(stack.items);
    heap_words_end();
    return ok;
}

/* --- ending --------------------------------------------------------------------------------------------------- */

static uint32_t births_now;

static uint32_t age(const Object *o) { return births_now - (object_flags(o) & -(1u << OBJECT_BIRTH_SHIFT)); }

static int compare_oldest_first(const void *a, const void *b) {
    uint32_t age_a = age(*(Object *const *)a), age_b = age(*(Object *const *)b);
    return age_a < age_b ? 1 : age_a > age_b ? -1 : 0;
}

static bool order_shows(const Object *o) { return o->type->finalize || (object_flags(o) & OBJECT_WEAK); }

static void order_and_retain(ObjectArray *garbage) {
    bool shows = false;
    for (size_t i = 0; i < garbage->count; i++) {
        object_retain(garbage->items[i]);
        shows = shows || order_shows(garbage->items[i]);
    }
    births_now = heap_births() << OBJECT_BIRTH_SHIFT;
    if (shows) qsort(garbage->items, garbage->count, sizeof *garbage->items, compare_oldest_first);
}

static bool is_weakref(const Object *o) {
    for (const Type *t = o->type; t; t = t->base)
        if (t == gc_weakref_type) return true;
    return false;
}

/* True: something ran. */
static bool clear_weak_references(ObjectArray *garbage) {
    bool ran = false;
    for (size_t i = 0; i < garbage->count && gc_weakref_type; i++) {
        Object *o = garbage->items[i];
        if (is_weakref(o) && o->type->clear) o->type->clear(o);
    }
    for (size_t i = 0; i < garbage->count && object_weakrefs_clear; i++) {
        if (!(object_flags(garbage->items[i]) & OBJECT_WEAK)) continue;
        object_weakrefs_clear(garbage->items[i]);
        ran = true;
    }
    return ran;
}

static bool run_finalizers(ObjectArray *garbage) {
    bool ran = false;
    for (size_t i = 0; i < garbage->count; i++) {
        Object *o = garbage->items[i];
        if (!o->type->finalize || (object_flags(o) & OBJECT_FINALIZED)) continue;
        object_set_flag(o, OBJECT_FINALIZED);
        o->type->finalize(o);
        ran = true;
    }
    return ran;
}

static void world_stop(void) {
    if (gc_world_stop) gc_world_stop();
}

static void world_start(void) {
    if (gc_world_start) gc_world_start();
}

static void release_all(ObjectArray *a) {
    for (size_t i = 0; i < a->count; i++) object_release(a->items[i]);
    a->count = 0;
}

static void end_garbage(ObjectArray *garbage) {
    for (size_t i = 0; i < garbage->count; i++) {
        Object *o = garbage->items[i];
        if (gc_keep) gc_keep(o);
        else if (o->type->clear) o->type->clear(o);
        object_release(o);
    }
}

static int64_t end_cycles(ObjectArray *garbage) {
    ObjectArray revived = {0};
    bool ran = clear_weak_references(garbage);
    if (run_finalizers(garbage) || ran) {
        world_stop();
        bool known = find_still_garbage(garbage, &revived);
        world_start();
        if (!known) {
            release_all(garbage);
            raw_free(revived.items);
            return 0;
        }
    }
    int64_t found = (int64_t)garbage->count;
    end_garbage(garbage);
    release_all(&revived);
    raw_free(revived.items);
    return found;
}

/* --- when ----------------------------------------------------------------------------------------------------- */

static void set_limit(void) {
    size_t growth = (size_t)thresholds[0];
    if (thresholds[0] == DEFAULT_THRESHOLD) growth = live_at_last > GROWTH_MIN ? live_at_last : GROWTH_MIN;
    bool never = !enabled || thresholds[0] <= 0;
    gc_limit = never ? SIZE_MAX : live_at_last + growth;
    gc_step = growth / 4 < UINT32_MAX / 2 ? (uint32_t)(growth / 4) : UINT32_MAX / 2;
}

void gc_settle(void) {
    live_at_last = heap_collected_count();
    set_limit();
}

int64_t gc_collect(int generation) {
    if (atomic_exchange(&collecting, true)) return 0;
    if (gc_observer) gc_observer(true, generation, 0);
    int64_t start = clock_monotonic();
    ObjectArray garbage = {0};
    world_stop();
    bool known = find_garbage(&garbage);
    if (known) order_and_retain(&garbage);
    world_start();
    int64_t found = known ? end_cycles(&garbage) : 0;
    raw_free(garbage.items);
    int64_t took = clock_monotonic() - start;
    if (took > figures.longest_ns) figures.longest_ns = took;
    figures.collections++;
    figures.collected += found;
    gc_settle();
    if (gc_observer) gc_observer(false, generation, found);
    collecting = false;
    return found;
}

void gc_collect_if_due(void) {
    if (enabled && (IS_HOSTILE || heap_collected_count() > gc_limit)) gc_collect(2);
}

bool gc_is_enabled(void) { return enabled; }

void gc_set_enabled(bool on) {
    enabled = on;
    set_limit();
}

void gc_get_thresholds(int64_t out[3]) {
    for (int i = 0; i < 3; i++) out[i] = thresholds[i];
}

void gc_set_thresholds(const int64_t in[3]) {
    for (int i = 0; i < 3; i++) thresholds[i] = in[i];
    set_limit();
}

void gc_get_counts(int64_t out[3]) {
    size_t live = heap_collected_count();
    out[0] = live > live_at_last ? (int64_t)(live - live_at_last) : 0;
    out[1] = out[2] = 0;
}

GcFigures gc_figures(void) { return figures; }
