/* The machine of a thread: the chain of frame structs and the chunks of the register stack. */
#include "vm/exec/frame.h"

#include "runtime/base/hostile.h"
#include "runtime/conc/thread.h"
#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "vm/exec/exec.h"
#include "vm/exec/generator_methods.h"
#include "vm/exec/race_step.h"

enum { CHUNK_VALUES = HOSTILE_OR(256, 16 * 1024), DEFAULT_DEPTH_LIMIT = 1000, RESCUE_DEPTH = 50 };

__thread Machine machine;
uint32_t frame_depth_limit = DEFAULT_DEPTH_LIMIT;

static StackChunk *chunk_new(size_t values, StackChunk *below) {
    StackChunk *chunk = raw_allocate_zeroed(sizeof *chunk + values * sizeof(Value));
    if (!chunk) return NULL;
    chunk->below = below;
    chunk->limit = chunk->data + values;
    return chunk;
}

static void chunks_free_above(StackChunk *chunk) {
    StackChunk *next = chunk->above;
    chunk->above = NULL;
    while (next) {
        StackChunk *above = next->above;
        raw_free(next);
        next = above;
    }
}

bool machine_start(void) {
    StackChunk *chunk = chunk_new(CHUNK_VALUES, NULL);
    if (!chunk) return raise_memory_error(), false;
    machine = (Machine){.frame = &machine.base, .limit = chunk->limit, .chunk = chunk, .handled = error_handled()};
    machine.base.regs = machine.base.top = chunk->data;
    if (thread_current()) thread_current()->machine = &machine;
    return true;
}

void machine_end(void) {
    coroutine_hooks_end();
    if (RC_WATCHED) race_step_end();
    for (Frame *frame = machine.base.next; frame;) {
        Frame *next = frame->next;
        raw_free(frame);
        frame = next;
    }
    if (machine.chunk) {
        while (machine.chunk->below) machine.chunk = machine.chunk->below;
        chunks_free_above(machine.chunk);
        raw_free(machine.chunk);
    }
    machine = (Machine){0};
}

/* The spare struct goes behind `frame` in the chain; frames of generators pass the chain on when they are entered. */
static Frame *frame_allocate(Frame *frame) {
    Frame *above = raw_allocate_zeroed(sizeof *above);
    if (!above) return raise_memory_error(), NULL;
    frame->next = above;
    for (Frame *owner = frame; owner->flags & FRAME_IN_GENERATOR;) {
        owner = owner->back;
        owner->next = above;
    }
    return above;
}

Frame *frame_above_slow(Frame *frame) {
    if (frame->depth >= frame_depth_limit && !(error_pending() && frame->depth < frame_depth_limit + RESCUE_DEPTH)) {
        raise_error(&RecursionError_type, "maximum recursion depth exceeded");
        return NULL;
    }
    Frame *above = frame->next ? frame->next : frame_allocate(frame);
    if (!above) return NULL;
    above->depth = frame->depth + 1;
    above->back = frame;
    return above;
}

bool frame_window_slow(Frame *frame, Value *args, size_t count, size_t nregs) {
    size_t needed = nregs > count ? nregs : count;
    StackChunk *chunk = machine.chunk->above;
    if (chunk && (size_t)(chunk->limit - chunk->data) < needed) {
        chunks_free_above(machine.chunk);
        chunk = NULL;
    }
    if (!chunk) chunk = chunk_new(needed + CHUNK_VALUES, machine.chunk);
    if (!chunk) {
        raise_memory_error();
        return false;
    }
    machine.chunk->above = chunk;
    machine.chunk = chunk;
    machine.limit = chunk->limit;
    for (size_t i = 0; i < count; i++) {
        chunk->data[i] = args[i];
        args[i] = UNSET;
    }
    frame->regs = chunk->data;
    frame->top = chunk->data + nregs;
    frame->flags = FRAME_OWN_CHUNK;
    return true;
}

void frame_leave_chunk(Frame *frame) {
    machine.chunk = machine.chunk->below;
    machine.limit = machine.chunk->limit;
    frame->flags = 0;
}

int64_t exec_recursion_limit(void) { return frame_depth_limit; }

bool exec_set_recursion_limit(int64_t n) {
    if (n < 1) return raise_value_error("recursion limit must be greater or equal than 1"), false;
    if (machine.frame->depth >= n) {
        raise_error(&RecursionError_type,
                    "cannot set the recursion limit to %lld at the recursion depth %u: the limit is too low",
                    (long long)n, machine.frame->depth);
        return false;
    }
    recursion_count_limit = n;
    frame_depth_limit = n > INT32_MAX ? INT32_MAX : (uint32_t)n;
    return true;
}
