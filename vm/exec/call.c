/* Calls: functions get frames, classes with a script __init__ get an instance and a frame, everything else is called as
 * C. */
#include "vm/exec/call.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator.h"
#include "vm/exec/loop.h"

enum { RESUMABLE = CODE_GENERATOR | CODE_COROUTINE | CODE_ASYNC_GENERATOR, SMALL_CALL = 16 };

static void consume(Value *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        Value old = values[i];
        values[i] = UNSET;
        release(old);
    }
}

Value builtins_of(Value globals) {
    Value found = dict_get_str(globals, names.__builtins__);
    if (is_set(found) && is_exactly(found, &module_type)) return module_dict(found);
    if (is_set(found) && dict_is(found)) return found;
    return exec_builtins_dict;
}

static bool window_for(Frame *above, Frame *frame, Value *args, size_t total, size_t needed, bool in_place) {
    if (in_place && !(frame->flags & FRAME_IN_GENERATOR)) return frame_window(above, args, total, needed);
    if (!frame_window(above, frame->top, 0, needed)) return false;
    for (size_t i = 0; i < total; i++) {
        above->regs[i] = args[i];
        args[i] = UNSET;
    }
    return true;
}

static void frame_abandon(Frame *above) {
    machine.frame = above->back;
    if (above->flags & FRAME_OWN_CHUNK) frame_leave_chunk(above);
    above->function = UNSET;
}

/* A call of a generator function makes the generator and is over. */
static Outcome begin_generator(Frame *above, Code *code, Value *out) {
    Value function = above->function;
    frame_abandon(above);
    *out = generator_new(function, above, code);
    return is_set(*out) ? OUTCOME_DONE : OUTCOME_FAILED;
}

Outcome function_begin(Frame *frame, Value callee, Value *args, size_t count, Value kwnames, bool in_place, Return to,
                       Value *out) {
    Function *f = as_function(callee);
    Code *code = f->code;
    size_t total = count + (is_set(kwnames) ? tuple_length(kwnames) : 0);
    Frame *above = frame_above(frame);
    if (!above || !window_for(above, frame, args, total, total > code->nregs ? total : code->nregs, in_place)) {
        consume(args, total);
        release(callee);
        return OUTCOME_FAILED;
    }
    above->code = code;
    above->pc = code->instrs;
    above->function = callee;
    above->globals = f->globals;
    above->builtins = f->builtins;
    above->kind = (uint8_t)to.kind;
    above->result = to.result;
    machine.frame = above;
    if (!function_bind(f, above->regs, above->regs, count, kwnames)) {
        frame_abandon(above);
        release(callee);
        return OUTCOME_FAILED;
    }
    if (code->freecount) frame_load_closure(above, f);
    above->top = above->regs + code->nregs;
    return code->flags & RESUMABLE ? begin_generator(above, code, out) : OUTCOME_PUSHED;
}

Outcome comprehension_begin(Frame *frame, Code *code, Value *args, Return to, Value *out) {
    size_t total = 1u + code->freecount;
    Frame *above = frame_above(frame);
    if (!above || !window_for(above, frame, args, total, code->nregs, true)) {
        consume(args, total);
        return OUTCOME_FAILED;
    }
    above->code = code;
    above->pc = code->instrs;
    above->globals = frame->globals;
    above->builtins = frame->builtins;
    above->kind = (uint8_t)to.kind;
    above->result = to.result;
    machine.frame = above;
    Value *regs = above->regs;
    for (size_t i = code->freecount; i-- > 0;) regs[code->free_base + i] = regs[1 + i];
    for (size_t i = 1, end = code->nlocals - code->freecount; i < end; i++) regs[i] = UNSET;
    return code->flags & RESUMABLE ? begin_generator(above, code, out) : OUTCOME_PUSHED;
}

/* Classes -------------------------------------------------------------------------------------------------------- */

/* The script __init__ of a class whose instances object.__new__ makes; UNSET: the class is called as any other. */
static Value plain_init(Type *type) {
    if (as_object(type_value(type))->type->call != type_type.call || !(type->flags & TYPE_HEAP) ||
        type->flags & TYPE_ABSTRACT)
        return UNSET;
    if (type->make != object_type.make) return UNSET;
    Value init = type_lookup(type, names.__init__);
    return is_set(init) && function_is(init) ? init : UNSET;
}

Value construct_built_in(Type *class, const Value *args, size_t count) {
    Value made = class->make(class, args, count, UNSET);
    if (!is_object(made)) return made;
    Type *own = as_object(made)->type;
    if (!own->init || own->init == object_type.init || !type_is_subtype(own, class)) return made;
    if (own->init(made, args, count, UNSET)) return made;
    release(made);
    return UNSET;
}

/* base[0] becomes the instance, which is the first argument. */
static Outcome begin_construct(Frame *frame, Value *base, size_t count, Value kwnames, Value init, Return to,
                               Value *out) {
    Value class = base[0];
    base[0] = instance_new(as_type(class));
    if (is_unset(base[0])) {
        release(class);
        consume(base + 1, count + (is_set(kwnames) ? tuple_length(kwnames) : 0));
        return OUTCOME_FAILED;
    }
    Value instance = retain(base[0]);
    Outcome outcome =
        function_begin(frame, retain(init), base, count + 1, kwnames, true, (Return){FRAME_CONSTRUCT, to.result}, out);
    release(class);
    if (outcome == OUTCOME_PUSHED) {
        machine.frame->instance = instance;
        return outcome;
    }
    if (outcome == OUTCOME_DONE) { /* a generator function as __init__ */
        raise_type_error("__init__() should return None, not '%T'", *out);
        release(*out);
    }
    release(instance);
    return OUTCOME_FAILED;
}

/* Anything ------------------------------------------------------------------------------------------------------- */

static Outcome call_as_c(Value *base, size_t count, Value kwnames, Value *out) {
    size_t total = count + (is_set(kwnames) ? tuple_length(kwnames) : 0);
    *out = call(base[0], base + 1, count, kwnames);
    consume(base, total + 1);
    return is_set(*out) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* A bound method of a script function: the receiver goes in front of the arguments. */
static Outcome begin_method(Frame *frame, Value *base, size_t count, Value kwnames, Return to, Value *out) {
    Method *method = (Method *)as_object(base[0]);
    Value function = retain(method->function), self = retain(method->self), old = base[0];
    base[0] = self;
    release(old);
    return function_begin(frame, function, base, count + 1, kwnames, true, to, out);
}

Outcome call_begin(Frame *frame, Value *base, size_t count, Value kwnames, Return to, Value *out) {
    Value callee = base[0];
    if (!is_object(callee)) return call_as_c(base, count, kwnames, out);
    Type *type = as_object(callee)->type;
    if (type == &function_type) {
        base[0] = UNSET;
        return function_begin(frame, callee, base + 1, count, kwnames, true, to, out);
    }
    if (type == &method_type && function_is(((Method *)as_object(callee))->function))
        return begin_method(frame, base, count, kwnames, to, out);
    if (type->flags & TYPE_TYPE_SUB) {
        Value init = plain_init(as_type(callee));
        if (is_set(init)) return begin_construct(frame, base, count, kwnames, init, to, out);
    }
    return call_as_c(base, count, kwnames, out);
}

/* With * and ** ---------------------------------------------------------------------------------------------------- */

static bool is_plain_str_dict(Value kwargs) {
    size_t position = 0;
    Value key, value;
    while (dict_next(kwargs, &position, &key, &value))
        if (!str_is(key)) return raise_type_error("keywords must be strings"), false;
    return true;
}

/* Owned values of a sequence and a dict in one run, with the names in *kwnames. */
static Value *spread(Value args, Value kwargs, size_t *count, Value *kwnames) {
    const Value *items = list_is(args) ? as_list(args)->items : as_tuple(args)->items;
    size_t n = list_is(args) ? as_list(args)->length : tuple_length(args), i = n, position = 0;
    size_t keywords = is_set(kwargs) ? dict_length(kwargs) : 0;
    Value *values = raw_allocate((n + keywords + 1) * sizeof(Value)), key, value;
    *kwnames = keywords ? tuple_new(keywords) : UNSET;
    if (!values || (keywords && is_unset(*kwnames))) {
        raw_free(values);
        release(*kwnames);
        return raise_memory_error(), NULL;
    }
    for (size_t k = 0; k < n; k++) values[k] = retain(items[k]);
    for (; keywords && dict_next(kwargs, &position, &key, &value); i++) {
        as_tuple(*kwnames)->items[i - n] = retain(key);
        values[i] = retain(value);
    }
    *count = n;
    return values;
}

/* What a call of the callee comes down to: a script function and what stands in front of the arguments. */
static bool is_script_callee(Value callee) {
    return function_is(callee) ||
           (is_exactly(callee, &method_type) && function_is(((Method *)as_object(callee))->function));
}

/* Positional arguments that need no binding are copied above the registers in use.  False: nothing has changed. */
static bool spread_directly(Frame *frame, Value callee, Value args, Value kwargs, Return to) {
    const Value *items = list_is(args) ? as_list(args)->items : as_tuple(args)->items;
    size_t n = list_is(args) ? as_list(args)->length : tuple_length(args), first = 0;
    Value function = callee, *window = frame->top;
    if (is_set(kwargs) && dict_length(kwargs)) return false;
    if (is_exactly(callee, &method_type)) {
        function = ((Method *)as_object(callee))->function;
        first = 1;
    }
    if (window + first + n > machine.limit ||
        !function_fits(frame, as_function(function), window, (unsigned)(first + n)))
        return false;
    if (first) window[0] = retain(((Method *)as_object(callee))->self);
    for (size_t i = 0; i < n; i++) window[first + i] = retain(items[i]);
    Frame *above = function_push(frame, as_function(retain(function)), window, (unsigned)(first + n));
    above->kind = (uint8_t)to.kind;
    above->result = to.result;
    return true;
}

static Outcome spread_to_function(Frame *frame, Value callee, Value args, Value kwargs, Return to, Value *out) {
    if (spread_directly(frame, callee, args, kwargs, to)) return OUTCOME_PUSHED;
    size_t count;
    Value kwnames, *values = spread(args, kwargs, &count, &kwnames), function = callee;
    if (!values) return OUTCOME_FAILED;
    if (is_exactly(callee, &method_type)) {
        Method *method = (Method *)as_object(callee);
        size_t total = count + (is_set(kwnames) ? tuple_length(kwnames) : 0);
        memmove(values + 1, values, total * sizeof(Value));
        values[0] = retain(method->self);
        count++;
        function = method->function;
    }
    Outcome outcome = function_begin(frame, retain(function), values, count, kwnames, false, to, out);
    release(kwnames);
    raw_free(values);
    return outcome;
}

/* *args of any kind becomes a list or a tuple, in place.  False: it cannot be iterated, or failed. */
static bool spread_arguments(Value *base) {
    Value args = base[1];
    if (list_is(args) || tuple_is(args)) return true;
    Value items = list_from_iterable(args);
    Type *type = type_of(args);
    if (is_unset(items) && !type->iterate && !type->get_item && error_absorb(&TypeError_type)) {
        Value label = callee_text(base[0]);
        if (is_set(label)) raise_type_error("%U argument after * must be an iterable, not %T", label, args);
        release(label);
    }
    base[1] = items;
    release(args);
    return is_set(items);
}

Outcome call_begin_ex(Frame *frame, Value *base, Return to, Value *out) {
    if (!spread_arguments(base)) {
        consume(base, 3);
        return OUTCOME_FAILED;
    }
    Value callee = base[0], args = base[1], kwargs = base[2];
    Outcome outcome = OUTCOME_FAILED;
    if (is_set(kwargs) && !is_plain_str_dict(kwargs)) outcome = OUTCOME_FAILED;
    else if (is_script_callee(callee)) {
        base[0] = base[1] = base[2] = UNSET;
        outcome = spread_to_function(frame, callee, args, kwargs, to, out);
        release(kwargs);
        release(args);
        release(callee);
        return outcome;
    } else {
        Value tuple = list_is(args) ? list_to_tuple(args) : retain(args);
        *out = is_set(tuple) ? call_tuple_dict(callee, tuple, kwargs) : UNSET;
        release(tuple);
        outcome = is_set(*out) ? OUTCOME_DONE : OUTCOME_FAILED;
    }
    consume(base, 3);
    return outcome;
}

/* From C ------------------------------------------------------------------------------------------------------------
 */

static Outcome begin_copied(Frame *frame, Value callee, const Value *args, size_t count, Value kwnames, Return to,
                            Value *out) {
    size_t total = count + (is_set(kwnames) ? tuple_length(kwnames) : 0);
    Value small[SMALL_CALL], *copy = total <= SMALL_CALL ? small : raw_allocate(total * sizeof(Value));
    if (!copy) return raise_memory_error(), OUTCOME_FAILED;
    for (size_t i = 0; i < total; i++) copy[i] = retain(args[i]);
    Outcome outcome = function_begin(frame, retain(callee), copy, count, kwnames, false, to, out);
    if (copy != small) raw_free(copy);
    return outcome;
}

Outcome call_begin_borrowed(Frame *frame, Value callee, const Value *args, size_t count, Return to, Value *out) {
    if (function_is(callee)) return begin_copied(frame, callee, args, count, UNSET, to, out);
    *out = call(callee, args, count, UNSET);
    return is_set(*out) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* A call without binding, on borrowed arguments that are copied above the registers in use. */
static bool push_entry(Value callee, const Value *args, size_t count) {
    Frame *frame = machine.frame;
    Value *window = frame->top;
    if (window + count > machine.limit || !function_fits(frame, as_function(callee), window, (unsigned)count))
        return false;
    for (size_t i = 0; i < count; i++) window[i] = retain(args[i]);
    Frame *above = function_push(frame, as_function(callee), window, (unsigned)count);
    retain(callee);
    above->kind = FRAME_ENTRY;
    return true;
}

Value function_call(Value callee, const Value *args, size_t count, Value kwnames) {
    if (!recursion_check(" while calling a Python object")) return UNSET;
    Value result;
    if ((is_unset(kwnames) || !tuple_length(kwnames)) && push_entry(callee, args, count))
        return execute(&result) == 0 ? result : UNSET;
    switch (begin_copied(machine.frame, callee, args, count, kwnames, (Return){FRAME_ENTRY, 0}, &result)) {
    case OUTCOME_FAILED: return UNSET;
    case OUTCOME_DONE: return result;
    case OUTCOME_PUSHED: break;
    }
    return execute(&result) == 0 ? result : UNSET;
}

static bool provide_builtins(Value globals) {
    if (is_set(dict_get_str(globals, names.__builtins__))) return true;
    return dict_set(globals, names.__builtins__, exec_builtins_dict);
}

/* Code with await at its top is a coroutine, which keeps the namespace. */
static Value coroutine_of(Code *code, Frame *bound, Value namespace) {
    Value coroutine = generator_new(UNSET, bound, code);
    if (is_set(coroutine)) as_generator(coroutine)->frame.namespace = retain(namespace);
    return coroutine;
}

Value exec_code(Value code_value, Value globals, Value locals) {
    if (!recursion_check(" while calling a Python object") || !provide_builtins(globals)) return UNSET;
    Code *code = as_code(code_value);
    Frame *above = frame_above(machine.frame);
    if (!above || !frame_window(above, machine.frame->top, 0, code->nregs)) return UNSET;
    for (size_t i = 0; i < code->nlocals; i++) above->regs[i] = UNSET;
    above->code = code;
    above->pc = code->instrs;
    above->globals = globals;
    above->builtins = builtins_of(globals);
    if (code->flags & RESUMABLE) return coroutine_of(code, above, is_set(locals) ? locals : globals);
    above->namespace = retain(is_set(locals) ? locals : globals);
    above->kind = FRAME_ENTRY;
    retain(code_value);
    retain(globals);
    machine.frame = above;
    Value result;
    int outcome = execute(&result);
    release(globals);
    release(code_value);
    return outcome == 0 ? result : UNSET;
}
