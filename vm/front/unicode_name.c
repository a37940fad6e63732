/* Finds a character's name in one long text of lines NAME;HEX, sorted, by halving. */
#include "vm/front/unicode_name.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

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

bool unicode_name_find(const char *name, size_t size, uint32_t *code_point) {
    char upper[NAME_MAX_SIZE];
    if (size == 0 || size >= sizeof upper || memchr(name, ';', size)) return false;
    for (size_t i = 0; i < size; i++) upper[i] = (char)toupper((unsigned char)name[i]);
    upper[size] = 0;
    const char *line = find_line(upper);
    if (!line) return find_ideograph(upper, code_point);
    *code_point = (uint32_t)strtoul(line + size + 1, NULL, 16);
    return true;
}
