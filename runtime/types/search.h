/* Searching bytes for bytes, in linear time whatever the data. */
#ifndef TYPES_SEARCH_H
#define TYPES_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* The first, the last place of the needle, NULL: absent.  The needle is not empty. */
const uint8_t *search_first(const uint8_t *data, size_t n, const uint8_t *needle, size_t m);
const uint8_t *search_last(const uint8_t *data, size_t n, const uint8_t *needle, size_t m);

/* How often a byte is there; another one in its place everywhere. */
size_t search_count(const uint8_t *data, size_t n, uint8_t c);
void search_exchange(uint8_t *data, size_t n, uint8_t from, uint8_t to);

#endif
