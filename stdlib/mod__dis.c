/* The module _dis: listings of scr's own bytecode. */
#include "stdlib/stdlib.h"

#include "vm/code/code.h"
#include "vm/code/compile.h"

static Value dis_listing(const Value *args, size_t count) {
    if (!object_is_instance_exact_or_sub(args[0], &code_type))
        return raise_type_error("listing() argument must be code");
    return code_disassemble((const Code *)as_object(args[0]));
}

static const char *const opcode_names[] = {
#define OP(name, ...) #name,
#include "vm/code/opcodes.def"
};

static bool fill(Value dict) {
    size_t count = sizeof opcode_names / sizeof *opcode_names;
    Value names_list = list_new(count);
    bool made = is_set(names_list);
    for (size_t i = 0; made && i < count; i++) {
        Value name = str_from(opcode_names[i]);
        made = is_set(name) && list_append(names_list, name);
        release(name);
    }
    made = made && dict_set_utf8(dict, "opname", names_list);
    release(names_list);
    return made;
}

static const NativeDef functions[] = {
    FUNCTION("listing", "code, /", dis_listing, "The bytecode of a code object as text."),
    NATIVE_END,
};

const ModuleDef mod__dis = {"_dis", "Listings of bytecode.", functions, fill, NULL};
