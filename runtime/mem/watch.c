/* The ring of steps on counts, what lost updates did, and the quarantine of dead objects. */
#include "runtime/mem/watch.h"

#include "runtime/mem/heap.h"
#include "runtime/mem/type.h"
#include "runtime/plat/memory.h"

#include <string.h>

enum { RING_STEPS = 1 << 19, DAMAGED_MAX = 1024, DEFAULT_BUDGET_MB = 64 };

static struct Damaged {
    Object *object;
    int64_t excess;
    size_t count; /* of the steps that ended in the first damage */
    Step evidence[WATCH_EVIDENCE];
} damaged[DAMAGED_MAX];

bool watch_on;
void (*watch_place)(const void **code, uint32_t *index);
uint16_t (*watch_thread)(void);
bool (*watch_exposes)(const Type *type);
void (*watch_window)(void);
void (*watch_report)(BugKind kind, Object *o, const Step *step, const Step *other);
size_t quarantine_budget = (size_t)DEFAULT_BUDGET_MB << 20;

static Step *ring;
static uint64_t steps; /* ever noted */
static size_t damaged_count;

static struct {
    Object **items;   /* a ring of dead objects, oldest at `first` */
    size_t first, count, capacity, bytes;
} dead;

/* --- the ring ------------------------------------------------------------------------------------------------- */

bool watch_start(void) {
    if (!ring && !(ring = memory_map(RING_STEPS * sizeof *ring))) return false;
    watch_on = true;
    return true;
}

Step watch_here(const Object *o, StepKind kind) {
    Step step = {.object = o, .kind = (uint8_t)kind, .thread = watch_thread ? watch_thread() : 0};
    if (watch_place) watch_place(&step.code, &step.index);
    return step;
}

static Step *note(const Object *o, StepKind kind, uint32_t count, int change) {
    Step *step = &ring[steps++ % RING_STEPS];
    *step = watch_here(o, kind);
    step->count = count;
    step->change = (int8_t)change;
    return step;
}

static uint64_t oldest_step(void) { return steps > RING_STEPS ? steps - RING_STEPS : 0; }

/* Where the object's present life begins: an address may have been another object before. */
static uint64_t find_birth(const Object *o, bool *found) {
    for (uint64_t i = steps; i-- > oldest_step();) {
        const Step *s = &ring[i % RING_STEPS];
        if (s->object == o && s->kind == STEP_BORN) return *found = true, i;
    }
    return *found = false, oldest_step();
}

bool watch_birth(const Object *o, Step *out) {
    bool found;
    uint64_t i = find_birth(o, &found);
    if (found) *out = ring[i % RING_STEPS];
    return found;
}

size_t watch_history(const Object *o, Step *out, size_t limit) {
    bool found;
    uint64_t from = find_birth(o, &found) + found, first = steps;
    size_t n = 0;
    while (first > from && n < limit) n += ring[--first % RING_STEPS].object == o;
    for (size_t at = 0; at < n; first++)
        if (ring[first % RING_STEPS].object == o) out[at++] = ring[first % RING_STEPS];
    return n;
}

/* --- counting --------------------------------------------------------------------------------------------------- */

/* The load whose store has just been noted, and the last steps up to that store. */
static size_t gather_evidence(const Object *o, Step *out) {
    const Step *store = &ring[(steps - 1) % RING_STEPS], *load = NULL;
    for (uint64_t i = steps - 1; i-- > oldest_step() && !load;) {
        const Step *s = &ring[i % RING_STEPS];
        if (s->object == o && s->thread == store->thread && s->kind == STEP_LOAD) load = s;
    }
    size_t n = watch_history(o, out + 1, WATCH_EVIDENCE - 1);
    for (size_t i = 1; i <= n && load; i++)
        if (memcmp(&out[i], load, sizeof *load) == 0) load = NULL;
    if (!load) return memmove(out, out + 1, n * sizeof *out), n;
    out[0] = *load;
    return n + 1;
}

/* A store that overwrote something else than what was loaded undid what others had counted meanwhile. */
static void note_damage(Object *o, int64_t excess) {
    for (size_t i = 0; i < damaged_count; i++) {
        if (damaged[i].object != o) continue;
        damaged[i].excess += excess;
        return;
    }
    if (damaged_count == DAMAGED_MAX) return;
    struct Damaged *fresh = &damaged[damaged_count++];
    fresh->object = o;
    fresh->excess = excess;
    fresh->count = gather_evidence(o, fresh->evidence);
}

static void forget_damage(const Object *o) {
    for (size_t i = 0; i < damaged_count; i++)
        if (damaged[i].object == o) damaged[i--] = damaged[--damaged_count];
}

void watch_each_damaged(void (*visit)(Object *o, int64_t excess)) {
    for (size_t i = damaged_count; i-- > 0;)
        if (damaged[i].excess) visit(damaged[i].object, damaged[i].excess);
}

size_t watch_evidence(const Object *o, Step *out) {
    for (size_t i = 0; i < damaged_count; i++) {
        if (damaged[i].object != o) continue;
        memcpy(out, damaged[i].evidence, damaged[i].count * sizeof *out);
        return damaged[i].count;
    }
    return 0;
}

/* One bug gives one report: the object never dies again. */
static void report(BugKind kind, Object *o, StepKind doing) {
    Step step = watch_here(o, doing);
    object_clear_flag(o, OBJECT_QUARANTINED);
    object_make_immortal(o);
    if (watch_report) watch_report(kind, o, &step, NULL);
    forget_damage(o);
}

static void window(void) {
    if (watch_window) watch_window();
}

/* What watch_exposes() answered, by type; a row is taken over by another type that needs it. */
static bool is_exposed(const Object *o) {
    static struct {
        const Type *type;
        bool exposed;
    } answers[256];
    size_t i = ((uintptr_t)o->type >> 4) % (sizeof answers / sizeof *answers);
    if (answers[i].type != o->type) {
        answers[i].exposed = watch_exposes && watch_exposes(o->type);
        answers[i].type = o->type;
    }
    return answers[i].exposed;
}

void watch_born(Object *o) { note(o, STEP_BORN, 1, 0); }

void watch_fetched(Value v) {
    Object *o = as_object(v);
    if (rc_load(&o->count) >= RC_IMMORTAL || !is_exposed(o)) return;
    note(o, STEP_FETCH, rc_load(&o->count), 0);
    window();
}

/* load, window, store */
static uint32_t step_count(RefCount *count, int change, bool shared) {
    Object *o = (Object *)count;
    uint32_t loaded = rc_load(count);
    if (shared && is_exposed(o)) {
        note(o, STEP_LOAD, loaded, change);
        window();
    }
    uint32_t overwrote = rc_load(count);
    if (overwrote >= RC_IMMORTAL) return loaded + 2; /* a bug was reported meanwhile */
    rc_store(count, loaded + (uint32_t)change);
    note(o, STEP_STORE, loaded + (uint32_t)change, change)->overwrote = overwrote;
    if (overwrote != loaded) note_damage(o, (int64_t)loaded - (int64_t)overwrote);
    return loaded;
}

void watch_increment(RefCount *count, bool shared) {
    Object *o = (Object *)count;
    if (rc_load(count) >= RC_IMMORTAL) return;
    if (is_quarantined(o)) return report(BUG_USE_AFTER_FREE, o, STEP_STORE);
    step_count(count, 1, shared);
}

bool watch_decrement(RefCount *count, bool shared) {
    Object *o = (Object *)count;
    if (rc_load(count) >= RC_IMMORTAL) return false;
    if (is_quarantined(o)) return report(BUG_DOUBLE_FREE, o, STEP_STORE), false;
    return step_count(count, -1, shared) == 1;
}

void watch_died_twice(Object *o) { report(BUG_DOUBLE_FREE, o, STEP_DIED); }

/* --- the quarantine ------------------------------------------------------------------------------------------- */

static bool dead_grow(void) {
    size_t capacity = dead.capacity ? 2 * dead.capacity : 1024;
    Object **grown = raw_allocate(capacity * sizeof *grown);
    if (!grown) return false;
    for (size_t i = 0; i < dead.count; i++) grown[i] = dead.items[(dead.first + i) % dead.capacity];
    raw_free(dead.items);
    dead.items = grown;
    dead.capacity = capacity;
    dead.first = 0;
    return true;
}

/* Without memory for the list the object stays where it is, for ever. */
void quarantine_add(Object *o) {
    rc_store(&o->count, 0);
    object_set_flag(o, OBJECT_QUARANTINED);
    note(o, STEP_DIED, 0, 0);
    if (dead.count == dead.capacity && !dead_grow()) return;
    dead.items[(dead.first + dead.count++) % dead.capacity] = o;
    dead.bytes += raw_usable_size(o);
}

bool quarantine_is_due(void) { return dead.bytes > quarantine_budget; }

static Object *dead_take(void) {
    Object *o = dead.items[dead.first];
    dead.first = (dead.first + 1) % dead.capacity;
    dead.count--;
    dead.bytes -= raw_usable_size(o);
    return o;
}

static void destroy(Object *o) {
    object_clear_flag(o, OBJECT_QUARANTINED);
    forget_damage(o);
    o->type->destroy(o);
}

/* Candidates of a purge, found by their addresses: open addressing, twice as many slots as candidates. */
typedef struct Candidates {
    Object **slots;
    bool *referenced;
    size_t mask;
} Candidates;

static size_t slot_of(const Candidates *c, const void *address) {
    size_t i = ((uintptr_t)address >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20 & c->mask;
    while (c->slots[i] && c->slots[i] != address) i = (i + 1) & c->mask;
    return i;
}

static void search(const void *start, const void *end, void *context) {
    Candidates *c = context;
    const uintptr_t *word = (const uintptr_t *)(((uintptr_t)start + 7) & ~(uintptr_t)7);
    for (; word + 1 <= (const uintptr_t *)end; word++) {
        if (*word < 4096 || *word & 15) continue;
        size_t i = slot_of(c, (const void *)*word);
        if (c->slots[i]) c->referenced[i] = true;
    }
}

static bool is_candidate(const Candidates *c, const void *block) { return c->slots[slot_of(c, block)] != NULL; }

/* References among candidates do not count, unless the one that refers is kept: that is found by searching the kept
 * ones again until nothing changes. */
static bool search_block(void *block, size_t bytes, bool is_object_block, void *context) {
    Candidates *c = context;
    if (is_object_block && is_candidate(c, block)) return true;
    if (block != c->slots && block != c->referenced && block != dead.items)
        search(block, (char *)block + bytes, c);
    return true;
}

static void search_kept(Candidates *c) {
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i <= c->mask; i++) {
            Object *o = c->slots[i];
            if (!o || !c->referenced[i] || !is_quarantined(o)) continue;
            object_clear_flag(o, OBJECT_QUARANTINED); /* marks it as searched */
            search(o, (char *)o + raw_usable_size(o), c);
            changed = true;
        }
    }
}

void quarantine_purge(
    void (*each_stack)(void (*visit)(const void *start, const void *end, void *context), void *context)) {
    size_t n = dead.count, size = 1024;
    while (size < 2 * n) size *= 2;
    Candidates c = {raw_allocate_zeroed(size * sizeof(Object *)), raw_allocate_zeroed(size), size - 1};
    if (!c.slots || !c.referenced) n = 0;
    for (size_t i = 0; i < n; i++) {
        Object *o = dead.items[(dead.first + i) % dead.capacity];
        if (is_quarantined(o)) c.slots[slot_of(&c, o)] = o;
    }
    if (n) {
        heap_each_block(search_block, &c);
        each_stack(search, &c);
        search_kept(&c);
    }
    for (size_t i = 0; i < n; i++) {
        Object *o = dead_take();
        size_t at = slot_of(&c, o);
        if (c.slots[at] && !c.referenced[at]) destroy(o);
        else if (c.slots[at]) quarantine_add(o);
    }
    raw_free(c.slots);
    raw_free(c.referenced);
}

void quarantine_end(void) {
    while (dead.count) {
        Object *o = dead_take();
        if (is_quarantined(o)) destroy(o);
    }
    raw_free(dead.items);
    memset(&dead, 0, sizeof dead);
}
