/* Identifiers: which characters they may have, and their interned values. */
#ifndef FRONT_IDENTIFIER_H
#define FRONT_IDENTIFIER_H

#include "vm/front/arena.h"

typedef struct Hex {
    char text[12];
} Hex;

Hex identifier_hex(uint32_t c); /* as U+ shows it: at least four digits */
bool identifier_allows(uint32_t c, bool first);
bool identifier_is_string_prefix(const char *text, size_t size); /* r b f u in their combinations; size 1 or 2 */

/* The identifiers of one source, so that each distinct spelling is normalised and interned once. */
typedef struct Identifiers {
    Arena *arena;
    struct Identifier *table; /* open addressing */
    size_t size, used;
} Identifiers;

void identifiers_start(Identifiers *identifiers, Arena *arena);
void identifiers_end(Identifiers *identifiers);

/* The interned, NFKC-normalised str, borrowed from the arena.  The text must outlive the table. */
Value identifiers_get(Identifiers *identifiers, const char *text, size_t size);

#endif
