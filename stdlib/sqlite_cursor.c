/* Cursors and rows. */
#ifdef HAVE_SQLITE3
#include "stdlib/sqlite.h"


#include "runtime/types/traverse.h"

/* ---- statements ---- */

int statement_step(Connection *c, sqlite3_stmt *handle) {
    int code;
    c->running++;
    BLOCKING_BEGIN(sqlite)
    code = sqlite3_step(handle);
    BLOCKING_END
    c->running--;
    return code;
}

void statement_finish(Statement *s) {
    BLOCKING_BEGIN(sqlite)
    sqlite3_reset(s->handle);
    BLOCKING_END
    s->in_use = false;
}

static void statement_destroy(Object *self) {
    sqlite3_stmt *handle = ((Statement *)self)->handle;
    BLOCKING_BEGIN(sqlite)
    sqlite3_finalize(handle);
    BLOCKING_END
    object_free(self);
}

Type statement_type = {
    TYPE_HEAD("sqlite3.Statement"),
    .basic_size = sizeof(Statement),
    .flags = TYPE_DISALLOW_NEW,
    .destroy = statement_destroy,
};

/* ---- checks ---- */

static bool initialised(Cursor *c) {
    return is_set(c->connection) ||
           (raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Base Cursor.__init__ not called."), false);
}

static bool cursor_check(Cursor *c) {
    if (!initialised(c)) return false;
    if (c->closed) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Cannot operate on a closed cursor."), false;
    if (c->locked) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Recursive use of cursors not allowed."), false;
    return connection_check(as_connection(c->connection));
}

static void drop_statement(Cursor *c) {
    Value s = c->statement;
    c->statement = UNSET;
    if (is_unset(s)) return;
    statement_finish(as_statement(s));
    release(s);
}

/* ---- what the columns are ---- */

/* "name [type]": where the name ends when types are taken from names. */
static size_t name_length(const Connection *connection, const char *name) {
    if (connection->detect & DETECT_NAMES)
        for (const char *c = name; *c; c++)
            if (*c == '[' && c > name && c[-1] == ' ') return (size_t)(c - 1 - name);
    return strlen(name);
}

static bool describe(Cursor *c, sqlite3_stmt *handle) {
    int n = sqlite3_column_count(handle);
    Value description = tuple_new((size_t)n);
    for (int i = 0; i < n && is_set(description); i++) {
        const char *name = sqlite3_column_name(handle, i);
        Value text = name ? str_from_utf8(name, name_length(as_connection(c->connection), name)) : raise_memory_error();
        Value row = is_set(text) ? tuple_pack(7, text, NONE, NONE, NONE, NONE, NONE, NONE) : UNSET;
        release(text);
        if (is_set(row)) as_tuple(description)->items[i] = row;
        else clear(&description);
    }
    if (is_unset(description)) return false;
    replace(&c->description, description);
    return true;
}

/* The converter for a type by its name in any case; NONE: none.  Borrowed; UNSET: failed. */
static Value converter_named(const char *text, size_t length) {
    Value name = str_from_utf8(text, length), upper = str_intern_cstr("upper"), key = UNSET, found = NONE;
    if (is_set(name) && is_set(upper)) key = call_method0(name, upper);
    release(name), release(upper);
    int known = is_set(key) ? dict_find(sqlite_converters, key, &found) : -1;
    release(key);
    return known < 0 ? UNSET : known ? found : NONE;
}

static Value converter_of(const Connection *connection, sqlite3_stmt *handle, int i) {
    Value found = NONE;
    if (connection->detect & DETECT_NAMES) {
        const char *open = strrchr(sqlite3_column_name(handle, i), '['), *close = open ? strchr(open, ']') : NULL;
        if (close) found = converter_named(open + 1, (size_t)(close - open - 1));
    }
    const char *declared = sqlite3_column_decltype(handle, i);
    if (is_set(found) && is_none(found) && (connection->detect & DETECT_DECLARED) && declared)
        found = converter_named(declared, strcspn(declared, " ("));
    return found;
}

static bool find_converters(Cursor *c, sqlite3_stmt *handle) {
    const Connection *connection = as_connection(c->connection);
    if (!connection->detect) return true;
    int n = sqlite3_column_count(handle);
    Value all = tuple_new((size_t)n);
    for (int i = 0; i < n && is_set(all); i++) {
        Value converter = converter_of(connection, handle, i);
        if (is_set(converter)) as_tuple(all)->items[i] = retain(converter);
        else clear(&all);
    }
    if (is_unset(all)) return false;
    replace(&c->converters, all);
    return true;
}

/* ---- running ---- */

static bool open_transaction(Connection *connection, const Statement *s) {
    if (!connection->begin || !s->changes || !sqlite3_get_autocommit(connection->db)) return true;
    return connection_run(connection, connection->begin);
}

/* Runs the statement once with these parameters. */
static bool run_once(Cursor *c, Value parameters, bool many) {
    Connection *connection = as_connection(c->connection);
    Statement *s = as_statement(c->statement);
    c->locked = true;
    bool done = statement_bind(s->handle, connection, parameters);
    int code = done ? statement_step(connection, s->handle) : SQLITE_DONE;
    c->locked = false;
    if (!done) return false;
    if (code != SQLITE_DONE && code != SQLITE_ROW) return raise_database(connection->db), false;
    if (error_pending()) return false;
    if (is_none(c->description) && sqlite3_column_count(s->handle) > 0 &&
        (!describe(c, s->handle) || !find_converters(c, s->handle)))
        return false;
    if (s->changes) c->rowcount += sqlite3_changes(connection->db);
    if (code == SQLITE_DONE && many) sqlite3_reset(s->handle);
    if (!many) replace(&c->last_row, int_from_int64(sqlite3_last_insert_rowid(connection->db)));
    if (code == SQLITE_DONE && !many) drop_statement(c);
    return true;
}

static bool run_many(Cursor *c, Value parameter_sets) {
    Value iterator = object_iterate(parameter_sets);
    if (is_unset(iterator)) return false;
    bool done = true;
    while (done) {
        c->locked = true;
        Value parameters = iterator_next(iterator);
        c->locked = false;
        if (is_unset(parameters)) break;
        done = run_once(c, parameters, true);
        release(parameters);
    }
    release(iterator);
    return done && !error_pending();
}

static Value execute(Value self, Value sql, Value parameters, bool many) {
    Cursor *c = as_cursor(self);
    if (!cursor_check(c)) return UNSET;
    drop_statement(c);
    replace(&c->description, NONE);
    replace(&c->converters, NONE);
    Value statement = connection_prepare(c->connection, sql);
    if (is_unset(statement)) return UNSET;
    Statement *s = as_statement(statement);
    s->in_use = true;
    c->statement = statement;
    c->rowcount = s->changes ? 0 : -1;
    bool done = false;
    if (!s->handle) done = true;
    else if (many && sqlite3_stmt_readonly(s->handle))
        raise_sqlite(SQLITE_CLASS_PROGRAMMING, "executemany() can only execute DML statements.");
    else if (open_transaction(as_connection(c->connection), s)) {
        sqlite3_clear_bindings(s->handle);
        done = many ? run_many(c, parameters) : run_once(c, is_set(parameters) ? parameters : empty_tuple, false);
    }
    if (!done) c->rowcount = -1;
    if (!done || many || !s->handle) drop_statement(c);
    return done ? retain(self) : UNSET;
}

Value cursor_execute(const Value *args, size_t count) { return execute(args[0], args[1], args[2], false); }
Value cursor_executemany(const Value *args, size_t count) { return execute(args[0], args[1], args[2], true); }

static bool run_script(Connection *connection, const char *sql) {
    while (*sql) {
        const char *tail;
        sqlite3_stmt *handle = statement_compile(connection, sql, strlen(sql), &tail);
        if (!handle && error_pending()) return false;
        int code = SQLITE_ROW;
        while (handle && code == SQLITE_ROW) code = statement_step(connection, handle);
        BLOCKING_BEGIN(sqlite)
        if (sqlite3_finalize(handle) == SQLITE_OK) code = SQLITE_DONE;
        BLOCKING_END
        if (code != SQLITE_DONE) return raise_database(connection->db), false;
        sql = tail;
    }
    return true;
}

Value cursor_executescript(const Value *args, size_t count) {
    Cursor *c = as_cursor(args[0]);
    if (!str_is(args[1])) return raise_type_error("executescript() argument must be str, not %T", args[1]);
    if (!cursor_check(c)) return UNSET;
    size_t length;
    const char *sql = str_utf8(args[1], &length);
    if (!sql) return UNSET;
    if (strlen(sql) != length) return raise_value_error("embedded null character");
    Connection *connection = as_connection(c->connection);
    if (!sqlite3_get_autocommit(connection->db) && !connection_run(connection, "COMMIT")) return UNSET;
    return run_script(connection, sql) ? retain(args[0]) : UNSET;
}

/* ---- fetching ---- */

static Value present_row(Cursor *c) {
    int n = sqlite3_data_count(as_statement(c->statement)->handle);
    Value row = tuple_new((size_t)n);
    c->locked = true;
    for (int i = 0; i < n && is_set(row); i++) {
        Value v = column_value(c, i);
        if (is_set(v)) as_tuple(row)->items[i] = v;
        else clear(&row);
    }
    c->locked = false;
    return row;
}

/* Moves on to the row behind the present one. */
static bool advance(Cursor *c) {
    sqlite3 *db = as_connection(c->connection)->db;
    Statement *s = as_statement(c->statement);
    c->locked = true;
    int code = statement_step(as_connection(c->connection), s->handle);
    c->locked = false;
    if (code == SQLITE_ROW && !error_pending()) return true;
    if (code != SQLITE_DONE && code != SQLITE_ROW) raise_database(db);
    else if (s->changes) c->rowcount = sqlite3_changes(db);
    drop_statement(c);
    return !error_pending();
}

static Value cursor_next(Value self) {
    Cursor *c = as_cursor(self);
    if (!cursor_check(c) || is_unset(c->statement)) return UNSET;
    if (sqlite3_data_count(as_statement(c->statement)->handle) == 0) return drop_statement(c), UNSET;
    Value row = present_row(c);
    if (is_unset(row)) return UNSET;
    if (!advance(c)) return release(row), UNSET;
    if (is_none(c->row_factory)) return row;
    Value made = call2(c->row_factory, self, row);
    release(row);
    return made;
}

static Value cursor_fetchone(const Value *args, size_t count) {
    Value row = cursor_next(args[0]);
    return is_unset(row) && !error_pending() ? NONE : row;
}

/* At most n rows; n < 0: all. */
static Value fetch(Value self, int64_t n) {
    Value list = list_new(0), row;
    if (is_unset(list)) return UNSET;
    for (; n != 0; n--) {
        if (is_unset(row = cursor_next(self))) break;
        if (!list_append_steal(list, row)) break;
    }
    if (!error_pending()) return list;
    release(list);
    return UNSET;
}
static Value cursor_fetchall(const Value *args, size_t count) { return fetch(args[0], -1); }
static Value cursor_fetchmany(const Value *args, size_t count) {
    int64_t n = as_cursor(args[0])->array_size;
    if (is_set(args[1]) && !object_as_int64(args[1], &n)) return UNSET;
    return fetch(args[0], n == 0 ? -1 : n);
}

/* ---- life ---- */

static Value cursor_close(const Value *args, size_t count) {
    Cursor *c = as_cursor(args[0]);
    if (c->locked) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Recursive use of cursors not allowed.");
    if (!initialised(c) || !connection_check(as_connection(c->connection))) return UNSET;
    drop_statement(c);
    c->closed = true;
    return NONE;
}
static Value cursor_ignore(const Value *args, size_t count) { return NONE; }

static Value cursor_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Cursor *c = as_cursor(self);
    c->description = c->row_factory = c->last_row = c->converters = NONE;
    c->rowcount = -1;
    c->array_size = 1;
    return self;
}
static bool cursor_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[1];
    Cursor *c = as_cursor(self);
    if (!native_bind("Cursor", "connection, /", args, count, kwnames, in)) return false;
    if (!object_is_instance_exact_or_sub(in[0], &connection_type))
        return raise_type_error("Cursor() argument 1 must be sqlite3.Connection, not %T", in[0]), false;
    if (c->locked) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Recursive use of cursors not allowed."), false;
    drop_statement(c);
    replace(&c->connection, retain(in[0]));
    c->closed = false;
    return connection_is_usable_here(as_connection(in[0]));
}
Value cursor_new(Value connection) {
    Value self = cursor_make(&cursor_type, NULL, 0, UNSET);
    if (is_set(self)) as_cursor(self)->connection = retain(connection);
    return self;
}

static int cursor_traverse(Object *o, Visit visit, void *context) {
    Cursor *c = (Cursor *)o;
    TRAVERSE(c->connection);
    TRAVERSE(c->statement);
    TRAVERSE(c->row_factory);
    TRAVERSE(c->converters);
    return attrs_traverse(o, visit, context);
}
static void cursor_clear(Object *o) {
    Cursor *c = (Cursor *)o;
    drop_statement(c);
    clear(&c->connection);
    replace(&c->row_factory, NONE);
    replace(&c->converters, NONE);
    attrs_clear(o);
}
static void cursor_destroy(Object *o) {
    Cursor *c = (Cursor *)o;
    cursor_clear(o);
    release(c->description);
    release(c->last_row);
    object_free(o);
}

static Value get_connection(Value self) {
    return is_set(as_cursor(self)->connection) ? retain(as_cursor(self)->connection) : NONE;
}
static Value get_description(Value self) { return retain(as_cursor(self)->description); }
static Value get_last_row(Value self) { return retain(as_cursor(self)->last_row); }
static Value get_rowcount(Value self) { return int_from_int64(as_cursor(self)->rowcount); }
static Value get_array_size(Value self) { return int_from_int64(as_cursor(self)->array_size); }
static bool set_array_size(Value self, Value v) {
    return is_set(v) ? object_as_int64(v, &as_cursor(self)->array_size)
                     : (raise_type_error("can't delete numeric/char attribute"), false);
}
static Value get_row_factory(Value self) { return retain(as_cursor(self)->row_factory); }
static bool set_row_factory(Value self, Value v) {
    replace(&as_cursor(self)->row_factory, is_set(v) ? retain(v) : NONE);
    return true;
}

static const MemberDef cursor_members[] = {
    {"connection", get_connection, NULL, "The connection."},
    {"description", get_description, NULL, "The columns: a tuple of seven for each; the name comes first."},
    {"arraysize", get_array_size, set_array_size, "How many rows fetchmany() gives."},
    {"lastrowid", get_last_row, NULL, "The number of the row that was inserted last."},
    {"rowcount", get_rowcount, NULL, "How many rows were changed."},
    {"row_factory", get_row_factory, set_row_factory, "Makes a row of a cursor and a tuple."},
    {0},
};
static const NativeDef cursor_methods[] = {
    METHOD("execute", "sql, parameters=(), /", cursor_execute, "Executes an SQL statement."),
    METHOD("executemany", "sql, seq_of_parameters, /", cursor_executemany, "Repeatedly executes an SQL statement."),
    METHOD("executescript", "sql_script, /", cursor_executescript, "Executes several SQL statements."),
    METHOD("fetchone", "", cursor_fetchone, "The next row, or None."),
    METHOD("fetchmany", "size=1", cursor_fetchmany, "The next rows."),
    METHOD("fetchall", "", cursor_fetchall, "All rows that are left."),
    METHOD("close", "", cursor_close, "Closes the cursor."),
    METHOD("setinputsizes", "sizes, /", cursor_ignore, "Does nothing."),
    METHOD("setoutputsize", "size, column=None, /", cursor_ignore, "Does nothing."),
    NATIVE_END,
};
static Value itself(Value self) { return retain(self); }

Type cursor_type = {
    TYPE_HEAD("sqlite3.Cursor"),
    .basic_size = sizeof(Cursor),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "SQLite database cursor class.",
    .methods = cursor_methods,
    .members = cursor_members,
    .make = cursor_make,
    .init = cursor_init,
    .iterate = itself,
    .next = cursor_next,
    .traverse = cursor_traverse,
    .clear = cursor_clear,
    .destroy = cursor_destroy,
};

/* ---- rows ---- */

typedef struct Row {
    Object head;
    Value data, description;
} Row;
static Row *as_row(Value v) { return (Row *)as_object(v); }

static Value row_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value in[2];
    if (!native_bind("Row", "cursor, data, /", args, count, kwnames, in)) return UNSET;
    if (!object_is_instance_exact_or_sub(in[0], &cursor_type))
        return raise_type_error("Row() argument 1 must be sqlite3.Cursor, not %T", in[0]);
    if (!tuple_is(in[1])) return raise_type_error("Row() argument 2 must be tuple, not %T", in[1]);
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    as_row(self)->data = retain(in[1]);
    as_row(self)->description = retain(as_cursor(in[0])->description);
    return self;
}

static Value row_name(Row *row, size_t i) { return tuple_at(tuple_at(row->description, i), 0); }

static bool same_name(Value a, Value b) {
    const char *x = str_utf8(a, NULL), *y = str_utf8(b, NULL);
    if (!x || !y) return error_clear(), false;
    return sqlite3_stricmp(x, y) == 0;
}

static Value row_get_item(Value self, Value key) {
    Row *row = as_row(self);
    if (str_is(key)) {
        for (size_t i = 0; tuple_is(row->description) && i < tuple_length(row->description); i++)
            if (same_name(row_name(row, i), key)) return retain(tuple_at(row->data, i));
        return raise_index_error("No item with that key");
    }
    if (int_is(key) || is_exactly(key, &slice_type)) return object_get_item(row->data, key);
    return raise_index_error("Index must be int or string");
}

static Value row_keys(const Value *args, size_t count) {
    Row *row = as_row(args[0]);
    Value list = list_new(0);
    for (size_t i = 0; is_set(list) && tuple_is(row->description) && i < tuple_length(row->description); i++)
        if (!list_append(list, row_name(row, i))) clear(&list);
    return list;
}

static Value row_compare(Value a, Value b, CompareOp op) {
    if (!object_is_instance_exact_or_sub(a, &row_type) || !object_is_instance_exact_or_sub(b, &row_type) ||
        (op != COMPARE_EQ && op != COMPARE_NE))
        return NOT_IMPLEMENTED;
    int equal = object_equal(as_row(a)->description, as_row(b)->description);
    if (equal > 0) equal = object_equal(as_row(a)->data, as_row(b)->data);
    return equal < 0 ? UNSET : from_bool((equal > 0) == (op == COMPARE_EQ));
}
static bool row_hash(Value self, int64_t *out) {
    int64_t names_hash;
    if (!object_hash(as_row(self)->description, &names_hash) || !object_hash(as_row(self)->data, out)) return false;
    *out ^= names_hash;
    return true;
}
static int64_t row_length(Value self) { return (int64_t)tuple_length(as_row(self)->data); }
static Value row_iterate(Value self) { return object_iterate(as_row(self)->data); }

static int row_traverse(Object *o, Visit visit, void *context) {
    TRAVERSE(((Row *)o)->data);
    return attrs_traverse(o, visit, context);
}
static void row_destroy(Object *o) {
    clear(&((Row *)o)->data);
    clear(&((Row *)o)->description);
    attrs_clear(o);
    object_free(o);
}

static const NativeDef row_methods[] = {
    METHOD("keys", "", row_keys, "The names of the columns."),
    NATIVE_END,
};

Type row_type = {
    TYPE_HEAD("sqlite3.Row"),
    .basic_size = sizeof(Row),
    .flags = TYPE_BASE | TYPE_GC,
    .methods = row_methods,
    .make = row_make,
    .compare = row_compare,
    .hash = row_hash,
    .iterate = row_iterate,
    .length = row_length,
    .get_item = row_get_item,
    .traverse = row_traverse,
    .destroy = row_destroy,
};
#endif
