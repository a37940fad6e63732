/* Exceptions that cannot be raised: in finalizers and callbacks.  They are reported and forgotten. */
#include "vm/exec/unraisable.h"

#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/report.h"

Value unraisable_message(const char *where) {
    return where && *where ? str_format("Exception ignored %s", where) : NONE;
}

static Value heading(Value message, Value object) {
    if (is_none(object)) return is_none(message) ? str_from("") : str_format("%S:\n", message);
    Value text = object_repr(object);
    if (is_unset(text)) {
        error_clear();
        text = str_from("<object repr() failed>");
    }
    if (is_unset(text)) return UNSET;
    Value line = is_none(message) ? str_format("Exception ignored in: %U\n", text)
                                  : str_format("%S: %U\n", message, text);
    release(text);
    return line;
}

void unraisable_print(Value message, Value object, Value exception) {
    Value parts[] = {heading(message, object), is_none(exception) ? str_from("") : report_single(exception)};
    for (int i = 0; i < 2; i++) {
        if (is_set(parts[i]) && str_length(parts[i])) report_write(parts[i]);
        release(parts[i]);
        error_clear();
    }
}

void unraisable_report(const char *where, Value object) {
    Value exception = error_take(), message = unraisable_message(where);
    unraisable_print(is_set(message) ? message : NONE, is_set(object) ? object : NONE, exception);
    release(message);
    release(exception);
}
