/* Frames: one activation of a code object, and the register stack that they share.
 *
 *     caller  [ locals ][ temporaries ... callee | arg 0 | arg 1 ]
 *     callee                                     [ arg 0 | arg 1 | locals ][ temporaries ... ]
 *
 * The registers of a called function begin at the arguments in the caller's window: nothing is copied.  What lies above
 * a frame's live registers is never an object, so only the locals are set unset at entry and released at exit. Frame
 * structs form a doubly linked chain that is reused; a generator carries its frame and its registers in itself and
 * links into the chain while it runs.
 *
 * `pc` is saved before anything that can raise or run script code, and points behind the first word of the current
 * instruction or one of its cache words: the instruction is the one that contains word pc - 1.
 */
#ifndef EXEC_FRAME_H
#define EXEC_FRAME_H

#include "vm/code/code.h"

/* What happens with the result when the frame ends (and, for generators, when it yields). */
typedef enum FrameKind {
    FRAME_CALL,      /* to register `result` of the caller */
    FRAME_CONSTRUCT, /* __init__: must be None; the result is the instance, kept in `instance` */
    FRAME_ENTRY,     /* back to C */
    FRAME_ITERATE,   /* a generator's step for FOR_NEXT */
    FRAME_DELEGATE,  /* a generator's step for DELEGATE of the caller */
    FRAME_NEXT,      /* a generator's step for next(), send(): a yield is the result, a return is StopIteration */
    FRAME_DISCARD,   /* __setitem__, __setattr__, ... : the result is dropped */
    FRAME_BINARY,    /* a special method of an operator, whose operands still stand in the caller's registers */
    FRAME_COMPARE,   /* the same for a comparison */
    FRAME_COMPARE_JUMP, /* a comparison whose truth decides a jump: it jumps if that equals `wanted` */
    FRAME_CONTAINS,  /* __contains__: its truth goes to `result`, turned round unless `wanted` */
    FRAME_CONTAINS_JUMP, /* the same for a jump, as COMPARE_JUMP */
    FRAME_STEP,      /* __next__ of an iterator for FOR_NEXT: StopIteration ends the loop */
} FrameKind;

enum { FRAME_OWN_CHUNK = 1, FRAME_IN_GENERATOR = 2 };

typedef struct Frame Frame;
struct Frame {
    Frame *back, *next;  /* the caller; the spare struct above */
    Code *code;          /* borrowed: the function, or whoever runs it, keeps it */
    const Instr *pc;
    Value *regs, *top;   /* first register; where registers of frames above it may begin */
    Value globals, builtins; /* borrowed dicts */
    Value function;      /* owned, UNSET for code that runs without one */
    Value namespace;     /* owned: of modules, class bodies, exec; UNSET in functions */
    Value object;        /* owned frame object once somebody asked for it, else UNSET */
    Value instance;      /* owned by CONSTRUCT frames */
    uint32_t depth;      /* script frames below this one */
    uint16_t result;     /* register of the caller */
    uint8_t kind, flags;
    uint8_t operation;   /* BINARY: a BinaryOp, COMPARE*: a CompareOp */
    bool wanted, constant; /* COMPARE_JUMP, CONTAINS*; BINARY, COMPARE*: the right operand is a constant */
};

typedef struct StackChunk StackChunk;
struct StackChunk {
    StackChunk *below, *above;
    Value *limit;
    Value data[];
};

typedef struct Machine {
    Frame *frame;        /* the innermost; &base when no script runs */
    Value *limit;        /* end of the present chunk */
    StackChunk *chunk;
    Value *handled;      /* error_handled() of this thread */
    Frame base;
} Machine;
extern __thread Machine machine;

extern uint32_t frame_depth_limit; /* sys.setrecursionlimit */

/* The spare frame above, linked; NULL: RecursionError or MemoryError pending.  Its depth is set, nothing else. */
Frame *frame_above_slow(Frame *frame);
static inline Frame *frame_above(Frame *frame) {
    Frame *above = frame->next;
    if (__builtin_expect(!above || frame->depth >= frame_depth_limit, 0)) return frame_above_slow(frame);
    above->depth = frame->depth + 1;
    above->back = frame;
    return above;
}

/* Makes [args, args+nregs) the window of `frame`; when that does not fit, a new chunk gets the first `count` values and
 * the old ones become unset.  False: MemoryError pending. */
bool frame_window_slow(Frame *frame, Value *args, size_t count, size_t nregs);
static inline bool frame_window(Frame *frame, Value *args, size_t count, size_t nregs) {
    frame->regs = args;
    frame->top = args + nregs;
    if (__builtin_expect(frame->top > machine.limit, 0)) return frame_window_slow(frame, args, count, nregs);
    frame->flags = 0;
    return true;
}
struct Function;
/* The cells of the function's closure go into the registers of a new frame. */
void frame_load_closure(Frame *frame, const struct Function *f);
/* The frame with FRAME_OWN_CHUNK ends. */
void frame_leave_chunk(Frame *frame);

/* Releases what the frame holds (registers, function, namespace), hands locals to its frame object, and unlinks it:
 * machine.frame is then the caller.  Not for generators' frames. */
void frame_end(Frame *frame);
/* Same for the registers only. */
void frame_release_registers(Frame *frame);

static inline bool frame_runs_script(const Frame *frame) { return frame->code != NULL; }
/* Word of the instruction that the frame is at. */
static inline uint32_t frame_index(const Frame *frame) {
    return frame->pc == frame->code->instrs ? 0 : (uint32_t)(frame->pc - frame->code->instrs - 1);
}
int frame_line(const Frame *frame);
/* dict of the variables: a new one, or `into` updated. */
Value frame_locals(Frame *frame);

/* The frame object of a frame, made on first use.  Borrowed. */
Value frame_object(Frame *frame);

/* A frame as scripts see it.  Frees itself from the Frame when that ends, taking over its locals. */
typedef struct FrameObject {
    Object head;
    Frame *frame;        /* NULL once it has ended */
    Value code, globals, builtins, namespace, back;
    Value locals;        /* the dict that f_locals gave, or UNSET */
    Value trace;         /* f_trace: kept, not used */
    uint32_t index;      /* of the last instruction */
    uint32_t count;      /* values taken over */
    Value values[];
} FrameObject;
/* The frame ends: its frame object keeps the locals (moved out of the registers). */
void frame_object_detach(Frame *frame);

typedef struct Traceback {
    Object head;
    Value next, frame;   /* UNSET at the end; frame object */
    uint32_t index;
    int32_t line;        /* TRACEBACK_LINE_UNKNOWN until somebody asks: traceback_line() */
} Traceback;
enum { TRACEBACK_LINE_UNKNOWN = INT32_MIN };
int32_t traceback_line(Traceback *t);
/* Puts an entry for `frame` in front of the traceback of the pending exception. */
void traceback_add(Frame *frame);

#endif
