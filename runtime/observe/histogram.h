/* Durations in buckets, 16 to an octave: percentiles to about 3%.  One writer, any readers. */
#ifndef OBSERVE_HISTOGRAM_H
#define OBSERVE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 40 * 16 };

typedef struct Histogram {
    _Atomic uint32_t buckets[HISTOGRAM_BUCKETS];
} Histogram;

void histogram_add(Histogram *h, int64_t ns);
/* to += from - less; less may be NULL. */
void histogram_merge(Histogram *to, const Histogram *from, const Histogram *less);
uint64_t histogram_count(const Histogram *h);
uint64_t histogram_count_from(const Histogram *h, int64_t ns); /* how many lasted at least that long */
/* The duration that `part` (0 to 1) of all do not exceed, in ns; 0 when there are none. */
int64_t histogram_percentile(const Histogram *h, double part);

#endif
