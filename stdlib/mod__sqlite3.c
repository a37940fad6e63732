/* _sqlite3: the half of the module sqlite3 that is written in C. */
#ifdef HAVE_SQLITE3
#include "stdlib/sqlite.h"

#include "stdlib/module_parts.h"

/* ---- exceptions ---- */

Value sqlite_classes[SQLITE_CLASSES]; /* roots */
const char *const sqlite_class_names[SQLITE_CLASSES] = {
    "Warning", "Error", "InterfaceError", "DatabaseError", "InternalError", "OperationalError", "ProgrammingError",
    "IntegrityError", "DataError", "NotSupportedError",
};

Value raise_sqlite(SqliteError class, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Value text = str_vformat(format, args), exception = UNSET;
    va_end(args);
    if (is_set(text)) exception = call1(sqlite_classes[class], text);
    release(text);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static SqliteError class_of(int code) {
    switch (code & 0xff) {
    case SQLITE_INTERNAL:
    case SQLITE_NOTFOUND: return SQLITE_CLASS_INTERNAL;
    case SQLITE_ERROR: case SQLITE_PERM: case SQLITE_ABORT: case SQLITE_BUSY: case SQLITE_LOCKED: case SQLITE_READONLY:
    case SQLITE_INTERRUPT: case SQLITE_IOERR: case SQLITE_FULL: case SQLITE_CANTOPEN: case SQLITE_PROTOCOL:
    case SQLITE_EMPTY: case SQLITE_SCHEMA: return SQLITE_CLASS_OPERATIONAL;
    case SQLITE_TOOBIG: return SQLITE_CLASS_DATA;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return SQLITE_CLASS_INTEGRITY;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return SQLITE_CLASS_INTERFACE;
    default: return SQLITE_CLASS_DATABASE;
    }
}

static const Constant results[] = {
#define RESULT(name) {#name, name},
#define OTHER(name)
#include "stdlib/sqlite_constants.def"
#undef RESULT
#undef OTHER
    CONSTANT_END,
};
static const Constant others[] = {
#define RESULT(name)
#define OTHER(name) {#name, name},
#include "stdlib/sqlite_constants.def"
#undef RESULT
#undef OTHER
    {"PARSE_DECLTYPES", DETECT_DECLARED}, {"PARSE_COLNAMES", DETECT_NAMES}, CONSTANT_END,
};

static const char *name_of(int code) {
    for (const Constant *row = results; row->name; row++)
        if (row->value == code) return row->name;
    return "unknown";
}

static bool set_attribute(Value exception, const char *name, Value v) {
    Value key = str_intern_cstr(name);
    bool done = is_set(key) && is_set(v) && object_set_attribute(exception, key, v);
    release(key);
    return done;
}

Value raise_database(sqlite3 *db) {
    if (error_pending()) return UNSET;
    int code = sqlite3_extended_errcode(db);
    if ((code & 0xff) == SQLITE_NOMEM) return raise_memory_error();
    raise_sqlite(class_of(code), "%s", sqlite3_errmsg(db));
    Value exception = error_take(), name = str_from(name_of(code));
    set_attribute(exception, "sqlite_errorcode", from_small_int(code));
    set_attribute(exception, "sqlite_errorname", name);
    release(name);
    error_restore(exception);
    return UNSET;
}

/* Warning and Error stand at the top, InterfaceError and DatabaseError below Error, the others below DatabaseError. */
static bool add_exceptions(Value dict) {
    for (int i = 0; i < SQLITE_CLASSES; i++) {
        Value base = i <= SQLITE_CLASS_ERROR     ? type_value(&Exception_type)
                     : i <= SQLITE_CLASS_DATABASE ? sqlite_classes[SQLITE_CLASS_ERROR]
                                                  : sqlite_classes[SQLITE_CLASS_DATABASE];
        if (!module_add_exception(dict, &sqlite_classes[i], "sqlite3", sqlite_class_names[i], base, NULL) ||
            !dict_set_utf8(connection_type.dict, sqlite_class_names[i], sqlite_classes[i]))
            return false;
    }
    return true;
}

/* ---- functions ---- */

static Value sqlite_connect(const Value *args, size_t count) {
    Value factory = is_set(args[5]) ? args[5] : type_value(&connection_type);
    static const char *const keywords[] = {"timeout", "detect_types", "isolation_level", "check_same_thread", "factory",
                                           "cached_statements", "uri"};
    Value given[8] = {args[0]}, found[7];
    size_t n = 0;
    for (size_t i = 1; i < 8; i++)
        if (is_set(args[i])) {
            given[++n] = args[i];
            found[n - 1] = str_intern_cstr(keywords[i - 1]);
        }
    Value kwnames = n ? tuple_steal(found, n) : UNSET;
    if (n && is_unset(kwnames)) return UNSET;
    Value connection = call(factory, given, 1, kwnames);
    release(kwnames);
    return connection;
}

static Value sqlite_complete(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("complete_statement() argument 'statement' must be str, not %T", args[0]);
    const char *sql = str_utf8(args[0], NULL);
    return sql ? from_bool(sqlite3_complete(sql)) : UNSET;
}

static Value sqlite_start(const Value *args, size_t count) {
    if (is_set(sqlite_adapters)) return NONE;
    sqlite_adapters = retain(args[0]);
    sqlite_converters = retain(args[1]);
    sqlite_protocol = retain(args[2]);
    root_add(&sqlite_adapters), root_add(&sqlite_converters), root_add(&sqlite_protocol);
    return NONE;
}

/* A method of Connection that is written in Python. */
static Value sqlite_add_method(const Value *args, size_t count) {
    return dict_set(connection_type.dict, args[0], args[1]) ? (type_modified(&connection_type), NONE) : UNSET;
}

static const NativeDef functions[] = {
    FUNCTION("connect",
             "database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=Connection, "
             "cached_statements=128, uri=False",
             sqlite_connect, "Open a database."),
    FUNCTION("complete_statement", "statement", sqlite_complete, "Does it end with a whole SQL statement?"),
    FUNCTION("_add_method", "name, function, /", sqlite_add_method, "For the module sqlite3."),
    FUNCTION("_start", "adapters, converters, protocol, /", sqlite_start, "For the module sqlite3."),
    NATIVE_END,
};

static bool fill(Value dict) {
    Value version = str_from(sqlite3_libversion());
    bool done = is_set(version) && dict_set_utf8(dict, "sqlite_version", version);
    release(version);
    return done && module_add_constants(dict, results) && module_add_constants(dict, others) && add_exceptions(dict) &&
           dict_set_utf8(dict, "Connection", type_value(&connection_type)) &&
           dict_set_utf8(dict, "Cursor", type_value(&cursor_type)) && dict_set_utf8(dict, "Row", type_value(&row_type));
}
static bool ready(void) {
    return type_ready(&statement_type) && type_ready(&cursor_type) && type_ready(&row_type) && connection_ready();
}

const ModuleDef mod__sqlite3 = {"_sqlite3", "Databases in files and in memory.", functions, fill, ready};
#endif
