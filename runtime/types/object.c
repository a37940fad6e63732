/* What can be done to any value: text, hash, truth, length, items, iteration, instance tests. */
#include "runtime/types/object.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/iterators.h"
#include "runtime/types/list.h"
#include "runtime/types/float.h"
#include "runtime/types/native.h"
#include "runtime/types/range.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <stdio.h>

Value runtime_builtins;
Value (*import_hook)(Value name);

Value object_builtin(const char *name) {
    Value found = is_set(runtime_builtins) ? dict_get_utf8(runtime_builtins, name) : UNSET;
    return is_set(found) ? retain(found) : raise_error(&NameError_type, "name '%s' is not defined", name);
}

Value object_import(const char *module, const char *name) {
    Value module_name = str_intern_cstr(module);
    if (is_unset(module_name)) return UNSET;
    Value found =
        import_hook ? import_hook(module_name) : raise_error(&ImportError_type, "No module named '%s'", module);
    release(module_name);
    if (is_unset(found) || !name) return found;
    Value result = object_get_attribute_utf8(found, name);
    release(found);
    return result;
}

/* Text ------------------------------------------------------------------------------------------------------------- */

const char *object_address(Value v) {
    static __thread char text[24];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)object_id(v));
    return text;
}

static Value check_text(Value text, const char *method) {
    if (is_unset(text) || str_is(text)) return text;
    raise_type_error("%s returned non-string (type %T)", method, text);
    release(text);
    return UNSET;
}

Value object_repr(Value v) {
    if (is_unset(v)) return str_from("<NULL>");
    Type *type = type_of(v);
    if (!recursion_enter(" while getting the repr of an object")) return UNSET;
    Value text = type->repr(v);
    recursion_leave();
    return check_text(text, "__repr__");
}

Value object_str(Value v) {
    if (str_is_exact(v)) return retain(v);
    Type *type = type_of(v);
    if (!type->str) return object_repr(v);
    if (!recursion_check(" while getting the str of an object")) return UNSET;
    return check_text(type->str(v), "__str__");
}

static void ascii_escape(StrBuilder *b, uint32_t c) {
    char text[12];
    if (c < 128) snprintf(text, sizeof text, "%c", (int)c);
    else if (c < 256) snprintf(text, sizeof text, "\\x%02x", (unsigned)c);
    else if (c < 65536) snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
    else snprintf(text, sizeof text, "\\U%08x", (unsigned)c);
    builder_ascii(b, text);
}

Value object_ascii(Value v) {
    Value repr = object_repr(v);
    if (is_unset(repr) || str_is_ascii(as_str(repr))) return repr;
    StrBuilder b = STR_BUILDER;
    for (size_t i = 0, n = str_length(repr); i < n; i++) ascii_escape(&b, str_at(as_str(repr), i));
    release(repr);
    return builder_finish(&b);
}

Value object_format(Value v, Value spec) {
    if (is_unset(spec)) spec = names.empty;
    if (str_is_exact(v) && str_length(spec) == 0) return retain(v);
    if (is_small_int(v) || is_double(v)) return number_format(v, spec);
    Value text = call_special(v, names.__format__, &spec, 1, "Type %s doesn't define __format__");
    if (is_unset(text) || str_is(text)) return text;
    raise_type_error("__format__ must return a str, not %T", text);
    release(text);
    return UNSET;
}

/* Objects whose repr is being made by this thread, outermost first. */
typedef struct ReprStack {
    Value *items;
    size_t count, capacity;
} ReprStack;

static __thread ReprStack repr_stack;

int repr_enter(Value v) {
    for (size_t i = repr_stack.count; i-- > 0;)
        if (same(repr_stack.items[i], v)) return 1;
    if (repr_stack.count == repr_stack.capacity) {
        size_t capacity = repr_stack.capacity ? 2 * repr_stack.capacity : 16;
        Value *items = raw_reallocate(repr_stack.items, capacity * sizeof(Value));
        if (!items) return raise_memory_error(), -1;
        repr_stack.items = items;
        repr_stack.capacity = capacity;
    }
    repr_stack.items[repr_stack.count++] = v;
    return 0;
}

void repr_leave(Value v) {
    if (repr_stack.count && --repr_stack.count) return;
    raw_free(repr_stack.items);
    repr_stack = (ReprStack){0};
}

/* Hash, truth, length ---------------------------------------------------------------------------------------------- */

bool type_unhashable(Value self, int64_t *out) {
    raise_type_error("unhashable type: '%T'", self);
    return false;
}

bool object_hash(Value v, int64_t *out) {
    Type *type = type_of(v);
    return type->hash ? type->hash(v, out) : type_unhashable(v, out);
}

int object_truth(Value v) {
    if (is_bool(v)) return same(v, TRUE_VALUE);
    if (is_none(v)) return 0;
    if (is_small_int(v)) return as_small_int(v) != 0;
    Type *type = type_of(v);
    if (type->truth) return type->truth(v);
    if (!type->length) return 1;
    int64_t n = type->length(v);
    return n < 0 ? -1 : n > 0;
}

int64_t object_length(Value v) {
    Type *type = type_of(v);
    if (type->length) return type->length(v);
    raise_type_error("object of type '%T' has no len()", v);
    return -1;
}

static int64_t length_hint_result(Value hint, int64_t fallback) {
    if (same(hint, NOT_IMPLEMENTED)) return fallback;
    int64_t n;
    if (!int_is(hint)) return raise_type_error("__length_hint__ must be an integer, not %T", hint), -1;
    if (!int_as_int64(hint, &n)) return -1;
    if (n < 0) return raise_value_error("__length_hint__() should return >= 0"), -1;
    return n;
}

int64_t object_length_hint(Value v, int64_t fallback) {
    if (type_of(v)->length) {
        int64_t n = type_of(v)->length(v);
        if (n >= 0 || !error_absorb(&TypeError_type)) return n;
    }
    Value found = type_lookup(type_of(v), names.__length_hint__);
    if (is_unset(found)) return fallback;
    bool is_native = is_exactly(found, &native_method_type) && ((Native *)as_object(found))->owner == type_of(v);
    Value hint = is_native ? ((Native *)as_object(found))->def->fn(&v, 1)
                           : call_special(v, names.__length_hint__, NULL, 0, NULL);
    if (is_unset(hint)) return error_absorb(&TypeError_type) ? fallback : -1;
    int64_t n = length_hint_result(hint, fallback);
    release(hint);
    return n;
}

/* Items ------------------------------------------------------------------------------------------------------------ */

static Value class_get_item(Value type, Value key) {
    Value getter;
    if (same(type, type_value(&type_type))) return generic_alias_new(type, key);
    int found = object_find_attribute(type, names.__class_getitem__, &getter);
    if (found < 0) return UNSET;
    if (!found || is_none(getter)) return raise_type_error("type '%N' is not subscriptable", as_type(type));
    Value result = call1(getter, key);
    release(getter);
    return result;
}

Value object_get_item(Value v, Value key) {
    Type *type = type_of(v);
    if (type->get_item) return type->get_item(v, key);
    if (type_is(v)) return class_get_item(v, key);
    return raise_type_error("'%T' object is not subscriptable", v);
}

/* Does CPython's tp_as_sequence exist?  Only the wording of one message depends on it. */
static bool counts_as_sequence(const Type *type) {
    return (type->flags & TYPE_HEAP) || type->length || type->get_item || type->contains;
}

bool object_set_item(Value v, Value key, Value value) {
    Type *type = type_of(v);
    if (type->set_item) return type->set_item(v, key, value);
    if (is_set(value)) return raise_type_error("'%T' object does not support item assignment", v), false;
    bool sequence = counts_as_sequence(type) && (int_is(key) || type_of(key)->index);
    const char *format =
        sequence ? "'%T' object doesn't support item deletion" : "'%T' object does not support item deletion";
    return raise_type_error(format, v), false;
}

Value object_get_item_index(Value v, int64_t index) {
    Value key = int_from_int64(index);
    if (is_unset(key)) return UNSET;
    Value result = object_get_item(v, key);
    release(key);
    return result;
}

static int contains_by_iteration(Value container, Value item) {
    Value iterator = object_iterate(container), next;
    if (is_unset(iterator)) {
        if (error_absorb(&TypeError_type)) raise_type_error("argument of type '%T' is not iterable", container);
        return -1;
    }
    int found = 0;
    while (!found && is_set(next = iterator_next(iterator))) {
        found = object_equal(next, item);
        release(next);
    }
    release(iterator);
    return !found && error_pending() ? -1 : found;
}

int object_contains(Value container, Value item) {
    Type *type = type_of(container);
    return type->contains ? type->contains(container, item) : contains_by_iteration(container, item);
}

/* Iteration -------------------------------------------------------------------------------------------------------- */

bool is_iterator(Value v) { return type_of(v)->next && type_of(v)->next != iterator_next_refused; }

Value iterator_next_refused(Value v) { return raise_type_error("'%T' object is not iterable", v); }

Value object_iterate(Value v) {
    Type *type = type_of(v);
    if (!type->iterate) {
        bool by_items = type->get_item && !(type->flags & (TYPE_MAPPING | TYPE_DICT_SUB)) &&
                        type != &generic_alias_type && type != &mappingproxy_type && !type_is(v);
        return by_items ? sequence_iterator_new(v) : raise_type_error("'%T' object is not iterable", v);
    }
    Value iterator = type->iterate(v);
    if (is_unset(iterator) || is_iterator(iterator)) return iterator;
    raise_type_error("iter() returned non-iterator of type '%T'", iterator);
    release(iterator);
    return UNSET;
}

Value iterator_next(Value iterator) {
    if (!recursion_check(" while calling a Python object")) return UNSET; /* iterators nest without bound */
    Type *type = type_of(iterator);
    if (!type->next) return raise_type_error("'%T' object is not an iterator", iterator); /* __next__ was deleted */
    Value next = type->next(iterator);
    if (__builtin_expect(is_unset(next), 0) && error_pending()) error_absorb(&StopIteration_type);
    return next;
}

static bool each_in_list(Value list, bool (*visit)(Value item, void *context), void *context) {
    for (size_t i = 0; i < as_list(list)->length; i++) {
        Value item = retain(as_list(list)->items[i]);
        bool more = visit(item, context);
        release(item);
        if (!more) return !error_pending();
    }
    return true;
}

static bool each_in_tuple(Value tuple, bool (*visit)(Value item, void *context), void *context) {
    for (size_t i = 0; i < tuple_length(tuple); i++)
        if (!visit(tuple_at(tuple, i), context)) return !error_pending();
    return true;
}

static bool each_in_latin1(Value text, bool (*visit)(Value item, void *context), void *context) {
    for (size_t i = 0; i < str_length(text); i++)
        if (!visit(str_from_code_point(as_str(text)->data[i]), context)) return !error_pending(); /* all are shared */
    return true;
}

bool object_each(Value iterable, bool (*visit)(Value item, void *context), void *context) {
    if (list_is_exact(iterable)) return each_in_list(iterable, visit, context);
    if (tuple_is_exact(iterable)) return each_in_tuple(iterable, visit, context);
    if (str_is_exact(iterable) && str_width(as_str(iterable)) == 1) return each_in_latin1(iterable, visit, context);
    Value iterator = object_iterate(iterable), item;
    if (is_unset(iterator)) return false;
    while (is_set(item = iterator_next(iterator))) {
        bool more = visit(item, context);
        release(item);
        if (!more) break;
    }
    release(iterator);
    return !error_pending();
}

/* Identity --------------------------------------------------------------------------------------------------------- */

int64_t object_id(Value v) {
    if (is_object(v)) return (int64_t)v.bits;
    /* A number no address has: odd, and spread over the 47 bits of addresses. */
    return (int64_t)((v.bits * UINT64_C(0x9E3779B97F4A7C15) >> 17) | 1);
}
