/* BaseException: making exceptions, their text and attributes. */
#include "runtime/types/exception.h"

#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/descriptors.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception_kinds.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <string.h>

Value exception_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value tuple = tuple_from_values(args, count);
    Exception *e = is_set(tuple) ? instance_allocate(type, type->basic_size) : NULL;
    if (!e) return release(tuple), UNSET;
    e->args = tuple;
    return from_object(e);
}

bool exception_set_args(Value self, const Value *args, size_t count) {
    Tuple *old = as_tuple(as_exception(self)->args);
    if (old->length == count && (!count || !memcmp(old->items, args, count * sizeof(Value)))) return true;
    Value tuple = tuple_from_values(args, count);
    if (is_unset(tuple)) return false;
    replace(&as_exception(self)->args, tuple);
    return true;
}

bool exception_init(Value self, const Value *args, size_t count, Value kwnames) {
    return native_no_keywords(type_of(self)->name, kwnames) && exception_set_args(self, args, count);
}

Value exception_new(Type *type, const Value *args, size_t count) {
    if (!type->make) return raise_type_error("cannot create '%N' instances", type);
    Value e = type->make(type, args, count, UNSET);
    if (is_unset(e) || !exception_is(e)) return e;
    Type *made = type_of(e);
    if (made->init == exception_init || made->init(e, args, count, UNSET)) return e;
    release(e);
    return UNSET;
}

/* Text
 * ------------------------------------------------------------------------------------------------------------------ */

Value exception_str(Value self) {
    Value args = as_exception(self)->args;
    switch (tuple_length(args)) {
    case 0: return retain(names.empty);
    case 1: return object_str(tuple_at(args, 0));
    default: return object_str(args);
    }
}

static Value exception_repr(Value self) {
    Value args = as_exception(self)->args, name = type_name_value(type_of(self)), result;
    if (is_unset(name)) return UNSET;
    if (tuple_length(args) == 1) result = str_format("%U(%R)", name, tuple_at(args, 0));
    else result = str_format("%U%R", name, args);
    release(name);
    return result;
}

/* Attributes
 * -------------------------------------------------------------------------------------------------------------- */

static Value or_none(Value v) { return is_unset(v) ? NONE : retain(v); }

Value exception_get_extra(Value self, size_t index) { return or_none(as_exception(self)->extra[index]); }

bool exception_set_extra(Value self, size_t index, Value value) {
    replace(&as_exception(self)->extra[index], retain(value));
    return true;
}

static Value get_args(Value self) { return retain(as_exception(self)->args); }

static bool set_args(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("args may not be deleted"), false;
    Value tuple = tuple_from_iterable(value);
    if (is_unset(tuple)) return false;
    replace(&as_exception(self)->args, tuple);
    return true;
}

static Value get_traceback(Value self) { return or_none(as_exception(self)->traceback); }

static bool set_traceback(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("__traceback__ may not be deleted"), false;
    if (!is_none(value) && strcmp(type_of(value)->name, "traceback") != 0)
        return raise_type_error("__traceback__ must be a traceback or None"), false;
    replace(&as_exception(self)->traceback, is_none(value) ? UNSET : retain(value));
    return true;
}

static bool check_link(Value value, const char *deleted, const char *what) {
    if (is_unset(value)) return raise_type_error("%s may not be deleted", deleted), false;
    if (is_none(value) || exception_is(value)) return true;
    return raise_type_error("exception %s must be None or derive from BaseException", what), false;
}

static Value get_cause(Value self) { return or_none(as_exception(self)->cause); }

static bool set_cause(Value self, Value value) {
    if (!check_link(value, "__cause__", "cause")) return false;
    as_exception(self)->suppress_context = true;
    replace(&as_exception(self)->cause, is_none(value) ? UNSET : retain(value));
    return true;
}

static Value get_context(Value self) { return or_none(as_exception(self)->context); }

static bool set_context(Value self, Value value) {
    if (!check_link(value, "__context__", "context")) return false;
    replace(&as_exception(self)->context, is_none(value) ? UNSET : retain(value));
    return true;
}

static Value get_suppress(Value self) { return from_bool(as_exception(self)->suppress_context); }

static bool set_suppress(Value self, Value value) {
    if (is_unset(value)) return raise_type_error("can't delete numeric/char attribute"), false;
    if (!is_bool(value)) return raise_type_error("attribute value type must be bool"), false;
    as_exception(self)->suppress_context = same(value, TRUE_VALUE);
    return true;
}

static Value get_notes(Value self) {
    Value notes = as_exception(self)->notes;
    return is_set(notes) ? retain(notes) : raise_attribute_error(self, names.__notes__);
}

static bool set_notes(Value self, Value value) {
    if (is_unset(value) && is_unset(as_exception(self)->notes))
        return raise_attribute_error(self, names.__notes__), false;
    replace(&as_exception(self)->notes, retain(value));
    return true;
}

const MemberDef base_exception_members[] = {
    {"__dict__", instance_get_dict, instance_set_dict, NULL},
    {"args", get_args, set_args, NULL},
    {"__traceback__", get_traceback, set_traceback, NULL},
    {"__context__", get_context, set_context, "exception context"},
    {"__cause__", get_cause, set_cause, "exception cause"},
    {"__suppress_context__", get_suppress, set_suppress, NULL},
    {"__notes__", get_notes, set_notes, NULL},
    {0},
};

/* Methods
 * ---------------------------------------------------------------------------------------------------------------- */

Value exception_reduce_with(Value self, Value args) {
    Value dict = attrs_dict(as_object(self)), result;
    if (is_unset(dict)) return UNSET;
    Value class = type_value(type_of(self));
    result = dict_length(dict) ? tuple_pack(3, class, args, dict) : tuple_pack(2, class, args);
    release(dict);
    return result;
}

static Value method_reduce(const Value *args, size_t count) {
    return exception_reduce_with(args[0], as_exception(args[0])->args);
}

static Value method_setstate(const Value *args, size_t count) {
    if (is_none(args[1])) return NONE;
    if (!dict_is(args[1])) return raise_type_error("state is not a dictionary");
    Value key, value;
    for (size_t position = 0; dict_next(args[1], &position, &key, &value);)
        if (!object_set_attribute(args[0], key, value)) return UNSET;
    return NONE;
}

static Value method_with_traceback(const Value *args, size_t count) {
    return set_traceback(args[0], args[1]) ? retain(args[0]) : UNSET;
}

static Value method_add_note(const Value *args, size_t count) {
    Exception *e = as_exception(args[0]);
    if (!str_is(args[1])) return raise_type_error("note must be a str, not '%T'", args[1]);
    if (is_unset(e->notes)) e->notes = list_new(1);
    if (is_unset(e->notes)) return UNSET;
    if (!list_is(e->notes)) return raise_type_error("Cannot add note: __notes__ is not a list");
    return list_append(e->notes, args[1]) ? NONE : UNSET;
}

const NativeDef base_exception_methods[] = {
    METHOD("__reduce__", "", method_reduce, NULL),
    METHOD("__setstate__", "state, /", method_setstate, NULL),
    METHOD("with_traceback", "tb, /", method_with_traceback,
           "Exception.with_traceback(tb) --\nset self.__traceback__ to tb and return self."),
    METHOD("add_note", "note, /", method_add_note, "Exception.add_note(note) --\nadd a note to the exception"),
    NATIVE_END,
};

/* Life
 * -------------------------------------------------------------------------------------------------------------------
 */

static int exception_traverse(Object *o, Visit visit, void *context) {
    Exception *e = (Exception *)o;
    Value fields[] = {e->args, e->cause, e->context, e->traceback, e->notes};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (is_object(fields[i])) {
            int stopped = visit(fields[i], context);
            if (stopped) return stopped;
        }
    for (size_t i = 0; i < EXTRA_COUNT; i++)
        if (is_object(e->extra[i])) {
            int stopped = visit(e->extra[i], context);
            if (stopped) return stopped;
        }
    return o->type->flags & TYPE_HEAP ? 0 : attrs_traverse(o, visit, context);
}

static void exception_clear(Object *o) {
    Exception *e = (Exception *)o;
    replace(&e->args, retain(empty_tuple));
    clear(&e->cause);
    clear(&e->context);
    clear(&e->traceback);
    clear(&e->notes);
    for (size_t i = 0; i < EXTRA_COUNT; i++) clear(&e->extra[i]);
    attrs_clear(o);
}

static void exception_destroy(Object *o) {
    exception_clear(o);
    object_free(o);
}

#define EXCEPTION(type_name, base_name, doc_)                                                                    \
    Type type_name##_type = {                                                                                    \
        TYPE_HEAD(#type_name), .flags = TYPE_BASE | TYPE_GC | TYPE_EXCEPTION_SUB, .base = &base_name##_type,      \
        .basic_size = sizeof(Exception) + sizeof(Attrs), .attrs_offset = sizeof(Exception), .doc = doc_,         \
        .destroy = exception_destroy, .traverse = exception_traverse, .clear = exception_clear,                  \
    };
#include "runtime/types/exceptions.def"
#undef EXCEPTION

static void apply(const ExceptionKind *kind) {
    Type *t = kind->type;
    if (kind->init) t->init = kind->init;
    if (kind->str) t->str = kind->str;
    if (kind->make) t->make = kind->make;
    if (kind->members) t->members = kind->members;
    if (kind->methods) t->methods = kind->methods;
}

static void prepare_base(void) {
    Type *t = &BaseException_type;
    t->make = exception_make;
    t->init = exception_init;
    t->str = exception_str;
    t->repr = exception_repr;
    t->members = base_exception_members;
    t->methods = base_exception_methods;
}

/* ExceptionGroup has two bases; static types are made ready with one. */
static bool add_exception_base(void) {
    Type *t = &ExceptionGroup_type;
    Value bases = tuple_pack(2, type_value(&BaseExceptionGroup_type), type_value(&Exception_type));
    if (is_unset(bases)) return false;
    Value mro = mro_compute(t, bases);
    if (is_unset(mro)) return release(bases), false;
    replace(&t->bases, bases);
    replace(&t->mro, mro);
    type_modified(t);
    return is_set(Exception_type.subclasses) && list_append(Exception_type.subclasses, type_value(t));
}

bool exceptions_start(void) {
    prepare_base();
    for (const ExceptionKind *k = simple_kinds; k->type; k++) apply(k);
    for (const ExceptionKind *k = unicode_kinds; k->type; k++) apply(k);
    apply(&os_kind);
    apply(&group_kind);
#define EXCEPTION(type_name, base_name, doc_) \
    if (!type_ready(&type_name##_type)) return false;
#include "runtime/types/exceptions.def"
#undef EXCEPTION
    return add_exception_base();
}
