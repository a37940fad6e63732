/* Functions made by scripts: their attributes, and being called from C. */
#include "vm/exec/function.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"
#include "vm/exec/call.h"
#include "vm/exec/exec.h"

static bool is_simple(const Code *code) {
    return code->kwonlycount == 0 &&
           !(code->flags & (CODE_VARARGS | CODE_VARKEYWORDS | CODE_GENERATOR | CODE_COROUTINE | CODE_ASYNC_GENERATOR));
}

void function_set_code(Function *f, Code *code) {
    Value old = f->code ? from_object(f->code) : UNSET;
    f->code = as_code(retain(from_object(code)));
    f->direct = is_simple(code) ? code->argcount : FUNCTION_BINDS;
    release(old);
}

Value function_new(Code *code, Value globals, Value builtins) {
    Function *f = object_allocate(&function_type, sizeof *f);
    if (!f) return UNSET;
    function_set_code(f, code);
    f->globals = retain(globals);
    f->builtins = retain(builtins);
    f->name = retain(code->name);
    f->qualname = retain(code->qualname);
    f->doc = is_set(code->docstring) ? retain(code->docstring) : NONE;
    Value module = dict_get_str(globals, names.__name__);
    f->module = is_set(module) ? retain(module) : NONE;
    return from_object(f);
}

static void function_destroy(Object *self) {
    Function *f = (Function *)self;
    attrs_clear(self);
    release(f->globals);
    release(f->builtins);
    release(f->closure);
    release(f->defaults);
    release(f->keyword_defaults);
    release(f->name);
    release(f->qualname);
    release(f->annotations);
    release(f->doc);
    release(f->module);
    if (f->code) release(from_object(f->code));
    object_free(self);
}

static int function_traverse(Object *self, Visit visit, void *context) {
    Function *f = (Function *)self;
    TRAVERSE(f->globals);
    TRAVERSE(f->builtins);
    TRAVERSE(f->closure);
    TRAVERSE(f->defaults);
    TRAVERSE(f->keyword_defaults);
    TRAVERSE(f->annotations);
    TRAVERSE(f->doc);
    TRAVERSE(f->module);
    TRAVERSE(f->name);
    TRAVERSE(f->qualname);
    if (f->code) TRAVERSE(from_object(f->code));
    return attrs_traverse(self, visit, context);
}

/* What refers back is in the closure, the defaults and the attributes; the rest stays, so that a call still works. */
static void function_clear(Object *self) {
    Function *f = (Function *)self;
    attrs_clear(self);
    clear(&f->defaults);
    clear(&f->keyword_defaults);
    clear(&f->annotations);
    f->direct = FUNCTION_BINDS;
}

static Value function_repr(Value self) {
    return str_format("<function %U at 0x%llx>", as_function(self)->qualname, (unsigned long long)self.bits);
}

static Value function_bind_method(Value self, Value instance, Value owner) {
    (void)owner;
    if (is_unset(instance) || (is_none(instance) && is_set(owner) && !same(owner, type_value(type_of(NONE)))))
        return retain(self);
    return method_new(self, instance);
}

static Value or_none(Value v) { return is_set(v) ? retain(v) : NONE; }

static Value get_name(Value self) { return retain(as_function(self)->name); }
static Value get_qualname(Value self) { return retain(as_function(self)->qualname); }
static Value get_doc(Value self) { return or_none(as_function(self)->doc); }
static Value get_module(Value self) { return or_none(as_function(self)->module); }
static Value get_globals(Value self) { return retain(as_function(self)->globals); }
static Value get_builtins(Value self) { return retain(as_function(self)->builtins); }
static Value get_closure(Value self) { return or_none(as_function(self)->closure); }
static Value get_defaults(Value self) { return or_none(as_function(self)->defaults); }
static Value get_kwdefaults(Value self) { return or_none(as_function(self)->keyword_defaults); }
static Value get_code(Value self) { return retain(from_object(as_function(self)->code)); }
static Value get_dict(Value self) { return attrs_dict(as_object(self)); }

static bool set_str(Value *slot, Value value, const char *what) {
    if (is_unset(value) || !str_is(value)) return raise_type_error("%s must be set to a string object", what), false;
    replace(slot, retain(value));
    return true;
}
static bool set_name(Value self, Value value) { return set_str(&as_function(self)->name, value, "__name__"); }
static bool set_qualname(Value self, Value value) {
    return set_str(&as_function(self)->qualname, value, "__qualname__");
}
static bool set_doc(Value self, Value value) {
    replace(&as_function(self)->doc, retain(value));
    return true;
}
static bool set_module(Value self, Value value) {
    replace(&as_function(self)->module, retain(value));
    return true;
}

static bool set_defaults(Value self, Value value) {
    if (is_set(value) && !is_none(value) && !tuple_is(value))
        return raise_type_error("__defaults__ must be set to a tuple object"), false;
    replace(&as_function(self)->defaults, is_none(value) ? UNSET : retain(value));
    return true;
}

static bool set_kwdefaults(Value self, Value value) {
    if (is_set(value) && !is_none(value) && !dict_is(value))
        return raise_type_error("__kwdefaults__ must be set to a dict object"), false;
    replace(&as_function(self)->keyword_defaults, is_none(value) ? UNSET : retain(value));
    return true;
}

static bool set_code(Value self, Value value) {
    if (!is_exactly(value, &code_type)) return raise_type_error("__code__ must be set to a code object"), false;
    Function *f = as_function(self);
    size_t have = is_set(f->closure) ? tuple_length(f->closure) : 0;
    if (have != as_code(value)->freecount) {
        raise_value_error("%U() requires a code object with %zu free vars, not %zu", f->name, have,
                          (size_t)as_code(value)->freecount);
        return false;
    }
    function_set_code(f, as_code(value));
    return true;
}

static bool set_dict(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("cannot delete __dict__"), false;
    if (!dict_is(value))
        return raise_type_error("__dict__ must be set to a dictionary, not a '%T'", value), false;
    return attrs_set_dict(as_object(self), value);
}

/* The compiler leaves annotations as a flat tuple; the dict is made when somebody looks. */
static Value annotations_dict(Value flat) {
    Value dict = dict_new();
    if (is_unset(dict) || is_unset(flat)) return dict;
    for (size_t i = 0; i + 1 < tuple_length(flat); i += 2)
        if (!dict_set(dict, tuple_at(flat, i), tuple_at(flat, i + 1))) {
            release(dict);
            return UNSET;
        }
    return dict;
}

static Value get_annotations(Value self) {
    Function *f = as_function(self);
    if (is_unset(f->annotations) || tuple_is(f->annotations)) {
        Value dict = annotations_dict(f->annotations);
        if (is_unset(dict)) return UNSET;
        replace(&f->annotations, dict);
    }
    return retain(f->annotations);
}

static bool set_annotations(Value self, Value value) {
    if (is_set(value) && !is_none(value) && !dict_is(value))
        return raise_type_error("__annotations__ must be set to a dict object"), false;
    replace(&as_function(self)->annotations, is_none(value) ? UNSET : retain(value));
    return true;
}

static bool closure_fits(Code *code, Value closure) {
    size_t have = tuple_is(closure) ? tuple_length(closure) : 0;
    if (!is_none(closure) && !tuple_is(closure)) return raise_type_error("arg 5 (closure) must be tuple"), false;
    if (is_none(closure) && code->freecount) return raise_type_error("arg 5 (closure) must be tuple"), false;
    if (have != code->freecount) {
        raise_value_error("%U requires closure of length %zu, not %zu", code->name, (size_t)code->freecount, have);
        return false;
    }
    for (size_t i = 0; i < have; i++)
        if (!is_exactly(tuple_at(closure, i), &cell_type))
            return raise_type_error("arg 5 (closure) expected cell, found %T", tuple_at(closure, i)), false;
    return true;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    (void)type;
    Value in[5];
    if (!native_bind("function", "code, globals, name=None, argdefs=None, closure=None", args, count, kwnames, in))
        return UNSET;
    for (int i = 2; i < 5; i++)
        if (is_unset(in[i])) in[i] = NONE;
    if (!is_exactly(in[0], &code_type))
        return raise_type_error("function() argument 'code' must be code, not %T", in[0]);
    if (!dict_is(in[1])) return raise_type_error("function() argument 'globals' must be dict, not %T", in[1]);
    if (!is_none(in[2]) && !str_is(in[2])) return raise_type_error("arg 3 (name) must be None or string");
    if (!is_none(in[3]) && !tuple_is(in[3])) return raise_type_error("arg 4 (defaults) must be None or tuple");
    if (!closure_fits(as_code(in[0]), in[4])) return UNSET;
    Value builtins = builtins_of(in[1]);
    Value made = function_new(as_code(in[0]), in[1], builtins);
    if (is_unset(made)) return UNSET;
    if (!is_none(in[2])) replace(&as_function(made)->name, retain(in[2]));
    if (!is_none(in[3])) as_function(made)->defaults = retain(in[3]);
    if (!is_none(in[4])) as_function(made)->closure = retain(in[4]);
    return made;
}

static const MemberDef function_members[] = {
    {"__name__", get_name, set_name, NULL},
    {"__qualname__", get_qualname, set_qualname, NULL},
    {"__doc__", get_doc, set_doc, NULL},
    {"__module__", get_module, set_module, NULL},
    MEMBER("__globals__", get_globals, NULL),
    MEMBER("__builtins__", get_builtins, NULL),
    MEMBER("__closure__", get_closure, NULL),
    {"__defaults__", get_defaults, set_defaults, NULL},
    {"__kwdefaults__", get_kwdefaults, set_kwdefaults, NULL},
    {"__annotations__", get_annotations, set_annotations, NULL},
    {"__code__", get_code, set_code, NULL},
    {"__dict__", get_dict, set_dict, NULL},
    {0},
};

Type function_type = {
    TYPE_HEAD("function"),
    .flags = TYPE_GC | TYPE_METHOD_DESCRIPTOR | TYPE_WEAK,
    .basic_size = sizeof(Function),
    .attrs_offset = offsetof(Function, attrs),
    .base = &object_type,
    .members = function_members,
    .destroy = function_destroy,
    .traverse = function_traverse,
    .clear = function_clear,
    .make = make,
    .call = function_call,
    .repr = function_repr,
    .descriptor_get = function_bind_method,
};
