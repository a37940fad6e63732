/* Arguments of calls and parameters of functions. */
#include "vm/front/parse_explain.h"

/* --- Arguments --- */

static bool at_keyword(Parser *p) { return parser_peek(p) == TOKEN_NAME && parser_peek_second(p) == TOKEN_EQUAL; }

/* [name :=] expression or *expression, not followed by '='.  NULL: something else stands here. */
static Node *parse_positional(Parser *p) {
    if (parser_peek(p) == TOKEN_STAR) return parse_starred(p);
    if (at_keyword(p)) return NULL;
    bool walrus = parser_peek(p) == TOKEN_NAME && parser_peek_second(p) == TOKEN_WALRUS;
    Node *node = walrus ? parse_named_expression(p) : parse_expression(p);
    return node && parser_peek(p) != TOKEN_EQUAL && parser_peek(p) != TOKEN_WALRUS ? node : NULL;
}

static bool parse_keyword(Parser *p, Keyword *out) {
    Span start = token_span(&p->tokens[p->mark]);
    out->name = parser_name(p);
    p->mark++;
    out->value = parse_expression(p);
    if (out->value) out->span = span_to(start, token_span(parser_previous(p)));
    return out->value != NULL;
}

static bool parse_double_star(Parser *p, Keyword *out) {
    Span start = token_span(&p->tokens[p->mark++]);
    *out = (Keyword){UNSET, parse_expression(p), start};
    if (out->value) out->span = span_to(start, token_span(parser_previous(p)));
    return out->value != NULL;
}

/* name=value with something behind it that shows what was meant. */
static void explain_keyword(Parser *p) {
    int32_t mark = p->mark;
    const Token *name = parser_token(p);
    int kind = name->kind;
    Span start = token_span(name);
    if ((kind == KEYWORD_TRUE || kind == KEYWORD_FALSE || kind == KEYWORD_NONE) &&
        parser_peek_second(p) == TOKEN_EQUAL) {
        const char *text = kind == KEYWORD_TRUE ? "True" : kind == KEYWORD_FALSE ? "False" : "None";
        raise_at(p, span_to(start, token_span(&p->tokens[p->mark + 1])), "cannot assign to %s", text);
        return;
    }
    ClauseList clauses;
    if (at_keyword(p)) {
        Span equal = token_span(&p->tokens[p->mark + 1]);
        p->mark += 2;
        if (parse_expression(p) && parse_clauses(p, &clauses))
            raise_at(p, span_to(start, equal), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
    } else {
        Node *left = parse_expression(p);
        if (left && parser_peek(p) == TOKEN_EQUAL)
            raise_at(p, span_to(left->span, token_span(parser_token(p))),
                     "expression cannot contain assignment, perhaps you meant \"==\"?");
    }
    p->mark = mark;
}

typedef struct Argument {
    Node *positional; /* or NULL: a keyword */
    Keyword keyword;
} Argument;

typedef enum ArgumentStage { STAGE_POSITIONAL, STAGE_KEYWORD, STAGE_DOUBLE_STAR } ArgumentStage;

/* One argument that may stand in this stage or opens a later one. */
static bool parse_argument(Parser *p, ArgumentStage *stage, Argument *out) {
    int32_t mark = p->mark;
    *out = (Argument){0};
    if (*stage == STAGE_POSITIONAL && (out->positional = parse_positional(p))) return true;
    if (p->raised) return false;
    p->mark = mark;
    if (explaining(p)) explain_keyword(p);
    if (p->raised) return false;
    if (parser_peek(p) == TOKEN_DOUBLE_STAR) return *stage = STAGE_DOUBLE_STAR, parse_double_star(p, &out->keyword);
    if (at_keyword(p)) {
        if (*stage == STAGE_POSITIONAL) *stage = STAGE_KEYWORD;
        return parse_keyword(p, &out->keyword);
    }
    return *stage == STAGE_KEYWORD && (out->positional = parse_starred(p));
}

static bool take_arguments(Parser *p, size_t base, Arguments *out) {
    int32_t count, keywords = 0, positional = 0;
    Argument *all = stack_take(p, base, sizeof *all, &count);
    if (!all) return false;
    for (int32_t i = 0; i < count; i++) keywords += !all[i].positional;
    out->args.items = ARENA_ARRAY(p->arena, Node *, count - keywords);
    out->keywords = ARENA_ARRAY(p->arena, Keyword, keywords);
    if (!out->args.items || !out->keywords) return p->raised = true, false;
    out->args.count = count - keywords;
    out->keyword_count = keywords;
    keywords = 0;
    for (int32_t i = 0; i < count; i++) {
        if (all[i].positional) out->args.items[positional++] = all[i].positional;
        else out->keywords[keywords++] = all[i].keyword;
    }
    return true;
}

/* One or more arguments with commas between; stops before what is none. */
static bool parse_argument_list(Parser *p, Arguments *out) {
    size_t base = stack_open(p);
    ArgumentStage stage = STAGE_POSITIONAL;
    int32_t mark = p->mark;
    for (Argument argument; parse_argument(p, &stage, &argument);) {
        if (!stack_push(p, &argument, sizeof argument)) return false;
        mark = p->mark;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    if (p->raised) return false;
    p->mark = mark;
    return p->stack.used > base && take_arguments(p, base, out);
}

/* f(x for x in y): the parentheses of the call are those of the generator expression. */
static bool parse_sole_generator(Parser *p, Node *element, Arguments *out) {
    ClauseList clauses;
    Node *node = NULL;
    if (parse_clauses(p, &clauses) && parser_peek(p) == TOKEN_RPAREN)
        node = parser_node(p, NODE_GENERATOR_EXP, element->span);
    if (!node) return false;
    node->u.comp.element = element;
    node->u.comp.clauses = clauses;
    out->args.items = arena_copy(p->arena, &node, 1, sizeof node);
    out->args.count = 1;
    out->keyword_count = 0;
    return out->args.items != NULL;
}

bool parse_arguments(Parser *p, Arguments *out) {
    int32_t mark = p->mark;
    Span open = token_span(parser_previous(p));
    *out = (Arguments){0};
    if (parser_peek(p) == TOKEN_RPAREN) return true;
    bool some = parse_argument_list(p, out);
    if (p->raised) return false;
    if (some && out->args.count == 1 && out->keyword_count == 0 && out->args.items[0]->kind != NODE_STARRED &&
        parser_at_clauses(p)) {
        if (parse_sole_generator(p, out->args.items[0], out)) {
            Span close = token_span(parser_token(p));
            out->args.items[0]->span = span_to(open, close);
            return true;
        }
    } else if (some) {
        parser_accept(p, TOKEN_COMMA);
        if (parser_peek(p) == TOKEN_RPAREN) return true;
    }
    if (p->raised || !explaining(p)) return false;
    p->mark = mark;
    explain_arguments(p);
    return false;
}

/* The end of the last condition or iterable: where a generator expression without its parenthesis ends. */
static Span clauses_end(const ClauseList *clauses) {
    const Clause *last = &clauses->items[clauses->count - 1];
    return last->conditions.count ? last->conditions.items[last->conditions.count - 1]->span : last->iter->span;
}

static void raise_bare_generator(Parser *p, const Node *element, const ClauseList *clauses) {
    raise_at(p, span_to(element->span, clauses_end(clauses)), "Generator expression must be parenthesized");
}

/* expression for ... , more */
static void explain_first_generator(Parser *p) {
    ClauseList clauses;
    Arguments rest;
    Node *element = parse_expression(p);
    if (!element || !parse_clauses(p, &clauses) || !parser_accept(p, TOKEN_COMMA)) return;
    parse_argument_list(p, &rest);
    if (!p->raised) raise_bare_generator(p, element, &clauses);
}

static bool has_double_star(const Arguments *arguments) {
    for (int32_t i = 0; i < arguments->keyword_count; i++)
        if (is_unset(arguments->keywords[i].name)) return true;
    return false;
}

/* Arguments that are fine as far as they go: what comes behind them is not. */
static void explain_after_arguments(Parser *p) {
    Arguments arguments, rest;
    ClauseList clauses;
    if (!parse_argument_list(p, &arguments)) return;
    int32_t mark = p->mark;
    if (parse_clauses(p, &clauses) && arguments.args.count > 1) {
        raise_bare_generator(p, arguments.args.items[arguments.args.count - 1], &clauses);
        return;
    }
    p->mark = mark;
    if (p->raised || !parser_accept(p, TOKEN_COMMA)) return;
    mark = p->mark;
    Node *element = parse_expression(p);
    if (element && parse_clauses(p, &clauses)) {
        raise_bare_generator(p, element, &clauses);
        return;
    }
    p->mark = mark;
    if (p->raised || !parse_argument_list(p, &rest)) return;
    raise_last(p, &SyntaxError_type, "positional argument follows keyword argument%s",
               has_double_star(&arguments) ? " unpacking" : "");
}

void explain_arguments(Parser *p) {
    int32_t mark = p->mark;
    Span start = token_span(parser_token(p));
    Arguments arguments;
    if (parse_argument_list(p, &arguments) && arguments.keyword_count) {
        Span span = span_to(start, token_span(parser_previous(p)));
        if (parser_accept(p, TOKEN_COMMA) && parser_peek(p) == TOKEN_STAR)
            raise_at(p, span, "iterable argument unpacking follows keyword argument unpacking");
    }
    p->mark = mark;
    if (!p->raised) explain_first_generator(p);
    p->mark = mark;
    if (!p->raised && at_keyword(p)) explain_keyword(p);
    p->mark = mark;
    if (!p->raised) explain_after_arguments(p);
    p->mark = mark;
}

/* --- Parameters --- */

typedef struct ParamState {
    bool lambda;
    int closing;
    bool seen_slash, seen_star, named_after_star, seen_default, star_is_bare;
    int32_t positional, positional_only, keyword_only;
    Param star, double_star;
    size_t base;
} ParamState;

/* name [: annotation], of *args also name: *annotation. */
static bool parse_param(Parser *p, const ParamState *s, bool star, Param *out) {
    Span start = token_span(parser_token(p));
    *out = (Param){.name = parser_name(p)};
    if (is_unset(out->name)) return false;
    if (!s->lambda && parser_accept(p, TOKEN_COLON)) {
        out->annotation = star ? parse_star_expression(p) : parse_expression(p);
        if (!out->annotation) return false;
    }
    out->span = span_to(start, token_span(parser_previous(p)));
    return true;
}

static bool at_param_end(Parser *p, const ParamState *s) {
    int kind = parser_peek(p);
    return kind == TOKEN_COMMA || kind == s->closing;
}

static bool parse_default(Parser *p, const ParamState *s, Param *param) {
    Span equal = token_span(&p->tokens[p->mark++]);
    if (explaining(p) && !s->lambda && (parser_peek(p) == TOKEN_RPAREN || parser_peek(p) == TOKEN_COMMA))
        return raise_at(p, equal, "expected default value expression"), false;
    param->default_value = parse_expression(p);
    return param->default_value != NULL;
}

static bool parse_plain_param(Parser *p, ParamState *s) {
    Param param;
    if (!parse_param(p, s, false, &param)) return false;
    if (parser_peek(p) == TOKEN_EQUAL) {
        if (!parse_default(p, s, &param)) return false;
        if (!s->seen_star) s->seen_default = true;
    } else if (s->seen_default && !s->seen_star) {
        if (explaining(p) && at_param_end(p, s))
            raise_at(p, param.span, "non-default argument follows default argument");
        return false;
    }
    s->named_after_star |= s->seen_star;
    if (s->seen_star) s->keyword_only++;
    else s->positional++;
    return stack_push(p, &param, sizeof param);
}

static bool parse_slash(Parser *p, ParamState *s) {
    Span slash = token_span(&p->tokens[p->mark++]);
    if (!s->seen_slash && !s->seen_star && s->positional > 0) {
        s->seen_slash = true;
        s->positional_only = s->positional;
        if (!explaining(p) || parser_peek(p) != TOKEN_STAR) return true;
        return raise_at(p, token_span(parser_token(p)), "expected comma between / and *"), false;
    }
    if (!explaining(p)) return false;
    if (s->seen_star) raise_at(p, slash, "/ must be ahead of *");
    else if (s->seen_slash) raise_at(p, slash, "/ may appear only once");
    else if (parser_peek(p) == TOKEN_COMMA) raise_at(p, slash, "at least one argument must precede /");
    return false;
}

/* A bare star needs a name behind it. */
static bool explain_bare_star(Parser *p, const ParamState *s, Span star) {
    int32_t mark = p->mark;
    bool alone = parser_peek(p) == s->closing;
    if (!alone && parser_accept(p, TOKEN_COMMA))
        alone = parser_peek(p) == s->closing || parser_peek(p) == TOKEN_DOUBLE_STAR;
    p->mark = mark;
    if (!alone) return true;
    if (s->lambda) raise_last(p, &SyntaxError_type, "named arguments must follow bare *");
    else raise_at(p, star, "named arguments must follow bare *");
    return false;
}

static bool parse_star_param(Parser *p, ParamState *s) {
    Span star = token_span(&p->tokens[p->mark++]);
    if (s->seen_star) {
        Param again;
        if (!explaining(p)) return false;
        bool more = parser_peek(p) == TOKEN_COMMA || (parse_param(p, s, false, &again) && at_param_end(p, s));
        if (more) raise_at(p, star, "* argument may appear only once");
        return false;
    }
    s->seen_star = true;
    s->star_is_bare = parser_peek(p) != TOKEN_NAME;
    if (s->star_is_bare) {
        if (explaining(p) && !explain_bare_star(p, s, star)) return false;
        return parser_peek(p) == TOKEN_COMMA;
    }
    if (!parse_param(p, s, true, &s->star)) return false;
    if (parser_peek(p) != TOKEN_EQUAL) return true;
    if (explaining(p)) raise_at(p, token_span(parser_token(p)), "var-positional argument cannot have default value");
    return false;
}

static bool parse_double_star_param(Parser *p, ParamState *s) {
    p->mark++;
    if (!parse_param(p, s, false, &s->double_star)) return false;
    if (parser_peek(p) == TOKEN_EQUAL && explaining(p))
        raise_at(p, token_span(parser_token(p)), "var-keyword argument cannot have default value");
    if (parser_peek(p) != TOKEN_COMMA) return !p->raised;
    p->mark++;
    int kind = parser_peek(p);
    if (kind == s->closing) return true;
    Param next;
    Span span = token_span(parser_token(p));
    bool more = kind == TOKEN_STAR || kind == TOKEN_DOUBLE_STAR || kind == TOKEN_SLASH;
    if (explaining(p) && (more || parse_param(p, s, false, &next)))
        raise_at(p, more ? span : next.span, "arguments cannot follow var-keyword argument");
    return false;
}

/* def f(a, (b, c)) was Python 2. */
static bool explain_param_group(Parser *p, const ParamState *s) {
    Span start = token_span(&p->tokens[p->mark++]);
    Param param;
    int32_t names = 0;
    while (parse_param(p, s, false, &param)) {
        names++;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    if (names && parser_peek(p) == TOKEN_RPAREN && !s->seen_default && !s->seen_star)
        raise_at(p, span_to(start, token_span(parser_token(p))), "%s parameters cannot be parenthesized",
                 s->lambda ? "Lambda expression" : "Function");
    return false;
}

static bool parse_one_param(Parser *p, ParamState *s) {
    switch (parser_peek(p)) {
    case TOKEN_NAME: return parse_plain_param(p, s);
    case TOKEN_SLASH: return parse_slash(p, s);
    case TOKEN_STAR: return parse_star_param(p, s);
    case TOKEN_DOUBLE_STAR: return parse_double_star_param(p, s);
    case TOKEN_LPAREN: return explaining(p) && explain_param_group(p, s);
    default: return false;
    }
}

static bool finish_params(Parser *p, ParamState *s, Params *out) {
    if (s->seen_star && s->star_is_bare && !s->named_after_star) return false;
    out->positional_only = s->positional_only;
    out->positional = s->positional;
    out->keyword_only = s->keyword_only;
    out->has_star = is_set(s->star.name);
    out->has_double_star = is_set(s->double_star.name);
    if (out->has_star && !stack_push(p, &s->star, sizeof s->star)) return false;
    if (out->has_double_star && !stack_push(p, &s->double_star, sizeof s->double_star)) return false;
    out->items = stack_take(p, s->base, sizeof(Param), &out->count);
    return out->items != NULL;
}

bool parse_params(Parser *p, Params *out, bool lambda) {
    ParamState s = {.lambda = lambda, .closing = lambda ? TOKEN_COLON : TOKEN_RPAREN, .base = stack_open(p)};
    *out = (Params){0};
    while (parser_peek(p) != s.closing) {
        if (!parse_one_param(p, &s) || p->raised) return false;
        if (is_set(s.double_star.name)) break;
        if (!parser_accept(p, TOKEN_COMMA)) break;
    }
    return parser_peek(p) == s.closing && finish_params(p, &s, out);
}
