/* threading.local: an object whose attributes are different in each thread.
 *
 * Each thread owns a dict from the number of a local object to the dict of its attributes there, so no thread ever
 * touches another one's; only the end of a local object removes its number everywhere.  Numbers are never used again.
 */
#include "stdlib/thread.h"

#include "runtime/conc/thread.h"
#include "runtime/types/traverse.h"

typedef struct Local {
    Object head;
    int64_t number;
    Value args, kwargs; /* of the constructor, for __init__ in each thread; UNSET if there were none */
} Local;

static int64_t last_number;

static Local *as_local(Value v) { return (Local *)as_object(v); }

void object_free_plain(Object *o) { object_free(o); }

static bool run_init(Value self) {
    Local *local = as_local(self);
    Type *type = type_of(self);
    if (!type->init || type->init == object_type.init) return true;
    Value init = object_get_attribute(self, names.__init__);
    if (is_unset(init)) return false;
    Value result = call_tuple_dict(init, is_set(local->args) ? local->args : empty_tuple, local->kwargs);
    release(init);
    release(result);
    return is_set(result);
}

/* The dict of this thread, borrowed; made and filled by __init__ on first use.  UNSET: an exception is pending. */
static Value local_dict(Value self) {
    Thread *thread = thread_current();
    Value key = from_small_int(as_local(self)->number), dict;
    if (is_unset(thread->locals) && is_unset(thread->locals = dict_new())) return UNSET;
    int found = dict_find(thread->locals, key, &dict);
    if (found) return found > 0 ? dict : UNSET;
    dict = dict_new();
    bool stored = is_set(dict) && dict_set(thread->locals, key, dict);
    release(dict);
    if (!stored) return UNSET;
    if (run_init(self)) return dict;
    dict_remove(thread->locals, key, NULL);
    return UNSET;
}

void local_thread_end(void) { clear(&thread_current()->locals); }

static Value local_make(Type *type, const Value *args, size_t count, Value kwnames) {
    size_t keywords = is_set(kwnames) ? tuple_length(kwnames) : 0;
    bool takes_arguments = type->init && type->init != object_type.init;
    if ((count || keywords) && !takes_arguments) return raise_type_error("Initialization arguments are not supported");
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Local *local = as_local(self);
    local->number = ++last_number;
    if (count) local->args = tuple_from_values(args, count);
    bool made = !count || is_set(local->args);
    if (keywords && made) made = is_set(local->kwargs = dict_new());
    for (size_t i = 0; i < keywords && made; i++) made = dict_set(local->kwargs, tuple_at(kwnames, i), args[count + i]);
    /* The maker calls __init__ itself, so this thread's dict exists before. */
    Value dict = made ? dict_new() : UNSET, key = from_small_int(local->number);
    Thread *thread = thread_current();
    if (is_set(dict) && is_unset(thread->locals)) thread->locals = dict_new();
    made = is_set(dict) && is_set(thread->locals) && dict_set(thread->locals, key, dict);
    release(dict);
    if (made) return self;
    release(self);
    return UNSET;
}

/* As object.__getattribute__, with this thread's dict for the instance's. */
static Value local_get_attribute(Value self, Value name) {
    Value dict = local_dict(self), found;
    if (is_unset(dict)) return UNSET;
    if (same(name, names.__dict__)) return retain(dict);
    Value of_type = type_lookup(type_of(self), name);
    bool is_data = is_set(of_type) && type_of(of_type)->descriptor_set;
    if (is_data) return generic_get_attribute(self, name);
    int in_dict = dict_find(dict, name, &found);
    if (in_dict) return in_dict > 0 ? retain(found) : UNSET;
    return generic_get_attribute(self, name);
}

static bool local_set_attribute(Value self, Value name, Value value) {
    Value dict = local_dict(self);
    if (is_unset(dict)) return false;
    if (same(name, names.__dict__))
        return raise_error(&AttributeError_type, "'%T' object attribute '__dict__' is read-only", self), false;
    Value of_type = type_lookup(type_of(self), name);
    if (is_set(of_type) && type_of(of_type)->descriptor_set) return generic_set_attribute(self, name, value);
    if (is_set(value)) return dict_set(dict, name, value);
    int removed = dict_remove(dict, name, NULL);
    if (removed == 0) raise_attribute_error(self, name);
    return removed > 0;
}

static bool forget(Thread *thread, void *context) {
    Value *dicts = context, old = UNSET;
    if (is_set(thread->locals) && dict_remove(thread->locals, dicts[0], &old) > 0 && is_set(old))
        if (!list_append_steal(dicts[1], old)) error_clear();
    return true;
}

/* The dicts die after the walk: what they hold may run anything. */
static void local_destroy(Object *o) {
    Local *local = (Local *)o;
    Value pending = error_take(), dicts[2] = {from_small_int(local->number), list_new(4)};
    if (is_set(dicts[1])) thread_each(forget, dicts);
    else error_clear();
    release(dicts[1]);
    release(local->args);
    release(local->kwargs);
    attrs_clear(o);
    if (is_set(pending)) error_restore(pending);
    object_free(o);
}

static int local_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Local *)o)->args);
    TRAVERSE(((Local *)o)->kwargs);
    return attrs_traverse(o, visit, context);
}

static void local_clear(Object *o) {
    clear(&((Local *)o)->args);
    clear(&((Local *)o)->kwargs);
}

Type local_type = {
    TYPE_HEAD("_thread._local"),
    .basic_size = sizeof(Local),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "Thread-local data",
    .make = local_make,
    .get_attribute = local_get_attribute,
    .set_attribute = local_set_attribute,
    .destroy = local_destroy,
    .traverse = local_traverse,
    .clear = local_clear,
};
