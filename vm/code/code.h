/* Code objects: the compiled form of one function, class body, comprehension or module.
 *
 * Fixed once made, apart from inline caches and opcodes that the loop specialises in place; these are single 64-bit
 * words, stored atomically, and any thread may meet either the old or the new one.
 */
#ifndef CODE_CODE_H
#define CODE_CODE_H

#include "runtime/mem/type.h"

typedef uint64_t Instr; /* op:8 flags:8 a:16 b:16 c:16, from the low end */

enum { TAKE_A = 1, TAKE_B = 2, TAKE_C = 4 };
#define NO_REG 0xFFFF

static inline unsigned instr_op(Instr i) { return i & 0xFF; }
static inline unsigned instr_flags(Instr i) { return (i >> 8) & 0xFF; }
static inline unsigned instr_a(Instr i) { return (i >> 16) & 0xFFFF; }
static inline unsigned instr_b(Instr i) { return (i >> 32) & 0xFFFF; }
static inline unsigned instr_c(Instr i) { return (unsigned)(i >> 48); }
static inline int32_t instr_wide(Instr i) { return (int32_t)(i >> 32); } /* b and c as one */
static inline int16_t instr_signed_a(Instr i) { return (int16_t)(i >> 16); }
static inline int16_t instr_signed_c(Instr i) { return (int16_t)(i >> 48); }
static inline Instr instr_make(unsigned op, unsigned flags, unsigned a, unsigned b, unsigned c) {
    return op | (Instr)flags << 8 | (Instr)(a & 0xFFFF) << 16 | (Instr)(b & 0xFFFF) << 32 | (Instr)(c & 0xFFFF) << 48;
}
static inline Instr instr_make_wide(unsigned op, unsigned flags, unsigned a, int32_t wide) {
    return op | (Instr)flags << 8 | (Instr)(a & 0xFFFF) << 16 | (Instr)(uint32_t)wide << 32;
}

typedef enum Opcode {
#define OP(name, operands, caches, notation, meaning) OP_##name,
#include "vm/code/opcodes.def"
#undef OP
    OP_FIRST_SPECIALISED /* vm/exec/specialised.def goes on from here */
} Opcode;

typedef struct OpcodeInfo {
    const char *name, *operands, *notation, *meaning;
    uint8_t caches;
} OpcodeInfo;
extern OpcodeInfo opcode_info[256]; /* the specialised ones are filled in by vm/exec at start */

/* Where an exception at a word in [start, end) goes.  Rows are sorted and do not overlap: of nested ranges the
 * innermost is kept. */
typedef struct Handler_ ExceptionRow;
struct Handler_ {
    uint32_t start, end; /* words */
    uint32_t target;
    uint16_t depth;      /* temporaries from register `depth` up (register number, >= nlocals) are released */
    uint16_t padding;
};

enum { /* as co_flags */
    CODE_OPTIMIZED = 0x1, CODE_NEWLOCALS = 0x2, CODE_VARARGS = 0x4, CODE_VARKEYWORDS = 0x8, CODE_NESTED = 0x10,
    CODE_GENERATOR = 0x20, CODE_COROUTINE = 0x80, CODE_ITERABLE_COROUTINE = 0x100, CODE_ASYNC_GENERATOR = 0x200,
};

typedef struct Code {
    Object head;
    Instr *instrs;           /* raw memory */
    Value *constants;        /* owned values */
    ExceptionRow *handlers;
    uint8_t *positions;      /* see position.h */
    uint32_t instr_count, constant_count, handler_count, positions_size;
    uint32_t flags;
    uint16_t nregs, nlocals; /* all registers; those that are not temporaries */
    uint16_t argcount;       /* positional parameters, positional-only included */
    uint16_t posonlycount, kwonlycount;
    /* Registers of locals: [0, varcount) co_varnames in order; [cell_base, cell_base+cellcount) cells; [free_base,
     * +freecount) free ones. A parameter that is a cell: the function's first instructions move it into its cell
     * register. */
    uint16_t varcount, cell_base, cellcount, free_base, freecount;
    uint16_t simple_args;    /* 1: only positional parameters: calls with argcount values need no binding */
    int32_t first_line;
    Value name, qualname, filename, docstring; /* docstring NONE when absent */
    Value varnames, cellnames, freenames;      /* tuples */
    void *exec;              /* for vm/exec: per-code counters and retired caches */
} Code;

extern Type code_type;
extern void (*code_free_exec)(Code *code); /* releases code->exec; set by vm/exec */
/* An empty code object, whose fields the caller fills. */
Code *code_new(void);
static inline Code *as_code(Value v) { return (Code *)as_object(v); }

/* Source position of the instruction at word `index`. Columns are UTF-8 byte offsets, -1 if unknown. */
typedef struct Position {
    int32_t line, end_line, col, end_col;
} Position;
Position code_position(const Code *code, uint32_t index);
/* The innermost handler for a word, or NULL. */
const ExceptionRow *code_handler(const Code *code, uint32_t index);
/* True, or a description of the first thing that is wrong with the code: jumps into cache words, registers out of
 * range, ...; debug builds run it on all code. */
const char *code_verify(const Code *code);

#endif
