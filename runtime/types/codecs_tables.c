/* Codecs of one byte a character (cp1252, koi8-r, iso8859-15, ...): tables that iconv fills when they are first asked for. */
#include "runtime/types/codecs.h"

#include "runtime/mem/heap.h"

#include <iconv.h>
#include <stdio.h>

enum { UNDEFINED = 0xFFFE };

typedef struct CharMap {
    Codec codec;
    struct CharMap *next;
    char registered[32];
    uint16_t points[256];
} CharMap;

static unsigned put(const Codec *codec, uint32_t c, unsigned char *out) {
    const CharMap *map = (const CharMap *)codec;
    if (c < 128 && map->points[c] == c) return out[0] = (unsigned char)c, 1;
    for (unsigned i = 0; i < 256 && c < UNDEFINED; i++)
        if (map->points[i] == c) return out[0] = (unsigned char)i, 1;
    return 0;
}

static size_t next(const Codec *codec, const unsigned char *s, size_t n, uint32_t *c, BadInput *bad) {
    *c = ((const CharMap *)codec)->points[s[0]];
    if (*c == UNDEFINED) return *bad = (BadInput){1, "character maps to <undefined>", false}, 0;
    return 1;
}

/* Python's name and iconv's: cp437 and windows_1252 and iso8859_2 and koi8_r, or nothing. */
static bool names_for(const char *normalized, char system[32], char registered[32]) {
    int number, used = 0;
    if ((sscanf(normalized, "cp%d%n", &number, &used) == 1 || sscanf(normalized, "windows_%d%n", &number, &used) == 1 ||
         sscanf(normalized, "ibm%d%n", &number, &used) == 1) && !normalized[used]) {
        snprintf(system, 32, "CP%d", number);
        snprintf(registered, 32, "cp%d", number);
        return true;
    }
    if ((sscanf(normalized, "iso8859_%d%n", &number, &used) == 1 || sscanf(normalized, "iso_8859_%d%n", &number, &used) == 1) &&
        !normalized[used]) {
        snprintf(system, 32, "ISO-8859-%d", number);
        snprintf(registered, 32, "iso8859-%d", number);
        return true;
    }
    if (sscanf(normalized, "latin%d%n", &number, &used) == 1 && !normalized[used] && number >= 2 && number <= 4) {
        snprintf(system, 32, "ISO-8859-%d", number);
        snprintf(registered, 32, "iso8859-%d", number);
        return true;
    }
    static const char *const others[][3] = {{"koi8_r", "KOI8-R", "koi8-r"}, {"koi8_u", "KOI8-U", "koi8-u"},
                                            {"mac_roman", "MACINTOSH", "mac-roman"}, {"macroman", "MACINTOSH", "mac-roman"},
                                            {"latin9", "ISO-8859-15", "iso8859-15"}, {"latin_9", "ISO-8859-15", "iso8859-15"}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(normalized, others[i][0]) == 0) {
            snprintf(system, 32, "%s", others[i][1]);
            snprintf(registered, 32, "%s", others[i][2]);
            return true;
        }
    return false;
}

/* False: the system does not know it, or it has characters of several bytes. */
static bool fill(CharMap *map, const char *system) {
    iconv_t converter = iconv_open("UCS-2LE", system);
    if (converter == (iconv_t)-1) return false;
    for (unsigned i = 0; i < 256; i++) {
        char byte = (char)i, *in = &byte, out[8], *to = out;
        size_t in_left = 1, out_left = sizeof out;
        iconv(converter, NULL, NULL, NULL, NULL);
        size_t failed = iconv(converter, &in, &in_left, &to, &out_left);
        bool one = failed != (size_t)-1 && in_left == 0 && to - out == 2;
        map->points[i] = one ? (uint16_t)((unsigned char)out[0] | (unsigned char)out[1] << 8) : UNDEFINED;
    }
    iconv_close(converter);
    return map->points['A'] == 'A';
}

const Codec *codec_charmap(const char *normalized) {
    static _Atomic(CharMap *) known;
    char system[32], registered[32];
    if (!names_for(normalized, system, registered)) return NULL;
    for (CharMap *map = atomic_load(&known); map; map = map->next)
        if (strcmp(map->registered, registered) == 0) return &map->codec;
    CharMap *map = raw_allocate_zeroed(sizeof *map);
    if (!map) return NULL;
    if (!fill(map, system)) return raw_free(map), NULL;
    snprintf(map->registered, sizeof map->registered, "%s", registered);
    map->codec = (Codec){"charmap", map->registered, put, next, "character maps to <undefined>", 0, false, false};
    map->next = atomic_load(&known);
    while (!atomic_compare_exchange_weak(&known, &map->next, map)) continue;
    return &map->codec;
}
