/* TRAVERSE: one line of a traverse slot.  Returns from the slot when the visitor wants to stop. */
#ifndef TYPES_TRAVERSE_H
#define TYPES_TRAVERSE_H

#include "runtime/mem/type.h"

#define TRAVERSE(value)                                   \
    do {                                                  \
        Value traversed_ = (value);                       \
        if (is_object(traversed_)) {                      \
            int stopped_ = visit(traversed_, context);    \
            if (stopped_) return stopped_;                \
        }                                                 \
    } while (0)

#endif
