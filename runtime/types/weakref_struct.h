/* What weak references and weak proxies are made of; for weakref.c and weakproxy.c. */
#ifndef TYPES_WEAKREF_STRUCT_H
#define TYPES_WEAKREF_STRUCT_H

#include "runtime/types/weakref.h"

typedef struct Weakref {
    Object head;
    Object *referent;     /* not counted; NULL: dead.  Guarded by the table's lock */
    Value callback;       /* UNSET: none */
    int64_t hash;         /* -1: not asked for yet */
    struct Weakref *next; /* in its chain */
} Weakref;

Value weakproxy_describe(Value proxy);
void weakproxy_clear(Object *o);
int weakproxy_traverse(Object *o, Visit visit, void *context);

#endif
