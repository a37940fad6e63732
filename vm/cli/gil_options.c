/* The options about the lock and about what is told of a run. */
#include "vm/cli/gil_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/conc/deadlock.h"
#include "runtime/conc/facts.h"
#include "runtime/observe/report.h"
#include "runtime/plat/clock.h"
#include "vm/exec/trace_calls.h"

enum { RING_BITS = 16, RING_BITS_CALLS = 18 };

static FILE *stats_out, *trace_out;
static pid_t observed; /* this process; its forked children report nothing */

/* --- values ---------------------------------------------------------------------------------------------------- */

static bool wrong(const char *option, const char *value, const char *valid) {
    fprintf(stderr, "scr: %s: '%s' is not valid; valid: %s\n", option, value, valid);
    return false;
}

static void add_name(char *list, size_t size, const char *name) {
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static bool take_preset(const char *value, GilOptions *out) {
    char valid[300] = "";
    out->preset = gil_preset_find(value);
    for (unsigned i = 0; i < gil_preset_count; i++) add_name(valid, sizeof valid, gil_presets[i].name);
    add_name(valid, sizeof valid, "nogil");
    return out->preset || wrong("--as", value, valid);
}

static bool take_policy(const char *value, GilOptions *out) {
    char valid[300] = "";
    out->policy = gil_policy_find(value);
    for (unsigned i = 0; i < gil_policy_count; i++) add_name(valid, sizeof valid, gil_policies[i]->name);
    add_name(valid, sizeof valid, "off");
    return out->policy || wrong("--gil", value, valid);
}

static bool take_interval(const char *value, GilOptions *out) {
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}};
    char *end;
    double n = strtod(value, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units && end != value; i++) {
        double ns = n * units[i].ns;
        if (strcmp(end, units[i].unit) != 0 || !(ns >= 1 && ns <= 4e12)) continue;
        out->interval = (int64_t)ns;
        return true;
    }
    return wrong("--switch-interval", value, "a time above 0, as 5ms, 100us, 0.005s");
}

static bool take_ticks(const char *value, GilOptions *out) {
    char *end;
    long n = strtol(value, &end, 10);
    if (end == value || *end || n < 1 || n > INT32_MAX)
        return wrong("--check-interval", value, "a number of instructions, 1 or more");
    out->ticks = (int32_t)n;
    return true;
}

static bool take_preempt(const char *value, GilOptions *out) {
    if (strcmp(value, "anywhere") == 0) return out->anywhere = 1, true;
    if (strcmp(value, "calls") == 0) return out->anywhere = 0, true;
    return wrong("--preempt", value, "calls, anywhere");
}

static bool take_stats(const char *value, GilOptions *out) {
    out->stats = true;
    if (!value) return true;
    if (strncmp(value, "json", 4) != 0 || (value[4] && (value[4] != ':' || !value[5])))
        return wrong("--stats", value, "json, json:FILE");
    out->stats_json = true;
    if (value[4]) out->stats_file = value + 5;
    return true;
}

/* FROM..TO, FROM.. or ..TO; a number may have a point of its own, so the two points are found first. */
static bool parse_range(const char *value, GilOptions *out) {
    char from[40], *end;
    const char *points = strstr(value, "..");
    if (!points || points - value >= (ptrdiff_t)sizeof from) return false;
    memcpy(from, value, (size_t)(points - value));
    from[points - value] = 0;
    out->from = strtod(from, &end);
    if (*end || !(out->from >= 0)) return false;
    out->to = strtod(points + 2, &end);
    return !*end && (!points[2] || out->to > out->from);
}

static bool take_timeline(const char *value, GilOptions *out) {
    out->timeline = true;
    return !value || parse_range(value, out) || wrong("--timeline", value, "FROM..TO in seconds, as 0.2..0.5");
}

static bool take_trace(const char *value, GilOptions *out) { return out->trace_file = value, true; }
static bool take_trace_calls(const char *value, GilOptions *out) { return out->trace_calls = true; }

static bool take_deadlock(const char *value, GilOptions *out) {
    if (strcmp(value, "exit") == 0) return out->deadlock_exit = true;
    if (strcmp(value, "report") == 0) return out->deadlock_exit = false, true;
    return wrong("--deadlock", value, "report, exit");
}

/* --- the table --------------------------------------------------------------------------------------------------- */

typedef enum ValueNeed { NO_VALUE, MAY_VALUE, MUST_VALUE } ValueNeed;

static const struct {
    const char *name, *shown;
    ValueNeed need;
    bool (*take)(const char *value, GilOptions *out);
    const char *help;
} rows[] = {
    {"--as", "=RUNTIME", MUST_VALUE, take_preset, "the lock of another runtime (below)"},
    {"--gil", "=POLICY", MUST_VALUE, take_policy, "who gets the lock (below)"},
    {"--switch-interval", "=5ms", MUST_VALUE, take_interval, "how long a thread may keep the lock"},
    {"--check-interval", "=100", MUST_VALUE, take_ticks, "the same in instructions (policy ticks)"},
    {"--preempt", "=calls|anywhere", MUST_VALUE, take_preempt, "drop the lock at loops and calls only, or between any two instructions"},
    {"--stats", "[=json[:FILE]]", MAY_VALUE, take_stats, "after the run, what the threads did with their time"},
    {"--timeline", "[=FROM..TO]", MAY_VALUE, take_timeline, "after the run, draw who ran and who waited (seconds)"},
    {"--trace", "=FILE.json", MUST_VALUE, take_trace, "write the run for Perfetto or the Firefox Profiler"},
    {"--trace-calls", "", NO_VALUE, take_trace_calls, "with script functions in it"},
    {"--deadlock", "=report|exit", MUST_VALUE, take_deadlock, "exit: end with 66 when threads wait for each other"},
};
enum { ROWS = sizeof rows / sizeof *rows };

OptionAnswer gil_options_take(const char *argument, GilOptions *out) {
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    for (int i = 0; i < ROWS; i++) {
        if (strlen(rows[i].name) != length || strncmp(rows[i].name, argument, length) != 0) continue;
        if (rows[i].need == MUST_VALUE && (!equals || !equals[1])) {
            fprintf(stderr, "scr: %s needs a value: %s%s\n", rows[i].name, rows[i].name, rows[i].shown);
            return OPTION_WRONG;
        }
        if (rows[i].need == NO_VALUE && equals) {
            fprintf(stderr, "scr: %s takes no value\n", rows[i].name);
            return OPTION_WRONG;
        }
        return rows[i].take(equals ? equals + 1 : NULL, out) ? OPTION_TAKEN : OPTION_WRONG;
    }
    return OPTION_UNKNOWN;
}

void gil_options_help(void) {
    puts("\nthe lock, and what is told of a run:");
    for (int i = 0; i < ROWS; i++) {
        char left[60];
        snprintf(left, sizeof left, "%s%s", rows[i].name, rows[i].shown);
        printf("  %-25s %s\n", left, rows[i].help);
    }
    puts("\npolicies (--gil):");
    for (unsigned i = 0; i < gil_policy_count; i++)
        printf("  %-12s %s\n", gil_policies[i]->name, gil_policies[i]->summary);
    puts("  off          no lock: threads are watched, and what breaks is explained (or --raw: it breaks)");
    puts("\nruntimes (--as):");
    for (unsigned i = 0; i < gil_preset_count; i++)
        printf("  %-12s %s%s\n", gil_presets[i].name, gil_presets[i].summary, i ? "" : " (default)");
    puts("  nogil        --gil=off");
}

/* --- together ---------------------------------------------------------------------------------------------------- */

static const GilPolicy *policy_of(const GilOptions *o) {
    return o->policy ? o->policy : o->preset ? o->preset->policy : gil_policies[0];
}

static bool open_file(const char *path, FILE **out) {
    if (!path) return true;
    *out = fopen(path, "we");
    if (!*out) fprintf(stderr, "scr: cannot write '%s': %s\n", path, strerror(errno));
    return *out != NULL;
}

bool gil_options_check(const GilOptions *o) {
    const GilPolicy *policy = policy_of(o);
    if (o->interval && !policy->has_interval)
        return fprintf(stderr, "scr: --switch-interval: the policy '%s' has no switch interval\n", policy->name), false;
    if (o->ticks && !policy->has_ticks)
        return fprintf(stderr, "scr: --check-interval: the policy '%s' has no check interval; valid with: ticks\n",
                       policy->name), false;
    if (o->trace_calls && !o->trace_file)
        return fputs("scr: --trace-calls needs --trace=FILE.json\n", stderr), false;
    return open_file(o->stats_file, &stats_out) && open_file(o->trace_file, &trace_out);
}

void gil_options_apply(const GilOptions *o) {
    Thread *self = thread_current();
    if (o->preset) gil_use_preset(self, o->preset);
    if (o->interval) gil_set_interval(o->interval);
    if (o->ticks) gil_set_ticks(o->ticks);
    if (o->policy) gil_set_policy(self, o->policy);
    if (o->anywhere >= 0) gil_set_anywhere(o->anywhere);
    observed = getpid();
    deadlock_exits = o->deadlock_exit;
    if (o->timeline || o->trace_file) observe_events(o->trace_calls ? RING_BITS_CALLS : RING_BITS);
    if (o->trace_calls) {
        trace_calls_start();
        gil_watch_instructions();
    }
    if (o->stats || o->timeline || o->trace_file) {
        deadlock_watch_order();
        thread_observe_all();
    }
}

void gil_options_end_run(const GilOptions *options) {
    (void)options;
    observe_finish();
}

void gil_options_report(const GilOptions *o) {
    if (getpid() != observed) return;
    RunFacts facts = gil_facts();
    if (o->timeline) report_timeline(stderr, &facts, o->from, o->to);
    if (o->stats && o->stats_json) report_json(stats_out ? stats_out : stderr, &facts);
    else if (o->stats) report_text(stderr, &facts);
    if (trace_out) report_trace(trace_out, &facts);
    bool written = !stats_out || fclose(stats_out) == 0;
    written = (!trace_out || fclose(trace_out) == 0) && written;
    stats_out = trace_out = NULL;
    if (!written) fprintf(stderr, "scr: the figures could not be written: %s\n", strerror(errno));
}
