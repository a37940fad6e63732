/* Floats as text: the shortest digits that read back, digits on request, rounding. */
#include "runtime/types/float_text.h"

#include "runtime/types/float.h"
#include "runtime/types/object.h"
#include "tests/unit/runtime.h"

#include <math.h>
#include <string.h>

static Value repr(double d) {
    Value v = from_double(d), text = object_repr(v);
    release(v);
    return text;
}

static void test_known(void) {
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"}, {1e16, "1e+16"}, {1e15, "1000000000000000.0"}, {9007199254740993.0, "9007199254740992.0"},
        {1e22, "1e+22"}, {1e23, "1e+23"}, {9.5367431640625e-07, "9.5367431640625e-07"}, {0.0001, "0.0001"}, {0.00001, "1e-05"}, {-0.0, "-0.0"},
        {123456789.125, "123456789.125"}, {4.35, "4.35"}, {2.0 / 3, "0.6666666666666666"}, {8.41e21, "8.41e+21"}, {2.98023223876953125e-8, "2.9802322387695312e-08"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) CHECK(is_text(repr(known[i].value), known[i].text));
}

/* A number from random bits, so that every exponent is met. */
static double random_double(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    uint64_t bits = *state ^ *state >> 29;
    double d;
    memcpy(&d, &bits, sizeof d);
    return isfinite(d) ? d : 1.5;
}

static double read_back(const ShortDigits *digits) {
    char text[64];
    snprintf(text, sizeof text, "0.%.*se%d", digits->count, digits->digits, digits->point);
    return strtod(text, NULL);
}

/* Reads back, and one digit less does not: rounded to count - 1 digits it is another number. */
static void test_random(void) {
    uint64_t state = 7;
    for (int i = 0; i < 200000; i++) {
        double d = fabs(random_double(&state));
        ShortDigits digits;
        float_shortest(d, &digits);
        CHECK(read_back(&digits) == d);
        if (digits.count < 2) continue;
        char shorter[64];
        snprintf(shorter, sizeof shorter, "%.*e", digits.count - 2, d);
        CHECK(strtod(shorter, NULL) != d);
    }
}

static void test_reading(void) {
    uint64_t state = 11;
    for (int i = 0; i < 20000; i++) {
        double d = random_double(&state);
        char text[64];
        const char *end;
        snprintf(text, sizeof text, "%.17g", d);
        CHECK(float_read_decimal(text, &end) == d && *end == 0);
    }
}

static void test_format(void) {
    static const struct {
        double value;
        char type;
        int precision;
    } rows[] = {{2.5, 'f', 0}, {0.125, 'f', 2}, {1e300, 'f', 3}, {1234.5678, 'e', 3}, {0.00012345, 'g', 3}, {99.5, 'g', 2}, {5e-324, 'e', 30}, {1.0 / 3, 'f', 60}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[512], out[512], format[8] = {'%', '.', '*', rows[i].type};
        size_t length;
        snprintf(expected, sizeof expected, format, rows[i].precision, rows[i].value);
        char *text = float_format(rows[i].value, rows[i].type, rows[i].precision, false, false, out, sizeof out, &length);
        CHECK(text == out && length == strlen(expected) && memcmp(out, expected, length) == 0);
    }
    CHECK(float_round(2.675, 2) == 2.67 && float_round(0.5, 0) == 0.0 && float_round(1234.5, -2) == 1200.0);
}

int main(void) {
    runtime_start();
    test_known();
    test_random();
    test_reading();
    test_format();
    return UNIT_END();
}
