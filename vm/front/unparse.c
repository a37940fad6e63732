/* Expressions back to text, as `from __future__ import annotations` stores them: CPython's spacing and parentheses. */
#include "vm/front/parse.h"

#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"

typedef enum Level {
    LEVEL_TUPLE, LEVEL_NAMED, LEVEL_TEST, LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_BIT_OR, LEVEL_BIT_XOR,
    LEVEL_BIT_AND, LEVEL_SHIFT, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_FACTOR, LEVEL_POWER, LEVEL_AWAIT, LEVEL_ATOM
} Level;

static void expression(StrBuilder *out, const Node *node, Level outer);

static void ascii(StrBuilder *out, const char *text) { builder_ascii(out, text); }

static void comma_list(StrBuilder *out, const NodeList *items) {
    for (int32_t i = 0; i < items->count; i++) {
        if (i > 0) ascii(out, ", ");
        expression(out, items->items[i], LEVEL_TEST);
    }
}

static void open_if(StrBuilder *out, bool needed) { if (needed) ascii(out, "("); }
static void close_if(StrBuilder *out, bool needed) { if (needed) ascii(out, ")"); }

static Level binary_level(BinaryOp op) {
    switch (op) {
    case BINARY_OR: return LEVEL_BIT_OR;
    case BINARY_XOR: return LEVEL_BIT_XOR;
    case BINARY_AND: return LEVEL_BIT_AND;
    case BINARY_LSHIFT: case BINARY_RSHIFT: return LEVEL_SHIFT;
    case BINARY_ADD: case BINARY_SUBTRACT: return LEVEL_SUM;
    case BINARY_POWER: return LEVEL_POWER;
    default: return LEVEL_PRODUCT;
    }
}

static void binary(StrBuilder *out, const Node *node, Level outer) {
    Level own = binary_level(node->u.bin_op.op);
    bool power = node->u.bin_op.op == BINARY_POWER;
    open_if(out, own < outer);
    expression(out, node->u.bin_op.left, power ? own + 1 : own);
    ascii(out, " ");
    ascii(out, binary_symbol(node->u.bin_op.op));
    ascii(out, " ");
    expression(out, node->u.bin_op.right, power ? own : own + 1);
    close_if(out, own < outer);
}

static void unary(StrBuilder *out, const Node *node, Level outer) {
    static const char *const symbols[] = {
        [UNARY_NEGATIVE] = "-", [UNARY_POSITIVE] = "+", [UNARY_INVERT] = "~", [UNARY_NOT] = "not "};
    Level own = node->u.unary_op.op == UNARY_NOT ? LEVEL_NOT : LEVEL_FACTOR;
    open_if(out, own < outer);
    ascii(out, symbols[node->u.unary_op.op]);
    expression(out, node->u.unary_op.operand, own);
    close_if(out, own < outer);
}

static void boolean(StrBuilder *out, const Node *node, Level outer) {
    Level own = node->u.bool_op.is_or ? LEVEL_OR : LEVEL_AND;
    open_if(out, own < outer);
    for (int32_t i = 0; i < node->u.bool_op.values.count; i++) {
        if (i > 0) ascii(out, node->u.bool_op.is_or ? " or " : " and ");
        expression(out, node->u.bool_op.values.items[i], own + 1);
    }
    close_if(out, own < outer);
}

static void comparison(StrBuilder *out, const Node *node, Level outer) {
    static const char *const symbols[] = {" < ",  " <= ", " == ",     " != ", " > ",
                                          " >= ", " is ", " is not ", " in ", " not in "};
    open_if(out, LEVEL_COMPARE < outer);
    expression(out, node->u.compare.left, LEVEL_COMPARE + 1);
    for (int32_t i = 0; i < node->u.compare.comparators.count; i++) {
        ascii(out, symbols[node->u.compare.ops[i]]);
        expression(out, node->u.compare.comparators.items[i], LEVEL_COMPARE + 1);
    }
    close_if(out, LEVEL_COMPARE < outer);
}

static void call_text(StrBuilder *out, const Node *node) {
    expression(out, node->u.call.function, LEVEL_ATOM);
    ascii(out, "(");
    comma_list(out, &node->u.call.args);
    for (int32_t i = 0; i < node->u.call.keyword_count; i++) {
        const Keyword *k = &node->u.call.keywords[i];
        if (i > 0 || node->u.call.args.count > 0) ascii(out, ", ");
        if (is_set(k->name)) builder_str(out, k->name);
        ascii(out, is_set(k->name) ? "=" : "**");
        expression(out, k->value, LEVEL_TEST);
    }
    ascii(out, ")");
}

static void dict_text(StrBuilder *out, const Node *node) {
    ascii(out, "{");
    for (int32_t i = 0; i < node->u.dict.keys.count; i++) {
        const Node *key = node->u.dict.keys.items[i];
        if (i > 0) ascii(out, ", ");
        if (key) expression(out, key, LEVEL_TEST);
        ascii(out, key ? ": " : "**");
        expression(out, node->u.dict.values.items[i], key ? LEVEL_TEST : LEVEL_BIT_OR);
    }
    ascii(out, "}");
}

static void clauses(StrBuilder *out, const ClauseList *list) {
    for (int32_t i = 0; i < list->count; i++) {
        const Clause *clause = &list->items[i];
        ascii(out, clause->is_async ? " async for " : " for ");
        expression(out, clause->target, LEVEL_TUPLE);
        ascii(out, " in ");
        expression(out, clause->iter, LEVEL_TEST + 1);
        for (int32_t j = 0; j < clause->conditions.count; j++) {
            ascii(out, " if ");
            expression(out, clause->conditions.items[j], LEVEL_TEST + 1);
        }
    }
}

static void comprehension(StrBuilder *out, const Node *node, const char *brackets) {
    builder_char(out, (uint32_t)brackets[0]);
    expression(out, node->u.comp.element, LEVEL_TEST);
    if (node->u.comp.value) {
        ascii(out, ": ");
        expression(out, node->u.comp.value, LEVEL_TEST);
    }
    clauses(out, &node->u.comp.clauses);
    builder_char(out, (uint32_t)brackets[1]);
}

static void params(StrBuilder *out, const Params *p) {
    int32_t named = p->positional + p->keyword_only;
    const Param *star = p->has_star ? &p->items[named] : NULL,
                *stars = p->has_double_star ? &p->items[p->count - 1] : NULL;
    bool first = true;
    for (int32_t i = 0; i < named; i++) {
        if (i == p->positional) {
            ascii(out, first ? "*" : ", *");
            if (star) builder_str(out, star->name);
            first = false;
        }
        if (!first) ascii(out, ", ");
        builder_str(out, p->items[i].name);
        if (p->items[i].default_value) {
            ascii(out, "=");
            expression(out, p->items[i].default_value, LEVEL_TEST);
        }
        first = false;
        if (i + 1 == p->positional_only) ascii(out, ", /");
    }
    if (star && p->keyword_only == 0) {
        ascii(out, first ? "*" : ", *");
        builder_str(out, star->name);
        first = false;
    }
    if (stars) {
        ascii(out, first ? "**" : ", **");
        builder_str(out, stars->name);
    }
}

static void lambda_text(StrBuilder *out, const Node *node, Level outer) {
    open_if(out, LEVEL_TEST < outer);
    ascii(out, node->u.lambda.params.count ? "lambda " : "lambda");
    params(out, &node->u.lambda.params);
    ascii(out, ": ");
    expression(out, node->u.lambda.body, LEVEL_TEST);
    close_if(out, LEVEL_TEST < outer);
}

static void conditional(StrBuilder *out, const Node *node, Level outer) {
    open_if(out, LEVEL_TEST < outer);
    expression(out, node->u.if_exp.body, LEVEL_TEST + 1);
    ascii(out, " if ");
    expression(out, node->u.if_exp.test, LEVEL_TEST + 1);
    ascii(out, " else ");
    expression(out, node->u.if_exp.orelse, LEVEL_TEST);
    close_if(out, LEVEL_TEST < outer);
}

static void tuple_text(StrBuilder *out, const Node *node, Level outer) {
    const NodeList *items = &node->u.sequence.items;
    bool brackets = items->count == 0 || outer > LEVEL_TUPLE;
    open_if(out, brackets);
    comma_list(out, items);
    if (items->count == 1) ascii(out, ",");
    close_if(out, brackets);
}

static void slice_text(StrBuilder *out, const Node *node) {
    if (node->u.slice.lower) expression(out, node->u.slice.lower, LEVEL_TEST);
    ascii(out, ":");
    if (node->u.slice.upper) expression(out, node->u.slice.upper, LEVEL_TEST);
    if (!node->u.slice.step) return;
    ascii(out, ":");
    expression(out, node->u.slice.step, LEVEL_TEST);
}

static void subscript(StrBuilder *out, const Node *node) {
    const Node *index = node->u.subscript.index;
    expression(out, node->u.subscript.object, LEVEL_ATOM);
    ascii(out, "[");
    bool bare = index->kind == NODE_TUPLE && index->u.sequence.items.count > 0;
    expression(out, index, bare ? LEVEL_TUPLE : LEVEL_TEST);
    ascii(out, "]");
}

/* Text of an f-string between its quotes, braces doubled. */
static void joined_body(StrBuilder *out, const Node *node) {
    for (int32_t i = 0; i < node->u.joined_str.values.count; i++) {
        const Node *part = node->u.joined_str.values.items[i];
        if (part->kind == NODE_CONSTANT) {
            const Str *text = as_str(part->u.constant.value);
            for (size_t j = 0; j < text->length; j++) {
                uint32_t c = str_at(text, j);
                if (c == '{' || c == '}') builder_char(out, c);
                builder_char(out, c);
            }
            continue;
        }
        ascii(out, "{");
        expression(out, part->u.formatted_value.value, LEVEL_TEST + 1);
        if (part->u.formatted_value.conversion > 0) {
            ascii(out, "!");
            builder_char(out, (uint32_t)part->u.formatted_value.conversion);
        }
        if (part->u.formatted_value.format_spec) {
            ascii(out, ":");
            joined_body(out, part->u.formatted_value.format_spec);
        }
        ascii(out, "}");
    }
}

static void joined(StrBuilder *out, const Node *node) {
    StrBuilder body = STR_BUILDER;
    joined_body(&body, node);
    Value text = builder_finish(&body);
    ascii(out, "f");
    if (is_unset(text) || !builder_repr(out, text)) out->failed = true;
    release(text);
}

static void prefixed(StrBuilder *out, const char *prefix, const Node *value, Level own, Level outer) {
    open_if(out, own < outer);
    ascii(out, prefix);
    if (value) expression(out, value, own == LEVEL_AWAIT ? LEVEL_ATOM : LEVEL_TEST);
    close_if(out, own < outer);
}

static void expression(StrBuilder *out, const Node *node, Level outer) {
    if (!recursion_check(" during compilation")) {
        out->failed = true;
        return;
    }
    switch ((NodeKind)node->kind) {
    case NODE_CONSTANT:
        if (same(node->u.constant.value, ELLIPSIS)) ascii(out, "...");
        else if (!builder_repr(out, node->u.constant.value)) out->failed = true;
        break;
    case NODE_NAME: builder_str(out, node->u.name.name); break;
    case NODE_TUPLE: tuple_text(out, node, outer); break;
    case NODE_LIST:
        ascii(out, "[");
        comma_list(out, &node->u.sequence.items);
        ascii(out, "]");
        break;
    case NODE_SET:
        ascii(out, "{");
        comma_list(out, &node->u.sequence.items);
        ascii(out, "}");
        break;
    case NODE_DICT: dict_text(out, node); break;
    case NODE_BOOL_OP: boolean(out, node, outer); break;
    case NODE_NAMED_EXPR:
        ascii(out, "(");
        expression(out, node->u.named_expr.target, LEVEL_ATOM);
        ascii(out, " := ");
        expression(out, node->u.named_expr.value, LEVEL_ATOM);
        ascii(out, ")");
        break;
    case NODE_BIN_OP: binary(out, node, outer); break;
    case NODE_UNARY_OP: unary(out, node, outer); break;
    case NODE_LAMBDA: lambda_text(out, node, outer); break;
    case NODE_IF_EXP: conditional(out, node, outer); break;
    case NODE_LIST_COMP: comprehension(out, node, "[]"); break;
    case NODE_SET_COMP: case NODE_DICT_COMP: comprehension(out, node, "{}"); break;
    case NODE_GENERATOR_EXP: comprehension(out, node, "()"); break;
    case NODE_AWAIT: prefixed(out, "await ", node->u.value.value, LEVEL_AWAIT, outer); break;
    case NODE_YIELD:
        prefixed(out, node->u.value.value ? "yield " : "yield", node->u.value.value, LEVEL_TUPLE, LEVEL_TEST);
        break;
    case NODE_YIELD_FROM: prefixed(out, "yield from ", node->u.value.value, LEVEL_TUPLE, LEVEL_TEST); break;
    case NODE_COMPARE: comparison(out, node, outer); break;
    case NODE_CALL: call_text(out, node); break;
    case NODE_JOINED_STR: joined(out, node); break;
    case NODE_ATTRIBUTE:
        expression(out, node->u.attribute.object, LEVEL_ATOM);
        ascii(out, ".");
        builder_str(out, node->u.attribute.name);
        break;
    case NODE_SUBSCRIPT: subscript(out, node); break;
    case NODE_STARRED:
        ascii(out, "*");
        expression(out, node->u.value.value, LEVEL_BIT_OR);
        break;
    case NODE_SLICE: slice_text(out, node); break;
    default: break;
    }
}

Value ast_unparse(const Node *node) {
    StrBuilder out = STR_BUILDER;
    expression(&out, node, LEVEL_TEST);
    return builder_finish(&out);
}
