/* What error_unraisable() does once the machine runs: a report on stderr, as CPython words it. */
#ifndef EXEC_UNRAISABLE_H
#define EXEC_UNRAISABLE_H

#include "runtime/mem/value.h"

/* Takes the pending exception.  where: "while ...", or NULL for "in". */
void unraisable_report(const char *where, Value object);

#endif
