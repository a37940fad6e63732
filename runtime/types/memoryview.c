/* memoryview: the memory of another object, seen as items in up to a few dimensions. */
#include "runtime/types/buffer.h"

#include "runtime/mem/heap.h"
#include "runtime/types/bytes_methods.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/str_methods.h"
#include "runtime/types/str_units.h"
#include "runtime/types/tuple.h"

enum { MAX_DIMENSIONS = 64 };

/* Each view holds the buffer of the object at the root, so that a view may outlive the view it was made from. */
typedef struct MemoryView {
    Object head;
    Buffer buffer;       /* of the root object; owner unset: released */
    unsigned char *data; /* first item */
    char format[4];
    int64_t item_size, exports, hash; /* hash 0: not computed */
    bool readonly;
    int dimensions;
    int64_t shape[];     /* dimensions of them, then as many strides */
} MemoryView;

static MemoryView *view_of(Value v) { return (MemoryView *)as_object(v); }
static int64_t *strides_of(MemoryView *m) { return m->shape + m->dimensions; }
static bool alive(MemoryView *m) {
    return is_set(m->buffer.owner) || (raise_value_error("operation forbidden on released memoryview object"), false);
}

static int64_t item_count(const MemoryView *m) {
    int64_t n = 1;
    for (int i = 0; i < m->dimensions; i++) n *= m->shape[i];
    return n;
}

static bool is_contiguous(MemoryView *m, bool fortran) {
    int64_t expected = m->item_size;
    if (item_count(m) == 0) return true;
    for (int k = 0; k < m->dimensions; k++) {
        int i = fortran ? k : m->dimensions - 1 - k;
        if (m->shape[i] > 1 && strides_of(m)[i] != expected) return false;
        expected *= m->shape[i];
    }
    return true;
}

static MemoryView *new_view(Value root, int dimensions) {
    MemoryView *m = object_allocate(&memoryview_type, sizeof *m + 2 * (size_t)dimensions * sizeof(int64_t));
    if (!m) return NULL;
    m->dimensions = dimensions;
    if (!buffer_get(root, &m->buffer, false)) return object_release(m), NULL;
    m->data = m->buffer.data;
    m->readonly = m->buffer.readonly;
    m->item_size = (int64_t)m->buffer.item_size;
    strncpy(m->format, m->buffer.format ? m->buffer.format : "B", sizeof m->format - 1);
    return m;
}

/* A view like m, with that many dimensions; shape and strides are the caller's to fill. */
static MemoryView *derive(MemoryView *m, int dimensions) {
    MemoryView *d = new_view(m->buffer.owner, dimensions);
    if (!d) return NULL;
    d->data = m->data;
    d->readonly = m->readonly;
    d->item_size = m->item_size;
    memcpy(d->format, m->format, sizeof d->format);
    if (dimensions == m->dimensions) memcpy(d->shape, m->shape, 2 * (size_t)dimensions * sizeof(int64_t));
    return d;
}

Value memoryview_new(Value v) {
    if (is_exactly(v, &memoryview_type)) {
        MemoryView *d = alive(view_of(v)) ? derive(view_of(v), view_of(v)->dimensions) : NULL;
        return d ? from_object(d) : UNSET;
    }
    if (!buffer_supported(v)) return raise_type_error("memoryview: a bytes-like object is required, not '%T'", v);
    MemoryView *m = new_view(v, 1);
    if (!m) return UNSET;
    m->shape[0] = m->item_size ? (int64_t)m->buffer.length / m->item_size : 0;
    strides_of(m)[0] = m->item_size;
    return from_object(m);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    if (!native_bind("memoryview", "object", args, count, kwnames, bound)) return UNSET;
    return memoryview_new(bound[0]);
}

static void destroy(Object *self) {
    buffer_release(&((MemoryView *)self)->buffer);
    object_free(self);
}

static int traverse(Object *self, Visit visit, void *context) {
    Value owner = ((MemoryView *)self)->buffer.owner;
    return is_set(owner) ? visit(owner, context) : 0;
}

/* Items.  The formats are those of struct with native sizes; an '@' before them means the same. */
static char code_of(const MemoryView *m) { return m->format[0] == '@' ? m->format[1] : m->format[0]; }
static bool simple_format(const MemoryView *m) { return strlen(m->format) == (m->format[0] == '@' ? 2 : 1); }

static int64_t format_size(const char *format) {
    const char *f = format[0] == '@' ? format + 1 : format;
    if (!f[0] || f[1]) return -1;
    switch (f[0]) {
    case 'c': case 'b': case 'B': case '?': return 1;
    case 'h': case 'H': case 'e': return 2;
    case 'i': case 'I': case 'f': return 4;
    case 'l': case 'L': case 'q': case 'Q': case 'n': case 'N': case 'd': case 'P': return 8;
    default: return -1;
    }
}

static Value unpack_float(const unsigned char *at, int64_t size) {
    double d;
    float f;
    if (size == 8) return memcpy(&d, at, 8), from_any_double(d);
    if (size == 4) return memcpy(&f, at, 4), from_any_double((double)f);
    uint16_t bits;
    memcpy(&bits, at, 2);
    int exponent = bits >> 10 & 31, fraction = bits & 0x3FF;
    if (exponent == 31) d = fraction ? __builtin_nan("") : __builtin_inf();
    else d = exponent ? __builtin_ldexp(fraction + 1024, exponent - 25) : __builtin_ldexp(fraction, -24);
    return from_any_double(bits & 0x8000 ? -d : d);
}

static Value unpack(const MemoryView *m, const unsigned char *at) {
    int64_t n = 0;
    char code = code_of(m);
    if (!simple_format(m)) code = 0;
    switch (code) {
    case 'B': return from_small_int(*at);
    case 'b': return from_small_int((signed char)*at);
    case 'c': return bytes_from(at, 1);
    case '?': return from_bool(*at != 0);
    case 'e': case 'f': case 'd': return unpack_float(at, m->item_size);
    case 'h': { int16_t v; return memcpy(&v, at, 2), from_small_int(v); }
    case 'i': { int32_t v; return memcpy(&v, at, 4), from_small_int(v); }
    case 'H': case 'I': case 'L': case 'Q': case 'N': case 'P':
        memcpy(&n, at, (size_t)m->item_size);
        return int_from_uint64((uint64_t)n);
    case 'l': case 'q': case 'n': return memcpy(&n, at, 8), int_from_int64(n);
    default: return raise_error(&NotImplementedError_type, "memoryview: format %s not supported", m->format);
    }
}

static bool invalid_value(const MemoryView *m) {
    return raise_value_error("memoryview: invalid value for format '%s'", m->format), false;
}
static bool invalid_type(const MemoryView *m) {
    return raise_type_error("memoryview: invalid type for format '%s'", m->format), false;
}

static bool pack_int(const MemoryView *m, unsigned char *at, Value v, bool is_signed) {
    if (!type_of(v)->index) return invalid_type(m);
    Value n = object_index(v);
    if (is_unset(n)) return false;
    bool fine = int_to_bytes(n, at, (size_t)m->item_size, true, is_signed);
    release(n);
    if (!fine) error_clear(), invalid_value(m);
    return fine;
}

static bool pack_float(const MemoryView *m, unsigned char *at, Value v) {
    double d;
    if (!object_as_double(v, &d)) return error_absorb(&TypeError_type) ? invalid_type(m) : false;
    float f = (float)d;
    if (code_of(m) == 'd') memcpy(at, &d, 8);
    else memcpy(at, &f, 4);
    return true;
}

static bool pack(const MemoryView *m, unsigned char *at, Value v) {
    switch (simple_format(m) ? code_of(m) : 0) {
    case 'B': case 'H': case 'I': case 'L': case 'Q': case 'N': case 'P': return pack_int(m, at, v, false);
    case 'b': case 'h': case 'i': case 'l': case 'q': case 'n': return pack_int(m, at, v, true);
    case 'f': case 'd': return pack_float(m, at, v);
    case 'c':
        if (!bytes_is(v)) return invalid_type(m);
        if (as_bytes(v)->length != 1) return invalid_value(m);
        return *at = as_bytes(v)->data[0], true;
    case '?': {
        int truth = object_truth(v);
        return truth >= 0 && (*at = (unsigned char)truth, true);
    }
    default: return raise_error(&NotImplementedError_type, "memoryview: format %s not supported", m->format), false;
    }
}

/* Copies the items of m, in order, to out. */
static unsigned char *flatten(MemoryView *m, const unsigned char *at, int dimension, unsigned char *out) {
    if (dimension == m->dimensions) return memcpy(out, at, (size_t)m->item_size), out + m->item_size;
    if (dimension == m->dimensions - 1 && strides_of(m)[dimension] == m->item_size) {
        size_t n = (size_t)(m->shape[dimension] * m->item_size);
        return memcpy(out, at, n), out + n;
    }
    for (int64_t i = 0; i < m->shape[dimension]; i++)
        out = flatten(m, at + i * strides_of(m)[dimension], dimension + 1, out);
    return out;
}

static Value as_flat_bytes(MemoryView *m) {
    Value made = bytes_from(NULL, (size_t)(item_count(m) * m->item_size));
    if (is_set(made) && as_bytes(made)->length) flatten(m, m->data, 0, as_bytes(made)->data);
    return made;
}

Value memoryview_bytes(Value v) { return alive(view_of(v)) ? as_flat_bytes(view_of(v)) : UNSET; }

static Value list_items(MemoryView *m, const unsigned char *at, int dimension) {
    if (dimension == m->dimensions) return unpack(m, at);
    Value list = list_new((size_t)m->shape[dimension]);
    for (int64_t i = 0; is_set(list) && i < m->shape[dimension]; i++) {
        Value item = list_items(m, at + i * strides_of(m)[dimension], dimension + 1);
        if (is_unset(item) || !list_append_steal(list, item)) return release(list), UNSET;
    }
    return list;
}

/* Indexing. */
static bool resolve(MemoryView *m, int dimension, Value key, int64_t *offset) {
    int64_t i;
    if (!object_as_index(key, &i, &IndexError_type)) return false;
    if (i < 0) i += m->shape[dimension];
    if (i < 0 || i >= m->shape[dimension])
        return raise_index_error("index out of bounds on dimension %d", dimension + 1), false;
    *offset += i * strides_of(m)[dimension];
    return true;
}

static MemoryView *slice_view(MemoryView *m, Value key) {
    int64_t start, stop, step;
    size_t count;
    if (!slice_bounds(key, (size_t)m->shape[0], &start, &stop, &step, &count)) return NULL;
    MemoryView *d = derive(m, m->dimensions);
    if (!d) return NULL;
    d->data += start * strides_of(m)[0];
    d->shape[0] = (int64_t)count;
    strides_of(d)[0] *= step;
    return d;
}

/* Address of one item; NULL: failed. */
static unsigned char *item_address(MemoryView *m, Value key) {
    int64_t offset = 0;
    if (tuple_is(key)) {
        size_t n = tuple_length(key);
        for (size_t i = 0; i < n; i++)
            if (!type_of(tuple_at(key, i))->index) return raise_type_error("memoryview: invalid slice key"), NULL;
        if ((int)n < m->dimensions)
            return raise_error(&NotImplementedError_type, "sub-views are not implemented"), NULL;
        if ((int)n > m->dimensions)
            return raise_type_error("cannot index %d-dimension view with %zd-element tuple", m->dimensions, n), NULL;
        for (size_t i = 0; i < n; i++)
            if (!resolve(m, (int)i, tuple_at(key, i), &offset)) return NULL;
        return m->data + offset;
    }
    if (m->dimensions == 0) return raise_type_error("invalid indexing of 0-dim memory"), NULL;
    if (!type_of(key)->index) return raise_type_error("memoryview: invalid slice key"), NULL;
    if (m->dimensions > 1)
        return raise_error(&NotImplementedError_type, "multi-dimensional sub-views are not implemented"), NULL;
    return resolve(m, 0, key, &offset) ? m->data + offset : NULL;
}

static Value get_item(Value self, Value key) {
    MemoryView *m = view_of(self);
    if (!alive(m)) return UNSET;
    if (m->dimensions == 0 && same(key, ELLIPSIS)) return retain(self);
    if (is_exactly(key, &slice_type) && m->dimensions) {
        MemoryView *d = slice_view(m, key);
        return d ? from_object(d) : UNSET;
    }
    unsigned char *at = item_address(m, key);
    return at ? unpack(m, at) : UNSET;
}

static bool same_format(MemoryView *a, MemoryView *b) {
    return code_of(a) == code_of(b) && a->item_size == b->item_size && simple_format(a) == simple_format(b);
}

static bool set_slice(MemoryView *m, Value key, Value value) {
    MemoryView *to = slice_view(m, key);
    Value source_value = to ? memoryview_new(value) : UNSET;
    MemoryView *source = is_set(source_value) ? view_of(source_value) : NULL;
    bool fine = false;
    if (source && (!same_format(to, source) || source->dimensions != 1 || source->shape[0] != to->shape[0]))
        raise_value_error("memoryview assignment: lvalue and rvalue have different structures");
    else if (source) {
        Value flat = as_flat_bytes(source); /* the two may overlap */
        for (int64_t i = 0; is_set(flat) && i < to->shape[0]; i++)
            memcpy(to->data + i * strides_of(to)[0], as_bytes(flat)->data + i * to->item_size, (size_t)to->item_size);
        fine = is_set(flat);
        release(flat);
    }
    release(source_value);
    if (to) object_release(to);
    return fine;
}

static bool set_item(Value self, Value key, Value value) {
    MemoryView *m = view_of(self);
    if (!alive(m)) return false;
    if (m->readonly) return raise_type_error("cannot modify read-only memory"), false;
    if (is_unset(value)) return raise_type_error("cannot delete memory"), false;
    if (is_exactly(key, &slice_type)) {
        if (m->dimensions != 1)
            return raise_error(&NotImplementedError_type,
                               "memoryview slice assignments are currently restricted to ndim = 1"),
                   false;
        return set_slice(m, key, value);
    }
    unsigned char *at = item_address(m, key);
    return at && pack(m, at, value);
}

static int64_t length(Value self) {
    MemoryView *m = view_of(self);
    return alive(m) ? m->dimensions ? m->shape[0] : 1 : -1;
}

static Value equal_items(MemoryView *a, MemoryView *b) {
    if (a->dimensions != b->dimensions || memcmp(a->shape, b->shape, (size_t)a->dimensions * sizeof(int64_t)) != 0)
        return FALSE_VALUE;
    Value x = list_items(a, a->data, 0), y = is_set(x) ? list_items(b, b->data, 0) : UNSET;
    int equal = is_set(y) ? object_compare_truth(x, y, COMPARE_EQ) : -1;
    release(x);
    release(y);
    if (equal < 0 && error_absorb(&NotImplementedError_type)) return FALSE_VALUE;
    return equal < 0 ? UNSET : from_bool(equal);
}

static Value compare(Value a, Value b, CompareOp op) {
    if (op != COMPARE_EQ && op != COMPARE_NE) return NOT_IMPLEMENTED;
    if (!is_exactly(a, &memoryview_type)) return compare(b, a, op);
    if (same(a, b) || is_unset(view_of(a)->buffer.owner)) return from_bool(same(a, b) == (op == COMPARE_EQ));
    if (!buffer_supported(b)) return NOT_IMPLEMENTED;
    Value other = memoryview_new(b);
    if (is_unset(other)) return error_clear(), from_bool(op == COMPARE_NE);
    Value r = equal_items(view_of(a), view_of(other));
    release(other);
    return is_unset(r) ? UNSET : from_bool(same(r, TRUE_VALUE) == (op == COMPARE_EQ));
}

static bool hash(Value self, int64_t *out) {
    MemoryView *m = view_of(self);
    if (!m->hash) {
        if (!alive(m)) return false;
        if (!m->readonly) return raise_value_error("cannot hash writable memoryview object"), false;
        char code = code_of(m);
        if (!simple_format(m) || (code != 'B' && code != 'b' && code != 'c'))
            return raise_value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"), false;
        Value flat = as_flat_bytes(m);
        bool fine = is_set(flat) && object_hash(flat, &m->hash);
        release(flat);
        if (!fine) return false;
    }
    return *out = m->hash, true;
}

static Value repr(Value self) {
    bool gone = is_unset(view_of(self)->buffer.owner);
    return str_format(gone ? "<released memory at %p>" : "<memory at %p>", (void *)as_object(self));
}

static bool get_buffer(Value self, Buffer *out, bool writable) {
    MemoryView *m = view_of(self);
    if (!alive(m)) return false;
    if (writable && m->readonly)
        return raise_error(&BufferError_type, "memoryview: underlying buffer is not writable"), false;
    if (!is_contiguous(m, false))
        return raise_error(&BufferError_type, "memoryview: underlying buffer is not C-contiguous"), false;
    m->exports++;
    *out = (Buffer){.data = m->data, .length = (size_t)(item_count(m) * m->item_size), .readonly = m->readonly,
                    .format = m->format, .item_size = (size_t)m->item_size};
    return true;
}
static void release_buffer(Value self, Buffer *buffer) { view_of(self)->exports--; }

/* Methods. */
static Value release_method(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]);
    if (m->exports)
        return raise_error(&BufferError_type, "memoryview has %lld exported buffer%s", (long long)m->exports,
                           m->exports > 1 ? "s" : "");
    buffer_release(&m->buffer);
    return NONE;
}
static Value enter(const Value *args, size_t count) { return alive(view_of(args[0])) ? retain(args[0]) : UNSET; }
static Value leave(const Value *args, size_t count) { return release_method(args, count); }

static Value tobytes(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]);
    if (!alive(m)) return UNSET;
    if (is_set(args[1]) && !is_none(args[1])) {
        if (!str_is(args[1]))
            return raise_type_error("tobytes() argument 'order' must be str or None, not %T", args[1]);
        if (!str_equal_ascii(args[1], "C") && !str_equal_ascii(args[1], "F") && !str_equal_ascii(args[1], "A"))
            return raise_value_error("order must be 'C', 'F' or 'A'");
    }
    return as_flat_bytes(m);
}
static Value tolist(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]);
    return alive(m) ? list_items(m, m->data, 0) : UNSET;
}
static Value toreadonly(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]), *d = alive(m) ? derive(m, m->dimensions) : NULL;
    if (!d) return UNSET;
    d->readonly = true;
    return from_object(d);
}
static Value hex(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]);
    Value flat = alive(m) ? as_flat_bytes(m) : UNSET;
    Value made = is_set(flat) ? bytes_to_hex(as_bytes(flat)->data, as_bytes(flat)->length, args[1], args[2]) : UNSET;
    release(flat);
    return made;
}

/* Reads the shape argument of cast(): false: failed. */
static bool read_shape(Value v, int64_t shape[MAX_DIMENSIONS], int *dimensions) {
    if (!list_is(v) && !tuple_is(v)) return raise_type_error("shape must be a list or a tuple"), false;
    size_t n = list_is(v) ? as_list(v)->length : tuple_length(v);
    if (n > MAX_DIMENSIONS) return raise_value_error("memoryview: number of dimensions must not exceed 64"), false;
    for (size_t i = 0; i < n; i++) {
        Value item = list_is(v) ? as_list(v)->items[i] : tuple_at(v, i);
        if (!int_is(item)) return raise_type_error("memoryview.cast(): elements of shape must be integers"), false;
        if (!int_fits_int64(item, &shape[i]) || shape[i] <= 0)
            return raise_value_error("memoryview.cast(): elements of shape must be integers > 0"), false;
    }
    *dimensions = (int)n;
    return true;
}

static bool castable(MemoryView *m, const char *format, int64_t size, bool shaped) {
    char from = code_of(m), to = format[0] == '@' ? format[1] : format[0];
    bool from_bytes = from == 'B' || from == 'b' || from == 'c', to_bytes = to == 'B' || to == 'b' || to == 'c';
    if (size < 0)
        return raise_value_error("memoryview: destination format must be a native single character format prefixed "
                                 "with an optional '@'"),
               false;
    if (!from_bytes && !to_bytes)
        return raise_type_error("memoryview: cannot cast between two non-byte formats"), false;
    if (!is_contiguous(m, false))
        return raise_type_error("memoryview: casts are restricted to C-contiguous views"), false;
    if ((shaped || m->dimensions != 1) && m->dimensions != 1 && shaped)
        return raise_type_error("memoryview: cast must be 1D -> ND or ND -> 1D"), false;
    if ((item_count(m) * m->item_size) % size)
        return raise_type_error("memoryview: length is not a multiple of itemsize"), false;
    return true;
}

static Value cast(const Value *args, size_t count) {
    MemoryView *m = view_of(args[0]);
    int64_t shape[MAX_DIMENSIONS], total = 1;
    int dimensions = 1;
    if (!alive(m)) return UNSET;
    if (!str_is(args[1]))
        return raise_type_error("cast() argument 'format' must be str, not %s", argument_type(args[1]));
    const char *format = str_utf8(args[1], NULL);
    if (!format) return UNSET;
    int64_t size = format_size(format);
    if (!castable(m, format, size, is_set(args[2]))) return UNSET;
    shape[0] = item_count(m) * m->item_size / size;
    if (is_set(args[2])) {
        if (!read_shape(args[2], shape, &dimensions)) return UNSET;
        for (int i = 0; i < dimensions; i++) total *= shape[i];
        if (total * size != item_count(m) * m->item_size)
            return raise_type_error("memoryview: product(shape) * itemsize != buffer size");
    }
    MemoryView *d = derive(m, dimensions);
    if (!d) return UNSET;
    d->item_size = size;
    strncpy(d->format, format, sizeof d->format - 1);
    d->format[strlen(format)] = 0;
    for (int i = dimensions - 1; i >= 0; i--) {
        d->shape[i] = shape[i];
        strides_of(d)[i] = size;
        size *= shape[i];
    }
    return from_object(d);
}

/* Attributes: all but the plain ones are errors on a released view. */
static Value number_tuple(const int64_t *numbers, int n) {
    Value made = tuple_new((size_t)n);
    for (int i = 0; is_set(made) && i < n; i++) as_tuple(made)->items[i] = int_from_int64(numbers[i]);
    return made;
}
#define GET(name, value)                                                                                               \
    static Value get_##name(Value self) {                                                                              \
        MemoryView *m = view_of(self);                                                                                 \
        return alive(m) ? (value) : UNSET;                                                                             \
    }
GET(obj, retain(m->buffer.owner))
GET(nbytes, int_from_int64(item_count(m) * m->item_size))
GET(readonly, from_bool(m->readonly))
GET(itemsize, int_from_int64(m->item_size))
GET(format, str_from(m->format))
GET(ndim, int_from_int64(m->dimensions))
GET(shape, number_tuple(m->shape, m->dimensions))
GET(strides, number_tuple(strides_of(m), m->dimensions))
GET(suboffsets, tuple_new(0))
GET(c_contiguous, from_bool(is_contiguous(m, false)))
GET(f_contiguous, from_bool(is_contiguous(m, true)))
GET(contiguous, from_bool(is_contiguous(m, false) || is_contiguous(m, true)))

static const MemberDef members[] = {
    {"obj", get_obj, NULL, "The underlying object."},
    {"nbytes", get_nbytes, NULL, "Bytes that the items take."},
    {"readonly", get_readonly, NULL, "May the memory not be written?"},
    {"itemsize", get_itemsize, NULL, "Bytes of an item."},
    {"format", get_format, NULL, "The format of an item, as struct writes it."},
    {"ndim", get_ndim, NULL, "Number of dimensions."},
    {"shape", get_shape, NULL, "Items in each dimension."},
    {"strides", get_strides, NULL, "Bytes from one item to the next in each dimension."},
    {"suboffsets", get_suboffsets, NULL, "Always empty."},
    {"c_contiguous", get_c_contiguous, NULL, "Is the memory contiguous, last dimension fastest?"},
    {"f_contiguous", get_f_contiguous, NULL, "Is the memory contiguous, first dimension fastest?"},
    {"contiguous", get_contiguous, NULL, "Is the memory contiguous?"},
    {0},
};

static const NativeDef methods[] = {
    METHOD("cast", "format, shape=None", cast, "The memory with another format or shape."),
    METHOD("hex", "sep=None, bytes_per_sep=1", hex, "The bytes as hexadecimal digits."),
    METHOD("release", "", release_method, "Give the memory back."),
    METHOD("tobytes", "order='C'", tobytes, "The memory as bytes."),
    METHOD("tolist", "", tolist, "The items as a list."),
    METHOD("toreadonly", "", toreadonly, "A read-only view of the memory."),
    METHOD("__enter__", "", enter, NULL),
    METHOD("__exit__", "*args", leave, NULL),
    NATIVE_END,
};

Type memoryview_type = {
    TYPE_HEAD("memoryview"),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_SEQUENCE | TYPE_WEAK,
    .basic_size = sizeof(MemoryView),
    .item_size = sizeof(int64_t),
    .doc = "Memory of an object that supports the buffer protocol, without copying it.",
    .methods = methods,
    .members = members,
    .make = make,
    .destroy = destroy,
    .traverse = traverse,
    .repr = repr,
    .hash = hash,
    .compare = compare,
    .length = length,
    .get_item = get_item,
    .set_item = set_item,
    .get_buffer = get_buffer,
    .release_buffer = release_buffer,
};
