/* The hash table of set and frozenset.
 *
 * Scripts can see the order of a set, so every rule here (how far to probe in line, when to grow and to what size,
 * which slot of a removed entry is used again) has to stay the one of CPython 3.11.
 */
#include "runtime/types/set.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/key.h"

enum { LINEAR_PROBES = 9, PERTURB_SHIFT = 5 };

static bool is_free(const SetEntry *e) { return is_unset(e->key) && e->hash == 0; }

void set_init_empty(Set *s) {
    s->used = s->fill = s->finger = 0;
    s->mask = SET_SMALL - 1;
    memset(s->small, 0, sizeof s->small);
    s->table = s->small;
    s->hash = -1;
}

void set_init_zeroed(Set *s) {
    s->mask = SET_SMALL - 1;
    s->table = s->small;
    s->hash = -1;
}

SetEntry *set_next_entry(const Set *s, size_t *position) {
    if (!s->table) return NULL;
    for (size_t i = *position; i <= s->mask; i++) {
        if (is_unset(s->table[i].key)) continue;
        *position = i + 1;
        return &s->table[i];
    }
    *position = s->mask + 1;
    return NULL;
}

/* Walks the slots that a hash may be in. */
typedef struct Walk {
    size_t slot, mask, line_end;
    uint64_t perturb;
} Walk;

static void walk_line(Walk *w) { w->line_end = w->slot + LINEAR_PROBES <= w->mask ? w->slot + LINEAR_PROBES : w->slot; }
static Walk walk_start(size_t mask, int64_t hash) {
    Walk w = {(size_t)hash & mask, mask, 0, (uint64_t)hash};
    walk_line(&w);
    return w;
}
/* `home` is where the current line began. */
static void walk_next(Walk *w, size_t *home) {
    if (w->slot < w->line_end) {
        w->slot++;
        return;
    }
    w->perturb >>= PERTURB_SHIFT;
    w->slot = *home = (*home * 5 + 1 + (size_t)w->perturb) & w->mask;
    walk_line(w);
}

/* Adds a key known to be absent to a table without removed entries; steals the key. */
static void insert_clean(SetEntry *table, size_t mask, Value key, int64_t hash) {
    Walk w = walk_start(mask, hash);
    size_t home = w.slot;
    while (is_set(table[w.slot].key)) walk_next(&w, &home);
    table[w.slot] = (SetEntry){key, hash};
}

bool set_resize(Set *s, size_t minimum) {
    size_t size = SET_SMALL;
    while (size <= minimum && size <= SIZE_MAX / 64) size <<= 1;
    SetEntry *old = s->table, copy[SET_SMALL], *table;
    size_t old_mask = s->mask;
    if (size == SET_SMALL) {
        if (old == s->small) {
            if (s->fill == s->used) return true;
            memcpy(copy, s->small, sizeof copy);
            old = copy;
        }
        table = s->small;
        memset(table, 0, sizeof s->small);
    } else if (!(table = raw_allocate_zeroed(size * sizeof *table))) {
        return raise_memory_error(), false;
    }
    for (size_t i = 0; i <= old_mask; i++)
        if (is_set(old[i].key)) insert_clean(table, size - 1, old[i].key, old[i].hash);
    s->table = table;
    s->mask = size - 1;
    s->fill = s->used;
    if (old != copy && old != s->small) raw_free(old);
    return true;
}

static bool is_removed(const SetEntry *e) { return is_unset(e->key) && e->hash == SET_REMOVED; }

/* The entry of the key; else the one where it would go: the last removed one on the way, or the free one that ends it.
 * NULL: its __eq__ raised. */
static SetEntry *find_slow(Set *s, Value key, int64_t hash) {
restart:;
    Walk w = walk_start(s->mask, hash);
    SetEntry *removed = NULL;
    for (size_t home = w.slot;; walk_next(&w, &home)) {
        SetEntry *table = s->table, *e = &table[w.slot];
        if (is_free(e)) return removed ? removed : e;
        if (is_removed(e)) removed = e;
        if (e->hash != hash || is_unset(e->key)) continue;
        if (same(e->key, key)) return e;
        Value other = retain(e->key);
        int equal = key_equal(other, key);
        bool moved = s->table != table || s->mask != w.mask || !same(e->key, other);
        release(other);
        if (equal < 0) return NULL;
        if (moved || s->table != table || s->mask != w.mask || !same(e->key, other)) goto restart;
        if (equal) return e;
    }
}

/* 1 or 0: are these keys with the same hash equal?  -1: only script code can say. */
static int plain_equal(Value a, Value b) {
    if (str_is_exact(a) && str_is_exact(b)) return str_equal(a, b);
    return is_small_int(a) && is_small_int(b) ? 0 : -1;
}

static SetEntry *find_further(Set *s, Value key, int64_t hash) {
    SetEntry *table = s->table, *removed = NULL;
    size_t mask = s->mask, slot = (size_t)hash & mask;
    for (uint64_t perturb = (uint64_t)hash;;) {
        SetEntry *e = &table[slot], *last = slot + LINEAR_PROBES <= mask ? e + LINEAR_PROBES : e;
        for (; e <= last; e++) {
            if (same(e->key, key)) return e;
            if (is_unset(e->key)) {
                if (e->hash == 0) return removed ? removed : e;
                removed = e;
            } else if (e->hash == hash) {
                int equal = plain_equal(e->key, key);
                if (equal) return equal > 0 ? e : find_slow(s, key, hash);
            }
        }
        perturb >>= PERTURB_SHIFT;
        slot = (slot * 5 + 1 + (size_t)perturb) & mask;
    }
}

/* Fills an entry that find() has just given for a key that is not there. */
static bool fill_entry(Set *s, SetEntry *e, Value key, int64_t hash) {
    bool again = is_removed(e);
    *e = (SetEntry){retain(key), hash};
    s->used++;
    if (again) return true;
    s->fill++;
    if (s->fill * 5 < s->mask * 3) return true;
    return set_resize(s, s->used > 50000 ? s->used * 2 : s->used * 4);
}

/* Most keys are found, or found missing, where they are looked for first. */
static inline SetEntry *find(Set *s, Value key, int64_t hash) {
    SetEntry *e = &s->table[(size_t)hash & s->mask];
    return same(e->key, key) || is_free(e) ? e : find_further(s, key, hash);
}

bool set_add_hashed(Set *s, Value key, int64_t hash) {
    SetEntry *e = find(s, key, hash);
    return e && (is_set(e->key) || fill_entry(s, e, key, hash));
}

bool set_toggle_hashed(Set *s, Value key, int64_t hash) {
    SetEntry *e = find(s, key, hash);
    if (!e) return false;
    if (is_unset(e->key)) return fill_entry(s, e, key, hash);
    Value old = e->key;
    *e = (SetEntry){UNSET, SET_REMOVED};
    s->used--;
    release(old);
    return true;
}

int set_contains_hashed(Set *s, Value key, int64_t hash) {
    if (s->used == 0) return 0;
    SetEntry *e = find(s, key, hash);
    return e ? is_set(e->key) : -1;
}

int set_discard_hashed(Set *s, Value key, int64_t hash) {
    SetEntry *e = find(s, key, hash);
    if (!e) return -1;
    if (is_unset(e->key)) return 0;
    Value old = e->key;
    *e = (SetEntry){UNSET, SET_REMOVED};
    s->used--;
    release(old);
    return 1;
}

/* Into a table that never held anything. */
static void merge_into_empty(Set *s, const Set *other) {
    bool copy = s->mask == other->mask && other->fill == other->used;
    for (size_t i = 0; i <= other->mask; i++) {
        SetEntry e = other->table[i];
        if (is_unset(e.key)) continue;
        retain(e.key);
        if (copy) s->table[i] = e;
        else insert_clean(s->table, s->mask, e.key, e.hash);
    }
    s->fill = s->used = other->used;
}

bool set_merge(Set *s, Set *other) {
    if (s == other || other->used == 0) return true;
    if ((s->fill + other->used) * 5 >= s->mask * 3 && !set_resize(s, (s->used + other->used) * 2)) return false;
    if (s->fill == 0) {
        merge_into_empty(s, other);
        return true;
    }
    size_t position = 0;
    for (SetEntry *e; (e = set_next_entry(other, &position));) {
        Value key = retain(e->key);
        bool fine = set_add_hashed(s, key, e->hash);
        release(key);
        if (!fine) return false;
    }
    return true;
}

void set_destroy_table(Set *s) {
    SetEntry *e = s->table;
    for (size_t live = s->used; live; e++) {
        if (is_unset(e->key)) continue;
        release(e->key);
        live--;
    }
    if (s->table != s->small) raw_free(s->table);
}

void set_empty(Set *s) {
    if (!s->table) return;
    SetEntry copy[SET_SMALL], *old = s->table;
    size_t mask = s->mask;
    if (old == s->small) old = memcpy(copy, s->small, sizeof copy);
    size_t live = s->used, finger = s->finger;
    set_init_empty(s);
    s->finger = finger;
    for (size_t i = 0; live && i <= mask; i++) release(old[i].key);
    if (old != copy) raw_free(old);
}
