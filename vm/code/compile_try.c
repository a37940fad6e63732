/* try, with, and leaving their blocks early.
 *
 * A handler begins with CATCH into two registers r, r+1: the exception, and the one that was handled before.  Code
 * between CATCH and END_CATCH runs under a second handler, the cleanup, which puts r+1 back and lets the new exception
 * go on.  On every way each CATCH is balanced by one END_CATCH, RERAISE or END_ASYNC_FOR.  A finally body exists once
 * for each way out: normally, with an exception, and inline before each return, break or continue.
 */
#include "vm/code/compiler.h"

/* --- Pieces ------------------------------------------------------------------------------------------------------ */

/* The handler for code that runs while the exception at `reg` is handled: the old exception is no longer handled, the
 * new one goes on. */
static void cleanup_handler(Compiler *c, int32_t catcher, int reg, Value name) {
    int top = c->unit->top;
    catcher_bind(c, catcher);
    int caught = temp_push_run(c, 2);
    emit(c, OP_CATCH, 0, caught, 0, 0);
    if (is_set(name)) variable_forget(c, name);
    int raised = temp_push_run(c, 2);
    emit(c, OP_MOVE, 0, raised, caught, 0);
    emit(c, OP_END_CATCH, 0, caught, 0, 0);
    emit(c, OP_MOVE, TAKE_B, raised + 1, reg + 1, 0);
    emit(c, OP_RERAISE, 0, raised, 0, 0);
    emit_end(c);
    c->unit->top = top;
}

static int catch(Compiler *c) {
    int reg = temp_push_run(c, 2);
    emit(c, OP_CATCH, 0, reg, 0, 0);
    return reg;
}

static void reraise(Compiler *c, int reg) {
    emit(c, OP_RERAISE, 0, reg, 0, 0);
    emit_end(c);
}

/* Calls the method __exit__ at `exit` with three Nones; it is consumed. */
static void call_exit(Compiler *c, int exit, bool is_async) {
    int base = temp_push_run(c, 2);
    emit(c, OP_MOVE, TAKE_B, base, exit, 0);
    emit(c, OP_MOVE, TAKE_B, base + 1, exit + 1, 0);
    for (int i = 0; i < 3; i++) load_constant(c, NONE, temp_push(c));
    emit(c, OP_CALL_METHOD, 0, base, base, 4);
    c->unit->top = base + 1;
    if (is_async) await_to(c, base, 2, base);
    emit(c, OP_DROP, TAKE_A, base, 0, 0);
    c->unit->top = base;
}

static void unwind_block(Compiler *c, Block *b) {
    switch (b->kind) {
    case BLOCK_LOOP:
        if (b->reg >= 0) emit(c, OP_DROP, TAKE_A, b->reg, 0, 0);
        break;
    case BLOCK_FINALLY: statements(c, b->body); break;
    case BLOCK_FINALLY_END: emit(c, OP_END_CATCH, 0, b->reg, 0, 0); break;
    case BLOCK_HANDLER:
        emit(c, OP_END_CATCH, 0, b->reg, 0, 0);
        if (is_set(b->name)) variable_forget(c, b->name);
        break;
    case BLOCK_GROUP:
        compile_error(c, c->unit->span, "'break', 'continue' and 'return' cannot appear in an except* block");
        break;
    case BLOCK_WITH:
        c->unit->span = b->span;
        call_exit(c, b->reg, b->is_async);
        break;
    case BLOCK_VALUE: emit(c, OP_DROP, TAKE_A, b->reg, 0, 0); break;
    }
}

void unwind_to(Compiler *c, Block *stop, int value) {
    Unit *u = c->unit;
    Block *innermost = u->block;
    Span span = u->span;
    for (Block *b = innermost; b != stop && !c->failed; b = b->outer) {
        Block waiting = {.kind = BLOCK_VALUE, .reg = value, .outer = b->outer, .outside = b->outside};
        u->block = value >= 0 ? &waiting : b->outer;
        u->handler = b->outside;
        unwind_block(c, b);
    }
    u->block = innermost;
    u->span = span;
}

/* --- try ... except ---------------------------------------------------------------------------------------------- */

/* Jumps to `next` unless the exception at `reg` matches. */
static void match_type(Compiler *c, Node *type, int reg, Label next) {
    int top = c->unit->top;
    Operand classes = expr_operand(c, type);
    int matches = temp_push(c);
    emit(c, OP_MATCH_EXCEPTION, take_c(classes), matches, reg, classes.reg);
    emit_jump(c, OP_JUMP_IF_FALSE, TAKE_A, matches, 0, 0, next);
    c->unit->top = top;
}

/* One clause; its code runs under `cleanup`. */
static void except_clause(Compiler *c, Handler *clause, int reg, int32_t outside, int32_t cleanup, Label end) {
    Unit *u = c->unit;
    Label next = label_new(c);
    u->span = clause->span;
    u->handler = cleanup;
    if (clause->type) match_type(c, clause->type, reg, next);
    Block block = {.kind = BLOCK_HANDLER, .reg = reg, .outside = outside, .name = clause->name};
    int32_t named_cleanup = NO_HANDLER;
    if (is_set(clause->name)) {
        variable_store(c, clause->name, operand_borrowed(reg));
        u->handler = named_cleanup = catcher_new(c);
    }
    block_push(c, &block);
    statements(c, &clause->body);
    block_pop(c);
    u->span = clause->span;
    u->handler = outside;
    emit(c, OP_END_CATCH, 0, reg, 0, 0);
    if (is_set(clause->name)) variable_forget(c, clause->name);
    emit_goto(c, end);
    if (is_set(clause->name)) cleanup_handler(c, named_cleanup, reg, clause->name);
    label_bind(c, next);
}

static bool check_handlers(Compiler *c, Node *node) {
    for (int32_t i = 0; i + 1 < node->u.try_.handler_count; i++) {
        if (node->u.try_.handlers[i].type) continue;
        compile_error(c, node->u.try_.handlers[i].span, "default 'except:' must be last");
        return false;
    }
    return true;
}

static void try_except(Compiler *c, Node *node) {
    Unit *u = c->unit;
    if (!check_handlers(c, node)) return;
    int32_t outside = u->handler, catcher = catcher_new(c);
    int top = u->top;
    Label end = label_new(c);
    u->handler = catcher;
    block_count(c);
    statements(c, &node->u.try_.body);
    u->block_depth--;
    u->handler = outside;
    statements(c, &node->u.try_.orelse);
    emit_goto(c, end);

    u->span = node->span;
    catcher_bind(c, catcher);
    int reg = catch(c);
    int32_t cleanup = catcher_new(c);
    for (int32_t i = 0; i < node->u.try_.handler_count && !c->failed; i++) {
        except_clause(c, &node->u.try_.handlers[i], reg, outside, cleanup, end);
    }
    u->handler = outside;
    reraise(c, reg);
    cleanup_handler(c, cleanup, reg, UNSET);
    u->top = top;
    label_bind(c, end);
}

/* --- try ... except* --------------------------------------------------------------------------------------------- */

/* Registers of an except*: what CATCH gave, the list of what was raised, the part that no clause has taken. */
typedef struct Group {
    int caught, raised, rest;
} Group;

static void group_body(Compiler *c, Handler *clause, Group *g, int match) {
    Unit *u = c->unit;
    int32_t handler = u->handler, catcher = catcher_new(c);
    Block block = {.kind = BLOCK_GROUP, .reg = match, .outside = handler};
    Label done = label_new(c);
    emit(c, OP_SET_HANDLED, 0, match, 0, 0);
    if (is_set(clause->name)) variable_store(c, clause->name, operand_borrowed(match));
    u->handler = catcher;
    block_push(c, &block);
    statements(c, &clause->body);
    block_pop(c);
    u->handler = handler;
    u->span = clause->span;
    if (is_set(clause->name)) variable_forget(c, clause->name);
    emit_goto(c, done);

    catcher_bind(c, catcher);
    int caught = catch(c);
    if (is_set(clause->name)) variable_forget(c, clause->name);
    emit(c, OP_LIST_APPEND, 0, g->raised, caught, 0);
    emit(c, OP_END_CATCH, 0, caught, 0, 0);
    u->top = caught;
    label_bind(c, done);
}

static void group_clause(Compiler *c, Handler *clause, Group *g) {
    Unit *u = c->unit;
    int top = u->top;
    u->span = clause->span;
    Label next = label_new(c);
    int match = temp_push_run(c, 2);
    Operand type = expr_operand(c, clause->type);
    emit(c, OP_MATCH_GROUP, take_c(type), match, g->rest, type.reg);
    emit(c, OP_DROP, TAKE_A, g->rest, 0, 0);
    emit(c, OP_MOVE, TAKE_B, g->rest, match + 1, 0);
    u->top = match + 1;
    emit_jump(c, OP_JUMP_IF_NONE, 0, match, 0, 0, next);
    group_body(c, clause, g, match);
    label_bind(c, next);
    emit(c, OP_DROP, TAKE_A, match, 0, 0);
    u->top = top;
}

/* Raises what the clauses left or raised, if anything. */
static void group_end(Compiler *c, Group *g, int32_t outside, Label end) {
    Label nothing = label_new(c);
    emit(c, OP_LIST_APPEND, TAKE_B, g->raised, g->rest, 0);
    emit(c, OP_GROUP_RESULT, 0, g->rest, g->caught, g->raised);
    emit_jump(c, OP_JUMP_IF_NONE, 0, g->rest, 0, 0, nothing);
    c->unit->handler = outside;
    emit(c, OP_MOVE, TAKE_B, g->raised, g->rest, 0);
    emit(c, OP_MOVE, TAKE_B, g->rest, g->caught + 1, 0);
    reraise(c, g->raised);
    label_bind(c, nothing);
    emit(c, OP_DROP, TAKE_A, g->rest, 0, 0);
    emit(c, OP_END_CATCH, 0, g->caught, 0, 0);
    emit_goto(c, end);
}

static void try_star(Compiler *c, Node *node) {
    Unit *u = c->unit;
    int32_t outside = u->handler, catcher = catcher_new(c);
    int top = u->top;
    Label end = label_new(c);
    u->handler = catcher;
    block_count(c);
    statements(c, &node->u.try_.body);
    u->block_depth--;
    u->handler = outside;
    statements(c, &node->u.try_.orelse);
    emit_goto(c, end);

    u->span = node->span;
    catcher_bind(c, catcher);
    Group g = {.caught = catch(c)};
    int32_t cleanup = catcher_new(c);
    u->handler = cleanup;
    g.raised = temp_push(c);
    emit(c, OP_BUILD_LIST, 0, g.raised, 0, 0);
    g.rest = temp_push(c);
    emit(c, OP_MOVE, 0, g.rest, g.caught, 0);
    for (int32_t i = 0; i < node->u.try_.handler_count && !c->failed; i++)
        group_clause(c, &node->u.try_.handlers[i], &g);
    group_end(c, &g, outside, end);
    u->handler = outside;
    u->top = g.raised;
    cleanup_handler(c, cleanup, g.caught, UNSET);
    u->top = top;
    label_bind(c, end);
}

/* --- try ... finally --------------------------------------------------------------------------------------------- */

static void handlers_part(Compiler *c, Node *node) {
    if (!node->u.try_.handler_count) {
        statements(c, &node->u.try_.body);
        statements(c, &node->u.try_.orelse);
    } else if (node->u.try_.is_star) {
        try_star(c, node);
    } else {
        try_except(c, node);
    }
}

/* The finally body while an exception waits. */
static void finally_with_exception(Compiler *c, Node *node, int32_t catcher, int32_t outside) {
    Unit *u = c->unit;
    int top = u->top;
    catcher_bind(c, catcher);
    int reg = catch(c);
    int32_t cleanup = catcher_new(c);
    Block block = {.kind = BLOCK_FINALLY_END, .reg = reg, .outside = outside};
    u->handler = cleanup;
    block_push(c, &block);
    statements(c, &node->u.try_.finally);
    block_pop(c);
    u->handler = outside;
    reraise(c, reg);
    cleanup_handler(c, cleanup, reg, UNSET);
    u->top = top;
}

static void try_finally(Compiler *c, Node *node) {
    Unit *u = c->unit;
    int32_t outside = u->handler, catcher = catcher_new(c);
    Label end = label_new(c);
    Block block = {.kind = BLOCK_FINALLY, .outside = outside, .body = &node->u.try_.finally};
    block_push(c, &block);
    u->handler = catcher;
    handlers_part(c, node);
    u->handler = outside;
    block_pop(c);
    statements(c, &node->u.try_.finally);
    emit_goto(c, end);
    finally_with_exception(c, node, catcher, outside);
    label_bind(c, end);
}

void try_statement(Compiler *c, Node *node) {
    if (node->u.try_.finally.count) try_finally(c, node);
    else handlers_part(c, node);
}

/* --- with -------------------------------------------------------------------------------------------------------- */

/* The exit method stands at `exit`; the exception is dropped when it says so. */
static void with_exception(Compiler *c, int exit, bool is_async, int32_t catcher, int32_t outside) {
    Unit *u = c->unit;
    Label suppress = label_new(c);
    catcher_bind(c, catcher);
    int reg = catch(c);
    int32_t cleanup = catcher_new(c);
    u->handler = cleanup;
    int result = temp_push(c);
    emit(c, OP_WITH_EXCEPT, 0, result, exit, reg);
    if (is_async) await_to(c, result, 2, result);
    emit_jump(c, OP_JUMP_IF_TRUE, TAKE_A, result, 0, 0, suppress);
    u->handler = outside;
    reraise(c, reg);
    u->top = reg + 2;
    cleanup_handler(c, cleanup, reg, UNSET);
    label_bind(c, suppress);
    emit(c, OP_END_CATCH, 0, reg, 0, 0);
    emit(c, OP_DROP, TAKE_A, exit, 0, 0);
    emit(c, OP_DROP, TAKE_A, exit + 1, 0, 0);
    u->top = exit;
}

static void with_enter(Compiler *c, WithItem *item, int exit, bool is_async) {
    Operand context = expr_operand_into(c, item->context, exit, item->context);
    emit(c, is_async ? OP_ASYNC_WITH_ENTER : OP_WITH_ENTER, take_b(context), exit, context.reg, 0);
    c->unit->top = exit + 2;
    int entered = temp_push_run(c, 2);
    emit(c, OP_CALL_METHOD, 0, entered, entered, 1);
    c->unit->top = entered + 1;
    if (is_async) await_to(c, entered, 1, entered);
    c->unit->top = entered;
}

static void with_item(Compiler *c, Node *node, int32_t index) {
    Unit *u = c->unit;
    if (index == node->u.with.count) {
        statements(c, &node->u.with.body);
        return;
    }
    if (c->failed || !compile_check_depth(c)) return;
    WithItem *item = &node->u.with.items[index];
    bool is_async = node->u.with.is_async;
    int32_t outside = u->handler;
    int exit = temp_push(c);
    Span span = u->span;
    with_enter(c, item, exit, is_async);
    int32_t catcher = catcher_new(c);
    int entered = temp_push(c);
    Block block = {.kind = BLOCK_WITH, .reg = exit, .outside = outside, .is_async = is_async};
    block_push(c, &block);
    u->handler = catcher;
    if (item->target) store(c, item->target, operand_temp(entered));
    else emit(c, OP_DROP, TAKE_A, entered, 0, 0);
    u->top = entered;
    with_item(c, node, index + 1);
    u->handler = outside;
    block_pop(c);

    Label end = label_new(c);
    u->span = span;
    u->top = exit + 2;
    call_exit(c, exit, is_async);
    emit_goto(c, end);
    with_exception(c, exit, is_async, catcher, outside);
    label_bind(c, end);
}

static bool check_async_with(Compiler *c, Node *node) {
    const Scope *scope = c->unit->scope;
    if (!node->u.with.is_async || (scope->kind == SCOPE_FUNCTION && scope->is_coroutine)) return true;
    if (scope->kind == SCOPE_MODULE && c->flags & PARSE_ALLOW_TOP_LEVEL_AWAIT) return true;
    compile_error(c, node->span, "'async with' outside async function");
    return false;
}

void with_statement(Compiler *c, Node *node) {
    if (check_async_with(c, node)) with_item(c, node, 0);
}
