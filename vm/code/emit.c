/* Appends instructions to the unit that is being compiled, and keeps its registers, labels and assigned locals. */
#include "vm/code/compiler.h"

#include "runtime/mem/heap.h"

/* --- Sets of locals ------------------------------------------------------------------------------------------- */

struct StateChunk {
    struct StateChunk *next;
    size_t used, size; /* words */
    uint64_t words[];
};

static uint64_t *state_new(Compiler *c) {
    Unit *u = c->unit;
    struct StateChunk *chunk = u->states;
    if (!chunk || chunk->used + u->state_words > chunk->size) {
        size_t size = u->state_words * 16;
        chunk = raw_allocate(sizeof *chunk + size * sizeof(uint64_t));
        if (!chunk) {
            compile_fail_memory(c);
            return NULL;
        }
        *chunk = (struct StateChunk){u->states, 0, size};
        u->states = chunk;
    }
    uint64_t *state = chunk->words + chunk->used;
    chunk->used += u->state_words;
    memcpy(state, u->assigned, u->state_words * sizeof(uint64_t));
    return state;
}

static void state_join(Unit *u, uint64_t *into, const uint64_t *from) {
    for (size_t i = 0; i < u->state_words; i++) into[i] &= from[i];
}

static void state_without_deleted(Unit *u, uint64_t *state) {
    for (size_t i = 0; i < u->state_words; i++) state[i] &= ~u->deleted[i];
}

bool local_is_assigned(const Compiler *c, int reg) {
    return c->unit->assigned[reg / 64] >> reg % 64 & 1;
}

void local_set_assigned(Compiler *c, int reg) {
    c->unit->assigned[reg / 64] |= UINT64_C(1) << reg % 64;
}

void local_set_deleted(Compiler *c, int reg) {
    c->unit->assigned[reg / 64] &= ~(UINT64_C(1) << reg % 64);
}

bool local_is_walrus(const Compiler *c, int reg) {
    return c->unit->walrus[reg / 64] >> reg % 64 & 1;
}

/* --- Growing ----------------------------------------------------------------------------------------------------- */

/* Room for one more item of *block; false: failed. */
static bool grow(Compiler *c, void **block, uint32_t count, uint32_t *capacity, size_t item_size) {
    if (count < *capacity) return true;
    uint32_t larger = *capacity ? *capacity * 2 : 32;
    void *bigger = raw_reallocate(*block, larger * item_size);
    if (!bigger) {
        compile_fail_memory(c);
        return false;
    }
    *block = bigger;
    *capacity = larger;
    return true;
}

/* --- Instructions ------------------------------------------------------------------------------------------------ */

static Emitted *append(Compiler *c, Instr word) {
    Unit *u = c->unit;
    if (!u->reachable || c->failed) return NULL;
    if (!grow(c, (void **)&u->instrs, u->count, &u->capacity, sizeof(Emitted))) return NULL;
    Emitted *e = &u->instrs[u->count++];
    *e = (Emitted){word, u->span, NO_LABEL, NO_CONSTANT, u->handler, 0};
    if (u->handler != NO_HANDLER) u->catchers[u->handler].used = true;
    return e;
}

void emit(Compiler *c, Opcode op, unsigned flags, int x, int y, int z) {
    append(c, instr_make(op, flags, (unsigned)x, (unsigned)y, (unsigned)z));
}

void emit_wide(Compiler *c, Opcode op, int x, int32_t wide) {
    append(c, instr_make_wide(op, 0, (unsigned)x, wide));
}

void emit_constant(Compiler *c, Opcode op, unsigned flags, int x, int y, int z, Constant k) {
    Emitted *e = append(c, instr_make(op, flags, (unsigned)x, (unsigned)y, (unsigned)z));
    if (e) e->constant = k;
}

static void label_use(Compiler *c, Label label) {
    LabelInfo *info = &c->unit->labels[label];
    if (info->position >= 0) return;
    if (info->used) state_join(c->unit, info->assigned, c->unit->assigned);
    else info->assigned = state_new(c);
    info->used = true;
}

void emit_jump(Compiler *c, Opcode op, unsigned flags, int x, int y, int z, Label target) {
    Emitted *e = append(c, instr_make(op, flags, (unsigned)x, (unsigned)y, (unsigned)z));
    if (!e) return;
    e->label = target;
    label_use(c, target);
}

void emit_jump_constant(Compiler *c, Opcode op, unsigned flags, int reg, Constant k, Label target) {
    Emitted *e = append(c, instr_make(op, flags, 0, (unsigned)reg, 0));
    if (!e) return;
    e->label = target;
    e->constant = k;
    label_use(c, target);
}

void emit_goto(Compiler *c, Label target) {
    emit_jump(c, OP_JUMP, 0, 0, 0, 0, target);
    emit_end(c);
}

void emit_cache(Compiler *c, uint32_t value) {
    Unit *u = c->unit;
    if (u->reachable && !c->failed) u->instrs[u->count - 1].cache = value;
}

void emit_end(Compiler *c) {
    c->unit->reachable = false;
}

/* --- Labels ------------------------------------------------------------------------------------------------------ */

Label label_new(Compiler *c) {
    Unit *u = c->unit;
    if (c->failed) return 0;
    if (!grow(c, (void **)&u->labels, (uint32_t)u->label_count, (uint32_t *)&u->label_capacity, sizeof(LabelInfo)))
        return 0;
    u->labels[u->label_count] = (LabelInfo){-1, false, NULL};
    return u->label_count++;
}

/* Goes on here, from the code before (if it is reached) and from jumps that had assigned `state`. */
static void continue_with(Unit *u, const uint64_t *state) {
    if (u->reachable) state_join(u, u->assigned, state);
    else memcpy(u->assigned, state, u->state_words * sizeof(uint64_t));
    u->reachable = true;
}

void label_bind(Compiler *c, Label label) {
    if (c->failed) return;
    LabelInfo *info = &c->unit->labels[label];
    info->position = (int32_t)c->unit->count;
    if (info->used) continue_with(c->unit, info->assigned);
}

Label label_bind_loop(Compiler *c) {
    Label label = label_new(c);
    if (c->failed) return label;
    c->unit->labels[label].position = (int32_t)c->unit->count;
    state_without_deleted(c->unit, c->unit->assigned);
    return label;
}

/* --- Handlers ---------------------------------------------------------------------------------------------------- */

int32_t catcher_new(Compiler *c) {
    Unit *u = c->unit;
    if (c->failed) return NO_HANDLER;
    if (!grow(c, (void **)&u->catchers, (uint32_t)u->catcher_count, (uint32_t *)&u->catcher_capacity, sizeof(Catcher)))
        return NO_HANDLER;
    uint64_t *state = state_new(c);
    if (!state) return NO_HANDLER;
    state_without_deleted(u, state);
    u->catchers[u->catcher_count] = (Catcher){-1, (uint16_t)u->top, false, state};
    return u->catcher_count++;
}

void catcher_bind(Compiler *c, int32_t catcher) {
    if (c->failed) return;
    Catcher *found = &c->unit->catchers[catcher];
    found->position = (int32_t)c->unit->count;
    if (found->used) continue_with(c->unit, found->assigned);
}

/* --- Registers --------------------------------------------------------------------------------------------------- */

int temp_push_run(Compiler *c, int count) {
    Unit *u = c->unit;
    int first = u->top;
    u->top += count;
    if (u->top > u->max_reg) u->max_reg = u->top;
    if (u->top >= NO_REG && !c->failed) compile_error(c, u->span, "too many variables and values in one function");
    return first;
}

int temp_push(Compiler *c) {
    return temp_push_run(c, 1);
}

void unit_free(Unit *u) {
    for (struct StateChunk *chunk = u->states, *next; chunk; chunk = next) {
        next = chunk->next;
        raw_free(chunk);
    }
    raw_free(u->instrs);
    raw_free(u->labels);
    raw_free(u->catchers);
    raw_free(u->assigned);
    constants_free(&u->constants);
}
