/* Small pieces of the loop's handlers. */
#ifndef EXEC_LOOP_H
#define EXEC_LOOP_H

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/signature.h"
#include "runtime/types/str.h"
#include "vm/exec/caches.h"
#include "vm/exec/call.h"
#include "vm/exec/builtins.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/race_step.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static inline bool is_number(Value v) { return v.bits >= VALUE_FLOAT_BIAS; }
static inline double number_of(Value v) { return is_double(v) ? as_double(v) : (double)as_small_int(v); }

static inline int64_t floor_quotient(int64_t a, int64_t b) { /* b > 0 */
    int64_t q = a / b;
    return q - (a % b < 0);
}
static inline int64_t floor_remainder(int64_t a, int64_t b) { /* b > 0 */
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}
static inline bool shift_fits(Value a, Value b) {
    int64_t n = as_small_int(a);
    uint64_t by = (uint64_t)as_small_int(b);
    return by < 47 && n <= SMALL_INT_MAX >> by && n >= SMALL_INT_MIN >> by;
}


/* retain() where most values are objects. */
static inline Value retain_object(Value v) {
    if (likely(is_object(v))) rc_increment_shared(&as_object(v)->count);
    return v;
}

/* Attributes --------------------------------------------------------------------------------------------------------
 */

#define value_at(v, offset) (*(Value *)(void *)((char *)as_object(v) + (offset)))

/* A general access: counts in its cache word, and says when it has seen enough of them to be specialised. */
static inline bool cache_counts(Instr *word) {
    uint64_t n = cache_load(word);
    if (n >= 64) return false;
    cache_store(word, n + 1);
    return n >= ATTRIBUTE_ATTEMPTS - 1;
}

static inline bool entry_fits(const AttributeEntry *e, const Object *o, AttributeKind kind) {
    if (atomic_load_explicit(&o->type->version, memory_order_relaxed) != e->version) return false;
    const Attrs *attrs = attrs_at((Object *)(uintptr_t)o, e->attrs);
    return (uint64_t)(uintptr_t)atomic_load_explicit(&attrs->shape, memory_order_relaxed) + kind == e->guard;
}

/* The entry for an instance, among the few that a site has. */
static inline const AttributeEntry *entry_for(const Instr *word, Value v, AttributeKind kind) {
    if (unlikely(!is_object(v))) return NULL;
    const AttributeEntry *e = (const AttributeEntry *)(uintptr_t)cache_load(word);
    if (likely(entry_fits(e, as_object(v), kind))) return e;
    for (e = e->other; e; e = e->other)
        if (entry_fits(e, as_object(v), kind)) return e;
    return NULL;
}

/* The same for modules and classes, which are compared themselves. */
static inline const AttributeEntry *object_entry(const Instr *word, Value v, AttributeKind kind) {
    for (const AttributeEntry *e = (const AttributeEntry *)(uintptr_t)cache_load(word); e; e = e->other) {
        if (v.bits + kind != e->guard) continue;
        if (kind == ATTRIBUTE_CLASS) {
            if (atomic_load_explicit(&as_type(v)->version, memory_order_relaxed) == e->version) return e;
        } else {
            DictKeys *keys = as_dict(module_dict(v))->keys;
            if (keys && keys_version(keys) == e->version) return e;
        }
    }
    return NULL;
}

static inline Value module_entry(Value module, const AttributeEntry *e) {
    return *cache_value(as_dict(module_dict(module))->keys, e->index);
}

static inline bool are_interned(Value a, Value b) {
    return str_is_exact(a) && str_is_exact(b) && object_flags(as_object(a)) & object_flags(as_object(b)) & STR_INTERNED;
}

static inline int truth_of(Value v) {
    if (is_small_int(v)) return as_small_int(v) != 0;
    if (is_none(v)) return 0;
    return object_truth(v);
}

static inline void consume_register(Value *r) {
    Value old = *r;
    *r = UNSET;
    release(old);
}
static inline void consume_operands(Value *regs, Instr instr) {
    unsigned taken = instr_flags(instr);
    if (taken & TAKE_A) consume_register(&regs[instr_a(instr)]);
    if (taken & TAKE_B) consume_register(&regs[instr_b(instr)]);
    if (taken & TAKE_C) consume_register(&regs[instr_c(instr)]);
}
static inline void consume_run(Value *first, size_t n) {
    for (size_t i = 0; i < n; i++) consume_register(&first[i]);
}

static inline Value *unpack_buffer(size_t n) {
    Value *buffer = raw_allocate(n * sizeof(Value) + 1);
    if (!buffer) raise_memory_error();
    return buffer;
}
static inline void unpack_buffer_free(Value *buffer) { raw_free(buffer); }

static inline void release_locals(Frame *frame) {
    for (Value *r = frame->regs, *end = r + frame->code->nlocals; r < end; r++) {
        Value old = *r;
        *r = UNSET;
        release(old);
    }
}

static inline void arguments_move(Value *to, Value *from, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        to[i] = from[i];
        from[i] = UNSET;
    }
}

/* Missing arguments at the end that have defaults: how many there may be. */
static inline bool defaults_reach(const Function *f, unsigned count) {
    return f->direct != FUNCTION_BINDS && count < f->direct && is_set(f->defaults) &&
           f->direct - count <= tuple_length(f->defaults);
}

static inline Value *function_window(const Frame *frame, Value *args) {
    return unlikely(frame->flags & FRAME_IN_GENERATOR) ? frame->top : args;
}

/* Would function_push() do it? */
static inline bool function_fits(const Frame *frame, const Function *f, Value *args, unsigned count) {
    if (unlikely(f->direct != count) && !defaults_reach(f, count)) return false;
    if (unlikely(!frame->next || frame->depth >= frame_depth_limit)) return false;
    return likely(function_window(frame, args) + f->code->nregs <= machine.limit);
}

/* A call of a script function (owned by the frame afterwards) whose arguments stand where its parameters are: no
 * binding. NULL: call_begin does it, nothing has changed. */
static inline Frame *function_push(Frame *frame, Function *f, Value *args, unsigned count) {
    if (unlikely(!function_fits(frame, f, args, count))) return NULL;
    Code *code = f->code;
    Frame *above = frame->next;
    Value *window = function_window(frame, args);
    if (unlikely(window != args)) arguments_move(window, args, count);
    above->depth = frame->depth + 1;
    above->back = frame;
    above->regs = window;
    above->top = window + code->nregs;
    above->flags = 0;
    above->kind = FRAME_CALL;
    if (unlikely(f->direct != count)) {
        size_t skip = tuple_length(f->defaults) - (f->direct - count);
        for (; count < f->direct; count++) window[count] = retain(tuple_at(f->defaults, skip++));
    }
    for (unsigned i = count; i < code->nlocals; i++) window[i] = UNSET;
    if (code->freecount) frame_load_closure(above, f);
    above->code = code;
    above->pc = code->instrs;
    above->function = from_object(f);
    above->globals = f->globals;
    above->builtins = f->builtins;
    machine.frame = above;
    return above;
}

/* Pushes the frame of a special method (borrowed) on borrowed arguments.  NULL: not this way. */
static inline Frame *special_push(Frame *frame, Value function, FrameKind kind, Value a, Value b, Value c,
                                  unsigned count) {
    Value *window = frame->top;
    if (unlikely(window + 3 > machine.limit)) return NULL;
    window[0] = a;
    window[1] = b;
    window[2] = c;
    Frame *above = function_push(frame, as_function(function), window, count);
    if (unlikely(!above)) {
        window[0] = window[1] = window[2] = UNSET;
        return NULL;
    }
    retain(function);
    retain(a);
    if (count > 1) retain(b);
    if (count > 2) retain(c);
    above->kind = (uint8_t)kind;
    return above;
}

/* The method that a script class defines, borrowed; UNSET: there is none, or it is something else. */
static inline Value script_method(Value v, Value name) {
    if (!is_object(v) || !(as_object(v)->type->flags & TYPE_HEAP)) return UNSET;
    Value found = type_lookup(as_object(v)->type, name);
    return is_set(found) && function_is(found) ? found : UNSET;
}

static inline bool is_script_instance(Value v) { return is_object(v) && as_object(v)->type->flags & TYPE_HEAP; }

/* item in container, by a script's __contains__.  NULL: not this way. */
static inline Frame *contains_push(Frame *frame, Value container, Value item, FrameKind kind) {
    Value function = script_method(container, names.__contains__);
    return is_set(function) ? special_push(frame, function, kind, container, item, UNSET, 2) : NULL;
}

/* base[0] is a bound method of a function, or an instance with __call__, in front of its arguments.  NULL: something
 * else. */
static inline Frame *call_push_other(Frame *frame, Value *base, Type *type, unsigned count) {
    Value callee = base[0];
    if (type == &method_type) {
        Method *method = (Method *)as_object(callee);
        if (!function_is(method->function)) return NULL;
        base[0] = method->self;
        Frame *above = function_push(frame, as_function(method->function), base, count + 1);
        if (unlikely(!above)) {
            base[0] = callee;
            return NULL;
        }
        retain(method->self);
        retain(method->function);
        release(callee);
        return above;
    }
    if ((type->flags & (TYPE_HEAP | TYPE_TYPE_SUB)) != TYPE_HEAP) return NULL;
    Value function = script_method(callee, names.__call__);
    Frame *above = is_set(function) ? function_push(frame, as_function(function), base, count + 1) : NULL;
    if (above) retain(function);
    return above;
}

/* A call of a class whose instances object.__new__ makes: pushes __init__ on a new instance in the place of the class.
 * NULL: call_begin does it, nothing has changed. */
static inline Frame *construct_push(Frame *frame, Value *base, unsigned count) {
    Value callee = base[0];
    Type *class = as_type(callee);
    if ((class->flags & (TYPE_HEAP | TYPE_ABSTRACT)) != TYPE_HEAP || class->make != object_type.make) return NULL;
    Value init = type_lookup(class, names.__init__);
    if (is_unset(init) || !function_is(init) || !function_fits(frame, as_function(init), base, count + 1)) return NULL;
    Value instance = instance_new(class);
    if (unlikely(is_unset(instance))) return error_clear(), NULL;
    base[0] = retain(instance);
    Frame *above = function_push(frame, as_function(init), base, count + 1);
    retain(init);
    above->kind = FRAME_CONSTRUCT;
    above->instance = instance;
    release(callee);
    return above;
}

/* The same for a function of one argument (stolen) that does not stand in registers yet: a getter, a special method. */
static inline Outcome call_begin_one(Frame *frame, Value callee, Value self, Return to, Value *out) {
    return function_begin(frame, retain(callee), &self, 1, UNSET, false, to, out);
}

/* Natives -----------------------------------------------------------------------------------------------------------
 */

enum { NATIVE_FILLED = 8 };

/* The same for *args after nothing but keywords: their slots stand between the receiver and the arguments. */
static inline bool native_variadic(const Native *n, const Value *args, unsigned count, unsigned first, Value *out) {
    size_t slots = signature_slots(n->signature);
    if (slots == 0) {
        *out = n->def->fn(args, count);
        return true;
    }
    if (n->fast_min || n->fast_max || slots + count > NATIVE_FILLED) return false;
    Value filled[NATIVE_FILLED];
    for (unsigned i = 0; i < first; i++) filled[i] = args[i];
    for (unsigned i = 0; i < slots; i++) filled[first + i] = UNSET;
    for (unsigned i = first; i < count; i++) filled[slots + i] = args[i];
    *out = n->def->fn(filled, slots + count);
    return true;
}

/* Optional arguments that are missing are unset, behind those that are there: args begins with the receiver, if there
 * is one, which is not among the `given` ones.  False: the call needs binding. */
static inline bool native_filled(const Native *n, const Value *args, unsigned count, unsigned given, Value *out) {
    if (unlikely(!n->signature)) return false;
    size_t slots = signature_slots(n->signature) + (count - given);
    if (n->variadic) return native_variadic(n, args, count, count - given, out);
    if (given < n->fast_min || given > n->fast_max || slots > NATIVE_FILLED) return false;
    if (slots == count) {
        *out = n->def->fn(args, count);
        return true;
    }
    Value filled[NATIVE_FILLED];
    for (unsigned i = 0; i < count; i++) filled[i] = args[i];
    for (unsigned i = count; i < slots; i++) filled[i] = UNSET;
    *out = n->def->fn(filled, slots);
    return true;
}

/* Leaves a handler: the exception handled before it is handled again. catch[1] is consumed. */
static inline void end_catch(Frame *frame, Value *catch) {
    Value *handled = machine.handled, before = catch[1], old = *handled;
    catch[1] = UNSET;
    if (frame->flags & FRAME_IN_GENERATOR && --frame_generator(frame)->catches == 0)
        before = retain(frame_generator(frame)->outer);
    *handled = before;
    release(old);
}

/* __init__ has returned: the instance, or a TypeError. */
Value construct_result(Value instance, Value returned);

#endif
