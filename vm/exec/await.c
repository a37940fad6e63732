/* Delegation: `yield from`, `await`, asynchronous iteration, to iterators that are not generators of the machine too.
 */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/ops.h"

Value await_delegate_iterator(Frame *frame, Value v) {
    if (is_exactly(v, &coroutine_type)) {
        if (frame->code->flags & (CODE_COROUTINE | CODE_ITERABLE_COROUTINE)) return retain(v);
        return raise_type_error("cannot 'yield from' a coroutine object in a non-coroutine generator");
    }
    return is_exactly(v, &generator_type) ? retain(v) : object_iterate(v);
}

static Value refuse(Value v, unsigned where) {
    static const char *const methods[] = {NULL, "__aenter__", "__aexit__"};
    if (!where || type_of(v)->await) return UNSET;
    error_clear();
    return raise_type_error("'async with' received an object from %s that does not implement __await__: %T",
                            methods[where], v);
}

Value await_iterator(Value v, unsigned where) {
    Value iterator = awaitable_iterator(v);
    if (is_unset(iterator)) return refuse(v, where);
    if (is_exactly(iterator, &coroutine_type) && is_set(generator_delegate(as_generator(iterator)))) {
        release(iterator);
        return raise_runtime_error("coroutine is being awaited already");
    }
    return iterator;
}

Value await_async_iterator(Value v) {
    Type *type = type_of(v);
    if (!type->async_iterate)
        return raise_type_error("'async for' requires an object with __aiter__ method, got %T", v);
    Value iterator = type->async_iterate(v);
    if (is_unset(iterator) || type_of(iterator)->async_next) return iterator;
    raise_type_error("'async for' received an object from __aiter__ that does not implement __anext__: %T", iterator);
    release(iterator);
    return UNSET;
}

Value await_next(Value iterator) {
    Type *type = type_of(iterator);
    if (!type->async_next)
        return raise_type_error("'async for' requires an iterator with __anext__ method, got %T", iterator);
    Value awaitable = type->async_next(iterator);
    if (is_unset(awaitable)) return UNSET;
    Value result = awaitable_iterator(awaitable);
    if (is_unset(result)) {
        Value cause = error_take();
        raise_type_error("'async for' received an invalid object from __anext__: %T", awaitable);
        Value error = error_take();
        replace(&as_exception(error)->context, retain(cause));
        replace(&as_exception(error)->cause, cause);
        as_exception(error)->suppress_context = true;
        error_restore(error);
    }
    release(awaitable);
    return result;
}

/* A StopIteration that ended the iterator is its result. */
static int stopped(Value *result) {
    if (!error_pending()) {
        *result = NONE;
        return 0;
    }
    if (!error_matches(&StopIteration_type)) return -1;
    Value stop = error_take();
    *result = retain(stop_iteration_value(stop));
    release(stop);
    return 0;
}

int delegate_step(Value iterator, Value value, Value *result) {
    Type *type = type_of(iterator);
    if (type->resume) return type->resume(iterator, value, result);
    if (is_none(value) && is_iterator(iterator)) *result = type->next(iterator);
    else *result = call_method1(iterator, names.send, value);
    return is_set(*result) ? 1 : stopped(result);
}

/* Closing takes the exception's place when it fails. */
static int throw_exit(Value iterator) {
    Value pending = error_take(), close = UNSET, done = NONE;
    if (generator_is(iterator)) done = generator_close(iterator);
    else {
        int found = object_find_attribute(iterator, names.close, &close);
        if (found != 0) done = found == 1 ? call0(close) : UNSET;
    }
    release(close);
    if (is_unset(done)) release(pending);
    else {
        release(done);
        error_restore(pending);
    }
    return -1;
}

int delegate_throw(Value iterator, Value *result) {
    if (error_matches(&GeneratorExit_type)) return throw_exit(iterator);
    if (type_of(iterator)->resume) return type_of(iterator)->resume(iterator, UNSET, result);
    Value pending = error_take(), throw;
    int found = object_find_attribute(iterator, names.throw, &throw);
    if (found == 0) error_restore(pending);
    if (found < 0) release(pending);
    if (found != 1) return -1;
    *result = call1(throw, pending);
    release(throw);
    release(pending);
    return is_set(*result) ? 1 : stopped(result);
}
