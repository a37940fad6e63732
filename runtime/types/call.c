/* Calling any callable, methods by name and special methods by type. */
#include "runtime/types/call.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <string.h>

enum { SMALL_CALL = 12 };

bool is_callable(Value v) { return type_of(v)->call != NULL; }

Value call(Value callee, const Value *args, size_t count, Value kwnames) {
    Type *type = type_of(callee);
    if (!type->call) return raise_type_error("'%T' object is not callable", callee);
    return type->call(callee, args, count, kwnames);
}

Value call0(Value callee) { return call(callee, NULL, 0, UNSET); }

Value call1(Value callee, Value a) { return call(callee, &a, 1, UNSET); }

Value call2(Value callee, Value a, Value b) {
    Value args[] = {a, b};
    return call(callee, args, 2, UNSET);
}

Value call3(Value callee, Value a, Value b, Value c) {
    Value args[] = {a, b, c};
    return call(callee, args, 3, UNSET);
}

/* Writes the values of kwargs to out and returns their names as a tuple; UNSET: failed. */
static Value spread_keywords(Value kwargs, Value *out) {
    size_t n = dict_length(kwargs), position = 0, i = 0;
    Value kwnames = tuple_new(n), key, value;
    if (is_unset(kwnames)) return UNSET;
    bool all_str = true;
    while (i < n && dict_next(kwargs, &position, &key, &value)) {
        all_str = all_str && str_is(key);
        as_tuple(kwnames)->items[i] = retain(key);
        out[i++] = value;
    }
    if (all_str) return kwnames;
    release(kwnames);
    return raise_type_error("keywords must be strings");
}

Value call_tuple_dict(Value callee, Value args, Value kwargs) {
    size_t count = tuple_length(args), named = is_set(kwargs) && !is_none(kwargs) ? dict_length(kwargs) : 0;
    if (!named) return call(callee, as_tuple(args)->items, count, UNSET);
    Value small[SMALL_CALL], *vector = small;
    if (count + named > SMALL_CALL) vector = raw_allocate((count + named) * sizeof(Value));
    if (!vector) return raise_memory_error();
    memcpy(vector, as_tuple(args)->items, count * sizeof(Value));
    Value kwnames = spread_keywords(kwargs, vector + count), result = UNSET;
    if (is_set(kwnames)) {
        for (size_t i = 0; i < named; i++) retain(vector[count + i]);
        result = call(callee, vector, count, kwnames);
        for (size_t i = 0; i < named; i++) release(vector[count + i]);
        release(kwnames);
    }
    if (vector != small) raw_free(vector);
    return result;
}

static size_t keyword_count(Value kwnames) { return is_set(kwnames) ? tuple_length(kwnames) : 0; }

/* callee(self, args...) without building a bound method. */
Value call_with_self(Value callee, Value self, const Value *args, size_t count, Value kwnames) {
    size_t total = count + keyword_count(kwnames);
    Value small[SMALL_CALL], *vector = small;
    if (total + 1 > SMALL_CALL) vector = raw_allocate((total + 1) * sizeof(Value));
    if (!vector) return raise_memory_error();
    vector[0] = self;
    for (size_t i = 0; i < total; i++) vector[i + 1] = args[i];
    Value result = call(callee, vector, count + 1, kwnames);
    if (vector != small) raw_free(vector);
    return result;
}

Value call_method(Value object, Value name, const Value *args, size_t count, Value kwnames) {
    Value callee;
    int found = object_get_method(object, name, &callee);
    if (found < 0) return UNSET;
    Value result = found ? call_with_self(callee, object, args, count, kwnames) : call(callee, args, count, kwnames);
    release(callee);
    return result;
}

Value call_method0(Value object, Value name) { return call_method(object, name, NULL, 0, UNSET); }

Value call_method1(Value object, Value name, Value a) { return call_method(object, name, &a, 1, UNSET); }

Value call_method2(Value object, Value name, Value a, Value b) {
    Value args[] = {a, b};
    return call_method(object, name, args, 2, UNSET);
}

int special_lookup(Value object, Value name, Value *out, bool *self_needed) {
    Type *type = type_of(object);
    Value found = type_lookup(type, name);
    *self_needed = false;
    if (is_unset(found)) return 0;
    Type *kind = type_of(found);
    if (kind->flags & TYPE_METHOD_DESCRIPTOR) {
        *self_needed = true;
        *out = retain(found);
        return 1;
    }
    if (!kind->descriptor_get) {
        *out = retain(found);
        return 1;
    }
    retain(found);
    *out = kind->descriptor_get(found, object, type_value(type));
    release(found);
    return is_unset(*out) ? -1 : 1;
}

Value call_special(Value object, Value name, const Value *args, size_t count, const char *missing) {
    Value callee;
    bool self_needed;
    int found = special_lookup(object, name, &callee, &self_needed);
    if (found < 0) return UNSET;
    if (!found) return missing ? raise_type_error(missing, type_of(object)->name) : raise_attribute_error(object, name);
    Value result = self_needed ? call_with_self(callee, object, args, count, UNSET) : call(callee, args, count, UNSET);
    release(callee);
    return result;
}
