/* Ending frames, and what can be asked about the running ones. */
#include "vm/exec/frame.h"

#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/exec.h"

Value exec_builtins_dict;
Value (*exec_modules)(void);

void frame_release_registers(Frame *frame) {
    for (Value *r = frame->regs, *end = r + frame->code->nregs; r < end; r++) {
        Value old = *r;
        *r = UNSET;
        release(old);
    }
}

void frame_end(Frame *frame) {
    if (is_set(frame->object)) frame_object_detach(frame);
    frame_release_registers(frame);
    machine.frame = frame->back;
    if (frame->flags & FRAME_OWN_CHUNK) frame_leave_chunk(frame);
    Value function = frame->function, namespace = frame->namespace, instance = frame->instance;
    frame->function = frame->namespace = frame->instance = UNSET;
    release(instance);
    release(namespace);
    release(function);
}

int frame_line(const Frame *frame) { return code_position(frame->code, frame_index(frame)).line; }

static bool add_local(Value into, Value name, Value value) {
    if (is_set(value)) return dict_set(into, name, value);
    return dict_remove(into, name, NULL) >= 0;
}

static Value cell_content(Value cell) {
    return is_exactly(cell, &cell_type) ? ((Cell *)as_object(cell))->value : cell;
}

static bool add_cells(Value into, Value cell_names, const Value *cells) {
    for (size_t i = 0; i < tuple_length(cell_names); i++)
        if (!add_local(into, tuple_at(cell_names, i), cell_content(cells[i]))) return false;
    return true;
}

static bool add_variables(const Frame *frame, Value into) {
    const Code *code = frame->code;
    for (size_t i = 0; i < code->varcount; i++)
        if (!add_local(into, tuple_at(code->varnames, i), cell_content(frame->regs[i]))) return false;
    return add_cells(into, code->cellnames, frame->regs + code->cell_base) &&
           add_cells(into, code->freenames, frame->regs + code->free_base);
}

Value frame_locals(Frame *frame) {
    if (is_set(frame->namespace)) return retain(frame->namespace);
    FrameObject *object = (FrameObject *)as_object(frame_object(frame));
    if (!object) return UNSET;
    if (is_unset(object->locals)) object->locals = dict_new();
    if (is_unset(object->locals) || !add_variables(frame, object->locals)) return UNSET;
    return retain(object->locals);
}

Value exec_globals(void) { return frame_runs_script(machine.frame) ? machine.frame->globals : UNSET; }

Value exec_builtins(void) { return frame_runs_script(machine.frame) ? machine.frame->builtins : exec_builtins_dict; }

Value exec_locals(void) {
    if (!frame_runs_script(machine.frame)) return raise_runtime_error("no current frame");
    return frame_locals(machine.frame);
}

Value exec_frame(int64_t depth) {
    Frame *frame = machine.frame;
    while (depth-- > 0 && frame_runs_script(frame)) frame = frame->back;
    if (!frame_runs_script(frame)) return raise_value_error("call stack is not deep enough");
    return retain(frame_object(frame));
}

int exec_line(void) { return frame_runs_script(machine.frame) ? frame_line(machine.frame) : 0; }

Value exec_filename(void) { return frame_runs_script(machine.frame) ? machine.frame->code->filename : UNSET; }
