/* Awaiting: iterators of awaitables, and the wrapper that coroutine.__await__() gives. */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/import.h"

typedef struct Wrapper {
    Object head;
    Value coroutine;
} Wrapper;

static Value wrapped(Value self) { return ((Wrapper *)as_object(self))->coroutine; }

Value coroutine_await(Value self) {
    Wrapper *w = object_allocate(&coroutine_wrapper_type, sizeof *w);
    if (!w) return UNSET;
    w->coroutine = retain(self);
    return from_object(w);
}

static void wrapper_destroy(Object *self) {
    release(((Wrapper *)self)->coroutine);
    object_free(self);
}

static int wrapper_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Wrapper *)self)->coroutine);
    return 0;
}

static Value wrapper_self(Value self) { return retain(self); }

static int wrapper_resume(Value self, Value value, Value *result) {
    return generator_resume(wrapped(self), value, result);
}

static Value wrapper_next(Value self) {
    Value args[2] = {wrapped(self), NONE};
    return generator_send(args, 2);
}

static Value wrapper_send(const Value *args, size_t count) {
    Value passed[2] = {wrapped(args[0]), args[1]};
    return generator_send(passed, 2);
}

static Value wrapper_throw(const Value *args, size_t count) {
    Value passed[3] = {args[1], is_set(args[2]) ? args[2] : NONE, is_set(args[3]) ? args[3] : NONE};
    return call_method(wrapped(args[0]), names.throw, passed, 3, UNSET);
}

static Value wrapper_close(const Value *args, size_t count) { return generator_close(wrapped(args[0])); }

static const NativeDef wrapper_methods[] = {
    METHOD("send", "value, /", wrapper_send, NULL),
    METHOD("throw", "type, value=None, traceback=None, /", wrapper_throw, NULL),
    METHOD("close", "", wrapper_close, NULL),
    NATIVE_END,
};

Type coroutine_wrapper_type = {
    TYPE_HEAD("coroutine_wrapper"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Wrapper),
    .base = &object_type,
    .methods = wrapper_methods,
    .destroy = wrapper_destroy,
    .traverse = wrapper_traverse,
    .iterate = wrapper_self,
    .next = wrapper_next,
    .resume = wrapper_resume,
};

static Value check_iterator(Value iterator) {
    if (is_unset(iterator)) return UNSET;
    if (generator_is_coroutine(iterator)) {
        release(iterator);
        return raise_type_error("__await__() returned a coroutine");
    }
    if (is_iterator(iterator)) return iterator;
    raise_type_error("__await__() returned non-iterator of type '%T'", iterator);
    release(iterator);
    return UNSET;
}

Value awaitable_iterator(Value v) {
    if (generator_is_coroutine(v)) return retain(v);
    Type *type = type_of(v);
    if (type->await) return check_iterator(type->await(v));
    return raise_type_error("object %T can't be used in 'await' expression", v);
}

void warn_never_awaited(Generator *g) {
    Value warn = import_attribute("warnings", "_warn_unawaited_coroutine"), done = UNSET;
    if (is_set(warn)) {
        done = call1(warn, from_object(g));
    } else if (error_absorb(&AttributeError_type) &&
               warning_issue(&RuntimeWarning_type, "coroutine '%U' was never awaited", g->qualname)) {
        done = NONE;
    }
    if (is_unset(done)) error_unraisable(NULL, from_object(g));
    release(done);
    release(warn);
}
