/* Types as objects: making them ready, creating classes, method resolution order, attribute lookup, super. */
#ifndef TYPES_CLASS_H
#define TYPES_CLASS_H

#include "runtime/mem/type.h"

/* Fills a static type: inherits slots, makes attributes from its tables and slot wrappers from its slots.  Each static
 * type is made ready at start, in the order of types.def. */
bool type_ready(Type *type);
/* Makes all types of types.def ready, and interned names, shared strings, empty tuple; call once, first of all. */
bool types_start(void);
void types_end(void); /* releases what types_start and the type caches hold */

/* type(name, bases, namespace, **kwargs) with a chosen metatype: everything that a class statement does after its body.
 */
Value type_create(Type *metatype, Value name, Value bases, Value namespace, Value kwargs);
/* The metatype for bases; TypeError "metaclass conflict: ...". Borrowed. */
Type *type_calculate_metatype(Type *metatype, Value bases);

/* Along the mro, cached by version; borrowed or UNSET with nothing pending.  name: interned str. */
Value type_lookup(Type *type, Value name);
Value type_lookup_after(Type *start, Type *type, Value name); /* for super: after `start` in the mro of type */
void type_modified(Type *type);                  /* an attribute changed: new versions for it and its subclasses */
/* Current version, assigning one if needed; 0: cannot be cached. */
uint32_t type_version(Type *type);

static inline bool type_is(Value v) { return type_has(v, TYPE_TYPE_SUB); }
static inline Type *as_type(Value v) { return (Type *)as_object(v); }
static inline Value type_value(Type *t) { return from_object(t); }
Value type_name_value(Type *t);        /* __name__ as str, owned */
Value type_qualified_name(Type *t);    /* "module.qualname" or bare for builtins, owned: tracebacks, reprs */

/* `__name__` of the globals of the running function: owned, or UNSET with nothing pending.  Set by vm/exec. */
extern Value (*current_module_hook)(void);

/* Releases what every static type holds; none works afterwards. */
void types_release(void);
/* Lists `type` as a subclass of `base`, weakly. */
bool type_add_subclass(Type *base, Type *type);
/* Subclass i of the list type->subclasses: owned, NONE when it is gone. */
Value type_subclass_at(const Type *type, size_t i);

/* What `obj.__class__ = C`, instance creation and unpickling need. */
Value instance_new(Type *type);        /* object.__new__ without checks of arguments */
bool slot_is_scripted(const Type *type,
                      const void *slot); /* is the slot one of the dispatchers for script-defined methods */

extern Type super_type, property_type, classmethod_type, staticmethod_type, method_type /* bound method */,
    getset_descriptor_type, plain_member_type, member_descriptor_type, slot_wrapper_type, method_wrapper_type, mappingproxy_type,
    generic_alias_type, union_type, none_type, not_implemented_type, ellipsis_type, module_type, cell_type,
    namespace_type;

/* Bound method. */
typedef struct Method {
    Object head;
    Value function, self;
} Method;
Value method_new(Value function, Value self);

typedef struct Property {
    Object head;
    Value getter, setter, deleter, doc, name; /* any may be UNSET */
    bool getter_doc; /* doc is the getter's */
} Property;

typedef struct FunctionWrapper { /* classmethod, staticmethod */
    Object head;
    Value function;
} FunctionWrapper;

/* Is it marked with __isabstractmethod__?  -1 failed. */
int object_is_abstract(Value v);

/* Method lookup for calls: *callee is owned.  1: unbound function, call it with the object first; 0: call as is; -1
 * failed. */
int object_get_method(Value object, Value name, Value *callee);

/* list[int]: origin and arguments (a tuple, or one argument). */
Value generic_alias_new(Value origin, Value args);
/* int | str: of what each operand stands for; NOT_IMPLEMENTED when one cannot stand in a union. */
Value union_new(Value a, Value b);
Value mappingproxy_new(Value mapping);
Value namespace_new(Value dict); /* types.SimpleNamespace with these attributes; dict may be UNSET */
/* C3 linearisation of a type with these bases: tuple, itself first. */
Value mro_compute(Type *type, Value bases);

Value super_new(Type *type, Value object);   /* super(type, object) */
/* super(type, object).name for a call, as object_get_method: 1 function to call with object first, 0 call as is, -1
 * failed. */
int super_get_method(Value type, Value object, Value name, Value *callee);
/* super() without arguments: __class__ and the first argument of the running function (borrowed).  Set by vm/exec. */
extern bool (*super_arguments_hook)(Value *type, Value *object);

Value generic_alias_new(Value origin, Value args); /* origin[args]: what __class_getitem__ of built-in types returns */

typedef struct Cell {
    Object head;
    Value value;
} Cell;
Value cell_new(Value value); /* retains; may be UNSET */

typedef struct ModuleObject {
    Object head;
    Value dict;   /* owned Dict, never replaced */
    bool built_in; /* written in C: its repr says so */
} ModuleObject;
Value module_new(Value name, Value doc);
static inline Value module_dict(Value module) { return ((ModuleObject *)as_object(module))->dict; } /* borrowed */

#endif
