/* What the coming instruction does to containers and variables that other threads may reach, told to runtime/conc/race.
 *
 * A thread counts as being inside an operation from just before its instruction until it begins the next one in the same
 * frame.  Frames that the operation calls (a sort key, say) are deeper, and leave the outer operation open.
 */
#include "runtime/conc/race.h"
#include "runtime/types/bytes.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "runtime/types/str.h"
#include "vm/exec/exec.h"
#include "vm/exec/loop.h"

enum { OPEN_MAX = 64 };

typedef struct Open {
    Object *container;
    const Frame *frame;
    uint32_t depth;
} Open;

static __thread Open open_now[OPEN_MAX];
static __thread size_t open_count;

static bool is_container(Value v) {
    if (!is_object(v)) return false;
    const Type *type = as_object(v)->type;
    if (type->flags & (TYPE_LIST_SUB | TYPE_DICT_SUB)) return true;
    if (type->flags & TYPE_SET_SUB) return !set_is_frozen(v);
    return type == &bytearray_type || strcmp(type->name, "collections.deque") == 0;
}

static void leave_finished(const Frame *frame) {
    while (open_count && open_now[open_count - 1].depth >= frame->depth) race_leave(open_now[--open_count].container);
}

static void enter(const Frame *frame, Value v, bool changes) {
    if (!is_container(v) || open_count == OPEN_MAX) return;
    open_now[open_count++] = (Open){as_object(v), frame, frame->depth};
    race_enter(as_object(v), changes);
}

/* --- calls ------------------------------------------------------------------------------------------------------ */

static bool only_reads(const char *method) {
    static const char *const readers[] = {"get",     "index",    "count",     "copy",     "keys",  "values", "items",
                                          "__len__", "__iter__", "__getitem__", "issubset", "union", "find",   "decode",
                                          "join",    "__contains__"};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (strcmp(method, readers[i]) == 0) return true;
    return false;
}

static void enter_call(const Frame *frame, const Value *base, unsigned count) {
    Value callee = is_set(base[0]) ? base[0] : base[1];
    if (!is_object(callee)) return;
    const Type *type = as_object(callee)->type;
    const Native *n = (const Native *)(const void *)as_object(callee);
    bool is_method = type == &native_method_type, is_bound = type == &native_function_type && is_set(n->self);
    if (type != &native_function_type && !is_method && callee.bits != base[0].bits) return;
    if (is_bound) enter(frame, n->self, !only_reads(n->def->name));
    for (unsigned i = 1; i <= count; i++)
        enter(frame, base[i], is_method && i == 1 && !only_reads(n->def->name));
}

/* The containers that an iterator walks over: enumerate(list) holds an iterator that holds the list. */
typedef struct Walk {
    const Frame *frame;
    int depth;
} Walk;

static int enter_iterated(Value child, void *context) {
    Walk *walk = context;
    if (!is_object(child) || as_object(child)->type->flags & TYPE_HEAP) return 0;
    if (is_container(child)) return enter(walk->frame, child, false), 0;
    Walk below = {walk->frame, walk->depth - 1};
    Object *o = as_object(child);
    return walk->depth && o->type->next && o->type->traverse ? o->type->traverse(o, enter_iterated, &below) : 0;
}

static void enter_iterator(const Frame *frame, Value iterator) {
    Walk walk = {frame, 2};
    if (!is_exactly(iterator, &generator_type)) enter_iterated(iterator, &walk);
}

/* --- variables -------------------------------------------------------------------------------------------------- */

static void variable(Value owner, Value name, bool written) {
    race_window();
    if (!race_options.updates || !is_object(owner)) return;
    uint64_t key = owner.bits ^ name.bits * UINT64_C(0x9E3779B97F4A7C15);
    if (written) race_written(key, as_object(owner), is_object(name) ? as_object(name) : NULL);
    else race_read(key);
}

/* --- the step --------------------------------------------------------------------------------------------------- */

void race_step_end(void) {
    while (open_count) race_leave(open_now[--open_count].container);
}

void race_step(Frame *frame, const Instr *pc) {
    Instr instr = *pc;
    const Value *regs = frame->regs, *constants = frame->code->constants;
    frame->pc = pc + 1;
    leave_finished(frame);
    switch (instr_op(instr)) {
    case OP_GET_ITEM:
        variable(regs[instr_b(instr)], regs[instr_c(instr)], false);
        enter(frame, regs[instr_b(instr)], false);
        break;
    case OP_GET_ITEM_K:
        variable(regs[instr_b(instr)], constants[instr_c(instr)], false);
        enter(frame, regs[instr_b(instr)], false);
        break;
    case OP_SET_ITEM:
        variable(regs[instr_a(instr)], regs[instr_b(instr)], true);
        enter(frame, regs[instr_a(instr)], true);
        break;
    case OP_DELETE_ITEM: enter(frame, regs[instr_a(instr)], true); break;
    case OP_IN:
    case OP_NOT_IN: enter(frame, regs[instr_c(instr)], false); break;
    case OP_FOR_NEXT: enter_iterator(frame, regs[instr_b(instr)]); break;
    case OP_GET_ITER:
    case OP_LIST_EXTEND:
    case OP_SET_UPDATE:
    case OP_MAP_UPDATE: enter(frame, regs[instr_b(instr)], false); break;
    case OP_INPLACE_ADD:
    case OP_INPLACE_OR:
    case OP_INPLACE_AND:
    case OP_INPLACE_SUBTRACT: enter(frame, regs[instr_b(instr)], true); break;
    case OP_UNPACK: enter(frame, regs[instr_c(instr)], false); break;
    case OP_CALL:
    case OP_CALL_METHOD: enter_call(frame, regs + instr_b(instr), instr_c(instr)); break;
    case OP_LOAD_GLOBAL:
    case OP_LOAD_GLOBAL_CACHED: variable(frame->globals, constants[(uint32_t)instr_wide(instr)], false); break;
    case OP_STORE_GLOBAL:
    case OP_STORE_GLOBAL_CACHED: variable(frame->globals, constants[(uint32_t)instr_wide(instr)], true); break;
    case OP_LOAD_CELL: variable(regs[instr_b(instr)], UNSET, false); break;
    case OP_STORE_CELL: variable(regs[instr_a(instr)], UNSET, true); break;
    case OP_GET_ATTR:
    case OP_GET_ATTR_SLOT:
    case OP_GET_ATTR_OUTER:
    case OP_GET_ATTR_MEMBER: variable(regs[instr_b(instr)], constants[instr_c(instr)], false); break;
    case OP_SET_ATTR:
    case OP_SET_ATTR_SLOT:
    case OP_SET_ATTR_OUTER:
    case OP_SET_ATTR_MEMBER: variable(regs[instr_a(instr)], constants[instr_b(instr)], true); break;
    default: break;
    }
}
