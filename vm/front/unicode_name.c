/* Finds a character's name in one long text of lines NAME;HEX, sorted, by halving.  What is not there the library ICU
 * may know; it is opened when it is first asked, since it is large and few programs name such characters. */
#include "vm/front/unicode_name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ICU
#include <dlfcn.h>
#include <unicode/uchar.h>
#endif

enum { NAME_MAX_SIZE = 100 };

static const char table[] =
#include "vm/front/unicode_names.def"
    ;

/* <0: name comes before the line's name. */
static int compare(const char *name, const char *line) {
    while (*name && *name == *line) name++, line++;
    return (*name ? *name : ';') - *line;
}

static const char *find_line(const char *name) {
    size_t low = 0, high = sizeof table - 1;
    while (low < high) {
        size_t start = (low + high) / 2;
        while (start > low && table[start - 1] != '\n') start--;
        int order = compare(name, table + start);
        if (order == 0) return table + start;
        if (order < 0) high = start;
        else low = (size_t)(strchr(table + start, '\n') - table) + 1;
    }
    return NULL;
}

/* Ideographs are named by their number. */
static bool find_ideograph(const char *name, uint32_t *code_point) {
    static const char prefix[] = "CJK UNIFIED IDEOGRAPH-";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) return false;
    char *end;
    unsigned long c = strtoul(name + sizeof prefix - 1, &end, 16);
    *code_point = (uint32_t)c;
    return *end == 0 &&
           ((c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x20000 && c <= 0x323AF));
}

#ifdef HAVE_ICU
#define TEXT_OF(x) #x
#define NAME_OF(x) TEXT_OF(x)

/* A function of ICU, by the name that it has in this version of the library; NULL when the library is not there. */
static void *icu(const char *function) {
    static void *library;
    if (!library) library = dlopen("libicuuc.so." NAME_OF(U_ICU_VERSION_MAJOR_NUM), RTLD_NOW | RTLD_LOCAL);
    return library ? dlsym(library, function) : NULL;
}

static bool icu_find(const char *name, uint32_t *code_point) {
    UChar32 (*find)(UCharNameChoice, const char *, UErrorCode *) = icu(NAME_OF(u_charFromName));
    UErrorCode error = U_ZERO_ERROR;
    if (find) *code_point = (uint32_t)find(U_UNICODE_CHAR_NAME, name, &error);
    if (find && U_FAILURE(error)) {
        error = U_ZERO_ERROR;
        *code_point = (uint32_t)find(U_CHAR_NAME_ALIAS, name, &error);
    }
    return find && U_SUCCESS(error);
}

static bool icu_name(uint32_t c, char *out, size_t size) {
    int32_t (*name)(UChar32, UCharNameChoice, char *, int32_t, UErrorCode *) = icu(NAME_OF(u_charName));
    UErrorCode error = U_ZERO_ERROR;
    return name && name((UChar32)c, U_UNICODE_CHAR_NAME, out, (int32_t)size, &error) > 0 && U_SUCCESS(error);
}
#else
static bool icu_find(const char *name, uint32_t *code_point) { return false; }
static bool icu_name(uint32_t c, char *out, size_t size) { return false; }
#endif

bool unicode_name_find(const char *name, size_t size, uint32_t *code_point) {
    char upper[NAME_MAX_SIZE];
    if (size == 0 || size >= sizeof upper || memchr(name, ';', size)) return false;
    for (size_t i = 0; i < size; i++) upper[i] = (char)toupper((unsigned char)name[i]);
    upper[size] = 0;
    const char *line = find_line(upper);
    if (!line) return find_ideograph(upper, code_point) || icu_find(upper, code_point);
    *code_point = (uint32_t)strtoul(line + size + 1, NULL, 16);
    return true;
}

bool unicode_name_of(uint32_t c, char *out, size_t size) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false; /* the table has names for these that are only aliases */
    char line_end[16];
    int longest = 0, end_size = snprintf(line_end, sizeof line_end, ";%X\n", c);
    for (const char *end = strstr(table, line_end); end; end = strstr(end + end_size, line_end)) {
        const char *start = end;
        while (start > table && start[-1] != '\n') start--;
        if (end - start <= longest) continue; /* of two names the short one is an alias */
        longest = (int)(end - start);
        snprintf(out, size, "%.*s", longest, start);
    }
    return longest || icu_name(c, out, size);
}
