/* Durations in buckets. */
#include "runtime/observe/histogram.h"

enum { STEPS = 16, STEP_BITS = 4 };

/* Below 16 each value has its bucket; above, the four bits behind the highest one choose among 16. */
static unsigned bucket_of(int64_t ns) {
    if (ns < STEPS) return ns < 0 ? 0 : (unsigned)ns;
    unsigned high = 63 - (unsigned)__builtin_clzll((uint64_t)ns);
    unsigned bucket = (high - STEP_BITS + 1) * STEPS + (unsigned)((ns >> (high - STEP_BITS)) & (STEPS - 1));
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static int64_t bucket_start(unsigned bucket) {
    if (bucket < STEPS) return bucket;
    unsigned octave = bucket / STEPS - 1;
    return (int64_t)(STEPS + bucket % STEPS) << octave;
}

static uint32_t read_bucket(const Histogram *h, unsigned i) {
    return atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
}
static void add_to(Histogram *h, unsigned i, uint32_t n) {
    atomic_store_explicit(&h->buckets[i], read_bucket(h, i) + n, memory_order_relaxed);
}

void histogram_add(Histogram *h, int64_t ns) { add_to(h, bucket_of(ns), 1); }

void histogram_merge(Histogram *to, const Histogram *from, const Histogram *less) {
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        add_to(to, i, read_bucket(from, i) - (less ? read_bucket(less, i) : 0));
}

static uint64_t count_between(const Histogram *h, unsigned from, unsigned to) {
    uint64_t n = 0;
    for (unsigned i = from; i < to; i++) n += read_bucket(h, i);
    return n;
}
uint64_t histogram_count(const Histogram *h) { return count_between(h, 0, HISTOGRAM_BUCKETS); }
uint64_t histogram_count_from(const Histogram *h, int64_t ns) {
    return count_between(h, bucket_of(ns), HISTOGRAM_BUCKETS);
}

int64_t histogram_percentile(const Histogram *h, double part) {
    uint64_t all = histogram_count(h), below = 0;
    if (all == 0) return 0;
    uint64_t rank = (uint64_t)(part * (double)(all - 1));
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t n = read_bucket(h, i);
        if (below + n > rank) {
            int64_t start = bucket_start(i), width = bucket_start(i + 1) - start;
            return start + (int64_t)((double)width * ((double)(rank - below) + 0.5) / (double)n);
        }
        below += n;
    }
    return bucket_start(HISTOGRAM_BUCKETS);
}
