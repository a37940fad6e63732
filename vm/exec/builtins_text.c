/* Built-in functions on text and streams: print, input, repr, ascii, format. */
#include "vm/exec/builtins.h"

#include "runtime/types/call.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/import.h"

static bool write_text(Value write, Value text) {
    Value result = call1(write, text);
    release(result);
    return is_set(result);
}

static bool write_value(Value write, Value v) {
    Value text = object_str(v);
    if (is_unset(text)) return false;
    bool written = write_text(write, text);
    release(text);
    return written;
}

/* None or a str, else TypeError: sep and end. */
static bool is_text_or_none(const char *name, Value v) {
    if (is_unset(v) || is_none(v) || str_is(v)) return true;
    raise_type_error("%s must be None or a string, not %T", name, v);
    return false;
}

static bool print_values(Value write, const Value *values, size_t n, Value sep, Value end) {
    Value space = str_from_code_point(' '), newline = str_from_code_point('\n');
    bool done = true;
    for (size_t i = 0; i < n && done; i++) {
        if (i > 0) done = write_text(write, str_is(sep) ? sep : space);
        if (done) done = write_value(write, values[i]);
    }
    if (done) done = write_text(write, str_is(end) ? end : newline);
    release(space);
    release(newline);
    return done;
}

/* args: sep, end, file, flush, then the values. */
static Value builtin_print(const Value *args, size_t count) {
    Value file = is_unset(args[2]) || is_none(args[2]) ? sys_get(names.stdout) : args[2];
    if (is_unset(file)) return raise_runtime_error("lost sys.stdout");
    if (is_none(file)) return NONE;
    if (!is_text_or_none("sep", args[0]) || !is_text_or_none("end", args[1])) return UNSET;
    int flush = is_set(args[3]) ? object_truth(args[3]) : 0;
    if (flush < 0) return UNSET;
    retain(file);
    Value write = object_get_attribute(file, names.write);
    bool done = is_set(write) && print_values(write, args + 4, count - 4, args[0], args[1]);
    release(write);
    if (done && flush) {
        Value flushed = call_method0(file, names.flush);
        done = is_set(flushed);
        release(flushed);
    }
    release(file);
    return done ? NONE : UNSET;
}

static Value strip_newline(Value line) {
    size_t n = str_length(line);
    if (n > 0 && str_at(as_str(line), n - 1) == '\n') {
        Value shorter = str_slice(line, 0, n - 1);
        release(line);
        return shorter;
    }
    if (n > 0) return line;
    release(line);
    return raise_error(&EOFError_type, "EOF when reading a line");
}

static Value builtin_input(const Value *args, size_t count) {
    Value in = sys_get(names.stdin), out = sys_get(names.stdout);
    if (is_unset(in) || is_none(in)) return raise_runtime_error("input(): lost sys.stdin");
    if (is_unset(out) || is_none(out)) return raise_runtime_error("input(): lost sys.stdout");
    if (is_set(args[0])) {
        Value write = object_get_attribute(out, names.write);
        bool written = is_set(write) && write_value(write, args[0]);
        release(write);
        if (!written) return UNSET;
    }
    Value flushed = call_method0(out, names.flush);
    if (is_unset(flushed)) return UNSET;
    release(flushed);
    Value line = call_method0(in, names.readline);
    if (is_unset(line)) return UNSET;
    if (str_is(line)) return strip_newline(line);
    raise_type_error("object.readline() returned non-string");
    release(line);
    return UNSET;
}

static Value builtin_repr(const Value *args, size_t count) { return object_repr(args[0]); }
static Value builtin_ascii(const Value *args, size_t count) { return object_ascii(args[0]); }
static Value builtin_format(const Value *args, size_t count) {
    if (is_set(args[1]) && !str_is(args[1]))
        return raise_type_error("format() argument 2 must be str, not %T", args[1]);
    return object_format(args[0], args[1]);
}

const NativeDef builtin_text_functions[] = {
    FUNCTION("print", "*args, sep=' ', end='\\n', file=None, flush=False", builtin_print,
             "Prints the values to a stream, or to sys.stdout by default."),
    FUNCTION("input", "prompt='', /", builtin_input, "Read a string from standard input."),
    FUNCTION("repr", "obj, /", builtin_repr, "Return the canonical string representation of the object."),
    FUNCTION("ascii", "obj, /", builtin_ascii, "Return an ASCII-only representation of an object."),
    FUNCTION("format", "value, format_spec='', /", builtin_format, "Return value.__format__(format_spec)."),
    NATIVE_END,
};
