/* What can be done to any value: the operations behind the operators and most built-in functions. */
#ifndef TYPES_OBJECT_H
#define TYPES_OBJECT_H

#include "runtime/mem/type.h"
#include "runtime/types/names.h"

Value object_repr(Value v);  /* str; guards recursion of the C stack */
Value object_str(Value v);
Value object_ascii(Value v);
Value object_format(Value v, Value spec); /* spec: str or UNSET */
bool object_hash(Value v, int64_t *out);
bool type_unhashable(Value v,
                     int64_t *out); /* hash slot of types without hashes: TypeError "unhashable type: 'list'" */

/* Rich comparison with reflection and subclass priority; result as the operands give it. */
Value object_compare(Value a, Value b, CompareOp op);
int object_compare_truth(Value a, Value b, CompareOp op); /* -1 failed */
int object_equal(Value a, Value b); /* identity first, as containers compare; -1 failed */
int object_truth(Value v);          /* -1 failed */
bool object_is_instance_exact_or_sub(Value v, const Type *type); /* by type only, no hooks */
int object_is_instance(Value v, Value class_or_tuple);  /* with __instancecheck__ */
int object_is_subclass(Value v, Value class_or_tuple);
bool type_is_subtype(const Type *a, const Type *b);

Value object_get_attribute(Value v, Value name);
/* 1 found (*out owned), 0 not found (no exception pending), -1 failed. */
int object_find_attribute(Value v, Value name, Value *out);
bool object_set_attribute(Value v, Value name, Value value); /* value unset: delete */
Value object_get_attribute_utf8(Value v, const char *name);
Value generic_get_attribute(Value v, Value name);            /* object.__getattribute__ */
bool generic_set_attribute(Value v, Value name, Value value);

Value object_binary(BinaryOp op, Value a, Value b);
Value object_inplace(BinaryOp op, Value a, Value b);
Value object_inplace_declined(BinaryOp op, Value a, Value b); /* what remains when the in-place method refused */
Value object_binary_refused(BinaryOp op, Value a, Value b, bool in_place); /* the TypeError when all refused */
Value object_power(Value base, Value exponent, Value modulus); /* modulus may be NONE */
Value object_unary(UnaryOp op, Value v);
const char *binary_symbol(BinaryOp op); /* "+", ... */

int64_t object_length(Value v);       /* -1: TypeError "object of type 'int' has no len()" or as raised */
int64_t object_length_hint(Value v, int64_t fallback); /* -1 failed */
Value object_get_item(Value v, Value key);     /* also list[int] of types: __class_getitem__ */
bool object_set_item(Value v, Value key, Value value); /* value unset: delete */
int object_contains(Value container, Value item);
Value object_get_item_index(Value v, int64_t index);

Value object_iterate(Value v);                 /* "'int' object is not iterable" */
/* Next value; UNSET with nothing pending: exhausted (StopIteration absorbed). */
Value iterator_next(Value iterator);
bool is_iterator(Value v);
Value iterator_next_refused(Value v); /* the slot of a class that lost its __next__ while its instances iterate */

/* Calls visit for each item of any iterable until it returns false with or without an exception pending; fast for lists
 * and tuples. */
bool object_each(Value iterable, bool (*visit)(Value item, void *context), void *context);

Value object_dir(Value v); /* sorted list */
int64_t object_id(Value v); /* address of an object; a stable made-up number for immediates */

const char *object_address(Value v); /* "0x7f..", as reprs show it; valid until the thread's next call */
/* The same questions without the hooks of metaclasses: what type.__instancecheck__ answers. */
int object_is_instance_plain(Value v, Value class);
int object_is_subclass_plain(Value v, Value class);

/* The dict of builtins (borrowed) and how a module is imported (owned): set by vm/exec. */
extern Value runtime_builtins;
extern Value (*import_hook)(Value name);
Value object_builtin(const char *name);                    /* owned */
Value object_import(const char *module, const char *name); /* owned; name NULL: the module */

extern const CompareOp compare_reflected[]; /* a < b is b > a */

/* Index and integer conversion.  "'str' object cannot be interpreted as an integer". */
Value object_index(Value v);                     /* int, exact */
bool object_as_int64(Value v,
                     int64_t *out); /* through __index__; OverflowError "Python int too large to convert to C long" */
bool object_as_index(Value v, int64_t *out, Type *overflow); /* as above; overflow NULL: clamps, else raises that type:
                                                                "cannot fit 'int' into an index-sized integer" */
bool object_as_double(Value v, double *out);     /* __float__, __index__; "must be real number, not str" */

/* While a container's repr is being made: true when it is already being made further out (then write "[...]"). */
int repr_enter(Value v); /* 1: already inside; 0: entered; -1 failed */
void repr_leave(Value v);

#endif
