/* Exceptions: BaseException and the tree below it (exceptions.def). */
#ifndef TYPES_EXCEPTION_H
#define TYPES_EXCEPTION_H

#include "runtime/mem/type.h"
#include "runtime/types/shape.h"

typedef struct Exception {
    Object head;
    Value args;      /* tuple */
    Value cause;     /* unset or exception */
    Value context;
    Value traceback; /* traceback object or UNSET */
    Value notes;     /* list or UNSET */
    bool suppress_context;
    Value extra[6];  /* fields of the special ones: StopIteration.value, OSError errno.., SyntaxError.., Unicode.., Group.. */
} Exception;

#define EXCEPTION(name, base, doc) extern Type name##_type;
#include "runtime/types/exceptions.def"
#undef EXCEPTION

static inline bool exception_is(Value v) { return type_has(v, TYPE_EXCEPTION_SUB); }
static inline Exception *as_exception(Value v) { return (Exception *)as_object(v); }
/* A class derived from BaseException? */
bool exception_is_class(Value v);

/* StopIteration.value, or NONE; borrowed. */
Value stop_iteration_value(Value exception);
/* New instance: exception_type(*args). */
Value exception_new(Type *type, const Value *args, size_t count);
/* Does a raised exception match the expression of an except clause (class or tuple)?  -1: TypeError "catching classes that do not inherit from BaseException is not allowed". */
int exception_matches(Value exception, Value classes);
/* except*: splits; *match and *rest are owned or NONE. */
bool exception_group_split(Value exception, Value classes, Value *match, Value *rest);
/* `raise X from Y`: instance from class or instance, cause may be UNSET; leaves it pending, returns UNSET always. */
Value exception_raise(Value exception_or_class, Value cause);

#endif
