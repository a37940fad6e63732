/* What is told of a run, from the accounts: figures as text and as JSON, a diagnosis, a timeline, a trace. */
#ifndef OBSERVE_REPORT_H
#define OBSERVE_REPORT_H

#include <stdio.h>

#include "runtime/observe/account.h"

/* What the figures do not know by themselves. */
typedef struct RunFacts {
    const char *policy;
    bool has_interval, has_ticks, anywhere;
    int64_t interval; /* ns */
    int32_t ticks;
    const char *(*call_name)(uint64_t call);                 /* of a blocking call */
    unsigned (*inversions)(FILE *out, const char *indent);   /* lock-order inversions, told; out may be NULL */
} RunFacts;

/* The process. */
typedef struct RunFigures {
    ThreadFigures *threads;
    size_t count;
    int64_t wall, held, wanted;  /* ns */
    Counters total;
    Totals sum;                  /* of all threads */
} RunFigures;

/* False: no memory. */
bool run_figures(RunFigures *out);
void run_figures_free(RunFigures *figures);

void report_text(FILE *out, const RunFacts *facts);
void report_json(FILE *out, const RunFacts *facts);
/* from, to in seconds since observing began; to 0: the end. */
void report_timeline(FILE *out, const RunFacts *facts, double from, double to);
/* Chrome's trace-event format. */
void report_trace(FILE *out, const RunFacts *facts);

/* A finding: what it is called, the evidence, what would change it. */
typedef struct Finding {
    const char *name;
    char evidence[400];
    const char *advice;
} Finding;
enum { FINDINGS_MAX = 6 };
unsigned report_diagnose(const RunFigures *figures, const RunFacts *facts, Finding *out);

/* "5.12 ms" and the like; four of them may be in use at once. */
const char *report_time(int64_t ns);
void report_json_text(FILE *out, const char *text);

#endif
