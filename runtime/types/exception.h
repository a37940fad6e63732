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
    Value extra[6]; /* fields of the special ones: StopIteration.value, OSError errno.., SyntaxError.., Unicode..,
                       Group.. */
} Exception;

/* What the fields of `extra` mean, by kind. */
enum {
    EXTRA_VALUE = 0,                                                     /* StopIteration.value, SystemExit.code */
    EXTRA_NAME = 0, EXTRA_OBJECT = 1,                                    /* NameError, AttributeError */
    EXTRA_IMPORT_MSG = 0, EXTRA_IMPORT_NAME = 1, EXTRA_IMPORT_PATH = 2,
    EXTRA_ERRNO = 0, EXTRA_STRERROR = 1, EXTRA_FILENAME = 2, EXTRA_FILENAME2 = 3, EXTRA_WRITTEN = 4, /* OSError */
    EXTRA_SYNTAX_MSG = 0, EXTRA_SYNTAX_FILE = 1, EXTRA_LINENO = 2, EXTRA_OFFSET = 3, EXTRA_TEXT = 4,
    EXTRA_SYNTAX_END = 5,                                                /* tuple (end_lineno, end_offset) */
    EXTRA_ENCODING = 0, EXTRA_UNICODE_OBJECT = 1, EXTRA_START = 2, EXTRA_END = 3, EXTRA_REASON = 4, /* Unicode*Error */
    EXTRA_GROUP_MESSAGE = 0, EXTRA_GROUP_EXCEPTIONS = 1,                 /* exceptions: tuple */
    EXTRA_COUNT = 6
};

#define EXCEPTION(name, base, doc) extern Type name##_type;
#include "runtime/types/exceptions.def"
#undef EXCEPTION

static inline bool exception_is(Value v) { return type_has(v, TYPE_EXCEPTION_SUB); }
static inline Exception *as_exception(Value v) { return (Exception *)as_object(v); }
/* A class derived from BaseException? */
bool exception_is_class(Value v);

/* StopIteration.value, or NONE; borrowed. */
bool exceptions_start(void); /* makes all their types ready; types_start calls it */

Value stop_iteration_value(Value exception);
/* New instance: exception_type(*args). */
Value exception_new(Type *type, const Value *args, size_t count);
/* Does a raised exception match the expression of an except clause (class or tuple)?  -1: TypeError "catching classes
 * that do not inherit from BaseException is not allowed". */
int exception_matches(Value exception, Value classes);
/* except*: splits; *match and *rest are owned or NONE. */
bool exception_group_split(Value exception, Value classes, Value *match, Value *rest);
/* `raise X from Y`: instance from class or instance, cause may be UNSET; leaves it pending, returns UNSET always. */
Value exception_raise(Value exception_or_class, Value cause);

#endif
