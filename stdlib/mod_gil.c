/* gil: the lock, seen from the script. */
#include "stdlib/stdlib.h"

#include "runtime/conc/gil.h"
#include "runtime/conc/thread.h"

static Value policy(const Value *args, size_t count) { return str_from(gil_policy->name); }
static Value enabled(const Value *args, size_t count) { return TRUE_VALUE; }

static Value holder(const Value *args, size_t count) {
    Thread *thread = gil_holder();
    return thread ? int_from_uint64(thread->ident) : NONE;
}

static bool set_counters(Value dict, const Counters *counters) {
    for (unsigned i = 0; i < counter_count; i++) {
        Value n = int_from_uint64(counter_read(counters, i));
        bool done = is_set(n) && dict_set_utf8(dict, counter_rows[i].name, n);
        release(n);
        if (!done) return false;
    }
    return true;
}

/* The list of threads is locked while it is walked, so nothing is allocated meanwhile. */
enum { SHOWN = 256 };
typedef struct Snapshot {
    size_t count;
    struct {
        uint64_t ident;
        Counters counters;
    } rows[SHOWN];
} Snapshot;

static bool copy_thread(Thread *thread, void *context) {
    Snapshot *s = context;
    s->rows[s->count].ident = thread->ident;
    for (unsigned i = 0; i < counter_count; i++)
        atomic_store_explicit((_Atomic uint64_t *)&s->rows[s->count].counters + i, counter_read(&thread->counters, i),
                              memory_order_relaxed);
    return ++s->count < SHOWN;
}

static Value thread_dicts(const Snapshot *s) {
    Value threads = dict_new();
    for (size_t i = 0; i < s->count && is_set(threads); i++) {
        Value row = dict_new(), ident = int_from_uint64(s->rows[i].ident);
        bool done =
            is_set(row) && is_set(ident) && set_counters(row, &s->rows[i].counters) && dict_set(threads, ident, row);
        release(row);
        release(ident);
        if (!done) clear(&threads);
    }
    return threads;
}

/* {"policy", "switches", "total": counters, "threads": {ident: counters of the running threads}} */
static Value stats(const Value *args, size_t count) {
    Snapshot *s = raw_allocate_zeroed(sizeof *s);
    if (!s) return raise_memory_error();
    thread_each(copy_thread, s);
    Counters total = {0};
    thread_total_counters(&total);
    Value result = dict_new(), sum = dict_new(), threads = thread_dicts(s), name = policy(NULL, 0),
          switches = int_from_uint64(gil_switches());
    raw_free(s);
    bool done = is_set(result) && is_set(sum) && is_set(threads) && set_counters(sum, &total) &&
                dict_set_utf8(result, "policy", name) && dict_set_utf8(result, "switches", switches) &&
                dict_set_utf8(result, "total", sum) && dict_set_utf8(result, "threads", threads);
    release(sum);
    release(threads);
    release(name);
    release(switches);
    if (!done) clear(&result);
    return result;
}

static const NativeDef functions[] = {
    FUNCTION("policy", "", policy, "The name of the policy that decides who holds the lock."),
    FUNCTION("enabled", "", enabled, "Is there a lock?"),
    FUNCTION("holder", "", holder, "The identity of the thread that holds the lock."),
    FUNCTION("stats", "", stats, "What was counted: for the process and for each running thread."),
    NATIVE_END,
};

const ModuleDef mod_gil = {"gil", "The Global Interpreter Lock.", functions, NULL, NULL};
