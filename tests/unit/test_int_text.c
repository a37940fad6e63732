/* Integers and their text, in all bases and sizes, against GMP. */
#include "runtime/types/int.h"

#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "tests/unit/runtime.h"

#include <gmp.h>
#include <string.h>

static Value parse(const char *text, int base) {
    Value source = str_from(text), n = int_parse(source, base);
    release(source);
    return n;
}

static void test_round_trip(void) {
    gmp_randstate_t random;
    gmp_randinit_default(random);
    gmp_randseed_ui(random, 5);
    mpz_t n;
    mpz_init(n);
    for (int bits = 1; bits < 9000; bits += bits / 7 + 1) {
        mpz_urandomb(n, random, (mp_bitcnt_t)bits);
        if (bits % 2) mpz_neg(n, n);
        for (int base = 2; base <= 36; base += 17) {
            char *text = mpz_get_str(NULL, base, n), *decimal = mpz_get_str(NULL, 10, n);
            Value v = parse(text, base);
            CHECK(is_set(v) && is_text(object_repr(v), decimal));
            release(v);
            free(text);
            free(decimal);
        }
    }
    mpz_clear(n);
    gmp_randclear(random);
}

static void test_boundaries(void) {
    for (int shift = 44; shift <= 66; shift++) {
        for (int delta = -2; delta <= 2; delta++) {
            mpz_t n;
            mpz_init_set_ui(n, 1);
            mpz_mul_2exp(n, n, (mp_bitcnt_t)shift);
            if (delta < 0) mpz_sub_ui(n, n, 2);
            else mpz_add_ui(n, n, (unsigned)delta);
            char *text = mpz_get_str(NULL, 10, n);
            Value v = parse(text, 10);
            int64_t small;
            CHECK(int_fits_int64(v, &small) == (mpz_fits_slong_p(n) != 0));
            if (mpz_fits_slong_p(n)) CHECK(small == mpz_get_si(n));
            CHECK(is_text(object_repr(v), text));
            release(v);
            free(text);
            mpz_clear(n);
        }
    }
}

static void test_wrong(void) {
    static const char *const wrong[] = {"", " ", "-", "1__0", "_1", "1_", "12a", "0x", "1.0", "+ 1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(is_unset(parse(wrong[i], 10)) && raised(&ValueError_type));
    Value v = parse(" -0xFf ", 16);
    CHECK(is_set(v) && is_text(object_repr(v), "-255"));
    release(v);
}

int main(void) {
    runtime_start();
    release(parse("123456789012345678901234567890", 10)); /* scr's numbers have taken GMP's allocator: */
    mp_set_memory_functions(NULL, NULL, NULL);               /* here it is the usual one again */
    test_round_trip();
    test_boundaries();
    test_wrong();
    return UNIT_END();
}
