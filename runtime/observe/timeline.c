/* The timeline: one row a thread, drawn on the terminal.  A column shows what the thread did for most of its time. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/observe/story.h"

enum { NAME_WIDTH = 16, WIDTH_DEFAULT = 80, WIDTH_MIN = 40, WIDTH_MAX = 400, ROWS_MAX = 40 };

static const struct {
    char letter;
    const char *block, *meaning, *colour;
} looks[] = {
#define STATE(name, field, letter, block, meaning) {letter, block, meaning, NULL},
#include "runtime/observe/states.def"
#undef STATE
};
static const char *const colours[STATES] = {
    [STATE_RUNNING] = "32", [STATE_WANTING] = "31", [STATE_IO] = "34",
    [STATE_LOCK] = "35",    [STATE_SLEEP] = "90",   [STATE_COMPUTE] = "36",
};

typedef struct Canvas {
    FILE *out;
    bool unicode, colour;
    int columns;        /* for the picture */
    int64_t from, to;   /* ns */
} Canvas;

static int terminal_width(FILE *out) {
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : 0;
    if (width <= 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0) width = size.ws_col;
    if (width <= 0) width = WIDTH_DEFAULT;
    return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* By the words of the environment, as the locale may not have been set. */
static bool speaks_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

/* Adds the part of [from, to) that falls into each column to its state. */
static void add_stretch(const Canvas *c, int64_t *cells, int state, int64_t from, int64_t to) {
    int64_t span = c->to - c->from;
    if (from < c->from) from = c->from;
    if (to > c->to) to = c->to;
    for (int i = (int)((from - c->from) * c->columns / span); from < to && i < c->columns; i++) {
        int64_t end = c->from + span * (i + 1) / c->columns, stop = to < end ? to : end;
        if (stop > from) cells[i * STATES + state] += stop - from;
        from = stop > from ? stop : from;
    }
}

static void fill_cells(const Canvas *c, const Track *t, int64_t *cells) {
    const Event *last = NULL;
    for (size_t i = 0; i < t->count; i++) {
        const Event *e = &t->events[i];
        if (!event_is_state(e) && e->kind != EVENT_END) continue;
        if (last) add_stretch(c, cells, (int)last->kind, last->at, e->at);
        last = e->kind == EVENT_END ? NULL : e;
    }
    if (last) add_stretch(c, cells, (int)last->kind, last->at, t->to);
}

static int main_state(const int64_t *cell) {
    int best = -1;
    for (int i = 0; i < STATES; i++)
        if (cell[i] > 0 && (best < 0 || cell[i] > cell[best])) best = i;
    return best;
}

static void draw_cell(const Canvas *c, int state, int before) {
    if (c->colour && state != before) fprintf(c->out, "\033[%sm", state < 0 ? "0" : colours[state]);
    if (state < 0) fputc(' ', c->out);
    else if (c->unicode) fputs(looks[state].block, c->out);
    else fputc(looks[state].letter, c->out);
}

static void draw_name(FILE *out, const char *name) {
    int shown = 0;
    for (const char *p = name; *p && (shown < NAME_WIDTH || (*p & 0xC0) == 0x80); p++) {
        fputc(*p, out);
        if ((*p & 0xC0) != 0x80) shown++;
    }
    fprintf(out, "%*s ", NAME_WIDTH - shown, "");
}

static void draw_track(const Canvas *c, const Track *t) {
    int64_t *cells = calloc((size_t)c->columns * STATES, sizeof *cells);
    if (!cells) return;
    fill_cells(c, t, cells);
    draw_name(c->out, t->thread->name);
    fputs(c->unicode ? "│" : "|", c->out);
    int before = -1;
    for (int i = 0; i < c->columns; i++) {
        int state = main_state(&cells[i * STATES]);
        draw_cell(c, state, before);
        before = state;
    }
    if (c->colour) fputs("\033[0m", c->out);
    fputs(c->unicode ? "│\n" : "|\n", c->out);
    free(cells);
}

static void draw_legend(const Canvas *c) {
    int used = 0;
    for (int i = 0; i < STATES; i++) {
        int length = (int)strlen(looks[i].meaning) + 4;
        if (used + length > c->columns + NAME_WIDTH) fputc('\n', c->out), used = 0;
        draw_cell(c, i, -1);
        fprintf(c->out, "%s %s  ", c->colour ? "\033[0m" : "", looks[i].meaning);
        used += length;
    }
    fputc('\n', c->out);
}

void report_timeline(FILE *out, const RunFacts *facts, double from, double to) {
    (void)facts;
    Story s;
    if (!story_tell(&s)) return;
    Canvas c = {.out = out, .unicode = speaks_utf8(), .columns = terminal_width(out) - NAME_WIDTH - 4};
    c.colour = isatty(fileno(out)) && !getenv("NO_COLOR");
    c.from = (int64_t)(from * 1e9);
    c.to = to > 0 && (int64_t)(to * 1e9) < s.end ? (int64_t)(to * 1e9) : s.end;
    if (c.from < c.to) {
        fprintf(out, "\n%s to %s after the start, one column is %s\n", report_time(c.from), report_time(c.to),
                report_time((c.to - c.from) / c.columns));
        for (size_t i = 0; i < s.count && i < ROWS_MAX; i++) draw_track(&c, &s.tracks[i]);
        if (s.count > ROWS_MAX) fprintf(out, "(and %zu more threads)\n", s.count - ROWS_MAX);
        draw_legend(&c);
    } else {
        fprintf(out, "\nthe run was over after %s: nothing to draw there\n", report_time(s.end));
    }
    if (s.missing) fprintf(out, "%llu events at the beginning are missing: the rings were full\n", (unsigned long long)s.missing);
    story_free(&s);
}
