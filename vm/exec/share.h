/* What threads share without meaning to: while the lock is off it is not counted.
 *
 * Code objects with their constants, functions and classes of modules, built-in functions and methods, and modules with
 * their dicts are used by every thread all the time.  Counting references to them would be the race that every program
 * has, and would make cores wait for each other; so they become immortal, as PEP 703 does it: those that exist when the
 * lock goes, and afterwards those that a module or class body makes.  Interned strings and built-in types always are.
 */
#ifndef EXEC_SHARE_H
#define EXEC_SHARE_H

#include "runtime/mem/type.h"

/* What scripts share on purpose is exposed: containers, cells, and instances of their own classes.  Immutable objects are
 * not, nor is what the library makes to let threads meet: locks, events, queues, threads. */
bool share_exposes(const Type *type);

/* Once at start: listens for the lock to go. */
void share_start(void);
/* A function or class that the innermost frame has just made; returned as it is. */
Value share_definition(Value v);

#endif
