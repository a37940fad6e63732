/* Warnings that C code gives: the module warnings decides what becomes of them. */
#include <stdarg.h>

#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"

bool warning_issue(Type *category, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value text = str_vformat(format, args);
    va_end(args);
    if (is_unset(text)) return false;
    if (!import_hook) return release(text), true;
    Value warn = object_import("warnings", "warn");
    Value done = is_set(warn) ? call2(warn, text, type_value(category)) : UNSET;
    release(text);
    release(warn);
    release(done);
    return is_set(done);
}
