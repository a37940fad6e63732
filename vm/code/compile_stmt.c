/* Statements: dispatch, and the kinds that are short. */
#include "vm/code/compiler.h"

#include "runtime/types/int.h"
#include "runtime/types/names.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

enum { MAX_BLOCKS = 20 };

void block_count(Compiler *c) {
    if (++c->unit->block_depth > MAX_BLOCKS) compile_error(c, c->unit->span, "too many statically nested blocks");
}

void block_push(Compiler *c, Block *block) {
    block->span = c->unit->span;
    block->outer = c->unit->block;
    c->unit->block = block;
    block_count(c);
}

void block_pop(Compiler *c) {
    c->unit->block = c->unit->block->outer;
    c->unit->block_depth--;
}

/* --- Small statements -------------------------------------------------------------------------------------------- */

static void expression_statement(Compiler *c, Node *node) {
    Node *value = node->u.value.value;
    if (c->module->mode != PARSE_SINGLE || c->unit->outer) {
        expr_discard(c, value);
        return;
    }
    Operand shown = expr_operand(c, value);
    emit(c, OP_PRINT_VALUE, take_a(shown), shown.reg, 0, 0);
}

static bool check_return(Compiler *c, Node *node) {
    const Scope *scope = c->unit->scope;
    if (scope->kind != SCOPE_FUNCTION && scope->kind != SCOPE_LAMBDA) {
        compile_error(c, node->span, "'return' outside function");
        return false;
    }
    if (node->u.value.value && scope->is_generator && scope->is_coroutine) {
        compile_error(c, node->span, "'return' with value in async generator");
        return false;
    }
    return true;
}

void return_constant(Compiler *c, Value value) {
    unwind_to(c, NULL, -1);
    Constant k = constant_add(c, value);
    if (constant_narrow(c, k)) {
        emit_constant(c, OP_RETURN_CONST, 0, 0, 0, 0, k);
    } else {
        int reg = temp_push(c);
        emit_constant(c, OP_LOAD_CONST, 0, reg, 0, 0, k);
        emit(c, OP_RETURN, TAKE_A, reg, 0, 0);
    }
}

/* The value waits in a temporary while the blocks around are left. */
static void return_through_blocks(Compiler *c, Node *value) {
    int reg = expr_push(c, value);
    unwind_to(c, NULL, reg);
    emit(c, OP_RETURN, TAKE_A, reg, 0, 0);
}

static void return_statement(Compiler *c, Node *node) {
    if (!check_return(c, node)) return;
    Node *value = node->u.value.value;
    int32_t handler = c->unit->handler;
    if (!value) {
        return_constant(c, NONE);
    } else if (fold_is_constant(c, value)) {
        return_constant(c, value->u.constant.value);
    } else if (c->unit->block) {
        return_through_blocks(c, value);
    } else {
        Operand result = expr_operand(c, value);
        emit(c, OP_RETURN, take_a(result), result.reg, 0, 0);
    }
    c->unit->handler = handler;
    emit_end(c);
}

static void raise_statement(Compiler *c, Node *node) {
    if (!node->u.raise.exception) {
        emit(c, OP_RAISE_AGAIN, 0, 0, 0, 0);
    } else {
        Operand exception = expr_operand_into(c, node->u.raise.exception, -1, node->u.raise.cause);
        Operand cause = {NO_REG, false};
        if (node->u.raise.cause) cause = expr_operand(c, node->u.raise.cause);
        emit(c, OP_RAISE, take_a(exception) | take_b(cause), exception.reg, cause.reg, 0);
    }
    emit_end(c);
}

static void assert_statement(Compiler *c, Node *node) {
    if (c->optimize) return;
    Label passed = label_new(c);
    jump_if(c, node->u.assert_.test, passed, true);
    int error = temp_push(c);
    emit(c, OP_LOAD_ASSERTION_ERROR, 0, error, 0, 0);
    if (node->u.assert_.message) {
        expr_push(c, node->u.assert_.message);
        emit(c, OP_CALL, 0, error, error, 1);
    }
    emit(c, OP_RAISE, TAKE_A, error, NO_REG, 0);
    emit_end(c);
    label_bind(c, passed);
}

/* The `elif`s of a chain are a loop, not a recursion. */
static void if_statement(Compiler *c, Node *node) {
    Label end = label_new(c);
    for (;;) {
        Label orelse = label_new(c);
        const NodeList *rest = &node->u.if_.orelse;
        c->unit->span = node->span;
        jump_if(c, node->u.if_.test, orelse, false);
        statements(c, &node->u.if_.body);
        if (rest->count) emit_goto(c, end);
        label_bind(c, orelse);
        if (rest->count != 1 || rest->items[0]->kind != NODE_IF || c->failed) {
            statements(c, rest);
            break;
        }
        node = rest->items[0];
    }
    label_bind(c, end);
}

static Block *innermost_loop(Compiler *c, Node *node, const char *what) {
    for (Block *b = c->unit->block; b; b = b->outer) {
        if (b->kind == BLOCK_LOOP) return b;
        if (b->kind == BLOCK_GROUP) {
            compile_error(c, node->span, "'break', 'continue' and 'return' cannot appear in an except* block");
            return NULL;
        }
    }
    compile_error(c, node->span, "%s", what);
    return NULL;
}

static void jump_statement(Compiler *c, Node *node) {
    bool is_break = node->kind == NODE_BREAK;
    Block *loop = innermost_loop(c, node, is_break ? "'break' outside loop" : "'continue' not properly in loop");
    if (!loop) return;
    int32_t handler = c->unit->handler;
    unwind_to(c, loop, -1);
    c->unit->handler = loop->outside;
    if (is_break && loop->reg >= 0) emit(c, OP_DROP, TAKE_A, loop->reg, 0, 0);
    emit_goto(c, is_break ? loop->leave : loop->next);
    c->unit->handler = handler;
}

/* --- Imports ----------------------------------------------------------------------------------------------------- */

static Constant import_name(Compiler *c, Value name) {
    Constant k = constant_add(c, name);
    if (!constant_narrow(c, k)) compile_error(c, c->unit->span, "too many names in one function");
    return k;
}

/* The module into a new temporary; from_list is a value to load. */
static int import_module(Compiler *c, Value name, Value from_list, int level) {
    int module = temp_push(c);
    load_constant(c, from_list, module);
    load_constant(c, from_small_int(level), temp_push(c));
    emit_constant(c, OP_IMPORT_NAME, 0, module, 0, module, import_name(c, name));
    c->unit->top = module + 1;
    return module;
}

/* `import a.b.c as d`: d is what a.b.c names, found from a. */
static void import_attributes(Compiler *c, int module, Value dotted) {
    int64_t dot, at = 0, length = (int64_t)str_length(dotted);
    for (at = str_find(dotted, names.dot, 0, (size_t)length); at >= 0; at = dot) {
        dot = str_find(dotted, names.dot, (size_t)at + 1, (size_t)length);
        Value part = str_slice(dotted, (size_t)at + 1, (size_t)(dot < 0 ? length : dot));
        if (is_set(part)) part = compile_keep(c, str_intern(part));
        else compile_fail(c);
        if (c->failed) return;
        int next = temp_push(c);
        emit_constant(c, OP_IMPORT_FROM, 0, next, module, 0, import_name(c, part));
        emit(c, OP_DROP, TAKE_A, module, 0, 0);
        emit(c, OP_MOVE, TAKE_B, module, next, 0);
        c->unit->top = next;
    }
}

static void import_statement(Compiler *c, Node *node) {
    for (int32_t i = 0; i < node->u.import.count && !c->failed; i++) {
        Alias *alias = &node->u.import.items[i];
        int top = c->unit->top;
        int module = import_module(c, alias->name, NONE, 0);
        if (is_set(alias->as_name)) import_attributes(c, module, alias->name);
        variable_store(c, alias->binding, operand_temp(module));
        c->unit->top = top;
    }
}

static Value imported_names(Compiler *c, Node *node) {
    Value tuple = tuple_new((size_t)node->u.import_from.count);
    if (is_unset(tuple)) return compile_fail(c), UNSET;
    for (int32_t i = 0; i < node->u.import_from.count; i++)
        as_tuple(tuple)->items[i] = retain(node->u.import_from.items[i].name);
    return tuple;
}

static void import_from_statement(Compiler *c, Node *node) {
    Value from_list = imported_names(c, node);
    if (is_unset(from_list)) return;
    Value name = is_set(node->u.import_from.module) ? node->u.import_from.module : names.empty;
    int module = import_module(c, name, from_list, node->u.import_from.level);
    release(from_list);
    if (node->u.import_from.count == 1 && str_equal_ascii(node->u.import_from.items[0].name, "*")) {
        emit(c, OP_IMPORT_STAR, TAKE_A, module, 0, 0);
        return;
    }
    for (int32_t i = 0; i < node->u.import_from.count && !c->failed; i++) {
        Alias *alias = &node->u.import_from.items[i];
        int item = temp_push(c);
        emit_constant(c, OP_IMPORT_FROM, 0, item, module, 0, import_name(c, alias->name));
        variable_store(c, alias->binding, operand_temp(item));
        c->unit->top = item;
    }
    emit(c, OP_DROP, TAKE_A, module, 0, 0);
}

/* --- Dispatch ---------------------------------------------------------------------------------------------------- */

void docstring_statement(Compiler *c) {
    Value text = c->unit->scope->docstring;
    if (is_unset(text) || c->optimize >= 2) return;
    int reg = temp_push(c);
    load_constant(c, text, reg);
    variable_store(c, names.__doc__, operand_temp(reg));
    c->unit->top = reg;
}

static void statement(Compiler *c, Node *node) {
    switch (node->kind) {
    case NODE_FUNCTION_DEF: function_statement(c, node); break;
    case NODE_CLASS_DEF: class_statement(c, node); break;
    case NODE_RETURN: return_statement(c, node); break;
    case NODE_DELETE: delete_statement(c, node); break;
    case NODE_ASSIGN: assign_statement(c, node); break;
    case NODE_AUG_ASSIGN: aug_assign_statement(c, node); break;
    case NODE_ANN_ASSIGN: ann_assign_statement(c, node); break;
    case NODE_FOR: for_statement(c, node); break;
    case NODE_WHILE: while_statement(c, node); break;
    case NODE_IF: if_statement(c, node); break;
    case NODE_WITH: with_statement(c, node); break;
    case NODE_MATCH: match_statement(c, node); break;
    case NODE_RAISE: raise_statement(c, node); break;
    case NODE_TRY: try_statement(c, node); break;
    case NODE_ASSERT: assert_statement(c, node); break;
    case NODE_IMPORT: import_statement(c, node); break;
    case NODE_IMPORT_FROM: import_from_statement(c, node); break;
    case NODE_EXPR: expression_statement(c, node); break;
    case NODE_BREAK:
    case NODE_CONTINUE: jump_statement(c, node); break;
    default: break; /* global, nonlocal, pass: nothing to do */
    }
}

void statements(Compiler *c, const NodeList *body) {
    for (int32_t i = 0; i < body->count; i++) {
        if (c->failed || !compile_check_depth(c)) return;
        int top = c->unit->top;
        c->unit->span = body->items[i]->span;
        statement(c, body->items[i]);
        c->unit->top = top;
    }
}
