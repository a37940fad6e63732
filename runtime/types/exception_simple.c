/* Exceptions with a field or two of their own: StopIteration, SystemExit, KeyError, ImportError, NameError,
 * SyntaxError. */
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception_kinds.h"
#include "runtime/types/int.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#define ARGUMENTS Value self, const Value *args, size_t count, Value kwnames

/* Keyword arguments among `allowed`, each into its field of extra. */
static bool take_keywords(Value self, const Value *values, Value kwnames, const Value *const *allowed,
                          const size_t *fields, const char *what) {
    for (size_t i = 0; is_set(kwnames) && i < tuple_length(kwnames); i++) {
        size_t k = 0;
        while (allowed[k] && !str_equal(*allowed[k], tuple_at(kwnames, i))) k++;
        if (!allowed[k])
            return raise_type_error("'%U' is an invalid keyword argument for %s", tuple_at(kwnames, i), what), false;
        exception_set_extra(self, fields[k], values[i]);
    }
    return true;
}

/* StopIteration, SystemExit
 * ---------------------------------------------------------------------------------------------- */

static bool stop_init(ARGUMENTS) {
    return exception_init(self, args, count, kwnames) &&
           exception_set_extra(self, EXTRA_VALUE, count ? args[0] : UNSET);
}

static bool exit_init(ARGUMENTS) {
    if (!exception_init(self, args, count, kwnames)) return false;
    return exception_set_extra(self, EXTRA_VALUE, count == 0 ? UNSET : count == 1 ? args[0] : as_exception(self)->args);
}

EXTRA_MEMBER(value, EXTRA_VALUE)
static const MemberDef stop_members[] = {{"value", get_value, set_value, "generator return value"}, {0}};
static const MemberDef exit_members[] = {{"code", get_value, set_value, "exception code"}, {0}};

/* KeyError: a message that is a key shows as its repr. */
static Value key_str(Value self) {
    Value args = as_exception(self)->args;
    return tuple_length(args) == 1 ? object_repr(tuple_at(args, 0)) : exception_str(self);
}

/* NameError, AttributeError
 * ------------------------------------------------------------------------------------------------ */

static bool name_init(ARGUMENTS) {
    static const Value *const allowed[] = {&names.name, NULL};
    static const size_t fields[] = {EXTRA_NAME};
    exception_set_extra(self, EXTRA_NAME, UNSET);
    return exception_set_args(self, args, count) &&
           take_keywords(self, args + count, kwnames, allowed, fields, "NameError()");
}

static bool attribute_init(ARGUMENTS) {
    static const Value *const allowed[] = {&names.name, &names.obj, NULL};
    static const size_t fields[] = {EXTRA_NAME, EXTRA_OBJECT};
    exception_set_extra(self, EXTRA_NAME, UNSET);
    exception_set_extra(self, EXTRA_OBJECT, UNSET);
    return exception_set_args(self, args, count) &&
           take_keywords(self, args + count, kwnames, allowed, fields, "AttributeError()");
}

EXTRA_MEMBER(name, EXTRA_NAME)
EXTRA_MEMBER(object, EXTRA_OBJECT)
static const MemberDef name_members[] = {{"name", get_name, set_name, "name"}, {0}};
static const MemberDef attribute_members[] = {
    {"name", get_name, set_name, "attribute name"}, {"obj", get_object, set_object, "object"}, {0}};

/* ImportError
 * -------------------------------------------------------------------------------------------------------------- */

static bool import_init(ARGUMENTS) {
    static const Value *const allowed[] = {&names.name, &names.path, NULL};
    static const size_t fields[] = {EXTRA_IMPORT_NAME, EXTRA_IMPORT_PATH};
    for (size_t i = 0; i <= EXTRA_IMPORT_PATH; i++) exception_set_extra(self, i, UNSET);
    if (!exception_set_args(self, args, count)) return false;
    if (count == 1) exception_set_extra(self, EXTRA_IMPORT_MSG, args[0]);
    return take_keywords(self, args + count, kwnames, allowed, fields, "ImportError()");
}

static Value import_str(Value self) {
    Value msg = as_exception(self)->extra[EXTRA_IMPORT_MSG];
    return is_set(msg) && str_is_exact(msg) ? retain(msg) : exception_str(self);
}

EXTRA_MEMBER(import_msg, EXTRA_IMPORT_MSG)
EXTRA_MEMBER(import_name, EXTRA_IMPORT_NAME)
EXTRA_MEMBER(import_path, EXTRA_IMPORT_PATH)
static const MemberDef import_members[] = {
    {"msg", get_import_msg, set_import_msg, "exception message"},
    {"name", get_import_name, set_import_name, "module name"},
    {"path", get_import_path, set_import_path, "module path"},
    {0},
};

static Value import_reduce(const Value *args, size_t count) {
    Exception *e = as_exception(args[0]);
    Value state = attrs_dict(as_object(args[0]));
    if (is_unset(state)) return UNSET;
    Value copy = dict_copy(state), result = UNSET;
    release(state);
    bool ok = is_set(copy);
    if (ok && is_set(e->extra[EXTRA_IMPORT_NAME])) ok = dict_set(copy, names.name, e->extra[EXTRA_IMPORT_NAME]);
    if (ok && is_set(e->extra[EXTRA_IMPORT_PATH])) ok = dict_set(copy, names.path, e->extra[EXTRA_IMPORT_PATH]);
    Value class = type_value(type_of(args[0]));
    if (ok) result = dict_length(copy) ? tuple_pack(3, class, e->args, copy) : tuple_pack(2, class, e->args);
    release(copy);
    return result;
}
static const NativeDef import_methods[] = {METHOD("__reduce__", "", import_reduce, NULL), NATIVE_END};

/* SyntaxError
 * -------------------------------------------------------------------------------------------------------------- */

static bool take_location(Value self, Value location) {
    Value info = tuple_from_iterable(location);
    if (is_unset(info)) return false;
    size_t n = tuple_length(info);
    bool ok = n == 4 || n == 6;
    if (n == 5) raise_type_error("end_offset must be provided when end_lineno is provided");
    else if (!ok)
        raise_type_error("function takes at %s %d arguments (%zu given)", n < 4 ? "least" : "most", n < 4 ? 4 : 6, n);
    for (size_t i = 0; ok && i < 4; i++) exception_set_extra(self, EXTRA_SYNTAX_FILE + i, tuple_at(info, i));
    if (ok && n == 6) {
        Value end = tuple_pack(2, tuple_at(info, 4), tuple_at(info, 5));
        ok = is_set(end);
        replace(&as_exception(self)->extra[EXTRA_SYNTAX_END], end);
    }
    release(info);
    return ok;
}

static bool syntax_init(ARGUMENTS) {
    if (!exception_init(self, args, count, kwnames)) return false;
    if (count) exception_set_extra(self, EXTRA_SYNTAX_MSG, args[0]);
    return count != 2 || take_location(self, args[1]);
}

/* The last part of a path. */
static Value base_name(Value path) {
    size_t start = 0, n = str_length(path);
    for (size_t i = 0; i < n; i++)
        if (str_at(as_str(path), i) == '/') start = i + 1;
    return str_slice(path, start, n);
}

static Value syntax_str(Value self) {
    Exception *e = as_exception(self);
    Value msg = is_set(e->extra[EXTRA_SYNTAX_MSG]) ? e->extra[EXTRA_SYNTAX_MSG] : NONE;
    Value path = e->extra[EXTRA_SYNTAX_FILE], line = e->extra[EXTRA_LINENO];
    bool has_path = is_set(path) && str_is(path), has_line = is_set(line) && int_is(line);
    if (!has_path && !has_line) return object_str(msg);
    if (!has_path) return str_format("%S (line %S)", msg, line);
    Value file = base_name(path);
    if (is_unset(file)) return UNSET;
    Value text = has_line ? str_format("%S (%U, line %S)", msg, file, line) : str_format("%S (%U)", msg, file);
    release(file);
    return text;
}

EXTRA_MEMBER(syntax_msg, EXTRA_SYNTAX_MSG)
EXTRA_MEMBER(syntax_file, EXTRA_SYNTAX_FILE)
EXTRA_MEMBER(lineno, EXTRA_LINENO)
EXTRA_MEMBER(offset, EXTRA_OFFSET)
EXTRA_MEMBER(text, EXTRA_TEXT)

static Value get_end(Value self, size_t index) {
    Value end = as_exception(self)->extra[EXTRA_SYNTAX_END];
    return is_set(end) && tuple_is(end) ? retain(tuple_at(end, index)) : NONE;
}

static bool set_end(Value self, size_t index, Value value) {
    Value parts[2] = {get_end(self, 0), get_end(self, 1)};
    replace(&parts[index], is_unset(value) ? NONE : retain(value));
    Value end = tuple_steal(parts, 2);
    if (is_set(end)) replace(&as_exception(self)->extra[EXTRA_SYNTAX_END], end);
    return is_set(end);
}
static Value get_end_lineno(Value self) { return get_end(self, 0); }
static Value get_end_offset(Value self) { return get_end(self, 1); }
static bool set_end_lineno(Value self, Value value) { return set_end(self, 0, value); }
static bool set_end_offset(Value self, Value value) { return set_end(self, 1, value); }
static Value get_print(Value self) {
    Value own = attrs_get(as_object(self), names.print_file_and_line);
    return is_unset(own) ? NONE : retain(own);
}
static bool set_print(Value self, Value value) {
    return attrs_set(as_object(self), names.print_file_and_line, is_unset(value) ? NONE : value);
}

static const MemberDef syntax_members[] = {
    {"msg", get_syntax_msg, set_syntax_msg, "exception msg"},
    {"filename", get_syntax_file, set_syntax_file, "exception filename"},
    {"lineno", get_lineno, set_lineno, "exception lineno"},
    {"offset", get_offset, set_offset, "exception offset"},
    {"text", get_text, set_text, "exception text"},
    {"end_lineno", get_end_lineno, set_end_lineno, "exception end lineno"},
    {"end_offset", get_end_offset, set_end_offset, "exception end offset"},
    {"print_file_and_line", get_print, set_print, "exception print_file_and_line"},
    {0},
};

const ExceptionKind simple_kinds[] = {
    {&StopIteration_type, stop_init, NULL, NULL, stop_members, NULL},
    {&SystemExit_type, exit_init, NULL, NULL, exit_members, NULL},
    {&KeyError_type, NULL, key_str, NULL, NULL, NULL},
    {&NameError_type, name_init, NULL, NULL, name_members, NULL},
    {&AttributeError_type, attribute_init, NULL, NULL, attribute_members, NULL},
    {&ImportError_type, import_init, import_str, NULL, import_members, import_methods},
    {&SyntaxError_type, syntax_init, syntax_str, NULL, syntax_members, NULL},
    {0},
};
