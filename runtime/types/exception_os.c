/* OSError: the subclass that errno asks for, and the text with the file's name. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception_kinds.h"
#include "runtime/types/int.h"
#include "runtime/types/names.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <errno.h>
#include <string.h>

static const struct {
    int number;
    Type *type;
} by_errno[] = {
    {EAGAIN, &BlockingIOError_type},         {EALREADY, &BlockingIOError_type},
    {EINPROGRESS, &BlockingIOError_type},    {EWOULDBLOCK, &BlockingIOError_type},
    {EPIPE, &BrokenPipeError_type},          {ESHUTDOWN, &BrokenPipeError_type},
    {ECHILD, &ChildProcessError_type},       {ECONNABORTED, &ConnectionAbortedError_type},
    {ECONNREFUSED, &ConnectionRefusedError_type}, {ECONNRESET, &ConnectionResetError_type},
    {EEXIST, &FileExistsError_type},         {ENOENT, &FileNotFoundError_type},
    {EISDIR, &IsADirectoryError_type},       {ENOTDIR, &NotADirectoryError_type},
    {EINTR, &InterruptedError_type},         {EACCES, &PermissionError_type},
    {EPERM, &PermissionError_type},          {ESRCH, &ProcessLookupError_type},
    {ETIMEDOUT, &TimeoutError_type},
};

static Type *type_for(int64_t number) {
    for (size_t i = 0; i < sizeof by_errno / sizeof *by_errno; i++)
        if (by_errno[i].number == number) return by_errno[i].type;
    return &OSError_type;
}

static Type *refine(Type *type, const Value *args, size_t count) {
    int64_t number;
    if (type != &OSError_type || count < 2 || count > 5 || !int_is(args[0]) || !int_fits_int64(args[0], &number))
        return type;
    return type_for(number);
}

/* errno, strerror, filename and filename2 from the arguments; args keeps the first two when there is a filename. */
static bool take(Value self, const Value *args, size_t count) {
    exception_set_args(self, args, count);
    if (count < 2 || count > 5) return true;
    exception_set_extra(self, EXTRA_ERRNO, args[0]);
    exception_set_extra(self, EXTRA_STRERROR, args[1]);
    if (count < 3 || is_none(args[2])) return true;
    if (type_of(self) == &BlockingIOError_type && int_is(args[2]))
        return exception_set_extra(self, EXTRA_WRITTEN, args[2]);
    exception_set_extra(self, EXTRA_FILENAME, args[2]);
    if (count == 5 && !is_none(args[4])) exception_set_extra(self, EXTRA_FILENAME2, args[4]);
    return exception_set_args(self, args, 2);
}

/* A class with an __init__ of its own but not a __new__ fills its fields when that calls super().__init__(). */
static bool fills_in_init(const Type *type) {
    return type->init != OSError_type.init && type->make == OSError_type.make;
}

static Value os_make(Type *type, const Value *args, size_t count, Value kwnames) {
    type = refine(type, args, count);
    if (fills_in_init(type)) return exception_make(type, NULL, 0, UNSET);
    if (!native_no_keywords(type->name, kwnames)) return UNSET;
    Value self = exception_make(type, args, count, UNSET);
    if (is_set(self) && !take(self, args, count)) return release(self), UNSET;
    return self;
}

static bool os_init(Value self, const Value *args, size_t count, Value kwnames) {
    if (!fills_in_init(type_of(self))) return true;
    return native_no_keywords(type_of(self)->name, kwnames) && take(self, args, count);
}

static Value os_str(Value self) {
    const Value *x = as_exception(self)->extra;
    Value number = is_set(x[EXTRA_ERRNO]) ? x[EXTRA_ERRNO] : NONE,
          text = is_set(x[EXTRA_STRERROR]) ? x[EXTRA_STRERROR] : NONE;
    if (is_set(x[EXTRA_FILENAME])) {
        if (is_set(x[EXTRA_FILENAME2]))
            return str_format("[Errno %S] %S: %R -> %R", number, text, x[EXTRA_FILENAME], x[EXTRA_FILENAME2]);
        return str_format("[Errno %S] %S: %R", number, text, x[EXTRA_FILENAME]);
    }
    if (is_set(x[EXTRA_ERRNO]) && is_set(x[EXTRA_STRERROR])) return str_format("[Errno %S] %S", number, text);
    return exception_str(self);
}

EXTRA_MEMBER(errno_, EXTRA_ERRNO)
EXTRA_MEMBER(strerror, EXTRA_STRERROR)
EXTRA_MEMBER(filename, EXTRA_FILENAME)
EXTRA_MEMBER(filename2, EXTRA_FILENAME2)

static Value get_written(Value self) {
    Value written = as_exception(self)->extra[EXTRA_WRITTEN];
    return is_set(written) ? retain(written) : raise_error(&AttributeError_type, "characters_written");
}
static bool set_written(Value self, Value value) {
    if (is_unset(value) && is_unset(as_exception(self)->extra[EXTRA_WRITTEN]))
        return raise_error(&AttributeError_type, "characters_written"), false;
    return exception_set_extra(self, EXTRA_WRITTEN, value);
}

static const MemberDef os_members[] = {
    {"errno", get_errno_, set_errno_, "POSIX exception code"},
    {"strerror", get_strerror, set_strerror, "exception strerror"},
    {"filename", get_filename, set_filename, "exception filename"},
    {"filename2", get_filename2, set_filename2, "second exception filename"},
    {"characters_written", get_written, set_written, NULL},
    {0},
};

static Value os_reduce(const Value *args, size_t count) {
    Exception *e = as_exception(args[0]);
    if (tuple_length(e->args) != 2 || is_unset(e->extra[EXTRA_FILENAME]))
        return exception_reduce_with(args[0], e->args);
    Value parts[] = {tuple_at(e->args, 0), tuple_at(e->args, 1), e->extra[EXTRA_FILENAME], NONE,
                     e->extra[EXTRA_FILENAME2]};
    Value full = tuple_from_values(parts, is_set(parts[4]) ? 5 : 3);
    if (is_unset(full)) return UNSET;
    Value result = exception_reduce_with(args[0], full);
    release(full);
    return result;
}
static const NativeDef os_methods[] = {METHOD("__reduce__", "", os_reduce, NULL), NATIVE_END};

const ExceptionKind os_kind = {&OSError_type, os_init, os_str, os_make, os_members, os_methods};

Value raise_os_error(int error_number, Value filename, Value filename2) {
    Value text = str_from(strerror(error_number));
    if (is_unset(text)) return UNSET;
    Value args[] = {from_small_int(error_number), text, is_set(filename) ? filename : NONE, NONE,
                    is_set(filename2) ? filename2 : NONE};
    size_t count = is_unset(filename) ? 2 : is_unset(filename2) ? 3 : 5;
    Value e = exception_new(&OSError_type, args, count);
    release(text);
    return is_unset(e) ? UNSET : raise_value(e);
}
