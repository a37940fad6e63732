/* Tuples with named items. */
#include "stdlib/struct_sequence.h"

#include "runtime/types/traverse.h"

static StructSequence *sequence_of(const Object *o) { return (StructSequence *)o->type; }

/* A getter knows its field by being a function of its own. */
static Value field(Value self, size_t i) { return retain(as_tuple(self)->items[i]); }

#define GETTER(i) \
    static Value get_##i(Value self) { return field(self, i); }
#define EACH_INDEX(DO)                                                                                             \
    DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13) DO(14) DO(15) DO(16)   \
    DO(17) DO(18) DO(19) DO(20) DO(21) DO(22) DO(23) DO(24) DO(25) DO(26) DO(27) DO(28) DO(29) DO(30) DO(31)
EACH_INDEX(GETTER)
#define GETTER_NAME(i) get_##i,
static Value (*const getters[STRUCT_SEQUENCE_MAX])(Value) = {EACH_INDEX(GETTER_NAME)};

Value struct_sequence_new(StructSequence *sequence, const Value *items) {
    Tuple *t = object_allocate(&sequence->type, sizeof(Tuple) + sequence->total * sizeof(Value));
    if (!t) {
        for (size_t i = 0; i < sequence->total; i++) release(items[i]);
        return UNSET;
    }
    t->length = sequence->visible;
    for (size_t i = 0; i < sequence->total; i++) t->items[i] = is_set(items[i]) ? items[i] : NONE;
    return from_object(t);
}

/* Fields behind the items, by name from a dict. */
static void take_hidden(StructSequence *sequence, size_t given, Value dict, Value *items) {
    for (size_t i = given; i < sequence->total; i++) {
        Value found = is_set(dict) && dict_is(dict) ? dict_get_utf8(dict, sequence->fields[i]) : UNSET;
        items[i] = is_set(found) ? retain(found) : NONE;
    }
}

static Value make_from(StructSequence *sequence, Value values, Value dict) {
    size_t n = tuple_length(values);
    const char *name = sequence->type.name;
    if (n < sequence->visible) {
        const char *least = sequence->visible < sequence->total ? "an at least " : "a ";
        return raise_type_error("%s() takes %s%zu-sequence (%zu-sequence given)", name, least, sequence->visible, n);
    }
    if (n > sequence->total) {
        const char *most = sequence->visible < sequence->total ? "an at most " : "a ";
        return raise_type_error("%s() takes %s%zu-sequence (%zu-sequence given)", name, most, sequence->total, n);
    }
    Value items[STRUCT_SEQUENCE_MAX];
    for (size_t i = 0; i < n; i++) items[i] = retain(tuple_at(values, i));
    take_hidden(sequence, n, dict, items);
    return struct_sequence_new(sequence, items);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    StructSequence *sequence = (StructSequence *)type;
    Value bound[2];
    if (!native_bind(type->name, "sequence, dict={}", args, count, kwnames, bound)) return UNSET;
    Value values = tuple_from_iterable(bound[0]);
    if (is_unset(values)) {
        return error_absorb(&TypeError_type) ? raise_type_error("constructor requires a sequence") : UNSET;
    }
    Value result = make_from(sequence, values, bound[1]);
    release(values);
    return result;
}

static void destroy(Object *self) {
    Tuple *t = (Tuple *)self;
    for (size_t i = 0; i < sequence_of(self)->total; i++) release(t->items[i]);
    object_free(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    for (size_t i = 0; i < sequence_of(self)->total; i++) TRAVERSE(((Tuple *)self)->items[i]);
    return 0;
}

static Value repr(Value self) {
    const StructSequence *sequence = sequence_of(as_object(self));
    StrBuilder b = STR_BUILDER;
    builder_ascii(&b, sequence->type.name);
    builder_char(&b, '(');
    for (size_t i = 0; i < sequence->visible; i++) {
        if (i) builder_ascii(&b, ", ");
        builder_ascii(&b, sequence->fields[i]);
        builder_char(&b, '=');
        if (!builder_repr(&b, tuple_at(self, i))) return builder_discard(&b), UNSET;
    }
    builder_char(&b, ')');
    return builder_finish(&b);
}

static Value reduce(const Value *args, size_t count) {
    const StructSequence *sequence = sequence_of(as_object(args[0]));
    Value items = tuple_from_values(as_tuple(args[0])->items, sequence->visible), hidden = dict_new(), result = UNSET;
    bool done = is_set(items) && is_set(hidden);
    for (size_t i = sequence->visible; done && i < sequence->total; i++) {
        done = dict_set_utf8(hidden, sequence->fields[i], as_tuple(args[0])->items[i]);
    }
    Value arguments = done ? tuple_pack(2, items, hidden) : UNSET;
    if (is_set(arguments)) result = tuple_pack(2, type_value(type_of(args[0])), arguments);
    release(items), release(hidden), release(arguments);
    return result;
}

static const NativeDef methods[] = {
    METHOD("__reduce__", "", reduce, NULL),
    NATIVE_END,
};

static bool set_attribute(StructSequence *sequence, const char *name, Value owned) {
    bool done = is_set(owned) && dict_set_utf8(sequence->type.dict, name, owned);
    release(owned);
    return done;
}

static Value match_args(const StructSequence *sequence) {
    Value names_tuple = tuple_new(sequence->visible);
    if (is_unset(names_tuple)) return UNSET;
    for (size_t i = 0; i < sequence->visible; i++)
        as_tuple(names_tuple)->items[i] = str_intern_cstr(sequence->fields[i]);
    return names_tuple;
}

bool struct_sequence_ready(StructSequence *sequence) {
    Type *type = &sequence->type;
    if (type->flags & TYPE_READY) return true;
    for (size_t i = 0; i < sequence->total; i++) {
        sequence->members[i] = (MemberDef){sequence->fields[i], getters[i], NULL, NULL};
    }
    type->base = &tuple_type;
    type->flags = TYPE_GC;
    type->basic_size = sizeof(Tuple);
    type->item_size = sizeof(Value);
    type->members = sequence->members;
    type->methods = methods;
    type->make = make;
    type->destroy = destroy;
    type->traverse = traverse;
    type->repr = repr;
    return type_ready(type) && set_attribute(sequence, "n_fields", from_small_int((int64_t)sequence->total)) &&
           set_attribute(sequence, "n_sequence_fields", from_small_int((int64_t)sequence->visible)) &&
           set_attribute(sequence, "n_unnamed_fields", from_small_int(0)) &&
           set_attribute(sequence, "__match_args__", match_args(sequence));
}
