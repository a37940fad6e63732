/* Start and end of this floor, and small pieces that the loop calls. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/lock_places.h"
#include "vm/code/code_replace.h"
#include "vm/exec/bug_report.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/import.h"
#include "vm/exec/loop.h"
#include "vm/exec/specialised.h"
#include "vm/exec/share.h"
#include "vm/exec/unraisable.h"
#include "vm/front/parse.h"

/* What super() without arguments means: the __class__ cell and the first argument of the running function. */
static bool super_arguments(Value *type, Value *object) {
    Frame *frame = machine.frame;
    if (!frame_runs_script(frame)) return raise_runtime_error("super(): no current frame"), false;
    const Code *code = frame->code;
    if (!code->argcount && !(code->flags & CODE_VARARGS)) return raise_runtime_error("super(): no arguments"), false;
    Value first = frame->regs[0];
    if (is_exactly(first, &cell_type)) first = ((Cell *)as_object(first))->value;
    for (size_t i = 0; is_unset(first) && i < code->cellcount; i++)
        if (same(tuple_at(code->cellnames, i), tuple_at(code->varnames, 0)))
            first = ((Cell *)as_object(frame->regs[code->cell_base + i]))->value;
    if (is_unset(first)) return raise_runtime_error("super(): arg[0] deleted"), false;
    for (size_t i = 0; i < code->freecount; i++) {
        if (!same(tuple_at(code->freenames, i), names.__class__)) continue;
        *type = ((Cell *)as_object(frame->regs[code->free_base + i]))->value;
        *object = first;
        return is_set(*type) || (raise_runtime_error("super(): empty __class__ cell"), false);
    }
    return raise_runtime_error("super(): __class__ cell not found"), false;
}

static Value current_module(void) {
    Value globals = exec_globals();
    return is_set(globals) ? retain(dict_get_str(globals, names.__name__)) : UNSET;
}

static Value import_absolute(Value name) { return import_named(str_utf8(name, NULL)); }

/* warnings.warn_explicit(message, category, filename, line) */
static bool source_warning(Type *category, Value message, Value filename, int32_t line) {
    Value warn = import_attribute("warnings", "warn_explicit");
    if (is_unset(warn)) return false;
    Value args[] = {message, type_value(category), filename, from_small_int(line)};
    Value result = call(warn, args, 4, UNSET);
    release(warn);
    release(result);
    return is_set(result);
}

/* The general opcode whose name a specialised one begins with. */
static unsigned general_opcode(unsigned op) {
    if (op == OP_LOAD_BUILTIN_CACHED) return OP_LOAD_GLOBAL;
    unsigned found = OP_NOP;
    size_t longest = 0;
    for (unsigned general = 0; general < OP_FIRST_SPECIALISED; general++) {
        size_t n = strlen(opcode_info[general].name);
        if (n <= longest || strncmp(opcode_info[op].name, opcode_info[general].name, n) != 0) continue;
        found = general;
        longest = n;
    }
    return found;
}

static void forget_caches(Instr *instrs, uint32_t count) {
    for (uint32_t i = 0; i < count;) {
        unsigned op = instr_op(instrs[i]), caches = opcode_info[op].caches;
        if (op >= OP_FIRST_SPECIALISED) specialise(&instrs[i], general_opcode(op));
        for (i++; caches > 0; caches--) instrs[i++] = 0;
    }
}

bool exec_start(void) {
    code_forget_caches = forget_caches;
    lock_places_start();
    bug_report_start();
    share_start();
    import_hook = import_absolute;
    error_unraisable_hook = unraisable_report;
    super_arguments_hook = super_arguments;
    current_module_hook = current_module;
    front_warning = source_warning;
    static Type *const types[] = {
        &code_type,
        &function_type,
        &frame_type,
        &traceback_type,
        &generator_type,
        &coroutine_type,
        &async_generator_type,
        &coroutine_wrapper_type,
        &async_generator_step_type,
        &async_generator_throw_type,
        &async_generator_value_type,
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
