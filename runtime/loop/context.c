/* Contexts and context variables (PEP 567). */
#include "runtime/loop/context.h"

#include "runtime/conc/thread.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/root.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

typedef struct Context {
    Object head;
    Value bindings; /* dict from variables to values, shared with copies; UNSET: empty */
    bool entered;
} Context;

typedef struct ContextVar {
    Object head;
    Value name, fallback; /* fallback: UNSET for none */
} ContextVar;

typedef struct Token {
    Object head;
    Value var, context, old; /* old: UNSET when it had no value */
    bool used;
} Token;

static Context *as_context(Value v) { return (Context *)as_object(v); }
static ContextVar *as_var(Value v) { return (ContextVar *)as_object(v); }
static Token *as_token(Value v) { return (Token *)as_object(v); }

/* --- contexts -------------------------------------------------------------------------------------------------- */

static Value context_with(Value bindings) {
    Context *c = object_allocate(&context_type, sizeof *c);
    if (!c) return UNSET;
    c->bindings = retain(bindings);
    return from_object(c);
}

static Value current_bindings(void) {
    Value context = thread_self->context;
    return is_set(context) ? as_context(context)->bindings : UNSET;
}

Value task_context_snapshot(bool *failed) {
    Value bindings = current_bindings();
    *failed = false;
    if (is_unset(bindings) || dict_length(bindings) == 0) return UNSET;
    Value copy = context_with(bindings);
    *failed = is_unset(copy);
    return copy;
}

Value task_context_copy(void) { return context_with(current_bindings()); }

/* Borrowed. */
static Value current_context(void) {
    if (is_unset(thread_self->context)) {
        thread_self->context = context_with(UNSET);
        if (is_set(thread_self->context)) as_context(thread_self->context)->entered = true;
    }
    return thread_self->context;
}

bool task_context_enter(Value context, Value *outer) {
    if (is_set(context)) {
        if (as_context(context)->entered)
            return raise_runtime_error("cannot enter context: %R is already entered", context), false;
        as_context(context)->entered = true;
    }
    *outer = thread_self->context;
    thread_self->context = retain(context);
    return true;
}

void task_context_leave(Value *context, Value outer) {
    Value own = thread_self->context;
    thread_self->context = outer;
    if (is_set(own)) as_context(own)->entered = false;
    if (is_unset(*context)) *context = own;
    else release(own);
}

/* The dict that may be changed: nobody else's. */
static Value own_bindings(Context *c) {
    if (is_unset(c->bindings)) c->bindings = dict_new();
    else if (rc_load(&as_object(c->bindings)->count) > 1) {
        Value copy = dict_copy(c->bindings);
        if (is_unset(copy)) return UNSET;
        replace(&c->bindings, copy);
    }
    return c->bindings;
}

static bool check_var(Value key) {
    if (is_exactly(key, &context_var_type)) return true;
    return raise_type_error("a ContextVar key was expected, got %R", key), false;
}

/* 1 found (borrowed), 0 absent, -1 failed. */
static int find(Value context, Value var, Value *out) {
    Value bindings = as_context(context)->bindings;
    return is_unset(bindings) ? 0 : dict_find(bindings, var, out);
}

static Value context_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count || is_set(kwnames)) return raise_type_error("Context() does not accept any arguments");
    return context_with(UNSET);
}

/* run(callable, *args, **kwargs): kwargs stand in args[2], the rest of the positional arguments behind them. */
static Value context_run(const Value *args, size_t count) {
    Value outer, context = args[0], result = UNSET;
    if (!task_context_enter(context, &outer)) return UNSET;
    if (is_unset(args[2])) result = call(args[1], args + 3, count - 3, UNSET);
    else {
        Value rest = tuple_from_values(args + 3, count - 3);
        if (is_set(rest)) result = call_tuple_dict(args[1], rest, args[2]);
        release(rest);
    }
    task_context_leave(&context, outer);
    return result;
}

static Value context_copy_method(const Value *args, size_t count) {
    return context_with(as_context(args[0])->bindings);
}

static Value context_get(const Value *args, size_t count) {
    Value found;
    if (!check_var(args[1])) return UNSET;
    int n = find(args[0], args[1], &found);
    if (n < 0) return UNSET;
    return n ? retain(found) : is_set(args[2]) ? retain(args[2]) : NONE;
}

static Value context_get_item(Value self, Value key) {
    Value found;
    if (!check_var(key)) return UNSET;
    int n = find(self, key, &found);
    return n < 0 ? UNSET : n ? retain(found) : raise_key_error(key);
}

static int context_contains(Value self, Value key) {
    Value found;
    return check_var(key) ? find(self, key, &found) : -1;
}

static int64_t context_length(Value self) {
    Value bindings = as_context(self)->bindings;
    return is_unset(bindings) ? 0 : (int64_t)dict_length(bindings);
}

static Value view(Value self, Type *type) {
    Context *c = as_context(self);
    if (is_unset(c->bindings) && is_unset(c->bindings = dict_new())) return UNSET;
    return dict_view_new(type, c->bindings);
}
static Value context_keys(const Value *args, size_t count) { return view(args[0], &dict_keys_type); }
static Value context_values(const Value *args, size_t count) { return view(args[0], &dict_values_type); }
static Value context_items(const Value *args, size_t count) { return view(args[0], &dict_items_type); }
static Value context_iterate(Value self) {
    Value keys = view(self, &dict_keys_type), iterator = is_set(keys) ? object_iterate(keys) : UNSET;
    release(keys);
    return iterator;
}

static Value context_compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(b, &context_type) || (op != COMPARE_EQ && op != COMPARE_NE)) return NOT_IMPLEMENTED;
    Value x = as_context(a)->bindings, y = as_context(b)->bindings;
    int equal = context_length(a) != context_length(b) ? 0 : context_length(a) == 0 ? 1 : dict_equal(x, y);
    return equal < 0 ? UNSET : from_bool((equal == 1) == (op == COMPARE_EQ));
}

static int context_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Context *)o)->bindings);
    return 0;
}
static void context_clear(Object *o) { clear(&((Context *)o)->bindings); }
static void context_destroy(Object *o) {
    context_clear(o);
    object_free(o);
}

static const NativeDef context_methods[] = {
    METHOD("run", "callable, /, *args, **kwargs", context_run, "Call something in this context."),
    METHOD("copy", "", context_copy_method, "A shallow copy of the context."),
    METHOD("get", "key, default=None, /", context_get, "The value of a variable, or default."),
    METHOD("keys", "", context_keys, "All variables."),
    METHOD("values", "", context_values, "The values of all variables."),
    METHOD("items", "", context_items, "All variables and their values."),
    NATIVE_END,
};

Type context_type = {
    TYPE_HEAD("_contextvars.Context"),
    .flags = TYPE_GC | TYPE_WEAK,
    .basic_size = sizeof(Context),
    .methods = context_methods,
    .make = context_make,
    .destroy = context_destroy,
    .traverse = context_traverse,
    .clear = context_clear,
    .compare = context_compare,
    .hash = type_unhashable,
    .iterate = context_iterate,
    .length = context_length,
    .get_item = context_get_item,
    .contains = context_contains,
};

/* --- variables ------------------------------------------------------------------------------------------------- */

static Value var_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (!native_bind("ContextVar", "name, /, *, default=None", args, count, kwnames, bound)) return UNSET;
    if (!str_is(bound[0])) return raise_type_error("context variable name must be a str");
    ContextVar *v = object_allocate(&context_var_type, sizeof *v);
    if (!v) return UNSET;
    v->name = retain(bound[0]);
    v->fallback = retain(bound[1]);
    return from_object(v);
}

static Value var_get(const Value *args, size_t count) {
    Value found;
    int n = is_set(thread_self->context) ? find(thread_self->context, args[0], &found) : 0;
    if (n < 0) return UNSET;
    if (n) return retain(found);
    if (is_set(args[1])) return retain(args[1]);
    if (is_set(as_var(args[0])->fallback)) return retain(as_var(args[0])->fallback);
    Value error = exception_new(&LookupError_type, args, 1);
    return is_set(error) ? raise_value(error) : UNSET;
}

static Value var_set(const Value *args, size_t count) {
    Value context = current_context(), old = UNSET;
    if (is_unset(context) || find(context, args[0], &old) < 0) return UNSET;
    Token *t = object_allocate(&context_token_type, sizeof *t);
    if (!t) return UNSET;
    t->var = retain(args[0]);
    t->context = retain(context);
    t->old = retain(old);
    Value bindings = own_bindings(as_context(context));
    if (is_set(bindings) && dict_set(bindings, args[0], args[1])) return from_object(t);
    object_release(t);
    return UNSET;
}

static Value var_reset(const Value *args, size_t count) {
    if (!is_exactly(args[1], &context_token_type))
        return raise_type_error("expected an instance of Token, got %R", args[1]);
    Token *t = as_token(args[1]);
    if (t->used) return raise_runtime_error("%R has already been used once", args[1]);
    if (!same(t->var, args[0])) return raise_value_error("%R was created by a different ContextVar", args[1]);
    Value context = current_context();
    if (is_unset(context)) return UNSET;
    if (!same(t->context, context)) return raise_value_error("%R was created in a different Context", args[1]);
    Value bindings = own_bindings(as_context(context));
    if (is_unset(bindings)) return UNSET;
    t->used = true;
    if (is_set(t->old)) return dict_set(bindings, args[0], t->old) ? NONE : UNSET;
    return dict_remove(bindings, args[0], NULL) < 0 ? UNSET : NONE;
}

static Value var_repr(Value self) {
    ContextVar *v = as_var(self);
    if (is_unset(v->fallback)) return str_format("<ContextVar name=%R at %s>", v->name, object_address(self));
    return str_format("<ContextVar name=%R default=%R at %s>", v->name, v->fallback, object_address(self));
}

static Value var_name(Value self) { return retain(as_var(self)->name); }
static Value var_class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

static int var_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((ContextVar *)o)->fallback);
    return 0;
}
static void var_clear(Object *o) { clear(&((ContextVar *)o)->fallback); }
static void var_destroy(Object *o) {
    release(((ContextVar *)o)->name);
    var_clear(o);
    object_free(o);
}

static const NativeDef var_methods[] = {
    METHOD("get", "default=None, /", var_get, "The value in the current context, the default, or LookupError."),
    METHOD("set", "value, /", var_set, "Binds it in the current context; the token undoes that."),
    METHOD("reset", "token, /", var_reset, "Undoes a set()."),
    CLASS_METHOD("__class_getitem__", "item, /", var_class_getitem, "See PEP 585"),
    NATIVE_END,
};
static const MemberDef var_members[] = {{"name", var_name, NULL, NULL}, {0}};

Type context_var_type = {
    TYPE_HEAD("_contextvars.ContextVar"),
    .flags = TYPE_GC,
    .basic_size = sizeof(ContextVar),
    .methods = var_methods,
    .members = var_members,
    .make = var_make,
    .destroy = var_destroy,
    .traverse = var_traverse,
    .clear = var_clear,
    .repr = var_repr,
};

/* --- tokens ---------------------------------------------------------------------------------------------------- */

static Value token_repr(Value self) {
    Token *t = as_token(self);
    Value var = var_repr(t->var);
    if (is_unset(var)) return UNSET;
    Value text = str_format("<Token%s var=%U at %s>", t->used ? " used" : "", var, object_address(self));
    release(var);
    return text;
}

static Value token_missing; /* Token.MISSING; a root */

static Value token_var(Value self) { return retain(as_token(self)->var); }
static Value token_old(Value self) {
    Value old = as_token(self)->old;
    return retain(is_set(old) ? old : token_missing);
}

static int token_traverse(Object *o, Visit visit, void *context) {
    Token *t = (Token *)o;
    TRAVERSE(t->var);
    TRAVERSE(t->context);
    TRAVERSE(t->old);
    return 0;
}
static void token_clear(Object *o) {
    Token *t = (Token *)o;
    clear(&t->context);
    clear(&t->old);
}
static void token_destroy(Object *o) {
    token_clear(o);
    release(((Token *)o)->var);
    object_free(o);
}

static const MemberDef token_members[] = {
    {"var", token_var, NULL, NULL},
    {"old_value", token_old, NULL, NULL},
    {0},
};
static const NativeDef token_methods[] = {
    CLASS_METHOD("__class_getitem__", "item, /", var_class_getitem, "See PEP 585"),
    NATIVE_END,
};

Type context_token_type = {
    TYPE_HEAD("_contextvars.Token"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Token),
    .methods = token_methods,
    .members = token_members,
    .destroy = token_destroy,
    .traverse = token_traverse,
    .clear = token_clear,
    .repr = token_repr,
};

static Value missing_repr(Value self) { return str_from("<Token.MISSING>"); }
static Type token_missing_type = {
    TYPE_HEAD("Token.MISSING"),
    .flags = TYPE_DISALLOW_NEW,
    .basic_size = sizeof(Object),
    .destroy = (void (*)(Object *))object_free,
    .repr = missing_repr,
};

bool task_context_ready(void) {
    if (!type_ready(&context_type) || !type_ready(&context_var_type) || !type_ready(&token_missing_type)) return false;
    if (!type_ready(&context_token_type)) return false;
    if (is_set(token_missing)) return true;
    Object *missing = object_allocate(&token_missing_type, sizeof *missing);
    if (!missing) return false;
    token_missing = from_object(missing);
    root_add(&token_missing);
    return dict_set_utf8(context_token_type.dict, "MISSING", token_missing);
}
