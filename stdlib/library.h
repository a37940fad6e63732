/* The table of the standard library, made from modules.def. */
#ifndef STDLIB_LIBRARY_H
#define STDLIB_LIBRARY_H

#include "vm/exec/import.h"

extern const ModuleRow stdlib_rows[];

#endif
