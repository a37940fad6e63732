/* Where locks were taken and where threads wait, in words: for reports of deadlocks. */
#include "vm/exec/lock_places.h"

#include <stdio.h>
#include <string.h>

#include "runtime/conc/deadlock.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/code/code.h"
#include "vm/exec/frame.h"
#include "vm/exec/source.h"

static const char *text_of(Value v) {
    const char *text = is_set(v) && str_is(v) ? str_utf8(v, NULL) : NULL;
    return text ? text : "?";
}

static void place(FILE *out, Value code_value, const void *pc, const char *indent) {
    if (is_unset(code_value)) {
        fputs(" (not in a script)\n", out);
        return;
    }
    Code *code = as_code(code_value);
    const Instr *at = pc;
    uint32_t index = at > code->instrs ? (uint32_t)(at - code->instrs - 1) : 0;
    int32_t line = code_position(code, index).line;
    fprintf(out, " at %s:%d, in %s\n", text_of(code->filename), line, text_of(code->qualname));
    if (!indent) return;
    Value text = source_line_text(code->filename, line);
    if (is_set(text) && str_is(text)) {
        const char *line_text = text_of(text);
        fprintf(out, "%s%s\n", indent, line_text + strspn(line_text, " \t"));
    }
    release(text);
    error_clear();
}

/* The innermost frame that is not the library's own. */
static const Frame *frame_shown(const Frame *frame) {
    for (const Frame *f = frame; f; f = f->back)
        if (frame_runs_script(f) && text_of(f->code->filename)[0] != '<') return f;
    return frame && frame_runs_script(frame) ? frame : NULL;
}

static void thread_place(FILE *out, Thread *thread, const char *indent) {
    const Machine *m = thread->machine;
    const Frame *f = m ? frame_shown(m->frame) : NULL;
    if (f) place(out, from_object((Object *)f->code), f->pc, indent);
    else place(out, UNSET, NULL, indent);
}

static void here(Value *code, const void **pc) {
    const Frame *f = frame_shown(machine.frame);
    *code = f ? from_object((Object *)f->code) : UNSET;
    *pc = f ? f->pc : NULL;
}

void lock_places_start(void) {
    deadlock_place = place;
    deadlock_thread_place = thread_place;
    deadlock_here = here;
}
