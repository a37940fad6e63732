/* _traceback: the text of tracebacks as the interpreter prints them, for the module traceback. */
#include "stdlib/stdlib.h"

#include "vm/code/code.h"
#include "vm/exec/exec.h"
#include "vm/exec/frame.h"
#include "vm/exec/report.h"
#include "vm/exec/source.h"

static bool is_exception(Value v) {
    if (exception_is(v)) return true;
    raise_type_error("Exception expected for value, %T found", v);
    return false;
}

static Value format_exception(const Value *args, size_t count) {
    return is_exception(args[0]) ? report_exception(args[0], false) : UNSET;
}
static Value format_message(const Value *args, size_t count) {
    return is_exception(args[0]) ? report_message(args[0]) : UNSET;
}

static Value format_source(const Value *args, size_t count) {
    int64_t n[4];
    for (int i = 0; i < 4; i++)
        if (!object_as_int64(args[1 + i], &n[i])) return UNSET;
    return report_source(args[0], (int32_t)n[0], (int32_t)n[1], (int32_t)n[2], (int32_t)n[3]);
}

static Value get_line(const Value *args, size_t count) {
    int64_t line;
    if (!str_is(args[0]) || !object_as_int64(args[1], &line))
        return error_pending() ? UNSET : raise_type_error("a file name is a str");
    Value text = source_line_text(args[0], (int32_t)line);
    return is_set(text) || error_pending() ? text : retain(names.empty);
}

/* (line, end_line, col, end_col) of the entry of a traceback. */
static Value position(const Value *args, size_t count) {
    if (!is_exactly(args[0], &traceback_type)) return raise_type_error("expected a traceback, got %T", args[0]);
    const Traceback *t = (const Traceback *)as_object(args[0]);
    Position p = code_position(as_code(((FrameObject *)as_object(t->frame))->code), t->index);
    return tuple_pack(4, from_small_int(t->line), from_small_int(p.end_line), from_small_int(p.col),
                      from_small_int(p.end_col));
}

static const NativeDef functions[] = {
    FUNCTION("format_exception", "exception, /", format_exception, "The whole report."),
    FUNCTION("format_message", "exception, /", format_message, "The last lines of the report."),
    FUNCTION("format_source", "filename, line, end_line, col, end_col, /", format_source, "A source line with carets."),
    FUNCTION("getline", "filename, line, /", get_line, "A source line without its end, or ''."),
    FUNCTION("position", "traceback, /", position, "Lines and columns of the entry of a traceback."),
    NATIVE_END,
};

const ModuleDef mod__traceback = {"_traceback", "The text of tracebacks.", functions, NULL, NULL};
