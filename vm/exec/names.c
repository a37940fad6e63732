/* Names of modules, classes and cells: lookups with their caches, and the errors of names without a value. */
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/dict_keys.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/caches.h"
#include "vm/exec/exec.h"
#include "vm/exec/ops.h"

static void raise_name(Value name) {
    raise_error(&NameError_type, "name '%U' is not defined", name);
    Value exception = error_take();
    if (is_unset(exception)) return;
    if (!object_set_attribute(exception, names.name, name)) error_clear();
    error_restore(exception);
}

void names_raise_unbound(Value name) {
    raise_error(&UnboundLocalError_type, "cannot access local variable '%U' where it is not associated with a value",
                name);
}

void names_raise_empty_cell(const Code *code, unsigned reg, Value name) {
    if (reg >= code->free_base && reg < code->free_base + (unsigned)code->freecount)
        raise_error(&NameError_type,
                    "cannot access free variable '%U' where it is not associated with a value in enclosing scope",
                    name);
    else names_raise_unbound(name);
}

/* A dict subclass as builtins or globals is read like a dict. */
static Value find_builtin(Frame *frame, Value name) {
    Value value = dict_get_str(frame->builtins, name);
    if (is_unset(value)) raise_name(name);
    return retain(value);
}

static bool is_name(const Instr *at) { /* stands in a module body, where the namespace need not be the globals */
    switch (instr_op(__atomic_load_n(at, __ATOMIC_RELAXED))) {
    case OP_LOAD_NAME:
    case OP_LOAD_NAME_CACHED:
    case OP_LOAD_NAME_BUILTIN:
    case OP_STORE_NAME:
    case OP_STORE_NAME_CACHED: return true;
    default: return false;
    }
}

/* The value among the globals, borrowed, which the site then knows; UNSET: it is not there. */
static Value cache_global(Instr *at, Value globals, Value name) {
    uint32_t version;
    int64_t index = dict_cache_index(globals, name, &version);
    if (index < 0) return dict_get_str(globals, name);
    Value value = *dict_cache_slot(globals, (size_t)index);
    if (index > CACHE_INDEX_MAX) return value;
    cache_store(at + 1, (uint64_t)version << 32 | cache_offset(as_dict(globals)->keys, (size_t)index));
    specialise(at, is_name(at) ? OP_LOAD_NAME_CACHED : OP_LOAD_GLOBAL_CACHED);
    return value;
}

/* The globals have other keys than when the builtin was found, but still not this one: the entry serves on. */
static Value recall_builtin(Frame *frame, Instr *at) {
    unsigned op = instr_op(__atomic_load_n(at, __ATOMIC_RELAXED));
    if (op != OP_LOAD_NAME_BUILTIN && op != OP_LOAD_BUILTIN_CACHED) return UNSET;
    BuiltinEntry *entry = (BuiltinEntry *)(uintptr_t)cache_load(at + 1);
    DictKeys *builtins = as_dict(frame->builtins)->keys;
    uint32_t globals_version = dict_version(frame->globals);
    if (!globals_version || !builtins || keys_version(builtins) != entry->builtins_version) return UNSET;
    __atomic_store_n(&entry->globals_version, globals_version, __ATOMIC_RELAXED);
    return retain(*cache_value(builtins, entry->offset));
}

static void cache_builtin(Frame *frame, Instr *at, Value name) {
    uint32_t version;
    int64_t index = dict_cache_index(frame->builtins, name, &version);
    uint32_t globals_version = dict_version(frame->globals);
    if (index < 0 || index > CACHE_INDEX_MAX || !globals_version) return;
    BuiltinEntry *entry = cache_entry_new(frame->code, sizeof *entry);
    if (!entry) return;
    *entry = (BuiltinEntry){globals_version, version, cache_offset(as_dict(frame->builtins)->keys, (size_t)index)};
    cache_store(at + 1, (uint64_t)(uintptr_t)entry);
    specialise(at, is_name(at) ? OP_LOAD_NAME_BUILTIN : OP_LOAD_BUILTIN_CACHED);
}

Value names_load_global(Frame *frame, Instr *at, Value name) {
    Value value = cache_global(at, frame->globals, name);
    if (is_set(value)) return retain(value);
    value = recall_builtin(frame, at);
    if (is_set(value)) return value;
    value = find_builtin(frame, name);
    if (is_set(value)) cache_builtin(frame, at, name);
    return value;
}

bool names_store_global(Frame *frame, Instr *at, Value name, Value value) {
    if (!dict_set(frame->globals, name, value)) return false;
    uint32_t version;
    int64_t index = dict_cache_index(frame->globals, name, &version);
    if (index >= 0 && index <= CACHE_INDEX_MAX) {
        cache_store(at + 1, (uint64_t)version << 32 | cache_offset(as_dict(frame->globals)->keys, (size_t)index));
        specialise(at, is_name(at) ? OP_STORE_NAME_CACHED : OP_STORE_GLOBAL_CACHED);
    }
    return true;
}

bool names_delete_global(Frame *frame, Value name) {
    int removed = dict_remove(frame->globals, name, NULL);
    if (removed == 0) raise_name(name);
    return removed == 1;
}

/* From the namespace alone: UNSET with nothing pending when it is not there. */
static Value find_in_namespace(Frame *frame, Value name) {
    Value namespace = is_set(frame->namespace) ? frame->namespace : frame->globals;
    if (dict_is_exact(namespace)) return retain(dict_get_str(namespace, name));
    Value value = object_get_item(namespace, name);
    if (is_unset(value)) error_absorb(&KeyError_type);
    return value;
}

Value names_load(Frame *frame, Instr *at, Value name) {
    if (is_unset(frame->namespace) || same(frame->namespace, frame->globals)) {
        Value value = dict_get_str(frame->globals, name);
        return is_set(value) ? retain(value) : find_builtin(frame, name);
    }
    Value value = find_in_namespace(frame, name);
    if (is_set(value) || error_pending()) return value;
    value = dict_get_str(frame->globals, name);
    return is_set(value) ? retain(value) : find_builtin(frame, name);
}

bool names_store(Frame *frame, Value name, Value value) {
    Value namespace = is_set(frame->namespace) ? frame->namespace : frame->globals;
    return dict_is_exact(namespace) ? dict_set(namespace, name, value) : object_set_item(namespace, name, value);
}

bool names_delete(Frame *frame, Value name) {
    Value namespace = is_set(frame->namespace) ? frame->namespace : frame->globals;
    if (object_set_item(namespace, name, UNSET)) return true;
    if (error_absorb(&KeyError_type)) raise_name(name);
    return false;
}

bool names_setup_annotations(Frame *frame) {
    Value found = find_in_namespace(frame, names.__annotations__);
    if (is_set(found)) return release(found), true;
    if (error_pending()) return false;
    Value dict = dict_new();
    bool stored = is_set(dict) && names_store(frame, names.__annotations__, dict);
    release(dict);
    return stored;
}

Value names_load_class_cell(Frame *frame, Value name, Value cell, unsigned reg) {
    Value value = find_in_namespace(frame, name);
    if (is_set(value) || error_pending()) return value;
    value = ((Cell *)as_object(cell))->value;
    if (is_unset(value)) names_raise_empty_cell(frame->code, reg, name);
    return retain(value);
}

Value names_build_class(Frame *frame) {
    Value found = dict_get_str(frame->builtins, names.__build_class__);
    if (is_unset(found)) raise_error(&NameError_type, "__build_class__ not found");
    return retain(found);
}
