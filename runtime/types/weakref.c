/* Weak references, in a table beside the objects.
 *
 * All references to all objects hang in the chains of one hash table, by the address of their object; a lock of a few
 * instructions guards it in every mode.  An object with references has OBJECT_WEAK; when it dies, weakref_clear()
 * unhooks its references first and runs their callbacks afterwards, newest first, with no lock held.
 */
#include "runtime/types/weakref.h"

#include "runtime/base/spin.h"
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/weakref_struct.h"

static struct {
    SpinLock lock;
    Weakref **chains;
    size_t capacity, count;
} table = {.lock = SPIN_LOCK_INIT};

static size_t chain_of(const Object *o, size_t capacity) {
    return ((uintptr_t)o * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (capacity - 1);
}

static void hook(Weakref **chains, size_t capacity, Weakref *w) {
    Weakref **head = &chains[chain_of(w->referent, capacity)];
    w->next = *head;
    *head = w;
}

static void rehash_locked(Weakref **fresh, size_t capacity) {
    for (size_t i = 0; i < table.capacity; i++) {
        Weakref *reversed = NULL;
        for (Weakref *w = table.chains[i], *next; w; w = next) {
            next = w->next;
            w->next = reversed;
            reversed = w;
        }
        for (Weakref *w = reversed, *next; w; w = next) {
            next = w->next;
            hook(fresh, capacity, w);
        }
    }
}

static bool table_reserve(void) {
    if (table.count < table.capacity) return true;
    size_t capacity = table.capacity ? 2 * table.capacity : 64;
    Weakref **fresh = raw_allocate_zeroed(capacity * sizeof *fresh);
    if (!fresh) return raise_memory_error(), false;
    spin_acquire(&table.lock);
    Weakref **old = fresh;
    if (capacity > table.capacity) {
        rehash_locked(fresh, capacity);
        old = table.chains;
        table.chains = fresh;
        table.capacity = capacity;
    }
    spin_release(&table.lock);
    raw_free(old);
    return true;
}

static void unhook_locked(Weakref *w) {
    Weakref **link = &table.chains[chain_of(w->referent, table.capacity)];
    while (*link && *link != w) link = &(*link)->next;
    if (*link) {
        *link = w->next;
        table.count--;
    }
    w->referent = NULL;
}

static void detach(Weakref *w) {
    spin_acquire(&table.lock);
    if (w->referent) unhook_locked(w);
    spin_release(&table.lock);
}

static bool is_dead(const Object *o) { return rc_load(&o->count) == 0 || (object_flags(o) & OBJECT_DYING); }

/* Making
 * --------------------------------------------------------------------------------------------------------------- */

/* The reference without callback that already exists: owned, or UNSET. */
static Value find_shared(Object *o, const Type *type) {
    Value found = UNSET;
    spin_acquire(&table.lock);
    for (Weakref *w = table.capacity ? table.chains[chain_of(o, table.capacity)] : NULL; w && is_unset(found);
         w = w->next)
        if (w->referent == o && w->head.type == type && is_unset(w->callback) && rc_load(&w->head.count))
            found = retain(from_object(w));
    spin_release(&table.lock);
    return found;
}

static Value reference_new(Type *type, Value object, Value callback) {
    if (!is_object(object) || !(type_of(object)->flags & TYPE_WEAK))
        return raise_type_error("cannot create weak reference to '%T' object", object);
    if (is_none(callback)) callback = UNSET;
    bool shareable = is_unset(callback) && !(type->flags & TYPE_HEAP);
    Value found =
        shareable && (object_flags(as_object(object)) & OBJECT_WEAK) ? find_shared(as_object(object), type) : UNSET;
    if (is_set(found)) return found;
    Weakref *w = table_reserve() ? instance_allocate(type, sizeof(Weakref)) : NULL;
    if (!w) return UNSET;
    w->referent = as_object(object);
    w->callback = retain(callback);
    w->hash = -1;
    spin_acquire(&table.lock);
    hook(table.chains, table.capacity, w);
    table.count++;
    object_set_flag(w->referent, OBJECT_WEAK);
    spin_release(&table.lock);
    return from_object(w);
}

Value weakref_new(Value object, Value callback) { return reference_new(&weakref_type, object, callback); }

Value weakref_get(Value reference) {
    Weakref *w = (Weakref *)as_object(reference);
    Value result = NONE;
    spin_acquire(&table.lock);
    if (w->referent && !is_dead(w->referent)) result = retain(from_object(w->referent));
    spin_release(&table.lock);
    return result;
}

/* The end of the referent
 * ------------------------------------------------------------------------------------------------ */

/* Unhooks one reference to o; owned if it has a callback to run, UNSET if not; false: there are no more. */
static bool take_one(Object *o, Value *out) {
    bool found = false;
    *out = UNSET;
    spin_acquire(&table.lock);
    for (Weakref *w = table.chains[chain_of(o, table.capacity)]; w && !found; w = w->next) {
        if (w->referent != o) continue;
        found = true;
        if (is_set(w->callback) && !is_dead(&w->head)) *out = retain(from_object(w));
        unhook_locked(w);
    }
    spin_release(&table.lock);
    return found;
}

static void run_callback(Value reference) {
    Weakref *w = (Weakref *)as_object(reference);
    Value callback = w->callback;
    w->callback = UNSET;
    Value r = call1(callback, reference);
    if (is_unset(r)) error_unraisable(NULL, callback);
    release(r);
    release(callback);
}

void weakref_clear(Object *o) {
    if (!table.capacity) return;
    Value few[8], pending, list = UNSET;
    size_t count = 0;
    while (take_one(o, &pending)) {
        if (is_unset(pending)) continue;
        if (count < 8) {
            few[count++] = pending;
            continue;
        }
        if (is_unset(list)) list = list_new(8);
        if (is_set(list)) list_append_steal(list, pending);
    }
    object_clear_flag(o, OBJECT_WEAK);
    if (!count) return;
    Value error = error_take();
    for (size_t i = 0; i < count; i++) {
        run_callback(few[i]);
        release(few[i]);
    }
    for (size_t i = 0; is_set(list) && i < as_list(list)->length; i++) run_callback(as_list(list)->items[i]);
    release(list);
    error_restore(error);
}

Value weakref_list(Value object) {
    Value list = list_new(0);
    if (is_unset(list) || !is_object(object) || !table.capacity) return list;
    Value found[64];
    size_t n = 0;
    spin_acquire(&table.lock);
    for (Weakref *w = table.chains[chain_of(as_object(object), table.capacity)]; w && n < 64; w = w->next)
        if (w->referent == as_object(object) && !is_dead(&w->head)) found[n++] = retain(from_object(w));
    spin_release(&table.lock);
    for (size_t i = 0; i < n; i++) list_append_steal(list, found[i]);
    return list;
}

size_t weakref_count(Value object) {
    size_t n = 0;
    if (!is_object(object) || !table.capacity) return 0;
    spin_acquire(&table.lock);
    for (Weakref *w = table.chains[chain_of(as_object(object), table.capacity)]; w; w = w->next)
        n += w->referent == as_object(object);
    spin_release(&table.lock);
    return n;
}

/* weakref.ref
 * -------------------------------------------------------------------------------------------------------------- */

static Weakref *as_weakref(Value v) { return (Weakref *)as_object(v); }

static Value ref_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (type == &weakref_type && !native_no_keywords("ReferenceType", kwnames)) return UNSET;
    if (count < 1) return raise_type_error("__new__ expected at least 1 argument, got %zu", count);
    if (count > 2 && type == &weakref_type)
        return raise_type_error("__new__ expected at most 2 arguments, got %zu", count);
    return reference_new(type, args[0], count > 1 ? args[1] : UNSET);
}

static bool ref_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (count >= 1 && count <= 2) return true;
    return raise_type_error("__init__ expected at %s argument%s, got %zu", count ? "most 2" : "least 1",
                            count ? "s" : "", count),
           false;
}

static Value ref_call(Value callee, const Value *args, size_t count, Value kwnames) {
    Value none[1];
    return native_bind("weakref", "", args, count, kwnames, none) ? weakref_get(callee) : UNSET;
}

static bool ref_hash(Value v, int64_t *out) {
    Weakref *w = as_weakref(v);
    if (w->hash == -1) {
        Value referent = weakref_get(v);
        if (is_none(referent)) return raise_type_error("weak object has gone away"), false;
        bool ok = object_hash(referent, &w->hash);
        release(referent);
        if (!ok) return w->hash = -1, false;
    }
    *out = w->hash;
    return true;
}

static Value ref_compare(Value a, Value b, CompareOp op) {
    if ((op != COMPARE_EQ && op != COMPARE_NE) || !object_is_instance_exact_or_sub(a, &weakref_type) ||
        !object_is_instance_exact_or_sub(b, &weakref_type))
        return NOT_IMPLEMENTED;
    Value x = weakref_get(a), y = weakref_get(b), result;
    if (is_none(x) || is_none(y)) result = from_bool(same(a, b) == (op == COMPARE_EQ));
    else result = object_compare(x, y, op);
    release(x);
    release(y);
    return result;
}

static Value name_of(Value referent) {
    Value name;
    if (object_find_attribute(referent, names.__name__, &name) <= 0) return error_clear(), UNSET;
    if (str_is(name)) return name;
    release(name);
    return UNSET;
}

static Value describe(Value v, const char *kind) {
    char own[24];
    strncpy(own, object_address(v), sizeof own - 1);
    own[sizeof own - 1] = 0;
    Value referent = weakref_get(v), result;
    if (is_none(referent)) return str_format("<%s at %s; dead>", kind, own);
    Value name = name_of(referent);
    if (is_set(name))
        result = str_format("<%s at %s; to '%T' at %s (%U)>", kind, own, referent, object_address(referent), name);
    else result = str_format("<%s at %s; to '%T' at %s>", kind, own, referent, object_address(referent));
    release(name);
    release(referent);
    return result;
}

static Value ref_repr(Value v) { return describe(v, "weakref"); }

static Value get_callback(Value v) { return is_set(as_weakref(v)->callback) ? retain(as_weakref(v)->callback) : NONE; }

static const MemberDef ref_members[] = {
    {"__callback__", get_callback, NULL, NULL},
    {0},
};

static Value class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }
static const NativeDef ref_methods[] = {
    CLASS_METHOD("__class_getitem__", "item, /", class_getitem, "See PEP 585"),
    NATIVE_END,
};

static int ref_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Weakref *)o)->callback);
    return 0;
}

/* The collector calls this for references that are garbage themselves: their callbacks must not run. */
static void ref_clear(Object *o) {
    detach((Weakref *)o);
    clear(&((Weakref *)o)->callback);
}

static void ref_destroy(Object *o) {
    ref_clear(o);
    object_free(o);
}

Type weakref_type = {
    TYPE_HEAD("weakref.ReferenceType"),
    .flags = TYPE_GC | TYPE_BASE,
    .basic_size = sizeof(Weakref),
    .methods = ref_methods,
    .members = ref_members,
    .destroy = ref_destroy,
    .traverse = ref_traverse,
    .clear = ref_clear,
    .make = ref_make,
    .init = ref_init,
    .call = ref_call,
    .repr = ref_repr,
    .hash = ref_hash,
    .compare = ref_compare,
};

Value weakproxy_new(Value object, Value callback) {
    return reference_new(is_callable(object) ? &weakcallableproxy_type : &weakproxy_type, object, callback);
}

Value weakproxy_describe(Value proxy) { return describe(proxy, "weakproxy"); }
void weakproxy_clear(Object *o) { ref_clear(o); }
int weakproxy_traverse(Object *o, Visit visit, void *context) { return ref_traverse(o, visit, context); }
