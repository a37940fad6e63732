/* Exceptions that cannot be raised, as CPython reports them on stderr. */
#ifndef EXEC_UNRAISABLE_H
#define EXEC_UNRAISABLE_H

#include "runtime/mem/value.h"

/* What error_unraisable() does until sys has hooks.  Takes the pending exception.  where: "in atexit callback", or NULL. */
void unraisable_report(const char *where, Value object);
/* "Exception ignored in atexit callback", or NONE without a place.  Owned; UNSET: failed. */
Value unraisable_message(const char *where);
/* Writes a report; message and object may be NONE.  Never raises. */
void unraisable_print(Value message, Value object, Value exception);

#endif
