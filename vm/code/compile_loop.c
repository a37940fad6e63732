/* Loops: for, async for and while, with the test at the bottom. */
#include "vm/code/compiler.h"

void iterator_to(Compiler *c, Node *iterable, bool is_async, int reg) {
    if (!is_async) fold_container(c, iterable);
    Operand value = expr_operand_into(c, iterable, reg, iterable);
    emit(c, is_async ? OP_GET_AITER : OP_GET_ITER, take_b(value), reg, value.reg, 0);
    c->unit->top = reg + 1;
}

/* --- What for statements and comprehensions share ---------------------------------------------------------------- */

static void async_next(Compiler *c, ForLoop *loop) {
    loop->next = label_bind_loop(c);
    loop->catcher = catcher_new(c);
    int32_t outside = c->unit->handler;
    c->unit->handler = loop->catcher;
    loop->item = temp_push(c);
    emit(c, OP_GET_ANEXT, 0, loop->item, loop->iterator, 0);
    int sent = temp_push(c);
    load_constant(c, NONE, sent);
    emit(c, OP_DELEGATE, 0, loop->item, sent, loop->item);
    c->unit->top = sent;
    c->unit->handler = outside;
}

static void bind_item(Compiler *c, ForLoop *loop, Node *target) {
    if (reg_is_temp(c, loop->item)) {
        store(c, target, operand_temp(loop->item));
        c->unit->top = loop->item;
    } else {
        local_set_assigned(c, loop->item);
    }
}

void for_begin(Compiler *c, ForLoop *loop, Node *target) {
    loop->span = c->unit->span;
    if (loop->is_async) {
        async_next(c, loop);
    } else {
        loop->next = label_new(c);
        emit_jump(c, OP_JUMP, 0, 0, 0, 0, loop->next);
        loop->body = label_bind_loop(c);
        int local = store_register(c, target);
        loop->item = local >= 0 ? local : temp_push(c);
    }
    bind_item(c, loop, target);
}

static void async_end(Compiler *c, ForLoop *loop) {
    emit_goto(c, loop->next);
    c->unit->span = loop->iterable;
    catcher_bind(c, loop->catcher);
    int caught = temp_push_run(c, 2);
    emit(c, OP_CATCH, 0, caught, 0, 0);
    emit(c, OP_END_ASYNC_FOR, reg_is_temp(c, loop->iterator) ? TAKE_B : 0, caught, loop->iterator, 0);
    c->unit->top = caught;
}

void for_end(Compiler *c, ForLoop *loop) {
    Span outer = c->unit->span;
    c->unit->span = loop->span;
    if (loop->is_async) {
        async_end(c, loop);
    } else {
        label_bind(c, loop->next);
        emit_jump(c, OP_FOR_NEXT, 0, loop->item, loop->iterator, 0, loop->body);
    }
    c->unit->span = outer;
}

/* --- Statements -------------------------------------------------------------------------------------------------- */

static bool check_async_for(Compiler *c, Node *node) {
    const Scope *scope = c->unit->scope;
    if (!node->u.for_.is_async || (scope->kind == SCOPE_FUNCTION && scope->is_coroutine)) return true;
    if (c->flags & PARSE_ALLOW_TOP_LEVEL_AWAIT && scope->kind == SCOPE_MODULE) return true;
    compile_error(c, node->span, "'async for' outside async function");
    return false;
}

void for_statement(Compiler *c, Node *node) {
    if (!check_async_for(c, node)) return;
    Block block = {.kind = BLOCK_LOOP, .outside = c->unit->handler, .leave = label_new(c)};
    ForLoop loop = {.iterator = temp_push(c), .is_async = node->u.for_.is_async, .iterable = node->u.for_.iter->span};
    block.reg = loop.iterator;
    iterator_to(c, node->u.for_.iter, loop.is_async, loop.iterator);
    for_begin(c, &loop, node->u.for_.target);
    block.next = loop.next;
    block_push(c, &block);
    statements(c, &node->u.for_.body);
    block_pop(c);
    for_end(c, &loop);
    c->unit->top = loop.iterator;
    statements(c, &node->u.for_.orelse);
    label_bind(c, block.leave);
}

void while_statement(Compiler *c, Node *node) {
    Label orelse = label_new(c);
    Block block = {.kind = BLOCK_LOOP, .reg = -1, .outside = c->unit->handler, .leave = label_new(c), .next = label_new(c)};
    jump_if(c, node->u.while_.test, orelse, false);
    Label body = label_bind_loop(c);
    block_push(c, &block);
    statements(c, &node->u.while_.body);
    block_pop(c);
    label_bind(c, block.next);
    jump_if(c, node->u.while_.test, body, true);
    label_bind(c, orelse);
    statements(c, &node->u.while_.orelse);
    label_bind(c, block.leave);
}
