/* _contextvars: Context, ContextVar, Token, copy_context. */
#include "runtime/loop/context.h"
#include "stdlib/stdlib.h"

static Value copy_context(const Value *args, size_t count) { return task_context_copy(); }

static const NativeDef functions[] = {
    FUNCTION("copy_context", "", copy_context, "A copy of the current context."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "Context", type_value(&context_type)) &&
           dict_set_utf8(dict, "ContextVar", type_value(&context_var_type)) &&
           dict_set_utf8(dict, "Token", type_value(&context_token_type));
}

const ModuleDef mod__contextvars = {"_contextvars", "Context variables.", functions, fill, task_context_ready};
