/* Instances of classes made by scripts: fields of __slots__, then attributes, around what the built-in base holds. */
#include "runtime/types/instance.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/shape.h"
#include "runtime/types/traverse.h"
#include "runtime/types/type_extra.h"

static Value *fields_of(Object *o, size_t *count) {
    const TypeExtra *extra = o->type->script;
    *count = (extra->fields_end - extra->fields_start) / sizeof(Value);
    return (Value *)(void *)((char *)o + extra->fields_start);
}

static void clear_own(Object *o) {
    size_t count;
    Value *fields = fields_of(o, &count);
    for (size_t i = 0; i < count; i++) clear(&fields[i]);
    attrs_clear(o);
}

void instance_destroy(Object *o) {
    Type *solid = ((TypeExtra *)o->type->script)->solid;
    clear_own(o);
    solid->destroy(o);
}

int instance_traverse(Object *o, Visit visit, void *context) {
    Type *solid = ((TypeExtra *)o->type->script)->solid;
    size_t count;
    Value *fields = fields_of(o, &count);
    for (size_t i = 0; i < count; i++) TRAVERSE(fields[i]);
    int stopped = attrs_traverse(o, visit, context);
    if (stopped) return stopped;
    return solid->traverse ? solid->traverse(o, visit, context) : 0;
}

void instance_clear(Object *o) {
    Type *solid = ((TypeExtra *)o->type->script)->solid;
    clear_own(o);
    if (solid->clear) solid->clear(o);
}

Value instance_new(Type *type) { return from_object(instance_allocate(type, type->basic_size)); }
