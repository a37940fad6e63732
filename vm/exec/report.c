/* Tracebacks and exceptions as text: what Python prints for an exception that nobody caught. */
#include "vm/exec/report.h"

#include <stdio.h>
#include <string.h>

#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/suggest.h"
#include "runtime/types/tuple.h"
#include "vm/exec/caret.h"
#include "vm/exec/frame.h"
#include "vm/exec/import.h"
#include "vm/exec/source.h"

enum { REPEATS_SHOWN = 3, GROUP_WIDTH = 15, GROUP_DEPTH = 10 };

/* A report being written.  `margin` stands before each line of a group: "  | " and deeper. */
typedef struct Report {
    StrBuilder text;
    Value seen;      /* set of the ids of exceptions already shown */
    int depth;       /* of groups */
    bool hints;      /* "Did you mean" */
    bool need_close; /* a group has been opened whose last line is still to come */
} Report;

static void margin(Report *r, const char *mark) {
    if (r->depth > 0) {
        builder_repeat(&r->text, ' ', 2 * r->depth);
        builder_ascii(&r->text, mark);
        builder_ascii(&r->text, " ");
    }
}

/* Text of one or more lines, each behind the margin. */
static void lines(Report *r, Value text) {
    size_t n = str_length(text), start = 0;
    while (start < n) {
        size_t stop = start;
        while (stop < n && str_at(as_str(text), stop) != '\n') stop++;
        margin(r, "|");
        builder_slice(&r->text, text, start, stop);
        builder_char(&r->text, '\n');
        start = stop + 1;
    }
}

/* As lines(), and takes the text over; an unset one (it could not be made) is passed over. */
static void owned_lines(Report *r, Value text) {
    if (is_unset(text)) {
        error_clear();
        return;
    }
    lines(r, text);
    release(text);
}

/* ---- tracebacks ---- */

static const Code *entry_code(const Traceback *t) { return as_code(((FrameObject *)as_object(t->frame))->code); }

static Value entry_text(Traceback *t) {
    int32_t line = traceback_line(t);
    const Code *code = entry_code(t);
    Position p = code_position(code, t->index);
    int32_t end_line = p.line == line ? p.end_line : line;
    Value source = report_source(code->filename, line, end_line, p.line == line ? p.col : -1, p.end_col);
    if (is_unset(source)) return UNSET;
    Value text = str_format("  File \"%U\", line %d, in %U\n%U", code->filename, (int)line, code->name, source);
    release(source);
    return text;
}

static bool same_place(Traceback *a, Traceback *b) {
    return traceback_line(a) == traceback_line(b) && str_equal(entry_code(a)->filename, entry_code(b)->filename) &&
           str_equal(entry_code(a)->name, entry_code(b)->name);
}

static void repeated(Report *r, int64_t count) {
    if (count <= REPEATS_SHOWN) return;
    count -= REPEATS_SHOWN;
    owned_lines(r, str_format("  [Previous line repeated %lld more time%s]\n", (long long)count, count > 1 ? "s" : ""));
}

static void traceback_lines(Report *r, Value traceback) {
    Traceback *last = NULL;
    int64_t count = 0;
    for (Value v = traceback; is_set(v) && !is_none(v);) {
        Traceback *t = (Traceback *)as_object(v);
        if (!last || !same_place(t, last)) {
            repeated(r, count);
            count = 0;
            last = t;
        }
        if (++count <= REPEATS_SHOWN) owned_lines(r, entry_text(t));
        v = t->next;
    }
    repeated(r, count);
}

Value report_source(Value filename, int32_t line, int32_t end_line, int32_t col, int32_t end_col) {
    Value text = source_line_text(filename, line);
    if (is_unset(text)) return retain(names.empty);
    Value stripped = str_strip(text), carets = UNSET, result = UNSET;
    if (is_set(stripped) && str_length(stripped) > 0) {
        carets = caret_line(text, end_line == line, col, end_col);
        if (is_set(carets)) result = str_format("    %U\n%U", stripped, carets);
    } else if (is_set(stripped)) {
        result = retain(names.empty);
    }
    release(text);
    release(stripped);
    release(carets);
    return result;
}

/* ---- the last lines ---- */

static Value attribute_or_none(Value v, Value name) {
    Value found = UNSET;
    if (object_find_attribute(v, name, &found) > 0) return found;
    error_clear();
    return NONE;
}

static Value attribute_or_none_utf8(Value v, const char *name) {
    Value key = str_intern_cstr(name), found = is_set(key) ? attribute_or_none(v, key) : NONE;
    release(key);
    return found;
}

static int64_t integer_attribute(Value v, const char *name, int64_t fallback) {
    Value found = attribute_or_none_utf8(v, name);
    int64_t n = fallback;
    if (!is_small_int(found) || !int_fits_int64(found, &n)) n = fallback;
    release(found);
    return n;
}

/* The source line of a SyntaxError without its indentation, and the carets below it. */
static void syntax_source(Report *r, Value exception, Value text) {
    size_t n = str_length(text), start = 0, stop = n;
    while (stop > 0 && (str_at(as_str(text), stop - 1) == '\n' || str_at(as_str(text), stop - 1) == '\r')) stop--;
    while (start < stop && strchr(" \t\f", (int)str_at(as_str(text), start))) start++;
    Value line = str_slice(text, start, stop);
    if (is_unset(line)) return error_clear();
    owned_lines(r, str_format("    %U\n", line));
    int64_t lineno = integer_attribute(exception, "lineno", 0),
            end_lineno = integer_attribute(exception, "end_lineno", 0);
    int64_t offset = integer_attribute(exception, "offset", 0),
            end_offset = integer_attribute(exception, "end_offset", -1);
    if (offset > 0) {
        if (end_lineno > 0 && end_lineno != lineno) end_offset = (int64_t)n + 1;
        if (end_offset <= 0 || end_offset <= offset) end_offset = offset + 1;
        int64_t column = offset - 1 - (int64_t)start, width = end_offset - offset;
        int64_t room = (int64_t)(stop - start) - column;
        if (column >= 0) {
            if (width > room && room > 0) width = room;
            margin(r, "|");
            builder_repeat(&r->text, ' ', 4);
            for (int64_t i = 0; i < column; i++) { /* keep tabs, so that the caret stands below its character */
                uint32_t c = (size_t)i < str_length(line) ? str_at(as_str(line), (size_t)i) : ' ';
                builder_char(&r->text, c == '\t' ? '\t' : ' ');
            }
            builder_repeat(&r->text, '^', width);
            builder_char(&r->text, '\n');
        }
    }
    release(line);
}

static void syntax_place(Report *r, Value exception) {
    Value file = attribute_or_none(exception, names.filename), line = attribute_or_none(exception, names.lineno);
    Value text = attribute_or_none(exception, names.text);
    if (!is_none(line)) {
        Value unknown = str_from("<string>");
        owned_lines(r, str_format("  File \"%S\", line %S\n", is_none(file) ? unknown : file, line));
        release(unknown);
        if (str_is(text)) syntax_source(r, exception, text);
    }
    release(file);
    release(line);
    release(text);
}

/* str(exception), or what CPython says when that fails. */
static Value message_text(Value exception) {
    Value text = type_has(exception, TYPE_EXCEPTION_SUB) && type_is_subtype(type_of(exception), &SyntaxError_type)
                     ? attribute_or_none(exception, names.msg)
                     : object_str(exception);
    if (is_none(text)) return str_from("<no detail available>");
    if (is_set(text) && str_is(text)) return text;
    if (is_set(text)) {
        Value converted = object_str(text);
        release(text);
        return converted;
    }
    error_clear();
    return str_format("<exception str() failed>");
}

static void notes(Report *r, Value exception) {
    Value found = attribute_or_none(exception, names.__notes__);
    if (is_none(found)) return;
    Value list = type_has(found, TYPE_LIST_SUB | TYPE_TUPLE_SUB) ? list_from_iterable(found) : UNSET;
    if (is_unset(list)) {
        error_clear();
        owned_lines(r, object_repr(found));
    } else {
        for (size_t i = 0; i < as_list(list)->length; i++) owned_lines(r, object_str(as_list(list)->items[i]));
    }
    release(list);
    release(found);
}

/* As the type's repr shows it, but for the main script's own classes. */
static Value name_of_type(Type *type) {
    Value name = type_qualified_name(type);
    if (is_unset(name) || str_length(name) < 9 || strncmp(str_utf8(name, NULL), "__main__.", 9) != 0) return name;
    Value bare = str_slice(name, 9, str_length(name));
    release(name);
    return bare;
}

static void message_lines(Report *r, Value exception) {
    if (type_is_subtype(type_of(exception), &SyntaxError_type)) syntax_place(r, exception);
    Value name = name_of_type(type_of(exception)), text = message_text(exception);
    Value hint = r->hints ? suggest_for(exception) : UNSET;
    if (is_unset(name) || is_unset(text)) error_clear();
    else if (str_length(text) == 0) owned_lines(r, str_format("%U%U\n", name, is_set(hint) ? hint : names.empty));
    else owned_lines(r, str_format("%U: %U%U\n", name, text, is_set(hint) ? hint : names.empty));
    if (error_pending()) error_clear();
    release(name);
    release(text);
    release(hint);
    notes(r, exception);
}

/* ---- the whole ---- */

static void whole(Report *r, Value exception);

static bool first_time(Report *r, Value exception) {
    Value id = int_from_int64(object_id(exception));
    if (is_unset(id)) return error_clear(), false;
    bool first = set_contains(r->seen, id) == 0 && set_add(r->seen, id);
    release(id);
    return first;
}

static void before(Report *r, Value earlier, const char *link) {
    if (!first_time(r, earlier)) return;
    whole(r, earlier);
    Value text = str_format("\n%s\n\n", link);
    if (is_unset(text)) return error_clear();
    margin(r, "|");
    builder_ascii(&r->text, "\n");
    margin(r, "|");
    builder_ascii(&r->text, link);
    builder_ascii(&r->text, "\n");
    margin(r, "|");
    builder_ascii(&r->text, "\n");
    release(text);
}

static void separator(Report *r, const char *lead, const char *title) {
    builder_repeat(&r->text, ' ', 2 * (r->depth + 1));
    builder_ascii(&r->text, lead);
    builder_ascii(&r->text, title);
    builder_ascii(&r->text, "\n");
}

static void group_members(Report *r, Value exception) {
    Value members = attribute_or_none_utf8(exception, "exceptions");
    size_t n = tuple_is(members) ? tuple_length(members) : 0, shown = n > GROUP_WIDTH ? GROUP_WIDTH : n;
    char title[64];
    for (size_t i = 0; i < shown; i++) {
        snprintf(title, sizeof title, "+---------------- %zu ----------------", i + 1);
        builder_repeat(&r->text, ' ', 2 * r->depth);
        builder_ascii(&r->text, i == 0 ? "+-" : "  ");
        builder_ascii(&r->text, title);
        builder_ascii(&r->text, "\n");
        r->depth++;
        r->need_close = i + 1 == n;
        whole(r, tuple_at(members, i));
        r->depth--;
    }
    if (n > shown) {
        builder_repeat(&r->text, ' ', 2 * r->depth);
        builder_ascii(&r->text, "  +---------------- ... ----------------\n");
        r->depth++;
        owned_lines(r, str_format("and %zu more exception%s\n", n - shown, n - shown > 1 ? "s" : ""));
        r->depth--;
        r->need_close = true;
    }
    if (r->need_close) {
        separator(r, "+-----------------------------------", "-");
        r->need_close = false;
    }
    release(members);
}

static void whole(Report *r, Value exception) {
    if (!recursion_check("")) return error_clear();
    Exception *e = as_exception(exception);
    if (is_set(e->cause) && !is_none(e->cause))
        before(r, e->cause, "The above exception was the direct cause of the following exception:");
    else if (is_set(e->context) && !is_none(e->context) && !e->suppress_context)
        before(r, e->context, "During handling of the above exception, another exception occurred:");
    bool group = type_is_subtype(type_of(exception), &BaseExceptionGroup_type);
    bool outermost = group && r->depth == 0;
    if (outermost) r->depth = 1;
    if (is_set(e->traceback) && !is_none(e->traceback)) {
        margin(r, outermost ? "+" : "|");
        builder_ascii(&r->text, group ? "Exception Group Traceback (most recent call last):\n"
                                      : "Traceback (most recent call last):\n");
        traceback_lines(r, e->traceback);
    }
    message_lines(r, exception);
    if (group && r->depth <= GROUP_DEPTH) group_members(r, exception);
    if (outermost) r->depth = 0;
}

static bool start(Report *r) {
    *r = (Report){.text = STR_BUILDER, .seen = set_new()};
    return is_set(r->seen);
}
static Value finish(Report *r) {
    release(r->seen);
    return builder_finish(&r->text);
}

Value report_exception(Value exception, bool hints) {
    Report r;
    if (!start(&r)) return UNSET;
    r.hints = hints;
    first_time(&r, exception);
    whole(&r, exception);
    return finish(&r);
}

Value report_single(Value exception) {
    Report r;
    if (!start(&r)) return UNSET;
    Value traceback = as_exception(exception)->traceback;
    if (is_set(traceback) && !is_none(traceback)) {
        builder_ascii(&r.text, "Traceback (most recent call last):\n");
        traceback_lines(&r, traceback);
    }
    message_lines(&r, exception);
    return finish(&r);
}

Value report_message(Value exception) {
    Report r;
    if (!start(&r)) return UNSET;
    message_lines(&r, exception);
    return finish(&r);
}

Value report_traceback(Value traceback) {
    Report r;
    if (!start(&r)) return UNSET;
    traceback_lines(&r, traceback);
    return finish(&r);
}

/* Without sys.stderr, or when it fails, the text goes to the descriptor. */
void report_write(Value text) {
    Value file = sys_get(names.stderr);
    if (is_set(file) && !is_none(file)) {
        Value out = sys_get(names.stdout),
              flushed = is_set(out) && !is_none(out) ? call_method0(out, names.flush) : UNSET;
        release(flushed);
        error_clear();
        Value written = call_method1(file, names.write, text);
        if (is_set(written)) {
            release(written);
            release(call_method0(file, names.flush));
            error_clear();
            return;
        }
        error_clear();
    }
    size_t n;
    const char *utf8 = str_utf8(text, &n);
    if (utf8) fwrite(utf8, 1, n, stderr);
    error_clear();
}

void report_print(Value exception) {
    Value text = report_exception(exception, true);
    if (is_set(text)) {
        report_write(text);
        release(text);
    } else {
        error_clear();
        fprintf(stderr, "%s\n", type_of(exception)->name);
    }
}
