/* The pending exception of each thread, the functions that raise, and the guard of the C stack. */
#include "runtime/types/error.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/exception.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <stdio.h>

typedef struct ErrorState {
    Value pending;
    Value handled;
    bool out_of_memory; /* a MemoryError is being made: the next failure takes the one kept aside */
} ErrorState;

static __thread ErrorState state;
__thread char *recursion_limit;

void (*error_unraisable_hook)(const char *where, Value object);

bool error_pending(void) { return is_set(state.pending); }

Value error_peek(void) { return state.pending; }

Value error_take(void) {
    Value e = state.pending;
    state.pending = UNSET;
    return e;
}

void error_restore(Value exception) { replace(&state.pending, exception); }

void error_clear(void) { clear(&state.pending); }

bool error_matches(const Type *exception_type) {
    return is_set(state.pending) && object_is_instance_exact_or_sub(state.pending, exception_type);
}

bool error_absorb(const Type *exception_type) {
    if (!error_matches(exception_type)) return false;
    error_clear();
    return true;
}

Value *error_handled(void) { return &state.handled; }

/* Cuts the chain of contexts where it would come back to `exception`. */
static void context_break_cycle(Value exception, Value handled) {
    Value slow = handled;
    bool step = false;
    for (Value at = handled;;) {
        Value next = as_exception(at)->context;
        if (is_unset(next)) return;
        if (same(next, exception)) {
            clear(&as_exception(at)->context);
            return;
        }
        at = next;
        if (same(at, slow)) return; /* a cycle that was there before */
        if (step) slow = as_exception(slow)->context;
        step = !step;
    }
}

Value raise_value(Value exception) {
    Value handled = state.handled;
    if (is_set(handled) && !is_none(handled) && !same(handled, exception)) {
        context_break_cycle(exception, handled);
        replace(&as_exception(exception)->context, retain(handled));
    }
    replace(&state.pending, exception);
    return UNSET;
}

/* Steals argument. */
static Value raise_with(Type *type, Value argument) {
    if (is_unset(argument)) return UNSET;
    Value e = exception_new(type, &argument, 1);
    release(argument);
    return is_unset(e) ? UNSET : raise_value(e);
}

static Value vraise(Type *type, const char *format, va_list args) {
    return raise_with(type, str_vformat(format, args));
}

#define RAISE(type)                              \
    do {                                         \
        va_list args;                            \
        va_start(args, format);                  \
        Value result = vraise(type, format, args); \
        va_end(args);                            \
        return result;                           \
    } while (0)

Value raise_error(Type *exception_type, const char *format, ...) { RAISE(exception_type); }
Value raise_type_error(const char *format, ...) { RAISE(&TypeError_type); }
Value raise_value_error(const char *format, ...) { RAISE(&ValueError_type); }
Value raise_index_error(const char *format, ...) { RAISE(&IndexError_type); }
Value raise_overflow_error(const char *format, ...) { RAISE(&OverflowError_type); }
Value raise_runtime_error(const char *format, ...) { RAISE(&RuntimeError_type); }

Value raise_attribute_error_text(Value message, Value object, Value name) {
    if (is_unset(message)) return UNSET;
    Value e = exception_new(&AttributeError_type, &message, 1);
    release(message);
    if (is_unset(e)) return UNSET;
    as_exception(e)->extra[EXTRA_NAME] = retain(name);
    as_exception(e)->extra[EXTRA_OBJECT] = retain(object);
    return raise_value(e);
}

Value raise_attribute_error(Value object, Value name) {
    const char *format = "'%T' object has no attribute '%U'";
    if (type_is(object)) {
        Value text = str_format("type object '%N' has no attribute '%U'", as_type(object), name);
        return raise_attribute_error_text(text, object, name);
    }
    return raise_attribute_error_text(str_format(format, object, name), object, name);
}

Value raise_key_error(Value key) { return raise_with(&KeyError_type, retain(key)); }

/* The one that is raised when not even an exception can be allocated. */
static struct {
    Exception exception;
    Attrs attrs;
    Value slots[8];
} last_memory_error = {.exception = {.head = OBJECT_STATIC(&MemoryError_type)}};

Value raise_memory_error(void) {
    Value e = UNSET;
    if (!state.out_of_memory) {
        state.out_of_memory = true;
        e = exception_new(&MemoryError_type, NULL, 0);
        state.out_of_memory = false;
        if (is_set(e)) return raise_value(e);
    }
    Exception *spare = &last_memory_error.exception;
    if (is_unset(spare->args)) spare->args = empty_tuple;
    replace(&state.pending, from_object(spare));
    return UNSET;
}

Value raise_stop_iteration(Value value) {
    Value e = exception_new(&StopIteration_type, &value, is_set(value));
    return is_unset(e) ? UNSET : raise_value(e);
}

static void unraisable_line(const char *where, Value object) {
    Value e = error_take();
    Value text = object_str(e);
    error_clear();
    fprintf(stderr, "Exception ignored in %s %s: %s: %s\n", where, is_set(object) ? type_of(object)->name : "",
            type_of(e)->name, is_set(text) ? str_utf8(text, NULL) : "");
    release(text);
    release(e);
}

void error_unraisable(const char *where, Value object) {
    if (is_unset(state.pending)) return;
    if (error_unraisable_hook) error_unraisable_hook(where, object);
    else unraisable_line(where, object);
    error_clear();
}

bool recursion_refuse(const char *where) {
    char *limit = recursion_limit;
    recursion_limit = NULL; /* making the exception may go deeper; the reserve below the limit is there for it */
    raise_error(&RecursionError_type, "maximum recursion depth exceeded%s", where);
    recursion_limit = limit;
    return false;
}

int64_t recursion_count_limit = 1000;
static __thread int64_t nesting;

static bool fail_nesting(const char *where) {
    int64_t depth = nesting;
    nesting = 0; /* making the exception may nest again */
    raise_error(&RecursionError_type, "maximum recursion depth exceeded%s", where);
    nesting = depth;
    return false;
}

bool recursion_enter(const char *where) {
    if (__builtin_expect(nesting >= recursion_count_limit, 0)) return fail_nesting(where);
    if (!recursion_check(where)) return false;
    nesting++;
    return true;
}

void recursion_leave(void) { nesting--; }

bool recursion_check_at(size_t depth, const char *where) {
    if (__builtin_expect((int64_t)depth >= recursion_count_limit, 0)) return fail_nesting(where);
    return recursion_check(where);
}

void recursion_set_limit(void *lowest_address) { recursion_limit = lowest_address; }
