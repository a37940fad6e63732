/* Start and end of this floor, and small pieces that the loop calls. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/loop.h"

bool exec_start(void) {
    static Type *const types[] = {
        &code_type, &function_type, &frame_type, &traceback_type, &generator_type, &coroutine_type, &async_generator_type,
        &coroutine_wrapper_type, &async_generator_step_type, &async_generator_throw_type, &async_generator_value_type,
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!type_ready(types[i])) return false;
    return true;
}

void exec_end(void) {}

Value construct_result(Value instance, Value returned) {
    if (is_none(returned)) return instance;
    raise_type_error("__init__() should return None, not '%T'", returned);
    release(returned);
    release(instance);
    return UNSET;
}

void frame_load_closure(Frame *frame, const Function *f) {
    Value *free_cells = frame->regs + f->code->free_base;
    for (size_t i = 0; i < f->code->freecount; i++) free_cells[i] = retain(tuple_at(f->closure, i));
}
