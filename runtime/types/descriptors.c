/* Computed attributes of built-in types and fields of __slots__. */
#include "runtime/types/descriptors.h"

#include "runtime/mem/heap.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/dict.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/weakref.h"

static bool check_instance(const char *name, Type *owner, Value instance) {
    if (object_is_instance_exact_or_sub(instance, owner)) return true;
    raise_type_error("descriptor '%s' for '%N' objects doesn't apply to a '%T' object", name, owner, instance);
    return false;
}


static Value not_writable(const MemberDef *def, Type *owner) {
    const char *name = def->name;
    if (def->plain) return raise_error(&AttributeError_type, "readonly attribute");
    return raise_error(&AttributeError_type, "attribute '%s' of '%N' objects is not writable", name, owner);
}

static Value qualified(Type *owner, const char *name) {
    Value type_name = type_name_value(owner), result = UNSET;
    if (is_set(type_name)) result = str_format("%U.%s", type_name, name);
    release(type_name);
    return result;
}

/* getset_descriptor
 * ---------------------------------------------------------------------------------------------------- */

static GetSet *as_getset(Value v) { return (GetSet *)as_object(v); }

Value getset_new(Type *owner, const MemberDef *def) {
    GetSet *g = object_allocate(def->plain ? &plain_member_type : &getset_descriptor_type, sizeof *g);
    if (!g) return UNSET;
    object_retain(owner);
    g->owner = owner;
    g->def = def;
    return from_object(g);
}

static Value getset_get(Value self, Value instance, Value owner) {
    GetSet *g = as_getset(self);
    if (is_unset(instance)) return retain(self);
    return check_instance(g->def->name, g->owner, instance) ? g->def->get(instance) : UNSET;
}

static bool getset_set(Value self, Value instance, Value value) {
    GetSet *g = as_getset(self);
    if (!check_instance(g->def->name, g->owner, instance)) return false;
    if (g->def->set) return g->def->set(instance, value);
    return not_writable(g->def, g->owner), false;
}

static Value getset_repr(Value v) {
    return str_format("<%s '%s' of '%N' objects>", as_getset(v)->def->plain ? "member" : "attribute",
                      as_getset(v)->def->name, as_getset(v)->owner);
}

static Value getset_name(Value v) { return str_intern_cstr(as_getset(v)->def->name); }
static Value getset_qualname(Value v) { return qualified(as_getset(v)->owner, as_getset(v)->def->name); }
static Value getset_doc(Value v) { return as_getset(v)->def->doc ? str_from(as_getset(v)->def->doc) : NONE; }
static Value getset_owner(Value v) { return retain(type_value(as_getset(v)->owner)); }

static const MemberDef getset_members[] = {
    MEMBER("__name__", getset_name, NULL), {"__qualname__", getset_qualname, NULL, NULL},
    {"__doc__", getset_doc, NULL, NULL},   MEMBER("__objclass__", getset_owner, NULL), {0},
};

static int getset_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(type_value(((GetSet *)o)->owner));
    return 0;
}

static void getset_destroy(Object *o) {
    object_release(((GetSet *)o)->owner);
    object_free(o);
}

#define GETSET_TYPE(name)                                                                                     \
    {                                                                                                         \
        TYPE_HEAD(name), .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_IMMUTABLE, .basic_size = sizeof(GetSet), \
        .members = getset_members, .destroy = getset_destroy, .traverse = getset_traverse,                    \
        .repr = getset_repr, .descriptor_get = getset_get, .descriptor_set = getset_set,                      \
    }
Type getset_descriptor_type = GETSET_TYPE("getset_descriptor");
Type plain_member_type = GETSET_TYPE("member_descriptor");

/* member_descriptor
 * ------------------------------------------------------------------------------------------------------ */

static Member *as_member(Value v) { return (Member *)as_object(v); }
static Type *member_type(Value v) { return as_type(as_member(v)->owner); }
static const char *member_text(Value v) { return str_utf8(as_member(v)->name, NULL); }

Value member_new(Type *owner, Value name, uint32_t offset) {
    Member *m = object_allocate(&member_descriptor_type, sizeof *m);
    if (!m) return UNSET;
    m->owner = retain(type_value(owner));
    m->name = retain(name);
    m->offset = offset;
    return from_object(m);
}

static Value *field(Value self, Value instance) {
    return (Value *)(void *)((char *)as_object(instance) + as_member(self)->offset);
}

static Value member_get(Value self, Value instance, Value owner) {
    if (is_unset(instance)) return retain(self);
    if (!check_instance(member_text(self), member_type(self), instance)) return UNSET;
    Value value = *field(self, instance);
    if (is_set(value)) return retain(value);
    return raise_attribute_error(instance, as_member(self)->name);
}

static bool member_set(Value self, Value instance, Value value) {
    if (!check_instance(member_text(self), member_type(self), instance)) return false;
    Value *slot = field(self, instance);
    if (is_unset(value) && is_unset(*slot))
        return raise_error(&AttributeError_type, "%U", as_member(self)->name), false;
    replace(slot, retain(value));
    return true;
}

static Value member_repr(Value v) {
    return str_format("<member '%U' of '%N' objects>", as_member(v)->name, member_type(v));
}
static Value member_name(Value v) { return retain(as_member(v)->name); }
static Value member_qualname(Value v) { return qualified(member_type(v), member_text(v)); }
static Value member_doc(Value v) { return NONE; }
static Value member_owner(Value v) { return retain(as_member(v)->owner); }

static const MemberDef member_members[] = {
    MEMBER("__name__", member_name, NULL), {"__qualname__", member_qualname, NULL, NULL},
    {"__doc__", member_doc, NULL, NULL},   MEMBER("__objclass__", member_owner, NULL), {0},
};

static int member_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Member *)o)->owner);
    return 0;
}

static void member_destroy(Object *o) {
    release(((Member *)o)->owner);
    release(((Member *)o)->name);
    object_free(o);
}

Type member_descriptor_type = {
    TYPE_HEAD("member_descriptor"),
    .flags = TYPE_GC | TYPE_DISALLOW_NEW | TYPE_IMMUTABLE,
    .basic_size = sizeof(Member),
    .members = member_members,
    .destroy = member_destroy,
    .traverse = member_traverse,
    .repr = member_repr,
    .descriptor_get = member_get,
    .descriptor_set = member_set,
};

/* __dict__ and __weakref__
 * ---------------------------------------------------------------------------------------------- */

Value instance_get_dict(Value self) {
    if (!is_object(self) || !as_object(self)->type->attrs_offset) return raise_attribute_error(self, names.__dict__);
    return attrs_dict(as_object(self));
}

bool instance_set_dict(Value self, Value value) {
    if (!is_object(self) || !as_object(self)->type->attrs_offset)
        return raise_attribute_error(self, names.__dict__), false;
    if (is_unset(value)) {
        Value fresh = dict_new();
        bool ok = is_set(fresh) && attrs_set_dict(as_object(self), fresh);
        release(fresh);
        return ok;
    }
    if (dict_is(value)) return attrs_set_dict(as_object(self), value);
    return raise_type_error("__dict__ must be set to a dictionary, not a '%T'", value), false;
}

static Value get_weakref(Value self) {
    Value list = weakref_list(self);
    if (is_unset(list)) return UNSET;
    Value first = object_length(list) > 0 ? object_get_item_index(list, 0) : NONE;
    release(list);
    return first;
}

const MemberDef instance_dict_def = {"__dict__", instance_get_dict, instance_set_dict,
                                     "dictionary for instance variables (if defined)"};
const MemberDef instance_weakref_def = {"__weakref__", get_weakref, NULL,
                                        "list of weak references to the object (if defined)"};
