/* The options about running without the lock. */
#include "vm/cli/off_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conc/gil_off.h"
#include "runtime/conc/race.h"
#include "runtime/plat/clock.h"
#include "vm/cli/crash.h"
#include "vm/exec/bug_report.h"

enum { EXIT_BUGS = 66 };

static bool wrong(const char *option, const char *value, const char *valid) {
    fprintf(stderr, "scr: %s: '%s' is not valid; valid: %s\n", option, value, valid);
    return false;
}

static bool number(const char *option, const char *value, int64_t least, const char *valid, int64_t *out) {
    char *end;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    *out = n;
    return (end != value && !*end && !errno && n >= least) || wrong(option, value, valid);
}

static bool take_raw(const char *value, OffOptions *out) { return out->raw = true; }

static bool take_check(const char *value, OffOptions *out) {
    out->updates = strcmp(value, "updates") == 0;
    return out->updates || wrong("--check", value, "updates");
}

static bool take_window(const char *value, OffOptions *out) {
    if (strcmp(value, "auto") == 0) return out->window = -1, true;
    if (strcmp(value, "off") == 0) return out->window = 0, true;
    return number("--race-window", value, 1, "off, auto, or a mean number of steps", &out->window);
}

static bool take_seed(const char *value, OffOptions *out) {
    return number("--seed", value, 0, "a number, 0 or more", &out->seed);
}

static bool take_report(const char *value, OffOptions *out) { return out->report = value, true; }

static bool take_on_bug(const char *value, OffOptions *out) {
    out->stops = strcmp(value, "stop") == 0;
    return out->stops || strcmp(value, "continue") == 0 || wrong("--on-bug", value, "continue, stop");
}

static bool take_limit(const char *value, OffOptions *out) {
    return number("--max-reports", value, 0, "a number, 0 or more", &out->limit);
}

static bool take_quarantine(const char *value, OffOptions *out) {
    return number("--quarantine", value, 1, "a number of megabytes, 1 or more", &out->quarantine_mb);
}

static const struct {
    const char *name, *shown;
    bool has_value;
    bool (*take)(const char *value, OffOptions *out);
    const char *help;
} rows[] = {
    {"--raw", "", false, take_raw, "with --gil=off: no net; what breaks, breaks (real parallel threads)"},
    {"--check", "=updates", true, take_check, "find lost updates of variables too (x += 1)"},
    {"--race-window", "=auto|off|N", true, take_window, "how often threads are switched inside operations: every N steps"},
    {"--seed", "=N", true, take_seed, "of those choices"},
    {"--report", "=FILE.json", true, take_report, "write the reports to a file, too, one JSON object a line"},
    {"--on-bug", "=continue|stop", true, take_on_bug, "stop: end with 66 at the first report"},
    {"--max-reports", "=20", true, take_limit, "print at most so many reports; the others are counted"},
    {"--quarantine", "=64", true, take_quarantine, "megabytes of dead objects that are kept to be recognised"},
};
enum { ROWS = sizeof rows / sizeof *rows };

OptionAnswer off_options_take(const char *argument, OffOptions *out) {
    if (strcmp(argument, "--gil=off") == 0 || strcmp(argument, "--as=nogil") == 0) return out->off = true, OPTION_TAKEN;
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    for (int i = 0; i < ROWS; i++) {
        if (strlen(rows[i].name) != length || strncmp(rows[i].name, argument, length) != 0) continue;
        if (rows[i].has_value != (equals != NULL)) continue;
        return rows[i].take(equals ? equals + 1 : NULL, out) ? OPTION_TAKEN : OPTION_WRONG;
    }
    return OPTION_UNKNOWN;
}

void off_options_help(void) {
    puts("\nwithout the lock (--gil=off):");
    for (int i = 0; i < ROWS; i++) {
        char left[60];
        snprintf(left, sizeof left, "%s%s", rows[i].name, rows[i].shown);
        printf("  %-25s %s\n", left, rows[i].help);
    }
}

bool off_options_check(const OffOptions *o) {
    if (o->raw && (o->updates || o->report))
        return fputs("scr: --raw finds nothing: leave out --check and --report, or --raw\n", stderr), false;
    if (o->report && !bug_report_open(o->report))
        return fprintf(stderr, "scr: cannot write '%s': %s\n", o->report, strerror(errno)), false;
    return true;
}

void off_options_apply(const OffOptions *o, bool checked, const char *script) {
    gil_off_allowed = checked ? GIL_OFF_CHECKED : o->raw ? GIL_OFF_RAW : GIL_OFF_FORBIDDEN;
    race_options.seed = o->seed >= 0 ? (uint64_t)o->seed : (uint64_t)clock_monotonic();
    if (o->window >= 0) race_options.window = (uint32_t)o->window;
    race_options.updates = o->updates;
    bug_report_stops = o->stops;
    if (o->limit >= 0) bug_report_limit = (size_t)o->limit;
    if (o->quarantine_mb >= 0) quarantine_budget = (size_t)o->quarantine_mb << 20;
    if (o->raw) crash_watch(script);
    if (o->off) gil_switch_off(thread_current());
}

int off_options_finish(int code) {
    size_t found = watch_on ? bug_report_finish() : 0;
    if (found && race_options.window)
        fprintf(stderr, "==scr== threads were switched inside operations about every %u steps (--race-window), --seed=%llu\n",
                race_options.window, (unsigned long long)race_options.seed);
    return found && code == 0 ? EXIT_BUGS : code;
}
