/* SHA-512.  Its constants are the fractions of the roots of the first primes, and are made from them. */
#include "stdlib/sha512.h"

#include <stdbool.h>
#include <string.h>

static bool is_prime(unsigned n) {
    for (unsigned d = 2; d * d <= n; d++) {
        if (n % d == 0) return false;
    }
    return true;
}

/* out = a * r, in limbs of 32 bits, least significant first. */
static void limbs_multiply(uint32_t out[9], const uint32_t a[9], const uint32_t r[3]) {
    memset(out, 0, 9 * sizeof *out);
    for (int i = 0; i < 7; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 3; j++) {
            carry += (uint64_t)a[i] * r[j] + out[i + j];
            out[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        if (i + 3 < 9) out[i + 3] = (uint32_t)carry;
    }
}

/* The first 64 bits of the fraction of the degree-th root, bit by bit: what raised to the degree stays below the prime.
 */
static uint64_t root_fraction(unsigned prime, unsigned degree) {
    unsigned whole = 1;
    while ((whole + 1) * (whole + 1) * (degree == 2 ? 1 : whole + 1) <= prime) whole++;
    uint64_t fraction = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t candidate = fraction | UINT64_C(1) << bit;
        uint32_t r[3] = {(uint32_t)candidate, (uint32_t)(candidate >> 32), whole}, power[9] = {1}, product[9];
        for (unsigned d = 0; d < degree; d++) {
            limbs_multiply(product, power, r);
            memcpy(power, product, sizeof power);
        }
        if (power[2 * degree] < prime) fraction = candidate;
    }
    return fraction;
}

typedef struct Constants {
    uint64_t initial[8], round[80];
} Constants;

static void constants_make(Constants *c) {
    unsigned prime = 2;
    for (int i = 0; i < 80; i++, prime++) {
        while (!is_prime(prime)) prime++;
        if (i < 8) c->initial[i] = root_fraction(prime, 2);
        c->round[i] = root_fraction(prime, 3);
    }
}

static uint64_t rotate(uint64_t x, int n) { return x >> n | x << (64 - n); }

static void compress(const Constants *c, uint64_t h[8], const unsigned char *block) {
    uint64_t w[80], s[8];
    for (int i = 0; i < 16; i++) {
        w[i] = 0;
        for (int j = 0; j < 8; j++) w[i] = w[i] << 8 | block[8 * i + j];
    }
    for (int i = 16; i < 80; i++) {
        uint64_t a = rotate(w[i - 15], 1) ^ rotate(w[i - 15], 8) ^ w[i - 15] >> 7;
        uint64_t b = rotate(w[i - 2], 19) ^ rotate(w[i - 2], 61) ^ w[i - 2] >> 6;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 80; i++) {
        uint64_t e = rotate(s[4], 14) ^ rotate(s[4], 18) ^ rotate(s[4], 41);
        uint64_t t1 = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + c->round[i] + w[i];
        uint64_t a = rotate(s[0], 28) ^ rotate(s[0], 34) ^ rotate(s[0], 39);
        uint64_t t2 = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

void sha512(const unsigned char *data, size_t n, unsigned char out[64]) {
    Constants c;
    constants_make(&c);
    uint64_t h[8];
    memcpy(h, c.initial, sizeof h);
    size_t left = n;
    for (; left >= 128; data += 128, left -= 128) compress(&c, h, data);
    unsigned char tail[256] = {0};
    memcpy(tail, data, left);
    tail[left] = 0x80;
    size_t size = left < 112 ? 128 : 256;
    for (int i = 0; i < 8; i++) tail[size - 1 - (size_t)i] = (unsigned char)(((uint64_t)n << 3) >> (8 * i));
    tail[size - 9] = (unsigned char)((uint64_t)n >> 61);
    for (size_t at = 0; at < size; at += 128) compress(&c, h, tail + at);
    for (int i = 0; i < 64; i++) out[i] = (unsigned char)(h[i / 8] >> (56 - 8 * (i % 8)));
}
