/* Unwinding: from the pending exception to the handler that takes it, frame by frame. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "vm/exec/call.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"

/* The temporaries from `depth` up go. */
static void drop_temporaries(Frame *frame, unsigned depth) {
    for (unsigned i = depth; i < frame->code->nregs; i++) {
        Value old = frame->regs[i];
        if (!is_object(old)) continue;
        frame->regs[i] = UNSET;
        Value pending = error_take();
        release(old);
        error_restore(pending);
    }
}

static bool enter_handler(Frame *frame) {
    const ExceptionRow *row = code_handler(frame->code, frame_index(frame));
    if (!row) return false;
    drop_temporaries(frame, row->depth);
    frame->pc = frame->code->instrs + row->target;
    return true;
}

/* The script iterator of a for loop is exhausted: the loop goes on behind its FOR_NEXT. */
static void end_loop(Frame *frame) { clear(&frame->regs[instr_b(frame->pc[-2])]); }

/* StopIteration must not leave a generator: it would look like its end. */
static void convert_stop(Generator *g) {
    bool is_async = g->head.type == &async_generator_type;
    const char *what = error_matches(&StopIteration_type) ? "StopIteration"
                       : is_async && error_matches(&StopAsyncIteration_type) ? "StopAsyncIteration" : NULL;
    if (!what) return;
    Value stop = error_take();
    raise_error(&RuntimeError_type, "%s raised %s", generator_kind(g), what);
    Value error = error_take();
    if (is_unset(error)) {
        release(stop);
        return;
    }
    replace(&as_exception(error)->context, retain(stop));
    replace(&as_exception(error)->cause, stop);
    as_exception(error)->suppress_context = true;
    error_restore(error);
}

static void leave_generator(Frame *frame) {
    Generator *g = frame_generator(frame);
    convert_stop(g);
    Value pending = error_take();
    generator_finish(g);
    error_restore(pending);
}

static void leave(Frame *frame) {
    if (frame->flags & FRAME_IN_GENERATOR) {
        leave_generator(frame);
        return;
    }
    Value pending = error_take();
    frame_end(frame);
    error_restore(pending);
}

bool unwind(bool again) {
    for (;; again = false) {
        Frame *frame = machine.frame;
        bool is_entry = frame->kind == FRAME_ENTRY, is_step = frame->kind == FRAME_STEP;
        if (!again) traceback_add(frame);
        if (enter_handler(frame)) return true;
        leave(frame);
        if (is_entry) return false;
        if (is_step && error_absorb(&StopIteration_type)) return end_loop(machine.frame), true;
    }
}
