/* Makes the module builtins from the tables of functions, types and exceptions. */
#include "vm/exec/builtins.h"

#include "runtime/types/object.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/exception.h"
#include "runtime/types/iterators.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/exec.h"

static Value module;

Value builtins_module(void) { return module; }
Value builtins_dict(void) { return module_dict(module); }

#define TYPE(c_name, builtin_name) extern Type c_name;
#include "runtime/types/types.def"
#undef TYPE

static bool add_types(Value dict) {
    static const struct {
        Type *type;
        const char *name;
    } rows[] = {
#define TYPE(c_name, builtin_name) {&c_name, builtin_name},
#include "runtime/types/types.def"
#undef TYPE
#define EXCEPTION(exception_name, base, doc) {&exception_name##_type, #exception_name},
#include "runtime/types/exceptions.def"
#undef EXCEPTION
        {&OSError_type, "IOError"},
        {&OSError_type, "EnvironmentError"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].name && !dict_set_utf8(dict, rows[i].name, type_value(rows[i].type))) return false;
    return true;
}

static bool add_functions(Value dict, const NativeDef *rows) {
    Value name = names.builtins;
    for (; rows->name; rows++) {
        Value function = native_new(rows, UNSET, name);
        if (is_unset(function)) return false;
        object_make_immortal(as_object(function)); /* calling them counts nothing */
        bool added = dict_set_utf8(dict, rows->name, function);
        if (!added) return false;
    }
    return true;
}

static bool add_constants(Value dict) {
    return dict_set_utf8(dict, "None", NONE) && dict_set_utf8(dict, "True", TRUE_VALUE) &&
           dict_set_utf8(dict, "False", FALSE_VALUE) && dict_set_utf8(dict, "NotImplemented", NOT_IMPLEMENTED) &&
           dict_set_utf8(dict, "Ellipsis", ELLIPSIS) && dict_set_utf8(dict, "__debug__", TRUE_VALUE);
}

bool builtins_start(void) {
    Value doc = str_from("Built-in functions, types, exceptions, and other objects.");
    if (is_unset(doc)) return false;
    module = module_new(names.builtins, doc);
    release(doc);
    if (is_unset(module)) return false;
    ((ModuleObject *)as_object(module))->built_in = true;
    Value dict = module_dict(module);
    exec_builtins_dict = runtime_builtins = dict;
    return add_constants(dict) && add_types(dict) && add_functions(dict, builtin_value_functions) &&
           add_functions(dict, builtin_attribute_functions) && add_functions(dict, builtin_code_functions) &&
           add_functions(dict, builtin_text_functions) && builtins_add_site(dict);
}

void builtins_end(void) {
    exec_builtins_dict = runtime_builtins = UNSET;
    clear(&module);
}
