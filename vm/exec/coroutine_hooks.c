/* What a thread has asked about its coroutines: hooks of an event loop on asynchronous generators, and their origins. */
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"

#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

static __thread struct {
    Value first, finalizer; /* owned, UNSET: none */
    int64_t origin_depth;
} hooks;

void coroutine_hooks_get(Value *first, Value *finalizer) {
    *first = is_set(hooks.first) ? hooks.first : NONE;
    *finalizer = is_set(hooks.finalizer) ? hooks.finalizer : NONE;
}

static void set(Value *slot, Value hook) {
    if (is_set(hook)) replace(slot, is_none(hook) ? UNSET : retain(hook));
}

void coroutine_hooks_set(Value first, Value finalizer) {
    set(&hooks.first, first);
    set(&hooks.finalizer, finalizer);
}

void coroutine_hooks_end(void) {
    clear(&hooks.first);
    clear(&hooks.finalizer);
    hooks.origin_depth = 0;
}

int64_t coroutine_origin_depth(void) { return hooks.origin_depth; }
void coroutine_set_origin_depth(int64_t depth) { hooks.origin_depth = depth; }

/* (file, line, function) of each frame from the innermost outwards. */
static Value origin_of(Frame *frame, size_t n) {
    Value origin = tuple_new(n);
    for (size_t i = 0; is_set(origin) && i < n; i++, frame = frame->back) {
        Value row = tuple_pack(3, frame->code->filename, from_small_int(frame_line(frame)), frame->code->name);
        if (is_unset(row)) return release(origin), UNSET;
        as_tuple(origin)->items[i] = row;
    }
    return origin;
}

bool coroutine_note_origin(Generator *g) {
    size_t n = 0;
    for (Frame *f = machine.frame; f && frame_runs_script(f) && (int64_t)n < hooks.origin_depth; f = f->back) n++;
    if (!hooks.origin_depth) return true;
    g->origin = origin_of(machine.frame, n);
    return is_set(g->origin);
}

bool async_generator_begin(Generator *g) {
    if (g->hooked) return true;
    g->hooked = true;
    g->origin = retain(hooks.finalizer);
    if (is_unset(hooks.first)) return true;
    Value done = call1(hooks.first, from_object(g));
    release(done);
    return is_set(done);
}

bool async_generator_finalize(Generator *g) {
    if (g->head.type != &async_generator_type || is_unset(g->origin) || g->closing) return false;
    if (g->state == GENERATOR_FINISHED) return true;
    Value done = call1(g->origin, from_object(g));
    if (is_unset(done)) error_unraisable(NULL, from_object(g));
    release(done);
    return true;
}
