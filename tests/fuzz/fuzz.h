/* What the fuzz targets share: an interpreter that is started once. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/cli/life.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_start(void) {
    static bool started;
    static char *argv[] = {"fuzz", NULL};
    Options options = {.kind = RUN_STDIN};
    if (started) return;
    if (!life_start(&options, argv)) abort();
    started = true;
}

#endif
