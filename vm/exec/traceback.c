/* Traceback objects: where an exception passed, innermost frame last. */
#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "vm/exec/exec.h"
#include "vm/exec/frame.h"

/* next is stolen. */
static Value traceback_new(Value next, Value frame, uint32_t index, int32_t line) {
    Traceback *t = object_allocate(&traceback_type, sizeof *t);
    if (!t) {
        release(next);
        return UNSET;
    }
    t->next = next;
    t->frame = retain(frame);
    t->index = index;
    t->line = line;
    return from_object(t);
}

int32_t traceback_line(Traceback *t) {
    if (t->line == TRACEBACK_LINE_UNKNOWN)
        t->line = code_position(as_code(((FrameObject *)as_object(t->frame))->code), t->index).line;
    return t->line;
}

void traceback_add(Frame *frame) {
    Value exception = error_take();
    Value object = frame_object(frame);
    Value next = retain(as_exception(exception)->traceback);
    Value entry = is_set(object) ? traceback_new(next, object, frame_index(frame), TRACEBACK_LINE_UNKNOWN) : UNSET;
    if (is_unset(object)) release(next);
    if (is_set(entry)) replace(&as_exception(exception)->traceback, entry);
    else error_clear();
    error_restore(exception);
}

Value traceback_here(Value next) {
    if (!frame_runs_script(machine.frame)) return retain(next);
    Value object = frame_object(machine.frame);
    if (is_unset(object)) return UNSET;
    return traceback_new(retain(next), object, frame_index(machine.frame), TRACEBACK_LINE_UNKNOWN);
}

static Traceback *as_traceback(Value v) { return (Traceback *)as_object(v); }

static void traceback_destroy(Object *self) {
    Traceback *t = (Traceback *)self;
    release(t->frame);
    release(t->next);
    object_free(self);
}

static int traceback_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Traceback *)self)->next);
    TRAVERSE(((Traceback *)self)->frame);
    return 0;
}

static void traceback_clear(Object *self) {
    clear(&((Traceback *)self)->next);
    clear(&((Traceback *)self)->frame);
}

static Value get_next(Value self) {
    Value next = as_traceback(self)->next;
    return is_set(next) ? retain(next) : NONE;
}

static bool set_next(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("can't delete tb_next attribute"), false;
    if (!is_none(value) && !is_exactly(value, &traceback_type))
        return raise_type_error("expected traceback object, got '%T'", value), false;
    for (Value t = value; is_exactly(t, &traceback_type); t = as_traceback(t)->next)
        if (same(t, self)) return raise_value_error("traceback loop detected"), false;
    replace(&as_traceback(self)->next, is_none(value) ? UNSET : retain(value));
    return true;
}

static Value get_frame(Value self) { return retain(as_traceback(self)->frame); }
static Value get_lasti(Value self) { return from_small_int((int64_t)as_traceback(self)->index * 2); }
static Value get_line(Value self) { return from_small_int(traceback_line(as_traceback(self))); }

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)type;
    Value out[4];
    if (!native_bind("traceback", "tb_next, tb_frame, tb_lasti, tb_lineno", args, count, kwnames, out)) return UNSET;
    if (!is_none(out[0]) && !is_exactly(out[0], &traceback_type))
        return raise_type_error("expected traceback object, got '%T'", out[0]);
    if (!is_exactly(out[1], &frame_type))
        return raise_type_error("traceback() argument 'tb_frame' must be frame, not %T", out[1]);
    int64_t lasti, line;
    if (!object_as_int64(out[2], &lasti) || !object_as_int64(out[3], &line)) return UNSET;
    return traceback_new(is_none(out[0]) ? UNSET : retain(out[0]), out[1], (uint32_t)(lasti / 2), (int32_t)line);
}

static const MemberDef traceback_members[] = {
    {"tb_next", get_next, set_next, NULL},
    MEMBER("tb_frame", get_frame, NULL),
    MEMBER("tb_lasti", get_lasti, NULL),
    MEMBER("tb_lineno", get_line, NULL),
    {0},
};

Type traceback_type = {
    TYPE_HEAD("traceback"),
    .flags = TYPE_GC,
    .basic_size = sizeof(Traceback),
    .base = &object_type,
    .members = traceback_members,
    .destroy = traceback_destroy,
    .traverse = traceback_traverse,
    .clear = traceback_clear,
    .make = make,
};
