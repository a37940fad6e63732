/* The descriptors that types are made of: computed attributes, fields of __slots__, property and its like. */
#ifndef TYPES_DESCRIPTORS_H
#define TYPES_DESCRIPTORS_H

#include "runtime/types/class.h"
#include "runtime/types/native.h"

typedef struct GetSet {
    Object head;
    Type *owner;           /* owned */
    const MemberDef *def;
} GetSet;

typedef struct Member {
    Object head;
    Value owner;           /* the class */
    Value name;
    uint32_t offset;       /* of the Value in an instance */
} Member;

Value getset_new(Type *owner, const MemberDef *def);
Value member_new(Type *owner, Value name, uint32_t offset);

/* `__dict__` and `__weakref__` of instances, added to the class that introduces them. */
Value instance_get_dict(Value self);
bool instance_set_dict(Value self, Value value);
extern const MemberDef instance_dict_def, instance_weakref_def;

#endif
