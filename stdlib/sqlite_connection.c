/* Connections. */
#ifdef HAVE_SQLITE3
#include "stdlib/sqlite.h"

#include <limits.h>

#include "runtime/conc/thread.h"
#include "runtime/types/traverse.h"
#include "stdlib/posix.h"

/* ---- checks ---- */

bool connection_is_usable_here(Connection *c) {
    uint64_t here = thread_current()->ident;
    if (!c->ready) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Base Connection.__init__ not called."), false;
    if (!c->thread || c->thread == here) return true;
    Value made = int_from_uint64(c->thread), now = int_from_uint64(here);
    raise_sqlite(SQLITE_CLASS_PROGRAMMING,
                 "SQLite objects created in a thread can only be used in that same thread. The object was created in "
                 "thread id %S and this is thread id %S.", made, now);
    release(made), release(now);
    return false;
}

static bool check_open(Connection *c) {
    if (!c->ready) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Base Connection.__init__ not called."), false;
    return c->db || (raise_sqlite(SQLITE_CLASS_PROGRAMMING, "Cannot operate on a closed database."), false);
}
bool connection_check(Connection *c) { return connection_is_usable_here(c) && check_open(c); }

/* ---- statements ---- */

sqlite3_stmt *statement_compile(Connection *c, const char *sql, size_t length, const char **tail) {
    sqlite3_stmt *handle = NULL;
    const char *rest = sql;
    int code;
    if (length > INT_MAX - 1) return raise_sqlite(SQLITE_CLASS_DATA, "query string is too large"), NULL;
    BLOCKING_BEGIN(sqlite)
    code = sqlite3_prepare_v2(c->db, sql, (int)length + 1, &handle, &rest);
    BLOCKING_END
    if (tail) *tail = rest;
    if (code == SQLITE_OK && !error_pending()) return handle;
    if (handle) sqlite3_finalize(handle);
    raise_database(c->db);
    return NULL;
}

/* The first character that is neither space nor comment. */
static const char *skip_blank(const char *sql) {
    for (;;) {
        if (sql[0] == '-' && sql[1] == '-') {
            sql += strcspn(sql, "\n");
        } else if (sql[0] == '/' && sql[1] == '*') {
            const char *end = strstr(sql + 2, "*/");
            sql = end ? end + 2 : sql + strlen(sql);
        } else if (*sql && strchr(" \t\r\n\f", *sql)) {
            sql++;
        } else {
            return sql;
        }
    }
}

static bool is_changing(const char *sql) {
    static const char *const words[] = {"insert", "update", "delete", "replace"};
    sql = skip_blank(sql);
    for (int i = 0; i < 4; i++)
        if (sqlite3_strnicmp(sql, words[i], (int)strlen(words[i])) == 0) return true;
    return false;
}

static Value compile(Connection *c, Value text) {
    size_t length;
    const char *sql = str_utf8(text, &length), *tail;
    if (!sql) return UNSET;
    if (strlen(sql) != length) return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "the query contains a null character");
    sqlite3_stmt *handle = statement_compile(c, sql, length, &tail);
    if (!handle && error_pending()) return UNSET;
    if (*skip_blank(tail)) {
        sqlite3_finalize(handle);
        return raise_sqlite(SQLITE_CLASS_PROGRAMMING, "You can only execute one statement at a time.");
    }
    Statement *s = object_allocate(&statement_type, sizeof *s);
    if (!s) return sqlite3_finalize(handle), UNSET;
    s->handle = handle;
    s->changes = handle && is_changing(sql);
    s->in_use = false;
    return from_object(s);
}

/* Keeps it for the next time, at the expense of the oldest. */
static bool remember(Connection *c, Value sql, Value statement) {
    if (!c->cache_size) return true;
    if (dict_length(c->statements) >= c->cache_size) {
        size_t position = 0;
        Value oldest, ignored;
        if (dict_next(c->statements, &position, &oldest, &ignored)) {
            oldest = retain(oldest);
            dict_remove(c->statements, oldest, NULL);
            release(oldest);
        }
    }
    return dict_set(c->statements, sql, statement);
}

Value connection_prepare(Value connection, Value sql) {
    Connection *c = as_connection(connection);
    Value known;
    if (!str_is(sql)) return raise_type_error("execute() argument 1 must be str, not %T", sql);
    int found = dict_find(c->statements, sql, &known);
    if (found < 0) return UNSET;
    if (found && !as_statement(known)->in_use) return retain(known);
    Value statement = compile(c, sql);
    if (is_set(statement) && !found && as_statement(statement)->handle && !remember(c, sql, statement)) clear(&statement);
    return statement;
}

bool connection_run(Connection *c, const char *sql) {
    sqlite3_stmt *handle = statement_compile(c, sql, strlen(sql), NULL);
    if (!handle) return false;
    statement_step(c, handle);
    int code;
    BLOCKING_BEGIN(sqlite)
    code = sqlite3_finalize(handle);
    BLOCKING_END
    return code == SQLITE_OK || (raise_database(c->db), false);
}

/* ---- opening and closing ---- */

static const struct {
    const char *level, *begin;
} levels[] = {{"", "BEGIN "}, {"DEFERRED", "BEGIN DEFERRED"}, {"IMMEDIATE", "BEGIN IMMEDIATE"}, {"EXCLUSIVE", "BEGIN EXCLUSIVE"}};

static bool take_level(Connection *c, Value v) {
    if (is_none(v)) return c->begin = NULL, true;
    if (!str_is(v)) return raise_type_error("isolation_level must be str or None"), false;
    const char *text = str_utf8(v, NULL);
    if (!text) return false;
    for (size_t i = 0; i < 4; i++)
        if (sqlite3_stricmp(text, levels[i].level) == 0) return c->begin = levels[i].begin, true;
    return raise_value_error("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'"), false;
}

static bool open_database(Connection *c, Value database, double timeout, bool uri) {
    Path path;
    int code;
    if (!str_is(database) && !bytes_is(database)) {
        Value fspath = call_special(database, names.__fspath__, NULL, 0, "expected str, bytes or os.PathLike object, not %s");
        if (is_unset(fspath)) return false;
        release(fspath);
    }
    if (!path_get(database, "connect", &path)) return false;
    BLOCKING_BEGIN(sqlite)
    code = sqlite3_open_v2(path.text, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | (uri ? SQLITE_OPEN_URI : 0), NULL);
    if (code == SQLITE_OK) sqlite3_busy_timeout(c->db, (int)(timeout * 1000));
    BLOCKING_END
    path_release(&path);
    if (code == SQLITE_OK) return true;
    if (c->db) raise_database(c->db);
    else raise_memory_error();
    sqlite3_close_v2(c->db);
    c->db = NULL;
    return false;
}

/* Cursors may still hold statements: they are stopped now, and the database goes with the last of them. */
static void close_database(Connection *c) {
    sqlite3 *db = c->db;
    c->db = NULL;
    if (!db) return;
    if (is_set(c->statements)) dict_clear(c->statements);
    sqlite3_trace_v2(db, 0, NULL, NULL);
    BLOCKING_BEGIN(sqlite)
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s; s = sqlite3_next_stmt(db, s)) sqlite3_reset(s);
    sqlite3_close_v2(db);
    BLOCKING_END
}

/* A function of the script that SQLite calls, or another thread, would close it under a running statement. */
static bool can_close(Connection *c) {
    if (!c->running) return true;
    return raise_sqlite(SQLITE_CLASS_OPERATIONAL, "unable to close due to unfinalized statements or unfinished backups"),
           false;
}

static Value connection_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Connection *c = as_connection(self);
    c->row_factory = NONE;
    c->text_factory = type_value(&str_type);
    c->statements = dict_new();
    c->functions = list_new(0);
    return is_set(c->statements) && is_set(c->functions) ? self : (release(self), UNSET);
}

static bool connection_init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[8];
    Connection *c = as_connection(self);
    double timeout = 5;
    int64_t detect = 0, cached = 128;
    if (!native_bind("Connection",
                     "database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=Connection, "
                     "cached_statements=128, uri=False", args, count, kwnames, in))
        return false;
    if ((is_set(in[1]) && !object_as_double(in[1], &timeout)) || (is_set(in[2]) && !object_as_int64(in[2], &detect)) ||
        (is_set(in[6]) && !object_as_int64(in[6], &cached)))
        return false;
    c->begin = levels[0].begin;
    if (is_set(in[3]) && !take_level(c, in[3])) return false;
    if (!can_close(c)) return false;
    close_database(c);
    c->thread = is_unset(in[4]) || object_truth(in[4]) > 0 ? thread_current()->ident : 0;
    c->detect = (int)detect;
    c->cache_size = cached > 0 ? (size_t)cached : 0;
    if (!open_database(c, in[0], timeout, is_set(in[7]) && object_truth(in[7]) > 0)) return false;
    c->ready = true;
    return true;
}

static Value connection_close(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    if (!connection_is_usable_here(c) || !can_close(c)) return UNSET;
    close_database(c);
    return NONE;
}

static int connection_traverse(Object *o, Visit visit, void *context) {
    Connection *c = (Connection *)o;
    TRAVERSE(c->statements);
    TRAVERSE(c->row_factory);
    TRAVERSE(c->text_factory);
    TRAVERSE(c->functions);
    TRAVERSE(c->authorizer);
    TRAVERSE(c->progress);
    TRAVERSE(c->trace);
    return attrs_traverse(o, visit, context);
}
static void connection_clear(Object *o) {
    Connection *c = (Connection *)o;
    close_database(c);
    clear(&c->statements), clear(&c->functions);
    clear(&c->authorizer), clear(&c->progress), clear(&c->trace);
    replace(&c->row_factory, NONE);
    replace(&c->text_factory, type_value(&str_type));
    attrs_clear(o);
}
static void connection_destroy(Object *o) {
    connection_clear(o);
    object_free(o);
}

/* ---- transactions ---- */

static Value end_transaction(Value self, const char *sql) {
    Connection *c = as_connection(self);
    if (!connection_check(c)) return UNSET;
    return sqlite3_get_autocommit(c->db) || connection_run(c, sql) ? NONE : UNSET;
}
static Value connection_commit(const Value *args, size_t count) { return end_transaction(args[0], "COMMIT"); }
static Value connection_rollback(const Value *args, size_t count) { return end_transaction(args[0], "ROLLBACK"); }
static Value connection_enter(const Value *args, size_t count) {
    return connection_check(as_connection(args[0])) ? retain(args[0]) : UNSET;
}
/* A commit that fails is rolled back, and its failure is told. */
static Value connection_exit(const Value *args, size_t count) {
    bool commits = is_none(args[1]) && is_none(args[2]) && is_none(args[3]);
    Value done = end_transaction(args[0], commits ? "COMMIT" : "ROLLBACK");
    if (is_set(done)) return FALSE_VALUE;
    if (!commits) return UNSET;
    Value failure = error_take();
    if (is_unset(end_transaction(args[0], "ROLLBACK"))) error_clear();
    error_restore(failure);
    return UNSET;
}

/* ---- cursors ---- */

static Value make_cursor(Value self, Value factory) {
    Connection *c = as_connection(self);
    if (!connection_check(c)) return UNSET;
    Value cursor = is_unset(factory) || same(factory, type_value(&cursor_type)) ? cursor_new(self) : call1(factory, self);
    if (is_unset(cursor)) return UNSET;
    if (!object_is_instance_exact_or_sub(cursor, &cursor_type)) {
        raise_type_error("factory must return a cursor, not %T", cursor);
        release(cursor);
        return UNSET;
    }
    if (!is_none(c->row_factory)) replace(&as_cursor(cursor)->row_factory, retain(c->row_factory));
    return cursor;
}
static Value connection_cursor(const Value *args, size_t count) { return make_cursor(args[0], args[1]); }

static Value through_cursor(const Value *args, Value (*method)(const Value *, size_t)) {
    Value cursor = make_cursor(args[0], UNSET), result = UNSET;
    if (is_set(cursor)) result = method((Value[]){cursor, args[1], args[2]}, 3);
    release(cursor);
    return result;
}
static Value connection_execute(const Value *args, size_t count) { return through_cursor(args, cursor_execute); }
static Value connection_executemany(const Value *args, size_t count) { return through_cursor(args, cursor_executemany); }
static Value connection_executescript(const Value *args, size_t count) {
    Value cursor = make_cursor(args[0], UNSET), result = UNSET;
    if (is_set(cursor)) result = cursor_executescript((Value[]){cursor, args[1]}, 2);
    release(cursor);
    return result;
}

static Value connection_call(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[1];
    if (!connection_check(as_connection(self)) || !native_bind("Connection.__call__", "sql, /", args, count, kwnames, in))
        return UNSET;
    if (!str_is(in[0])) return raise_type_error("argument 1 must be str, not %T", in[0]);
    return compile(as_connection(self), in[0]);
}

/* ---- copies ---- */

static bool report(Value progress, int code, sqlite3_backup *backup) {
    if (is_none(progress)) return true;
    Value args[] = {from_small_int(code), from_small_int(sqlite3_backup_remaining(backup)),
                    from_small_int(sqlite3_backup_pagecount(backup))};
    Value result = call(progress, args, 3, UNSET);
    release(result);
    return is_set(result);
}

/* Copies page by page; a database that is busy is tried again after a pause. */
static int copy_pages(Connection *c, sqlite3_backup *backup, int pages, Value progress, int pause) {
    int code;
    c->running++;
    do {
        BLOCKING_BEGIN(sqlite)
        code = sqlite3_backup_step(backup, pages);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED) sqlite3_sleep(pause);
        BLOCKING_END
        if (!report(progress, code, backup)) code = -1;
    } while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED);
    c->running--;
    return code;
}

/* self, target, pages, progress, name, sleep */
static Value connection_backup(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    int64_t pages = -1;
    double pause = 0.25;
    Value progress = is_set(args[3]) ? args[3] : NONE;
    if (!object_is_instance_exact_or_sub(args[1], &connection_type))
        return raise_type_error("backup() argument 'target' must be sqlite3.Connection, not %T", args[1]);
    Connection *target = as_connection(args[1]);
    if ((is_set(args[2]) && !object_as_int64(args[2], &pages)) || (is_set(args[5]) && !object_as_double(args[5], &pause)))
        return UNSET;
    const char *name = is_set(args[4]) && str_is(args[4]) ? str_utf8(args[4], NULL) : "main";
    if (!name || !connection_check(c) || !connection_check(target)) return UNSET;
    if (target == c) return raise_value_error("target cannot be the same connection instance");
    if (!is_none(progress) && !is_callable(progress)) return raise_type_error("progress argument must be a callable");
    sqlite3_backup *backup = sqlite3_backup_init(target->db, "main", c->db, name);
    if (!backup) return raise_database(target->db);
    int code = copy_pages(c, backup, pages == 0 ? -1 : (int)pages, progress, (int)(pause * 1000)), end;
    BLOCKING_BEGIN(sqlite)
    end = sqlite3_backup_finish(backup);
    BLOCKING_END
    if (code == -1) return UNSET;
    return end == SQLITE_OK ? NONE : raise_database(target->db);
}

static Value connection_serialize(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    sqlite3_int64 size;
    unsigned char *data;
    const char *name = is_set(args[1]) && str_is(args[1]) ? str_utf8(args[1], NULL) : "main";
    if (!name || !connection_check(c)) return UNSET;
    BLOCKING_BEGIN(sqlite)
    data = sqlite3_serialize(c->db, name, &size, 0);
    BLOCKING_END
    if (!data) return raise_sqlite(SQLITE_CLASS_OPERATIONAL, "unable to serialize '%s'", name);
    Value bytes = bytes_from(data, (size_t)size);
    sqlite3_free(data);
    return bytes;
}

static Value connection_deserialize(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    Buffer b;
    const char *name = is_set(args[2]) && str_is(args[2]) ? str_utf8(args[2], NULL) : "main";
    if (!name || !connection_check(c) || !buffer_get(args[1], &b, false)) return UNSET;
    unsigned char *data = sqlite3_malloc64(b.length);
    if (data) memcpy(data, b.data, b.length);
    int64_t size = (int64_t)b.length;
    buffer_release(&b);
    if (!data && size) return raise_memory_error();
    int code = sqlite3_deserialize(c->db, name, data, size, size, SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    return code == SQLITE_OK ? NONE : raise_database(c->db);
}

/* ---- the rest ---- */

static Value connection_interrupt(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    if (!check_open(c)) return UNSET;
    sqlite3_interrupt(c->db);
    return NONE;
}

static Value limit(const Value *args, Value new_value) {
    Connection *c = as_connection(args[0]);
    int category, value = -1;
    if (!fd_get(args[1], &category) || (is_set(new_value) && !fd_get(new_value, &value)) || !connection_check(c)) return UNSET;
    int old = sqlite3_limit(c->db, category, value);
    return old < 0 ? raise_sqlite(SQLITE_CLASS_PROGRAMMING, "'category' is out of bounds") : from_small_int(old);
}
static Value connection_getlimit(const Value *args, size_t count) { return limit(args, UNSET); }
static Value connection_setlimit(const Value *args, size_t count) { return limit(args, args[2]); }

static Value get_level(Value self) {
    Connection *c = as_connection(self);
    if (!check_open(c)) return UNSET;
    for (size_t i = 0; i < 4; i++)
        if (c->begin == levels[i].begin) return str_from(levels[i].level);
    return NONE;
}
static bool set_level(Value self, Value v) {
    Connection *c = as_connection(self);
    if (is_unset(v)) return raise_error(&AttributeError_type, "cannot delete attribute"), false;
    if (!is_none(v)) return take_level(c, v);
    if (is_unset(end_transaction(self, "COMMIT"))) return false;
    return take_level(c, v);
}
static Value get_changes(Value self) {
    Connection *c = as_connection(self);
    return check_open(c) ? from_small_int(sqlite3_total_changes(c->db)) : UNSET;
}
static Value get_in_transaction(Value self) {
    Connection *c = as_connection(self);
    return check_open(c) ? from_bool(!sqlite3_get_autocommit(c->db)) : UNSET;
}
static Value get_row_factory(Value self) { return retain(as_connection(self)->row_factory); }
static bool set_row_factory(Value self, Value v) {
    replace(&as_connection(self)->row_factory, is_set(v) ? retain(v) : NONE);
    return true;
}
static Value get_text_factory(Value self) { return retain(as_connection(self)->text_factory); }
static bool set_text_factory(Value self, Value v) {
    replace(&as_connection(self)->text_factory, is_set(v) ? retain(v) : type_value(&str_type));
    return true;
}

static const MemberDef members[] = {
    {"isolation_level", get_level, set_level, "How transactions are opened; None: they are not."},
    {"total_changes", get_changes, NULL, "How many rows were changed since it was opened."},
    {"in_transaction", get_in_transaction, NULL, "Is a transaction open?"},
    {"row_factory", get_row_factory, set_row_factory, "The row factory of new cursors."},
    {"text_factory", get_text_factory, set_text_factory, "Makes text of bytes."},
    {0},
};

static NativeDef methods[40] = {
    METHOD("cursor", "factory=Cursor", connection_cursor, "Return a cursor for the connection."),
    METHOD("execute", "sql, parameters=(), /", connection_execute, "Executes an SQL statement."),
    METHOD("executemany", "sql, parameters, /", connection_executemany, "Repeatedly executes an SQL statement."),
    METHOD("executescript", "sql_script, /", connection_executescript, "Executes several SQL statements."),
    METHOD("commit", "", connection_commit, "Commit any pending transaction to the database."),
    METHOD("rollback", "", connection_rollback, "Roll back to the start of any pending transaction."),
    METHOD("close", "", connection_close, "Close the database connection."),
    METHOD("backup", "target, *, pages=-1, progress=None, name='main', sleep=0.25", connection_backup,
           "Makes a backup of the database."),
    METHOD("serialize", "*, name='main'", connection_serialize, "The database as bytes."),
    METHOD("deserialize", "data, /, *, name='main'", connection_deserialize, "Load a database from bytes."),
    METHOD("interrupt", "", connection_interrupt, "Abort any pending database operation."),
    METHOD("getlimit", "category, /", connection_getlimit, "A limit of the connection."),
    METHOD("setlimit", "category, limit, /", connection_setlimit, "Set a limit of the connection; returns the old one."),
    METHOD("__enter__", "", connection_enter, NULL),
    METHOD("__exit__", "type, value, traceback, /", connection_exit, NULL),
};

bool connection_ready(void) {
    size_t n = 0;
    while (methods[n].name) n++;
    for (const NativeDef *row = sqlite_function_methods; row->name && !(connection_type.flags & TYPE_READY); row++)
        methods[n++] = *row;
    return type_ready(&connection_type);
}

Type connection_type = {
    TYPE_HEAD("sqlite3.Connection"),
    .basic_size = sizeof(Connection),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "SQLite database connection object.",
    .methods = methods,
    .members = members,
    .make = connection_make,
    .init = connection_init,
    .call = connection_call,
    .traverse = connection_traverse,
    .clear = connection_clear,
    .destroy = connection_destroy,
};
#endif
