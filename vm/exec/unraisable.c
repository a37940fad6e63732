/* Exceptions that cannot be raised: in finalizers and callbacks.  They are reported and forgotten. */
#include "vm/exec/unraisable.h"

#include "runtime/types/error.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "vm/exec/report.h"

#include <stdio.h>

static void write_text(Value text) {
    const char *utf8 = is_set(text) ? str_utf8(text, NULL) : NULL;
    fputs(utf8 ? utf8 : "?", stderr);
    error_clear();
    release(text);
}

void unraisable_report(const char *where, Value object) {
    Value exception = error_take();
    fputs("Exception ignored", stderr);
    if (where && *where) fprintf(stderr, " %s", where);
    else fputs(" in", stderr);
    fputs(": ", stderr);
    write_text(is_set(object) ? object_repr(object) : str_from("<NULL>"));
    fputc('\n', stderr);
    write_text(report_exception(exception));
    release(exception);
}
