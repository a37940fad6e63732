/* Importing: sys.modules, the search for files, packages, relative names.
 *
 * Order of the search for a top-level name: sys.modules, the modules written in C and a few others that the runtime
 * itself uses, each folder of sys.path (NAME/ with __init__, NAME.scr, NAME.py), then the standard library
 * in the binary.  A script beside the main script may so replace a library module, as in Python.
 */
#ifndef EXEC_IMPORT_H
#define EXEC_IMPORT_H

#include "runtime/types/native.h"

/* A module written in C. */
typedef struct ModuleDef {
    const char *name, *doc;
    const NativeDef *functions;  /* or NULL */
    bool (*fill)(Value dict);    /* adds types and constants; or NULL */
    bool (*ready)(void);         /* makes its types ready; called first; or NULL */
} ModuleDef;

/* One row of the standard library (stdlib/modules.def). */
typedef struct ModuleRow {
    const char *name;
    const ModuleDef *native;         /* or NULL */
    const char *source, *source_end; /* of a .scr module in the binary, or NULL */
    const char *path;                /* its place in the source tree: stdlib/json.scr */
    bool is_package;
    const char *missing;             /* Debian package of the library it was built without; "": not part of scr; or NULL */
} ModuleRow;

/* Registers the standard library (ends with a row without name); once, before import_start(). */
void import_set_library(const ModuleRow *rows);
const ModuleRow *import_library(void);
bool import_start(void);
void import_end(void);

/* sys.modules (borrowed dict) and the dict of sys (borrowed). */
Value import_modules(void);
Value sys_dict(void);
/* sys.NAME; borrowed, UNSET with nothing pending when absent. */
Value sys_get(Value name);

/* The `import` statement's function: what __import__ does.  fromlist: tuple or NONE. */
Value import_module(Value name, Value globals, Value fromlist, int64_t level);
/* Imports an absolute name and returns that very module (not its top package).  For C code. */
Value import_named(const char *name);
/* Module attribute in one step: import_attribute("io", "open"). */
Value import_attribute(const char *module, const char *attribute);
/* `from module import name`. */
Value import_from(Value module, Value name);
/* (source bytes, file name, is a package) of a module that is not loaded by this, or None when there is no source. */
Value import_find_source(Value name);
/* Adds the public names of a module to a namespace. */
bool import_star(Value module, Value namespace);

#endif
