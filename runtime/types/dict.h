/* dict: compact hash table in insertion order.
 *
 * A table of small indices (8, 16 or 32 bits) points into a dense array of entries.  Tables whose keys are all exact
 * str keep entries of 16 bytes (the hash is in the string); others 24.  `keys->version` is a number that no other table
 * state ever had: it changes when a key is added, removed or moved, not when a value changes, so an inline cache that
 * saw the version may read or write entry `index` directly.
 */
#ifndef TYPES_DICT_H
#define TYPES_DICT_H

#include "runtime/mem/type.h"

typedef struct DictKeys DictKeys; /* layout: runtime/types/dict_keys.h, for the dict and for inline caches only */

typedef struct Dict {
    Object head;
    size_t count;    /* live entries */
    DictKeys *keys;  /* NULL while empty */
} Dict;

extern Type dict_type, dict_keys_type, dict_values_type, dict_items_type;
extern Type dict_key_iterator_type, dict_value_iterator_type, dict_item_iterator_type;
extern Type dict_reverse_key_iterator_type, dict_reverse_value_iterator_type, dict_reverse_item_iterator_type;

typedef struct DictView { /* keys, values, items */
    Object head;
    Value dict;
} DictView;

/* All six iterators.  An iteration step: the dict must still have `count` entries, then the next live entry is taken.
 */
typedef struct DictIterator {
    Object head;
    Value dict;       /* UNSET when exhausted */
    size_t position;  /* next entry; reversed: one above the next */
    size_t count;     /* SIZE_MAX after a change was reported: it is reported again */
    size_t remaining;
    Value pair;       /* items: the tuple made last, filled again when nobody else holds it */
} DictIterator;

static inline bool dict_is(Value v) { return type_has(v, TYPE_DICT_SUB); }
static inline bool dict_is_exact(Value v) { return is_exactly(v, &dict_type); }
static inline Dict *as_dict(Value v) { return (Dict *)as_object(v); }
static inline size_t dict_length(Value v) { return as_dict(v)->count; }

Value dict_new(void);
Value dict_new_sized(size_t expected);
/* 1 found (*out borrowed), 0 absent, -1 failed (hash or equality raised). */
int dict_find(Value dict, Value key, Value *out);
/* Borrowed; UNSET with nothing pending when absent.  Key is an exact str: cannot fail. */
Value dict_get_str(Value dict, Value key);
Value dict_get_utf8(Value dict, const char *key);          /* borrowed or UNSET */
bool dict_set(Value dict, Value key, Value value);         /* retains both */
bool dict_set_utf8(Value dict, const char *key, Value value);
bool dict_set_steal(Value dict, Value key, Value value);   /* steals value only */
/* 1 removed, 0 absent, -1 failed.  *old, if not NULL, gets the owned value. */
int dict_remove(Value dict, Value key, Value *old);
bool dict_delete(Value dict, Value key);                   /* KeyError when absent */
Value dict_set_default(Value dict, Value key, Value value); /* borrowed: the value in place; UNSET failed */
void dict_clear(Value dict);
Value dict_copy(Value dict);
bool dict_update(Value dict, Value other);                 /* mapping or iterable of pairs, as dict.update */
bool dict_update_mapping(Value dict, Value mapping);       /* {**mapping}: "'int' object is not a mapping" */
bool dict_merge_unique(Value dict, Value mapping, Value callee); /* f(**a, **b): TypeError on duplicates */
Value dict_view_new(Type *type, Value dict);               /* of one of the three types of views */
Value dict_iterator_new(Type *type, Value dict);           /* of one of the six types of iterators */
/* The next item of an iterator over items, as two owned values: false when exhausted, or failed with the exception
 * pending. */
bool dict_iterator_take_item(Value iterator, Value out[2]);
/* Walks entries in order: start with *position = 0; false at the end.  Borrowed; the dict must not change. */
bool dict_next(Value dict, size_t *position, Value *key, Value *value);
Value dict_key_list(Value dict);
Value dict_value_list(Value dict);
Value dict_item_list(Value dict);
int dict_equal(Value a, Value b);

/* For inline caches on namespaces.  Index of a str key, or -1; version is nonzero and lasts until the keys change. */
int64_t dict_cache_index(Value dict, Value key, uint32_t *version);
uint32_t dict_version(Value dict);                          /* 0 when the dict has no keys yet */
/* Valid only while the version matches.  Borrowed; may be UNSET. */
Value *dict_cache_slot(Value dict, size_t index);

#endif
