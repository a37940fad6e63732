/* Binding arguments to the parameters of a function, with the complaints that CPython makes. */
#include "vm/exec/function.h"

#include "runtime/mem/heap.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <stdio.h>

enum { SMALL_CALL = 24 };

/* One call being bound: given positional values and keyword values, both owned until they move into regs. */
typedef struct Binding {
    Function *function;
    Code *code;
    Value *regs;
    Value *given;       /* positional, then the values of keywords */
    size_t positional, keywords;
    Value kwnames;
} Binding;

static size_t parameter_count(const Code *code) { /* those with names of their own */
    return (size_t)code->argcount + code->kwonlycount;
}

static Value names_joined(const Value *list, size_t n) {
    StrBuilder b = STR_BUILDER;
    for (size_t i = 0; i < n; i++) {
        if (i && n > 2) builder_ascii(&b, ", ");
        else if (i) builder_ascii(&b, " ");
        if (i && i + 1 == n) builder_ascii(&b, "and ");
        builder_repr(&b, list[i]);
    }
    return builder_finish(&b);
}

static bool missing(const Binding *b, size_t first, size_t end, const char *kind) {
    Value list[256];
    size_t n = 0;
    for (size_t i = first; i < end && n < 256; i++)
        if (is_unset(b->regs[i])) list[n++] = tuple_at(b->code->varnames, i);
    Value joined = names_joined(list, n);
    if (is_unset(joined)) return false;
    raise_type_error("%U() missing %zu required %s argument%s: %U", b->function->qualname, n, kind, n == 1 ? "" : "s",
                     joined);
    release(joined);
    return false;
}

static size_t default_count(const Function *f) { return is_set(f->defaults) ? tuple_length(f->defaults) : 0; }

static bool too_many(const Binding *b) {
    size_t argcount = b->code->argcount, defaults = default_count(b->function), keyword_only = 0;
    for (size_t i = argcount; i < parameter_count(b->code); i++) keyword_only += is_set(b->regs[i]);
    char takes[64], extra[96] = "";
    if (defaults) snprintf(takes, sizeof takes, "from %zu to %zu", argcount - defaults, argcount);
    else snprintf(takes, sizeof takes, "%zu", argcount);
    if (keyword_only)
        snprintf(extra, sizeof extra, " positional argument%s (and %zu keyword-only argument%s)",
                 b->positional == 1 ? "" : "s", keyword_only, keyword_only == 1 ? "" : "s");
    raise_type_error("%U() takes %s positional argument%s but %zu%s %s given", b->function->qualname, takes,
                     defaults || argcount != 1 ? "s" : "", b->positional, extra,
                     b->positional == 1 && !keyword_only ? "was" : "were");
    return false;
}

/* Names of positional-only parameters that were given as keywords: CPython names them all. */
static bool positional_only_named(const Binding *b) {
    Value list[64];
    size_t n = 0;
    for (size_t i = 0; i < b->code->posonlycount && n < 64; i++)
        for (size_t k = 0; k < b->keywords; k++)
            if (object_equal(tuple_at(b->code->varnames, i), tuple_at(b->kwnames, k)) == 1)
                list[n++] = tuple_at(b->code->varnames, i);
    if (!n) return false;
    Value tuple = tuple_from_values(list, n), comma = str_from(", ");
    Value joined = str_join(comma, tuple);
    raise_type_error("%U() got some positional-only arguments passed as keyword arguments: '%U'", b->function->qualname,
                     joined);
    release(joined);
    release(comma);
    release(tuple);
    return true;
}

static int64_t parameter_index(const Code *code, Value name) {
    size_t n = parameter_count(code);
    const Value *parameters = as_tuple(code->varnames)->items;
    for (size_t i = code->posonlycount; i < n; i++)
        if (same(parameters[i], name)) return (int64_t)i;
    if (!str_is(name)) return -2;
    for (size_t i = code->posonlycount; i < n; i++)
        if (str_equal(parameters[i], name)) return (int64_t)i;
    return -1;
}

static bool bind_keyword(Binding *b, size_t k) {
    Value name = tuple_at(b->kwnames, k), *value = &b->given[b->positional + k];
    int64_t i = parameter_index(b->code, name);
    if (i == -2) return raise_type_error("%U() keywords must be strings", b->function->qualname), false;
    if (i < 0 && !(b->code->flags & CODE_VARKEYWORDS)) {
        if (!positional_only_named(b))
            raise_type_error("%U() got an unexpected keyword argument '%S'", b->function->qualname, name);
        return false;
    }
    if (i < 0) {
        Value dict = b->regs[parameter_count(b->code) + ((b->code->flags & CODE_VARARGS) != 0)];
        Value taken = *value;
        *value = UNSET;
        return dict_set_steal(dict, name, taken);
    }
    if (is_set(b->regs[i])) {
        raise_type_error("%U() got multiple values for argument '%S'", b->function->qualname, name);
        return false;
    }
    b->regs[i] = *value;
    *value = UNSET;
    return true;
}

static bool fill_defaults(Binding *b) {
    size_t argcount = b->code->argcount, defaults = default_count(b->function), required = argcount - defaults;
    for (size_t i = b->positional; i < required; i++)
        if (is_unset(b->regs[i])) return missing(b, 0, required, "positional");
    for (size_t i = b->positional > required ? b->positional : required; i < argcount; i++)
        if (is_unset(b->regs[i])) b->regs[i] = retain(tuple_at(b->function->defaults, i - required));
    return true;
}

static bool fill_keyword_defaults(Binding *b) {
    bool lacking = false;
    for (size_t i = b->code->argcount; i < parameter_count(b->code); i++) {
        if (is_set(b->regs[i])) continue;
        Value value = UNSET;
        if (is_set(b->function->keyword_defaults))
            value = dict_get_str(b->function->keyword_defaults, tuple_at(b->code->varnames, i));
        lacking |= is_unset(value);
        b->regs[i] = retain(value);
    }
    return !lacking || missing(b, b->code->argcount, parameter_count(b->code), "keyword-only");
}

static bool pack_extra(Binding *b, size_t taken) {
    Value extra = tuple_steal(b->given + taken, b->positional - taken);
    for (size_t i = taken; i < b->positional; i++) b->given[i] = UNSET;
    b->regs[parameter_count(b->code)] = extra;
    return is_set(extra);
}

static bool bind_all(Binding *b) {
    Code *code = b->code;
    size_t taken = b->positional < code->argcount ? b->positional : code->argcount;
    for (size_t i = 0; i < taken; i++) {
        b->regs[i] = b->given[i];
        b->given[i] = UNSET;
    }
    if (code->flags & CODE_VARARGS && !pack_extra(b, taken)) return false;
    if (code->flags & CODE_VARKEYWORDS) {
        Value dict = dict_new();
        b->regs[parameter_count(code) + ((code->flags & CODE_VARARGS) != 0)] = dict;
        if (is_unset(dict)) return false;
    }
    for (size_t k = 0; k < b->keywords; k++)
        if (!bind_keyword(b, k)) return false;
    if (b->positional > code->argcount && !(code->flags & CODE_VARARGS)) return too_many(b);
    return (b->positional >= code->argcount || fill_defaults(b)) && (!code->kwonlycount || fill_keyword_defaults(b));
}

static void release_all(Value *values, size_t n) {
    for (size_t i = 0; i < n; i++) {
        Value old = values[i];
        values[i] = UNSET;
        release(old);
    }
}

/* Too few positional arguments and nothing else: defaults complete them where they stand. */
static bool bind_defaults(Function *f, Value *regs, size_t count) {
    Code *code = f->code;
    size_t required = code->argcount - default_count(f);
    for (size_t i = count; i < code->argcount; i++) regs[i] = retain(tuple_at(f->defaults, i - required));
    for (size_t i = code->argcount; i < code->nlocals; i++) regs[i] = UNSET;
    return true;
}

/* Positional arguments, the extra ones into a tuple; no keywords are given, and none are needed. */
static bool bind_variadic(Code *code, Value *regs, size_t count) {
    size_t argcount = code->argcount;
    Value extra = tuple_steal(regs + argcount, count - argcount);
    for (size_t i = argcount, end = count > code->nlocals ? count : code->nlocals; i < end; i++) regs[i] = UNSET;
    regs[argcount] = extra;
    if (is_set(extra) && code->flags & CODE_VARKEYWORDS) extra = regs[argcount + 1] = dict_new();
    if (is_unset(extra)) release_all(regs, code->nlocals);
    return is_set(extra);
}

enum { FEW_KEYWORDS = 8 };

/* Keywords that all name parameters not given otherwise move to their places.  False: nothing has changed. */
static bool place_keywords(Code *code, Value *regs, size_t count, Value kwnames) {
    size_t keywords = tuple_length(kwnames), total = count + keywords, places[FEW_KEYWORDS];
    Value values[FEW_KEYWORDS];
    uint64_t taken = 0;
    if (keywords > FEW_KEYWORDS || parameter_count(code) > 64) return false;
    for (size_t k = 0; k < keywords; k++) {
        int64_t place = parameter_index(code, tuple_at(kwnames, k));
        if (place < (int64_t)count || taken >> place & 1) return false;
        taken |= UINT64_C(1) << place;
        places[k] = (size_t)place;
    }
    for (size_t k = 0; k < keywords; k++) values[k] = regs[count + k];
    for (size_t i = count, end = total > code->nlocals ? total : code->nlocals; i < end; i++) regs[i] = UNSET;
    for (size_t k = 0; k < keywords; k++) regs[places[k]] = values[k];
    return true;
}

/* Binding where the arguments stand, for the usual shapes of calls. 1 bound, 0 failed, -1: it takes the long way. */
static int bind_in_place(Function *f, Value *regs, size_t count, Value kwnames) {
    Code *code = f->code;
    bool named = is_set(kwnames) && tuple_length(kwnames);
    uint32_t collects = code->flags & (CODE_VARARGS | CODE_VARKEYWORDS);
    if (!named && collects & CODE_VARARGS && !code->kwonlycount && count >= code->argcount)
        return bind_variadic(code, regs, count);
    if (!named && !collects && !code->kwonlycount && count <= code->argcount &&
        count + default_count(f) >= code->argcount)
        return bind_defaults(f, regs, count);
    if (!named || collects || count > code->argcount || !place_keywords(code, regs, count, kwnames)) return -1;
    Binding b = {f, code, regs, NULL, count, 0, UNSET};
    if ((count >= code->argcount || fill_defaults(&b)) && (!code->kwonlycount || fill_keyword_defaults(&b))) return 1;
    release_all(regs, code->nlocals);
    return 0;
}

bool function_bind(Function *f, Value *regs, Value *args, size_t count, Value kwnames) {
    Code *code = f->code;
    size_t keywords = is_set(kwnames) ? tuple_length(kwnames) : 0, total = count + keywords;
    int bound_in_place = regs == args ? bind_in_place(f, regs, count, kwnames) : -1;
    if (bound_in_place >= 0) return bound_in_place;
    Value few[SMALL_CALL], *given = total <= SMALL_CALL ? few : raw_allocate(total * sizeof(Value));
    if (!given) {
        release_all(args, total);
        return raise_memory_error(), false;
    }
    memcpy(given, args, total * sizeof(Value));
    for (size_t i = 0; i < total; i++) args[i] = UNSET;
    for (size_t i = 0; i < code->nlocals; i++) regs[i] = UNSET;
    Binding b = {f, code, regs, given, count, keywords, kwnames};
    bool bound = bind_all(&b);
    release_all(given, total);
    if (given != few) raw_free(given);
    if (!bound) release_all(regs, code->nlocals);
    return bound;
}
