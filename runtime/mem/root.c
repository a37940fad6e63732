/* The list of static variables that own objects. */
#include "runtime/mem/root.h"

#include <stddef.h>

enum { ROOTS_MAX = 1024 };

static Value *roots[ROOTS_MAX];
static size_t count;

/* One that does not fit is only never released. */
void root_add(Value *variable) {
    for (size_t i = 0; i < count; i++)
        if (roots[i] == variable) return;
    if (count < ROOTS_MAX) roots[count++] = variable;
}

void root_release_all(void) {
    while (count > 0) clear(roots[--count]);
}
