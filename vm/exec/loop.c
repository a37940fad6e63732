/* The loop: one handler for each instruction, and the common cases of what it does.
 *
 * Names in here: `pc` points behind the first word of the instruction being done, `instr` is that word, `regs` are the
 * registers of `frame`.  SAVE() stores pc in the frame, and stands before everything that may raise or run script code; a
 * handler that fails goes to `error` with the exception pending.  SET() releases what a local held before.
 */
#include "runtime/conc/thread.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/iterate.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/caches.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/import.h"
#include "vm/exec/loop.h"
#include "vm/exec/ops.h"

#define A instr_a(instr)
#define B instr_b(instr)
#define C instr_c(instr)
#define KB constants[(uint32_t)instr_wide(instr)] /* b as 32 bits */

#define SAVE() (frame->pc = pc)

/* loop_anywhere.c compiles this file once more, with something to do between any two instructions. */
#ifndef LOOP_NAME
#define LOOP_NAME execute
#define OTHER_LOOP execute_anywhere
#define STANDING 0 /* the requests that belong to this loop */
#define BETWEEN_INSTRUCTIONS()
#endif

#define NEXT()                                                              \
    do {                                                                    \
        BETWEEN_INSTRUCTIONS();                                             \
        if (RC_WATCHED) race_step(frame, pc);                               \
        instr = __atomic_load_n(pc++, __ATOMIC_RELAXED);                    \
        goto *labels[(uint8_t)instr];                                       \
    } while (0)

#define SET(reg, value)                                                     \
    do {                                                                    \
        Value *slot_ = &regs[reg], old_ = *slot_;                           \
        *slot_ = (value);                                                   \
        if (unlikely(is_object(old_)) && rc_decrement_shared(&as_object(old_)->count)) { \
            SAVE();                                                         \
            object_destroy(as_object(old_));                                \
        }                                                                   \
    } while (0)

#define SET_OR_FAIL(reg, expression)                                        \
    do {                                                                    \
        Value made_ = (expression);                                         \
        if (unlikely(is_unset(made_))) goto error;                          \
        SET(reg, made_);                                                    \
    } while (0)

/* The operands have been used: temporaries among them are released. */
#define CONSUME()                                                           \
    do {                                                                    \
        if (instr_flags(instr)) consume_operands(regs, instr);              \
    } while (0)

/* The same where only R[b] can be a temporary. */
#define CONSUME_B()                                                         \
    do {                                                                    \
        if (instr_flags(instr) & TAKE_B) {                                  \
            Value taken_ = regs[B];                                         \
            regs[B] = UNSET;                                                \
            SAVE();                                                         \
            release(taken_);                                                \
        }                                                                   \
    } while (0)

/* The usual slow path: computes, consumes, writes. */
#define RESULT(expression)                                                  \
    do {                                                                    \
        SAVE();                                                             \
        Value result_ = (expression);                                       \
        CONSUME();                                                          \
        if (unlikely(is_unset(result_))) goto error;                        \
        SET(A, result_);                                                    \
    } while (0)

/* The same for helpers that only succeed or fail. */
#define EFFECT(expression)                                                  \
    do {                                                                    \
        SAVE();                                                             \
        bool done_ = (expression);                                          \
        CONSUME();                                                          \
        if (unlikely(!done_)) goto error;                                   \
    } while (0)

#define TRUTH_RESULT(expression, wanted)                                    \
    do {                                                                    \
        SAVE();                                                             \
        int truth_ = (expression);                                          \
        CONSUME();                                                          \
        if (unlikely(truth_ < 0)) goto error;                               \
        SET(A, from_bool(truth_ == (wanted)));                              \
    } while (0)

#define JUMP(distance)                                                      \
    do {                                                                    \
        int32_t distance_ = (distance);                                     \
        pc += distance_;                                                    \
        if (distance_ < 0) POLL();                                          \
    } while (0)

/* Requests to this thread (GIL, signals, collection) are served where a loop goes round and where a function begins. */
#define POLL()                                                              \
    do {                                                                    \
        if (unlikely(atomic_load_explicit(safepoint, memory_order_relaxed) != STANDING)) { \
            SAVE();                                                         \
            if (!safepoint_serve(thread_self)) goto error;                  \
            if ((atomic_load_explicit(safepoint, memory_order_relaxed) ^ STANDING) & SAFEPOINT_ANYWHERE) \
                return OTHER_LOOP(result);                                  \
        }                                                                   \
    } while (0)

#define LOAD_FRAME()                                                        \
    do {                                                                    \
        frame = machine.frame;                                              \
        regs = frame->regs;                                                 \
        pc = frame->pc;                                                     \
        constants = frame->code->constants;                                 \
    } while (0)

/* What a call helper answers: the result is there, or a new frame is to run. */
#define OUTCOME(call)                                                       \
    do {                                                                    \
        Value out_;                                                         \
        Outcome outcome_ = (call);                                          \
        if (likely(outcome_ == OUTCOME_DONE)) SET(A, out_);                 \
        else if (outcome_ == OUTCOME_FAILED) goto error;                    \
        else goto enter_frame;                                              \
    } while (0)

#define INT_BITS(v) ((int64_t)((v).bits << 16))
#define FROM_INT_BITS(n) ((Value){(uint64_t)(n) >> 16 | VALUE_INT_TAG})

/* int op int without leaving 48 bits, double op double, one of each; else the slow path. */
#define ARITHMETIC(left, right, overflow, operator, slow)                   \
    do {                                                                    \
        Value l_ = (left), r_ = (right);                                    \
        int64_t n_;                                                         \
        if (likely(are_small_ints(l_, r_)) && likely(!overflow)) {          \
            SET(A, FROM_INT_BITS(n_));                                      \
            NEXT();                                                         \
        }                                                                   \
        if (is_double(l_) && (is_double(r_) || is_small_int(r_))) {         \
            SET(A, from_double(as_double(l_) operator number_of(r_)));      \
            NEXT();                                                         \
        }                                                                   \
        if (is_double(r_) && is_small_int(l_)) {                            \
            SET(A, from_double((double)as_small_int(l_) operator as_double(r_))); \
            NEXT();                                                         \
        }                                                                   \
        slow;                                                               \
        NEXT();                                                             \
    } while (0)

#define ADD_OVERFLOWS __builtin_add_overflow(INT_BITS(l_), INT_BITS(r_), &n_)
#define SUBTRACT_OVERFLOWS __builtin_sub_overflow(INT_BITS(l_), INT_BITS(r_), &n_)
#define MULTIPLY_OVERFLOWS __builtin_mul_overflow(INT_BITS(l_), as_small_int(r_), &n_)

/* One handler for registers and one with a constant, plain and in place. */
#define BINARY_FAMILY(NAME, body)                                           \
    L_##NAME: { body(regs[C], false, BINARY_##NAME); }             \
    L_##NAME##_K: { body(constants[C], false, BINARY_##NAME); }    \
    L_INPLACE_##NAME: { body(regs[C], true, BINARY_##NAME); }    \
    L_INPLACE_##NAME##_K: { body(constants[C], true, BINARY_##NAME); }

/* The slow path of an operator, for all of them together. */
#define OPERATE(right, in_place_, op)                                       \
    do {                                                                    \
        operand = &(right);                                                 \
        operation = (op);                                                   \
        in_place = (in_place_);                                             \
        goto operate;                                                       \
    } while (0)

#define GENERIC_BODY(right, in_place_, op) OPERATE(right, in_place_, op);
#define SUBTRACT_BODY(right, in_place_, op) ARITHMETIC(regs[B], right, SUBTRACT_OVERFLOWS, -, OPERATE(right, in_place_, op));
#define MULTIPLY_BODY(right, in_place_, op) ARITHMETIC(regs[B], right, MULTIPLY_OVERFLOWS, *, OPERATE(right, in_place_, op));
#define ADD_BODY(right, in_place_, op) ARITHMETIC(regs[B], right, ADD_OVERFLOWS, +, ADD_SLOW(right, in_place_, op));

/* The left string of a concatenation grows in place when this instruction takes it over. */
#define ADD_SLOW(right, in_place_, op)                                                \
    do {                                                                    \
        bool replaced_ = A == B || instr_flags(instr) & TAKE_B;             \
        if (replaced_ && str_is_exact(l_) && str_is_exact(r_)) {            \
            SAVE();                                                         \
            regs[B] = UNSET;                                                \
            Value sum_ = str_append(l_, r_);                                \
            CONSUME();                                                      \
            SET_OR_FAIL(A, sum_);                                           \
        } else OPERATE(right, in_place_, op);                               \
    } while (0)

#define INT_ONLY(right, in_place_, op, condition, value)                       \
    do {                                                                    \
        Value l_ = regs[B], r_ = (right);                                   \
        if (likely(are_small_ints(l_, r_)) && (condition)) {                \
            SET(A, value);                                                  \
            NEXT();                                                         \
        }                                                                   \
        OPERATE(right, in_place_, op);                                      \
    } while (0);

#define AND_BODY(right, in_place_, op) INT_ONLY(right, in_place_, op, true, ((Value){l_.bits & r_.bits}))
#define OR_BODY(right, in_place_, op) INT_ONLY(right, in_place_, op, true, ((Value){l_.bits | r_.bits}))
#define XOR_BODY(right, in_place_, op) INT_ONLY(right, in_place_, op, true, ((Value){(l_.bits ^ r_.bits) | VALUE_INT_TAG}))
#define LSHIFT_BODY(right, in_place_, op)                                      \
    INT_ONLY(right, in_place_, op, shift_fits(l_, r_), from_small_int((int64_t)((uint64_t)as_small_int(l_) << as_small_int(r_))))
#define RSHIFT_BODY(right, in_place_, op)                                      \
    INT_ONLY(right, in_place_, op, (uint64_t)as_small_int(r_) < 64, from_small_int(as_small_int(l_) >> as_small_int(r_)))
#define FLOOR_DIVIDE_BODY(right, in_place_, op)                                \
    INT_ONLY(right, in_place_, op, as_small_int(r_) > 0, from_small_int(floor_quotient(as_small_int(l_), as_small_int(r_))))
#define MODULO_BODY(right, in_place_, op)                                      \
    INT_ONLY(right, in_place_, op, as_small_int(r_) > 0, from_small_int(floor_remainder(as_small_int(l_), as_small_int(r_))))

#define TRUE_DIVIDE_BODY(right, in_place_, op)                                 \
    do {                                                                    \
        Value l_ = regs[B], r_ = (right);                                   \
        if (is_number(l_) && is_number(r_) && number_of(r_) != 0) {         \
            SET(A, from_double(number_of(l_) / number_of(r_)));             \
            NEXT();                                                         \
        }                                                                   \
        OPERATE(right, in_place_, op);                                      \
    } while (0);

#define COMPARE_WITH(right, operator, op, small_int_case, number_case, slow) \
    do {                                                                    \
        Value l_ = regs[B], r_ = (right);                                   \
        if (likely(are_small_ints(l_, r_))) {                               \
            small_int_case(INT_BITS(l_) operator INT_BITS(r_));             \
        } else if (is_double(l_) && is_double(r_)) {                        \
            number_case(as_double(l_) operator as_double(r_));              \
        } else {                                                            \
            slow(right, op);                                                \
        }                                                                   \
        NEXT();                                                             \
    } while (0);

#define SET_BOOL(condition) SET(A, from_bool(condition))
#define COMPARE_SLOW(right, op)                                             \
    do {                                                                    \
        operand = &(right);                                                 \
        operation = (op);                                                   \
        goto compare;                                                       \
    } while (0)
#define JUMP_WHEN(condition)                                                \
    if (condition) JUMP(instr_signed_a(instr))
#define JUMP_WHEN_NOT(condition)                                            \
    if (!(condition)) JUMP(instr_signed_a(instr))
#define COMPARE_JUMP_SLOW(right, op, wanted_)                               \
    do {                                                                    \
        operand = &(right);                                                 \
        operation = (op);                                                   \
        wanted = (wanted_);                                                 \
        goto compare_jump;                                                  \
    } while (0)
#define JUMP_SLOW(right, op) COMPARE_JUMP_SLOW(right, op, true)
#define JUMP_NOT_SLOW(right, op) COMPARE_JUMP_SLOW(right, op, false)

#define COMPARE_FAMILY(NAME, operator)                                      \
    L_##NAME: { COMPARE_WITH(regs[C], operator, COMPARE_##NAME, SET_BOOL, SET_BOOL, COMPARE_SLOW) } \
    L_##NAME##_K: { COMPARE_WITH(constants[C], operator, COMPARE_##NAME, SET_BOOL, SET_BOOL, COMPARE_SLOW) } \
    L_JUMP_IF_##NAME: { COMPARE_WITH(regs[C], operator, COMPARE_##NAME, JUMP_WHEN, JUMP_WHEN, JUMP_SLOW) } \
    L_JUMP_IF_##NAME##_K: { COMPARE_WITH(constants[C], operator, COMPARE_##NAME, JUMP_WHEN, JUMP_WHEN, JUMP_SLOW) } \
    L_JUMP_UNLESS_##NAME: { COMPARE_WITH(regs[C], operator, COMPARE_##NAME, JUMP_WHEN_NOT, JUMP_WHEN_NOT, JUMP_NOT_SLOW) } \
    L_JUMP_UNLESS_##NAME##_K: { COMPARE_WITH(constants[C], operator, COMPARE_##NAME, JUMP_WHEN_NOT, JUMP_WHEN_NOT, JUMP_NOT_SLOW) }

/* Jumps on a truth that may have to be computed; b is the distance. */
#define JUMP_ON_TRUTH(wanted)                                               \
    do {                                                                    \
        Value v_ = regs[A];                                                 \
        int truth_;                                                         \
        if (likely(is_bool(v_))) truth_ = same(v_, TRUE_VALUE);             \
        else {                                                              \
            SAVE();                                                         \
            truth_ = truth_of(v_);                                          \
            CONSUME();                                                      \
            if (unlikely(truth_ < 0)) goto error;                           \
        }                                                                   \
        if (truth_ == (wanted)) JUMP(instr_wide(instr));                    \
        NEXT();                                                             \
    } while (0);

#define JUMP_ON_TRUTH_OR_DROP(wanted)                                       \
    do {                                                                    \
        Value v_ = regs[A];                                                 \
        SAVE();                                                             \
        int truth_ = is_bool(v_) ? (int)same(v_, TRUE_VALUE) : truth_of(v_); \
        if (unlikely(truth_ < 0)) goto error;                               \
        if (truth_ == (wanted)) JUMP(instr_wide(instr));                    \
        else SET(A, UNSET);                                                 \
        NEXT();                                                             \
    } while (0);

int LOOP_NAME(Value *result) {
    static const void *const labels[256] = {
#define OP(name, operands, caches, notation, meaning) [OP_##name] = &&L_##name,
#include "vm/code/opcodes.def"
#include "vm/exec/specialised.def"
#undef OP
        [OP_COUNT_ALL ... 255] = &&L_bad,
    };
    Frame *frame;
    Value *regs;
    const Value *constants;
    const Instr *pc;
    Instr instr;
    _Atomic uint32_t *const safepoint = &thread_self->safepoint;
    const Value *operand; /* of `operate`, `compare` and `compare_jump`: the right one */
    unsigned operation;
    bool in_place, wanted;
    Value *base;    /* a callee in front of `count` arguments */
    unsigned count;
    Value value; /* what a frame returns or yields, between the labels below */
    LOAD_FRAME();
    if (unlikely(error_pending())) goto thrown;
    POLL();
    NEXT();

enter_frame:
    LOAD_FRAME();
    POLL();
    NEXT();

/* Moving --------------------------------------------------------------------------------------------------------- */
L_NOP:
    NEXT();
L_MOVE: {
    Value v = regs[B];
    if (unlikely(instr_flags(instr))) regs[B] = UNSET;
    else retain_object(v);
    SET(A, v);
    NEXT();
}
L_LOAD_CONST:
    SET(A, retain_object(KB));
    NEXT();
L_LOAD_INT:
    SET(A, from_small_int(instr_wide(instr)));
    NEXT();
L_DROP:
L_CLEAR:
    SET(A, UNSET);
    NEXT();
L_CHECK_LOCAL:
    if (unlikely(is_unset(regs[A]))) {
        SAVE();
        names_raise_unbound(KB);
        goto error;
    }
    NEXT();

/* Cells ---------------------------------------------------------------------------------------------------------- */
L_MAKE_CELL: {
    SAVE();
    Value cell = cell_new(regs[A]);
    if (is_unset(cell)) goto error;
    SET(A, cell);
    NEXT();
}
L_LOAD_CELL: {
    Value v = load_shared(&((Cell *)as_object(regs[B]))->value);
    if (unlikely(is_unset(v))) {
        SAVE();
        names_raise_empty_cell(frame->code, B, constants[C]);
        goto error;
    }
    SET(A, v);
    NEXT();
}
L_STORE_CELL: {
    Value v = regs[B];
    if (instr_flags(instr) & TAKE_B) regs[B] = UNSET;
    else retain(v);
    SAVE();
    replace_shared(&((Cell *)as_object(regs[A]))->value, v);
    NEXT();
}
L_DELETE_CELL: {
    SAVE();
    Cell *cell = (Cell *)as_object(regs[A]);
    if (is_unset(cell->value)) {
        names_raise_empty_cell(frame->code, A, constants[B]);
        goto error;
    }
    clear(&cell->value);
    NEXT();
}
L_LOAD_CLASS_CELL:
    SAVE();
    SET_OR_FAIL(A, names_load_class_cell(frame, constants[C], regs[B], B));
    NEXT();

/* Names ---------------------------------------------------------------------------------------------------------- */
L_LOAD_GLOBAL:
    SAVE();
    SET_OR_FAIL(A, names_load_global(frame, (Instr *)pc - 1, KB));
    pc++;
    NEXT();
L_LOAD_GLOBAL_CACHED: {
    uint64_t cache = cache_load(pc);
    DictKeys *keys = as_dict(frame->globals)->keys;
    if (unlikely(!keys || keys_version(keys) != cache >> 32)) goto L_LOAD_GLOBAL;
    Value v = load_shared(cache_value(keys, (uint32_t)cache));
    if (unlikely(is_unset(v))) goto L_LOAD_GLOBAL;
    SET(A, v);
    pc++;
    NEXT();
}
L_LOAD_BUILTIN_CACHED: {
    const BuiltinEntry *entry = (const BuiltinEntry *)(uintptr_t)cache_load(pc);
    DictKeys *globals = as_dict(frame->globals)->keys, *builtins = as_dict(frame->builtins)->keys;
    if (unlikely(!globals || !builtins || keys_version(globals) != __atomic_load_n(&entry->globals_version, __ATOMIC_RELAXED) ||
                 keys_version(builtins) != entry->builtins_version))
        goto L_LOAD_GLOBAL;
    SET(A, retain_object(*cache_value(builtins, entry->offset)));
    pc++;
    NEXT();
}
L_STORE_GLOBAL:
    EFFECT(names_store_global(frame, (Instr *)pc - 1, KB, regs[A]));
    pc++;
    NEXT();
L_STORE_GLOBAL_CACHED: {
    uint64_t cache = cache_load(pc);
    DictKeys *keys = as_dict(frame->globals)->keys;
    if (unlikely(!keys || keys_version(keys) != cache >> 32)) goto L_STORE_GLOBAL;
    Value v = regs[A];
    if (instr_flags(instr)) regs[A] = UNSET;
    else retain(v);
    SAVE();
    replace_shared(cache_value(keys, (uint32_t)cache), v);
    pc++;
    NEXT();
}
L_DELETE_GLOBAL:
    EFFECT(names_delete_global(frame, KB));
    NEXT();
L_LOAD_NAME_CACHED:
    if (likely(same(frame->namespace, frame->globals))) goto L_LOAD_GLOBAL_CACHED;
    goto L_LOAD_NAME;
L_LOAD_NAME_BUILTIN:
    if (likely(same(frame->namespace, frame->globals))) goto L_LOAD_BUILTIN_CACHED;
L_LOAD_NAME:
    if (same(frame->namespace, frame->globals)) goto L_LOAD_GLOBAL;
    SAVE();
    SET_OR_FAIL(A, names_load(frame, (Instr *)pc - 1, KB));
    pc++;
    NEXT();
L_STORE_NAME_CACHED:
    if (likely(same(frame->namespace, frame->globals))) goto L_STORE_GLOBAL_CACHED;
L_STORE_NAME:
    if (same(frame->namespace, frame->globals)) goto L_STORE_GLOBAL;
    EFFECT(names_store(frame, KB, regs[A]));
    pc++;
    NEXT();
L_DELETE_NAME:
    EFFECT(names_delete(frame, KB));
    NEXT();
L_LOAD_LOCALS:
    SAVE();
    SET_OR_FAIL(A, frame_locals(frame));
    NEXT();
L_SETUP_ANNOTATIONS:
    EFFECT(names_setup_annotations(frame));
    NEXT();
L_LOAD_BUILD_CLASS:
    SAVE();
    SET_OR_FAIL(A, names_build_class(frame));
    NEXT();
L_LOAD_ASSERTION_ERROR:
    SET(A, type_value(&AssertionError_type));
    NEXT();

/* Attributes and items ------------------------------------------------------------------------------------------- */
L_GET_ATTR:
    if (cache_counts((Instr *)pc)) attribute_specialise_get(frame->code, (Instr *)pc - 1, regs[B], constants[C]);
get_attribute:
    RESULT(object_get_attribute(regs[B], constants[C]));
    pc++;
    NEXT();
L_GET_ATTR_SLOT: {
    const AttributeEntry *e = entry_for(pc, regs[B], ATTRIBUTE_SLOT);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = load_shared(&value_at(regs[B], e->offset));
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
L_GET_ATTR_OUTER: {
    const AttributeEntry *e = entry_for(pc, regs[B], ATTRIBUTE_OUTER);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = load_shared(&attrs_at(as_object(regs[B]), e->attrs)->outer.slots[e->index]);
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
L_GET_ATTR_TYPE: {
    const AttributeEntry *e = entry_for(pc, regs[B], ATTRIBUTE_TYPE);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = retain(e->value);
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
L_GET_ATTR_MEMBER: {
    const AttributeEntry *e = entry_for(pc, regs[B], ATTRIBUTE_MEMBER);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = load_shared(&value_at(regs[B], e->offset));
    if (unlikely(is_unset(v))) goto get_attribute;
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
L_GET_ATTR_PROPERTY: {
    const AttributeEntry *e = entry_for(pc, regs[B], ATTRIBUTE_PROPERTY);
    if (unlikely(!e)) goto get_attribute_miss;
    pc++;
    SAVE();
    Value self = regs[B];
    if (instr_flags(instr)) regs[B] = UNSET;
    else retain(self);
    OUTCOME(call_begin_one(frame, e->value, self, (Return){FRAME_CALL, (uint16_t)A}, &out_));
    NEXT();
}
L_GET_ATTR_MODULE: {
    const AttributeEntry *e = object_entry(pc, regs[B], ATTRIBUTE_MODULE);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = retain(module_entry(regs[B], e));
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
L_GET_ATTR_CLASS: {
    const AttributeEntry *e = object_entry(pc, regs[B], ATTRIBUTE_CLASS);
    if (unlikely(!e)) goto get_attribute_miss;
    Value v = retain(e->value);
    CONSUME_B();
    SET(A, v);
    pc++;
    NEXT();
}
get_attribute_miss:
    attribute_specialise_get(frame->code, (Instr *)pc - 1, regs[B], constants[C]);
    goto get_attribute;
L_GET_ATTR_DYNAMIC:
    RESULT(object_get_attribute(regs[B], regs[C]));
    NEXT();
L_SET_ATTR:
    if (cache_counts((Instr *)pc)) attribute_specialise_set(frame->code, (Instr *)pc - 1, regs[A], constants[B]);
set_attribute:
    EFFECT(object_set_attribute(regs[A], constants[B], regs[C]));
    pc++;
    NEXT();
L_SET_ATTR_SLOT: {
    const AttributeEntry *e = entry_for(pc, regs[A], ATTRIBUTE_SLOT);
    if (unlikely(!e)) goto set_attribute_miss;
    Value *slot = &value_at(regs[A], e->offset), old = *slot;
    *slot = instr_flags(instr) & TAKE_C ? regs[C] : retain(regs[C]);
    if (instr_flags(instr) & TAKE_C) regs[C] = UNSET;
    SAVE();
    release_shared(old);
    if (instr_flags(instr) & TAKE_A) consume_register(&regs[A]);
    pc++;
    NEXT();
}
L_SET_ATTR_OUTER: {
    const AttributeEntry *e = entry_for(pc, regs[A], ATTRIBUTE_OUTER);
    if (unlikely(!e)) goto set_attribute_miss;
    Value *slot = &attrs_at(as_object(regs[A]), e->attrs)->outer.slots[e->index], old = *slot;
    *slot = retain(regs[C]);
    SAVE();
    release_shared(old);
    CONSUME();
    pc++;
    NEXT();
}
L_SET_ATTR_ADD: {
    const AttributeEntry *e = entry_for(pc, regs[A], ATTRIBUTE_ADD);
    if (unlikely(!e)) goto set_attribute_miss;
    value_at(regs[A], e->offset) = instr_flags(instr) & TAKE_C ? regs[C] : retain(regs[C]);
    if (instr_flags(instr) & TAKE_C) regs[C] = UNSET;
    atomic_store_explicit(&attrs_at(as_object(regs[A]), e->attrs)->shape, e->next_shape, memory_order_release);
    if (instr_flags(instr) & TAKE_A) {
        SAVE();
        consume_register(&regs[A]);
    }
    pc++;
    NEXT();
}
L_SET_ATTR_MEMBER: {
    const AttributeEntry *e = entry_for(pc, regs[A], ATTRIBUTE_MEMBER);
    if (unlikely(!e)) goto set_attribute_miss;
    Value old = value_at(regs[A], e->offset);
    value_at(regs[A], e->offset) = retain(regs[C]);
    SAVE();
    release_shared(old);
    CONSUME();
    pc++;
    NEXT();
}
set_attribute_miss:
    attribute_specialise_set(frame->code, (Instr *)pc - 1, regs[A], constants[B]);
    goto set_attribute;
L_SET_ATTR_DYNAMIC:
    EFFECT(object_set_attribute(regs[A], regs[B], regs[C]));
    NEXT();
L_DELETE_ATTR:
    EFFECT(object_set_attribute(regs[A], constants[B], UNSET));
    NEXT();
L_GET_METHOD:
    if (cache_counts((Instr *)pc)) attribute_specialise_method(frame->code, (Instr *)pc - 1, regs[B], constants[C]);
get_method: {
    SAVE();
    Value callee, receiver = regs[B];
    int found = object_get_method(receiver, constants[C], &callee);
    if (unlikely(found < 0)) {
        CONSUME();
        goto error;
    }
    if (instr_flags(instr) & TAKE_B) regs[B] = UNSET;
    else if (found) retain(receiver);
    SET(A, callee);
    SET(A + 1, found ? receiver : UNSET);
    if (!found && instr_flags(instr) & TAKE_B) release(receiver);
    pc++;
    NEXT();
}
L_GET_METHOD_TYPE: {
    Value receiver = regs[B];
    const AttributeEntry *e = entry_for(pc, receiver, ATTRIBUTE_METHOD);
    if (unlikely(!e)) goto get_method_miss;
    Value first = receiver;
    if (unlikely(e->receiver)) {
        first = e->receiver == BINDS_CLASS ? retain(type_value(type_of(receiver))) : UNSET;
        value = retain(e->value);
        CONSUME_B();
        regs[A] = value;
    } else {
        if (instr_flags(instr)) regs[B] = UNSET;
        else object_retain(as_object(receiver));
        regs[A] = retain_object(e->value);
    }
    regs[A + 1] = first;
    pc++;
    NEXT();
}
L_GET_METHOD_MODULE: {
    const AttributeEntry *e = object_entry(pc, regs[B], ATTRIBUTE_MODULE);
    if (unlikely(!e)) goto get_method_miss;
    Value v = retain(module_entry(regs[B], e));
    SAVE();
    CONSUME();
    regs[A] = v;
    regs[A + 1] = UNSET;
    pc++;
    NEXT();
}
L_GET_METHOD_CLASS: {
    const AttributeEntry *e = object_entry(pc, regs[B], ATTRIBUTE_CLASS);
    if (unlikely(!e)) goto get_method_miss;
    Value v = retain(e->value), first = e->receiver == BINDS_CLASS ? retain(regs[B]) : UNSET;
    CONSUME_B();
    regs[A] = v;
    regs[A + 1] = first;
    pc++;
    NEXT();
}
get_method_miss:
    attribute_specialise_method(frame->code, (Instr *)pc - 1, regs[B], constants[C]);
    goto get_method;
L_GET_SUPER_METHOD: {
    SAVE();
    Value receiver, callee = attribute_super(regs[B], regs[B + 1], regs[B + 2], constants[C], &receiver);
    for (unsigned i = B; i < B + 3u; i++) SET(i, UNSET);
    if (unlikely(is_unset(callee))) goto error;
    SET(A, callee);
    SET(A + 1, receiver);
    pc++;
    NEXT();
}
L_GET_SUPER_ATTR: {
    SAVE();
    Value v = attribute_super(regs[B], regs[B + 1], regs[B + 2], constants[C], NULL);
    for (unsigned i = B; i < B + 3u; i++) SET(i, UNSET);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_GET_ITEM: {
    Value container = regs[B], key = regs[C];
    if (is_small_int(key) && list_is_exact(container)) {
        List *list = as_list(container);
        int64_t i = as_small_int(key);
        if (i < 0) i += (int64_t)list->length;
        if (likely((uint64_t)i < list->length)) {
            Value v = load_shared(&list->items[i]);
            CONSUME_B();
            SET(A, v);
            pc++;
            NEXT();
        }
    }
    Value function = script_method(container, names.__getitem__);
    if (is_set(function)) {
        pc++;
        SAVE();
        Frame *above = special_push(frame, function, FRAME_CALL, container, key, UNSET, 2);
        if (above) {
            above->result = (uint16_t)A;
            CONSUME();
            goto enter_frame;
        }
        pc--;
    }
    RESULT(operate_get_item(container, key));
    pc++;
    NEXT();
}
L_GET_ITEM_K: {
    Value container = regs[B], key = constants[C];
    if (is_small_int(key) && tuple_is_exact(container) && (uint64_t)as_small_int(key) < tuple_length(container)) {
        Value v = retain(tuple_at(container, (size_t)as_small_int(key)));
        CONSUME_B();
        SET(A, v);
        pc++;
        NEXT();
    }
    Value function = script_method(container, names.__getitem__);
    if (is_set(function)) {
        pc++;
        SAVE();
        Frame *above = special_push(frame, function, FRAME_CALL, container, key, UNSET, 2);
        if (above) {
            above->result = (uint16_t)A;
            CONSUME();
            goto enter_frame;
        }
        pc--;
    }
    RESULT(operate_get_item(container, key));
    pc++;
    NEXT();
}
L_SET_ITEM: {
    Value container = regs[A], key = regs[B];
    if (is_small_int(key) && list_is_exact(container)) {
        List *list = as_list(container);
        int64_t i = as_small_int(key);
        if (i < 0) i += (int64_t)list->length;
        if (likely((uint64_t)i < list->length)) {
            Value old = list->items[i];
            list->items[i] = retain(regs[C]);
            SAVE();
            CONSUME();
            release_shared(old);
            pc++;
            NEXT();
        }
    }
    Value function = script_method(container, names.__setitem__);
    if (is_set(function)) {
        pc++;
        SAVE();
        Frame *above = special_push(frame, function, FRAME_DISCARD, container, key, regs[C], 3);
        if (above) {
            CONSUME();
            goto enter_frame;
        }
        pc--;
    }
    EFFECT(dict_is_exact(container) ? dict_set(container, key, regs[C]) : object_set_item(container, key, regs[C]));
    pc++;
    NEXT();
}
L_DELETE_ITEM:
    EFFECT(object_set_item(regs[A], regs[B], UNSET));
    NEXT();
L_BUILD_SLICE: {
    SAVE();
    Instr after = __atomic_load_n(pc, __ATOMIC_RELAXED);
    if (C == 2 && instr_op(after) == OP_GET_ITEM && instr_c(after) == A && instr_flags(after) & TAKE_C) {
        Value part = operate_slice(regs[instr_b(after)], regs[B], regs[B + 1]);
        if (likely(is_set(part))) { /* no slice is made when it would only be looked at */
            instr = after;
            pc += 2;
            CONSUME_B();
            SET(A, part);
            NEXT();
        }
        if (unlikely(error_pending())) goto error;
    }
    Value v = build_slice(regs + B, C);
    consume_run(regs + B, C);
    SET_OR_FAIL(A, v);
    NEXT();
}

/* Operators -------------------------------------------------------------------------------------------------------- */
    BINARY_FAMILY(ADD, ADD_BODY)
    BINARY_FAMILY(SUBTRACT, SUBTRACT_BODY)
    BINARY_FAMILY(MULTIPLY, MULTIPLY_BODY)
    BINARY_FAMILY(MATMUL, GENERIC_BODY)
    BINARY_FAMILY(TRUE_DIVIDE, TRUE_DIVIDE_BODY)
    BINARY_FAMILY(FLOOR_DIVIDE, FLOOR_DIVIDE_BODY)
    BINARY_FAMILY(MODULO, MODULO_BODY)
    BINARY_FAMILY(POWER, GENERIC_BODY)
    BINARY_FAMILY(LSHIFT, LSHIFT_BODY)
    BINARY_FAMILY(RSHIFT, RSHIFT_BODY)
    BINARY_FAMILY(AND, AND_BODY)
    BINARY_FAMILY(OR, OR_BODY)
    BINARY_FAMILY(XOR, XOR_BODY)
L_NEGATIVE: {
    Value v = regs[B];
    if (is_double(v)) {
        SET(A, from_double(-as_double(v)));
        NEXT();
    }
    if (is_small_int(v) && as_small_int(v) != SMALL_INT_MIN) {
        SET(A, from_small_int(-as_small_int(v)));
        NEXT();
    }
    RESULT(object_unary(UNARY_NEGATIVE, v));
    NEXT();
}
L_POSITIVE:
    RESULT(object_unary(UNARY_POSITIVE, regs[B]));
    NEXT();
L_INVERT:
    RESULT(object_unary(UNARY_INVERT, regs[B]));
    NEXT();
L_NOT:
    if (is_bool(regs[B])) {
        SET(A, (Value){regs[B].bits ^ 1});
        NEXT();
    }
    TRUTH_RESULT(truth_of(regs[B]), 0);
    NEXT();
    COMPARE_FAMILY(LT, <)
    COMPARE_FAMILY(LE, <=)
    COMPARE_FAMILY(EQ, ==)
    COMPARE_FAMILY(NE, !=)
    COMPARE_FAMILY(GT, >)
    COMPARE_FAMILY(GE, >=)
operate: {
    bool constant = operand != &regs[C];
    SAVE();
    Value left = regs[B], right = *operand, function = UNSET;
    bool assigns = in_place;
    if (is_script_instance(left)) function = operate_special_binary(left, right, (BinaryOp)operation, &in_place);
    else if (is_script_instance(right)) {
        function = operate_special_reflected(left, right, (BinaryOp)operation);
        left = right;
        right = regs[B];
    }
    Frame *above = is_set(function) ? special_push(frame, function, FRAME_BINARY, left, right, UNSET, 2) : NULL;
    if (above) {
        operation |= (in_place ? OPERATION_IN_PLACE : 0) | (assigns ? OPERATION_ASSIGNS : 0);
        above->result = (uint16_t)A;
        above->operation = (uint8_t)operation;
        above->constant = constant;
        goto enter_frame;
    }
    if (assigns) RESULT(operate_inplace(regs[B], *operand, (BinaryOp)operation));
    else RESULT(operate_binary(regs[B], *operand, (BinaryOp)operation));
    NEXT();
}
compare: {
    SAVE();
    if (is_number(regs[B]) && is_number(*operand)) {
        SET(A, from_bool(operate_compare(regs[B], *operand, (CompareOp)operation)));
        NEXT();
    }
    if (unlikely(frame->depth >= frame_depth_limit) && is_object(regs[B])) goto compare_too_deep;
    Value function = operate_special_compare(regs[B], *operand, (CompareOp)operation);
    Frame *above = is_set(function) ? special_push(frame, function, FRAME_COMPARE, regs[B], *operand, UNSET, 2) : NULL;
    if (above) {
        above->result = (uint16_t)A;
        above->operation = (uint8_t)operation;
        above->constant = operand != &regs[C];
        goto enter_frame;
    }
    RESULT(object_compare(regs[B], *operand, (CompareOp)operation));
    NEXT();
}
/* Names and other interned strings differ when they are not the same. */
compare_jump: {
    int truth;
    SAVE();
    if ((operation == COMPARE_EQ || operation == COMPARE_NE) && are_interned(regs[B], *operand))
        truth = same(regs[B], *operand) == (operation == COMPARE_EQ);
    else {
        if (unlikely(frame->depth >= frame_depth_limit) && is_object(regs[B])) goto compare_too_deep;
        Value function = operate_special_compare(regs[B], *operand, (CompareOp)operation);
        Frame *above = is_set(function) ? special_push(frame, function, FRAME_COMPARE_JUMP, regs[B], *operand, UNSET, 2) : NULL;
        if (above) {
            above->operation = (uint8_t)operation;
            above->constant = operand != &regs[C];
            above->wanted = wanted;
            goto enter_frame;
        }
        truth = operate_compare(regs[B], *operand, (CompareOp)operation);
    }
    CONSUME();
    if (unlikely(truth < 0)) goto error;
    if (truth == wanted) JUMP(instr_signed_a(instr));
    NEXT();
}
compare_too_deep:
    raise_error(&RecursionError_type, "maximum recursion depth exceeded in comparison");
    CONSUME();
    goto error;
L_IS:
    TRUTH_RESULT(same(regs[B], regs[C]), 1);
    NEXT();
L_IS_NOT:
    TRUTH_RESULT(same(regs[B], regs[C]), 0);
    NEXT();
L_IN:
    wanted = true;
    goto contains;
L_NOT_IN:
    wanted = false;
contains: {
    SAVE();
    Frame *above = contains_push(frame, regs[C], regs[B], FRAME_CONTAINS);
    if (above) {
        above->result = (uint16_t)A;
        above->wanted = wanted;
        goto enter_frame;
    }
    TRUTH_RESULT(object_contains(regs[C], regs[B]), (int)wanted);
    NEXT();
}

/* Jumps ---------------------------------------------------------------------------------------------------------- */
L_JUMP:
    JUMP(instr_wide(instr));
    NEXT();
L_JUMP_IF_TRUE:
    JUMP_ON_TRUTH(1)
L_JUMP_IF_FALSE:
    JUMP_ON_TRUTH(0)
L_JUMP_IF_TRUE_OR_DROP:
    JUMP_ON_TRUTH_OR_DROP(1)
L_JUMP_IF_FALSE_OR_DROP:
    JUMP_ON_TRUTH_OR_DROP(0)
L_JUMP_IF_NONE:
    if (is_none(regs[A])) JUMP(instr_wide(instr));
    else {
        SAVE();
        CONSUME();
    }
    NEXT();
L_JUMP_IF_NOT_NONE:
    if (!is_none(regs[A])) {
        SAVE();
        CONSUME();
        JUMP(instr_wide(instr));
    }
    NEXT();
L_JUMP_IF_IN:
    wanted = true;
    goto contains_jump;
L_JUMP_IF_NOT_IN:
    wanted = false;
contains_jump: {
    SAVE();
    Frame *above = contains_push(frame, regs[C], regs[B], FRAME_CONTAINS_JUMP);
    if (above) {
        above->wanted = wanted;
        goto enter_frame;
    }
    int truth = object_contains(regs[C], regs[B]);
    CONSUME();
    if (unlikely(truth < 0)) goto error;
    if (truth == wanted) JUMP(instr_signed_a(instr));
    NEXT();
}
L_JUMP_IF_IS: {
    bool is = same(regs[B], regs[C]);
    SAVE();
    CONSUME();
    if (is) JUMP(instr_signed_a(instr));
    NEXT();
}
L_JUMP_IF_IS_NOT: {
    bool is = same(regs[B], regs[C]);
    SAVE();
    CONSUME();
    if (!is) JUMP(instr_signed_a(instr));
    NEXT();
}

/* Iteration ------------------------------------------------------------------------------------------------------ */
L_GET_ITER:
    RESULT(object_iterate(regs[B]));
    pc++;
    NEXT();
L_FOR_NEXT: {
    Value iterator = regs[B];
    pc++;
    Type *type = type_of(iterator);
    if (type == &range_iterator_type) {
        RangeIterator *range = (RangeIterator *)as_object(iterator);
        if (likely(range->remaining)) {
            range->remaining--;
            SET(A, from_small_int(range->next));
            range->next += range->step;
            JUMP(instr_signed_c(instr));
            NEXT();
        }
        goto iterator_over;
    }
    if (type == &list_iterator_type) {
        ListIterator *it = (ListIterator *)as_object(iterator);
        if (likely(is_set(it->list)) && it->index < as_list(it->list)->length) {
            SET(A, load_shared(&as_list(it->list)->items[it->index++]));
            JUMP(instr_signed_c(instr));
            NEXT();
        }
    }
    SAVE();
    if (type == &generator_type) {
        if (generator_enter(as_generator(iterator), NONE, FRAME_ITERATE, (uint16_t)A)) goto enter_frame;
        if (error_pending()) goto error;
        goto iterator_over;
    }
    if (type == &tuple_iterator_type) {
        TupleIterator *it = (TupleIterator *)as_object(iterator);
        if (likely(is_set(it->tuple)) && it->index < tuple_length(it->tuple)) {
            SET(A, retain(tuple_at(it->tuple, it->index++)));
            JUMP(instr_signed_c(instr));
            NEXT();
        }
    }
    const Instr *body = pc + instr_signed_c(instr);
    if (instr_op(*body) == OP_UNPACK && instr_b(*body) == 2 && instr_c(*body) == A && instr_flags(*body)) {
        Value pair[2]; /* no tuple is made when it would only be taken apart */
        int taken = iterator_take_pair(iterator, pair);
        if (taken > 0) {
            unsigned first = instr_a(*body);
            SET(first, pair[0]);
            SET(first + 1, pair[1]);
            pc = body + 2;
            POLL();
            NEXT();
        }
        if (taken == 0) {
            if (unlikely(error_pending()) && !error_absorb(&StopIteration_type)) goto error;
            goto iterator_over;
        }
    }
    if (likely(!(type->flags & TYPE_HEAP) && type->next)) {
        Value item = type->next(iterator);
        if (likely(is_set(item))) {
            SET(A, item);
            JUMP(instr_signed_c(instr));
            NEXT();
        }
        if (unlikely(error_pending()) && !error_absorb(&StopIteration_type)) goto error;
        goto iterator_over;
    }
    {
        Value function = script_method(iterator, names.__next__);
        Frame *above = is_set(function) ? special_push(frame, function, FRAME_STEP, iterator, UNSET, UNSET, 1) : NULL;
        if (above) {
            above->result = (uint16_t)A;
            goto enter_frame;
        }
        Value item = iterator_next(iterator);
        if (is_set(item)) {
            SET(A, item);
            JUMP(instr_signed_c(instr));
            NEXT();
        }
        if (unlikely(error_pending()) && !error_absorb(&StopIteration_type)) goto error;
    }
iterator_over:
    SAVE();
    SET(B, UNSET);
    NEXT();
}
L_UNPACK: {
    SAVE();
    Value v = regs[C];
    if (instr_flags(instr)) regs[C] = UNSET;
    else retain(v);
    unsigned n = B;
    if (tuple_is_exact(v) && tuple_length(v) == n) {
        for (unsigned i = 0; i < n; i++) SET(A + i, retain(tuple_at(v, i)));
        release(v);
    } else {
        Value parts_[8], *parts = n <= 8 ? parts_ : unpack_buffer(n);
        bool done = parts && unpack_exact(parts, n, v);
        release(v);
        if (done) for (unsigned i = 0; i < n; i++) SET(A + i, parts[i]);
        if (parts != parts_) unpack_buffer_free(parts);
        if (unlikely(!done)) goto error;
    }
    pc++;
    NEXT();
}
L_UNPACK_EX: {
    SAVE();
    Value v = regs[C];
    if (instr_flags(instr)) regs[C] = UNSET;
    else retain(v);
    size_t before = B, after = (size_t)*pc, n = before + 1 + after;
    Value *parts = unpack_buffer(n);
    bool done = parts && unpack_starred(parts, before, after, v);
    release(v);
    if (done) for (size_t i = 0; i < n; i++) SET(A + i, parts[i]);
    unpack_buffer_free(parts);
    if (unlikely(!done)) goto error;
    pc++;
    NEXT();
}

/* Building ------------------------------------------------------------------------------------------------------- */
L_BUILD_TUPLE: {
    SAVE();
    Value v = tuple_steal(regs + B, C);
    for (unsigned i = B, end = B + C; i < end; i++) regs[i] = UNSET;
    SET_OR_FAIL(A, v);
    NEXT();
}
L_BUILD_LIST: {
    SAVE();
    Value v = C ? list_steal(regs + B, C) : list_new(0);
    for (unsigned i = B, end = B + C; i < end; i++) regs[i] = UNSET;
    SET_OR_FAIL(A, v);
    NEXT();
}
L_BUILD_SET: {
    SAVE();
    Value v = build_set(regs + B, C);
    consume_run(regs + B, C);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_BUILD_MAP: {
    SAVE();
    Value v = build_map(regs + B, C);
    consume_run(regs + B, 2 * (size_t)C);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_BUILD_STRING: {
    SAVE();
    Value v = str_concat_many(regs + B, C);
    consume_run(regs + B, C);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_FORMAT: {
    SAVE();
    bool has_spec = C >> 15;
    Value v = regs[B];
    if (!has_spec && (C & 0x7FFF) == 0 && str_is_exact(v)) regs[B] = UNSET;
    else {
        v = build_format(v, C & 0x7FFF, has_spec ? regs[B + 1] : UNSET);
        consume_run(regs + B, 1 + has_spec);
    }
    SET_OR_FAIL(A, v);
    NEXT();
}
L_LIST_APPEND: {
    SAVE();
    Value item = regs[B];
    if (instr_flags(instr) & TAKE_B) regs[B] = UNSET;
    else retain(item);
    if (unlikely(!list_append_steal(regs[A], item))) goto error;
    NEXT();
}
L_LIST_EXTEND:
    EFFECT(build_list_extend(regs[A], regs[B], C != 0, NULL));
    NEXT();
L_LIST_TO_TUPLE:
    RESULT(list_to_tuple(regs[B]));
    NEXT();
L_SET_ADD:
    EFFECT(set_add(regs[A], regs[B]));
    NEXT();
L_SET_UPDATE:
    EFFECT(set_update(regs[A], regs[B]));
    NEXT();
L_MAP_ADD:
    EFFECT(dict_set(regs[A], regs[B], regs[C]));
    NEXT();
L_MAP_UPDATE:
    EFFECT(dict_update_mapping(regs[A], regs[B]));
    NEXT();
L_MAP_MERGE:
    EFFECT(dict_merge_unique(regs[A], regs[B], regs[C]));
    NEXT();

/* Calls ---------------------------------------------------------------------------------------------------------- */
L_CALL:
    base = regs + B;
    count = C;
    pc += 2;
call_base: {
    frame->pc = pc;
    Value callee = *base;
    Type *type = likely(is_object(callee)) ? as_object(callee)->type : NULL;
    Frame *above;
    if (likely(type == &function_type)) {
        above = function_push(frame, as_function(callee), base + 1, count);
        if (unlikely(!above)) goto call_generally;
        *base = UNSET;
    } else {
        if (type == &native_function_type || type == &native_method_type) goto call_native;
        if (!type) goto call_generally;
        if (type->flags & TYPE_TYPE_SUB) goto call_class;
        above = call_push_other(frame, base, type, count);
        if (!above) goto call_generally;
    }
    above->result = (uint16_t)A;
    frame = above;
    regs = above->regs;
    pc = above->code->instrs;
    constants = above->code->constants;
    POLL();
    NEXT();
}
call_native: {
    const Native *n = (const Native *)(const void *)as_object(*base);
    NativeFn fn = n->def->fn;
    unsigned given = count;
    if (n->head.type == &native_method_type) {
        if (unlikely(!count || type_of(base[1]) != n->owner)) goto call_generally;
        if (unlikely(fn == generator_send) && count == 2 && is_exactly(base[1], &generator_type)) goto call_generator;
        given--;
    }
    if (likely(n->direct == given && is_unset(n->self))) value = fn(base + 1, count);
    else if (fn == builtin_next && count == 1 && is_exactly(base[1], &generator_type)) goto call_generator;
    else if (is_set(n->self)) {
        Value callee = *base;
        *base = retain(n->self);
        if (!native_filled(n, base, count + 1, given, &value)) {
            release(*base);
            *base = callee;
            goto call_generally;
        }
        release(callee);
    } else if (!native_filled(n, base + 1, count, given, &value)) goto call_generally;
call_used:
    for (Value *used = base, *end = base + count; used <= end; used++) {
        Value old = *used;
        if (!is_object(old)) continue;
        *used = UNSET;
        object_release(as_object(old));
    }
    SET_OR_FAIL(A, value);
    POLL(); /* a signal that came while it blocked is served at the line that waited */
    NEXT();
}
call_class: {
    Type *class = as_type(*base);
    if (unlikely(class->head.type->call != type_type.call)) goto call_generally;
    if (class->flags & TYPE_HEAP) {
        Frame *above = construct_push(frame, base, count);
        if (unlikely(!above)) goto call_generally;
        above->result = (uint16_t)A;
        goto enter_frame;
    }
    if (unlikely(class == &type_type || class->flags & TYPE_DISALLOW_NEW || !class->make)) goto call_generally;
    value = construct_built_in(class, base + 1, count);
    goto call_used;
}
/* next(generator) and generator.send(value) run it on the machine. */
call_generator:
    value = count == 2 ? retain(base[2]) : NONE;
    if (generator_enter(as_generator(base[1]), value, FRAME_NEXT, (uint16_t)A)) goto enter_frame;
    consume_run(base, count + 1);
    if (!error_pending()) raise_stop_iteration(UNSET);
    goto error;
call_generally:
    if (same(*base, type_value(&type_type)) && count == 1) {
        value = retain(type_value(type_of(base[1])));
        consume_run(base, 2);
        SET(A, value);
        NEXT();
    }
    OUTCOME(call_begin(frame, base, count, UNSET, (Return){FRAME_CALL, (uint16_t)A}, &out_));
    POLL();
    NEXT();
L_CALL_METHOD:
    base = regs + B;
    count = C;
    pc += 2;
    if (is_unset(base[1])) {
        base[1] = base[0];
        base[0] = UNSET;
        base++;
        count--;
    }
    goto call_base;
L_CALL_KW:
    base = regs + B;
    count = C;
    value = base[C + 1];
    base[C + 1] = UNSET;
call_named: {
    SAVE();
    Value names_ = value, out;
    Outcome outcome = call_begin(frame, base, count - tuple_length(names_), names_, (Return){FRAME_CALL, (uint16_t)A}, &out);
    release(names_);
    if (outcome == OUTCOME_FAILED) goto error;
    if (outcome == OUTCOME_PUSHED) goto enter_frame;
    SET(A, out);
    NEXT();
}
L_CALL_METHOD_KW:
    base = regs + B;
    count = C;
    value = base[C + 1];
    base[C + 1] = UNSET;
    if (is_unset(base[1])) {
        base[1] = base[0];
        base[0] = UNSET;
        base++;
        count--;
    }
    goto call_named;
L_CALL_EX:
    SAVE();
    OUTCOME(call_begin_ex(frame, regs + B, (Return){FRAME_CALL, (uint16_t)A}, &out_));
    NEXT();
L_MAKE_FUNCTION: {
    SAVE();
    Value v = build_function(frame, as_code(constants[B]), C == NO_REG ? NULL : regs + C);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_RUN_COMPREHENSION:
    SAVE();
    OUTCOME(comprehension_begin(frame, as_code(constants[B]), regs + C, (Return){FRAME_CALL, (uint16_t)A}, &out_));
    NEXT();
L_MAKE_FUNCTION_DYNAMIC: {
    Value code = regs[B];
    RESULT(build_function(frame, as_code(code), C == NO_REG ? NULL : regs + C));
    NEXT();
}
L_RETURN_CONST:
    value = retain(constants[A]);
    goto leave_frame;
L_RETURN:
    value = regs[A];
    regs[A] = UNSET;
leave_frame:
    SAVE();
    if (likely(frame->kind <= FRAME_CONSTRUCT && !frame->flags && is_unset(frame->object))) {
        if (frame->kind == FRAME_CONSTRUCT) {
            if (unlikely(!is_none(value))) goto leave_slowly;
            value = frame->instance;
            frame->instance = UNSET;
        }
        release_locals(frame);
        Frame *back = frame->back;
        Value function = frame->function;
        unsigned reg = frame->result;
        frame->function = UNSET;
        machine.frame = back;
        frame = back;
        regs = frame->regs;
        release(function);
        pc = frame->pc;
        constants = frame->code->constants;
        SET(reg, value);
        NEXT();
    }
    goto leave_slowly;

/* Generators ----------------------------------------------------------------------------------------------------- */
L_YIELD:
    value = regs[B];
    if (instr_flags(instr) & TAKE_B) regs[B] = UNSET;
    else retain(value);
    SAVE();
    if (frame->code->flags & CODE_ASYNC_GENERATOR) {
        value = async_generator_wrap(value);
        if (is_unset(value)) goto error;
    }
    goto yield_value;
L_DELEGATE: {
    Value receiver = regs[C];
    SAVE();
    if (is_exactly(receiver, &generator_type) || is_exactly(receiver, &coroutine_type)) {
        Value sent = regs[B];
        regs[B] = UNSET;
        if (generator_enter(as_generator(receiver), sent, FRAME_DELEGATE, (uint16_t)A)) goto enter_frame;
        if (error_pending()) goto error;
        value = NONE;
        goto delegate_over;
    }
    int step = delegate_step(receiver, regs[B], &value);
    SET(B, UNSET);
    if (step == 1) goto yield_value;
    if (step < 0) goto error;
delegate_over:
    SET(C, UNSET);
    SET(A, value);
    NEXT();
}
L_GET_YIELD_FROM:
    RESULT(await_delegate_iterator(frame, regs[B]));
    NEXT();
L_GET_AWAITABLE:
    RESULT(await_iterator(regs[B], C));
    NEXT();
L_GET_AITER:
    RESULT(await_async_iterator(regs[B]));
    NEXT();
L_GET_ANEXT:
    RESULT(await_next(regs[B]));
    NEXT();
L_END_ASYNC_FOR: {
    SAVE();
    Value exception = regs[A];
    regs[A] = UNSET;
    end_catch(frame, regs + A);
    if (!object_is_instance_exact_or_sub(exception, &StopAsyncIteration_type)) {
        error_restore(exception);
        goto reraise;
    }
    release(exception);
    CONSUME();
    NEXT();
}

/* Exceptions ----------------------------------------------------------------------------------------------------- */
L_RAISE:
    SAVE();
    raise_statement(regs[A], B == NO_REG ? UNSET : regs[B], B != NO_REG);
    CONSUME();
    goto error;
L_RAISE_AGAIN:
    SAVE();
    if (raise_again()) goto reraise;
    goto error;
L_CATCH: {
    SAVE();
    Value *handled = machine.handled, exception = error_take();
    Value before = *handled;
    if (frame->flags & FRAME_IN_GENERATOR && frame_generator(frame)->catches++ == 0) {
        release(before);
        before = UNSET;
    }
    *handled = retain(exception);
    SET(A, exception);
    SET(A + 1, before);
    NEXT();
}
L_MATCH_EXCEPTION:
    TRUTH_RESULT(raise_match(regs[B], regs[C]), 1);
    NEXT();
L_END_CATCH:
    SAVE();
    end_catch(frame, regs + A);
    SET(A, UNSET);
    NEXT();
L_RERAISE: {
    SAVE();
    Value exception = regs[A];
    regs[A] = UNSET;
    end_catch(frame, regs + A);
    error_restore(exception);
    goto reraise;
}
L_MATCH_GROUP: {
    SAVE();
    Value match, rest;
    bool done = raise_match_group(regs[B], regs[C], &match, &rest);
    CONSUME();
    if (unlikely(!done)) goto error;
    SET(A, match);
    SET(A + 1, rest);
    NEXT();
}
L_SET_HANDLED:
    SAVE();
    replace(error_handled(), retain(regs[A]));
    NEXT();
L_GROUP_RESULT: {
    SAVE();
    Value v = raise_group_result(regs[B], regs[C]);
    SET(C, UNSET);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_WITH_ENTER:
L_ASYNC_WITH_ENTER: {
    SAVE();
    ContextMethods found;
    bool done = context_methods(regs[B], instr_op(instr) == OP_ASYNC_WITH_ENTER, &found);
    CONSUME();
    if (unlikely(!done)) goto error;
    SET(A, found.exit);
    SET(A + 1, found.exit_self);
    SET(A + 2, found.enter);
    SET(A + 3, found.enter_self);
    NEXT();
}
L_WITH_EXCEPT:
    RESULT(context_exit(regs[B], regs[B + 1], regs[C]));
    NEXT();

/* Imports and patterns ------------------------------------------------------------------------------------------- */
L_IMPORT_NAME: {
    SAVE();
    Value v = import_statement(frame, constants[B], regs[C], regs[C + 1]);
    consume_run(regs + C, 2);
    SET_OR_FAIL(A, v);
    NEXT();
}
L_IMPORT_FROM:
    RESULT(import_from(regs[B], constants[C]));
    NEXT();
L_IMPORT_STAR:
    EFFECT(import_all(frame, regs[A]));
    NEXT();
L_MATCH_SEQUENCE:
    SET(A, from_bool(type_of(regs[B])->flags & TYPE_SEQUENCE));
    NEXT();
L_MATCH_MAPPING:
    SET(A, from_bool(type_of(regs[B])->flags & TYPE_MAPPING));
    NEXT();
L_MATCH_LENGTH: {
    if (tuple_is_exact(regs[B])) {
        SET(A, from_small_int((int64_t)tuple_length(regs[B])));
        NEXT();
    }
    SAVE();
    int64_t length = object_length(regs[B]);
    if (length < 0) goto error;
    SET(A, from_small_int(length));
    NEXT();
}
L_MATCH_KEYS:
    RESULT(match_keys(regs[B], regs[C]));
    NEXT();
L_MATCH_REST:
    RESULT(match_rest(regs[B], regs[C]));
    NEXT();
L_MATCH_CLASS: {
    SAVE();
    Value v = match_class(regs[B], regs[C], (size_t)*pc, regs[C + 1]);
    consume_run(regs + C, 2);
    SET_OR_FAIL(A, v);
    pc++;
    NEXT();
}
L_MATCH_ITEM: {
    int64_t index = instr_signed_c(instr);
    if (tuple_is_exact(regs[B]) && (uint64_t)index < tuple_length(regs[B])) {
        SET(A, retain(tuple_at(regs[B], (size_t)index)));
        NEXT();
    }
    SAVE();
    if (index < 0) {
        int64_t length = object_length(regs[B]);
        if (length < 0) goto error;
        index += length;
    }
    RESULT(object_get_item_index(regs[B], index));
    NEXT();
}
L_PRINT_VALUE:
    EFFECT(print_value(regs[A]));
    NEXT();
L_bad:
    SAVE();
    raise_error(&SystemError_type, "unknown opcode");
    goto error;

/* Leaving frames ------------------------------------------------------------------------------------------------- */
leave_slowly: {
    unsigned kind = frame->kind, reg = frame->result;
    bool constant = frame->constant;
    operation = frame->operation;
    wanted = frame->wanted;
    if (frame->flags & FRAME_IN_GENERATOR) generator_finish(frame_generator(frame));
    else if (kind > FRAME_ENTRY && !frame->flags && is_unset(frame->object)) {
        Value function = frame->function;
        frame->function = UNSET;
        release_locals(frame);
        machine.frame = frame->back;
        release(function);
    } else {
        Value instance = frame->instance;
        frame->instance = UNSET;
        frame_end(frame);
        if (kind == FRAME_CONSTRUCT) value = construct_result(instance, value);
    }
    if (kind == FRAME_ENTRY) {
        *result = value;
        return 0;
    }
    LOAD_FRAME();
    instr = pc[-1];
    switch (kind) {
    case FRAME_ITERATE:
        SET(instr_b(pc[-2]), UNSET);
        release(value);
        NEXT();
    case FRAME_DELEGATE:
        goto delegate_over;
    case FRAME_NEXT:
        instr = pc[-3];
        consume_run(regs + B, (size_t)C + 1);
        raise_stop_iteration(is_none(value) ? UNSET : value);
        release(value);
        goto error;
    case FRAME_DISCARD:
        release(value);
        NEXT();
    case FRAME_STEP:
        SET(reg, value);
        JUMP(instr_signed_c(pc[-2]));
        NEXT();
    case FRAME_CONTAINS:
    case FRAME_CONTAINS_JUMP: {
        int truth = truth_of(value);
        release(value);
        CONSUME();
        if (unlikely(truth < 0)) goto error;
        if (kind == FRAME_CONTAINS) SET(reg, from_bool(truth == wanted));
        else if (truth == wanted) JUMP(instr_signed_a(instr));
        NEXT();
    }
    case FRAME_BINARY:
    case FRAME_COMPARE:
    case FRAME_COMPARE_JUMP:
        operand = constant ? &constants[C] : &regs[C];
        if (unlikely(same(value, NOT_IMPLEMENTED))) {
            value = kind != FRAME_BINARY ? operate_compare_refused(regs[B], *operand, (CompareOp)operation)
                                         : operate_binary_refused(regs[B], *operand, operation);
        }
        CONSUME();
        if (unlikely(is_unset(value))) goto error;
        if (kind != FRAME_COMPARE_JUMP) {
            SET(reg, value);
            NEXT();
        }
        {
            int truth = is_bool(value) ? (int)same(value, TRUE_VALUE) : truth_of(value);
            release(value);
            if (unlikely(truth < 0)) goto error;
            if (truth == wanted) JUMP(instr_signed_a(instr));
        }
        NEXT();
    default:
        if (unlikely(is_unset(value))) goto error;
        SET(reg, value);
        NEXT();
    }
}

/* A generator's frame leaves the machine with a value for whoever resumed it. */
yield_value: {
    unsigned kind = frame->kind, reg = frame->result;
    generator_suspend(frame_generator(frame));
    if (kind == FRAME_ENTRY) {
        *result = value;
        return 1;
    }
    LOAD_FRAME();
    if (kind == FRAME_DELEGATE) goto yield_value;
    if (kind == FRAME_NEXT) {
        instr = pc[-3];
        consume_run(regs + B, (size_t)C + 1);
    }
    SET(reg, value);
    if (kind == FRAME_ITERATE) JUMP(instr_signed_c(pc[-2]));
    NEXT();
}

/* An exception was thrown into a generator: it goes to whatever the generator delegates to. */
thrown:
    if (frame->flags & FRAME_IN_GENERATOR && frame->pc > frame->code->instrs && instr_op(pc[-1]) == OP_DELEGATE) {
        instr = pc[-1];
        Value receiver = regs[C];
        if ((is_exactly(receiver, &generator_type) || is_exactly(receiver, &coroutine_type)) && !error_matches(&GeneratorExit_type)) {
            if (!generator_enter(as_generator(receiver), UNSET, FRAME_DELEGATE, (uint16_t)A)) goto error;
            LOAD_FRAME();
            goto thrown;
        }
        int step = delegate_throw(receiver, &value);
        if (step == 1) goto yield_value;
        if (step == 0) goto delegate_over;
    }
error:
    if (!unwind(false)) return -1;
    LOAD_FRAME();
    NEXT();
reraise:
    if (!unwind(true)) return -1;
    LOAD_FRAME();
    NEXT();
}
