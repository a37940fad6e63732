/* What the figures mean: known troubles of locks like this one, each with the evidence. */
#include <stdio.h>

#include "runtime/observe/report.h"
#include "runtime/plat/clock.h"

static double seconds(int64_t ns) { return (double)ns / (double)NS_PER_SECOND; }

static double per_second(uint64_t n, int64_t wall) { return wall > 0 ? (double)n / seconds(wall) : 0; }

static bool thrashing(const RunFigures *f, const RunFacts *facts, Finding *out) {
    (void)facts;
    uint64_t wasted = f->total.gil_wasted_wakeups;
    double rate = per_second(wasted, f->wall);
    if (rate < 500 || wasted < f->total.gil_handovers / 4) return false;
    out->name = "thrashing";
    snprintf(out->evidence, sizeof out->evidence,
             "%.0f wasted wake-ups per second (%llu in all): a waiter was woken and found the lock taken again; it came to "
             "a new thread %llu times",
             rate, (unsigned long long)wasted, (unsigned long long)f->total.gil_handovers);
    out->advice = "a policy that hands the lock over (--gil=interval or fair), a longer --check-interval, or fewer threads";
    return true;
}

/* I/O comes back behind threads that compute, and waits for their interval each time. */
static bool convoy(const RunFigures *f, const RunFacts *facts, Finding *out) {
    uint64_t back = histogram_count(&f->sum.block_to_lock), late = f->sum.late;
    if (!facts->has_interval || late < 10 || late * 3 < back) return false;
    out->name = "convoy";
    int n = snprintf(out->evidence, sizeof out->evidence,
                     "%llu of %llu wake-ups from I/O or sleep waited a whole interval (%s); median %s",
                     (unsigned long long)late, (unsigned long long)back, report_time(facts->interval),
                     report_time(histogram_percentile(&f->sum.block_to_lock, 0.5)));
    uint64_t prompt = back - late;
    if (prompt >= 3)
        snprintf(out->evidence + n, sizeof out->evidence - (size_t)n, "; the others %s",
                 report_time(histogram_percentile(&f->sum.block_to_lock, 0.5 * (double)prompt / (double)back)));
    out->advice = "a shorter --switch-interval, --gil=priority, or computing in another process";
    return true;
}

static bool starvation(const RunFigures *f, const RunFacts *facts, Finding *out) {
    for (size_t i = 0; i < f->count; i++) {
        const ThreadFigures *t = &f->threads[i];
        int64_t longest = t->totals.longest_wait, waited = t->totals.spent[STATE_WANTING];
        int64_t open = t->runs && waited > longest && t->totals.spent[STATE_RUNNING] == 0 ? waited : longest;
        if (open < NS_PER_SECOND / 2 || (facts->has_interval && open < 8 * facts->interval)) continue;
        out->name = "starvation";
        snprintf(out->evidence, sizeof out->evidence,
                 "%s once waited %s for the lock, and %.0f%% of its time in all; others held it for %.0f%% of the run",
                 t->name, report_time(open), t->wall ? 100.0 * (double)waited / (double)t->wall : 0,
                 100.0 * (double)(f->held - t->totals.spent[STATE_RUNNING]) / (double)f->wall);
        out->advice = "a policy with a queue (--gil=fair), or fewer busy threads";
        return true;
    }
    return false;
}

static bool inversion(const RunFigures *f, const RunFacts *facts, Finding *out) {
    (void)f;
    unsigned n = facts->inversions ? facts->inversions(NULL, "") : 0;
    if (n == 0) return false;
    out->name = "lock-order inversion";
    snprintf(out->evidence, sizeof out->evidence,
             "%u pair%s of locks taken in both orders; this run did not deadlock, another one can", n, n == 1 ? "" : "s");
    out->advice = "take locks in one order everywhere, or both under a third";
    return true;
}

unsigned report_diagnose(const RunFigures *figures, const RunFacts *facts, Finding *out) {
    static bool (*const checks[])(const RunFigures *, const RunFacts *, Finding *) = {thrashing, convoy, starvation,
                                                                                    inversion};
    unsigned n = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i](figures, facts, &out[n])) n++;
    return n;
}
