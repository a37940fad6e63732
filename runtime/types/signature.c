/* Parses signatures of native functions and binds arguments to them, with CPython's words for every mistake. */
#include "runtime/types/signature.h"

#include "runtime/base/spin.h"
#include "runtime/mem/heap.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"

#include <string.h>

/* Parsing ---------------------------------------------------------------------------------------------------------- */

typedef struct Piece {
    const char *start;
    size_t length;
} Piece;

/* The next piece between commas that stand outside of brackets and quotes; false at the end. */
static bool piece_next(const char **text, Piece *out) {
    const char *p = *text;
    while (*p == ' ' || *p == ',') p++;
    if (!*p) return false;
    out->start = p;
    int depth = 0;
    for (char quote = 0; *p && (depth || quote || *p != ','); p++) {
        if (quote) quote = *p == quote ? 0 : quote;
        else if (*p == '\'' || *p == '"') quote = *p;
        else if (strchr("([{", *p)) depth++;
        else if (strchr(")]}", *p)) depth--;
    }
    out->length = (size_t)(p - out->start);
    *text = p;
    return true;
}

static size_t piece_count(const char *text) {
    Piece piece;
    size_t n = 0;
    while (piece_next(&text, &piece)) n++;
    return n;
}

static bool parameter_add(Signature *s, Piece piece, bool keyword_only) {
    size_t name = strcspn(piece.start, "=, ");
    if (name > piece.length) name = piece.length;
    Parameter *p = &s->parameters[s->count++];
    p->required = !memchr(piece.start, '=', piece.length);
    p->key = str_intern_utf8(piece.start, name);
    if (!keyword_only) {
        s->positional = s->count;
        if (p->required) s->required = s->count;
    }
    return is_set(p->key);
}

static bool signature_parse(Signature *s, const char *text) {
    Piece piece;
    bool keyword_only = false;
    while (piece_next(&text, &piece)) {
        if (*piece.start == '/') {
            s->positional_only = s->count;
        } else if (!strncmp(piece.start, "**", 2)) {
            s->keywords = true;
        } else if (*piece.start == '*') {
            keyword_only = true;
            s->variadic = piece.length > 1;
        } else if (!parameter_add(s, piece, keyword_only)) {
            return false;
        }
    }
    return true;
}

static Signature *signature_new(const char *text) {
    Signature *s = raw_allocate_zeroed(sizeof *s + piece_count(text) * sizeof(Parameter));
    if (!s) return raise_memory_error(), NULL;
    s->text = text;
    s->older_words = *text == '~';
    if (signature_parse(s, text + s->older_words)) return s;
    raw_free(s);
    return NULL;
}

/* All signatures by the address of their text, for as long as the process lives. */
static struct {
    SpinLock lock;
    Signature **rows;
    size_t capacity, used;
} table = {.lock = SPIN_LOCK_INIT};

static Signature **table_slot(Signature **rows, size_t capacity, const char *text) {
    size_t i = ((uintptr_t)text * UINT64_C(0x9E3779B97F4A7C15)) >> 20 & (capacity - 1);
    while (rows[i] && rows[i]->text != text) i = (i + 1) & (capacity - 1);
    return &rows[i];
}

static bool table_grow(void) {
    size_t capacity = table.capacity ? table.capacity * 2 : 512;
    Signature **rows = raw_allocate_zeroed(capacity * sizeof *rows);
    if (!rows) return false;
    for (size_t i = 0; i < table.capacity; i++)
        if (table.rows[i]) *table_slot(rows, capacity, table.rows[i]->text) = table.rows[i];
    raw_free(table.rows);
    table.rows = rows;
    table.capacity = capacity;
    return true;
}

/* Returns the row that is in the table afterwards. */
static Signature *table_add_locked(Signature *fresh) {
    if (2 * table.used >= table.capacity && !table_grow()) return NULL;
    Signature **slot = table_slot(table.rows, table.capacity, fresh->text);
    if (!*slot) {
        *slot = fresh;
        table.used++;
    }
    return *slot;
}

Signature *signature_of(const char *text) {
    spin_acquire(&table.lock);
    Signature *found = table.capacity ? *table_slot(table.rows, table.capacity, text) : NULL;
    spin_release(&table.lock);
    if (found) return found;
    Signature *fresh = signature_new(text);
    if (!fresh) return NULL;
    spin_acquire(&table.lock);
    found = table_add_locked(fresh);
    spin_release(&table.lock);
    if (found != fresh) raw_free(fresh);
    if (!found) raise_memory_error();
    return found;
}

/* Binding ---------------------------------------------------------------------------------------------------------- */

static size_t keyword_count(Value kwnames) { return is_set(kwnames) ? tuple_length(kwnames) : 0; }

static bool accepts_keywords(const Signature *s) { return s->keywords || s->positional_only < s->count; }

/* "list.append", "math.sqrt", "len". */
static Value full_name(Label label) {
    if (label.owner) return str_format("%s.%s", label.owner, label.name);
    if (is_set(label.module) && str_is(label.module) && !str_equal_ascii(label.module, "builtins"))
        return str_format("%U.%s", label.module, label.name);
    return str_from(label.name);
}

static bool refuse_named(Label label, const char *format, size_t given) {
    Value name = full_name(label);
    if (is_set(name)) raise_type_error(format, name, given);
    release(name);
    return false;
}

static bool refuse_keywords(Label label) { return refuse_named(label, "%U() takes no keyword arguments", 0); }

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

/* A wrong number of positional arguments where all parameters are positional-only. */
static bool refuse_positional_count(const Signature *s, Label label, size_t given) {
    if (s->count == 0 && !s->variadic) return refuse_named(label, "%U() takes no arguments (%zu given)", given);
    if (s->count == 1 && s->required == 1 && !s->variadic)
        return refuse_named(label, "%U() takes exactly one argument (%zu given)", given);
    bool few = given < s->required;
    size_t bound = few ? s->required : s->positional;
    const char *how = s->required == s->positional && !s->variadic ? "" : few ? "at least " : "at most ";
    if (s->older_words)
        raise_type_error("%s() takes %s%zu argument%s (%zu given)", label.name, how, bound, plural(bound), given);
    else raise_type_error("%s expected %s%zu argument%s, got %zu", label.name, how, bound, plural(bound), given);
    return false;
}

/* Too many arguments for a function that also takes keywords. */
static bool refuse_too_many(const Signature *s, Label label, size_t given, size_t named) {
    bool open = s->required < s->count;
    if (given + named > s->count && !s->keywords)
        raise_type_error("%s() takes %s %zu %sargument%s (%zu given)", label.name, open ? "at most" : "exactly",
                         (size_t)s->count, given ? "" : "keyword ", plural(s->count), given + named);
    else if (s->positional == 0)
        raise_type_error("%s() takes no positional arguments", label.name);
    else
        raise_type_error("%s() takes %s %zu positional argument%s (%zu given)", label.name,
                         s->required < s->positional ? "at most" : "exactly", (size_t)s->positional,
                         plural(s->positional), given);
    return false;
}

static int64_t find_parameter(const Signature *s, Value name) {
    for (size_t i = s->positional_only; i < s->count; i++)
        if (same(s->parameters[i].key, name)) return (int64_t)i;
    for (size_t i = s->positional_only; i < s->count; i++)
        if (str_equal(s->parameters[i].key, name)) return (int64_t)i;
    return -1;
}

static bool keyword_extra(const Signature *s, Label label, Value name, Value value, Value *out) {
    if (!s->keywords) {
        raise_type_error("'%U' is an invalid keyword argument for %s()", name, label.name);
        return false;
    }
    if (is_unset(out[s->count]) && is_unset(out[s->count] = dict_new())) return false;
    return dict_set(out[s->count], name, value);
}

static bool bind_keyword(const Signature *s, Label label, Value name, Value value, Value *out) {
    int64_t at = find_parameter(s, name);
    if (at < 0) return keyword_extra(s, label, name, value, out);
    if (is_set(out[at])) {
        raise_type_error("argument for %s() given by name ('%U') and position (%zu)", label.name, name, (size_t)at + 1);
        return false;
    }
    out[at] = value;
    return true;
}

static bool check_required(const Signature *s, Label label, size_t given, const Value *out) {
    size_t bound = s->required < s->positional_only ? s->required : s->positional_only;
    if (given < bound && s->positional_only < s->count) {
        raise_type_error("%s() takes %s %zu positional argument%s (%zu given)", label.name,
                         bound < s->positional ? "at least" : "exactly", bound, plural(bound), given);
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (is_set(out[i]) || !s->parameters[i].required) continue;
        raise_type_error("%s() missing required argument '%U' (pos %zu)", label.name, s->parameters[i].key, i + 1);
        return false;
    }
    return true;
}

static bool bind_keywords(const Signature *s, Label label, const Value *values, Value kwnames, Value *out) {
    for (size_t i = 0, n = keyword_count(kwnames); i < n; i++)
        if (!bind_keyword(s, label, tuple_at(kwnames, i), values[i], out)) return false;
    return true;
}

bool signature_bind(const Signature *s, Label label, const Value *args, size_t count, Value kwnames, Value *out) {
    size_t named = keyword_count(kwnames), slots = signature_slots(s);
    for (size_t i = 0; i < slots; i++) out[i] = UNSET;
    if (!accepts_keywords(s)) {
        if (named) return refuse_keywords(label);
        if (count < s->required || (count > s->positional && !s->variadic))
            return refuse_positional_count(s, label, count);
    } else if (!s->variadic && (count > s->positional || (count + named > s->count && !s->keywords))) {
        return refuse_too_many(s, label, count, named);
    }
    size_t direct = count < s->positional ? count : s->positional;
    if (direct) memcpy(out, args, direct * sizeof(Value));
    if (bind_keywords(s, label, args + count, kwnames, out) && check_required(s, label, count, out)) return true;
    if (s->keywords) clear(&out[s->count]);
    return false;
}

bool native_bind(const char *name, const char *signature, const Value *args, size_t count, Value kwnames, Value *out) {
    Signature *s = signature_of(signature);
    return s && signature_bind(s, (Label){name, NULL, UNSET}, args, count, kwnames, out);
}

bool native_no_keywords(const char *name, Value kwnames) {
    if (!keyword_count(kwnames)) return true;
    raise_type_error("%s() takes no keyword arguments", name);
    return false;
}
