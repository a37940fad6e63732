/* operator: the operators of the language as functions, and the three kinds of getters. */
#include "stdlib/stdlib.h"

#include "runtime/types/str_units.h"
#include "runtime/types/traverse.h"

/* ---- functions ---- */

#define COMPARE(name, op) \
    static Value name(const Value *args, size_t count) { return object_compare(args[0], args[1], op); }
COMPARE(op_lt, COMPARE_LT)
COMPARE(op_le, COMPARE_LE)
COMPARE(op_eq, COMPARE_EQ)
COMPARE(op_ne, COMPARE_NE)
COMPARE(op_ge, COMPARE_GE)
COMPARE(op_gt, COMPARE_GT)

#define BINARY(name, op)                                                                                       \
    static Value op_##name(const Value *args, size_t count) { return object_binary(op, args[0], args[1]); }    \
    static Value op_i##name(const Value *args, size_t count) { return object_inplace(op, args[0], args[1]); }
BINARY(add, BINARY_ADD)
BINARY(sub, BINARY_SUBTRACT)
BINARY(mul, BINARY_MULTIPLY)
BINARY(matmul, BINARY_MATMUL)
BINARY(truediv, BINARY_TRUE_DIVIDE)
BINARY(floordiv, BINARY_FLOOR_DIVIDE)
BINARY(mod, BINARY_MODULO)
BINARY(pow, BINARY_POWER)
BINARY(lshift, BINARY_LSHIFT)
BINARY(rshift, BINARY_RSHIFT)
BINARY(and, BINARY_AND)
BINARY(or, BINARY_OR)
BINARY(xor, BINARY_XOR)

#define UNARY(name, op) \
    static Value op_##name(const Value *args, size_t count) { return object_unary(op, args[0]); }
UNARY(neg, UNARY_NEGATIVE)
UNARY(pos, UNARY_POSITIVE)
UNARY(invert, UNARY_INVERT)
UNARY(abs, UNARY_ABSOLUTE)

static Value truth_value(int truth) { return truth < 0 ? UNSET : from_bool(truth); }

static Value op_truth(const Value *args, size_t count) { return truth_value(object_truth(args[0])); }
static Value op_not(const Value *args, size_t count) {
    int truth = object_truth(args[0]);
    return truth < 0 ? UNSET : from_bool(!truth);
}
static Value op_is(const Value *args, size_t count) { return from_bool(same(args[0], args[1])); }
static Value op_is_not(const Value *args, size_t count) { return from_bool(!same(args[0], args[1])); }
static Value op_index(const Value *args, size_t count) { return object_index(args[0]); }
static Value op_contains(const Value *args, size_t count) { return truth_value(object_contains(args[0], args[1])); }
static Value op_getitem(const Value *args, size_t count) { return object_get_item(args[0], args[1]); }
static Value op_setitem(const Value *args, size_t count) {
    return object_set_item(args[0], args[1], args[2]) ? NONE : UNSET;
}
static Value op_delitem(const Value *args, size_t count) {
    return object_set_item(args[0], args[1], UNSET) ? NONE : UNSET;
}

static bool concatenates(Value v) { return type_of(v)->get_item && !dict_is(v); }
static Value op_concat(const Value *args, size_t count) {
    if (!concatenates(args[0])) return raise_type_error("'%T' object can't be concatenated", args[0]);
    return object_binary(BINARY_ADD, args[0], args[1]);
}
static Value op_iconcat(const Value *args, size_t count) {
    if (!concatenates(args[0])) return raise_type_error("'%T' object can't be concatenated", args[0]);
    return object_inplace(BINARY_ADD, args[0], args[1]);
}

/* Calls found for each item: index of the first equal one, or how many. */
static int64_t count_equal(Value iterable, Value wanted, bool first) {
    Value iterator = object_iterate(iterable), item;
    if (is_unset(iterator)) return -2;
    int64_t n = 0, at = 0;
    int equal = 0;
    for (; is_set(item = iterator_next(iterator)); at++) {
        equal = object_equal(item, wanted);
        release(item);
        n += equal > 0;
        if (equal < 0 || (equal && first)) break;
    }
    release(iterator);
    if (equal < 0 || error_pending()) return -2;
    return !first ? n : n ? at : -1;
}
static Value op_count_of(const Value *args, size_t count) {
    int64_t n = count_equal(args[0], args[1], false);
    return n < 0 ? UNSET : int_from_int64(n);
}
static Value op_index_of(const Value *args, size_t count) {
    int64_t n = count_equal(args[0], args[1], true);
    if (n == -1) return raise_value_error("sequence.index(x): x not in sequence");
    return n < 0 ? UNSET : int_from_int64(n);
}

static Value op_length_hint(const Value *args, size_t count) {
    int64_t fallback = 0;
    if (is_set(args[1])) {
        if (!int_is(args[1])) return raise_type_error("'%T' object cannot be interpreted as an integer", args[1]);
        if (!object_as_int64(args[1], &fallback)) return UNSET;
    }
    int64_t n = object_length_hint(args[0], fallback);
    return n < 0 ? UNSET : int_from_int64(n);
}

static Value op_call(const Value *args, size_t count) {
    Value kwargs = args[1], rest = tuple_from_values(args + 2, count - 2);
    Value result = is_set(rest) ? call_tuple_dict(args[0], rest, kwargs) : UNSET;
    release(rest);
    return result;
}

/* ---- getters: itemgetter, attrgetter, methodcaller ---- */

typedef struct Getter {
    Object head;
    Value what;     /* itemgetter, attrgetter: tuple of keys or of dotted names */
    Value args;     /* methodcaller: positional arguments, `what` is the name */
    Value kwargs;   /* methodcaller: dict or UNSET */
} Getter;

static Getter *as_getter(Value v) { return (Getter *)as_object(v); }

static void getter_destroy(Object *self) {
    Getter *g = (Getter *)self;
    release(g->what);
    release(g->args);
    release(g->kwargs);
    object_free(self);
}
static int getter_traverse(Object *self, Visit visit, void *context) {
    Getter *g = (Getter *)self;
    TRAVERSE(g->what);
    TRAVERSE(g->args);
    TRAVERSE(g->kwargs);
    return 0;
}

static Value getter_new(Type *type, Value what) {
    Value v = is_set(what) ? instance_new(type) : UNSET;
    if (is_unset(v)) return release(what), UNSET;
    as_getter(v)->what = what;
    return v;
}

static Value one_argument(const char *name, const Value *args, size_t count, Value kwnames) {
    if (!native_no_keywords(name, kwnames)) return UNSET;
    if (count != 1) return raise_type_error("%s expected 1 argument, got %zu", name, count);
    return args[0];
}

/* The result of `get` for every part: itself if there is one part, else a tuple. */
static Value get_all(Value parts, Value object, Value (*get)(Value object, Value part)) {
    size_t n = tuple_length(parts);
    if (n == 1) return get(object, tuple_at(parts, 0));
    Value result = tuple_new(n);
    for (size_t i = 0; is_set(result) && i < n; i++) {
        Value item = get(object, tuple_at(parts, i));
        if (is_unset(item)) return release(result), UNSET;
        as_tuple(result)->items[i] = item;
    }
    return result;
}

static Value getter_repr_of(Value self, const char *open) {
    StrBuilder b = STR_BUILDER;
    Value what = as_getter(self)->what;
    bool fine = true;
    builder_ascii(&b, open);
    for (size_t i = 0; fine && i < tuple_length(what); i++) {
        if (i) builder_ascii(&b, ", ");
        fine = builder_repr(&b, tuple_at(what, i));
    }
    builder_ascii(&b, ")");
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static Value itemgetter_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (!native_no_keywords("itemgetter", kwnames)) return UNSET;
    if (count == 0) return raise_type_error("itemgetter expected 1 argument, got 0");
    return getter_new(type, tuple_from_values(args, count));
}
static Value itemgetter_call(Value self, const Value *args, size_t count, Value kwnames) {
    Value object = one_argument("itemgetter", args, count, kwnames);
    return is_set(object) ? get_all(as_getter(self)->what, object, object_get_item) : UNSET;
}
static Value itemgetter_repr(Value self) { return getter_repr_of(self, "operator.itemgetter("); }

/* object.a.b.c for "a.b.c". */
static Value get_dotted(Value object, Value name) {
    const Str *text = as_str(name);
    if (str_is_interned(text) && units_find(text->data, str_width(text), 0, text->length, '.') < 0)
        return object_get_attribute(object, name);
    Value dot = str_from("."), result = retain(object);
    size_t start = 0, length = str_length(name);
    while (is_set(result) && start <= length) {
        int64_t at = str_find(name, dot, start, length);
        size_t stop = at < 0 ? length : (size_t)at;
        Value part = start == 0 && stop == length ? retain(name) : str_slice(name, start, stop);
        part = is_set(part) && str_is_exact(part) ? str_intern(part) : part;
        replace(&result, is_set(part) ? object_get_attribute(result, part) : UNSET);
        release(part);
        start = stop + 1;
    }
    release(dot);
    return result;
}

static Value attrgetter_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (!native_no_keywords("attrgetter", kwnames)) return UNSET;
    if (count == 0) return raise_type_error("attrgetter expected 1 argument, got 0");
    for (size_t i = 0; i < count; i++)
        if (!str_is(args[i])) return raise_type_error("attribute name must be a string");
    Value names_given = tuple_from_values(args, count);
    for (size_t i = 0; is_set(names_given) && i < count; i++)
        if (str_is_exact(args[i])) as_tuple(names_given)->items[i] = str_intern(as_tuple(names_given)->items[i]);
    return getter_new(type, names_given);
}
static Value attrgetter_call(Value self, const Value *args, size_t count, Value kwnames) {
    Value object = one_argument("attrgetter", args, count, kwnames);
    return is_set(object) ? get_all(as_getter(self)->what, object, get_dotted) : UNSET;
}
static Value attrgetter_repr(Value self) { return getter_repr_of(self, "operator.attrgetter("); }

static Value methodcaller_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count == 0) return raise_type_error("methodcaller needs at least one argument, the method name");
    if (!str_is(args[0])) return raise_type_error("method name must be a string");
    Value v = getter_new(type, str_is_exact(args[0]) ? str_intern(retain(args[0])) : retain(args[0]));
    if (is_unset(v)) return UNSET;
    Getter *g = as_getter(v);
    g->args = tuple_from_values(args + 1, count - 1);
    size_t named = is_set(kwnames) ? tuple_length(kwnames) : 0;
    bool fine = is_set(g->args);
    if (fine && named) fine = is_set(g->kwargs = dict_new());
    for (size_t i = 0; fine && i < named; i++) fine = dict_set(g->kwargs, tuple_at(kwnames, i), args[count + i]);
    if (fine) return v;
    release(v);
    return UNSET;
}
static Value methodcaller_call(Value self, const Value *args, size_t count, Value kwnames) {
    Value object = one_argument("methodcaller", args, count, kwnames);
    if (is_unset(object)) return UNSET;
    Getter *g = as_getter(self);
    if (is_unset(g->kwargs))
        return call_method(object, g->what, as_tuple(g->args)->items, tuple_length(g->args), UNSET);
    Value method = object_get_attribute(object, g->what);
    Value result = is_set(method) ? call_tuple_dict(method, g->args, g->kwargs) : UNSET;
    release(method);
    return result;
}
static Value methodcaller_repr(Value self) {
    Getter *g = as_getter(self);
    StrBuilder b = STR_BUILDER;
    builder_ascii(&b, "operator.methodcaller(");
    bool fine = builder_repr(&b, g->what);
    for (size_t i = 0; fine && i < tuple_length(g->args); i++) {
        builder_ascii(&b, ", ");
        fine = builder_repr(&b, tuple_at(g->args, i));
    }
    size_t position = 0;
    Value key, value;
    while (fine && is_set(g->kwargs) && dict_next(g->kwargs, &position, &key, &value)) {
        builder_ascii(&b, ", ");
        builder_str(&b, key);
        builder_ascii(&b, "=");
        fine = builder_repr(&b, value);
    }
    builder_ascii(&b, ")");
    if (fine) return builder_finish(&b);
    builder_discard(&b);
    return UNSET;
}

static Value getter_reduce(const Value *args, size_t count) {
    return tuple_pack(2, type_value(as_object(args[0])->type), as_getter(args[0])->what);
}
static const NativeDef getter_methods[] = {
    METHOD("__reduce__", "", getter_reduce, "Return state information for pickling"), NATIVE_END};

#define GETTER_TYPE(which, its_methods, text)                                                            \
    static Type which##_type = {                                                                         \
        TYPE_HEAD("operator." #which), .flags = TYPE_GC, .basic_size = sizeof(Getter),                   \
        .base = &object_type, .doc = text, .methods = its_methods, .destroy = getter_destroy,            \
        .traverse = getter_traverse, .make = which##_make, .call = which##_call, .repr = which##_repr,   \
    }
GETTER_TYPE(itemgetter, getter_methods, "Return a callable object that fetches the given item(s) from its operand.");
GETTER_TYPE(attrgetter, getter_methods,
            "Return a callable object that fetches the given attribute(s) from its operand.");
GETTER_TYPE(methodcaller, NULL, "Return a callable object that calls the given method on its operand.");

/* ---- the module ---- */

#define TWO(name, fn, doc) FUNCTION(name, "a, b, /", fn, doc)
#define ROWS(BINARY_ROW)                                                                                               \
    BINARY_ROW(add, "add", "a + b")                                                                                    \
    BINARY_ROW(sub, "sub", "a - b") BINARY_ROW(mul, "mul", "a * b") BINARY_ROW(matmul, "matmul", "a @ b")              \
        BINARY_ROW(truediv, "truediv", "a / b") BINARY_ROW(floordiv, "floordiv", "a // b")                             \
            BINARY_ROW(mod, "mod", "a % b") BINARY_ROW(pow, "pow", "a ** b") BINARY_ROW(lshift, "lshift", "a << b")    \
                BINARY_ROW(rshift, "rshift", "a >> b") BINARY_ROW(and, "and_", "a & b") BINARY_ROW(or, "or_", "a | b") \
                    BINARY_ROW(xor, "xor", "a ^ b")
#define PLAIN_ROW(which, name, doc)   TWO(name, op_##which, "Same as " doc "."),
#define INPLACE_ROW(which, name, doc) TWO("i" #which, op_i##which, "Same as the in-place form of " doc "."),

static const NativeDef functions[] = {
    TWO("lt", op_lt, "Same as a < b."), TWO("le", op_le, "Same as a <= b."), TWO("eq", op_eq, "Same as a == b."),
    TWO("ne", op_ne, "Same as a != b."), TWO("ge", op_ge, "Same as a >= b."), TWO("gt", op_gt, "Same as a > b."),
    ROWS(PLAIN_ROW)
    ROWS(INPLACE_ROW)
    TWO("is_", op_is, "Same as a is b."), TWO("is_not", op_is_not, "Same as a is not b."),
    TWO("concat", op_concat, "Same as a + b, for a and b sequences."),
    TWO("iconcat", op_iconcat, "Same as a += b, for a and b sequences."),
    TWO("contains", op_contains, "Same as b in a (note reversed operands)."),
    TWO("getitem", op_getitem, "Same as a[b]."), TWO("delitem", op_delitem, "Same as del a[b]."),
    FUNCTION("setitem", "a, b, c, /", op_setitem, "Same as a[b] = c."),
    TWO("countOf", op_count_of, "Return the number of items in a which are, or which equal, b."),
    TWO("indexOf", op_index_of, "Return the first index of b in a."),
    FUNCTION("neg", "a, /", op_neg, "Same as -a."), FUNCTION("pos", "a, /", op_pos, "Same as +a."),
    FUNCTION("inv", "a, /", op_invert, "Same as ~a."), FUNCTION("invert", "a, /", op_invert, "Same as ~a."),
    FUNCTION("abs", "a, /", op_abs, "Same as abs(a)."), FUNCTION("index", "a, /", op_index, "Same as a.__index__()"),
    FUNCTION("truth", "a, /", op_truth, "Return True if a is true, False otherwise."),
    FUNCTION("not_", "a, /", op_not, "Same as not a."),
    FUNCTION("length_hint", "obj, default=0, /", op_length_hint, "Return an estimate of the number of items in obj."),
    FUNCTION("call", "obj, /, *args, **kwargs", op_call, "Same as obj(*args, **kwargs)."),
    NATIVE_END,
};

/* `__add__` is `add`, `__and__` is `and_`: every function without a name of its own as a special method stands out. */
static bool has_special(const char *name) {
    static const char *const without[] = {"is_", "is_not", "truth", "countOf", "indexOf", "length_hint"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        if (strcmp(name, without[i]) == 0) return false;
    return true;
}

static bool add_special(Value dict, const char *name) {
    size_t n = strlen(name);
    if (name[n - 1] == '_') n--;
    Value special = str_format("__%s", name);
    Value cut = is_set(special) ? str_slice(special, 0, n + 2) : UNSET, tail = str_from("__");
    Value full = is_set(cut) && is_set(tail) ? str_concat(cut, tail) : UNSET;
    bool fine = is_set(full) && dict_set(dict, full, dict_get_utf8(dict, name));
    release(special);
    release(cut);
    release(tail);
    release(full);
    return fine;
}

/* __all__: every name that is no special one. */
static bool add_all(Value dict) {
    Value all = list_new(64), key, value;
    size_t position = 0;
    bool fine = is_set(all);
    while (fine && dict_next(dict, &position, &key, &value))
        if (str_at(as_str(key), 0) != '_') fine = list_append(all, key);
    fine = fine && list_sort(all, UNSET, false) && dict_set_utf8(dict, "__all__", all);
    release(all);
    return fine;
}

static bool fill(Value dict) {
    for (const NativeDef *f = functions; f->name; f++)
        if (has_special(f->name) && !add_special(dict, f->name)) return false;
    return dict_set_utf8(dict, "itemgetter", type_value(&itemgetter_type)) &&
           dict_set_utf8(dict, "attrgetter", type_value(&attrgetter_type)) &&
           dict_set_utf8(dict, "methodcaller", type_value(&methodcaller_type)) && add_all(dict);
}

static bool ready(void) {
    return type_ready(&itemgetter_type) && type_ready(&attrgetter_type) && type_ready(&methodcaller_type);
}

const ModuleDef mod_operator = {"operator", "Operators as functions.", functions, fill, ready};
