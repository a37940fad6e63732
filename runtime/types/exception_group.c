/* Exception groups: several exceptions at once, and splitting them by type. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception_kinds.h"
#include "runtime/types/list.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

static bool is_group(Value v) { return type_is_subtype(type_of(v), &BaseExceptionGroup_type); }
static Value message_of(Value group) { return as_exception(group)->extra[EXTRA_GROUP_MESSAGE]; }
static Value members_of(Value group) { return as_exception(group)->extra[EXTRA_GROUP_EXCEPTIONS]; }

/* Making
 * ----------------------------------------------------------------------------------------------------------------- */

static bool is_sequence(Value v) {
    return type_of(v)->get_item && type_of(v)->length && !(type_of(v)->flags & TYPE_DICT_SUB);
}

static Value check_members(Value sequence, bool *base_inside) {
    if (!is_sequence(sequence)) return raise_type_error("second argument (exceptions) must be a sequence");
    Value members = tuple_from_iterable(sequence);
    if (is_unset(members)) return UNSET;
    *base_inside = false;
    if (!tuple_length(members)) raise_value_error("second argument (exceptions) must be a non-empty sequence");
    for (size_t i = 0; i < tuple_length(members) && !error_pending(); i++) {
        Value member = tuple_at(members, i);
        if (!exception_is(member)) raise_value_error("Item %zu of second argument (exceptions) is not an exception", i);
        else if (!type_is_subtype(type_of(member), &Exception_type)) *base_inside = true;
    }
    if (!error_pending()) return members;
    release(members);
    return UNSET;
}

/* The class that fits what is inside; NULL: TypeError pending. */
static Type *choose(Type *type, bool base_inside) {
    if (type == &BaseExceptionGroup_type) return base_inside ? type : &ExceptionGroup_type;
    if (!base_inside || !type_is_subtype(type, &Exception_type)) return type;
    if (type == &ExceptionGroup_type) raise_type_error("Cannot nest BaseExceptions in an ExceptionGroup");
    else raise_type_error("Cannot nest BaseExceptions in '%N'", type);
    return NULL;
}

static Value group_make(Type *type, const Value *args, size_t count, Value kwnames) {
    if (count != 2)
        return raise_type_error("BaseExceptionGroup.__new__() takes exactly 2 arguments (%zu given)", count);
    if (!str_is(args[0]))
        return raise_type_error("BaseExceptionGroup.__new__() argument 1 must be str, not %T", args[0]);
    bool base_inside = false;
    Value members = check_members(args[1], &base_inside);
    if (is_unset(members)) return UNSET;
    Type *chosen = choose(type, base_inside);
    Value self = chosen ? exception_make(chosen, args, count, UNSET) : UNSET;
    if (is_unset(self)) return release(members), UNSET;
    as_exception(self)->extra[EXTRA_GROUP_MESSAGE] = retain(args[0]);
    as_exception(self)->extra[EXTRA_GROUP_EXCEPTIONS] = members;
    return self;
}

static bool group_init(Value self, const Value *args, size_t count, Value kwnames) {
    return exception_init(self, args, count, kwnames);
}

static Value group_str(Value self) {
    size_t n = tuple_length(members_of(self));
    return str_format("%U (%zu sub-exception%s)", message_of(self), n, n == 1 ? "" : "s");
}

/* Splitting
 * --------------------------------------------------------------------------------------------------------------- */

typedef struct Matcher {
    Value condition;
    bool by_call; /* the condition is a function, not classes */
} Matcher;

static int matches(const Matcher *m, Value exception) {
    if (!m->by_call) return exception_matches(exception, m->condition);
    Value answer = call1(m->condition, exception);
    if (is_unset(answer)) return -1;
    int truth = object_truth(answer);
    release(answer);
    return truth;
}

static bool matcher_init(Matcher *m, Value condition) {
    *m = (Matcher){condition, false};
    if (exception_is_class(condition)) return true;
    if (tuple_is(condition)) {
        bool all = true;
        for (size_t i = 0; i < tuple_length(condition); i++) all = all && exception_is_class(tuple_at(condition, i));
        if (all) return true;
    } else if (is_callable(condition) && !type_is(condition)) {
        return m->by_call = true;
    }
    return raise_type_error("expected a function, exception type or tuple of exception types"), false;
}

/* A group of the same kind with other members; None when there are none. */
static Value derive(Value group, Value members) {
    if (!as_list(members)->length) return NONE;
    Value key = str_intern_cstr("derive");
    Value made = is_set(key) ? call_method1(group, key, members) : UNSET;
    release(key);
    if (is_unset(made)) return UNSET;
    if (!is_group(made)) {
        raise_type_error("derive must return an instance of BaseExceptionGroup");
        release(made);
        return UNSET;
    }
    Exception *to = as_exception(made), *from = as_exception(group);
    replace(&to->traceback, retain(from->traceback));
    replace(&to->context, retain(from->context));
    replace(&to->cause, retain(from->cause));
    to->suppress_context = from->suppress_context;
    if (is_set(from->notes) && list_is(from->notes)) replace(&to->notes, list_from_iterable(from->notes));
    return made;
}

static bool split(Value exception, const Matcher *m, Value *match, Value *rest);

static bool keep(Value list, Value exception) { /* steals exception */
    if (is_none(exception)) return true;
    return list_append_steal(list, exception);
}

static bool split_members(Value group, const Matcher *m, Value matched, Value others) {
    Value members = members_of(group);
    for (size_t i = 0; i < tuple_length(members); i++) {
        Value match, rest;
        if (!split(tuple_at(members, i), m, &match, &rest)) return false;
        bool ok = keep(matched, match);
        if (!keep(others, rest) || !ok) return false;
    }
    return true;
}

static bool split_group(Value group, const Matcher *m, Value *match, Value *rest) {
    Value matched = list_new(0), others = list_new(0);
    *match = *rest = UNSET;
    bool ok = is_set(matched) && is_set(others) && recursion_enter(" in exceptiongroup_split_recursive");
    if (ok) {
        ok = split_members(group, m, matched, others);
        recursion_leave();
    }
    if (ok) *match = derive(group, matched);
    if (ok && is_set(*match)) *rest = derive(group, others);
    release(matched);
    release(others);
    if (is_set(*rest)) return true;
    release(*match);
    return false;
}

/* *match and *rest are owned, or None. */
static bool split(Value exception, const Matcher *m, Value *match, Value *rest) {
    int whole = matches(m, exception);
    if (whole < 0) return false;
    if (!whole && is_group(exception)) return split_group(exception, m, match, rest);
    *match = whole ? retain(exception) : NONE;
    *rest = whole ? NONE : retain(exception);
    return true;
}

static Value method_split(const Value *args, size_t count) {
    Matcher m;
    Value match, rest;
    if (!matcher_init(&m, args[1]) || !split(args[0], &m, &match, &rest)) return UNSET;
    Value result = tuple_pack(2, match, rest);
    release(match);
    release(rest);
    return result;
}

static Value method_subgroup(const Value *args, size_t count) {
    Matcher m;
    Value match, rest;
    if (!matcher_init(&m, args[1]) || !split(args[0], &m, &match, &rest)) return UNSET;
    release(rest);
    return match;
}

static Value method_derive(const Value *args, size_t count) {
    return call2(type_value(&BaseExceptionGroup_type), message_of(args[0]), args[1]);
}

static Value method_class_getitem(const Value *args, size_t count) { return generic_alias_new(args[0], args[1]); }

static const NativeDef group_methods[] = {
    METHOD("derive", "excs, /", method_derive, NULL),
    METHOD("split", "condition, /", method_split, NULL),
    METHOD("subgroup", "condition, /", method_subgroup, NULL),
    CLASS_METHOD("__class_getitem__", "item, /", method_class_getitem, "See PEP 585"),
    NATIVE_END,
};

static Value get_message(Value self) { return retain(message_of(self)); }
static Value get_members(Value self) { return retain(members_of(self)); }
static const MemberDef group_members[] = {
    {"message", get_message, NULL, "exception message"},
    {"exceptions", get_members, NULL, "nested exceptions"},
    {0},
};

const ExceptionKind group_kind = {
    &BaseExceptionGroup_type, group_init, group_str, group_make, group_members, group_methods};

/* except*
 * ------------------------------------------------------------------------------------------------------------------ */

static bool check_star_class(Value class) {
    if (!exception_is_class(class))
        return raise_type_error("catching classes that do not inherit from BaseException is not allowed"), false;
    if (!type_is_subtype(as_type(class), &BaseExceptionGroup_type)) return true;
    return raise_type_error("catching ExceptionGroup with except* is not allowed. Use except instead."), false;
}

static bool check_star_classes(Value classes) {
    if (!tuple_is(classes)) return check_star_class(classes);
    for (size_t i = 0; i < tuple_length(classes); i++)
        if (!check_star_class(tuple_at(classes, i))) return false;
    return true;
}

/* A lone exception caught by except* arrives as a group of one. */
static Value wrap(Value exception) {
    Value members = tuple_pack(1, exception);
    if (is_unset(members)) return UNSET;
    Value group = call2(type_value(&BaseExceptionGroup_type), names.empty, members);
    release(members);
    if (is_set(group)) replace(&as_exception(group)->traceback, retain(as_exception(exception)->traceback));
    return group;
}

bool exception_group_split(Value exception, Value classes, Value *match, Value *rest) {
    *match = *rest = UNSET;
    if (!check_star_classes(classes)) return false;
    Matcher m = {classes, false};
    if (is_group(exception)) return split(exception, &m, match, rest);
    int whole = exception_matches(exception, classes);
    if (whole < 0) return false;
    *match = whole ? wrap(exception) : NONE;
    *rest = whole ? NONE : retain(exception);
    return is_set(*match);
}
