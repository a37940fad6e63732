/* Script functions in the trace of a run.
 *
 * The loop shows the frame of each instruction.  What was entered and left since the one before follows from a stack
 * that each thread keeps beside the real one; a function that resumes (a generator) is entered again.
 */
#include "vm/exec/trace_calls.h"

#include "runtime/conc/thread.h"
#include "runtime/mem/heap.h"
#include "runtime/observe/ring.h"
#include "runtime/types/str.h"
#include "vm/code/code.h"

enum { DEPTH_MAX = 256, NAMES = 4096 };

bool trace_calls_on;

static __thread struct {
    const Frame *frames[DEPTH_MAX];
    uint32_t depths[DEPTH_MAX], names[DEPTH_MAX];
    unsigned depth;
} stack;

/* Numbers of names, by code object: under the GIL.  The objects are kept, so that no other gets their address. */
static struct {
    const Code *code;
    uint32_t name;
} known[NAMES];

void trace_calls_start(void) {
    trace_calls_on = true;
    event_name_add("?");
}

static uint32_t name_of(const Code *code) {
    size_t at = ((uintptr_t)code >> 4) % NAMES;
    for (size_t tries = 0; tries < NAMES; tries++, at = (at + 1) % NAMES) {
        if (known[at].code == code) return known[at].name;
        if (known[at].code) continue;
        size_t size;
        const char *text = str_utf8(code->qualname, &size);
        known[at].code = as_code(retain(from_object((Object *)(uintptr_t)code)));
        return known[at].name = (uint32_t)event_name_add(text ? text : "?");
    }
    return 0;
}

static void leave(void) {
    stack.depth--;
    account_event(thread_self->account, EVENT_LEAVE, stack.names[stack.depth]);
}

/* The first instruction of a function means that it has been called anew, even where nothing was seen in between. */
void trace_calls_at(const Frame *frame, const Instr *pc) {
    bool begins = pc == frame->code->instrs;
    while (stack.depth > 0 && stack.depths[stack.depth - 1] > frame->depth) leave();
    unsigned top = stack.depth;
    if (top > 0 && stack.frames[top - 1] == frame && !begins) return;
    if (top > 0 && stack.depths[top - 1] == frame->depth) leave();
    if (stack.depth == DEPTH_MAX) return;
    uint32_t name = name_of(frame->code);
    stack.frames[stack.depth] = frame;
    stack.depths[stack.depth] = frame->depth;
    stack.names[stack.depth++] = name;
    account_event(thread_self->account, EVENT_ENTER, name);
}
