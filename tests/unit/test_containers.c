/* dict against a plain model under random changes; list_sort against a stable reference. */
#include "runtime/types/dict.h"

#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/tuple.h"
#include "tests/unit/runtime.h"

#include <string.h>

static uint32_t next_random(void) {
    static uint32_t state = 12345;
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

enum { KEYS = 700 };

/* A key is a small int or, when `text`, a str; its value is what was stored last, or -1. */
static Value key_of(int i, bool text) { return text ? str_format("key %d", i) : from_small_int(i * 16); }

static void check_against(Value dict, const int *model, bool text) {
    size_t count = 0, position = 0, seen = 0;
    Value key, value;
    for (int i = 0; i < KEYS; i++) {
        Value wanted = key_of(i, text), found;
        int is = dict_find(dict, wanted, &found);
        CHECK(is == (model[i] >= 0));
        if (is == 1) CHECK(same(found, from_small_int(model[i])));
        count += model[i] >= 0;
        release(wanted);
    }
    while (dict_next(dict, &position, &key, &value)) seen++;
    CHECK(dict_length(dict) == count && seen == count);
}

static void test_dict(bool text) {
    static int model[KEYS];
    memset(model, -1, sizeof model);
    Value dict = dict_new();
    for (int round = 0; round < 60000; round++) {
        int i = (int)(next_random() % KEYS);
        Value key = key_of(i, text);
        if (next_random() % 5 < (round / 10000 % 2 ? 4u : 1u)) {
            CHECK(dict_remove(dict, key, NULL) == (model[i] >= 0));
            model[i] = -1;
        } else {
            CHECK(dict_set(dict, key, from_small_int(round)));
            model[i] = round;
        }
        release(key);
        if (round % 6000 == 0) check_against(dict, model, text);
    }
    check_against(dict, model, text);
    Value copy = dict_copy(dict);
    CHECK(dict_equal(copy, dict) == 1);
    dict_clear(dict);
    CHECK(dict_length(dict) == 0 && dict_equal(copy, dict) == 0);
    check_against(copy, model, text);
    release(copy);
    release(dict);
}

/* Keys of a str table and others mixed: the table changes its kind on the way, and keeps the order of insertion. */
static void test_dict_changes_kind(void) {
    Value dict = dict_new(), key, value;
    for (int i = 0; i < 100; i++) {
        Value k = key_of(i, i % 10 != 9);
        CHECK(dict_set(dict, k, from_small_int(i)));
        release(k);
    }
    size_t position = 0;
    int expected = 0;
    while (dict_next(dict, &position, &key, &value)) CHECK(same(value, from_small_int(expected++)));
    CHECK(expected == 100);
    release(dict);
}

/* Pairs (key, number): after a stable sort, equal keys keep their numbers in order. */
static void check_sorted(size_t n, uint32_t range, int shape) {
    Value list = list_new(n);
    for (size_t i = 0; i < n; i++) {
        int64_t key = shape == 0 ? (int64_t)(next_random() % range) : shape == 1 ? (int64_t)(i / 3) : (int64_t)(n - i) / 2;
        if (shape && next_random() % 50 == 0) key = (int64_t)(next_random() % (n + 1));
        CHECK(list_append_steal(list, tuple_pack(2, from_small_int(key), from_small_int((int64_t)i))));
    }
    CHECK(list_sort(list, UNSET, false));
    for (size_t i = 1; i < n; i++) {
        Value a = as_list(list)->items[i - 1], b = as_list(list)->items[i];
        int64_t ka, kb, na, nb;
        bool read = int_fits_int64(tuple_at(a, 0), &ka) && int_fits_int64(tuple_at(b, 0), &kb) &&
                    int_fits_int64(tuple_at(a, 1), &na) && int_fits_int64(tuple_at(b, 1), &nb);
        if (!read || ka > kb || (ka == kb && na >= nb)) CHECK(!"sorted and stable");
    }
    CHECK(as_list(list)->length == n);
    release(list);
}

static void test_sort(void) {
    for (size_t n = 0; n < 140; n++)
        for (int shape = 0; shape < 3; shape++) check_sorted(n, 10, shape);
    for (size_t n = 1000; n < 60000; n = n * 3 + 7)
        for (int shape = 0; shape < 3; shape++) check_sorted(n, (uint32_t)n, shape);
}

int main(void) {
    runtime_start();
    test_dict(false);
    test_dict(true);
    test_dict_changes_kind();
    test_sort();
    return UNIT_END();
}
