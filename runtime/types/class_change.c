/* Assignment to __bases__ and to __class__. */
#include "runtime/types/class_change.h"

#include "runtime/types/class.h"
#include "runtime/types/class_layout.h"
#include "runtime/types/error.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/shape.h"
#include "runtime/types/slots.h"
#include "runtime/types/tuple.h"
#include "runtime/types/type_extra.h"
#include "runtime/types/weakref.h"

/* The order may be out of date while mro() runs, the bases are not. */
static bool descends_from(const Type *type, const Type *ancestor) {
    if (type_is_subtype(type, ancestor)) return true;
    while (type && type != ancestor) type = type->base;
    return type;
}

static bool check_bases(Type *type, Value bases) {
    if (!tuple_is(bases))
        return raise_type_error("can only assign tuple to %N.__bases__, not %T", type, bases), false;
    if (!tuple_length(bases))
        return raise_type_error("can only assign non-empty tuple to %N.__bases__, not ()", type), false;
    for (size_t i = 0; i < tuple_length(bases); i++) {
        Value base = tuple_at(bases, i);
        if (!type_is(base))
            return raise_type_error("%N.__bases__ must be tuple of classes, not '%T'", type, base), false;
        if (descends_from(as_type(base), type))
            return raise_type_error("a __bases__ item causes an inheritance cycle"), false;
    }
    return true;
}

/* New orders for the class and all below it. */
static bool refresh(Type *type) {
    Value mro = type_compute_mro(type);
    if (is_unset(mro)) return false;
    type_modified(type);
    replace(&type->mro, mro);
    slots_fill(type);
    for (size_t i = 0; is_set(type->subclasses) && i < as_list(type->subclasses)->length; i++) {
        Value sub = type_subclass_at(type, i);
        bool ok = !type_is(sub) || refresh(as_type(sub));
        release(sub);
        if (!ok) return false;
    }
    return true;
}

static void unlink_from(Type *base, const Type *type) {
    for (size_t i = 0; is_set(base->subclasses) && i < as_list(base->subclasses)->length; i++) {
        Value sub = type_subclass_at(base, i);
        bool found = type_is(sub) && as_type(sub) == type;
        release(sub);
        if (found) list_delete(base->subclasses, (int64_t)i);
        if (found) return;
    }
}

static void set_base(Type *type, Type *base) {
    Type *old = type->base;
    object_retain(base);
    type->base = base;
    object_release(old);
}

bool class_set_bases(Type *type, Value bases) {
    if (!check_bases(type, bases)) return false;
    Type *base = layout_best_base(bases);
    if (!base) return false;
    if (!layout_same(base, type->base))
        return raise_type_error("__bases__ assignment: '%N' %s differs from '%N'", base,
                                base->flags & TYPE_HEAP ? "object layout" : "deallocator", type->base),
               false;
    Value old = type->bases;
    Type *old_base = type->base;
    object_retain(old_base);
    type->bases = retain(bases);
    set_base(type, base);
    bool ok = refresh(type);
    bool current = same(type->bases, bases); /* unless an mro() assigned others */
    if (ok && current) {
        for (size_t i = 0; i < tuple_length(old); i++) unlink_from(as_type(tuple_at(old, i)), type);
        for (size_t i = 0; ok && i < tuple_length(bases); i++)
            ok = type_add_subclass(as_type(tuple_at(bases, i)), type);
    } else if (current) {
        Value failed = type->bases;
        type->bases = retain(old);
        release(failed);
        set_base(type, old_base);
    }
    release(old);
    object_release(old_base);
    return ok;
}

static bool is_module_class(const Type *type) { return type_is_subtype(type, &module_type); }

bool class_set_class(Value object, Value class) {
    if (is_unset(class)) return raise_type_error("can't delete __class__ attribute"), false;
    if (!type_is(class)) return raise_type_error("__class__ must be set to a class, not '%T' object", class), false;
    Type *from = type_of(object), *to = as_type(class);
    bool modules = is_module_class(from) && is_module_class(to);
    if (!modules && (!(from->flags & TYPE_HEAP) || !(to->flags & TYPE_HEAP)))
        return raise_type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"),
               false;
    if (!layout_same(from, to))
        return raise_type_error("__class__ assignment: '%N' object layout differs from '%N'", to, from), false;
    if (from == to) return true;
    if (!attrs_change_type(as_object(object), to)) return false;
    object_retain(to);
    as_object(object)->type = to;
    object_release(from);
    return true;
}
