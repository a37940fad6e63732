/* The table of the standard library, made from modules.def and left_out.def. */
#include "stdlib/library.h"

#define NATIVE(identifier, name) extern const ModuleDef mod_##identifier;
#define SCRIPT(identifier, name, path) extern const char script_##identifier[], script_end_##identifier[];
#define PACKAGE SCRIPT
#define MISSING(identifier, name, package)
#include "stdlib/modules.def"
#undef NATIVE
#undef SCRIPT
#undef MISSING

const ModuleRow stdlib_rows[] = {
#undef PACKAGE
#define NATIVE(identifier, name) {name, &mod_##identifier, 0, 0, 0, false, 0},
#define SCRIPT(identifier, name, path) {name, 0, script_##identifier, script_end_##identifier, path, false, 0},
#define PACKAGE(identifier, name, path) {name, 0, script_##identifier, script_end_##identifier, path, true, 0},
#define MISSING(identifier, name, package) {name, 0, 0, 0, 0, false, package},
#include "stdlib/modules.def"
#define LEFT_OUT(name) {#name, 0, 0, 0, 0, false, ""},
#include "stdlib/left_out.def"
    {0},
};
