/* Generators and coroutines: entering and leaving their frames, and what scripts can do with them. */
#include "vm/exec/generator.h"

#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "vm/exec/call.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"

const char *generator_kind(const Generator *g) {
    if (g->head.type == &coroutine_type) return "coroutine";
    return g->head.type == &async_generator_type ? "async generator" : "generator";
}

static Type *type_for(const Code *code) {
    if (code->flags & CODE_ASYNC_GENERATOR) return &async_generator_type;
    return code->flags & CODE_COROUTINE ? &coroutine_type : &generator_type;
}

/* Names come from the function, which may have been renamed. */
Value generator_new(Value function, const Frame *bound, Code *code) {
    Value *args = bound->regs;
    Generator *g = object_allocate(type_for(code), sizeof *g + ((size_t)code->nregs + 2) * sizeof(Value));
    if (!g) {
        for (size_t i = 0; i < code->nlocals; i++) clear(&args[i]);
        release(function);
        return UNSET;
    }
    for (size_t i = 0; i < code->nlocals; i++) {
        g->regs[i] = args[i];
        args[i] = UNSET;
    }
    g->name = retain(is_set(function) ? as_function(function)->name : code->name);
    g->qualname = retain(is_set(function) ? as_function(function)->qualname : code->qualname);
    g->code = retain(from_object(code));
    g->frame = (Frame){.code = code, .pc = code->instrs, .regs = g->regs, .function = function,
                       .globals = bound->globals, .builtins = bound->builtins, .flags = FRAME_IN_GENERATOR};
    if (g->head.type == &coroutine_type && coroutine_origin_depth() && !coroutine_note_origin(g))
        return object_release(&g->head), UNSET;
    return from_object(g);
}

/* Entering and leaving -------------------------------------------------------------------------------------------- */

static bool refuse(Generator *g, Value sent) {
    if (g->state == GENERATOR_RUNNING) {
        release(sent);
        if (is_unset(sent)) error_clear();
        return raise_value_error("%s already executing", generator_kind(g)), true;
    }
    if (g->state == GENERATOR_FINISHED) {
        release(sent);
        if (g->head.type == &coroutine_type) {
            if (is_unset(sent)) error_clear();
            raise_runtime_error("cannot reuse already awaited coroutine");
        }
        return true;
    }
    if (g->state == GENERATOR_CREATED && is_set(sent) && !is_none(sent)) {
        release(sent);
        return raise_type_error("can't send non-None value to a just-started %s", generator_kind(g)), true;
    }
    return false;
}

bool generator_enter_checked(Generator *g, Value sent, FrameKind kind, uint16_t result) {
    if (g->state != GENERATOR_SUSPENDED && refuse(g, sent)) return false;
    if (machine.frame->depth >= frame_depth_limit) {
        release(sent);
        if (is_unset(sent)) error_clear();
        return raise_error(&RecursionError_type, "maximum recursion depth exceeded"), false;
    }
    generator_link(g, kind, result);
    if (g->state == GENERATOR_SUSPENDED && is_set(sent)) generator_deliver(g, sent);
    if (is_unset(sent) && g->catches && error_pending())
        raise_value(error_take()); /* in the context of what it handles */
    g->state = GENERATOR_RUNNING;
    return true;
}

static void frame_drop(Generator *g) {
    Frame *frame = &g->frame;
    g->state = GENERATOR_FINISHED;
    if (is_set(frame->object)) frame_object_detach(frame);
    frame_release_registers(frame);
    clear(&frame->function);
    clear(&frame->namespace);
    clear(&g->handled);
}

void generator_finish(Generator *g) {
    machine.frame = g->frame.back;
    g->catches = 0;
    generator_leave_handled(g);
    frame_drop(g);
    g->frame.back = NULL;
}

/* 1 yielded, 0 returned, -1 raised. */
int generator_resume(Value self, Value value, Value *result) {
    Generator *g = as_generator(self);
    *result = NONE;
    if (!recursion_check("")) return -1;
    if (!generator_enter(g, retain(value), FRAME_ENTRY, 0)) return error_pending() ? -1 : 0;
    return execute(result);
}

Value generator_delegate(Generator *g) {
    if (g->state != GENERATOR_SUSPENDED) return UNSET;
    Instr at = g->frame.pc[-1];
    return instr_op(at) == OP_DELEGATE ? g->regs[instr_c(at)] : UNSET;
}

bool generator_is_coroutine(Value v) {
    if (is_exactly(v, &coroutine_type)) return true;
    return is_exactly(v, &generator_type) && as_code(as_generator(v)->code)->flags & CODE_ITERABLE_COROUTINE;
}

/* Ending before the end ------------------------------------------------------------------------------------------- */

Value generator_close(Value self) {
    Generator *g = as_generator(self);
    if (g->state == GENERATOR_FINISHED) return NONE;
    if (g->state == GENERATOR_CREATED) return frame_drop(g), NONE;
    if (g->state == GENERATOR_RUNNING) return raise_value_error("%s already executing", generator_kind(g));
    exception_raise(type_value(&GeneratorExit_type), UNSET);
    Value result;
    switch (generator_resume(self, UNSET, &result)) {
    case 1: release(result); return raise_runtime_error("%s ignored GeneratorExit", generator_kind(g));
    case 0: release(result); return NONE;
    default: return error_absorb(&GeneratorExit_type) || error_absorb(&StopIteration_type) ? NONE : UNSET;
    }
}

static bool needs_closing(const Generator *g) {
    return g->state == GENERATOR_SUSPENDED && as_code(g->code)->handler_count > 0;
}

/* The object dies while it is suspended: its finally blocks run now. */
static bool generator_finalize(Object *self) {
    Generator *g = (Generator *)self;
    Value pending = error_take();
    if (g->head.type == &coroutine_type && g->state == GENERATOR_CREATED) warn_never_awaited(g);
    else if (!async_generator_finalize(g) && needs_closing(g)) {
        Value done = generator_close(from_object(self));
        if (is_unset(done)) error_unraisable(NULL, from_object(self));
    }
    if (is_set(pending)) error_restore(pending);
    return true;
}

static void generator_destroy(Object *self) {
    Generator *g = (Generator *)self;
    if (g->state != GENERATOR_FINISHED) frame_drop(g);
    release(g->name);
    release(g->qualname);
    release(g->origin);
    release(g->handled);
    release(g->code);
    object_free(self);
}

static int generator_traverse(Object *self, Visit visit, void *context) {
    Generator *g = (Generator *)self;
    if (!g->frame.code) return 0;
    TRAVERSE(g->name);
    TRAVERSE(g->qualname);
    TRAVERSE(g->origin);
    TRAVERSE(g->handled);
    TRAVERSE(g->code);
    TRAVERSE(g->frame.function);
    TRAVERSE(g->frame.namespace);
    TRAVERSE(g->frame.object);
    if (g->state == GENERATOR_FINISHED) return 0;
    for (size_t i = 0; i < g->frame.code->nregs; i++) TRAVERSE(g->regs[i]);
    return 0;
}

static void generator_clear(Object *self) {
    Generator *g = (Generator *)self;
    if (g->state == GENERATOR_CREATED || g->state == GENERATOR_SUSPENDED) frame_drop(g);
}

/* Methods --------------------------------------------------------------------------------------------------------- */

static Value stepped(int outcome, Value result) {
    if (outcome == 1) return result;
    if (outcome < 0) return UNSET;
    Value raised = raise_stop_iteration(is_none(result) ? UNSET : result);
    release(result);
    return raised;
}

Value generator_send(const Value *args, size_t count) {
    Value result;
    int outcome = generator_resume(args[0], args[1], &result);
    return stepped(outcome, result);
}

static Value generator_next(Value self) {
    Value result;
    int outcome = generator_resume(self, NONE, &result);
    if (outcome == 1) return result;
    if (outcome == 0 && !is_none(result)) {
        raise_stop_iteration(result);
        release(result);
    }
    return UNSET;
}

/* Leaves the exception that throw(type, value, traceback) means pending; false: a TypeError is instead. */
bool generator_raise_arguments(const Value *args) {
    Value class = args[0], value = is_set(args[1]) ? args[1] : NONE, traceback = is_set(args[2]) ? args[2] : NONE;
    if (!is_none(traceback) && !is_exactly(traceback, &traceback_type))
        return raise_type_error("throw() third argument must be a traceback object"), false;
    Value exception = UNSET;
    if (exception_is_class(class)) {
        if (exception_is(value) && object_is_instance(value, class) == 1) exception = retain(value);
        else if (is_none(value)) exception = call0(class);
        else if (type_has(value, TYPE_TUPLE_SUB)) exception = call_tuple_dict(class, value, UNSET);
        else exception = call1(class, value);
        if (is_unset(exception)) return false;
        if (!exception_is(exception)) { /* this error is what the generator gets */
            raise_type_error("calling %R should have returned an instance of BaseException, not %R", class,
                             type_value(type_of(exception)));
            release(exception);
            return true;
        }
    } else if (exception_is(class)) {
        if (!is_none(value)) return raise_type_error("instance exception may not have a separate value"), false;
        exception = retain(class);
    } else {
        raise_type_error("exceptions must be classes or instances deriving from BaseException, not %T", class);
        return false;
    }
    if (!is_none(traceback)) replace(&as_exception(exception)->traceback, retain(traceback));
    error_restore(exception);
    return true;
}

static Value generator_throw(const Value *args, size_t count) {
    if (!generator_raise_arguments(args + 1)) return UNSET;
    Value result;
    int outcome = generator_resume(args[0], UNSET, &result);
    return stepped(outcome, result);
}

static Value close_method(const Value *args, size_t count) { return generator_close(args[0]); }

static Value generator_self(Value self) { return retain(self); }

static Value generator_repr(Value self) {
    Generator *g = as_generator(self);
    const char *name = g->head.type == &async_generator_type ? "async_generator" : generator_kind(g);
    return str_format("<%s object %U at 0x%llx>", name, g->qualname, (unsigned long long)self.bits);
}

static Value get_name(Value self) { return retain(as_generator(self)->name); }
static Value get_qualname(Value self) { return retain(as_generator(self)->qualname); }
static bool set_text(Value *slot, Value value, const char *what) {
    if (is_unset(value) || !str_is(value)) return raise_type_error("%s must be set to a string object", what), false;
    replace(slot, retain(value));
    return true;
}
static bool set_name(Value self, Value value) { return set_text(&as_generator(self)->name, value, "__name__"); }
static bool set_qualname(Value self, Value value) {
    return set_text(&as_generator(self)->qualname, value, "__qualname__");
}
static Value get_code(Value self) { return retain(as_generator(self)->code); }
static Value get_running(Value self) { return from_bool(as_generator(self)->state == GENERATOR_RUNNING); }
static Value get_suspended(Value self) { return from_bool(as_generator(self)->state == GENERATOR_SUSPENDED); }
static Value get_frame(Value self) {
    Generator *g = as_generator(self);
    return g->state == GENERATOR_FINISHED ? NONE : retain(frame_object(&g->frame));
}
static Value get_delegate(Value self) {
    Value waits_for = generator_delegate(as_generator(self));
    return is_set(waits_for) ? retain(waits_for) : NONE;
}
static Value get_origin(Value self) {
    Value origin = as_generator(self)->origin;
    return is_set(origin) ? retain(origin) : NONE;
}

#define COMMON_MEMBERS(prefix)                                                               \
    {"__name__", get_name, set_name, NULL}, {"__qualname__", get_qualname, set_qualname, NULL}, \
    MEMBER(prefix "code", get_code, NULL), {prefix "frame", get_frame, NULL, NULL}, \
    {prefix "running", get_running, NULL, NULL}

static const MemberDef generator_members[] = {
    COMMON_MEMBERS("gi_"),
    {"gi_yieldfrom", get_delegate, NULL, NULL},
    {"gi_suspended", get_suspended, NULL, NULL},
    {0},
};
static const MemberDef coroutine_members[] = {
    COMMON_MEMBERS("cr_"),
    {"cr_await", get_delegate, NULL, NULL},
    {"cr_suspended", get_suspended, NULL, NULL},
    MEMBER("cr_origin", get_origin, NULL),
    {0},
};
static const MemberDef async_generator_members[] = {
    COMMON_MEMBERS("ag_"),
    {"ag_await", get_delegate, NULL, NULL},
    {0},
};

static const NativeDef generator_methods[] = {
    METHOD("send", "value, /", generator_send, "Resume; value becomes the result of the yield."),
    METHOD("throw", "type, value=None, traceback=None, /", generator_throw, "Raise an exception where it waits."),
    METHOD("close", "", close_method, "Raise GeneratorExit where it waits."),
    NATIVE_END,
};

#define GENERATOR_SLOTS                                                             \
    .basic_size = sizeof(Generator), .item_size = sizeof(Value), .base = &object_type, .destroy = generator_destroy, \
    .traverse = generator_traverse, .clear = generator_clear, .finalize = generator_finalize, .repr = generator_repr

Type generator_type = {
    TYPE_HEAD("generator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_WEAK,
    GENERATOR_SLOTS,
    .methods = generator_methods,
    .members = generator_members,
    .iterate = generator_self,
    .next = generator_next,
    .resume = generator_resume,
};

Type coroutine_type = {
    TYPE_HEAD("coroutine"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_WEAK,
    GENERATOR_SLOTS,
    .methods = generator_methods,
    .members = coroutine_members,
    .await = coroutine_await,
    .resume = generator_resume,
};

Type async_generator_type = {
    TYPE_HEAD("async_generator"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_WEAK,
    GENERATOR_SLOTS,
    .methods = async_generator_methods,
    .members = async_generator_members,
    .async_iterate = generator_self,
    .async_next = async_generator_next,
};
