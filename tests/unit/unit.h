/* Unit tests: each test file is a program; CHECK reports and goes on, UNIT_END gives the exit code. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <stdio.h>

static int unit_failures, unit_checks;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        unit_checks++;                                                                                                 \
        if (!(condition)) {                                                                                            \
            unit_failures++;                                                                                           \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                                             \
        }                                                                                                              \
    } while (0)

#define UNIT_END() (printf("%s: %d checks, %d failures\n", __FILE__, unit_checks, unit_failures), unit_failures != 0)

#endif
