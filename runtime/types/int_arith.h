/* The operators of int on operands that are int_is, beside those that int.h offers to everybody. */
#ifndef TYPES_INT_ARITH_H
#define TYPES_INT_ARITH_H

#include "runtime/types/int.h"

Value int_true_divide(Value a, Value b);
bool int_divide_modulo(Value a, Value b, Value *quotient, Value *remainder); /* both owned */
Value int_divmod(Value a, Value b);                                          /* tuple */
Value int_power_modulo(Value a, Value b, Value modulus);
Value int_shift_left(Value a, Value b);
Value int_shift_right(Value a, Value b);
Value int_and(Value a, Value b);
Value int_or(Value a, Value b);
Value int_xor(Value a, Value b);
Value int_negate(Value v);
Value int_invert(Value v);
Value int_absolute(Value v);
int int_order(Value a, Value b); /* <0, 0, >0 */

#endif
