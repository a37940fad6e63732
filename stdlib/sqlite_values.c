/* Values on their way into SQLite and out of it. */
#ifdef HAVE_SQLITE3
#include "stdlib/sqlite.h"

#include <limits.h>

Value sqlite_adapters, sqlite_converters, sqlite_protocol; /* roots */

/* ---- in ---- */

/* What an adapter or __conform__ makes of it; the value itself when nothing does.  Owned. */
static Value adapted(Value v) {
    Type *type = type_of(v);
    if (is_none(v) || type == &int_type || type == &float_type || type == &str_type || type == &bytearray_type)
        return retain(v);
    Value key = tuple_pack(2, type_value(type), sqlite_protocol), adapter = UNSET, name, method;
    if (is_unset(key)) return UNSET;
    int found = dict_find(sqlite_adapters, key, &adapter);
    release(key);
    if (found < 0) return UNSET;
    if (found) return call1(adapter, v);
    name = str_intern_cstr("__conform__");
    found = is_set(name) ? object_find_attribute(v, name, &method) : -1;
    release(name);
    if (found <= 0) return found < 0 ? UNSET : retain(v);
    Value result = call1(method, sqlite_protocol);
    release(method);
    if (is_unset(result) && error_absorb(&TypeError_type)) return retain(v);
    if (is_set(result) && is_none(result)) return retain(v);
    return result;
}

static int bind_integer(sqlite3_stmt *handle, int i, Value v) {
    int64_t n;
    Value index = object_index(v);
    if (is_unset(index)) return -1;
    bool fits = int_fits_int64(index, &n);
    release(index);
    if (!fits) return raise_overflow_error("Python int too large to convert to SQLite INTEGER"), -1;
    return sqlite3_bind_int64(handle, i, n);
}
static int bind_text(sqlite3_stmt *handle, int i, Value v) {
    size_t length;
    const char *text = str_utf8(v, &length);
    if (!text) return -1;
    if (length > INT_MAX) return raise_overflow_error("string longer than INT_MAX bytes"), -1;
    return sqlite3_bind_text(handle, i, text, (int)length, SQLITE_TRANSIENT);
}
static int bind_bytes(sqlite3_stmt *handle, int i, Value v) {
    Buffer b;
    if (!buffer_get(v, &b, false)) return -1;
    int result = SQLITE_TOOBIG;
    if (b.length <= INT_MAX) result = sqlite3_bind_blob(handle, i, b.length ? b.data : "", (int)b.length, SQLITE_TRANSIENT);
    else raise_overflow_error("BLOB longer than INT_MAX bytes");
    buffer_release(&b);
    return result;
}

static bool bind_one(sqlite3_stmt *handle, int i, Value parameter) {
    Value v = adapted(parameter);
    int code;
    if (is_unset(v)) return false;
    if (is_none(v)) code = sqlite3_bind_null(handle, i);
    else if (int_is(v)) code = bind_integer(handle, i, v);
    else if (float_is(v)) code = sqlite3_bind_double(handle, i, float_value(v));
    else if (str_is(v)) code = bind_text(handle, i, v);
    else if (buffer_supported(v)) code = bind_bytes(handle, i, v);
    else code = -1, raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Error binding parameter %d: type '%T' is not supported", i, v);
    release(v);
    if (code == SQLITE_OK) return true;
    if (!error_pending()) raise_database(sqlite3_db_handle(handle));
    return false;
}

static bool bind_in_order(sqlite3_stmt *handle, int needed, Value parameters) {
    Value items = tuple_is(parameters) ? retain(parameters) : tuple_from_iterable(parameters);
    if (is_unset(items)) return false;
    bool done = (size_t)needed == tuple_length(items);
    if (!done)
        raise_sqlite(SQLITE_CLASS_PROGRAMMING,
                     "Incorrect number of bindings supplied. The current statement uses %d, and there are %zu supplied.",
                     needed, tuple_length(items));
    for (int i = 0; done && i < needed; i++) done = bind_one(handle, i + 1, tuple_at(items, (size_t)i));
    release(items);
    return done;
}

static bool bind_by_name(sqlite3_stmt *handle, int needed, Value parameters) {
    for (int i = 1; i <= needed; i++) {
        const char *name = sqlite3_bind_parameter_name(handle, i);
        if (!name)
            return raise_sqlite(SQLITE_CLASS_PROGRAMMING,
                                "Binding %d has no name, but you supplied a dictionary (which has only names).", i),
                   false;
        Value key = str_from(name + 1);
        if (is_unset(key)) return false;
        Value v = object_get_item(parameters, key);
        release(key);
        if (is_unset(v)) {
            if (!error_absorb(&KeyError_type)) return false;
            return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "You did not supply a value for binding parameter :%s.",
                                name + 1), false;
        }
        bool done = bind_one(handle, i, v);
        release(v);
        if (!done) return false;
    }
    return true;
}

bool statement_bind(sqlite3_stmt *handle, Connection *c, Value parameters) {
    int needed = sqlite3_bind_parameter_count(handle);
    if (tuple_is(parameters) || list_is(parameters)) return bind_in_order(handle, needed, parameters);
    if (dict_is(parameters)) return bind_by_name(handle, needed, parameters);
    Type *type = type_of(parameters);
    bool has_items = type->get_item != NULL, is_sequence = has_items && type->length != NULL;
    Value name = str_intern_cstr("keys"), keys = UNSET;
    int found = is_set(name) && has_items ? object_find_attribute(parameters, name, &keys) : 0;
    release(name);
    release(keys);
    if (found < 0) return false;
    if (found) return bind_by_name(handle, needed, parameters);
    if (is_sequence) return bind_in_order(handle, needed, parameters);
    return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "parameters are of unsupported type"), false;
}

/* ---- out ---- */

static Value undecodable(Cursor *cursor, const char *name, const char *text, size_t length) {
    error_clear();
    Value shown = str_decode(text, length, "ascii", "replace");
    if (is_set(shown))
        raise_sqlite(SQLITE_CLASS_OPERATIONAL, "Could not decode to UTF-8 column '%s' with text '%U'", name, shown);
    release(shown);
    return UNSET;
}

static Value text_value(Cursor *cursor, sqlite3_stmt *handle, int i) {
    Value factory = as_connection(cursor->connection)->text_factory;
    const char *text = (const char *)sqlite3_column_text(handle, i);
    size_t length = (size_t)sqlite3_column_bytes(handle, i);
    if (same(factory, type_value(&str_type))) {
        Value v = str_from_utf8(text, length);
        return is_set(v) || !error_matches(&UnicodeDecodeError_type)
                   ? v : undecodable(cursor, sqlite3_column_name(handle, i), text, length);
    }
    if (same(factory, type_value(&bytearray_type))) return bytearray_from(text, length);
    Value bytes = bytes_from(text, length);
    if (is_unset(bytes) || same(factory, type_value(&bytes_type))) return bytes;
    Value made = call1(factory, bytes);
    release(bytes);
    return made;
}

static Value bytes_value(sqlite3_stmt *handle, int i) {
    const void *data = sqlite3_column_blob(handle, i);
    size_t length = (size_t)sqlite3_column_bytes(handle, i);
    return bytes_from(data ? data : "", length);
}

static Value converted(sqlite3_stmt *handle, int i, Value converter) {
    if (sqlite3_column_type(handle, i) == SQLITE_NULL) return NONE;
    Value bytes = bytes_value(handle, i), result = is_set(bytes) ? call1(converter, bytes) : UNSET;
    release(bytes);
    return result;
}

Value column_value(Cursor *cursor, int i) {
    sqlite3_stmt *handle = as_statement(cursor->statement)->handle;
    if (tuple_is(cursor->converters) && (size_t)i < tuple_length(cursor->converters) &&
        !is_none(tuple_at(cursor->converters, (size_t)i)))
        return converted(handle, i, tuple_at(cursor->converters, (size_t)i));
    switch (sqlite3_column_type(handle, i)) {
    case SQLITE_NULL: return NONE;
    case SQLITE_INTEGER: return int_from_int64(sqlite3_column_int64(handle, i));
    case SQLITE_FLOAT: return from_any_double(sqlite3_column_double(handle, i));
    case SQLITE_TEXT: return text_value(cursor, handle, i);
    default: return bytes_value(handle, i);
    }
}

/* ---- functions of the script ---- */

Value argument_value(sqlite3_value *v) {
    size_t length;
    switch (sqlite3_value_type(v)) {
    case SQLITE_NULL: return NONE;
    case SQLITE_INTEGER: return int_from_int64(sqlite3_value_int64(v));
    case SQLITE_FLOAT: return from_any_double(sqlite3_value_double(v));
    case SQLITE_TEXT:
        length = (size_t)sqlite3_value_bytes(v);
        return str_from_utf8((const char *)sqlite3_value_text(v), length);
    default:
        length = (size_t)sqlite3_value_bytes(v);
        return bytes_from(length ? sqlite3_value_blob(v) : "", length);
    }
}

bool result_set(sqlite3_context *context, Value v) {
    int64_t n;
    size_t length;
    if (is_none(v)) return sqlite3_result_null(context), true;
    if (int_is(v)) {
        if (!int_as_int64(v, &n)) return false;
        return sqlite3_result_int64(context, n), true;
    }
    if (float_is(v)) return sqlite3_result_double(context, float_value(v)), true;
    if (str_is(v)) {
        const char *text = str_utf8(v, &length);
        if (!text || length > INT_MAX) return false;
        return sqlite3_result_text(context, text, (int)length, SQLITE_TRANSIENT), true;
    }
    Buffer b;
    if (!buffer_supported(v) || !buffer_get(v, &b, false)) return false;
    bool fits = b.length <= INT_MAX;
    if (fits) sqlite3_result_blob(context, b.length ? b.data : "", (int)b.length, SQLITE_TRANSIENT);
    buffer_release(&b);
    return fits;
}
#endif
