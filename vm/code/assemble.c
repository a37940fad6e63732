/* Places the instructions of a unit: offsets, jumps, constants, handlers and positions, into a code object. */
#include "vm/code/compiler.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "vm/code/position.h"

/* Where the jump and the constant of an opcode are. */
typedef enum Field { FIELD_NONE, FIELD_A, FIELD_B, FIELD_C, FIELD_WIDE } Field;

static Field field_of(unsigned op, char narrow, char wide) {
    const char *operands = opcode_info[op].operands;
    for (int i = 0; i < 3; i++) {
        if (operands[i] == narrow) return (Field)(FIELD_A + i);
        if (operands[i] == wide) return FIELD_WIDE;
    }
    return FIELD_NONE;
}

static Field jump_field(unsigned op) {
    return field_of(op, 'j', 'J');
}

static Field constant_field(unsigned op) {
    Field field = field_of(op, 'k', 'K');
    return field != FIELD_NONE ? field : field_of(op, 'n', 'N');
}

static Instr with_field(Instr word, Field field, int32_t value) {
    uint64_t n = (uint16_t)value;
    switch (field) {
    case FIELD_A: return (word & ~(UINT64_C(0xFFFF) << 16)) | n << 16;
    case FIELD_B: return (word & ~(UINT64_C(0xFFFF) << 32)) | n << 32;
    case FIELD_C: return (word & ~(UINT64_C(0xFFFF) << 48)) | n << 48;
    case FIELD_WIDE: return (word & UINT64_C(0xFFFFFFFF)) | (uint64_t)(uint32_t)value << 32;
    default: return word;
    }
}

typedef struct Layout {
    Unit *unit;
    uint32_t *offsets; /* word of each instruction; one more for the end */
    bool *is_long;     /* a short jump that goes through a trampoline */
    int32_t *targets;  /* instruction that a jump goes to, past jumps to jumps */
} Layout;

/* A jump to the next instruction, which takes no room. */
static bool is_gone(const Emitted *e) {
    return instr_op(e->word) == OP_NOP && e->label != NO_LABEL;
}

static uint32_t instr_size(const Layout *l, uint32_t i) {
    if (is_gone(&l->unit->instrs[i])) return 0;
    unsigned op = instr_op(l->unit->instrs[i].word);
    return 1u + opcode_info[op].caches + (l->is_long[i] ? 2u : 0u);
}

static void place(Layout *l) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < l->unit->count; i++) {
        l->offsets[i] = at;
        at += instr_size(l, i);
    }
    l->offsets[l->unit->count] = at;
}

/* Follows jumps to jumps. */
static int32_t final_target(const Unit *u, Label label) {
    int32_t target = u->labels[label].position;
    for (int hops = 0; hops < 8 && (uint32_t)target < u->count; hops++) {
        const Emitted *e = &u->instrs[target];
        if (instr_op(e->word) != OP_JUMP) break;
        target = u->labels[e->label].position;
    }
    return target;
}

static int64_t distance(const Layout *l, uint32_t i) {
    unsigned op = instr_op(l->unit->instrs[i].word);
    return (int64_t)l->offsets[l->targets[i]] - (l->offsets[i] + 1 + opcode_info[op].caches);
}

/* Marks the short jumps that do not reach; returns whether there were new ones. */
static bool relax(Layout *l) {
    bool changed = false;
    for (uint32_t i = 0; i < l->unit->count; i++) {
        if (l->targets[i] < 0 || l->is_long[i]) continue;
        if (jump_field(instr_op(l->unit->instrs[i].word)) == FIELD_WIDE) continue;
        int64_t far = distance(l, i);
        if (far < INT16_MIN || far > INT16_MAX) l->is_long[i] = changed = true;
    }
    return changed;
}

static void resolve_targets(Layout *l) {
    Unit *u = l->unit;
    for (uint32_t i = 0; i < u->count; i++) {
        l->targets[i] = u->instrs[i].label == NO_LABEL ? -1 : final_target(u, u->instrs[i].label);
    }
}

/* A jump that only goes to the next instruction does nothing. */
static void drop_empty_jumps(Layout *l) {
    for (uint32_t i = 0; i < l->unit->count; i++) {
        if (instr_op(l->unit->instrs[i].word) == OP_JUMP && l->targets[i] == (int32_t)i + 1) {
            l->unit->instrs[i].word = instr_make(OP_NOP, 0, 0, 0, 0);
            l->targets[i] = -1;
        }
    }
}

/* A short jump that does not reach: it jumps over a jump, to one that does.
 *     jump +1;  JUMP +1;  JUMP target   */
static Instr *write_trampoline(Layout *l, uint32_t i, Instr *out) {
    uint32_t next = l->offsets[i + 1];
    *out++ = instr_make_wide(OP_JUMP, 0, 0, 1);
    *out++ = instr_make_wide(OP_JUMP, 0, 0, (int32_t)((int64_t)l->offsets[l->targets[i]] - next));
    return out;
}

static void write_instrs(Layout *l, Instr *out) {
    Unit *u = l->unit;
    for (uint32_t i = 0; i < u->count; i++) {
        const Emitted *e = &u->instrs[i];
        if (is_gone(e)) continue;
        unsigned op = instr_op(e->word);
        Instr word = e->word;
        if (e->constant != NO_CONSTANT) word = with_field(word, constant_field(op), e->constant);
        if (l->targets[i] >= 0) word = with_field(word, jump_field(op), l->is_long[i] ? 1 : (int32_t)distance(l, i));
        *out++ = word;
        for (unsigned cache = 0; cache < opcode_info[op].caches; cache++) *out++ = cache ? 0 : e->cache;
        if (l->is_long[i]) out = write_trampoline(l, i, out);
    }
}

/* --- Constants --------------------------------------------------------------------------------------------------- */

/* With more than 65535 constants, those that need short numbers get them. */
static bool renumber_constants(Unit *u) {
    Constants *k = &u->constants;
    Constant *numbers = raw_allocate(k->count * sizeof(Constant));
    ConstantEntry *sorted = raw_allocate(k->count * sizeof(ConstantEntry));
    if (!numbers || !sorted) {
        raw_free(numbers);
        raw_free(sorted);
        return false;
    }
    uint32_t narrow = 0, wide = k->narrow_count;
    for (uint32_t i = 0; i < k->count; i++) {
        numbers[i] = (Constant)(k->entries[i].narrow ? narrow++ : wide++);
        sorted[numbers[i]] = k->entries[i];
    }
    for (uint32_t i = 0; i < u->count; i++) {
        if (u->instrs[i].constant != NO_CONSTANT) u->instrs[i].constant = numbers[u->instrs[i].constant];
    }
    raw_free(numbers);
    raw_free(k->entries);
    k->entries = sorted;
    return true;
}

static bool take_constants(Code *code, Unit *u) {
    Constants *k = &u->constants;
    code->constants = raw_allocate((k->count + 1) * sizeof(Value));
    if (!code->constants) return false;
    for (uint32_t i = 0; i < k->count; i++) {
        code->constants[i] = k->entries[i].value;
        k->entries[i].value = UNSET;
    }
    code->constant_count = k->count;
    return true;
}

/* --- Handlers and positions -------------------------------------------------------------------------------------- */

static uint32_t handler_runs(const Unit *u) {
    uint32_t runs = 0;
    int32_t last = NO_HANDLER;
    for (uint32_t i = 0; i < u->count; i++) {
        if (u->instrs[i].handler != last && u->instrs[i].handler != NO_HANDLER) runs++;
        last = u->instrs[i].handler;
    }
    return runs;
}

static bool write_handlers(Layout *l, Code *code) {
    Unit *u = l->unit;
    uint32_t runs = handler_runs(u);
    if (!runs) return true;
    code->handlers = raw_allocate(runs * sizeof(ExceptionRow));
    if (!code->handlers) return false;
    ExceptionRow *row = code->handlers - 1;
    int32_t last = NO_HANDLER;
    for (uint32_t i = 0; i < u->count; i++) {
        int32_t handler = u->instrs[i].handler;
        if (handler != NO_HANDLER) {
            const Catcher *catcher = &u->catchers[handler];
            if (handler != last)
                *++row = (ExceptionRow){l->offsets[i], 0, l->offsets[catcher->position], catcher->depth, 0};
            row->end = l->offsets[i + 1];
        }
        last = handler;
    }
    code->handler_count = runs;
    return true;
}

static bool write_positions(Layout *l, Code *code) {
    PositionWriter w = {.line = code->first_line};
    for (uint32_t i = 0; i < l->unit->count; i++) {
        Span s = l->unit->instrs[i].span;
        position_add(&w, (Position){s.line, s.end_line, s.col, s.end_col}, l->offsets[i + 1] - l->offsets[i]);
    }
    code->positions = position_finish(&w, &code->positions_size);
    return code->positions != NULL;
}

/* --- All together ------------------------------------------------------------------------------------------------ */

static bool layout_begin(Layout *l, Unit *u) {
    *l = (Layout){.unit = u};
    l->offsets = raw_allocate((u->count + 1) * sizeof *l->offsets);
    l->targets = raw_allocate((u->count + 1) * sizeof *l->targets);
    l->is_long = raw_allocate_zeroed(u->count + 1);
    return l->offsets && l->targets && l->is_long;
}

static void layout_end(Layout *l) {
    raw_free(l->offsets);
    raw_free(l->targets);
    raw_free(l->is_long);
}

static bool fill(Layout *l, Code *code) {
    Unit *u = l->unit;
    resolve_targets(l);
    drop_empty_jumps(l);
    do place(l);
    while (relax(l));
    if (u->constants.count > UINT16_MAX && !renumber_constants(u)) return false;
    code->instr_count = l->offsets[u->count];
    code->instrs = raw_allocate((code->instr_count + 1) * sizeof(Instr));
    if (!code->instrs) return false;
    write_instrs(l, code->instrs);
    return take_constants(code, u) && write_handlers(l, code) && write_positions(l, code);
}

Value assemble(Compiler *c, Unit *unit) {
    Code *code = code_new();
    if (!code) {
        compile_fail(c);
        return UNSET;
    }
    code->first_line = unit->first_line;
    Layout layout;
    bool ok = layout_begin(&layout, unit) && fill(&layout, code);
    layout_end(&layout);
    if (ok) return from_object(code);
    object_release(code);
    compile_fail_memory(c);
    return UNSET;
}
