/* Characters of identifiers after Unicode's XID rules, and the table of those in one source. */
#include "vm/front/identifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"

struct Identifier {
    const char *text;
    uint32_t size;
    uint32_t hash;
    Value value;
};

Hex identifier_hex(uint32_t c) {
    Hex hex;
    snprintf(hex.text, sizeof hex.text, "%04X", (unsigned)c);
    return hex;
}

static bool is_one_of(uint32_t c, const uint32_t *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (list[i] == c) return true;
    return false;
}

bool identifier_allows(uint32_t c, bool first) {
    static const uint32_t other_start[] = {'_', 0x1885, 0x1886, 0x2118, 0x212E};
    static const uint32_t other_continue[] = {0xB7,   0x387,  0x1369, 0x136A, 0x136B, 0x136C, 0x136D,
                                              0x136E, 0x136F, 0x1370, 0x1371, 0x19DA, 0x309B, 0x309C};
    static const uint32_t not_start[] = {0x37A, 0xE33, 0xEB3, 0xFF9E, 0xFF9F};
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    bool starts = (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
                  category == UTF8PROC_CATEGORY_NL ||
                  is_one_of(c, other_start, sizeof other_start / sizeof *other_start);
    if (first) return starts && !is_one_of(c, not_start, sizeof not_start / sizeof *not_start);
    return starts || category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_PC ||
           is_one_of(c, other_continue, sizeof other_continue / sizeof *other_continue);
}

bool identifier_is_string_prefix(const char *text, size_t size) {
    char a = (char)(text[0] | 32), b = size == 2 ? (char)(text[1] | 32) : 0;
    if (size == 1) return a == 'r' || a == 'b' || a == 'f' || a == 'u';
    return size == 2 && ((a == 'r' && (b == 'b' || b == 'f')) || (b == 'r' && (a == 'b' || a == 'f')));
}

void identifiers_start(Identifiers *identifiers, Arena *arena) { *identifiers = (Identifiers){arena, NULL, 0, 0}; }
void identifiers_end(Identifiers *identifiers) { raw_free(identifiers->table); }

static uint32_t hash_text(const char *text, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

/* The entry of text, or the free one where it belongs. */
static struct Identifier *locate(const Identifiers *t, const char *text, size_t size, uint32_t hash) {
    for (size_t i = hash & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
        struct Identifier *entry = &t->table[i];
        if (!entry->text) return entry;
        if (entry->hash == hash && entry->size == size && memcmp(entry->text, text, size) == 0) return entry;
    }
}

static bool grow(Identifiers *t) {
    Identifiers bigger = {t->arena, NULL, t->size ? t->size * 2 : 256, t->used};
    bigger.table = raw_allocate_zeroed(bigger.size * sizeof *bigger.table);
    if (!bigger.table) return raise_memory_error(), false;
    for (size_t i = 0; i < t->size; i++) {
        struct Identifier *old = &t->table[i];
        if (old->text) *locate(&bigger, old->text, old->size, old->hash) = *old;
    }
    raw_free(t->table);
    *t = bigger;
    return true;
}

static Value intern(const char *text, size_t size) {
    bool ascii = true;
    for (size_t i = 0; i < size; i++) ascii &= (unsigned char)text[i] < 128;
    if (ascii) return str_intern_utf8(text, size);
    utf8proc_uint8_t *normal = NULL;
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    utf8proc_ssize_t length = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &normal, options);
    if (length < 0) return raise_memory_error();
    Value value = str_intern_utf8((const char *)normal, (size_t)length);
    free(normal);
    return value;
}

Value identifiers_get(Identifiers *t, const char *text, size_t size) {
    if (t->used * 2 >= t->size && !grow(t)) return UNSET;
    uint32_t hash = hash_text(text, size);
    struct Identifier *entry = locate(t, text, size, hash);
    if (entry->text) return entry->value;
    Value value = arena_keep(t->arena, intern(text, size));
    if (is_unset(value)) return UNSET;
    *entry = (struct Identifier){text, (uint32_t)size, hash, value};
    t->used++;
    return value;
}
