/* Searching bytes: places where both the first and the last byte fit, sixteen at a time, are compared in full.
 *
 * Data can be made so that nearly all places fit but for the middle.  So comparisons have a budget in proportion to the
 * data: when it is spent, memmem goes on, which is linear but slower to start and to run.
 */
#include "runtime/types/search.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint8_t Block __attribute__((vector_size(16)));

enum { BLOCK = sizeof(Block) };

static inline Block block_at(const uint8_t *p) {
    Block b;
    return memcpy(&b, p, sizeof b), b;
}

static inline Block block_of(uint8_t c) {
    return (Block){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

/* A bit for each byte that is all ones. */
static inline unsigned bits_of(Block b) {
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)b);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < BLOCK; i++) bits |= (unsigned)(b[i] & 1) << i;
    return bits;
#endif
}

/* The places in p[0..16) where the first byte and the last one, m - 1 behind it, fit: a bit each. */
static inline unsigned fits(const uint8_t *p, size_t m, Block first, Block last) {
    return bits_of((Block)((block_at(p) == first) & (block_at(p + m - 1) == last)));
}

/* The first of these places that holds the needle. */
static const uint8_t *in_block(const uint8_t *p, unsigned places, const uint8_t *needle, size_t m, size_t *budget) {
    for (; places; places &= places - 1) {
        const uint8_t *at = p + __builtin_ctz(places);
        if (m < 3 || memcmp(at + 1, needle + 1, m - 2) == 0) return at;
        *budget = *budget > m ? *budget - m : 0;
    }
    return NULL;
}

static const uint8_t *search_short(const uint8_t *p, const uint8_t *end, const uint8_t *needle, size_t m) {
    for (; p < end; p++)
        if (p[0] == needle[0] && p[m - 1] == needle[m - 1] && memcmp(p, needle, m) == 0) return p;
    return NULL;
}

const uint8_t *search_first(const uint8_t *data, size_t n, const uint8_t *needle, size_t m) {
    if (m == 1) return memchr(data, needle[0], n);
    if (m > n) return NULL;
    const uint8_t *p = data, *end = data + n - m + 1;
    Block first = block_of(needle[0]), last = block_of(needle[m - 1]);
    size_t budget = 8 * n + 64;
    for (; p + BLOCK <= end; p += BLOCK) {
        unsigned found = fits(p, m, first, last);
        if (!found) continue;
        const uint8_t *hit = in_block(p, found, needle, m, &budget);
        if (hit) return hit;
        if (!budget) return memmem(p + BLOCK, n - (size_t)(p + BLOCK - data), needle, m);
    }
    return search_short(p, end, needle, m);
}

const uint8_t *search_last(const uint8_t *data, size_t n, const uint8_t *needle, size_t m) {
    if (m > n) return NULL;
    size_t places = n - m + 1;
    while (places) {
        const uint8_t *tail = memrchr(data + m - 1, needle[m - 1], places);
        if (!tail) return NULL;
        const uint8_t *hit = tail - (m - 1);
        if (hit[0] == needle[0] && memcmp(hit, needle, m) == 0) return hit;
        places = (size_t)(hit - data);
    }
    return NULL;
}

size_t search_count(const uint8_t *data, size_t n, uint8_t c) {
    size_t count = 0, i = 0;
    Block wanted = block_of(c);
    for (; i + BLOCK <= n; i += BLOCK)
        count += (size_t)__builtin_popcount(bits_of((Block)(block_at(data + i) == wanted)));
    for (; i < n; i++) count += data[i] == c;
    return count;
}

void search_exchange(uint8_t *data, size_t n, uint8_t from, uint8_t to) {
    size_t i = 0;
    Block old = block_of(from), change = block_of(from ^ to);
    for (; i + BLOCK <= n; i += BLOCK) {
        Block b = block_at(data + i);
        b ^= (Block)(b == old) & change;
        memcpy(data + i, &b, sizeof b);
    }
    for (; i < n; i++) data[i] = data[i] == from ? to : data[i];
}
