/* Lists what is alive, by type. */
#include "runtime/mem/check.h"

#include "runtime/mem/heap.h"

#include <stdlib.h>

enum { TYPES_LISTED_MAX = 1000 };

typedef struct TypeCount {
    const Type *type;
    size_t count;
} TypeCount;

typedef struct Census {
    TypeCount types[TYPES_LISTED_MAX];
    size_t length, total;
} Census;

static bool census_add(Object *o, void *context) {
    Census *census = context;
    if (rc_load(&o->count) >= RC_IMMORTAL) return true;
    census->total++;
    size_t i = 0;
    while (i < census->length && census->types[i].type != o->type) i++;
    if (i == TYPES_LISTED_MAX) return true;
    if (i == census->length) census->types[census->length++] = (TypeCount){o->type, 0};
    census->types[i].count++;
    return true;
}

static int compare_most_first(const void *a, const void *b) {
    size_t x = ((const TypeCount *)a)->count, y = ((const TypeCount *)b)->count;
    return x < y ? 1 : x > y ? -1 : 0;
}

size_t heap_check_alive(FILE *out) {
    Census *census = calloc(1, sizeof *census);
    if (!census) return 0;
    heap_each_object(census_add, census, false);
    qsort(census->types, census->length, sizeof *census->types, compare_most_first);
    if (out && census->total) fprintf(out, "scr: %zu objects are still alive\n", census->total);
    for (size_t i = 0; i < census->length && out; i++)
        fprintf(out, "    %8zu %s\n", census->types[i].count, census->types[i].type->name);
    size_t total = census->total;
    free(census);
    return total;
}
