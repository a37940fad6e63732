/* _imp_source: the source of modules, for runpy and importlib. */
#include "stdlib/stdlib.h"

static Value find(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("module name must be str, not %T", args[0]);
    return import_find_source(args[0]);
}

static const NativeDef functions[] = {
    FUNCTION("find", "name, /", find, "(source, file, is a package) of a module, or None."),
    NATIVE_END,
};

const ModuleDef mod__imp_source = {"_imp_source", "The source of modules.", functions, NULL, NULL};
