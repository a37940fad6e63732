/* Source text: reading files of programs and modules, and single lines for tracebacks. */
#include "vm/exec/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/exec/import.h"

static bool fail(const char *path, FILE *file) {
    int error = errno;
    if (file) fclose(file);
    Value name = str_decode(path, strlen(path), "utf-8", "surrogateescape");
    if (is_unset(name)) return false;
    raise_os_error(error, name, UNSET);
    release(name);
    return false;
}

/* Files that tell no size (pipes, /proc) are read in doubling steps, like all others. */
static bool read_all(FILE *file, char **text, size_t *size) {
    size_t capacity = 1 << 14, length = 0;
    char *data = raw_allocate(capacity);
    while (data) {
        length += fread(data + length, 1, capacity - 1 - length, file);
        if (length < capacity - 1) break;
        char *larger = raw_reallocate(data, capacity *= 2);
        if (!larger) raw_free(data);
        data = larger;
    }
    if (!data) return raise_memory_error(), false;
    data[length] = 0;
    *text = data;
    *size = length;
    return true;
}

bool source_read(const char *path, char **text, size_t *size) {
    FILE *file = fopen(path, "rbe");
    if (!file) return fail(path, NULL);
    struct stat status;
    if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) return errno = EISDIR, fail(path, file);
    if (!read_all(file, text, size)) return fclose(file), false;
    if (ferror(file)) return raw_free(*text), fail(path, file);
    fclose(file);
    return true;
}

/* The text of an embedded library module whose code has this file name. */
static bool embedded(const char *path, const char **text, size_t *size) {
    for (const ModuleRow *row = import_library(); row && row->name; row++) {
        if (!row->source || strcmp(row->path, path) != 0) continue;
        *text = row->source;
        *size = (size_t)(row->source_end - row->source);
        return true;
    }
    return false;
}

static Value line_of(const char *text, size_t size, int32_t line) {
    const char *end = text + size;
    for (int32_t i = 1; i < line && text < end; i++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        if (!newline) return UNSET;
        text = newline + 1;
    }
    if (text >= end) return UNSET;
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    if (!stop) stop = end;
    if (stop > text && stop[-1] == '\r') stop--;
    return str_decode(text, (size_t)(stop - text), "utf-8", "replace");
}

Value source_line_text(Value filename, int32_t line) {
    size_t size;
    const char *path = str_utf8(filename, NULL), *text;
    if (!path) return error_clear(), UNSET;
    if (path[0] == '<' || line < 1) return UNSET;
    if (embedded(path, &text, &size)) return line_of(text, size, line);
    char *owned;
    if (!source_read(path, &owned, &size)) return error_clear(), UNSET;
    Value result = line_of(owned, size, line);
    raw_free(owned);
    if (is_unset(result)) error_clear();
    return result;
}
