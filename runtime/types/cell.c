/* Cells: variables that functions share. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"

static Cell *as_cell(Value v) { return (Cell *)as_object(v); }

Value cell_new(Value value) {
    Cell *c = object_allocate(&cell_type, sizeof *c);
    if (!c) return UNSET;
    c->value = retain(value);
    return from_object(c);
}

static Value cell_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    if (!native_bind("cell", "contents=None, /", args, count, kwnames, bound)) return UNSET;
    return cell_new(bound[0]);
}

static Value get_contents(Value v) {
    return is_set(as_cell(v)->value) ? retain(as_cell(v)->value) : raise_value_error("Cell is empty");
}

static bool set_contents(Value v, Value value) {
    replace(&as_cell(v)->value, retain(value));
    return true;
}

static Value cell_repr(Value v) {
    char own[24];
    strncpy(own, object_address(v), sizeof own - 1);
    own[sizeof own - 1] = 0;
    Value value = as_cell(v)->value;
    if (is_unset(value)) return str_format("<cell at %s: empty>", own);
    return str_format("<cell at %s: %T object at %s>", own, value, object_address(value));
}

/* Empty cells come before all others. */
static Value cell_compare(Value a, Value b, CompareOp op) {
    if (!is_exactly(b, &cell_type)) return NOT_IMPLEMENTED;
    Value x = as_cell(a)->value, y = as_cell(b)->value;
    if (is_set(x) && is_set(y)) return object_compare(x, y, op);
    return object_compare(from_small_int(is_set(x)), from_small_int(is_set(y)), op);
}

static const MemberDef cell_members[] = {
    {"cell_contents", get_contents, set_contents, NULL},
    {0},
};

static int cell_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Cell *)o)->value);
    return 0;
}

static void cell_clear(Object *o) { clear(&((Cell *)o)->value); }

static void cell_destroy(Object *o) {
    release(((Cell *)o)->value);
    object_free(o);
}

Type cell_type = {
    TYPE_HEAD("cell"),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .basic_size = sizeof(Cell),
    .members = cell_members,
    .destroy = cell_destroy,
    .traverse = cell_traverse,
    .clear = cell_clear,
    .make = cell_make,
    .repr = cell_repr,
    .compare = cell_compare,
};
