/* The code type: its life, its attributes, and the tables that describe instructions. */
#include "vm/code/code.h"

#include <stdio.h>

#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/error.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/code/code_replace.h"
#include "vm/code/position.h"

#define OPCODE_ROW(opcode, letters, cache_words, text, doc) \
    [OP_##opcode] = {.name = #opcode, .operands = letters, .notation = text, .meaning = doc, .caches = cache_words},
OpcodeInfo opcode_info[256] = {
#define OP OPCODE_ROW
#include "vm/code/opcodes.def"
#undef OP
};

void (*code_free_exec)(Code *code);

Code *code_new(void) {
    return object_allocate(&code_type, sizeof(Code));
}

static void code_destroy(Object *self) {
    Code *code = (Code *)self;
    if (code->exec && code_free_exec) code_free_exec(code);
    for (uint32_t i = 0; i < code->constant_count; i++) release(code->constants[i]);
    release(code->name);
    release(code->qualname);
    release(code->filename);
    release(code->docstring);
    release(code->varnames);
    release(code->cellnames);
    release(code->freenames);
    raw_free(code->instrs);
    raw_free(code->constants);
    raw_free(code->handlers);
    raw_free(code->positions);
    object_free(self);
}

static int code_traverse(Object *self, Visit visit, void *context) {
    Code *code = (Code *)self;
    Value owned[] = {code->name,     code->qualname,  code->filename, code->docstring,
                     code->varnames, code->cellnames, code->freenames};
    int stopped = 0;
    for (uint32_t i = 0; i < code->constant_count && !stopped; i++) stopped = visit(code->constants[i], context);
    for (size_t i = 0; i < sizeof owned / sizeof *owned && !stopped; i++) {
        if (is_set(owned[i])) stopped = visit(owned[i], context);
    }
    return stopped;
}

const ExceptionRow *code_handler(const Code *code, uint32_t index) {
    uint32_t low = 0, high = code->handler_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (code->handlers[middle].end <= index) low = middle + 1;
        else high = middle;
    }
    if (low < code->handler_count && code->handlers[low].start <= index) return &code->handlers[low];
    return NULL;
}

/* --- As an object ------------------------------------------------------------------------------------------------ */

static Value code_repr(Value self) {
    const Code *code = as_code(self);
    char address[32];
    snprintf(address, sizeof address, "0x%llx", (unsigned long long)self.bits);
    return str_format("<code object %U at %s, file \"%U\", line %d>", code->name, address, code->filename,
                      (int)code->first_line);
}

static bool code_hash(Value self, int64_t *out) {
    const Code *code = as_code(self);
    *out = (int64_t)(str_hash(as_str(code->name)) ^ ((uint64_t)code->first_line << 8) ^
                     ((uint64_t)code->instr_count << 20) ^ code->argcount) &
           INT64_MAX;
    return true;
}

static bool same_form(const Code *a, const Code *b) {
    return a->first_line == b->first_line && a->flags == b->flags && a->argcount == b->argcount &&
           a->posonlycount == b->posonlycount && a->kwonlycount == b->kwonlycount && a->nregs == b->nregs &&
           a->instr_count == b->instr_count && a->constant_count == b->constant_count &&
           a->positions_size == b->positions_size && memcmp(a->positions, b->positions, a->positions_size) == 0;
}

static int same_constants(const Code *a, const Code *b) {
    for (uint32_t i = 0; i < a->constant_count; i++) {
        if (type_of(a->constants[i]) != type_of(b->constants[i])) return 0;
        int equal = object_equal(a->constants[i], b->constants[i]);
        if (equal != 1) return equal;
    }
    return 1;
}

static int code_equal(const Code *a, const Code *b) {
    if (a == b) return 1;
    if (!same_form(a, b) || !str_equal(a->name, b->name)) return 0;
    int equal = object_equal(a->varnames, b->varnames);
    if (equal == 1) equal = object_equal(a->freenames, b->freenames);
    if (equal == 1) equal = object_equal(a->cellnames, b->cellnames);
    return equal == 1 ? same_constants(a, b) : equal;
}

static Value code_compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(a, &code_type) || !is_exactly(b, &code_type) || (op != COMPARE_EQ && op != COMPARE_NE))
        return NOT_IMPLEMENTED;
    int equal = code_equal(as_code(a), as_code(b));
    return equal < 0 ? UNSET : from_bool((equal == 1) == (op == COMPARE_EQ));
}

/* --- Attributes -------------------------------------------------------------------------------------------------- */

#define VALUE_GETTER(field) \
    static Value get_##field(Value self) { return retain(as_code(self)->field); }
#define NUMBER_GETTER(field) \
    static Value get_##field(Value self) { return int_from_int64((int64_t)as_code(self)->field); }

VALUE_GETTER(name)
VALUE_GETTER(qualname)
VALUE_GETTER(filename)
VALUE_GETTER(varnames)
VALUE_GETTER(cellnames)
VALUE_GETTER(freenames)
NUMBER_GETTER(argcount)
NUMBER_GETTER(posonlycount)
NUMBER_GETTER(kwonlycount)
NUMBER_GETTER(first_line)
NUMBER_GETTER(flags)
NUMBER_GETTER(varcount)

static Value get_stack_size(Value self) {
    return int_from_int64(as_code(self)->nregs - as_code(self)->nlocals);
}

static Value get_bytes(Value self) {
    return bytes_from(as_code(self)->instrs, as_code(self)->instr_count * sizeof(Instr));
}

/* Calls visit with each constant that an instruction uses, in the order of the code: with its index, or -1 for a number
 * that stands in the instruction itself. */
typedef bool (*ConstantVisit)(const Code *code, int64_t index, Value constant, bool as_name, void *context);

static bool names_local(unsigned op) { return op == OP_CHECK_LOCAL || op == OP_LOAD_CELL || op == OP_DELETE_CELL; }

static bool each_constant(const Code *code, ConstantVisit visit, void *context) {
    for (uint32_t i = 0; i < code->instr_count; i += 1u + opcode_info[instr_op(code->instrs[i])].caches) {
        Instr word = code->instrs[i];
        const char *operands = opcode_info[instr_op(word)].operands;
        uint32_t fields[] = {instr_a(word), instr_b(word), instr_c(word)};
        if (instr_op(word) == OP_LOAD_INT && !visit(code, -1, from_small_int(instr_wide(word)), false, context))
            return false;
        for (int k = 0; k < 3; k++) {
            int letter = operands[k] | 32;
            if ((letter != 'k' && letter != 'n') || (letter == 'n' && names_local(instr_op(word)))) continue;
            uint32_t index = operands[k] == 'K' || operands[k] == 'N' ? (uint32_t)instr_wide(word) : fields[k];
            if (!visit(code, index, code->constants[index], letter == 'n', context)) return false;
        }
    }
    return true;
}

/* What co_consts or co_names shows: each once. */
typedef struct Listing {
    Value list;
    bool names;
} Listing;

static bool is_listed(Value list, Value v) {
    for (size_t i = 0; i < as_list(list)->length; i++)
        if (same(as_list(list)->items[i], v)) return true;
    return false;
}

static bool note_constant(const Code *code, int64_t index, Value constant, bool as_name, void *context) {
    Listing *l = context;
    return as_name != l->names || is_listed(l->list, constant) || list_append(l->list, constant);
}

static Value constants_with(const Code *code, bool as_names, Value first) {
    Listing l = {.list = list_new(0), .names = as_names};
    bool ok = is_set(l.list) && (is_unset(first) || list_append(l.list, first)) && each_constant(code, note_constant, &l);
    Value result = ok ? list_to_tuple(l.list) : UNSET;
    release(l.list);
    return result;
}

static Value get_consts(Value self) {
    const Code *code = as_code(self);
    return constants_with(code, false, code->flags & CODE_OPTIMIZED ? code->docstring : UNSET);
}

static Value get_names(Value self) { return constants_with(as_code(self), true, UNSET); }

static Value positions_row(Position p, bool columns) {
    Value row = tuple_new(4);
    if (is_unset(row)) return UNSET;
    int64_t fields[] = {p.line, p.end_line, p.col, p.end_col};
    for (int i = 0; i < 4; i++)
        as_tuple(row)->items[i] = fields[i] < 0 || (i > 1 && !columns) ? NONE : from_small_int(fields[i]);
    return row;
}

static Value iterate_and_release(Value list) {
    Value iterator = object_iterate(list);
    release(list);
    return iterator;
}

static Value co_positions(const Value *args, size_t count) {
    (void)count;
    Value list = list_new(0);
    PositionReader r = position_reader(as_code(args[0]));
    while (is_set(list) && position_next(&r)) {
        for (uint32_t word = r.start; word < r.stop; word++) {
            Value row = positions_row(r.position, true);
            if (is_unset(row) || !list_append_steal(list, row)) return release(list), UNSET;
        }
    }
    return is_set(list) ? iterate_and_release(list) : UNSET;
}

static Value co_lines(const Value *args, size_t count) {
    (void)count;
    Value list = list_new(0);
    PositionReader r = position_reader(as_code(args[0]));
    while (is_set(list) && position_next(&r)) {
        Value row =
            tuple_pack(3, from_small_int(r.start * 8), from_small_int(r.stop * 8), from_small_int(r.position.line));
        if (is_unset(row) || !list_append_steal(list, row)) return release(list), UNSET;
    }
    return is_set(list) ? iterate_and_release(list) : UNSET;
}

static const NativeDef code_methods[] = {
    METHOD("co_positions", "", co_positions, NULL),
    METHOD("co_lines", "", co_lines, NULL),
    METHOD("replace", CODE_REPLACE_SIGNATURE, code_replace, "Return a copy of the code object with new values."),
    NATIVE_END,
};

static const MemberDef code_members[] = {
    MEMBER("co_name", get_name, NULL),
    MEMBER("co_qualname", get_qualname, NULL),
    MEMBER("co_filename", get_filename, NULL),
    MEMBER("co_firstlineno", get_first_line, NULL),
    MEMBER("co_argcount", get_argcount, NULL),
    MEMBER("co_posonlyargcount", get_posonlycount, NULL),
    MEMBER("co_kwonlyargcount", get_kwonlycount, NULL),
    {"co_nlocals", get_varcount, NULL, NULL},
    MEMBER("co_stacksize", get_stack_size, NULL),
    MEMBER("co_flags", get_flags, NULL),
    {"co_code", get_bytes, NULL, NULL},
    MEMBER("co_consts", get_consts, NULL),
    MEMBER("co_names", get_names, NULL),
    {"co_varnames", get_varnames, NULL, NULL},
    {"co_cellvars", get_cellnames, NULL, NULL},
    {"co_freevars", get_freenames, NULL, NULL},
    {0},
};

Type code_type = {
    TYPE_HEAD("code"),
    .flags = TYPE_IMMUTABLE | TYPE_DISALLOW_NEW | TYPE_WEAK,
    .basic_size = sizeof(Code),
    .destroy = code_destroy,
    .traverse = code_traverse,
    .repr = code_repr,
    .hash = code_hash,
    .compare = code_compare,
    .methods = code_methods,
    .members = code_members,
};
