/* The slots of exceptions that are more than a name and a place in the tree; put into their types by exceptions.c. */
#ifndef TYPES_EXCEPTION_KINDS_H
#define TYPES_EXCEPTION_KINDS_H

#include "runtime/types/exception.h"
#include "runtime/types/native.h"

/* BaseException's own. */
Value exception_make(Type *type, const Value *args, size_t count, Value kwnames);
bool exception_init(Value self, const Value *args, size_t count, Value kwnames);
Value exception_str(Value self);
extern const MemberDef base_exception_members[];
extern const NativeDef base_exception_methods[];
/* For `init` of kinds that take keywords: sets args, leaves the keywords alone. */
bool exception_set_args(Value self, const Value *args, size_t count);
/* (type, args[, dict]) */
Value exception_reduce_with(Value self, Value args);

/* A field of `extra` as an attribute: None when unset; deleting makes it None. */
Value exception_get_extra(Value self, size_t index);
bool exception_set_extra(Value self, size_t index, Value value);
#define EXTRA_MEMBER(function, index)                                                   \
    static Value get_##function(Value self) { return exception_get_extra(self, index); } \
    static bool set_##function(Value self, Value value) { return exception_set_extra(self, index, value); }

typedef struct ExceptionKind {
    Type *type;
    bool (*init)(Value self, const Value *args, size_t count, Value kwnames);
    Value (*str)(Value self);
    Value (*make)(Type *type, const Value *args, size_t count, Value kwnames);
    const MemberDef *members;
    const NativeDef *methods;
} ExceptionKind;

extern const ExceptionKind simple_kinds[], os_kind, unicode_kinds[], group_kind; /* arrays end with type NULL */

#endif
