/* The trace: Chrome's trace-event format, which Perfetto and the Firefox Profiler open.
 *
 * A track for each thread.  Its states are slices one after the other; functions, when they are recorded, are slices
 * around them, so a state is cut in two where a function begins or ends: everything nests.  A handover is an arrow from
 * where one thread let go to where the other began to run.  Times are microseconds.
 */
#include <stdlib.h>

#include "runtime/observe/story.h"

typedef struct Writer {
    FILE *out;
    const RunFacts *facts;
    bool begun;        /* something stands before: a comma is due */
    uint64_t arrows;
} Writer;

static void begin(Writer *w, char phase, const Track *t, int64_t at) {
    fprintf(w->out, "%s\n{\"ph\": \"%c\", \"pid\": 1, \"tid\": %llu, \"ts\": %.3f", w->begun ? "," : "", phase,
            t ? (unsigned long long)t->thread->number : 0ULL, (double)at / 1e3);
    w->begun = true;
}
static void name(Writer *w, const char *text) {
    fputs(", \"name\": ", w->out);
    report_json_text(w->out, text);
}
static void end(Writer *w) { fputs("}", w->out); }

static void thread_name(Writer *w, const Track *t, size_t index) {
    begin(w, 'M', t, 0);
    fputs(", \"name\": \"thread_name\", \"args\": {\"name\": ", w->out);
    report_json_text(w->out, t->thread->name);
    fputs("}}", w->out);
    begin(w, 'M', t, 0);
    fprintf(w->out, ", \"name\": \"thread_sort_index\", \"args\": {\"sort_index\": %zu}}", index);
}

/* --- one track --------------------------------------------------------------------------------------------------- */

static void open_state(Writer *w, const Track *t, const Event *state, int64_t at) {
    begin(w, 'B', t, at);
    name(w, state_name((ThreadState)state->kind));
    fputs(", \"cat\": \"state\"", w->out);
    if (state->kind >= STATE_IO) {
        fputs(", \"args\": {\"call\": ", w->out);
        report_json_text(w->out, w->facts->call_name(state->detail));
        fputs("}", w->out);
    }
    end(w);
}
static void close_slice(Writer *w, const Track *t, int64_t at) {
    begin(w, 'E', t, at);
    end(w);
}

static void arrow(Writer *w, const Track *t, const Event *e, int64_t now) {
    Track from = {.thread = &(ThreadFigures){.number = e->detail >> 32}};
    int64_t took = (int64_t)(e->detail & UINT32_MAX);
    w->arrows++;
    for (int last = 0; last < 2; last++) {
        begin(w, last ? 'f' : 's', last ? t : &from, last ? now : now - took);
        fprintf(w->out, ", \"id\": %llu, \"name\": \"handover\", \"cat\": \"gil\"%s", (unsigned long long)w->arrows,
                last ? ", \"bp\": \"e\"" : "");
        end(w);
    }
}

static void instant(Writer *w, const Track *t, const Event *e) {
    begin(w, 'i', t, e->at);
    fprintf(w->out, ", \"s\": \"t\", \"name\": \"asks thread %llu to drop the lock\", \"cat\": \"gil\"",
            (unsigned long long)e->detail);
    end(w);
}

/* What is open on a track while it is written. */
typedef struct Open {
    const Event *state;
    unsigned calls;
} Open;

static void write_call(Writer *w, const Track *t, const Event *e, Open *open) {
    if (e->kind == EVENT_LEAVE && open->calls == 0) return; /* its beginning is missing */
    if (open->state) close_slice(w, t, e->at);
    if (e->kind == EVENT_ENTER) {
        begin(w, 'B', t, e->at);
        name(w, event_name(e->detail));
        fputs(", \"cat\": \"function\"", w->out);
        end(w);
        open->calls++;
    } else {
        close_slice(w, t, e->at);
        open->calls--;
    }
    if (open->state) open_state(w, t, open->state, e->at);
}

static void write_event(Writer *w, const Track *t, const Event *e, Open *open) {
    switch (e->kind) {
    case EVENT_HANDOVER: arrow(w, t, e, e->at); return;
    case EVENT_REQUEST: instant(w, t, e); return;
    case EVENT_ENTER:
    case EVENT_LEAVE: write_call(w, t, e, open); return;
    default: break;
    }
    if (open->state) close_slice(w, t, e->at);
    open->state = e->kind == EVENT_END ? NULL : e;
    if (open->state) open_state(w, t, e, e->at);
}

static void write_track(Writer *w, const Track *t, int64_t stop) {
    Open open = {0};
    int64_t last = t->from;
    for (size_t i = 0; i < t->count; i++) {
        if (t->events[i].at > stop) break; /* a thread that hangs at the end still noted that it does */
        write_event(w, t, &t->events[i], &open);
        last = t->events[i].at;
    }
    int64_t at = t->to > last ? t->to : last;
    if (open.state) close_slice(w, t, at);
    while (open.calls-- > 0) close_slice(w, t, at);
}

/* --- counters ------------------------------------------------------------------------------------------------------ */

typedef struct Change {
    int64_t at;
    int by;
} Change;

static int earlier(const void *a, const void *b) {
    int64_t x = ((const Change *)a)->at, y = ((const Change *)b)->at;
    return x < y ? -1 : x > y;
}

static size_t take_changes(const Track *t, Change *out) {
    size_t n = 0;
    bool waits = false;
    for (size_t i = 0; i < t->count; i++) {
        const Event *e = &t->events[i];
        if (!event_is_state(e) && e->kind != EVENT_END) continue;
        bool now = e->kind == EVENT_WANTING;
        if (now != waits) out[n++] = (Change){e->at, now ? 1 : -1};
        waits = now;
    }
    return n;
}

static void count_waiting(Writer *w, int64_t at, int threads) {
    begin(w, 'C', NULL, at);
    fprintf(w->out, ", \"name\": \"threads waiting for the lock\", \"args\": {\"threads\": %d}", threads);
    end(w);
}

/* How many threads wait for the lock, over time. */
static void write_waiting(Writer *w, const Story *s) {
    size_t events = 0, n = 0;
    for (size_t i = 0; i < s->count; i++) events += s->tracks[i].count;
    Change *changes = malloc((events + 1) * sizeof *changes);
    if (!changes) return;
    for (size_t i = 0; i < s->count; i++) n += take_changes(&s->tracks[i], changes + n);
    qsort(changes, n, sizeof *changes, earlier);
    int waiting = 0;
    count_waiting(w, 0, 0);
    for (size_t i = 0; i < n; i++) {
        waiting += changes[i].by;
        if (i + 1 == n || changes[i + 1].at != changes[i].at) count_waiting(w, changes[i].at, waiting);
    }
    free(changes);
}

void report_trace(FILE *out, const RunFacts *facts) {
    Story s;
    if (!story_tell(&s)) return;
    Writer w = {.out = out, .facts = facts};
    fputs("{\"displayTimeUnit\": \"ms\", \"traceEvents\": [", out);
    begin(&w, 'M', NULL, 0);
    fputs(", \"name\": \"process_name\", \"args\": {\"name\": \"scr\"}}", out);
    for (size_t i = 0; i < s.count; i++) thread_name(&w, &s.tracks[i], i);
    for (size_t i = 0; i < s.count; i++) write_track(&w, &s.tracks[i], s.end);
    write_waiting(&w, &s);
    fprintf(out, "\n], \"otherData\": {\"policy\": \"%s\", \"missing_events\": \"%llu\", \"missing_threads\": \"%llu\"}}\n",
            facts->policy, (unsigned long long)s.missing, (unsigned long long)s.threads_missing);
    if (s.missing)
        fprintf(stderr, "scr: the trace lacks %llu events at its beginning: the rings were full\n",
                (unsigned long long)s.missing);
    story_free(&s);
}
