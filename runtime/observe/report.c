/* The figures of a run, as text and as JSON. */
#include "runtime/observe/report.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/plat/clock.h"

enum { ROWS_MAX = 60 }; /* threads in the text */

static void add_totals(Totals *sum, const Totals *t) {
    for (int i = 0; i < STATES; i++) sum->spent[i] += t->spent[i];
    sum->ready += t->ready;
    sum->late += t->late;
    if (t->longest_wait > sum->longest_wait) sum->longest_wait = t->longest_wait;
    if (t->longest_late > sum->longest_late) sum->longest_late = t->longest_late;
    histogram_merge(&sum->lock_wait, &t->lock_wait, NULL);
    histogram_merge(&sum->block_to_lock, &t->block_to_lock, NULL);
    histogram_merge(&sum->handover, &t->handover, NULL);
}

bool run_figures(RunFigures *out) {
    memset(out, 0, sizeof *out);
    out->threads = observe_figures(&out->count);
    out->wall = observe_ended() - observe_started();
    out->wanted = observe_wanted();
    for (size_t i = 0; i < out->count; i++) {
        add_totals(&out->sum, &out->threads[i].totals);
        counters_add_all(&out->total, &out->threads[i].counters);
    }
    out->held = out->sum.spent[STATE_RUNNING];
    if (out->held > out->wall) out->held = out->wall;
    return out->threads != NULL;
}
void run_figures_free(RunFigures *figures) { free(figures->threads); }

const char *report_time(int64_t ns) {
    static char texts[4][32];
    static unsigned next;
    char *text = texts[next++ % 4];
    double n = (double)ns;
    if (n < 1e3) snprintf(text, 32, "%.0f ns", n);
    else if (n < 1e6) snprintf(text, 32, n < 1e4 ? "%.2f us" : "%.0f us", n / 1e3);
    else if (n < 1e9) snprintf(text, 32, n < 1e7 ? "%.2f ms" : "%.1f ms", n / 1e6);
    else snprintf(text, 32, "%.2f s", n / 1e9);
    return text;
}

static double percent(int64_t part, int64_t all) { return all > 0 ? 100.0 * (double)part / (double)all : 0; }
static double rate(uint64_t n, int64_t wall) { return wall > 0 ? (double)n * 1e9 / (double)wall : 0; }

/* --- text -------------------------------------------------------------------------------------------------------- */

static void thread_row(FILE *out, const ThreadFigures *t) {
    int64_t running = t->totals.spent[STATE_RUNNING] - t->totals.ready;
    fprintf(out, "  %-22.22s %9s %6.1f %6.1f %6.1f", t->name, report_time(t->wall), percent(running, t->wall),
            percent(t->totals.ready, t->wall), percent(t->totals.spent[STATE_WANTING], t->wall));
    for (int i = STATE_IO; i < STATES; i++) fprintf(out, " %6.1f", percent(t->totals.spent[i], t->wall));
    fprintf(out, " %9llu %7llu %7llu %7llu\n", (unsigned long long)t->counters.gil_acquisitions,
            (unsigned long long)(t->counters.gil_forced_drops + t->counters.gil_tick_drops),
            (unsigned long long)t->counters.gil_voluntary_drops, (unsigned long long)t->counters.gil_wasted_wakeups);
}

/* How long it waited, in a second table: only threads that did. */
static void wait_row(FILE *out, const ThreadFigures *t) {
    const Histogram *lock = &t->totals.lock_wait, *back = &t->totals.block_to_lock;
    uint64_t waits = histogram_count(lock), returns = histogram_count(back);
    if (waits == 0 && histogram_percentile(back, 1) == 0) return;
    fprintf(out, "  %-22.22s %9llu", t->name, (unsigned long long)waits);
    fprintf(out, " %9s %9s %9s", report_time(histogram_percentile(lock, 0.5)), report_time(histogram_percentile(lock, 0.9)),
            report_time(histogram_percentile(lock, 0.99)));
    fprintf(out, " %9s  %9llu", report_time(t->totals.longest_wait), (unsigned long long)returns);
    fprintf(out, " %9s %9s\n", report_time(histogram_percentile(back, 0.5)), report_time(histogram_percentile(back, 0.99)));
}

static void wait_table(FILE *out, const RunFigures *f) {
    if (histogram_count(&f->sum.lock_wait) + histogram_count(&f->sum.block_to_lock) == 0) return;
    fprintf(out, "\n  %-22s %9s %9s %9s %9s %9s  %9s %9s %9s\n", "waits for the lock", "times", "p50", "p90", "p99", "max",
            "after I/O", "p50", "p99");
    for (size_t i = 0; i < f->count && i < ROWS_MAX; i++) wait_row(out, &f->threads[i]);
}

static void distribution(FILE *out, const char *what, const Histogram *h, int64_t longest) {
    uint64_t n = histogram_count(h);
    if (n == 0) return;
    int64_t most = longest ? longest : histogram_percentile(h, 1);
    fprintf(out, "  %-34s %9llu times, p50 %s,", what, (unsigned long long)n, report_time(histogram_percentile(h, 0.5)));
    fprintf(out, " p90 %s, p99 %s, max %s\n", report_time(histogram_percentile(h, 0.9)),
            report_time(histogram_percentile(h, 0.99)), report_time(most));
}

static void findings(FILE *out, const RunFigures *f, const RunFacts *facts) {
    Finding found[FINDINGS_MAX];
    unsigned n = report_diagnose(f, facts, found);
    if (n == 0) fputs("  nothing to see: no thrashing, no convoy, nobody starved, locks in one order\n", out);
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "  %s: %s\n    what would change it: %s\n", found[i].name, found[i].evidence, found[i].advice);
        if (strcmp(found[i].name, "lock-order inversion") == 0) facts->inversions(out, "    ");
    }
}

static void settings(FILE *out, const RunFacts *facts) {
    fprintf(out, "policy %s", facts->policy);
    if (facts->has_interval) fprintf(out, ", interval %s", report_time(facts->interval));
    if (facts->has_ticks) fprintf(out, ", %d instructions", facts->ticks);
    fprintf(out, ", preempts %s", facts->anywhere ? "anywhere" : "at loops and calls");
}

void report_text(FILE *out, const RunFacts *facts) {
    RunFigures f;
    if (!run_figures(&f)) return;
    fprintf(out, "\nGIL-bound: %.0f%%   (for that part of the run a thread that could have run waited for the lock)\n",
            percent(f.wanted, f.wall));
    settings(out, facts);
    fprintf(out, "; wall %s, lock held %.1f%% of it, handed over %.0f times per second\n\n", report_time(f.wall),
            percent(f.held, f.wall), rate(f.total.gil_handovers, f.wall));
    fprintf(out, "  %-22s %9s %6s %6s %6s %6s %6s %6s %6s %9s %7s %7s %7s\n", "", "", "", "", "wants", "in", "script", "",
            "comp-", "took the", "dropped", "", "woken");
    fprintf(out, "  %-22s %9s %6s %6s %6s %6s %6s %6s %6s %9s %7s %7s %7s\n", "thread, % of its time", "wall", "runs",
            "ready", "lock", "I/O", "locks", "sleeps", "utes", "lock", "forced", "freely", "in vain");
    for (size_t i = 0; i < f.count && i < ROWS_MAX; i++) thread_row(out, &f.threads[i]);
    if (f.count > ROWS_MAX) fprintf(out, "  (and %zu more: --stats=json has them all)\n", f.count - ROWS_MAX);
    if (observe_unlisted() > 0) fprintf(out, "  (and %zu more threads that have no account)\n", observe_unlisted());
    wait_table(out, &f);
    fputs("\n", out);
    distribution(out, "waited for the lock", &f.sum.lock_wait, f.sum.longest_wait);
    distribution(out, "from I/O or sleep done to lock back", &f.sum.block_to_lock, 0);
    distribution(out, "from drop to the other running", &f.sum.handover, 0);
    fputs("\ndiagnosis:\n", out);
    findings(out, &f, facts);
    run_figures_free(&f);
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

void report_json_text(FILE *out, const char *text) {
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') fprintf(out, "\\%c", *p);
        else if (*p < 0x20) fprintf(out, "\\u%04x", *p);
        else fputc(*p, out);
    }
    fputc('"', out);
}

static void json_seconds(FILE *out, const char *name, int64_t ns) { fprintf(out, "\"%s\": %.9f, ", name, (double)ns / 1e9); }

static void json_distribution(FILE *out, const char *name, const Histogram *h, int64_t longest) {
    uint64_t n = histogram_count(h);
    fprintf(out, "\"%s\": {\"count\": %llu", name, (unsigned long long)n);
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};
    for (int i = 0; i < 3; i++)
        fprintf(out, ", \"%s\": %.9f", parts[i].name, (double)histogram_percentile(h, parts[i].part) / 1e9);
    fprintf(out, ", \"max\": %.9f}", (double)(longest ? longest : histogram_percentile(h, 1)) / 1e9);
}

static void json_totals(FILE *out, const Totals *t) {
    json_seconds(out, "running", t->spent[STATE_RUNNING] - t->ready);
    json_seconds(out, "ready", t->ready);
    for (int i = STATE_WANTING; i < STATES; i++) json_seconds(out, state_name((ThreadState)i), t->spent[i]);
    fprintf(out, "\"late_wakeups\": %llu, ", (unsigned long long)t->late);
    json_distribution(out, "lock_wait", &t->lock_wait, t->longest_wait);
    fputs(", ", out);
    json_distribution(out, "block_to_lock", &t->block_to_lock, 0);
    fputs(", ", out);
    json_distribution(out, "handover", &t->handover, 0);
}

static void json_counters(FILE *out, const Counters *counters) {
    for (unsigned i = 0; i < counter_count; i++)
        fprintf(out, ", \"%s\": %llu", counter_rows[i].name, (unsigned long long)counter_read(counters, i));
}

static void json_thread(FILE *out, const ThreadFigures *t) {
    fputs("{\"name\": ", out);
    report_json_text(out, t->name);
    fprintf(out, ", \"number\": %llu, \"runs\": %s, ", (unsigned long long)t->number, t->runs ? "true" : "false");
    json_seconds(out, "wall", t->wall);
    json_totals(out, &t->totals);
    json_counters(out, &t->counters);
    fputs("}", out);
}

static void json_findings(FILE *out, const RunFigures *f, const RunFacts *facts) {
    Finding found[FINDINGS_MAX];
    unsigned n = report_diagnose(f, facts, found);
    fputs("\"diagnosis\": [", out);
    for (unsigned i = 0; i < n; i++) {
        fprintf(out, "%s{\"name\": \"%s\", \"evidence\": ", i ? ", " : "", found[i].name);
        report_json_text(out, found[i].evidence);
        fputs(", \"advice\": ", out);
        report_json_text(out, found[i].advice);
        fputs("}", out);
    }
    fputs("]", out);
}

void report_json(FILE *out, const RunFacts *facts) {
    RunFigures f;
    if (!run_figures(&f)) return;
    fprintf(out, "{\"policy\": \"%s\", \"preempt\": \"%s\", ", facts->policy, facts->anywhere ? "anywhere" : "calls");
    if (facts->has_interval) json_seconds(out, "switch_interval", facts->interval);
    if (facts->has_ticks) fprintf(out, "\"check_interval\": %d, ", facts->ticks);
    json_seconds(out, "wall", f.wall);
    json_seconds(out, "held", f.held);
    json_seconds(out, "wanted", f.wanted);
    fprintf(out, "\"gil_bound\": %.4f, \"held_part\": %.4f, \"handovers_per_second\": %.1f, \"switches\": %llu, ",
            percent(f.wanted, f.wall) / 100, percent(f.held, f.wall) / 100, rate(f.total.gil_handovers, f.wall),
            (unsigned long long)f.total.gil_handovers);
    fprintf(out, "\"threads_missing\": %zu, \"total\": {", observe_unlisted());
    json_totals(out, &f.sum);
    json_counters(out, &f.total);
    fputs("}, \"threads\": [", out);
    for (size_t i = 0; i < f.count; i++) {
        if (i) fputs(", ", out);
        json_thread(out, &f.threads[i]);
    }
    fputs("], ", out);
    json_findings(out, &f, facts);
    fputs("}\n", out);
    run_figures_free(&f);
}
