/* Interning: one immortal string for each name, found in a process-wide table.
 *
 * The table has a lock of its own, so it is safe in every mode; strings in it never die, so finding one needs no count.
 */
#include "runtime/types/str_units.h"

#include "runtime/mem/heap.h"
#include "runtime/plat/lock.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"

static struct {
    Mutex lock;
    Str **slots;
    size_t count, mask;
} table = {MUTEX_INITIALIZER, NULL, 0, 0};

static bool grow(void) {
    size_t size = table.slots ? (table.mask + 1) * 2 : 2048;
    Str **slots = raw_allocate_zeroed(size * sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; table.slots && i <= table.mask; i++) {
        Str *s = table.slots[i];
        if (!s) continue;
        size_t at = str_hash(s) & (size - 1);
        while (slots[at]) at = (at + 1) & (size - 1);
        slots[at] = s;
    }
    raw_free(table.slots);
    table.slots = slots;
    table.mask = size - 1;
    return true;
}

/* Where a string of that content is, or belongs. */
static Str **find_slot(uint64_t hash, const void *data, size_t n, unsigned width) {
    size_t at = hash & table.mask;
    for (Str *s; (s = table.slots[at]); at = (at + 1) & table.mask)
        if (str_hash(s) == hash && s->length == n && str_width(s) == width && memcmp(s->data, data, n * width) == 0)
            break;
    return &table.slots[at];
}

/* A reference to the shared string for "" and single Latin-1 characters, which are interned by nature. */
static Value shared_for(const Str *s) {
    if (s->length == 0) return str_empty();
    return s->length == 1 && str_width(s) == 1 ? str_from_code_point(s->data[0]) : UNSET;
}

Value str_intern(Value v) {
    Str *s = as_str(v);
    if (str_is_interned(s)) return v;
    Value shared = shared_for(s);
    if (is_set(shared)) return release(v), shared;
    uint64_t hash = str_hash(s);
    mutex_lock(&table.lock);
    if ((table.count + 1) * 2 > table.mask && !grow()) {
        mutex_unlock(&table.lock);
        release(v);
        return raise_memory_error();
    }
    Str **slot = find_slot(hash, s->data, s->length, str_width(s));
    Str *found = *slot;
    if (!found) {
        *slot = s;
        table.count++;
        object_set_flag(&s->head, STR_INTERNED);
        object_make_immortal(&s->head);
    }
    mutex_unlock(&table.lock);
    if (!found) return v;
    release(v);
    return from_object(found);
}

Value str_intern_utf8(const char *text, size_t n) {
    if (n > 1 && table.slots && units_max(text, 1, n) == MAX_ASCII) {
        uint64_t hash = hash_bytes(text, n);
        mutex_lock(&table.lock);
        Str *found = *find_slot(hash, text, n, 1);
        mutex_unlock(&table.lock);
        if (found) return from_object(found);
    }
    Value s = str_from_utf8(text, n);
    return is_unset(s) ? UNSET : str_intern(s);
}

Value str_intern_cstr(const char *s) { return str_intern_utf8(s, strlen(s)); }

struct Names names;

void names_start(void) {
    str_start();
#define NAME(identifier)          names.identifier = str_intern_cstr(#identifier);
#define NAME_AS(identifier, text) names.identifier = str_intern_cstr(text);
#include "runtime/types/names.def"
#undef NAME
#undef NAME_AS
    names.empty = str_empty();
    names.lambda = str_intern_cstr("<lambda>");
    names.module_ = str_intern_cstr("<module>");
}
