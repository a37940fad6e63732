/* The iterator types behind built-in functions: enumerate, zip, map, filter, reversed, iter(callable, sentinel),
 * sequence iterators. */
#ifndef TYPES_ITERATORS_H
#define TYPES_ITERATORS_H

#include "runtime/mem/type.h"

extern Type enumerate_type, zip_type, map_type, filter_type, reversed_type, callable_iterator_type,
    sequence_iterator_type;

typedef struct Enumerate {
    Object head;
    Value iterator;
    Value index;     /* exact int: the next one */
    Value pair;      /* tuple made last, filled again when nobody else holds it */
} Enumerate;

typedef struct Zip {
    Object head;
    Value iterators; /* tuple of iterators */
    Value row;       /* tuple made last, as in Enumerate */
    bool strict;
} Zip;

Value sequence_iterator_new(Value sequence);            /* by __getitem__ from 0 on */
Value callable_iterator_new(Value callable, Value sentinel);

#endif
