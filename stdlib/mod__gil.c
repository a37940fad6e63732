/* _gil: the lock, seen and set from the script; below the module gil. */
#include "stdlib/stdlib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/deadlock.h"
#include "runtime/conc/facts.h"
#include "runtime/conc/gil.h"
#include "runtime/conc/gil_off.h"
#include "runtime/plat/clock.h"

enum { RING_BITS = 16 };

static Value gil_policy_name(const Value *args, size_t count) { return str_from(gil_policy()->name); }
static Value gil_enabled(const Value *args, size_t count) { return from_bool(gil_is_on()); }

static Value gil_holder_ident(const Value *args, size_t count) {
    Thread *thread = gil_holder();
    return thread ? int_from_uint64(thread->ident) : NONE;
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

static bool put(Value dict, const char *key, Value item) {
    bool done = is_set(item) && dict_set_utf8(dict, key, item);
    release(item);
    return done;
}

static bool put_settings(Value dict, const GilPolicy *policy, int64_t interval, int32_t ticks, bool anywhere) {
    return put(dict, "policy", str_from(policy->name)) &&
           put(dict, "switch_interval", policy->has_interval ? from_double((double)interval / 1e9) : NONE) &&
           put(dict, "check_interval", policy->has_ticks ? from_small_int(ticks) : NONE) &&
           put(dict, "preempt", str_from(anywhere ? "anywhere" : "calls"));
}

static Value gil_settings(const Value *args, size_t count) {
    Value dict = dict_new();
    if (is_set(dict) && !put_settings(dict, gil_policy(), gil_interval(), gil_ticks(), gil_anywhere_now)) clear(&dict);
    return dict;
}

static Value gil_preset_dicts(const Value *args, size_t count) {
    Value all = dict_new();
    for (unsigned i = 0; i < gil_preset_count && is_set(all); i++) {
        const GilPreset *p = &gil_presets[i];
        Value row = dict_new();
        bool done = is_set(row) && put_settings(row, p->policy, p->interval, p->ticks, p->anywhere) &&
                    put(row, "summary", str_from(p->summary)) && dict_set_utf8(all, p->name, row);
        release(row);
        if (!done) clear(&all);
    }
    return all;
}

static Value gil_policy_names(const Value *args, size_t count) {
    Value list = list_new(gil_policy_count);
    for (unsigned i = 0; i < gil_policy_count && is_set(list); i++) {
        Value name = str_from(gil_policies[i]->name);
        if (is_unset(name) || !list_append_steal(list, name)) clear(&list);
    }
    return list;
}

/* _set(name, interval in seconds or None, ticks or None, anywhere or None): all is checked by the caller but the name. */
static Value gil_disable(const Value *args, size_t count) {
    if (gil_off_allowed == GIL_OFF_FORBIDDEN)
        return raise_runtime_error("the lock cannot be switched off in this run: start scr with --check (bugs are caught and "
                                   "explained) or --raw (they are not)");
    return gil_switch_off(thread_current()) ? NONE : raise_memory_error();
}

static Value gil_enable(const Value *args, size_t count) {
    gil_switch_on(thread_current());
    return NONE;
}

static Value gil_set(const Value *args, size_t count) {
    const char *name = str_is(args[0]) ? str_utf8(args[0], NULL) : NULL;
    if (!name) return error_pending() ? UNSET : raise_type_error("a policy is a string, not %T", args[0]);
    const GilPreset *preset = gil_preset_find(name);
    const GilPolicy *policy = preset ? preset->policy : gil_policy_find(name);
    double seconds = 0;
    int64_t ticks = 0;
    int anywhere = is_none(args[3]) ? -1 : object_truth(args[3]);
    if (!policy) return raise_value_error("unknown policy '%s'", name);
    if (!is_none(args[1]) && !object_as_double(args[1], &seconds)) return UNSET;
    if (!is_none(args[2]) && !object_as_int64(args[2], &ticks)) return UNSET;
    if (preset) gil_use_preset(thread_current(), preset);
    else gil_set_policy(thread_current(), policy);
    if (seconds > 0) gil_set_interval(seconds > 4000 ? INT64_C(4000000000000) : (int64_t)(seconds * 1e9 + 0.5));
    if (ticks > 0) gil_set_ticks(ticks > INT32_MAX ? INT32_MAX : (int32_t)ticks);
    if (anywhere >= 0) gil_set_anywhere(anywhere);
    return NONE;
}

static Value gil_checkpoint_function(const Value *args, size_t count) {
    return from_bool(gil_checkpoint(thread_current()));
}

/* --- figures ----------------------------------------------------------------------------------------------------- */

static Value report_to_str(void (*report)(FILE *, const RunFacts *)) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return raise_memory_error();
    RunFacts facts = gil_facts();
    report(out, &facts);
    fclose(out);
    Value result = str_decode(text, size, "utf-8", "replace");
    free(text);
    return result;
}

static Value gil_stats_json(const Value *args, size_t count) { return report_to_str(report_json); }
static Value gil_stats_text(const Value *args, size_t count) { return report_to_str(report_text); }

static Value gil_reset_stats(const Value *args, size_t count) {
    observe_reset();
    return NONE;
}

static Value gil_observe(const Value *args, size_t count) {
    deadlock_watch_order();
    thread_observe_all();
    return NONE;
}

/* Events are recorded from now on, by all threads. */
static Value gil_record(const Value *args, size_t count) {
    observe_record_all(RING_BITS);
    return NONE;
}

static Value gil_write_trace(const Value *args, size_t count) {
    const char *path = str_is(args[0]) ? str_utf8(args[0], NULL) : NULL;
    if (!path) return error_pending() ? UNSET : raise_type_error("a path is a string, not %T", args[0]);
    FILE *out = fopen(path, "we");
    if (!out) return raise_os_error(errno, args[0], UNSET);
    RunFacts facts = gil_facts();
    report_trace(out, &facts);
    return fclose(out) == 0 ? NONE : raise_os_error(errno, args[0], UNSET);
}

/* timeline(from, to): seconds since observing began. */
static Value gil_timeline_text(const Value *args, size_t count) {
    double from, to;
    char *text = NULL;
    size_t size = 0;
    if (!object_as_double(args[0], &from) || !object_as_double(args[1], &to)) return UNSET;
    FILE *out = open_memstream(&text, &size);
    if (!out) return raise_memory_error();
    RunFacts facts = gil_facts();
    report_timeline(out, &facts, from, to);
    fclose(out);
    Value result = str_decode(text, size, "utf-8", "replace");
    free(text);
    return result;
}

static Value gil_now(const Value *args, size_t count) {
    return from_double((double)(clock_monotonic() - observe_started()) / 1e9);
}

/* --- the table of blocking calls --------------------------------------------------------------------------------- */

static Value gil_blocking_calls(const Value *args, size_t count) {
    static const char *const kinds[] = {"io", "lock", "sleep", "compute"};
    Value dict = dict_new();
    for (int i = 0; i < BLOCKING_CALLS && is_set(dict); i++)
        if (!put(dict, blocking_rows[i].name, str_from(kinds[blocking_rows[i].kind]))) clear(&dict);
    return dict;
}

/* _keep(name, keeps): from now on the call keeps the lock, or gives it back again. */
static Value gil_keep(const Value *args, size_t count) {
    const char *name = str_is(args[0]) ? str_utf8(args[0], NULL) : NULL;
    int keeps = name ? object_truth(args[1]) : -1;
    bool found = false;
    if (keeps < 0) return error_pending() ? UNSET : raise_type_error("a call is a string, not %T", args[0]);
    for (int i = 0; i < BLOCKING_CALLS; i++) {
        if (strcmp(blocking_rows[i].name, name) != 0) continue;
        blocking_rows[i].keeps = keeps;
        found = true;
    }
    return found ? NONE : raise_value_error("no call '%s' in the table", name);
}

static const NativeDef functions[] = {
    FUNCTION("policy", "", gil_policy_name, "The name of the policy that decides who holds the lock."),
    FUNCTION("policies", "", gil_policy_names, "The names of all policies."),
    FUNCTION("settings", "", gil_settings, "The policy and its knobs; None where it has no such knob."),
    FUNCTION("presets", "", gil_preset_dicts, "The runtimes whose lock can be imitated: name to settings."),
    FUNCTION("enabled", "", gil_enabled, "Is there a lock?"),
    FUNCTION("holder", "", gil_holder_ident, "The identity of the thread that holds the lock."),
    FUNCTION("checkpoint", "", gil_checkpoint_function,
             "Hand the lock over if another thread wants it.  Return whether one did."),
    FUNCTION("reset_stats", "", gil_reset_stats, "Begin all figures anew."),
    FUNCTION("disable", "", gil_disable, "Switch the lock off: needs --check or --raw."),
    FUNCTION("enable", "", gil_enable, "Switch the lock on again."),
    FUNCTION("_set", "name, interval, ticks, anywhere, /", gil_set, "For set_policy()."),
    FUNCTION("_stats_json", "", gil_stats_json, "For stats()."),
    FUNCTION("report", "", gil_stats_text, "The figures and the diagnosis as text, as --stats prints them."),
    FUNCTION("_observe", "", gil_observe, "Observe all threads from now on."),
    FUNCTION("_record", "", gil_record, "Record events from now on."),
    FUNCTION("_write_trace", "path, /", gil_write_trace, "Write the events in Chrome's format."),
    FUNCTION("_timeline", "start, end, /", gil_timeline_text, "The timeline as text."),
    FUNCTION("_now", "", gil_now, "Seconds since observing began."),
    FUNCTION("_blocking_calls", "", gil_blocking_calls, "Every call that gives the lock back, and what kind of wait it is."),
    FUNCTION("_keep", "call, keeps, /", gil_keep, "Make a blocking call keep the lock, to see what happens."),
    NATIVE_END,
};

const ModuleDef mod__gil = {"_gil", "The half of the module gil that is written in C.", functions, NULL, NULL};
