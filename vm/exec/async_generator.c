/* Asynchronous generators: the awaitables that their methods return. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"

/* A value that the generator yielded, as opposed to one that passes from an awaited object to the event loop. */
typedef struct Wrapped {
    Object head;
    Value value;
} Wrapped;

static void wrapped_destroy(Object *self) {
    release(((Wrapped *)self)->value);
    object_free(self);
}

static int wrapped_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Wrapped *)self)->value);
    return 0;
}

Type async_generator_value_type = {
    TYPE_HEAD("async_generator_wrapped_value"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Wrapped),
    .base = &object_type,
    .destroy = wrapped_destroy,
    .traverse = wrapped_traverse,
};

Value async_generator_wrap(Value value) {
    Wrapped *w = object_allocate(&async_generator_value_type, sizeof *w);
    if (!w) {
        release(value);
        return UNSET;
    }
    w->value = value;
    return from_object(w);
}

/* One awaitable step: asend(v) and anext() send, athrow(...) and aclose() throw. */
typedef enum StepKind { STEP_SEND, STEP_THROW, STEP_CLOSE } StepKind;
typedef enum StepState { STEP_NEW, STEP_RUNNING, STEP_OVER } StepState;
typedef struct Step {
    Object head;
    Value generator, args[3];
    uint8_t kind, state;
} Step;

static Step *as_step(Value v) { return (Step *)as_object(v); }

static Value step_new(Value generator, StepKind kind, Value a, Value b, Value c) {
    if (!async_generator_begin(as_generator(generator))) return UNSET;
    Type *type = kind == STEP_SEND ? &async_generator_step_type : &async_generator_throw_type;
    Step *s = object_allocate(type, sizeof *s);
    if (!s) return UNSET;
    s->generator = retain(generator);
    s->args[0] = retain(a);
    s->args[1] = retain(b);
    s->args[2] = retain(c);
    s->kind = (uint8_t)kind;
    return from_object(s);
}

static void step_destroy(Object *self) {
    Step *s = (Step *)self;
    release(s->generator);
    for (int i = 0; i < 3; i++) release(s->args[i]);
    object_free(self);
}

static int step_traverse(Object *self, Visit visit, void *context) {
    Step *s = (Step *)self;
    TRAVERSE(s->generator);
    for (int i = 0; i < 3; i++) TRAVERSE(s->args[i]);
    return 0;
}

static int step_over(Step *s) {
    s->state = STEP_OVER;
    as_generator(s->generator)->stepping = false;
    return -1;
}

/* A wrapped value ends the step with it; anything else goes to the event loop. */
static int unwrap(Step *s, int outcome, Value *result) {
    if (outcome == 0) {
        release(*result);
        step_over(s);
        exception_raise(type_value(&StopAsyncIteration_type), UNSET);
        return -1;
    }
    if (outcome < 0) return step_over(s);
    if (!is_exactly(*result, &async_generator_value_type)) return 1;
    Value wrapped = *result;
    *result = retain(((Wrapped *)as_object(wrapped))->value);
    release(wrapped);
    step_over(s);
    return 0;
}

static bool begin(Step *s, const char *what) {
    Generator *g = as_generator(s->generator);
    if (g->stepping) {
        raise_runtime_error("%s: asynchronous generator is already running", what);
        return false;
    }
    g->stepping = true;
    s->state = STEP_RUNNING;
    return true;
}

static int send_resume(Value self, Value value, Value *result) {
    Step *s = as_step(self);
    if (s->state == STEP_OVER) {
        if (is_unset(value)) error_clear();
        return raise_runtime_error("cannot reuse already awaited __anext__()/asend()"), -1;
    }
    if (s->state == STEP_NEW && is_set(value)) {
        if (!begin(s, "anext()")) return -1;
        if (is_none(value)) value = s->args[0];
    }
    return unwrap(s, generator_resume(s->generator, value, result), result);
}

static int close_outcome(Step *s, int outcome, Value *result) {
    if (outcome == 1 && !is_exactly(*result, &async_generator_value_type)) return 1;
    step_over(s);
    if (outcome == 1) {
        release(*result);
        return raise_runtime_error("async generator ignored GeneratorExit"), -1;
    }
    if (outcome < 0 && !error_absorb(&StopAsyncIteration_type) && !error_absorb(&GeneratorExit_type)) return -1;
    if (outcome == 0) release(*result);
    *result = NONE;
    return 0;
}

static int throw_outcome(Step *s, int outcome, Value *result) {
    return s->kind == STEP_CLOSE ? close_outcome(s, outcome, result) : unwrap(s, outcome, result);
}

static int throw_begin(Step *s, Value value, Value *result) {
    Generator *g = as_generator(s->generator);
    if (g->state == GENERATOR_FINISHED && s->kind == STEP_CLOSE) {
        s->state = STEP_OVER;
        *result = NONE;
        return 0;
    }
    if (!is_none(value)) return raise_runtime_error("can't send non-None value to a just-started coroutine"), -1;
    if (g->closing) {
        s->state = STEP_OVER;
        return exception_raise(type_value(&StopAsyncIteration_type), UNSET), -1;
    }
    if (!begin(s, s->kind == STEP_CLOSE ? "aclose()" : "athrow()")) return -1;
    if (s->kind == STEP_CLOSE) {
        g->closing = true;
        exception_raise(type_value(&GeneratorExit_type), UNSET);
    } else if (!generator_raise_arguments(s->args)) return step_over(s);
    if (g->state == GENERATOR_FINISHED) return throw_outcome(s, -1, result);
    return throw_outcome(s, generator_resume(s->generator, UNSET, result), result);
}

static int throw_resume(Value self, Value value, Value *result) {
    Step *s = as_step(self);
    if (s->state == STEP_OVER) {
        if (is_unset(value)) error_clear();
        return raise_runtime_error("cannot reuse already awaited aclose()/athrow()"), -1;
    }
    if (s->state == STEP_NEW && is_set(value)) return throw_begin(s, value, result);
    return throw_outcome(s, generator_resume(s->generator, value, result), result);
}

static Value finished(int outcome, Value result) {
    if (outcome == 1) return result;
    if (outcome == 0) {
        raise_stop_iteration(is_none(result) ? UNSET : result);
        release(result);
    }
    return UNSET;
}

static Value step_send(const Value *args, size_t count) {
    Value result;
    int outcome = type_of(args[0])->resume(args[0], args[1], &result);
    return finished(outcome, result);
}

static Value step_next(Value self) {
    Value args[2] = {self, NONE};
    return step_send(args, 2);
}

static Value step_throw(const Value *args, size_t count) {
    if (!generator_raise_arguments(args + 1)) return UNSET;
    Value result;
    int outcome = type_of(args[0])->resume(args[0], UNSET, &result);
    return finished(outcome, result);
}

static Value step_close(const Value *args, size_t count) {
    as_step(args[0])->state = STEP_OVER;
    return NONE;
}

static Value step_self(Value self) { return retain(self); }

static const NativeDef step_methods[] = {
    METHOD("send", "value, /", step_send, NULL),
    METHOD("throw", "type, value=None, traceback=None, /", step_throw, NULL),
    METHOD("close", "", step_close, NULL),
    NATIVE_END,
};

#define STEP_SLOTS                                                                                              \
    .flags = TYPE_GC | TYPE_DISALLOW_NEW, .basic_size = sizeof(Step), .base = &object_type, .methods = step_methods, \
    .destroy = step_destroy, .traverse = step_traverse, .iterate = step_self, .next = step_next, .await = step_self

Type async_generator_step_type = {TYPE_HEAD("async_generator_asend"), STEP_SLOTS, .resume = send_resume};
Type async_generator_throw_type = {TYPE_HEAD("async_generator_athrow"), STEP_SLOTS, .resume = throw_resume};

/* Methods --------------------------------------------------------------------------------------------------------- */

Value async_generator_next(Value self) { return step_new(self, STEP_SEND, NONE, UNSET, UNSET); }

static Value asend(const Value *args, size_t count) { return step_new(args[0], STEP_SEND, args[1], UNSET, UNSET); }
static Value athrow(const Value *args, size_t count) {
    return step_new(args[0], STEP_THROW, args[1], args[2], args[3]);
}
static Value aclose(const Value *args, size_t count) { return step_new(args[0], STEP_CLOSE, UNSET, UNSET, UNSET); }

const NativeDef async_generator_methods[] = {
    METHOD("asend", "value, /", asend, "Awaitable that resumes; value becomes the result of the yield."),
    METHOD("athrow", "type, value=None, traceback=None, /", athrow, "Awaitable that raises where it waits."),
    METHOD("aclose", "", aclose, "Awaitable that raises GeneratorExit where it waits."),
    NATIVE_END,
};
