/* SHA-512 (FIPS 180-4), for seeding random generators with text. */
#ifndef STDLIB_SHA512_H
#define STDLIB_SHA512_H

#include <stddef.h>
#include <stdint.h>

void sha512(const unsigned char *data, size_t n, unsigned char out[64]);

#endif
