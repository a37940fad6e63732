/* code.replace(): a copy of a code object in which some fields differ. */
#include "vm/code/code_replace.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

void (*code_forget_caches)(Instr *instrs, uint32_t count);

static bool copy_block(void *into, const void *from, size_t size) {
    void *block = raw_allocate(size + 1);
    if (!block) return raise_memory_error(), false;
    if (size) memcpy(block, from, size);
    memcpy(into, &block, sizeof block);
    return true;
}

static bool copy_blocks(Code *copy, const Code *code) {
    copy->instrs = NULL;
    copy->constants = NULL;
    copy->handlers = NULL;
    copy->positions = NULL;
    copy->exec = NULL;
    copy->constant_count = 0;
    if (!copy_block(&copy->instrs, code->instrs, code->instr_count * sizeof(Instr)) ||
        !copy_block(&copy->handlers, code->handlers, code->handler_count * sizeof(ExceptionRow)) ||
        !copy_block(&copy->positions, code->positions, code->positions_size) ||
        !copy_block(&copy->constants, code->constants, code->constant_count * sizeof(Value)))
        return false;
    if (code_forget_caches) code_forget_caches(copy->instrs, copy->instr_count);
    copy->constant_count = code->constant_count;
    for (uint32_t i = 0; i < copy->constant_count; i++) retain(copy->constants[i]);
    return true;
}

static Code *code_copy(const Code *code) {
    Code *copy = code_new();
    if (!copy) return NULL;
    Object head = copy->head;
    memcpy(&copy->head + 1, &code->head + 1, sizeof(Code) - sizeof head);
    Value owned[] = {code->name,     code->qualname,  code->filename, code->docstring,
                     code->varnames, code->cellnames, code->freenames};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) retain(owned[i]);
    if (copy_blocks(copy, code)) return copy;
    object_release(copy);
    return NULL;
}

/* ---- fields ---- */

enum { ARGCOUNT, POSONLY, KWONLY, NLOCALS, STACKSIZE, FLAGS, FIRST_LINE, BYTES, CONSTS, NAMES, VARNAMES, FREEVARS,
       CELLVARS, FILENAME, NAME, QUALNAME, LINES, EXCEPTIONS };

static bool read_number(Value given, int64_t present, int64_t *out) {
    *out = present;
    if (is_unset(given)) return true;
    if (!object_as_index(given, out, NULL)) return false;
    if (*out == (int32_t)*out) return true;
    return raise_overflow_error("signed integer is %s", *out < 0 ? "less than minimum" : "greater than maximum"), false;
}

static bool take_numbers(Code *copy, const Value *given) {
    int64_t argcount, posonly, kwonly, nlocals, stack, flags, line;
    if (!read_number(given[ARGCOUNT], copy->argcount, &argcount) ||
        !read_number(given[POSONLY], copy->posonlycount, &posonly) ||
        !read_number(given[KWONLY], copy->kwonlycount, &kwonly) ||
        !read_number(given[NLOCALS], copy->varcount, &nlocals) ||
        !read_number(given[STACKSIZE], 0, &stack) || !read_number(given[FLAGS], copy->flags, &flags) ||
        !read_number(given[FIRST_LINE], copy->first_line, &line))
        return false;
    if (argcount < posonly || posonly < 0 || kwonly < 0 || nlocals < 0 || stack < 0 || flags < 0)
        return raise_value_error("code: argument counts must not be negative"), false;
    if (nlocals != copy->varcount) return raise_value_error("code: co_nlocals != len(co_varnames)"), false;
    bool extra = (flags & CODE_VARARGS) != 0, keywords = (flags & CODE_VARKEYWORDS) != 0;
    if (argcount + kwonly + extra + keywords > copy->varcount)
        return raise_value_error("code: varnames is too small"), false;
    copy->argcount = (uint16_t)argcount;
    copy->posonlycount = (uint16_t)posonly;
    copy->kwonlycount = (uint16_t)kwonly;
    copy->simple_args = !kwonly && !extra && !keywords;
    copy->flags = (uint32_t)flags;
    copy->first_line = (int32_t)line;
    return true;
}

static bool take_text(Value *field, Value given, const char *name) {
    if (is_unset(given)) return true;
    if (!str_is(given)) return raise_type_error("replace() argument '%s' must be str, not %T", name, given), false;
    replace(field, retain(given));
    return true;
}

/* A tuple in place of another of the same length. */
static bool check_tuple(Value given, const char *name, size_t length) {
    if (!type_has(given, TYPE_TUPLE_SUB))
        return raise_type_error("replace() argument '%s' must be tuple, not %T", name, given), false;
    if (tuple_length(given) == length) return true;
    return raise_value_error("code: %s must have %zu items in scr", name, length), false;
}

static bool take_names(Value *field, Value given, const char *name) {
    if (is_unset(given)) return true;
    if (!check_tuple(given, name, tuple_length(*field))) return false;
    for (size_t i = 0; i < tuple_length(given); i++)
        if (!str_is(tuple_at(given, i)))
            return raise_type_error("name tuples must contain only strings, not '%T'", tuple_at(given, i)), false;
    replace(field, retain(given));
    return true;
}

/* present: what co_consts or co_names shows.  Numbers that stand in instructions cannot become anything else. */
static bool take_constants(Code *copy, Value present, Value given, const char *name) {
    if (!check_tuple(given, name, tuple_length(present))) return false;
    Value *old = raw_allocate((copy->constant_count + 1) * sizeof *old);
    if (!old) return raise_memory_error(), false;
    memcpy(old, copy->constants, copy->constant_count * sizeof *old);
    bool fine = true;
    for (size_t i = 0; fine && i < tuple_length(given); i++) {
        Value before = tuple_at(present, i), after = tuple_at(given, i);
        bool found = same(before, after);
        if (!found && same(before, copy->docstring) && (found = true)) replace(&copy->docstring, retain(after));
        for (uint32_t k = 0; !same(before, after) && k < copy->constant_count; k++) {
            if (!same(old[k], before)) continue;
            bool interned = str_is_exact(after) && str_is_exact(before);
            replace(&copy->constants[k], interned ? str_intern(retain(after)) : retain(after));
            found = true;
        }
        if (!found) fine = (raise_value_error("code: the constant %R is part of an instruction in scr", before), false);
    }
    raw_free(old);
    return fine;
}

static bool take_listed(Code *copy, const char *name, Value given) {
    if (is_unset(given)) return true;
    Value present = object_get_attribute_utf8(from_object(copy), name);
    bool fine = is_set(present) && take_constants(copy, present, given, name);
    release(present);
    return fine;
}

/* What is compiled otherwise here than in CPython may only be given as it is. */
static bool check_unchanged(Code *copy, const char *name, Value given) {
    if (is_unset(given)) return true;
    Value present = object_get_attribute_utf8(from_object(copy), name);
    int equal = is_unset(present) ? -1 : object_equal(present, given);
    release(present);
    if (equal == 0) raise_error(&NotImplementedError_type, "scr cannot replace %s", name);
    return equal == 1;
}

Value code_replace(const Value *args, size_t count) {
    const Value *given = args + 1;
    Code *copy = code_copy(as_code(args[0]));
    if (!copy) return UNSET;
    bool fine = check_unchanged(copy, "co_code", given[BYTES]) && take_numbers(copy, given) &&
                take_listed(copy, "co_consts", given[CONSTS]) && take_listed(copy, "co_names", given[NAMES]) &&
                take_names(&copy->varnames, given[VARNAMES], "co_varnames") &&
                take_names(&copy->freenames, given[FREEVARS], "co_freevars") &&
                take_names(&copy->cellnames, given[CELLVARS], "co_cellvars") &&
                take_text(&copy->filename, given[FILENAME], "co_filename") &&
                take_text(&copy->name, given[NAME], "co_name") &&
                take_text(&copy->qualname, given[QUALNAME], "co_qualname");
    if (fine) return from_object(copy);
    object_release(copy);
    return UNSET;
}
