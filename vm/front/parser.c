/* The parser's tokens, nodes, errors and memory, and the two passes over a source. */
#include "vm/front/parser.h"

#include "runtime/mem/heap.h"
#include "vm/front/parse.h"
#include "vm/front/parse_stages.h"

/* --- Tokens --- */

static bool grow_tokens(Parser *p) {
    int32_t capacity = p->capacity ? p->capacity * 2 : 256;
    Token *grown = raw_reallocate(p->tokens, (size_t)capacity * sizeof *grown);
    if (!grown) return raise_memory_error(), false;
    p->tokens = grown;
    p->capacity = capacity;
    return true;
}

bool parser_fill(Parser *p) {
    if (p->raised) return false;
    if ((p->fill == p->capacity && !grow_tokens(p)) || !lexer_next(&p->lexer)) return p->raised = true, false;
    p->tokens[p->fill++] = p->lexer.token;
    return true;
}

bool parser_force(Parser *p, int kind, const char *text) {
    if (parser_accept(p, kind)) return true;
    if (!p->raised) raise_at(p, token_span(parser_token(p)), "expected '%s'", text);
    return false;
}

static bool token_is(const Token *t, const char *word) {
    size_t size = strlen(word);
    return t->kind == TOKEN_NAME && (size_t)(t->end - t->start) == size && memcmp(t->start, word, size) == 0;
}

bool parser_at_soft(Parser *p, const char *word) {
    return parser_peek(p) == TOKEN_NAME && token_is(&p->tokens[p->mark], word);
}

Value parser_name(Parser *p) {
    if (parser_peek(p) != TOKEN_NAME) return UNSET;
    const Token *t = &p->tokens[p->mark++];
    Value name = identifiers_get(p->identifiers, t->start, (size_t)(t->end - t->start));
    if (is_unset(name)) p->raised = true;
    return name;
}

Span parser_end(const Parser *p) {
    int32_t i = p->mark > 0 ? p->mark - 1 : 0;
    while (i > 0 && p->tokens[i].kind >= TOKEN_END && p->tokens[i].kind <= TOKEN_DEDENT) i--;
    return token_span(&p->tokens[i]);
}

/* --- Nodes --- */

#define MEMBER(name) (offsetof(Node, u) + sizeof(((Node *)NULL)->u.name))
static const uint16_t node_sizes[] = {
    [NODE_CONSTANT] = MEMBER(constant), [NODE_NAME] = MEMBER(name), [NODE_TUPLE] = MEMBER(sequence),
    [NODE_LIST] = MEMBER(sequence), [NODE_SET] = MEMBER(sequence), [NODE_DICT] = MEMBER(dict),
    [NODE_BOOL_OP] = MEMBER(bool_op), [NODE_NAMED_EXPR] = MEMBER(named_expr), [NODE_BIN_OP] = MEMBER(bin_op),
    [NODE_UNARY_OP] = MEMBER(unary_op), [NODE_LAMBDA] = MEMBER(lambda), [NODE_IF_EXP] = MEMBER(if_exp),
    [NODE_LIST_COMP] = MEMBER(comp), [NODE_SET_COMP] = MEMBER(comp), [NODE_DICT_COMP] = MEMBER(comp),
    [NODE_GENERATOR_EXP] = MEMBER(comp), [NODE_AWAIT] = MEMBER(value), [NODE_YIELD] = MEMBER(value),
    [NODE_YIELD_FROM] = MEMBER(value), [NODE_COMPARE] = MEMBER(compare), [NODE_CALL] = MEMBER(call),
    [NODE_JOINED_STR] = MEMBER(joined_str), [NODE_FORMATTED_VALUE] = MEMBER(formatted_value),
    [NODE_ATTRIBUTE] = MEMBER(attribute), [NODE_SUBSCRIPT] = MEMBER(subscript), [NODE_STARRED] = MEMBER(value),
    [NODE_SLICE] = MEMBER(slice), [NODE_FUNCTION_DEF] = MEMBER(function_def), [NODE_CLASS_DEF] = MEMBER(class_def),
    [NODE_RETURN] = MEMBER(value), [NODE_DELETE] = MEMBER(delete_), [NODE_ASSIGN] = MEMBER(assign),
    [NODE_AUG_ASSIGN] = MEMBER(aug_assign), [NODE_ANN_ASSIGN] = MEMBER(ann_assign), [NODE_FOR] = MEMBER(for_),
    [NODE_WHILE] = MEMBER(while_), [NODE_IF] = MEMBER(if_), [NODE_WITH] = MEMBER(with), [NODE_MATCH] = MEMBER(match),
    [NODE_RAISE] = MEMBER(raise), [NODE_TRY] = MEMBER(try_), [NODE_ASSERT] = MEMBER(assert_),
    [NODE_IMPORT] = MEMBER(import), [NODE_IMPORT_FROM] = MEMBER(import_from), [NODE_GLOBAL] = MEMBER(names),
    [NODE_NONLOCAL] = MEMBER(names), [NODE_EXPR] = MEMBER(value), [NODE_PASS] = offsetof(Node, u),
    [NODE_BREAK] = offsetof(Node, u), [NODE_CONTINUE] = offsetof(Node, u), [NODE_MATCH_VALUE] = MEMBER(value),
    [NODE_MATCH_SINGLETON] = MEMBER(singleton), [NODE_MATCH_SEQUENCE] = MEMBER(patterns),
    [NODE_MATCH_MAPPING] = MEMBER(match_mapping), [NODE_MATCH_CLASS] = MEMBER(match_class),
    [NODE_MATCH_STAR] = MEMBER(match_star), [NODE_MATCH_AS] = MEMBER(match_as), [NODE_MATCH_OR] = MEMBER(patterns),
};
#undef MEMBER

Node *parser_node(Parser *p, NodeKind kind, Span start) {
    Node *node = arena_alloc(p->arena, node_sizes[kind]);
    if (!node) return p->raised = true, NULL;
    node->kind = (uint8_t)kind;
    node->span = span_to(start, parser_end(p));
    return node;
}

bool stack_push(Parser *p, const void *item, size_t size) {
    Stack *s = &p->stack;
    if (s->used + size > s->capacity) {
        size_t capacity = s->capacity ? s->capacity * 2 : 4096;
        char *grown = raw_reallocate(s->data, capacity);
        if (!grown) return raise_memory_error(), p->raised = true, false;
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->used, item, size);
    s->used += size;
    return true;
}

void *stack_take(Parser *p, size_t base, size_t size, int32_t *count) {
    *count = (int32_t)((p->stack.used - base) / size);
    void *items = arena_copy(p->arena, p->stack.data + base, (size_t)*count, size);
    p->stack.used = base;
    if (!items) p->raised = true;
    return items;
}

bool stack_take_nodes(Parser *p, size_t base, NodeList *out) {
    out->items = stack_take(p, base, sizeof(Node *), &out->count);
    return out->items != NULL;
}

/* --- Errors --- */

static void raise_positions(Parser *p, Type *type, Span span, const char *format, va_list args) {
    if (p->raised) return;
    p->raised = true;
    Value message = str_vformat(format, args);
    if (is_set(message) && p->inside_string) {
        Value prefixed = str_format("f-string: %U", message);
        release(message);
        message = prefixed;
    }
    source_raise(p->source, type, message, span);
}

void *raise_at(Parser *p, Span span, const char *format, ...) {
    va_list args;
    va_start(args, format);
    span.col++, span.end_col++;
    raise_positions(p, &SyntaxError_type, span, format, args);
    va_end(args);
    return NULL;
}

void *raise_from(Parser *p, Span start, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int32_t cursor = (int32_t)(p->lexer.cursor - p->lexer.line_start);
    raise_positions(p, &SyntaxError_type, (Span){start.line, start.col + 1, p->lexer.line, cursor}, format, args);
    va_end(args);
    return NULL;
}

/* The last token of either pass: the second one may not have come as far. */
static const Token *last_token(const Parser *p) {
    const Token *t = &p->tokens[p->fill - 1];
    return p->explain && p->last.start > t->start ? &p->last : t;
}

void *raise_last(Parser *p, Type *type, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const Token *t = last_token(p);
    int32_t col = t->col < 0 ? t->cursor : t->col + 1;
    raise_positions(p, type, (Span){t->line, col, t->end_line, t->end_col < 0 ? -1 : t->end_col + 1}, format, args);
    va_end(args);
    return NULL;
}

bool parser_enter(Parser *p) {
    if (p->raised) return false;
    if (++p->depth > PARSE_DEPTH_MAX) raise_memory_error();
    else if (recursion_check(" during compilation")) return true;
    p->depth--;
    p->raised = true;
    return false;
}

/* --- Memory of the second pass --- */

typedef struct MemoEntry {
    int32_t start; /* token, plus 1; 0: free */
    int32_t end;
    uint8_t rule;
    Node *node;
} MemoEntry;

struct Memo {
    MemoEntry *table;
    size_t size, used;
};

/* What a muted rule found counts for the others too: so errors come out as in CPython. */
static MemoEntry *memo_locate(const Memo *memo, int32_t start, uint8_t rule) {
    size_t i = ((size_t)(uint32_t)start * 16 + rule) * UINT64_C(0x9E3779B97F4A7C15) >> 20;
    for (;; i++) {
        MemoEntry *entry = &memo->table[i & (memo->size - 1)];
        if (!entry->start || (entry->start == start + 1 && entry->rule == rule)) return entry;
    }
}

bool memo_find(Parser *p, Rule rule, Node **node) {
    if (!p->explain || !p->memo || !p->memo->size) return false;
    MemoEntry *entry = memo_locate(p->memo, p->mark, (uint8_t)rule);
    if (!entry->start) return false;
    *node = entry->node;
    p->mark = entry->end;
    return true;
}

static bool memo_grow(Memo *memo) {
    Memo bigger = {NULL, memo->size ? memo->size * 2 : 256, memo->used};
    bigger.table = raw_allocate_zeroed(bigger.size * sizeof *bigger.table);
    if (!bigger.table) return false;
    for (size_t i = 0; i < memo->size; i++)
        if (memo->table[i].start) *memo_locate(&bigger, memo->table[i].start - 1, memo->table[i].rule) = memo->table[i];
    raw_free(memo->table);
    *memo = bigger;
    return true;
}

Node *memo_store(Parser *p, Rule rule, int32_t start, Node *node) {
    if (!p->explain || p->raised) return node;
    Memo *memo = p->memo;
    if (memo->used * 2 >= memo->size && !memo_grow(memo)) return node;
    MemoEntry *entry = memo_locate(memo, start, (uint8_t)rule);
    memo->used += !entry->start;
    *entry = (MemoEntry){start + 1, p->mark, (uint8_t)rule, node};
    return node;
}

void memo_clear(Parser *p) {
    if (p->memo && p->memo->used) memset(p->memo->table, 0, p->memo->size * sizeof *p->memo->table);
    if (p->memo) p->memo->used = 0;
}

/* --- The passes --- */

static void parser_reset(Parser *p) {
    p->fill = p->mark = 0;
    p->depth = 0;
    p->stack.used = 0;
}

static void parser_release(Parser *p) {
    raw_free(p->tokens);
    raw_free(p->stack.data);
    if (p->memo) raw_free(p->memo->table);
}

/* Errors of the lexer in the rest of the text come before those of the parser: an open parenthesis explains more. */
static void check_rest(Parser *p) {
    int32_t error_line = p->tokens[p->fill - 1].line;
    Lexer *lexer = &p->lexer;
    if (lexer->failed || !error_matches(&SyntaxError_type)) return;
    Value earlier = error_take();
    while (lexer_next(lexer) && lexer->token.kind != TOKEN_END) continue;
    if (lexer->failed && !lexer->failed_in_token) {
        error_clear();
        if (lexer->level > 0 && error_line > lexer->open[lexer->level - 1].line) lexer_raise_unclosed(lexer);
    }
    if (error_pending()) release(earlier);
    else error_restore(earlier);
}

/* Nobody knows better.  False: the rest of the text does not matter. */
static bool raise_generic(Parser *p) {
    const Token *t = &p->last;
    if (t->kind == TOKEN_INDENT) return raise_last(p, &IndentationError_type, "unexpected indent"), false;
    if (t->kind == TOKEN_DEDENT) return raise_last(p, &IndentationError_type, "unexpected unindent"), false;
    raise_at(p, token_span(t), "invalid syntax");
    return true;
}

static bool run(Parser *p, Module *module) {
    bool done;
    switch (module->mode) {
    case PARSE_EVAL: done = parse_eval_input(p, module); break;
    case PARSE_SINGLE: done = parse_single_input(p, module); break;
    default: done = parse_file_input(p, module); break;
    }
    return done && !p->raised;
}

/* The first pass has failed: finds out why, and raises it. */
static void explain(Parser *p, Module *module, void (*restart)(Parser *)) {
    bool look_on = true;
    const Source *source = p->source;
    Source quiet = *source; /* what there was to warn about has been said; the lexer keeps it to the end */
    quiet.warns = false;
    if (!p->raised) {
        Memo memo = {NULL, 0, 0};
        p->source = &quiet;
        p->memo = &memo;
        p->last = p->tokens[p->fill - 1];
        p->explain = true;
        parser_reset(p);
        restart(p);
        run(p, module);
        if (!p->raised) look_on = raise_generic(p);
        raw_free(memo.table);
        p->memo = NULL;
    }
    if (p->fill > 0 && look_on) check_rest(p);
    p->source = source;
}

static _Thread_local bool was_incomplete;

bool parse_was_incomplete(void) { return was_incomplete; }

static void restart_text(Parser *p) {
    lexer_start(&p->lexer, p->source);
    p->lexer.single = p->single;
    p->lexer.keep_blocks = p->keep_blocks;
}

static bool parse_text(const Source *source, Module *module, unsigned flags, Arena *arena) {
    Identifiers identifiers;
    identifiers_start(&identifiers, arena);
    Parser p = {.source = source, .arena = arena, .identifiers = &identifiers, .barry = (flags & FUTURE_BARRY) != 0};
    p.single = module->mode == PARSE_SINGLE;
    p.keep_blocks = (flags & PARSE_DONT_IMPLY_DEDENT) != 0;
    p.more_may_come = (flags & PARSE_MORE_MAY_COME) != 0;
    restart_text(&p);
    bool done = run(&p, module);
    was_incomplete = !done && p.lexer.at_end && (p.more_may_come || p.lexer.failed);
    if (!done) explain(&p, module, restart_text);
    module->last_line = p.lexer.line;
    parser_release(&p);
    identifiers_end(&identifiers);
    return done;
}

/* --- Expressions inside f-strings --- */

static void restart_inside(Parser *p) {
    const Source *s = p->source;
    const char *line_start = s->inner_start - s->inner_col - 1;
    lexer_start_inside(&p->lexer, s, s->inner_start, s->inner_end, s->inner_line, line_start);
}

Node *parse_inside(Parser *outer, const Source *source) {
    Parser p = {.source = source, .arena = outer->arena, .identifiers = outer->identifiers, .depth = outer->depth,
                .barry = outer->barry, .inside_string = true, .fstring_depth = outer->fstring_depth + 1};
    Module inner = {.mode = PARSE_EVAL};
    restart_inside(&p);
    bool done = run(&p, &inner);
    if (!done) explain(&p, &inner, restart_inside);
    parser_release(&p);
    if (!done) outer->raised = true;
    return done ? inner.expression : NULL;
}

/* --- The front door --- */

static Module *parse_in_arena(const char *text, size_t size, ParseMode mode, Value filename, unsigned flags,
                              Arena *arena) {
    Source source;
    Module *module = ARENA_NEW(arena, Module);
    was_incomplete = false;
    if (!module || !source_open(&source, text, size, filename, flags & PARSE_IS_STR, mode == PARSE_EXEC, arena))
        return NULL;
    source.warns = (flags & PARSE_WARN) != 0;
    module->mode = mode;
    module->future_flags = flags & (FUTURE_ANNOTATIONS | FUTURE_BARRY);
    if (!parse_text(&source, module, flags, arena)) return NULL;
    if (!future_analyze(module, &source) || !scope_analyze(module, arena, filename)) return NULL;
    return check_module(module, &source, flags) ? module : NULL;
}

Module *parse_source(const char *text, size_t size, ParseMode mode, Value filename, unsigned flags, Arena **arena) {
    *arena = arena_new();
    if (!*arena) return NULL;
    Module *module = parse_in_arena(text, size, mode, filename, flags, *arena);
    if (module) return module;
    arena_free(*arena);
    *arena = NULL;
    return NULL;
}
