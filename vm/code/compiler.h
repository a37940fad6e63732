/* What the files of the compiler share: the unit of code being made, its instructions, registers, labels and names.
 *
 * One Unit for each code object.  The generators of code walk the tree once and append to the unit's instructions;
 * assemble.c then places them.  Nothing here returns errors: the first failure sets `failed` and leaves the exception
 * pending, further work is skipped at the next statement or expression, and compile_unit() reports.
 *
 * Registers.  Temporaries are a stack: `top` is the next free register.  A generator that leaves `top` as it found it
 * owns whatever lay above.  `expr_to(node, reg)` evaluates into a register that is a local or a temporary already
 * allocated and dead; operands above it come and go.  A local is only written by the last instruction of an expression,
 * so that an exception leaves the old value.
 *
 * Reachability.  After a jump, return or raise nothing is emitted until a label is bound that an emitted jump goes to;
 * so dead code vanishes by itself.  `assigned` is the set of locals that surely have a value here; labels join the sets
 * of the jumps that lead to them.  A loop head keeps what was assigned before, except names deleted somewhere in the
 * scope.
 *
 * Handlers.  Each instruction remembers the handler in force where it stands (`handler`), so that code which leaves a
 * try statement early, copied inline, is simply emitted with the handler of the outside.
 */
#ifndef CODE_COMPILER_H
#define CODE_COMPILER_H

#include "vm/code/code.h"
#include "vm/code/compile.h"

typedef int32_t Label;
typedef int32_t Constant; /* index into the unit's constants */
enum { NO_LABEL = -1, NO_CONSTANT = -1, NO_HANDLER = -1 };

typedef struct Emitted { /* an instruction before its place is known */
    Instr word;
    Span span;
    Label label;
    Constant constant;
    int32_t handler;
    uint32_t cache; /* first cache word */
} Emitted;

typedef struct LabelInfo {
    int32_t position;   /* index of the instruction that follows; -1 until bound */
    bool used;          /* some reachable jump goes there */
    uint64_t *assigned; /* what all jumps so far have assigned */
} LabelInfo;

typedef struct Catcher { /* where exceptions go */
    int32_t position;
    uint16_t depth;
    bool used;
    uint64_t *assigned;
} Catcher;

typedef struct ConstantEntry {
    Value value;
    uint32_t hash;
    bool narrow; /* some instruction has only 16 bits for it */
} ConstantEntry;

typedef struct Constants {
    ConstantEntry *entries;
    int32_t *table;
    uint32_t count, capacity, table_size, narrow_count;
} Constants;

typedef enum BlockKind {
    BLOCK_LOOP,        /* reg: the iterator, or -1 */
    BLOCK_FINALLY,     /* in a try with `finally` */
    BLOCK_FINALLY_END, /* in a finally body that runs because of an exception; reg: what CATCH gave */
    BLOCK_HANDLER,     /* in an except clause; reg: what CATCH gave */
    BLOCK_GROUP,       /* in an except* clause: nothing may leave it */
    BLOCK_WITH,        /* reg: the method __exit__, two registers */
    BLOCK_VALUE,       /* reg: a return value that waits for a finally body */
} BlockKind;

typedef struct Block {
    struct Block *outer;
    BlockKind kind;
    int reg;
    int32_t outside;   /* the handler outside this block */
    Label leave, next; /* loops: break, continue */
    const NodeList *body; /* finally */
    Value name;        /* except ... as name, or UNSET */
    bool is_async;     /* with */
    Span span;
} Block;

typedef struct Unit {
    struct Unit *outer;
    Scope *scope;
    Emitted *instrs;
    uint32_t count, capacity;
    LabelInfo *labels;
    int32_t label_count, label_capacity;
    Catcher *catchers;
    int32_t catcher_count, catcher_capacity;
    Constants constants;
    Block *block;
    int block_depth;
    int32_t handler;
    int nlocals, top, max_reg;
    bool reachable;
    uint64_t *assigned, *deleted, *walrus; /* bits by local register */
    size_t state_words;
    struct StateChunk *states;
    Span span; /* of the instructions that follow */
    int32_t first_line;
} Unit;

typedef struct Compiler {
    Module *module;
    Value filename;
    Unit *unit;
    unsigned flags; /* PARSE_* */
    int optimize;
    bool failed;
    Value *kept; /* results of folding: nodes borrow them */
    size_t kept_count, kept_capacity;
} Compiler;

/* A value in a register: a local, borrowed, or a temporary that the reader consumes. */
typedef struct Operand {
    int reg;
    bool temp;
} Operand;

static inline Operand operand_borrowed(int reg) { return (Operand){reg, false}; }
static inline Operand operand_temp(int reg) { return (Operand){reg, true}; }
static inline unsigned take_a(Operand o) { return o.temp ? TAKE_A : 0; }
static inline unsigned take_b(Operand o) { return o.temp ? TAKE_B : 0; }
static inline unsigned take_c(Operand o) { return o.temp ? TAKE_C : 0; }

/* compile.c: units, and what any of them may need. */
void compile_fail(Compiler *c);                     /* an exception is pending */
void compile_fail_memory(Compiler *c);
void compile_error(Compiler *c, Span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool compile_check_depth(Compiler *c);              /* false: failed */
void unit_begin(Compiler *c, Unit *unit, Scope *scope);
Value unit_end(Compiler *c, Unit *unit); /* the Code, or UNSET when failed; the outer unit is current again */
Value compile_keep(Compiler *c, Value value);       /* steals; borrowed until compilation ends */
static inline bool unit_is_function(const Unit *u) { return u->scope->kind >= SCOPE_FUNCTION; }

/* emit.c: instructions, labels, registers, assigned locals. */
void emit(Compiler *c, Opcode op, unsigned flags, int x, int y, int z);
void emit_wide(Compiler *c, Opcode op, int x, int32_t wide);
void emit_constant(Compiler *c, Opcode op, unsigned flags, int x, int y, int z,
                   Constant k); /* k replaces its operand */
void emit_jump(Compiler *c, Opcode op, unsigned flags, int x, int y, int z,
               Label target); /* target replaces its operand */
void emit_jump_constant(Compiler *c, Opcode op, unsigned flags, int reg, Constant k, Label target);
void emit_goto(Compiler *c, Label target);
void emit_cache(Compiler *c, uint32_t value);       /* first cache word of the instruction just emitted */
void emit_end(Compiler *c);                         /* what follows is not reached */
Label label_new(Compiler *c);
void label_bind(Compiler *c, Label label);
Label label_bind_loop(Compiler *c);                 /* a new label here, for jumps back */
int32_t catcher_new(Compiler *c);                   /* handler for code from here on; temporaries below top survive */
void catcher_bind(Compiler *c, int32_t catcher);
int temp_push(Compiler *c);
int temp_push_run(Compiler *c, int count);
static inline bool reg_is_temp(const Compiler *c, int reg) { return reg >= c->unit->nlocals; }
bool local_is_assigned(const Compiler *c, int reg);
void local_set_assigned(Compiler *c, int reg);
void local_set_deleted(Compiler *c, int reg);
bool local_is_walrus(const Compiler *c, int reg);
void unit_free(Unit *unit);

/* assemble.c */
Value assemble(Compiler *c, Unit *unit); /* a Code with its instructions, constants, handlers and positions */

/* constants.c: each constant once, by type and value. */
Constant constant_add(Compiler *c, Value value);    /* retains */
bool constant_narrow(Compiler *c,
                     Constant k); /* claims one of the 65535 places with short numbers; false: none is left */
void constants_free(Constants *constants);
void load_constant(Compiler *c, Value value, int reg);

/* fold.c: replaces an expression by its constant. */
enum { UNARY_IDENTITY = UNARY_NOT + 1 }; /* the operand took the operator over: `not a in b` */
void fold(Compiler *c, Node *node);
bool fold_is_constant(Compiler *c, Node *node);     /* folds, and tells */
bool fold_all_constants(Compiler *c, const NodeList *items);
void fold_container(Compiler *c, Node *node); /* a list or set that is only looked into becomes a tuple or frozenset */

/* compile_variable.c */
void variable_load(Compiler *c, Value name, int reg);
bool variable_is_local(Compiler *c, Value name, int *reg); /* a plain register */
int variable_local_read(Compiler *c, int reg, Value name); /* checks that it is bound if need be; returns reg */
void variable_store(Compiler *c, Value name, Operand value);
void variable_delete(Compiler *c, Value name);
void variable_forget(Compiler *c, Value name);          /* name = None; del name */
void cell_load(Compiler *c, Value name, int reg);      /* the cell itself, for an inner scope */
void closure_load(Compiler *c, const Scope *inner, int reg); /* tuple of cells */

/* compile_expr.c */
Operand expr_operand(Compiler *c, Node *node);
/* As expr_operand, evaluating into `reg` if it is a temporary and one is needed; safe if `later` (evaluated before the
 * use; NULL: several things) rebinds the local. */
Operand expr_operand_into(Compiler *c, Node *node, int reg, const Node *later);
void expr_to(Compiler *c, Node *node, int reg);
int expr_push(Compiler *c, Node *node);
void expr_discard(Compiler *c, Node *node);
void attribute_load(Compiler *c, Operand object, Value name, int reg);
void attribute_store(Compiler *c, Operand object, Value name, Operand value);
void subscript_load(Compiler *c, Operand object, Node *index, int reg);
void await_to(Compiler *c, int iterable, int kind, int reg);  /* iterable: a temporary, consumed */
void move_to(Compiler *c, int reg, Operand value);
void expr_staged(Compiler *c, Node *node, int reg); /* into a local by way of a temporary */
bool node_is_simple(const Node *node);              /* evaluating it runs no code and rebinds nothing */
void node_start_at_attribute(Compiler *c, const Node *attribute);

/* compile_jump.c */
/* The jump itself stands at the unit's span; a comparison leaves its own there for what follows, as CPython does. */
void jump_if(Compiler *c, Node *test, Label target, bool condition);
void compare_to(Compiler *c, Node *node, int reg);
void bool_op_to(Compiler *c, Node *node, int reg);

/* compile_call.c */
void call_to(Compiler *c, Node *node, int reg);
bool super_attribute_to(Compiler *c, Node *node, int reg); /* super().name in a method; false: it is something else */
/* Evaluates arguments above a callee at `base` (next free register base+1+given; `given` arguments are there already)
 * and calls. */
void call_arguments(Compiler *c, int base, int given, const NodeList *args, const Keyword *keywords, int keyword_count,
                    bool is_method, int reg);

/* compile_display.c */
void sequence_to(Compiler *c, Node *node, int reg);
void dict_to(Compiler *c, Node *node, int reg);
void joined_str_to(Compiler *c, Node *node, int reg);
void formatted_value_to(Compiler *c, Node *node, int reg);
/* A list of items, some starred; constants in bulk. */
void list_display(Compiler *c, const NodeList *items, int first, int list);

/* compile_function.c */
void lambda_to(Compiler *c, Node *node, int reg);
void comprehension_to(Compiler *c, Node *node, int reg);
void function_statement(Compiler *c, Node *node);
void class_statement(Compiler *c, Node *node);
void annotation_to(Compiler *c, Node *annotation, int reg);

/* compile_stmt.c */
void return_constant(Compiler *c, Value value);     /* leaves all blocks */
void docstring_statement(Compiler *c);              /* __doc__ = ... */
void statements(Compiler *c, const NodeList *body);
void block_push(Compiler *c, Block *block);
void block_pop(Compiler *c);
void block_count(Compiler *c);                      /* one more level of nesting, for code that needs no Block */

/* compile_loop.c */
typedef struct ForLoop { /* also of comprehensions */
    int iterator, item;
    Label body, next;   /* next: where `continue` goes */
    int32_t catcher;    /* async: StopAsyncIteration */
    bool is_async;
    Span span;          /* of its instructions */
    Span iterable;
} ForLoop;
void for_begin(Compiler *c, ForLoop *loop,
               Node *target); /* iterator, is_async and iterable are set; binds the target */
void for_end(Compiler *c, ForLoop *loop);                 /* goes on after exhaustion */
void iterator_to(Compiler *c, Node *iterable, bool is_async, int reg);
void for_statement(Compiler *c, Node *node);
void while_statement(Compiler *c, Node *node);

/* compile_assign.c */
void assign_statement(Compiler *c, Node *node);
void aug_assign_statement(Compiler *c, Node *node);
void ann_assign_statement(Compiler *c, Node *node);
void delete_statement(Compiler *c, Node *node);
void store(Compiler *c, Node *target, Operand value);
int store_register(Compiler *c, Node *target);      /* the local that target is, or -1 */

/* compile_try.c */
void try_statement(Compiler *c, Node *node);
void with_statement(Compiler *c, Node *node);
/* Leaves the blocks inside `stop` (NULL: all) early; `value`: the register of a return value that waits, or -1.  The
 * handler in force is then that of the outside: the caller restores it. */
void unwind_to(Compiler *c, Block *stop, int value);

/* compile_match.c */
void match_statement(Compiler *c, Node *node);

#endif
