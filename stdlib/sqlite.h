/* SQLite: what the files of the module _sqlite3 share.
 *
 *     Connection      a database; says in which thread it may be used, and what rows and text become
 *     Statement       a compiled statement, kept by the connection for the next time; scripts do not see it
 *     Cursor          a statement being run: parameters go in, rows come out
 *     Row             a tuple whose items have names too
 *
 * Every call that may take long happens without the GIL; functions of the script that SQLite calls meanwhile take it
 * again (sqlite_functions.c).
 */
#ifndef STDLIB_SQLITE_H
#define STDLIB_SQLITE_H

#include "runtime/conc/blocking.h"
#include "stdlib/stdlib.h"

#include <sqlite3.h>

typedef struct Connection {
    Object head;
    sqlite3 *db;             /* NULL: closed */
    uint64_t thread;         /* where it was made; 0: it may be used in any thread */
    int detect;              /* DETECT_* */
    bool ready;              /* __init__ was called */
    unsigned running;        /* statements that are being stepped, so that it cannot be closed now */
    const char *begin;       /* the statement that opens a transaction; NULL: none is opened */
    size_t cache_size;
    Value statements;        /* dict from SQL to Statement, the oldest first */
    Value row_factory, text_factory;
    Value functions;         /* list of what SQLite may call */
    Value authorizer, progress, trace;
} Connection;

enum { DETECT_DECLARED = 1, DETECT_NAMES = 2 };

typedef struct Statement {
    Object head;
    sqlite3_stmt *handle;
    bool changes;            /* INSERT, UPDATE, DELETE or REPLACE */
    bool in_use;             /* by a cursor */
} Statement;

typedef struct Cursor {
    Object head;
    Value connection;        /* UNSET before __init__ */
    Value statement;         /* UNSET: nothing is running */
    Value description, row_factory, last_row, converters; /* converters: tuple, or NONE */
    int64_t rowcount;
    int64_t array_size;
    bool closed, locked;
} Cursor;

extern Type connection_type, statement_type, cursor_type, row_type;
extern const NativeDef sqlite_function_methods[]; /* sqlite_functions.c: methods of Connection */

static inline Connection *as_connection(Value v) { return (Connection *)as_object(v); }
static inline Cursor *as_cursor(Value v) { return (Cursor *)as_object(v); }
static inline Statement *as_statement(Value v) { return (Statement *)as_object(v); }

/* ---- exceptions ---- */

typedef enum SqliteError {
    SQLITE_CLASS_WARNING, SQLITE_CLASS_ERROR, SQLITE_CLASS_INTERFACE, SQLITE_CLASS_DATABASE, SQLITE_CLASS_INTERNAL,
    SQLITE_CLASS_OPERATIONAL, SQLITE_CLASS_PROGRAMMING, SQLITE_CLASS_INTEGRITY, SQLITE_CLASS_DATA,
    SQLITE_CLASS_NOT_SUPPORTED, SQLITE_CLASSES
} SqliteError;
extern Value sqlite_classes[SQLITE_CLASSES];
extern const char *const sqlite_class_names[SQLITE_CLASSES];

Value raise_sqlite(SqliteError class, const char *format, ...);
/* What SQLite says went wrong last.  An exception that a callback left pending stays. */
Value raise_database(sqlite3 *db);

/* ---- connections ---- */

/* Makes the type ready, whose methods stand in two files. */
bool connection_ready(void);
/* False: closed, not initialised, or of another thread; an exception is pending. */
bool connection_check(Connection *c);
bool connection_is_usable_here(Connection *c);
/* The compiled form of one statement, from the cache if it can be; owned. */
Value connection_prepare(Value connection, Value sql);
/* Runs a statement of our own, as "COMMIT". */
bool connection_run(Connection *c, const char *sql);
/* The dicts of adapters and converters, filled by the script half. */
extern Value sqlite_adapters, sqlite_converters, sqlite_protocol;

Value cursor_new(Value connection);
Value cursor_execute(const Value *args, size_t count);       /* cursor, sql, parameters */
Value cursor_executemany(const Value *args, size_t count);
Value cursor_executescript(const Value *args, size_t count);

/* ---- statements ---- */

/* NULL: failed.  `tail` (may be NULL) gets what stands behind the first statement. */
sqlite3_stmt *statement_compile(Connection *c, const char *sql, size_t length, const char **tail);
int statement_step(Connection *c, sqlite3_stmt *handle);
/* Ends a run; the statement may be used again. */
void statement_finish(Statement *s);
bool statement_bind(sqlite3_stmt *handle, Connection *c, Value parameters);

/* ---- values ---- */

/* Column i of the present row. */
Value column_value(Cursor *cursor, int i);
/* What a function of the script gets and gives. */
Value argument_value(sqlite3_value *v);
bool result_set(sqlite3_context *context, Value v);

#endif
