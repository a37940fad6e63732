/* For unit tests of what needs script objects: an interpreter that has started. */
#ifndef TESTS_UNIT_RUNTIME_H
#define TESTS_UNIT_RUNTIME_H

#include <stdlib.h>

#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "tests/unit/unit.h"
#include "vm/cli/life.h"

static inline void runtime_start(void) {
    static char *argv[] = {"test", NULL};
    Options options = {.kind = RUN_STDIN};
    if (!life_start(&options, argv)) abort();
}

/* Whether an exception of this type is pending; none is afterwards. */
static inline bool raised(const Type *type) {
    bool is = error_matches(type);
    error_clear();
    return is;
}

/* Whether v, which is released, is this text. */
static inline bool is_text(Value v, const char *expected) {
    bool is = is_set(v) && str_is(v) && str_equal_ascii(v, expected);
    if (!is) printf("    %s instead of %s\n", is_set(v) ? str_utf8(v, NULL) : "nothing", expected);
    error_clear();
    release(v);
    return is;
}

#endif
