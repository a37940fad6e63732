/* The slow paths of the loop: what an instruction does when it is not the common case.
 *
 * Unless said otherwise: operands are borrowed, results are owned, UNSET / false / -1 mean that an exception is
 * pending.
 */
#ifndef EXEC_OPS_H
#define EXEC_OPS_H

#include "vm/exec/call.h"

/* With the BinaryOp in Frame.operation: `a op= b`; and the method is the in-place one. */
enum { OPERATION_ASSIGNS = 0x40, OPERATION_IN_PLACE = 0x80 };

/* names.c.  `at` is the word of the instruction; its cache word follows. */
Value names_load_global(Frame *frame, Instr *at, Value name);
bool names_store_global(Frame *frame, Instr *at, Value name, Value value);
bool names_delete_global(Frame *frame, Value name);
Value names_load(Frame *frame, Instr *at, Value name);
bool names_store(Frame *frame, Value name, Value value);
bool names_delete(Frame *frame, Value name);
bool names_setup_annotations(Frame *frame);
Value names_load_class_cell(Frame *frame, Value name, Value cell, unsigned reg);
Value names_build_class(Frame *frame);
void names_raise_unbound(Value name);
void names_raise_empty_cell(const Code *code, unsigned reg, Value name);

/* operate.c */
Value operate_binary(Value a, Value b, BinaryOp op);
Value operate_inplace(Value a, Value b, BinaryOp op);
/* Steals a. */
Value operate_add_stealing(Value a, Value b);
int operate_compare(Value a, Value b, CompareOp op); /* truth of the comparison */
/* The special method of a script class that an operator comes down to, when nothing else can have a say before it does
 * (borrowed); UNSET: the general way. */
Value operate_special_binary(Value a, Value b, BinaryOp op, bool *in_place); /* clears in_place if it is the plain one */
/* The same for the reflected method of b, when a is a number. */
Value operate_special_reflected(Value a, Value b, BinaryOp op);
Value operate_special_compare(Value a, Value b, CompareOp op);
/* What remains when that method answered NotImplemented. */
Value operate_binary_refused(Value a, Value b, unsigned operation);
Value operate_compare_refused(Value a, Value b, CompareOp op);
Value operate_get_item(Value container, Value key);
/* container[start:stop] of a list, tuple or text whose bounds are small ints or None.  UNSET with nothing pending: it is
 * something else. */
Value operate_slice(Value container, Value start, Value stop);

/* build.c */
Value build_map(const Value *pairs, size_t n);
Value build_set(const Value *items, size_t n);
Value build_slice(const Value *parts, size_t n);
Value build_format(Value v, unsigned how, Value spec);
bool build_list_extend(Value list, Value iterable, bool in_call, const Value *callee);
Value build_function(Frame *frame, Code *code, Value *parts); /* parts: NULL or four values, which are consumed */

/* unpack.c: dest gets owned values. */
bool unpack_exact(Value *dest, size_t n, Value iterable);
bool unpack_starred(Value *dest, size_t before, size_t after, Value iterable);

/* match.c */
Value match_keys(Value subject, Value keys);
Value match_rest(Value subject, Value keys);
Value match_class(Value subject, Value class, size_t positional, Value keywords);

/* context.c */
typedef struct ContextMethods { /* each a callable, and what it takes first or UNSET; owned */
    Value exit, exit_self, enter, enter_self;
} ContextMethods;
bool context_methods(Value manager, bool is_async, ContextMethods *out);
Value context_exit(Value exit, Value self, Value exception);

/* raise.c */
void raise_statement(Value exception, Value cause, bool has_cause);
bool raise_again(void); /* false: a RuntimeError, as nothing is being handled */
int raise_match(Value exception, Value classes);
bool raise_match_group(Value exception, Value classes, Value *match, Value *rest);
Value raise_group_result(Value original, Value list);

/* attribute.c */
Value attribute_super(Value super, Value class, Value self, Value name, Value *receiver);

/* await.c */
Value await_delegate_iterator(Frame *frame, Value v);   /* GET_YIELD_FROM */
Value await_iterator(Value v, unsigned where);          /* GET_AWAITABLE */
Value await_async_iterator(Value v);                    /* GET_AITER */
Value await_next(Value iterator);                       /* GET_ANEXT */
/* One step of an iterator that is not a generator: 1 yielded, 0 over, -1 raised. value borrowed. */
int delegate_step(Value iterator, Value value, Value *result);
/* Throws the pending exception into it. */
int delegate_throw(Value iterator, Value *result);

/* import_ops.c */
Value import_statement(Frame *frame, Value name, Value fromlist, Value level);
bool import_all(Frame *frame, Value module);
bool print_value(Value v);

#endif
