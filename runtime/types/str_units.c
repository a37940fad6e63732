/* Copying, filling and scanning code units. */
#include "runtime/types/str_units.h"

#define COPY_LOOP(To, From)                                                                                            \
    do {                                                                                                               \
        To *t_ = (To *)to + at;                                                                                        \
        const From *f_ = (const From *)from + start;                                                                   \
        for (size_t i = 0; i < n; i++) t_[i] = (To)f_[i];                                                              \
    } while (0)

void units_convert(void *to, unsigned to_width, size_t at, const void *from, unsigned from_width, size_t start,
                   size_t n) {
    switch (to_width * 8 + from_width) {
    case 2 * 8 + 1: COPY_LOOP(uint16_t, uint8_t); break;
    case 4 * 8 + 1: COPY_LOOP(uint32_t, uint8_t); break;
    case 4 * 8 + 2: COPY_LOOP(uint32_t, uint16_t); break;
    case 1 * 8 + 2: COPY_LOOP(uint8_t, uint16_t); break;
    case 1 * 8 + 4: COPY_LOOP(uint8_t, uint32_t); break;
    default: COPY_LOOP(uint16_t, uint32_t); break;
    }
}

void units_fill(void *to, unsigned width, size_t at, uint32_t c, size_t n) {
    if (width == 1) memset((char *)to + at, (int)c, n);
    else
        for (size_t i = 0; i < n; i++) unit_put(to, width, at + i, c);
}

static bool bytes_are_ascii(const uint8_t *p, size_t n) {
    uint64_t all = 0, word;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        all |= word;
    }
    for (; n; n--) all |= (uint64_t)*p++;
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* The units or-ed together, by words. */
static uint32_t units_or(const uint8_t *p, unsigned width, size_t n) {
    uint64_t all = 0, word, next;
    size_t bytes = n * width;
    for (; bytes >= 16; p += 16, bytes -= 16) {
        memcpy(&word, p, 8);
        memcpy(&next, p + 8, 8);
        all |= word | next;
    }
    uint32_t result = (uint32_t)(all | all >> 32);
    if (width == 2) result = (result | result >> 16) & 0xFFFF;
    for (size_t i = 0; i < bytes / width; i++) result |= unit_at(p, width, i);
    return result;
}

uint32_t units_max(const void *data, unsigned width, size_t n) {
    if (width == 1) return bytes_are_ascii(data, n) ? MAX_ASCII : MAX_LATIN1;
    uint32_t all = units_or(data, width, n);
    return all <= MAX_ASCII ? MAX_ASCII : all <= MAX_LATIN1 ? MAX_LATIN1 : all <= MAX_UCS2 ? MAX_UCS2 : MAX_UNICODE;
}

int64_t units_find(const void *data, unsigned width, size_t start, size_t stop, uint32_t c) {
    if (width == 1) {
        if (c > MAX_LATIN1) return -1;
        const uint8_t *hit = memchr((const uint8_t *)data + start, (int)c, stop - start);
        return hit ? hit - (const uint8_t *)data : -1;
    }
    for (size_t i = start; i < stop; i++)
        if (unit_at(data, width, i) == c) return (int64_t)i;
    return -1;
}

int64_t units_rfind(const void *data, unsigned width, size_t start, size_t stop, uint32_t c) {
    if (width == 1) {
        const uint8_t *hit = c > MAX_LATIN1 ? NULL : memrchr((const uint8_t *)data + start, (int)c, stop - start);
        return hit ? hit - (const uint8_t *)data : -1;
    }
    for (size_t i = stop; i-- > start;)
        if (unit_at(data, width, i) == c) return (int64_t)i;
    return -1;
}
