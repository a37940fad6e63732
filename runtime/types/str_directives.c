/* str_format(): text from C, with the directives that error.h lists. */
#include "runtime/types/str.h"

#include "runtime/types/object.h"

#include <stdio.h>

static void add_value(StrBuilder *b, Value text) {
    builder_str(b, text);
    release(text);
}

/* %d %u %x with l, ll, z and a width as printf has them. */
static const char *add_number(StrBuilder *b, const char *f, va_list *args) {
    char spec[16] = "%", text[64];
    size_t n = 1;
    int longs = 0;
    for (; n < 8 && ((*f >= '0' && *f <= '9') || *f == '-'); f++) spec[n++] = *f;
    for (; *f == 'l' || *f == 'z'; f++) longs += *f == 'z' ? 2 : 1;
    spec[n] = 'l', spec[n + 1] = 'l', spec[n + 2] = *f, spec[n + 3] = 0;
    long long value = longs           ? va_arg(*args, long long)
                      : *f == 'd' ? va_arg(*args, int)
                                  : (long long)va_arg(*args, unsigned);
    snprintf(text, sizeof text, spec, value);
    builder_ascii(b, text);
    return f;
}

static const char *add_limited(StrBuilder *b, const char *f, va_list *args) { /* %.100s */
    size_t limit = 0;
    for (f++; *f >= '0' && *f <= '9'; f++) limit = limit * 10 + (size_t)(*f - '0');
    const char *s = va_arg(*args, const char *);
    builder_utf8(b, s, strnlen(s, limit));
    return f;
}

static const char *add_directive(StrBuilder *b, const char *f, va_list *args) {
    switch (*f) {
    case 's': {
        const char *s = va_arg(*args, const char *);
        builder_utf8(b, s, strlen(s));
        return f;
    }
    case 'c': builder_char(b, (uint32_t)va_arg(*args, int)); return f;
    case 'U': builder_str(b, va_arg(*args, Value)); return f;
    case 'S': add_value(b, object_str(va_arg(*args, Value))); return f;
    case 'R': add_value(b, object_repr(va_arg(*args, Value))); return f;
    case 'T': {
        const char *name = type_of(va_arg(*args, Value))->name;
        builder_utf8(b, name, strlen(name));
        return f;
    }
    case 'N': {
        const char *name = va_arg(*args, Type *)->name;
        builder_utf8(b, name, strlen(name));
        return f;
    }
    case 'p': {
        char text[32];
        snprintf(text, sizeof text, "0x%llx", (unsigned long long)(uintptr_t)va_arg(*args, void *));
        builder_ascii(b, text);
        return f;
    }
    case '%': builder_char(b, '%'); return f;
    case '.': return add_limited(b, f, args);
    default: return add_number(b, f, args);
    }
}

Value str_vformat(const char *format, va_list args) {
    StrBuilder b = STR_BUILDER;
    va_list rest;
    va_copy(rest, args);
    for (const char *f = format; *f; f++) {
        if (*f == '%') {
            f = add_directive(&b, f + 1, &rest);
            continue;
        }
        const char *end = strchrnul(f, '%');
        builder_utf8(&b, f, (size_t)(end - f));
        f = end - 1;
    }
    va_end(rest);
    return builder_finish(&b);
}

Value str_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value made = str_vformat(format, args);
    va_end(args);
    return made;
}
