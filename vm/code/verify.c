/* Checks code for what the loop relies on: operands in range, jumps to instructions, temporaries consumed exactly once.
 */
#include "vm/code/code.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/mem/heap.h"
#include "runtime/types/str.h"

typedef struct Check {
    const Code *code;
    uint8_t *starts;   /* words where an instruction begins */
    uint64_t **live;   /* temporaries that hold something before each instruction; NULL: not reached yet */
    uint32_t *queue;
    uint32_t queued;
    size_t words;      /* of a set of temporaries */
    uint64_t *now;     /* the set that is being worked on */
    const char *wrong;
    uint32_t at;
} Check;

static __thread char message[160];

static void fail(Check *check, const char *what) {
    if (check->wrong) return;
    Instr word = check->code->instrs[check->at];
    snprintf(message, sizeof message, "word %u (%s %u %u %u flags %u): %s", check->at, opcode_info[instr_op(word)].name,
             instr_a(word), instr_b(word), instr_c(word), instr_flags(word), what);
    check->wrong = message;
}

/* --- Operands ---------------------------------------------------------------------------------------------------- */

static bool is_temp(const Check *check, uint32_t reg) {
    return reg >= check->code->nlocals;
}

static void check_constant(Check *check, uint32_t index, bool is_name) {
    if (index >= check->code->constant_count) fail(check, "constant out of range");
    else if (is_name && !str_is_exact(check->code->constants[index])) fail(check, "constant is not a name");
}

static void check_register(Check *check, uint32_t reg, bool takes) {
    if (reg >= check->code->nregs) fail(check, "register out of range");
    unsigned op = instr_op(check->code->instrs[check->at]);
    if (takes && !is_temp(check, reg) && op != OP_MOVE && op != OP_RETURN) fail(check, "a local is consumed");
}

static void check_jump(Check *check, int64_t distance) {
    unsigned op = instr_op(check->code->instrs[check->at]);
    int64_t target = (int64_t)check->at + 1 + opcode_info[op].caches + distance;
    if (target < 0 || target >= check->code->instr_count || !check->starts[target])
        fail(check, "jump to no instruction");
}

static void check_operand(Check *check, char letter, uint32_t field, int32_t wide, bool takes) {
    switch (letter) {
    case 's':
        if (field == NO_REG) return;
        check_register(check, field, takes);
        break;
    case 'w': case 'r': case 'm': case 'W': case 'R': check_register(check, field, takes); break;
    case 'k': check_constant(check, field, false); break;
    case 'n': check_constant(check, field, true); break;
    case 'K': check_constant(check, (uint32_t)wide, false); break;
    case 'N': check_constant(check, (uint32_t)wide, true); break;
    case 'j': check_jump(check, (int16_t)field); break;
    case 'J': check_jump(check, wide); break;
    default: break;
    }
}

static bool has_run_without_values(Instr word) {
    switch (instr_op(word)) {
    case OP_BUILD_TUPLE:
    case OP_BUILD_LIST:
    case OP_BUILD_SET:
    case OP_BUILD_MAP:
    case OP_BUILD_STRING: return instr_c(word) == 0;
    case OP_UNPACK: return instr_b(word) == 0;
    default: return false;
    }
}

static void check_instr(Check *check) {
    Instr word = check->code->instrs[check->at];
    const char *letters = opcode_info[instr_op(word)].operands;
    uint32_t fields[] = {instr_a(word), instr_b(word), instr_c(word)};
    if (has_run_without_values(word)) return;
    for (int i = 0; i < 3; i++)
        check_operand(check, letters[i], fields[i], instr_wide(word), instr_flags(word) >> i & 1);
}

static bool find_starts(Check *check) {
    const Code *code = check->code;
    uint32_t at = 0;
    while (at < code->instr_count) {
        if (instr_op(code->instrs[at]) >= OP_FIRST_SPECIALISED) return false;
        check->starts[at] = 1;
        at += 1u + opcode_info[instr_op(code->instrs[at])].caches;
    }
    return at == code->instr_count;
}

/* --- The life of temporaries ------------------------------------------------------------------------------------- */

static bool is_live(const Check *check, uint32_t reg) {
    if (!is_temp(check, reg)) return true;
    reg -= check->code->nlocals;
    return check->now[reg / 64] >> reg % 64 & 1;
}

static void set_live(Check *check, uint32_t reg, bool live) {
    if (!is_temp(check, reg)) return;
    reg -= check->code->nlocals;
    uint64_t bit = UINT64_C(1) << reg % 64;
    if (live) check->now[reg / 64] |= bit;
    else check->now[reg / 64] &= ~bit;
}

/* How many registers a run that is read covers. */
static uint32_t run_read(const Check *check, Instr word) {
    switch (instr_op(word)) {
    case OP_RUN_COMPREHENSION: return 1u + as_code(check->code->constants[instr_b(word)])->freecount;
    case OP_GET_SUPER_METHOD: case OP_GET_SUPER_ATTR: return 3;
    case OP_BUILD_SLICE:
    case OP_BUILD_TUPLE:
    case OP_BUILD_LIST:
    case OP_BUILD_SET:
    case OP_BUILD_STRING: return instr_c(word);
    case OP_BUILD_MAP: return 2 * instr_c(word);
    case OP_FORMAT: return instr_c(word) >> 15 ? 2 : 1;
    case OP_CALL: case OP_CALL_METHOD: return instr_c(word) + 1;
    case OP_CALL_KW: case OP_CALL_METHOD_KW: return instr_c(word) + 2;
    case OP_CALL_EX: return 2; /* the dict may be unset */
    case OP_GROUP_RESULT: return 1;
    default: return 2; /* END_CATCH, RERAISE, END_ASYNC_FOR, IMPORT_NAME, MATCH_CLASS */
    }
}

static uint32_t run_written(Instr word) {
    if (instr_op(word) == OP_UNPACK) return instr_b(word);
    if (instr_op(word) == OP_WITH_ENTER || instr_op(word) == OP_ASYNC_WITH_ENTER) return 4;
    if (instr_op(word) != OP_UNPACK_EX) return 2;
    return 0; /* set by the caller: needs the cache word */
}

static void read_register(Check *check, uint32_t reg, bool takes) {
    if (!is_live(check, reg)) fail(check, "reads an empty temporary");
    if (takes) set_live(check, reg, false);
}

static void read_operands(Check *check, Instr word) {
    const char *letters = opcode_info[instr_op(word)].operands;
    uint32_t fields[] = {instr_a(word), instr_b(word), instr_c(word)};
    for (int i = 0; i < 3; i++) {
        bool takes = instr_flags(word) >> i & 1;
        if (letters[i] == 'r' || letters[i] == 'm' || (letters[i] == 's' && fields[i] != NO_REG)) {
            bool function_extras = instr_op(word) == OP_MAKE_FUNCTION || instr_op(word) == OP_MAKE_FUNCTION_DYNAMIC;
            if (letters[i] == 's' && function_extras) {
                for (uint32_t k = 0; k < 4; k++) set_live(check, fields[i] + k, false);
            } else if (instr_op(word) != OP_DROP) {
                read_register(check, fields[i], takes);
            } else {
                set_live(check, fields[i], false);
            }
        } else if (letters[i] == 'R') {
            for (uint32_t k = 0; k < run_read(check, word); k++) read_register(check, fields[i] + k, true);
            if (instr_op(word) == OP_CALL_EX && fields[i] + 2 < check->code->nregs)
                set_live(check, fields[i] + 2, false);
        }
    }
    if (instr_op(word) == OP_CALL_EX) set_live(check, instr_b(word) + 2, false);
    if (instr_op(word) == OP_DELEGATE) {
        set_live(check, instr_b(word), false);
        set_live(check, instr_c(word), false);
    }
}

static void write_register(Check *check, uint32_t reg) {
    if (is_temp(check, reg) && is_live(check, reg)) fail(check, "overwrites a temporary");
    set_live(check, reg, true);
}

static void write_operands(Check *check, Instr word) {
    const char *letters = opcode_info[instr_op(word)].operands;
    uint32_t count = run_written(word);
    if (instr_op(word) == OP_UNPACK_EX) count = instr_b(word) + 1 + (uint32_t)check->code->instrs[check->at + 1];
    if (letters[0] == 'w') write_register(check, instr_a(word));
    for (uint32_t k = 0; letters[0] == 'W' && k < count; k++) {
        if (instr_a(word) + k >= check->code->nregs) fail(check, "register out of range");
        else write_register(check, instr_a(word) + k);
    }
}

/* Goes on at `target` with what is live now. */
static void flow(Check *check, uint32_t target) {
    if (target >= check->code->instr_count) {
        fail(check, "runs past the end");
        return;
    }
    uint64_t **known = &check->live[target];
    if (!*known) {
        *known = raw_allocate((check->words + 1) * sizeof(uint64_t));
        if (!*known) return;
        memcpy(*known, check->now, check->words * sizeof(uint64_t));
        check->queue[check->queued++] = target;
    } else if (memcmp(*known, check->now, check->words * sizeof(uint64_t)) != 0) {
        fail(check, "joins code with other temporaries alive");
    }
}

static bool ends(unsigned op) {
    return op == OP_JUMP || op == OP_RETURN || op == OP_RETURN_CONST || op == OP_RAISE || op == OP_RAISE_AGAIN ||
           op == OP_RERAISE;
}

static void flow_jump(Check *check, Instr word) {
    const char *letters = opcode_info[instr_op(word)].operands;
    uint32_t next = check->at + 1 + opcode_info[instr_op(word)].caches;
    for (int i = 0; i < 3; i++) {
        if (letters[i] == 'J') flow(check, (uint32_t)((int64_t)next + instr_wide(word)));
        if (letters[i] == 'j')
            flow(check, (uint32_t)((int64_t)next + (int16_t)(i == 0 ? instr_a(word) : instr_c(word))));
    }
}

/* Handlers get the temporaries below their depth as they were before the instruction. */
static void flow_handler(Check *check, const uint64_t *before) {
    const ExceptionRow *row = code_handler(check->code, check->at);
    if (!row) return;
    memcpy(check->now, before, check->words * sizeof(uint64_t));
    for (uint32_t reg = row->depth; reg < check->code->nregs; reg++) set_live(check, reg, false);
    flow(check, row->target);
}

static void step(Check *check) {
    Instr word = check->code->instrs[check->at];
    unsigned op = instr_op(word);
    const uint64_t *before = check->live[check->at];
    flow_handler(check, before);
    memcpy(check->now, before, check->words * sizeof(uint64_t));
    read_operands(check, word);
    if (op == OP_FOR_NEXT) { /* writes only when it jumps */
        uint32_t next = check->at + 1 + opcode_info[op].caches;
        write_operands(check, word);
        flow_jump(check, word);
        if (is_temp(check, instr_a(word))) set_live(check, instr_a(word), false);
        set_live(check, instr_b(word), false);
        flow(check, next);
        return;
    }
    if (op == OP_CLEAR) set_live(check, instr_a(word), false);
    else write_operands(check, word);
    flow_jump(check, word);
    if (op == OP_JUMP_IF_TRUE_OR_DROP || op == OP_JUMP_IF_FALSE_OR_DROP) set_live(check, instr_a(word), false);
    if (!ends(op)) flow(check, check->at + 1 + opcode_info[op].caches);
}

static void check_temporaries(Check *check) {
    check->at = 0;
    memset(check->now, 0, check->words * sizeof(uint64_t));
    flow(check, 0);
    while (check->queued && !check->wrong) {
        check->at = check->queue[--check->queued];
        step(check);
    }
}

static void check_all(Check *check) {
    if (!find_starts(check)) {
        check->wrong = "words that are no instructions";
        return;
    }
    for (check->at = 0; check->at < check->code->instr_count; check->at++) {
        if (check->starts[check->at]) check_instr(check);
    }
    if (!check->wrong) check_temporaries(check);
}

const char *code_verify(const Code *code) {
    Check check = {.code = code, .words = (size_t)(code->nregs - code->nlocals + 63) / 64};
    check.starts = raw_allocate_zeroed(code->instr_count + 1);
    check.live = raw_allocate_zeroed((code->instr_count + 1) * sizeof *check.live);
    check.queue = raw_allocate((code->instr_count + 1) * sizeof *check.queue);
    check.now = raw_allocate_zeroed((check.words + 1) * sizeof *check.now);
    if (check.starts && check.live && check.queue && check.now) check_all(&check);
    for (uint32_t i = 0; check.live && i < code->instr_count; i++) raw_free(check.live[i]);
    raw_free(check.starts);
    raw_free(check.live);
    raw_free(check.queue);
    raw_free(check.now);
    return check.wrong;
}
