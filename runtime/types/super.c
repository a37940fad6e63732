/* super: attributes of the classes after one in the mro of an object's type. */
#include "runtime/mem/heap.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/native.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/str.h"
#include "runtime/types/traverse.h"
#include "runtime/types/tuple.h"

typedef struct Super {
    Object head;
    Value type;     /* where the search starts, exclusive */
    Value object;   /* UNSET: unbound */
    Value own_type; /* whose mro is searched */
} Super;

static Super *as_super(Value v) { return (Super *)as_object(v); }

bool (*super_arguments_hook)(Value *type, Value *object);

/* The type whose mro counts: that of the object, or the object itself when it is a class.  NULL: TypeError pending. */
static Type *check(Type *type, Value object) {
    if (type_is(object) && type_is_subtype(as_type(object), type)) return as_type(object);
    if (type_is_subtype(type_of(object), type)) return type_of(object);
    Value class;
    int found = object_find_attribute(object, names.__class__, &class);
    if (found < 0) return NULL;
    bool fits = found && type_is(class) && type_is_subtype(as_type(class), type);
    Type *result = fits ? as_type(class) : NULL;
    if (found) release(class);
    if (!fits) raise_type_error("super(type, obj): obj must be an instance or subtype of type");
    return result;
}

static bool fill(Super *s, Type *type, Value object) {
    Type *own = is_set(object) ? check(type, object) : NULL;
    if (is_set(object) && !own) return false;
    replace(&s->type, retain(type_value(type)));
    replace(&s->object, retain(object));
    replace(&s->own_type, own ? retain(type_value(own)) : UNSET);
    return true;
}

Value super_new(Type *type, Value object) {
    Super *s = object_allocate(&super_type, sizeof *s);
    if (!s) return UNSET;
    if (fill(s, type, object)) return from_object(s);
    object_release(s);
    return UNSET;
}

/* super(type, object).name, without making the super object: 1 found, 0 not found, -1 failed. */
static int find_after(Type *start, Type *own, Value object, Value name, Value *out) {
    Value found = type_lookup_after(start, own, name);
    if (is_unset(found)) return 0;
    Type *kind = type_of(found);
    if (!kind->descriptor_get) {
        *out = retain(found);
        return 1;
    }
    retain(found);
    *out = kind->descriptor_get(found, same(object, type_value(own)) ? UNSET : object, type_value(own));
    release(found);
    return is_set(*out) ? 1 : -1;
}

static Value super_get_attribute(Value self, Value name) {
    Super *s = as_super(self);
    Value keep, key = attribute_name(name, &keep), out;
    if (is_unset(key)) return UNSET;
    int found = 0;
    if (is_set(s->own_type) && !same(key, names.__class__))
        found = find_after(as_type(s->type), as_type(s->own_type), s->object, key, &out);
    if (found == 0) out = generic_get_attribute(self, key);
    release(keep);
    return found < 0 ? UNSET : out;
}

int super_get_method(Value type, Value object, Value name, Value *callee) {
    if (!type_is(type)) return raise_type_error("super(): __class__ is not a type (%T)", type), -1;
    Type *own = check(as_type(type), object);
    if (!own) return -1;
    Value found = type_lookup_after(as_type(type), own, name);
    bool plain = is_set(found) && (type_of(found)->flags & TYPE_METHOD_DESCRIPTOR) && !same(object, type_value(own));
    if (plain) {
        *callee = retain(found);
        return 1;
    }
    Value super = super_new(as_type(type), object);
    if (is_unset(super)) return -1;
    *callee = super_get_attribute(super, name);
    release(super);
    return is_set(*callee) ? 0 : -1;
}

static Value super_make(Type *type, const Value *args, size_t count, Value kwnames) {
    return from_object(instance_allocate(type, type->basic_size));
}

static bool super_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value bound[2];
    if (!native_no_keywords("super", kwnames) ||
        !native_bind("super", "type=None, object=None, /", args, count, UNSET, bound))
        return false;
    if (!count && !super_arguments_hook) return raise_runtime_error("super(): no current frame"), false;
    if (!count && !super_arguments_hook(&bound[0], &bound[1])) return false;
    if (!type_is(bound[0])) return raise_type_error("super() argument 1 must be a type, not %T", bound[0]), false;
    if (is_set(bound[1]) && is_none(bound[1])) bound[1] = UNSET;
    return fill(as_super(self), as_type(bound[0]), bound[1]);
}

static Value super_get(Value self, Value instance, Value owner) {
    Super *s = as_super(self);
    if (is_unset(instance) || is_none(instance) || is_set(s->object)) return retain(self);
    return super_new(as_type(s->type), instance);
}

static Value super_repr(Value self) {
    Super *s = as_super(self);
    if (is_unset(s->type)) return str_from("<super: <class 'NULL'>, NULL>");
    if (is_unset(s->own_type)) return str_format("<super: <class '%N'>, NULL>", as_type(s->type));
    return str_format("<super: <class '%N'>, <%N object>>", as_type(s->type), as_type(s->own_type));
}

static Value or_none(Value v) { return is_unset(v) ? NONE : retain(v); }
static Value get_this_class(Value v) { return or_none(as_super(v)->type); }
static Value get_self(Value v) { return or_none(as_super(v)->object); }
static Value get_self_class(Value v) { return or_none(as_super(v)->own_type); }

static const MemberDef super_members[] = {
    MEMBER("__thisclass__", get_this_class, "the class invoking super()"),
    MEMBER("__self__", get_self, "the instance invoking super(); may be None"),
    MEMBER("__self_class__", get_self_class, "the type of the instance invoking super(); may be None"),
    {0},
};

static int super_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Super *)o)->type);
    TRAVERSE(((Super *)o)->object);
    TRAVERSE(((Super *)o)->own_type);
    return 0;
}

static void super_destroy(Object *o) {
    release(((Super *)o)->type);
    release(((Super *)o)->object);
    release(((Super *)o)->own_type);
    object_free(o);
}

Type super_type = {
    TYPE_HEAD("super"),
    .flags = TYPE_GC | TYPE_BASE,
    .basic_size = sizeof(Super),
    .doc = "super() -> same as super(__class__, <first argument>)\nsuper(type) -> unbound super object\n"
           "super(type, obj) -> bound super object; requires isinstance(obj, type)",
    .members = super_members,
    .destroy = super_destroy,
    .traverse = super_traverse,
    .make = super_make,
    .init = super_init,
    .repr = super_repr,
    .get_attribute = super_get_attribute,
    .descriptor_get = super_get,
};
