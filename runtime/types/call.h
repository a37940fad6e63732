/* Calling any callable.  The vector convention everywhere: `count` positional values, then one value for each name in
 * `kwnames` (a tuple of str, or UNSET).  Everything is borrowed, the result is owned.
 */
#ifndef TYPES_CALL_H
#define TYPES_CALL_H

#include "runtime/mem/type.h"

Value call(Value callee, const Value *args, size_t count, Value kwnames);
Value call0(Value callee);
Value call1(Value callee, Value a);
Value call2(Value callee, Value a, Value b);
Value call3(Value callee, Value a, Value b, Value c);
/* With a tuple (or any sequence object made to a tuple by the caller) and a dict or UNSET. */
Value call_tuple_dict(Value callee, Value args, Value kwargs);

/* callee(self, args...), the values of kwnames behind args as ever. */
Value call_with_self(Value callee, Value self, const Value *args, size_t count, Value kwnames);

/* object.name(args...): looked up like any attribute, but no bound method is made.  name: interned str. */
Value call_method(Value object, Value name, const Value *args, size_t count, Value kwnames);
Value call_method0(Value object, Value name);
Value call_method1(Value object, Value name, Value a);
Value call_method2(Value object, Value name, Value a, Value b);

/* Looks `name` up on the type, as special methods are: *out is owned and unbound-or-bound so that call with
 * (self_needed ? self first : not). Returns 1 found, 0 not found, -1 error. */
int special_lookup(Value object, Value name, Value *out, bool *self_needed);
/* type(object).name(object, args...).  Not found: returns NOT_IMPLEMENTED-free UNSET with TypeError pending if
 * `missing` is not NULL, the message of that format getting the type's name as %s; else AttributeError. */
Value call_special(Value object, Value name, const Value *args, size_t count, const char *missing);

bool is_callable(Value v);

/* "module.f()" as messages about calls name the callee; the module of built-ins stays unsaid.  Owned. */
Value callee_text(Value callee);

#endif
