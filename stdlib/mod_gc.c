/* gc: the cycle collector seen from the script. */
#include "stdlib/stdlib.h"

#include <string.h>

#include "runtime/mem/gc.h"

enum { DEBUG_STATS = 1, DEBUG_COLLECTABLE = 2, DEBUG_UNCOLLECTABLE = 4, DEBUG_SAVEALL = 32, GENERATIONS = 3 };

static Value garbage, callbacks; /* lists; roots, since collections outlive the module */
static int64_t debug_flags;

static Value gc_module_collect(const Value *args, size_t count) {
    int64_t generation = GENERATIONS - 1;
    if (is_set(args[0]) && !object_as_int64(args[0], &generation)) return UNSET;
    if (generation < 0 || generation >= GENERATIONS) return raise_value_error("invalid generation");
    return int_from_int64(gc_collect((int)generation));
}

static Value gc_module_enable(const Value *args, size_t count) { return gc_set_enabled(true), NONE; }
static Value gc_module_disable(const Value *args, size_t count) { return gc_set_enabled(false), NONE; }
static Value gc_module_isenabled(const Value *args, size_t count) { return from_bool(gc_is_enabled()); }

static Value three_ints(const int64_t n[3]) {
    return tuple_pack(3, from_small_int(n[0]), from_small_int(n[1]), from_small_int(n[2]));
}

static Value gc_module_get_threshold(const Value *args, size_t count) {
    int64_t n[3];
    gc_get_thresholds(n);
    return three_ints(n);
}

static Value gc_module_get_count(const Value *args, size_t count) {
    int64_t n[3];
    gc_get_counts(n);
    return three_ints(n);
}

static Value gc_module_set_threshold(const Value *args, size_t count) {
    int64_t n[3];
    gc_get_thresholds(n);
    for (int i = 0; i < 3; i++)
        if (is_set(args[i]) && !object_as_int64(args[i], &n[i])) return UNSET;
    gc_set_thresholds(n);
    return NONE;
}

static void keep(Object *o) {
    if (is_unset(garbage) || !list_append(garbage, from_object(o))) error_clear();
}

static Value gc_module_set_debug(const Value *args, size_t count) {
    if (!object_as_int64(args[0], &debug_flags)) return UNSET;
    gc_keep = debug_flags & DEBUG_SAVEALL ? keep : NULL;
    return NONE;
}
static Value gc_module_get_debug(const Value *args, size_t count) { return int_from_int64(debug_flags); }

/* An empty dict, or one of atoms, is not tracked, as in CPython. */
static bool holds_containers(Value dict) {
    size_t position = 0;
    Value key, value;
    while (dict_next(dict, &position, &key, &value))
        if (type_has(key, TYPE_GC) || type_has(value, TYPE_GC)) return true;
    return false;
}

static Value gc_module_is_tracked(const Value *args, size_t count) {
    return from_bool(gc_is_tracked(args[0]) && (!dict_is_exact(args[0]) || holds_containers(args[0])));
}

static Value gc_module_is_finalized(const Value *args, size_t count) {
    return from_bool(type_has(args[0], TYPE_GC) && (object_flags(as_object(args[0])) & OBJECT_FINALIZED));
}

/* --- walking -------------------------------------------------------------------------------------------------- */

/* Objects found by a walk: raw memory, since nothing may be allocated among the objects meanwhile. */
typedef struct Found {
    Object **items;
    size_t count, capacity;
    const Value *wanted;
    size_t wanted_count;
    bool failed;
} Found;

static bool found_add(Found *found, Object *o) {
    if (found->count == found->capacity) {
        size_t capacity = found->capacity ? found->capacity * 2 : 64;
        Object **larger = raw_reallocate(found->items, capacity * sizeof *larger);
        if (!larger) return found->failed = true, false;
        found->items = larger;
        found->capacity = capacity;
    }
    found->items[found->count++] = o;
    return true;
}

static Value found_list(Found *found) {
    Value list = found->failed ? raise_memory_error() : list_new(found->count);
    for (size_t i = 0; i < found->count && is_set(list); i++)
        if (!list_append(list, from_object(found->items[i]))) clear(&list);
    raw_free(found->items);
    return list;
}

static bool is_visible(const Object *o) {
    uint32_t n = rc_load(&o->count);
    return n > 0 && n < RC_IMMORTAL && !(object_flags(o) & (OBJECT_UNTRACKED | OBJECT_DYING));
}

static bool visit_object(Object *o, void *context) { return !is_visible(o) || found_add(context, o); }

static Value gc_module_get_objects(const Value *args, size_t count) {
    int64_t generation = -1;
    if (is_set(args[0]) && !is_none(args[0]) && !object_as_int64(args[0], &generation)) return UNSET;
    if (generation >= GENERATIONS)
        return raise_value_error("generation parameter must be less than the number of available generations (%d)",
                                 GENERATIONS);
    if (is_set(args[0]) && !is_none(args[0]) && generation < 0)
        return raise_value_error("generation parameter cannot be negative");
    Found found = {0};
    heap_each_object(visit_object, &found, true);
    return found_list(&found);
}

static int is_wanted(Value child, void *context) {
    const Found *found = context;
    for (size_t i = 0; i < found->wanted_count; i++)
        if (same(found->wanted[i], child)) return 1;
    return 0;
}

static bool visit_referrer(Object *o, void *context) {
    if (!is_visible(o) || gc_traverse(o, is_wanted, context) == 0) return true;
    return found_add(context, o);
}

static Value gc_module_get_referrers(const Value *args, size_t count) {
    Found found = {.wanted = args, .wanted_count = count};
    heap_each_object(visit_referrer, &found, true);
    return found_list(&found);
}

static int append_child(Value child, void *list) {
    return is_set(child) && !list_append(*(Value *)list, child) ? -1 : 0;
}

static Value gc_module_get_referents(const Value *args, size_t count) {
    Value list = list_new(0);
    for (size_t i = 0; i < count && is_set(list); i++)
        if (type_has(args[i], TYPE_GC) && gc_traverse(as_object(args[i]), append_child, &list) < 0) clear(&list);
    return list;
}

/* --- figures and callbacks ------------------------------------------------------------------------------------- */

static bool put(Value dict, const char *key, int64_t n) {
    Value value = int_from_int64(n);
    bool done = is_set(value) && dict_set_utf8(dict, key, value);
    release(value);
    return done;
}

static Value generation_stats(GcFigures f) {
    Value dict = dict_new();
    if (is_set(dict) && (!put(dict, "collections", f.collections) || !put(dict, "collected", f.collected) ||
                         !put(dict, "uncollectable", 0)))
        clear(&dict);
    return dict;
}

/* Every collection is one of the oldest generation. */
static Value gc_module_get_stats(const Value *args, size_t count) {
    Value list = list_new(GENERATIONS);
    for (int i = 0; i < GENERATIONS && is_set(list); i++) {
        Value stats = generation_stats(i == GENERATIONS - 1 ? gc_figures() : (GcFigures){0});
        if (is_unset(stats) || !list_append_steal(list, stats)) clear(&list);
    }
    return list;
}

static Value info_dict(int generation, int64_t collected) {
    Value dict = dict_new();
    if (is_set(dict) &&
        (!put(dict, "generation", generation) || !put(dict, "collected", collected) || !put(dict, "uncollectable", 0)))
        clear(&dict);
    return dict;
}

static void call_back(bool starts, int generation, int64_t collected) {
    if (is_unset(callbacks) || as_list(callbacks)->length == 0) return;
    Value pending = error_take();
    Value phase = str_from(starts ? "start" : "stop"), info = info_dict(generation, collected);
    Value list = list_slice(callbacks, 0, as_list(callbacks)->length);
    for (size_t i = 0; is_set(phase) && is_set(info) && is_set(list) && i < as_list(list)->length; i++) {
        Value callback = as_list(list)->items[i], result = call2(callback, phase, info);
        if (is_unset(result)) error_unraisable(NULL, callback);
        release(result);
    }
    release(phase);
    release(info);
    release(list);
    error_clear();
    if (is_set(pending)) error_restore(pending);
}

static Value gc_module_freeze(const Value *args, size_t count) { return NONE; }
static Value gc_module_get_freeze_count(const Value *args, size_t count) { return from_small_int(0); }

static const NativeDef functions[] = {
    FUNCTION("collect", "generation=2", gc_module_collect,
             "Run the garbage collector.\n\nThe number of unreachable objects is returned."),
    FUNCTION("enable", "", gc_module_enable, "Enable automatic garbage collection."),
    FUNCTION("disable", "", gc_module_disable, "Disable automatic garbage collection."),
    FUNCTION("isenabled", "", gc_module_isenabled, "Returns true if automatic garbage collection is enabled."),
    FUNCTION("get_threshold", "", gc_module_get_threshold, "Return the current collection thresholds."),
    FUNCTION("set_threshold", "threshold0, threshold1=None, threshold2=None, /", gc_module_set_threshold,
             "Sets the collection thresholds."),
    FUNCTION("get_count", "", gc_module_get_count, "Return a three-tuple of the current collection counts."),
    FUNCTION("get_objects", "generation=None", gc_module_get_objects,
             "Return a list of objects tracked by the collector."),
    FUNCTION("get_referrers", "*objs", gc_module_get_referrers,
             "Return the list of objects that directly refer to any of objs."),
    FUNCTION("get_referents", "*objs", gc_module_get_referents,
             "Return the list of objects that are directly referred to by objs."),
    FUNCTION("get_stats", "", gc_module_get_stats,
             "Return a list of dictionaries containing per-generation statistics."),
    FUNCTION("is_tracked", "obj, /", gc_module_is_tracked,
             "Returns true if the object is tracked by the garbage collector."),
    FUNCTION("is_finalized", "obj, /", gc_module_is_finalized,
             "Returns true if the object has been already finalized by the GC."),
    FUNCTION("freeze", "", gc_module_freeze, "Does nothing: collections of scr do not copy memory."),
    FUNCTION("unfreeze", "", gc_module_freeze, "Does nothing."),
    FUNCTION("get_freeze_count", "", gc_module_get_freeze_count, "Return the number of frozen objects: none."),
    FUNCTION("set_debug", "flags, /", gc_module_set_debug, "Set the garbage collection debugging flags."),
    FUNCTION("get_debug", "", gc_module_get_debug, "Get the garbage collection debugging flags."),
    NATIVE_END,
};

static bool fill_list(Value dict, const char *name, Value *list) {
    if (is_unset(*list)) *list = list_new(0);
    if (is_unset(*list)) return false;
    root_add(list);
    return dict_set_utf8(dict, name, *list);
}

static bool fill(Value dict) {
    if (!fill_list(dict, "garbage", &garbage) || !fill_list(dict, "callbacks", &callbacks)) return false;
    gc_observer = call_back;
    return put(dict, "DEBUG_STATS", DEBUG_STATS) && put(dict, "DEBUG_COLLECTABLE", DEBUG_COLLECTABLE) &&
           put(dict, "DEBUG_UNCOLLECTABLE", DEBUG_UNCOLLECTABLE) && put(dict, "DEBUG_SAVEALL", DEBUG_SAVEALL) &&
           put(dict, "DEBUG_LEAK", DEBUG_COLLECTABLE | DEBUG_UNCOLLECTABLE | DEBUG_SAVEALL);
}

const ModuleDef mod_gc = {"gc", "The cycle collector: what it finds, when it runs, and who refers to whom.", functions,
                          fill, NULL};
