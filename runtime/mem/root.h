/* Static variables of C that own objects: registered, so that the end of the runtime can release them all. */
#ifndef MEM_ROOT_H
#define MEM_ROOT_H

#include "runtime/mem/object.h"

/* Registers a static variable, once however often it is called.  The variable may be unset or change later. */
void root_add(Value *variable);
/* Releases what all of them hold, the latest registered first, and forgets them. */
void root_release_all(void);

#endif
