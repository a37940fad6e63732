/* Making immortal what every thread uses. */
#include "vm/exec/share.h"

#include "runtime/conc/gil_off.h"
#include "runtime/mem/gc.h"
#include "runtime/mem/heap.h"
#include "runtime/mem/watch.h"
#include "runtime/types/bytes.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/exec.h"
#include "vm/exec/frame.h"
#include "vm/exec/function.h"
#include "vm/exec/import.h"

static bool on;

static void share(Object *o) {
    if (rc_load(&o->count) < RC_IMMORTAL) object_make_immortal(o);
}

static void share_constant(Value v);

static void share_code(Code *code) {
    share(&code->head);
    Value named[] = {code->name, code->qualname, code->filename, code->docstring, code->varnames, code->cellnames,
                     code->freenames};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) share_constant(named[i]);
    for (uint32_t i = 0; i < code->constant_count; i++) share_constant(code->constants[i]);
}

static int share_child(Value child, void *context) {
    (void)context;
    share_constant(child);
    return 0;
}

/* Constants are immutable, and so hold nothing but constants. */
static void share_constant(Value v) {
    if (!is_object(v) || rc_load(&as_object(v)->count) >= RC_IMMORTAL) return;
    if (is_exactly(v, &code_type)) return share_code(as_code(v));
    share(as_object(v));
    if (is_exactly(v, &tuple_type)) gc_traverse(as_object(v), share_child, NULL);
}

static void share_function(Function *f) {
    share(&f->head);
    share_constant(from_object(f->code));
    share_constant(f->defaults);
}

static bool share_object(Object *o, void *context) {
    (void)context;
    Value v = from_object(o);
    const Type *type = o->type;
    if (type == &code_type) share_code(as_code(v));
    else if (type == &function_type) share_function(as_function(v));
    else if (type == &native_function_type || type == &native_method_type || type == &native_class_method_type ||
             type->flags & TYPE_TYPE_SUB)
        share(o);
    else if (type == &module_type && is_set(module_dict(v))) share(o), share(as_object(module_dict(v)));
    return true;
}

/* The lock goes: nobody else runs. */
static void lock_switched(bool off) {
    on = off;
    if (off) heap_each_object(share_object, NULL, false);
}

static bool is_of_library(const Type *type) {
    Value module = is_set(type->dict) ? dict_get_str(type->dict, names.__module__) : UNSET;
    if (is_unset(module) || !str_is(module)) return false;
    const char *name = str_utf8(module, NULL);
    size_t length = strcspn(name, ".");
    for (const ModuleRow *row = import_library(); row && row->name; row++)
        if (strncmp(row->name, name, length) == 0 && (!row->name[length] || row->name[length] == '.')) return true;
    return false;
}

bool share_exposes(const Type *type) {
    if (type->flags & TYPE_HEAP) return !is_of_library(type);
    if (type == &frozenset_type) return false;
    return type->flags & (TYPE_LIST_SUB | TYPE_DICT_SUB | TYPE_SET_SUB) || type == &bytearray_type || type == &cell_type ||
           strcmp(type->name, "collections.deque") == 0;
}

void share_start(void) {
    gil_switched = lock_switched;
    watch_exposes = share_exposes;
}

Value share_definition(Value v) {
    if (on && is_object(v) && is_set(machine.frame->namespace)) share_object(as_object(v), NULL);
    return v;
}
