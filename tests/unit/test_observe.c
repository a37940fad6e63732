/* Tests of runtime/observe: durations in buckets, rings of events. */
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/observe/histogram.h"
#include "runtime/observe/ring.h"
#include "tests/unit/unit.h"

static bool is_near(int64_t value, int64_t wanted) {
    int64_t off = value > wanted ? value - wanted : wanted - value;
    return off * 100 <= wanted * 7;
}

static void test_percentiles(void) {
    static Histogram h, sum;
    CHECK(histogram_percentile(&h, 0.5) == 0);
    for (int64_t i = 1; i <= 1000; i++) histogram_add(&h, i * 1000);
    CHECK(histogram_count(&h) == 1000);
    CHECK(is_near(histogram_percentile(&h, 0.5), 500000));
    CHECK(is_near(histogram_percentile(&h, 0.9), 900000));
    CHECK(is_near(histogram_percentile(&h, 0.99), 990000));
    CHECK(histogram_count_from(&h, 900000) >= 100 && histogram_count_from(&h, 900000) <= 160);
    histogram_merge(&sum, &h, NULL);
    histogram_merge(&sum, &h, &h);
    CHECK(histogram_count(&sum) == 1000);
    histogram_add(&h, INT64_MAX);
    histogram_add(&h, -5);
    CHECK(histogram_count(&h) == 1002);
}

static void test_ring(void) {
    Ring *ring = ring_new(4);
    size_t count;
    uint64_t missing;
    CHECK(ring != NULL);
    for (unsigned i = 0; i < 10; i++) ring_add(ring, i * 100, i % 3, i);
    Event *events = ring_copy(ring, &count, &missing);
    CHECK(count == 10 && missing == 0);
    CHECK(events[7].at == 700 && events[7].kind == 1 && events[7].detail == 7);
    free(events);
    for (unsigned i = 10; i < 40; i++) ring_add(ring, i * 100, 0, i);
    events = ring_copy(ring, &count, &missing);
    CHECK(count == 16 && missing == 24 && events[0].detail == 24 && events[15].detail == 39);
    free(events);
    free(ring);
}

static void test_names(void) {
    uint64_t first = event_name_add("one"), second = event_name_add("two");
    CHECK(first != second && strcmp(event_name(second), "two") == 0 && strcmp(event_name(1000), "?") == 0);
}

int main(void) {
    test_percentiles();
    test_ring();
    test_names();
    return UNIT_END();
}
