/* What the checked engine found, told from the recorded steps: who did what to which object, and why that is wrong.
 *
 * Everything said here is derived from the steps (runtime/mem/watch.h).  One report is printed for each distinct bug: a
 * kind of bug, on a type, at one pair of places.  While a report is made nothing is watched, so that it does not report
 * on itself.
 */
#include "vm/exec/bug_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/conc/thread.h"
#include "runtime/mem/watch.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/frame.h"
#include "vm/exec/source.h"

enum { HISTORY = 200, HISTORY_SHOWN = 10, SEEN_MAX = 256, EXIT_BUGS = 66, TEXT = 400 };

size_t bug_report_limit = 20;
bool bug_report_stops;

static const char *const titles[BUG_COUNT] = {
    [BUG_USE_AFTER_FREE] = "use after free",
    [BUG_DOUBLE_FREE] = "double free",
    [BUG_LOST_COUNT] = "wrong reference count",
    [BUG_CONTAINER] = "container race",
    [BUG_LOST_UPDATE] = "lost update",
};

typedef struct Site {
    BugKind kind;
    const void *code, *other_code, *type;
    int line, other_line;
} Site;

static Site seen[SEEN_MAX];
static size_t seen_count, found[BUG_COUNT];
static FILE *json;

/* --- places ----------------------------------------------------------------------------------------------------- */

static void place(const void **code, uint32_t *index) {
    const Frame *frame = machine.frame;
    while (frame && !frame_runs_script(frame) && frame != &machine.base) frame = frame->back;
    if (!frame || !frame_runs_script(frame)) return;
    *code = frame->code;
    *index = frame_index(frame);
}

static int line_of(const Step *step) {
    return step->code ? code_position(step->code, step->index).line : 0;
}

static void copy_text(char *out, size_t size, Value text) {
    size_t n = 0;
    const char *s = is_set(text) ? str_utf8(text, &n) : NULL;
    snprintf(out, size, "%s", s ? s : "");
    error_clear();
}

/* "races.scr:18 in reader: total += len(shared)" */
static void describe_place(char *out, size_t size, const Step *step) {
    if (!step->code) {
        snprintf(out, size, "(outside the script)");
        return;
    }
    const Code *code = step->code;
    char file[200], name[80], line[160] = "";
    copy_text(file, sizeof file, code->filename);
    copy_text(name, sizeof name, code->name);
    const char *slash = strrchr(file, '/');
    Value text = source_line_text(code->filename, line_of(step));
    if (is_set(text)) copy_text(line, sizeof line, text);
    release(text);
    error_clear();
    char *start = line + strspn(line, " \t");
    bool in_module = name[0] == '<';
    snprintf(out, size, "%s:%d%s%s%s%s", slash ? slash + 1 : file, line_of(step), in_module ? "" : " in ",
             in_module ? "" : name, *start ? ": " : "", start);
}

static void describe_thread(char *out, size_t size, uint16_t number) { thread_name_of(number, out, size); }

/* --- objects ---------------------------------------------------------------------------------------------------- */

/* May its repr be computed without running script code? */
static bool is_plain(Value v, int depth) {
    if (!is_object(v) || str_is_exact(v)) return true;
    Type *type = type_of(v);
    if (type->flags & TYPE_HEAP || depth == 0) return false;
    Value *items = NULL;
    size_t n = 0;
    if (list_is_exact(v)) items = as_list(v)->items, n = as_list(v)->length;
    else if (tuple_is_exact(v)) items = as_tuple(v)->items, n = tuple_length(v);
    else return !(type->flags & TYPE_GC);
    for (size_t i = 0; i < n; i++)
        if (!is_plain(items[i], depth - 1)) return false;
    return true;
}

static void describe_object(char *out, size_t size, Object *o) {
    Value v = from_object(o), text = is_plain(v, 3) ? object_repr(v) : UNSET;
    char value[60] = "";
    copy_text(value, sizeof value, text);
    release(text);
    error_clear();
    bool cut = strlen(value) == sizeof value - 1;
    snprintf(out, size, "%s object%s%s%s", o->type->name, value[0] ? " " : "", value, cut ? "..." : "");
}

/* A variable, an attribute, or an item. */
static void describe_variable(char *out, size_t size, Object *owner, const Object *name) {
    Value v = from_object(name);
    char text[60] = "";
    if (name && str_is(v)) copy_text(text, sizeof text, v);
    bool is_global = dict_is(from_object(owner)) && text[0] && is_set(dict_get_str(from_object(owner), names.__name__));
    if (is_global || owner->type == &cell_type) snprintf(out, size, "variable %s", text);
    else if (dict_is(from_object(owner)) || !text[0]) snprintf(out, size, "item %s of a %s", text, owner->type->name);
    else snprintf(out, size, "attribute %s of a %s object", text, owner->type->name);
}

/* --- why -------------------------------------------------------------------------------------------------------- */

static bool overwrote_others(const Step *s) {
    return s->kind == STEP_STORE && s->overwrote != s->count - (uint32_t)(int32_t)s->change;
}

/* The last store that overwrote what others had stored since its load, and that load.  False: there is none. */
static bool find_lost(const Step *steps, size_t n, size_t *load, size_t *store) {
    for (size_t i = n; i-- > 0;) {
        if (!overwrote_others(&steps[i])) continue;
        for (size_t j = i; j-- > 0;) {
            if (steps[j].kind != STEP_LOAD || steps[j].thread != steps[i].thread) continue;
            *load = j;
            *store = i;
            return true;
        }
    }
    return false;
}

/* The store of another thread that was lost: between that load and that store. */
static size_t lost_between(const Step *steps, size_t load, size_t store) {
    for (size_t i = store; i-- > load + 1;)
        if (steps[i].kind == STEP_STORE && steps[i].thread != steps[store].thread) return i;
    return store;
}

/* The step between `from` and `to` at which the object died; `to`: it did not. */
static size_t death_between(const Step *steps, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (steps[i].kind == STEP_DIED) return i;
    return to;
}

/* A reference that was read before the object died, and counted after: the fetch.  n: there is none. */
static size_t find_late(const Step *steps, size_t n) {
    size_t died = death_between(steps, 0, n);
    for (size_t i = died; i-- > 0;) {
        if (steps[i].kind != STEP_FETCH && steps[i].kind != STEP_LOAD) continue;
        bool done = false;
        for (size_t j = i + 1; j < died; j++) done |= steps[j].kind == STEP_STORE && steps[j].thread == steps[i].thread;
        if (!done && steps[i].thread != steps[died < n ? died : i].thread) return i;
    }
    return n;
}

static void explain_late(FILE *out, const Step *steps, size_t late, size_t died) {
    char reader[64], dropper[64];
    describe_thread(reader, sizeof reader, steps[late].thread);
    describe_thread(dropper, sizeof dropper, steps[died].thread);
    fprintf(out, "  why: %s had read the reference but not yet counted it when %s dropped the last one that was\n"
                 "       counted: the object was freed in between\n"
                 "  under a GIL: reading a reference and counting it cannot be separated\n", reader, dropper);
}

static void explain_lost(FILE *out, const Step *steps, size_t load, size_t store) {
    char first[64], second[64];
    size_t lost = lost_between(steps, load, store);
    describe_thread(first, sizeof first, steps[store].thread);
    describe_thread(second, sizeof second, steps[lost].thread);
    bool addition = steps[lost].change > 0;
    fprintf(out, "  why: %s loaded %u and stored %u; %s had stored %u in between, so %s is not counted:\n", first,
            steps[load].count, steps[store].count, second, steps[lost].count,
            addition ? "the reference that it added" : "the one that it dropped");
    fputs(addition ? "       the count is too low, and reaches 0 while references are left\n"
                   : "       the count is too high, and the object is never freed\n", out);
    fputs("  under a GIL: a load and its store cannot be separated; no update is lost\n", out);
}

static void why(FILE *out, BugKind kind, const Step *steps, size_t n) {
    size_t load, store, late = find_late(steps, n), died = death_between(steps, 0, n);
    if (kind != BUG_LOST_COUNT && late < n && died < n) explain_late(out, steps, late, died);
    else if (find_lost(steps, n, &load, &store)) explain_lost(out, steps, load, store);
    else fputs("  why: the steps that led here are no longer remembered\n", out);
}

/* --- printing --------------------------------------------------------------------------------------------------- */

static void print_role(FILE *out, const char *role, const Step *step) {
    char thread[64], where[TEXT];
    describe_thread(thread, sizeof thread, step->thread);
    describe_place(where, sizeof where, step);
    fprintf(out, "  %-11s %-20s %s\n", role, thread, where);
}

static void print_steps(FILE *out, const Step *steps, size_t n) {
    fputs("  reference count, last operations, oldest first:\n", out);
    size_t load = n, store = n;
    find_lost(steps, n, &load, &store);
    for (size_t i = n > HISTORY_SHOWN ? n - HISTORY_SHOWN : 0; i < n; i++) {
        const Step *s = &steps[i];
        char thread[64], file[200] = "", what[64];
        describe_thread(thread, sizeof thread, s->thread);
        if (s->code) copy_text(file, sizeof file, ((const Code *)s->code)->filename);
        const char *slash = strrchr(file, '/');
        const char *add = s->change > 0 ? "(to add a reference)" : "(to drop one)";
        switch ((StepKind)s->kind) {
        case STEP_BORN: snprintf(what, sizeof what, "made, count 1"); break;
        case STEP_FETCH: snprintf(what, sizeof what, "read the reference, not counted yet"); break;
        case STEP_LOAD: snprintf(what, sizeof what, "load %-5u %s", s->count, add); break;
        case STEP_STORE: snprintf(what, sizeof what, "store %u", s->count); break;
        case STEP_DIED: snprintf(what, sizeof what, "freed"); break;
        }
        fprintf(out, "    %-20s %s:%-6d %s%s\n", thread, slash ? slash + 1 : file, line_of(s), what,
                i == store ? "   <- what was stored in between is lost" : "");
    }
}

static const Step *find_step(const Step *steps, size_t n, StepKind kind) {
    for (size_t i = n; i-- > 0;)
        if (steps[i].kind == kind) return &steps[i];
    return NULL;
}

static void print_count_bug(FILE *out, BugKind kind, Object *o, const Step *step) {
    Step *steps = malloc(HISTORY * sizeof *steps), birth;
    if (!steps) return;
    size_t n = kind == BUG_LOST_COUNT ? watch_evidence(o, steps) : watch_history(o, steps, HISTORY);
    if (kind == BUG_USE_AFTER_FREE) print_role(out, "used by", step);
    if (kind == BUG_DOUBLE_FREE) print_role(out, "dropped by", step);
    const Step *died = find_step(steps, n, STEP_DIED);
    if (died) print_role(out, "freed by", died);
    if (watch_birth(o, &birth)) print_role(out, "created by", &birth);
    print_steps(out, steps, n);
    why(out, kind, steps, n);
    free(steps);
}

static void print_pair_bug(FILE *out, BugKind kind, const Step *step, const Step *other) {
    bool container = kind == BUG_CONTAINER;
    print_role(out, container ? (step->kind == STEP_STORE ? "changed by" : "read by") : "written by", step);
    print_role(out, container ? (other->kind == STEP_STORE ? "changed by" : "read by") : "written by", other);
    if (container)
        fputs("  why: both threads were inside an operation on it at the same time\n"
              "  under a GIL: an operation of a built-in container is not interrupted\n", out);
    else
        fputs("  why: the first thread read the value before the second wrote, and has written over it\n"
              "  under a GIL: this is possible as well, wherever the lock may change hands in between: use a Lock\n", out);
}

static void json_text(const char *name, const char *text, bool first) {
    fprintf(json, "%s\"%s\": \"", first ? "" : ", ", name);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\') fprintf(json, "\\%c", *c);
        else if (*c < 32) fprintf(json, "\\u%04x", *c);
        else fputc(*c, json);
    }
    fputc('"', json);
}

static void json_step(const Step *step) {
    static const char *const kinds[] = {"born", "fetch", "load", "store", "died"};
    char thread[64], where[TEXT];
    describe_thread(thread, sizeof thread, step->thread);
    describe_place(where, sizeof where, step);
    fputc('{', json);
    json_text("thread", thread, true);
    json_text("at", where, false);
    json_text("step", kinds[step->kind], false);
    fprintf(json, ", \"count\": %u, \"overwrote\": %u, \"change\": %d}", step->count, step->overwrote, step->change);
}

static void write_json(BugKind kind, Object *o, const char *object, const Step *step, const Step *other) {
    Step *steps = malloc(HISTORY * sizeof *steps);
    size_t n = !steps || !o || other ? 0 : kind == BUG_LOST_COUNT ? watch_evidence(o, steps) : watch_history(o, steps, HISTORY);
    fputc('{', json);
    json_text("kind", titles[kind], true);
    json_text("object", object, false);
    fputs(", \"step\": ", json);
    json_step(step);
    if (other) fputs(", \"other\": ", json), json_step(other);
    fputs(", \"history\": [", json);
    for (size_t i = 0; i < n; i++) {
        if (i) fputs(", ", json);
        json_step(&steps[i]);
    }
    fputs("]}\n", json);
    fflush(json);
    free(steps);
}

/* --- what is reported ------------------------------------------------------------------------------------------- */

static bool same_site(const Site *a, const Site *b) {
    return a->kind == b->kind && a->type == b->type && a->code == b->code && a->line == b->line &&
           a->other_code == b->other_code && a->other_line == b->other_line;
}

static bool is_new(BugKind kind, const Object *o, const Step *step, const Step *other) {
    Site site = {kind, step->code, other ? other->code : NULL, o ? o->type : NULL, line_of(step), other ? line_of(other) : 0};
    Site turned = {kind, site.other_code, site.code, site.type, site.other_line, site.line};
    for (size_t i = 0; i < seen_count; i++)
        if (same_site(&seen[i], &site) || (other && same_site(&seen[i], &turned))) return false;
    if (seen_count < SEEN_MAX) seen[seen_count++] = site;
    return true;
}

static void report(BugKind kind, Object *o, const Step *step, const Step *other) {
    bool watching = watch_on;
    watch_on = false;
    found[kind]++;
    size_t before = seen_count;
    if (is_new(kind, o, step, other) && before < bug_report_limit) {
        char object[160];
        if (kind == BUG_LOST_UPDATE) describe_variable(object, sizeof object, o, step->object);
        else describe_object(object, sizeof object, o);
        fflush(stdout);
        fprintf(stderr, "==scr== %s: %s\n", titles[kind], object);
        if (other) print_pair_bug(stderr, kind, step, other);
        else print_count_bug(stderr, kind, o, step);
        fputc('\n', stderr);
        if (json) write_json(kind, o, object, step, other);
        if (bug_report_stops) {
            bug_report_finish();
            _Exit(EXIT_BUGS);
        }
    }
    watch_on = watching;
}

static void report_damage(Object *o, int64_t excess) {
    if (excess <= 0 || (object_flags(o) & (OBJECT_DYING | OBJECT_QUARANTINED))) return;
    Step step = watch_here(o, STEP_STORE);
    step.code = NULL;
    report(BUG_LOST_COUNT, o, &step, NULL);
}

void bug_report_start(void) {
    watch_place = place;
    watch_report = report;
}

bool bug_report_open(const char *path) { return (json = fopen(path, "we")) != NULL; }

size_t bug_report_count(void) {
    size_t n = 0;
    for (int i = 0; i < BUG_COUNT; i++) n += found[i];
    return n;
}

size_t bug_report_finish(void) {
    watch_on = false;
    watch_each_damaged(report_damage);
    size_t n = bug_report_count();
    fprintf(stderr, "==scr== %zu bug%s found%s", seen_count, seen_count == 1 ? "" : "s", n ? "" : "\n");
    if (!n) return 0;
    const char *separator = "; how often: ";
    for (int i = 0; i < BUG_COUNT; i++) {
        if (!found[i]) continue;
        fprintf(stderr, "%s%zu %s", separator, found[i], titles[i]);
        separator = ", ";
    }
    fputc('\n', stderr);
    if (json) fclose(json);
    json = NULL;
    return n;
}
