/* What every module written in C includes: the runtime, and how a module is described. */
#ifndef STDLIB_STDLIB_H
#define STDLIB_STDLIB_H

#include "runtime/runtime.h"
#include "vm/exec/import.h"

#endif
