/* Frames and tracebacks as objects that scripts can hold. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/native.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"
#include "vm/exec/exec.h"
#include "vm/exec/frame.h"
#include "vm/exec/generator.h"

Value frame_object(Frame *frame) {
    if (is_set(frame->object)) return frame->object;
    FrameObject *o = object_allocate(&frame_type, sizeof *o + frame->code->nlocals * sizeof(Value));
    if (!o) return UNSET;
    o->frame = frame;
    o->code = retain(from_object(frame->code));
    o->globals = retain(frame->globals);
    o->builtins = retain(frame->builtins);
    o->namespace = retain(frame->namespace);
    return frame->object = from_object(o);
}

/* The caller becomes an object too, as the link to it must survive. A frame that nobody else holds just goes. */
static void keep_back(FrameObject *o, Frame *frame) {
    Frame *back = frame->back;
    if (frame->flags & FRAME_IN_GENERATOR || !back || !frame_runs_script(back)) return;
    Value pending = error_take();
    o->back = retain(frame_object(back));
    if (is_unset(o->back)) error_clear();
    if (is_set(pending)) error_restore(pending);
}

void frame_object_detach(Frame *frame) {
    FrameObject *o = (FrameObject *)as_object(frame->object);
    frame->object = UNSET;
    o->frame = NULL;
    o->index = frame_index(frame);
    if (rc_load(&o->head.count) > 1) {
        keep_back(o, frame);
        o->count = frame->code->nlocals;
        for (uint32_t i = 0; i < o->count; i++) {
            o->values[i] = frame->regs[i];
            frame->regs[i] = UNSET;
        }
    }
    object_release(o);
}

static FrameObject *as_frame(Value v) { return (FrameObject *)as_object(v); }

static void frame_destroy(Object *self) {
    FrameObject *o = (FrameObject *)self;
    if (o->frame) o->frame->object = UNSET;
    for (uint32_t i = 0; i < o->count; i++) release(o->values[i]);
    release(o->locals);
    release(o->trace);
    release(o->back);
    release(o->namespace);
    release(o->builtins);
    release(o->globals);
    release(o->code);
    object_free(self);
}

static int frame_traverse(Object *self, Visit visit, void *context) {
    FrameObject *o = (FrameObject *)self;
    for (uint32_t i = 0; i < o->count; i++) TRAVERSE(o->values[i]);
    TRAVERSE(o->locals);
    TRAVERSE(o->trace);
    TRAVERSE(o->back);
    TRAVERSE(o->namespace);
    TRAVERSE(o->builtins);
    TRAVERSE(o->globals);
    TRAVERSE(o->code);
    return 0;
}

static void frame_clear_slot(Object *self) {
    FrameObject *o = (FrameObject *)self;
    for (uint32_t i = 0; i < o->count; i++) clear(&o->values[i]);
    clear(&o->locals);
    clear(&o->trace);
    clear(&o->back);
}

static uint32_t object_index(FrameObject *o) { return o->frame ? frame_index(o->frame) : o->index; }

static Value frame_get_back(Value self) {
    FrameObject *o = as_frame(self);
    if (!o->frame) return is_set(o->back) ? retain(o->back) : NONE;
    Frame *back = o->frame->back;
    return back && frame_runs_script(back) ? retain(frame_object(back)) : NONE;
}

static Value frame_get_code(Value self) { return retain(as_frame(self)->code); }
static Value frame_get_globals(Value self) { return retain(as_frame(self)->globals); }
static Value frame_get_builtins(Value self) { return retain(as_frame(self)->builtins); }
static Value frame_get_lasti(Value self) { return from_small_int((int64_t)object_index(as_frame(self)) * 2); }
static Value frame_get_trace(Value self) {
    FrameObject *o = as_frame(self);
    return is_set(o->trace) ? retain(o->trace) : NONE;
}
static bool frame_set_trace(Value self, Value value) {
    replace(&as_frame(self)->trace, retain(value));
    return true;
}

static Value frame_get_lineno(Value self) {
    FrameObject *o = as_frame(self);
    return from_small_int(code_position(as_code(o->code), object_index(o)).line);
}

static Value frame_get_locals(Value self) {
    FrameObject *o = as_frame(self);
    if (is_set(o->namespace)) return retain(o->namespace);
    if (o->frame) return frame_locals(o->frame);
    if (!o->count) return is_set(o->locals) ? retain(o->locals) : dict_new();
    Frame ended = {.code = as_code(o->code), .regs = o->values, .object = self};
    return frame_locals(&ended);
}

static Value frame_repr(Value self) {
    FrameObject *o = as_frame(self);
    Code *code = as_code(o->code);
    Value line = frame_get_lineno(self);
    return str_format("<frame at 0x%llx, file %R, line %d, code %U>", (unsigned long long)self.bits, code->filename,
                      (int)as_small_int(line), code->name);
}

static Value frame_clear(const Value *args, size_t count) {
    (void)count;
    FrameObject *o = as_frame(args[0]);
    if (!o->frame) {
        frame_clear_slot(&o->head);
        o->count = 0;
        return NONE;
    }
    if (!(o->frame->flags & FRAME_IN_GENERATOR) || frame_generator(o->frame)->state == GENERATOR_RUNNING)
        return raise_runtime_error("cannot clear an executing frame");
    return generator_close(from_object(frame_generator(o->frame)));
}

static const MemberDef frame_members[] = {
    {"f_back", frame_get_back, NULL, NULL},
    {"f_code", frame_get_code, NULL, NULL},
    {"f_globals", frame_get_globals, NULL, NULL},
    {"f_builtins", frame_get_builtins, NULL, NULL},
    {"f_locals", frame_get_locals, NULL, NULL},
    {"f_lasti", frame_get_lasti, NULL, NULL},
    {"f_lineno", frame_get_lineno, NULL, NULL},
    {"f_trace", frame_get_trace, frame_set_trace, NULL},
    {0},
};

static const NativeDef frame_methods[] = {
    METHOD("clear", "", frame_clear, "F.clear(): clear most references held by the frame"),
    NATIVE_END,
};

Type frame_type = {
    TYPE_HEAD("frame"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(FrameObject),
    .item_size = sizeof(Value),
    .base = &object_type,
    .methods = frame_methods,
    .members = frame_members,
    .destroy = frame_destroy,
    .traverse = frame_traverse,
    .clear = frame_clear_slot,
    .repr = frame_repr,
};
