/* The import statements, and the display of values in the interactive mode. */
#include "runtime/types/call.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/import.h"
#include "vm/exec/ops.h"

static Value import_through(Value function, Frame *frame, Value name, Value fromlist, Value level) {
    Value locals = is_set(frame->namespace) ? frame->namespace : NONE;
    Value args[5] = {name, frame->globals, locals, fromlist, level};
    return call(function, args, 5, UNSET);
}

Value import_statement(Frame *frame, Value name, Value fromlist, Value level) {
    Value function = dict_get_str(frame->builtins, names.__import__);
    if (is_unset(function)) return raise_error(&ImportError_type, "__import__ not found");
    if (!is_exactly(function, &native_function_type)) return import_through(function, frame, name, fromlist, level);
    return import_module(name, frame->globals, fromlist, as_small_int(level));
}

bool import_all(Frame *frame, Value module) {
    return import_star(module, is_set(frame->namespace) ? frame->namespace : frame->globals);
}

bool print_value(Value v) {
    Value hook = sys_get(str_intern_cstr("displayhook"));
    if (is_unset(hook)) return raise_runtime_error("lost sys.displayhook"), false;
    Value done = call1(hook, v);
    release(done);
    return is_set(done);
}
