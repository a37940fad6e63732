/* Lists code: source line, word, opcode, operands by name, jump targets, handlers; then the code within it. */
#include "vm/code/code.h"

#include <stdio.h>

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/code/compile.h"

typedef struct Listing {
    const Code *code;
    StrBuilder out;
    uint8_t *targets; /* words that are jumped to */
    bool failed;
} Listing;

static void text(Listing *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void text(Listing *l, const char *format, ...) {
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    builder_ascii(&l->out, line);
}

static uint32_t next_word(const Code *code, uint32_t at) {
    return at + 1 + opcode_info[instr_op(code->instrs[at])].caches;
}

static bool jump_target(const Code *code, uint32_t at, uint32_t *target) {
    Instr word = code->instrs[at];
    const char *letters = opcode_info[instr_op(word)].operands;
    for (int i = 0; i < 3; i++) {
        int32_t distance = i == 0 ? instr_signed_a(word) : instr_signed_c(word);
        if (letters[i] == 'J') distance = instr_wide(word);
        if ((letters[i] | 32) != 'j') continue;
        *target = (uint32_t)((int64_t)next_word(code, at) + distance);
        return true;
    }
    return false;
}

static void mark_targets(Listing *l) {
    uint32_t target;
    for (uint32_t at = 0; at < l->code->instr_count; at = next_word(l->code, at)) {
        if (jump_target(l->code, at, &target)) l->targets[target] = 1;
    }
    for (uint32_t i = 0; i < l->code->handler_count; i++) l->targets[l->code->handlers[i].target] = 1;
}

/* --- Operands ---------------------------------------------------------------------------------------------------- */

static void register_name(Listing *l, uint32_t reg) {
    const Code *code = l->code;
    if (reg >= code->nlocals) text(l, "t%u", reg - code->nlocals);
    else if (reg >= code->free_base)
        builder_str(&l->out, tuple_at(code->freenames, reg - code->free_base)), text(l, "!");
    else if (reg >= code->cell_base)
        builder_str(&l->out, tuple_at(code->cellnames, reg - code->cell_base)), text(l, "!");
    else builder_str(&l->out, tuple_at(code->varnames, reg));
}

static void constant_text(Listing *l, Value constant) {
    Value repr =
        is_exactly(constant, &code_type) ? str_format("<code %U>", as_code(constant)->name) : object_repr(constant);
    if (is_unset(repr)) {
        l->failed = true;
        return;
    }
    size_t length = str_length(repr);
    builder_slice(&l->out, repr, 0, length < 60 ? length : 57);
    if (length >= 60) builder_ascii(&l->out, "...");
    release(repr);
}

static void operand_text(Listing *l, char letter, uint32_t field, int32_t wide, bool takes) {
    switch (letter) {
    case 's':
        if (field == NO_REG) {
            text(l, "-");
            break;
        }
        /* falls through */
    case 'w': case 'r': case 'm': case 'W': case 'R':
        register_name(l, field);
        if (takes && field < l->code->nlocals) text(l, " (moved)");
        if (letter == 'W' || letter == 'R') text(l, "..");
        break;
    case 'k': constant_text(l, l->code->constants[field]); break;
    case 'K': constant_text(l, l->code->constants[wide]); break;
    case 'n': builder_str(&l->out, l->code->constants[field]); break;
    case 'N': builder_str(&l->out, l->code->constants[wide]); break;
    case 'i': text(l, "%d", (int16_t)field); break;
    case 'I': text(l, "%d", wide); break;
    case 'u': text(l, "%u", field); break;
    default: break;
    }
}

static void instr_text(Listing *l, uint32_t at) {
    Instr word = l->code->instrs[at];
    const OpcodeInfo *info = &opcode_info[instr_op(word)];
    uint32_t fields[] = {instr_a(word), instr_b(word), instr_c(word)}, target;
    text(l, "%2s %6u  %-24s", l->targets[at] ? ">>" : "", at, info->name);
    const char *between = " ";
    for (int i = 0; i < 3; i++) {
        if (info->operands[i] == '-' || (info->operands[i] | 32) == 'j') continue;
        builder_ascii(&l->out, between);
        operand_text(l, info->operands[i], fields[i], instr_wide(word), instr_flags(word) >> i & 1);
        between = ", ";
    }
    if (instr_op(word) == OP_UNPACK_EX || instr_op(word) == OP_MATCH_CLASS)
        text(l, ", %u", (unsigned)l->code->instrs[at + 1]);
    if (jump_target(l->code, at, &target)) text(l, "%sto %u", between, target);
    text(l, "\n");
}

/* --- Listings ---------------------------------------------------------------------------------------------------- */

static void handlers_text(Listing *l) {
    if (l->code->handler_count) text(l, "Handlers:\n");
    for (uint32_t i = 0; i < l->code->handler_count; i++) {
        const ExceptionRow *row = &l->code->handlers[i];
        text(l, "  %u to %u -> %u, keeping %u temporaries\n", row->start, row->end, row->target,
             row->depth - l->code->nlocals);
    }
}

static void instrs_text(Listing *l) {
    int32_t line = -1;
    for (uint32_t at = 0; at < l->code->instr_count && !l->failed; at = next_word(l->code, at)) {
        Position p = code_position(l->code, at);
        if (p.line != line && at > 0) text(l, "\n");
        if (p.line != line) text(l, "%5d ", p.line);
        else text(l, "      ");
        line = p.line;
        instr_text(l, at);
    }
}

static void title(Listing *l) {
    const Code *code = l->code;
    builder_str(&l->out, code->qualname);
    text(l, ": line %d, %u words, %u registers (%u locals), %u constants\n", code->first_line, code->instr_count,
         code->nregs, code->nlocals, code->constant_count);
}

static bool code_text(Listing *l);

static void nested_text(Listing *l) {
    const Code *outer = l->code;
    for (uint32_t i = 0; i < outer->constant_count && !l->failed; i++) {
        if (!is_exactly(outer->constants[i], &code_type)) continue;
        text(l, "\n");
        l->code = as_code(outer->constants[i]);
        code_text(l);
    }
    l->code = outer;
}

static bool code_text(Listing *l) {
    if (!recursion_check(" during compilation")) return l->failed = true, false;
    l->targets = raw_allocate_zeroed(l->code->instr_count + 1);
    if (!l->targets) return raise_memory_error(), l->failed = true, false;
    mark_targets(l);
    title(l);
    instrs_text(l);
    handlers_text(l);
    raw_free(l->targets);
    nested_text(l);
    return !l->failed;
}

Value code_disassemble(const Code *code) {
    Listing l = {.code = code, .out = STR_BUILDER};
    if (code_text(&l)) return builder_finish(&l.out);
    builder_discard(&l.out);
    return UNSET;
}
