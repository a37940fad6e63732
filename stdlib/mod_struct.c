/* struct: records of C between bytes and Python values. */
#include "runtime/types/traverse.h"
#include "stdlib/struct_format.h"

/* Exception of the module. */

Type struct_error_type = {
    TYPE_HEAD("struct.error"),
    .flags = TYPE_BASE | TYPE_GC,
    .base = &Exception_type,
};

static Value raise_struct(const char *message) { return raise_error(&struct_error_type, "%s", message); }

/* Packing. */

static Value pack(const StructFormat *f, const Value *values, size_t count) {
    if (count != f->values) {
        return raise_error(&struct_error_type, "pack expected %zu items for packing (got %zu)", f->values, count);
    }
    Value result = bytes_from(NULL, f->size);
    if (is_set(result) && struct_format_pack(f, as_bytes(result)->data, values)) return result;
    release(result);
    return UNSET;
}

/* Where a record at offset begins; negative offsets count from the end.  False: raised. */
static bool place(const StructFormat *f, int64_t offset, size_t length, bool packing, size_t *out) {
    long long size = (long long)f->size, have = (long long)length;
    if (offset < 0) {
        if (offset + size > 0) {
            const char *text = packing ? "no space to pack %lld bytes at offset %lld"
                                       : "not enough data to unpack %lld bytes at offset %lld";
            return raise_error(&struct_error_type, text, size, (long long)offset), false;
        }
        if (offset + have < 0) {
            return raise_error(&struct_error_type, "offset %lld out of range for %lld-byte buffer", (long long)offset,
                               have),
                   false;
        }
        offset += have;
    }
    *out = (size_t)offset;
    if (have - offset >= size) return true;
    return raise_error(&struct_error_type,
                       "%s requires a buffer of at least %lld bytes for %s %lld bytes at offset %lld "
                       "(actual buffer size is %lld)",
                       packing ? "pack_into" : "unpack_from", size + (long long)offset,
                       packing ? "packing" : "unpacking", size, (long long)offset, have),
           false;
}

/* args: buffer, offset, values... */
static Value pack_into(const StructFormat *f, const Value *args, size_t count) {
    int64_t offset;
    size_t at;
    Buffer buffer;
    if (count < 1) return raise_struct("pack_into expected buffer argument");
    if (count < 2) return raise_struct("pack_into expected offset argument");
    if (count - 2 != f->values) {
        return raise_error(&struct_error_type, "pack_into expected %zu items for packing (got %zu)", f->values,
                           count - 2);
    }
    if (!buffer_get(args[0], &buffer, true)) {
        if (error_absorb(&TypeError_type) || error_absorb(&BufferError_type)) {
            raise_type_error("argument must be read-write bytes-like object, not %T", args[0]);
        }
        return UNSET;
    }
    bool done = object_as_index(args[1], &offset, &IndexError_type) && place(f, offset, buffer.length, true, &at) &&
                struct_format_pack(f, (unsigned char *)buffer.data + at, args + 2);
    buffer_release(&buffer);
    return done ? NONE : UNSET;
}

static Value unpack(const StructFormat *f, Value data) {
    Buffer buffer;
    if (!buffer_get(data, &buffer, false)) return UNSET;
    Value result = buffer.length == f->size
                       ? struct_format_unpack(f, buffer.data)
                       : raise_error(&struct_error_type, "unpack requires a buffer of %zu bytes", f->size);
    buffer_release(&buffer);
    return result;
}

static Value unpack_from(const StructFormat *f, Value data, Value offset_value) {
    int64_t offset = 0;
    size_t at;
    Buffer buffer;
    if (is_set(offset_value) && !object_as_index(offset_value, &offset, &IndexError_type)) return UNSET;
    if (!buffer_get(data, &buffer, false)) return UNSET;
    bool fits = place(f, offset, buffer.length, false, &at);
    Value result = fits ? struct_format_unpack(f, (unsigned char *)buffer.data + at) : UNSET;
    buffer_release(&buffer);
    return result;
}

/* Iterator over the records of a buffer. */

typedef struct UnpackIterator {
    Object head;
    StructFormat *format;
    Buffer buffer; /* owner unset: exhausted */
    size_t at;
} UnpackIterator;

static UnpackIterator *as_iterator(Value v) { return (UnpackIterator *)as_object(v); }

static void iterator_close(UnpackIterator *it) {
    if (is_unset(it->buffer.owner)) return;
    Buffer buffer = it->buffer;
    it->buffer.owner = UNSET;
    buffer_release(&buffer);
}

static Value iterator_next_record(Value self) {
    UnpackIterator *it = as_iterator(self);
    if (is_unset(it->buffer.owner)) return UNSET;
    if (it->at >= it->buffer.length) return iterator_close(it), UNSET;
    Value record = struct_format_unpack(it->format, (unsigned char *)it->buffer.data + it->at);
    it->at += it->format->size;
    return record;
}

static Value iterator_self(Value self) { return retain(self); }

static Value iterator_hint(const Value *args, size_t count) {
    const UnpackIterator *it = as_iterator(args[0]);
    return int_from_size(is_set(it->buffer.owner) ? (it->buffer.length - it->at) / it->format->size : 0);
}

static void iterator_destroy(Object *self) {
    UnpackIterator *it = (UnpackIterator *)self;
    iterator_close(it);
    struct_format_release(it->format);
    object_free(self);
}

static int iterator_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((UnpackIterator *)self)->buffer.owner);
    return 0;
}

static const NativeDef iterator_methods[] = {METHOD("__length_hint__", "", iterator_hint, NULL), NATIVE_END};

static Type unpack_iterator_type = {
    TYPE_HEAD("_struct.unpack_iterator"),
    .flags = TYPE_DISALLOW_NEW | TYPE_GC,
    .basic_size = sizeof(UnpackIterator),
    .methods = iterator_methods,
    .destroy = iterator_destroy,
    .traverse = iterator_traverse,
    .iterate = iterator_self,
    .next = iterator_next_record,
};

static Value iterate(StructFormat *f, Value data) {
    if (f->size == 0) return raise_struct("cannot iteratively unpack with a struct of length 0");
    UnpackIterator *it = object_allocate(&unpack_iterator_type, sizeof *it);
    if (!it) return UNSET;
    atomic_fetch_add(&f->references, 1);
    it->format = f;
    if (buffer_get(data, &it->buffer, false) && it->buffer.length % f->size == 0) return from_object(it);
    if (!error_pending()) {
        raise_error(&struct_error_type, "iterative unpacking requires a buffer of a multiple of %zu bytes", f->size);
    }
    object_release(it);
    return UNSET;
}

/* Struct objects. */

typedef struct StructObject {
    Object head;
    StructFormat *format;
} StructObject;

static StructFormat *format_of(Value self) { return ((StructObject *)as_object(self))->format; }

static bool struct_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value format;
    if (!native_bind("Struct", "format", args, count, kwnames, &format)) return false;
    StructFormat *f = struct_format_get(format), *old = format_of(self);
    if (!f) return false;
    ((StructObject *)as_object(self))->format = f;
    struct_format_release(old);
    return true;
}

static Value struct_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value result = instance_new(type);
    if (is_unset(result)) return UNSET;
    StructFormat *empty = struct_format_get(names.empty);
    if (!empty) return release(result), UNSET;
    ((StructObject *)as_object(result))->format = empty;
    return result;
}

static void struct_destroy(Object *self) {
    struct_format_release(((StructObject *)self)->format);
    object_free(self);
}

static Value struct_pack(const Value *args, size_t count) { return pack(format_of(args[0]), args + 1, count - 1); }
static Value struct_pack_into(const Value *args, size_t count) {
    return pack_into(format_of(args[0]), args + 1, count - 1);
}
static Value struct_unpack(const Value *args, size_t count) { return unpack(format_of(args[0]), args[1]); }
static Value struct_unpack_from(const Value *args, size_t count) {
    return unpack_from(format_of(args[0]), args[1], args[2]);
}
static Value struct_iter_unpack(const Value *args, size_t count) { return iterate(format_of(args[0]), args[1]); }

static const NativeDef struct_methods[] = {
    METHOD("pack", "*values", struct_pack, "Return a bytes object containing values packed according to the format."),
    METHOD("pack_into", "*args", struct_pack_into, "Pack values and write the packed bytes into a writable buffer."),
    METHOD("unpack", "buffer, /", struct_unpack, "Return a tuple containing unpacked values."),
    METHOD("unpack_from", "buffer, offset=0", struct_unpack_from,
           "Return a tuple containing unpacked values, from an offset."),
    METHOD("iter_unpack", "buffer, /", struct_iter_unpack, "Return an iterator yielding tuples."),
    NATIVE_END,
};

static Value get_format(Value self) { return str_from_latin1(format_of(self)->text, format_of(self)->text_length); }
static Value get_size(Value self) { return int_from_size(format_of(self)->size); }

static const MemberDef struct_members[] = {
    {"format", get_format, NULL, "struct format string"},
    {"size", get_size, NULL, "struct size in bytes"},
    {0},
};

static Type struct_type = {
    TYPE_HEAD("_struct.Struct"),
    .flags = TYPE_BASE | TYPE_WEAK,
    .basic_size = sizeof(StructObject),
    .doc = "Struct(fmt) --> compiled struct object",
    .methods = struct_methods,
    .members = struct_members,
    .destroy = struct_destroy,
    .make = struct_make,
    .init = struct_init,
};

/* Functions of the module: the format comes first. */

static Value module_pack(const Value *args, size_t count) {
    if (count == 0) return raise_type_error("missing format argument");
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? pack(f, args + 1, count - 1) : UNSET;
    struct_format_release(f);
    return result;
}

static Value module_pack_into(const Value *args, size_t count) {
    if (count == 0) return raise_type_error("missing format argument");
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? pack_into(f, args + 1, count - 1) : UNSET;
    struct_format_release(f);
    return result;
}

static Value module_unpack(const Value *args, size_t count) {
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? unpack(f, args[1]) : UNSET;
    struct_format_release(f);
    return result;
}

static Value module_unpack_from(const Value *args, size_t count) {
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? unpack_from(f, args[1], args[2]) : UNSET;
    struct_format_release(f);
    return result;
}

static Value module_iter_unpack(const Value *args, size_t count) {
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? iterate(f, args[1]) : UNSET;
    struct_format_release(f);
    return result;
}

static Value module_calcsize(const Value *args, size_t count) {
    StructFormat *f = struct_format_get(args[0]);
    Value result = f ? int_from_size(f->size) : UNSET;
    struct_format_release(f);
    return result;
}

static const NativeDef functions[] = {
    FUNCTION("calcsize", "format, /", module_calcsize,
             "Return size in bytes of the struct described by the format string."),
    FUNCTION("pack", "*args", module_pack,
             "Return a bytes object containing the values packed according to the format string."),
    FUNCTION("pack_into", "*args", module_pack_into, "Pack values and write the packed bytes into a writable buffer."),
    FUNCTION("unpack", "format, buffer, /", module_unpack,
             "Return a tuple containing values unpacked according to the format string."),
    FUNCTION("unpack_from", "format, /, buffer, offset=0", module_unpack_from,
             "Return a tuple containing unpacked values, from an offset."),
    FUNCTION("iter_unpack", "format, buffer, /", module_iter_unpack, "Return an iterator yielding tuples."),
    NATIVE_END,
};

static bool ready(void) {
    return type_ready(&struct_error_type) && type_ready(&unpack_iterator_type) && type_ready(&struct_type);
}

static bool fill_all(Value dict) {
    static const char *const exported[] = {"calcsize",    "pack",        "pack_into", "unpack",
                                           "unpack_from", "iter_unpack", "Struct",    "error"};
    Value all = list_new(8);
    bool done = is_set(all);
    for (size_t i = 0; done && i < 8; i++) {
        Value name = str_intern_cstr(exported[i]);
        done = is_set(name) && list_append_steal(all, name);
    }
    done = done && dict_set_utf8(dict, "__all__", all);
    release(all);
    return done;
}

static bool fill(Value dict) {
    return fill_all(dict) && dict_set_utf8(dict, "Struct", type_value(&struct_type)) &&
           dict_set_utf8(dict, "error", type_value(&struct_error_type));
}

const ModuleDef mod_struct = {"struct", "Conversion between Python values and C structs represented as bytes.",
                              functions, fill, ready};
