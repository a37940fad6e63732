/* Instances of classes made by scripts: the slots of life that every such class has. */
#ifndef TYPES_INSTANCE_H
#define TYPES_INSTANCE_H

#include "runtime/mem/type.h"

void instance_destroy(Object *o);
int instance_traverse(Object *o, Visit visit, void *context);
void instance_clear(Object *o);

#endif
