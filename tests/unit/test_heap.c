/* The allocator: contents survive, memory is reused and given back, other threads may free, objects can be listed. */
#include "runtime/mem/gc.h"
#include "runtime/mem/heap.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Pair {
    Object head;
    Value a, b;
} Pair;

static int destroyed, finalized;

static void pair_destroy(Object *o) {
    Pair *p = (Pair *)o;
    destroyed++;
    release(p->a);
    release(p->b);
    object_free(o);
}
static int pair_traverse(Object *o, Visit visit, void *context) {
    Pair *p = (Pair *)o;
    int r = visit(p->a, context);
    return r ? r : visit(p->b, context);
}
static void pair_clear(Object *o) {
    clear(&((Pair *)o)->a);
    clear(&((Pair *)o)->b);
}
static Pair *order[8];
static Value saved;
static bool pair_finalize(Object *o) {
    if (finalized < 8) order[finalized] = (Pair *)o;
    finalized++;
    if (is_none(((Pair *)o)->b)) saved = retain(from_object(o));
    return true;
}

static Type pair_type = {.head = OBJECT_STATIC(NULL), .name = "pair", .flags = TYPE_GC, .destroy = pair_destroy,
                         .traverse = pair_traverse, .clear = pair_clear};
static Type final_type = {.head = OBJECT_STATIC(NULL), .name = "final", .flags = TYPE_GC, .destroy = pair_destroy,
                          .traverse = pair_traverse, .clear = pair_clear, .finalize = pair_finalize};

static Pair *pair_new(Type *type) { return object_allocate(type, sizeof(Pair)); }

static void test_raw(void) {
    enum { N = 3000 };
    static unsigned char *blocks[N];
    static size_t sizes[N];
    srand(7);
    for (int round = 0; round < 40000; round++) {
        int i = rand() % N;
        size_t size = (size_t)rand() % (round % 50 == 0 ? 300000 : round % 5 == 0 ? 9000 : 300);
        if (blocks[i] && rand() % 2) {
            size_t kept = size < sizes[i] ? size : sizes[i];
            blocks[i] = raw_reallocate(blocks[i], size);
            if (kept) CHECK(blocks[i][0] == (unsigned char)i && blocks[i][kept - 1] == (unsigned char)i);
        } else {
            if (blocks[i] && sizes[i]) CHECK(blocks[i][sizes[i] / 2] == (unsigned char)i);
            raw_free(blocks[i]);
            blocks[i] = raw_allocate(size);
        }
        CHECK(((uintptr_t)blocks[i] & 15) == 0 && raw_usable_size(blocks[i]) >= size);
        memset(blocks[i], i, size);
        sizes[i] = size;
    }
    for (int i = 0; i < N; i++) raw_free(blocks[i]);
    unsigned char *zero = raw_allocate_zeroed(100000);
    for (int i = 0; i < 100000; i++) unit_failures += zero[i] != 0;
    raw_free(zero);
    CHECK(raw_allocate(SIZE_MAX / 2) == NULL);
    char *grown = raw_allocate(10);
    for (size_t size = 10; size < 50000000; size *= 2) {
        grown = raw_reallocate(grown, size);
        grown[size - 1] = 'x';
    }
    raw_free(grown);
}

/* 0 where the system does not say, or a sanitizer makes the figure meaningless. */
static size_t resident_bytes(void) {
    size_t total = 0, resident = 0;
#ifdef __OPTIMIZE__
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f) return 0;
    if (fscanf(f, "%zu %zu", &total, &resident) != 2) resident = 0;
    fclose(f);
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    resident = 0;
#endif
    return total ? resident * 4096 : 0;
}

static void test_memory_returns(void) {
    enum { N = 200000 };
    void **blocks = calloc(N, sizeof *blocks);
    for (int i = 0; i < N; i++) blocks[i] = raw_allocate(200);
    for (int i = 0; i < N; i++) raw_free(blocks[i]);
    CHECK(heap_figures().bytes_in_use < 1 << 20);
    free(blocks);
    CHECK(resident_bytes() < 16 << 20);
}

static void *free_all(void *blocks) {
    for (void **b = blocks; *b; b++) raw_free(*b);
    void *mine = raw_allocate(64);
    heap_thread_end();
    return mine;
}

static void test_remote(void) {
    enum { N = 5000 };
    static void *blocks[N + 1];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++) blocks[i] = raw_allocate(64);
        pthread_t t;
        void *left;
        pthread_create(&t, NULL, free_all, blocks);
        pthread_join(t, &left);
        raw_free(left);
    }
    CHECK(heap_figures().bytes_in_use < 1 << 20);
}

static bool count_one(Object *o, void *context) {
    (void)o;
    ++*(size_t *)context;
    return true;
}

static void test_cycles(void) {
    destroyed = 0;
    Pair *kept = pair_new(&pair_type);
    for (int i = 0; i < 1000; i++) {
        Pair *x = pair_new(&pair_type), *y = pair_new(&pair_type);
        x->a = from_object(y);
        y->a = from_object(x);
        if (i == 500) kept->a = retain(from_object(x));
    }
    CHECK(destroyed == 0);
    CHECK(gc_collect(2) == 1998);
    CHECK(destroyed == 1998);
    size_t n = 0;
    heap_each_object(count_one, &n, true);
    CHECK(n == 3);
    object_release(kept);
    CHECK(gc_collect(2) == 2);
    CHECK(gc_collect(2) == 0);
    CHECK(heap_collected_count() == 0);
}

static void test_finalizers(void) {
    finalized = destroyed = 0;
    Pair *p[3];
    for (int i = 0; i < 3; i++) p[i] = pair_new(&final_type);
    for (int i = 0; i < 3; i++) p[i]->a = from_object(p[(i + 1) % 3]);
    CHECK(gc_collect(2) == 3);
    CHECK(finalized == 3 && order[0] == p[0] && order[1] == p[1] && order[2] == p[2]);
    Pair *back = pair_new(&final_type);
    back->a = from_object(back);
    back->b = NONE;
    CHECK(gc_collect(2) == 0);
    CHECK(as_object(saved) == &back->head && rc_load(&back->head.count) == 2);
    clear(&saved);
    CHECK(gc_collect(2) == 1);
    CHECK(finalized == 4 && destroyed == 4);
    Pair *alone = pair_new(&final_type);
    alone->b = NONE;
    object_release(alone);
    CHECK(finalized == 5 && destroyed == 4);
    clear(&saved);
    CHECK(finalized == 5 && destroyed == 5);
}

static void test_depth(void) {
    destroyed = 0;
    Value chain = UNSET;
    for (int i = 0; i < 1000000; i++) {
        Pair *p = pair_new(&pair_type);
        p->a = chain;
        chain = from_object(p);
    }
    release(chain);
    CHECK(destroyed == 1000000);
    CHECK(heap_collected_count() == 0);
}

int main(void) {
    test_raw();
    test_memory_returns();
    test_remote();
    test_cycles();
    test_finalizers();
    test_depth();
    return UNIT_END();
}
