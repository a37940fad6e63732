/* Handles: what call_soon(), call_later() and add_reader() return. */
#ifndef LOOP_HANDLE_H
#define LOOP_HANDLE_H

#include "runtime/loop/loop.h"

typedef struct Handle {
    Object head;
    Value loop, callback, args; /* args: a tuple; callback and args are UNSET once it is cancelled */
    Value context;              /* or UNSET: an empty one */
    Value origin;               /* debug mode: traceback of where it was made, else UNSET */
    Value shown;                /* debug mode: its repr when it was cancelled */
    bool cancelled;
    Timer timer;                /* TimerHandle only */
    double when;
    Attrs attrs;
} Handle;

extern Type loop_handle_type, loop_timer_handle_type;

static inline Handle *as_handle(Value v) { return (Handle *)as_object(v); }
static inline bool handle_is(Value v) {
    return is_exactly(v, &loop_handle_type) || is_exactly(v, &loop_timer_handle_type);
}

/* args: a tuple.  context UNSET: a copy of the current one. */
Value handle_new(Value loop, Value callback, Value args, Value context);
Value handle_new_timer(Value loop, double when, Value callback, Value args, Value context);
/* False: the loop has to end, the exception is pending. */
bool handle_run(Value handle);
void handle_cancel(Value handle);

#endif
