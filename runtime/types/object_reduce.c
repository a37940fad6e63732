/* How copy and pickle take any object apart: copyreg's protocol 2. */
#include "runtime/types/object_reduce.h"

#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"

/* Names of all fields of __slots__ along the mro: dict name -> value, UNSET failed. */
static Value slot_state(Value self) {
    Value state = dict_new();
    Value mro = type_of(self)->mro;
    for (size_t i = 0; is_set(state) && i < tuple_length(mro); i++) {
        const TypeExtra *extra = as_type(tuple_at(mro, i))->script;
        if (!extra || is_unset(extra->slot_names)) continue;
        for (size_t k = 0; k < tuple_length(extra->slot_names); k++) {
            Value name = tuple_at(extra->slot_names, k), value;
            int found = object_find_attribute(self, name, &value);
            if (found < 0) return release(state), UNSET;
            if (found && !dict_set_steal(state, name, value)) return release(state), UNSET;
        }
    }
    return state;
}

static bool needs_own_pickling(const Type *type) {
    const Type *solid = type->flags & TYPE_HEAP ? ((const TypeExtra *)type->script)->solid : type;
    const uint32_t known = TYPE_INT_SUB | TYPE_FLOAT_SUB | TYPE_STR_SUB | TYPE_BYTES_SUB | TYPE_LIST_SUB |
                           TYPE_TUPLE_SUB | TYPE_DICT_SUB | TYPE_SET_SUB | TYPE_EXCEPTION_SUB | TYPE_COMPLEX_SUB;
    return solid != &object_type && !(solid->flags & known) && solid != &namespace_type;
}

static Value default_state(Value self, bool required) {
    Type *type = type_of(self);
    if (required && needs_own_pickling(type)) return raise_type_error("cannot pickle '%T' object", self);
    Value dict = NONE;
    if (is_object(self) && type->attrs_offset) {
        Value live = object_get_attribute(self, names.__dict__);
        if (is_unset(live)) return UNSET;
        dict = live;
    }
    Value fields = slot_state(self), result = UNSET;
    if (is_unset(fields)) return release(dict), UNSET;
    if (dict_length(fields)) result = tuple_pack(2, dict, fields);
    else result = dict_is(dict) && !dict_length(dict) ? NONE : retain(dict);
    release(fields);
    release(dict);
    return result;
}

Value object_getstate_method(const Value *args, size_t count) { return default_state(args[0], false); }

static Value state_of(Value self, bool required) {
    Value method;
    int found = object_find_attribute(self, names.__getstate__, &method);
    if (found <= 0) return found < 0 ? UNSET : default_state(self, required);
    Value plain = type_lookup(type_of(self), names.__getstate__);
    bool is_default = same(plain, type_lookup(&object_type, names.__getstate__));
    Value state = is_default ? default_state(self, required) : call0(method);
    release(method);
    return state;
}

Value object_own_state(Value v) { return state_of(v, false); }

/* Arguments for __new__: *args and **kwargs, owned; both UNSET when the class does not say.  False: failed. */
static bool new_arguments(Value self, Value *args, Value *kwargs) {
    Value result;
    *args = *kwargs = UNSET;
    if (is_set(type_lookup(type_of(self), names.__getnewargs_ex__))) {
        result = call_special(self, names.__getnewargs_ex__, NULL, 0, NULL);
        if (is_unset(result)) return false;
        bool ok = tuple_is(result) && tuple_length(result) == 2 && tuple_is(tuple_at(result, 0)) &&
                  dict_is(tuple_at(result, 1));
        if (ok) {
            *args = retain(tuple_at(result, 0));
            *kwargs = retain(tuple_at(result, 1));
        } else if (!tuple_is(result)) {
            raise_type_error("__getnewargs_ex__ should return a tuple, not '%T'", result);
        } else {
            raise_value_error("__getnewargs_ex__ should return a tuple of length 2, not %zu", tuple_length(result));
        }
        release(result);
        return ok;
    }
    if (is_unset(type_lookup(type_of(self), names.__getnewargs__))) return true;
    result = call_special(self, names.__getnewargs__, NULL, 0, NULL);
    if (is_unset(result)) return false;
    if (tuple_is(result)) return *args = result, true;
    raise_type_error("__getnewargs__ should return a tuple, not '%T'", result);
    release(result);
    return false;
}

static Value iterator_or_none(Value self, bool wanted, bool items) {
    if (!wanted) return NONE;
    Value source = items ? call_method0(self, names.items) : retain(self);
    if (is_unset(source)) return UNSET;
    Value iterator = object_iterate(source);
    release(source);
    return iterator;
}

/* (copyreg.__newobj__ or __newobj_ex__, (cls, ...)): the first two of the five, owned. */
static bool maker(Value self, Value args, Value kwargs, Value *function, Value *arguments) {
    Value class = type_value(type_of(self));
    if (is_set(kwargs) && dict_length(kwargs)) {
        *function = object_import("copyreg", "__newobj_ex__");
        *arguments = tuple_pack(3, class, args, kwargs);
    } else {
        *function = object_import("copyreg", "__newobj__");
        Value first = tuple_pack(1, class);
        *arguments = is_set(first) && is_set(args) ? tuple_concat(first, args) : retain(first);
        release(first);
    }
    return is_set(*function) && is_set(*arguments);
}

static Value reduce_2(Value self) {
    Value args, kwargs, parts[5] = {UNSET, UNSET, UNSET, UNSET, UNSET}, result = UNSET;
    if (!new_arguments(self, &args, &kwargs)) return UNSET;
    bool required = is_unset(args) && !list_is(self) && !dict_is(self);
    if (maker(self, args, kwargs, &parts[0], &parts[1]) && is_set(parts[2] = state_of(self, required)) &&
        is_set(parts[3] = iterator_or_none(self, list_is(self), false)) &&
        is_set(parts[4] = iterator_or_none(self, dict_is(self), true)))
        result = tuple_from_values(parts, 5);
    for (int i = 0; i < 5; i++) release(parts[i]);
    release(args);
    release(kwargs);
    return result;
}

static Value reduce(Value self, int64_t protocol) {
    if (protocol >= 2) return reduce_2(self);
    Value function = object_import("copyreg", "_reduce_ex");
    if (is_unset(function)) return UNSET;
    Value result = call2(function, self, from_small_int(protocol));
    release(function);
    return result;
}

Value object_reduce_method(const Value *args, size_t count) { return reduce(args[0], 0); }

Value object_reduce_ex_method(const Value *args, size_t count) {
    int64_t protocol;
    if (!object_as_int64(args[1], &protocol)) return UNSET;
    Value own = type_lookup(type_of(args[0]), names.__reduce__);
    if (is_set(own) && !same(own, type_lookup(&object_type, names.__reduce__)))
        return call_method0(args[0], names.__reduce__);
    return reduce(args[0], protocol);
}
