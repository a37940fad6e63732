/* __build_class__: runs the body of a class statement and calls the metaclass. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/call.h"
#include "vm/exec/exec.h"
#include "vm/exec/share.h"

/* Bases with __mro_entries__ are replaced by what it returns.  Owned tuple. */
static Value resolve_bases(Value bases) {
    Value resolved = list_new(tuple_length(bases));
    bool fine = is_set(resolved), changed = false;
    for (size_t i = 0; fine && i < tuple_length(bases); i++) {
        Value base = tuple_at(bases, i), entries = UNSET;
        int found = type_is(base) ? 0 : object_find_attribute(base, names.__mro_entries__, &entries);
        if (found == 0) fine = list_append(resolved, base);
        if (found == 1) {
            Value more = call1(entries, bases);
            fine = is_set(more) && tuple_is(more);
            if (is_set(more) && !fine) raise_type_error("__mro_entries__ must return a tuple");
            fine = fine && list_extend(resolved, more);
            release(more);
            release(entries);
            changed = true;
        }
        fine = fine && found >= 0;
    }
    Value result = !fine ? UNSET : changed ? list_to_tuple(resolved) : retain(bases);
    release(resolved);
    return result;
}

/* The metaclass: named, or that of the first base; then the most derived one.  Owned. */
static Value choose_metaclass(Value named, Value bases) {
    Value chosen = named;
    if (is_unset(chosen))
        chosen = tuple_length(bases) ? type_value(type_of(tuple_at(bases, 0))) : type_value(&type_type);
    if (!type_is(chosen)) return retain(chosen);
    Type *winner = type_calculate_metatype(as_type(chosen), bases);
    return winner ? retain(type_value(winner)) : UNSET;
}

static Value call_with(Value callee, Value a, Value b, Value c, Value kwargs) {
    Value args = is_set(c) ? tuple_pack(3, a, b, c) : tuple_pack(2, a, b);
    Value result = is_set(args) ? call_tuple_dict(callee, args, kwargs) : UNSET;
    release(args);
    return result;
}

static bool is_mapping(Value v) { return dict_is(v) || type_of(v)->get_item; }

static Value prepare_namespace(Value metaclass, Value name, Value bases, Value kwargs) {
    Value prepare;
    if (same(metaclass, type_value(&type_type))) return dict_new();
    int found = object_find_attribute(metaclass, names.__prepare__, &prepare);
    if (found <= 0) return found == 0 ? dict_new() : UNSET;
    Value namespace = call_with(prepare, name, bases, UNSET, kwargs);
    release(prepare);
    if (is_unset(namespace) || is_mapping(namespace)) return namespace;
    if (type_is(metaclass))
        raise_type_error("%s.__prepare__() must return a mapping, not %T", as_type(metaclass)->name, namespace);
    else raise_type_error("<metaclass>.__prepare__() must return a mapping, not %T", namespace);
    release(namespace);
    return UNSET;
}

/* The body runs in its namespace; its result is the __class__ cell, or None. */
static Value run_body(Value function, Value namespace) {
    if (!recursion_check(" while calling a Python object")) return UNSET;
    Value cell;
    Outcome outcome =
        function_begin(machine.frame, retain(function), NULL, 0, UNSET, false, (Return){FRAME_ENTRY, 0}, &cell);
    if (outcome != OUTCOME_PUSHED) return UNSET;
    machine.frame->namespace = retain(namespace);
    return execute(&cell) == 0 ? cell : UNSET;
}

/* type.__new__ must have put the class into the cell that methods see as __class__. */
static bool check_cell(Value cell, Value class, Value name) {
    if (!is_exactly(cell, &cell_type) || !type_is(class)) return true;
    Value content = ((Cell *)as_object(cell))->value;
    if (is_unset(content)) {
        raise_runtime_error("__class__ not set defining %R as %R. Was __classcell__ propagated to type.__new__?", name,
                            class);
        return false;
    }
    if (same(content, class)) return true;
    raise_type_error("__class__ set to %R defining %R as %R", content, name, class);
    return false;
}

static Value make_class(Value function, Value name, Value bases, Value original, Value metaclass, Value kwargs) {
    Value namespace = prepare_namespace(metaclass, name, bases, kwargs), class = UNSET, cell = UNSET;
    if (is_set(namespace)) cell = run_body(function, namespace);
    bool fine = is_set(cell);
    if (fine && !same(bases, original)) fine = object_set_item(namespace, names.__orig_bases__, original);
    if (fine) class = call_with(metaclass, name, bases, namespace, kwargs);
    if (is_set(class) && !check_cell(cell, class, name)) clear(&class);
    release(cell);
    release(namespace);
    return class;
}

Value build_class(const Value *args, size_t count) {
    Value function = args[0], name = args[1], named = UNSET;
    if (!function_is(function)) return raise_type_error("__build_class__: func must be a function");
    if (!str_is(name)) return raise_type_error("__build_class__: name is not a string");
    Value kwargs = is_set(args[2]) ? dict_copy(args[2]) : UNSET;
    if (is_set(kwargs) && dict_remove(kwargs, names.metaclass, &named) < 0) return release(kwargs), UNSET;
    Value original = tuple_from_values(args + 3, count - 3);
    Value bases = is_set(original) ? resolve_bases(original) : UNSET;
    Value metaclass = is_set(bases) ? choose_metaclass(named, bases) : UNSET;
    Value class = is_set(metaclass) ? make_class(function, name, bases, original, metaclass, kwargs) : UNSET;
    release(metaclass);
    release(bases);
    release(original);
    release(kwargs);
    release(named);
    return share_definition(class);
}
