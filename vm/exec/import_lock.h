/* Modules that are being loaded: another thread that imports one waits until it is complete.
 *
 * A thread that would wait for itself, through modules that other threads load, gets the incomplete module instead, as
 * does a module that imports itself in a circle.
 */
#ifndef EXEC_IMPORT_LOCK_H
#define EXEC_IMPORT_LOCK_H

#include "runtime/conc/thread.h"

typedef struct Load {
    Value name;      /* interned, borrowed */
    Thread *thread;
    struct Load *next;
} Load;

/* Waits while another thread loads that module.  False: a signal handler raised. */
bool import_wait(Value name);
/* The calling thread loads it from begin to end; `load` is the caller's. */
void import_load_begin(Load *load, Value name);
void import_load_end(Load *load);

#endif
