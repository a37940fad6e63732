/* UTF-8: what is valid and what is not, and every code point there and back. */
#include "runtime/types/codecs.h"

#include "tests/unit/runtime.h"

#include <string.h>

/* How many of the bytes are valid, from the start. */
static size_t valid(const char *bytes, size_t n) {
    size_t points;
    uint32_t max;
    return utf8_scan((const unsigned char *)bytes, n, &points, &max);
}

static void test_code_points(void) {
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c < 0xE000) continue;
        char text[4];
        size_t points, size = utf8_put(c, text);
        uint32_t max = 0, back = 0;
        bool whole = utf8_scan((const unsigned char *)text, size, &points, &max) == size;
        if (whole) utf8_decode_valid((const unsigned char *)text, size, &back, 4);
        if (!whole || points != 1 || max < c || back != c) CHECK(!"a code point comes back");
    }
    CHECK(true);
}

static void test_invalid(void) {
    static const struct {
        const char *bytes;
        size_t size, good;
    } rows[] = {
        {"abc", 3, 3}, {"a\x80", 2, 1}, {"\xC0\x80", 2, 0}, {"\xC1\xBF", 2, 0}, {"a\xC3", 2, 1}, {"\xE0\x80\x80", 3, 0},
        {"\xE2\x82", 2, 0}, {"\xED\xA0\x80", 3, 0}, {"\xED\x9F\xBF", 3, 3}, {"\xF0\x8F\xBF\xBF", 4, 0}, {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0}, {"\xF5\x80\x80\x80", 4, 0}, {"\xFF", 1, 0}, {"ab\xE2\x82\xAC\xE2", 6, 5}, {"0123456789abcdef\xFE", 17, 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) CHECK(valid(rows[i].bytes, rows[i].size) == rows[i].good);
}

static void test_widths(void) {
    static const char *const texts[] = {"", "ascii", "caf\xC3\xA9", "\xE2\x82\xAC euro", "\xF0\x9F\x98\x80 smile", "mixed \xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"};
    static const size_t lengths[] = {0, 5, 4, 6, 7, 9};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Value v = str_from(texts[i]);
        size_t size;
        const char *back = str_utf8(v, &size);
        CHECK(str_length(v) == lengths[i] && size == strlen(texts[i]) && memcmp(back, texts[i], size) == 0);
        CHECK(utf8_length(as_str(v)) == size);
        release(v);
    }
}

int main(void) {
    runtime_start();
    test_code_points();
    test_invalid();
    test_widths();
    return UNIT_END();
}
