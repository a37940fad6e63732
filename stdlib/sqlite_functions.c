/* Functions of the script that SQLite calls: functions, aggregates, collations, and what watches the work.
 *
 * SQLite calls them in the middle of a step, which runs without the GIL: each takes it first and gives it back at its
 * end.  An exception cannot pass through SQLite; it is dropped, and SQLite is told that the function failed.
 */
#ifdef HAVE_SQLITE3
#include "stdlib/sqlite.h"

#include <limits.h>

static void enter(void) { blocking_end(); }
static void leave(void) {
    error_clear();
    blocking_begin(BLOCKED_sqlite);
}

/* SQLite's pointer is the callable itself: the connection keeps it. */
static Value callable_of(void *context) { return from_object(context); }
static bool keep(Connection *c, Value callable) { return list_append(c->functions, callable); }

static Value connection_result(Connection *c, int code) {
    if (code == SQLITE_OK) return NONE;
    return error_pending() ? UNSET : raise_database(c->db);
}

/* ---- functions ---- */

static Value argument_tuple(int n, sqlite3_value **values) {
    Value all = tuple_new((size_t)n);
    for (int i = 0; i < n && is_set(all); i++) {
        Value v = argument_value(values[i]);
        if (is_set(v)) as_tuple(all)->items[i] = v;
        else clear(&all);
    }
    return all;
}

static void fail(sqlite3_context *context, const char *what) {
    if (error_matches(&MemoryError_type)) sqlite3_result_error_nomem(context);
    else if (error_matches(&OverflowError_type)) sqlite3_result_error_toobig(context);
    else sqlite3_result_error(context, what, -1);
}

static void call_function(sqlite3_context *context, int n, sqlite3_value **values) {
    enter();
    Value arguments = argument_tuple(n, values), result = UNSET;
    if (is_set(arguments)) result = call(callable_of(sqlite3_user_data(context)), as_tuple(arguments)->items, (size_t)n, UNSET);
    if (is_unset(result) || !result_set(context, result)) fail(context, "user-defined function raised exception");
    release(arguments);
    release(result);
    leave();
}

static const char *name_argument(Value v, const char *function) {
    if (str_is(v)) return str_utf8(v, NULL);
    raise_type_error("%s() argument 1 must be str, not %T", function, v);
    return NULL;
}

/* self, name, narg, func, deterministic */
static Value connection_create_function(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    int64_t n;
    if (!connection_check(c)) return UNSET;
    const char *name = name_argument(args[1], "create_function");
    if (!name || !object_as_int64(args[2], &n)) return UNSET;
    int flags = SQLITE_UTF8 | (is_set(args[4]) && object_truth(args[4]) > 0 ? SQLITE_DETERMINISTIC : 0), code;
    if (is_none(args[3])) code = sqlite3_create_function_v2(c->db, name, (int)n, flags, NULL, NULL, NULL, NULL, NULL);
    else if (!is_object(args[3]) || !keep(c, args[3])) return error_pending() ? UNSET : raise_type_error("not callable");
    else code = sqlite3_create_function_v2(c->db, name, (int)n, flags, as_object(args[3]), call_function, NULL, NULL, NULL);
    return code == SQLITE_OK ? NONE : raise_sqlite(SQLITE_CLASS_OPERATIONAL, "Error creating function");
}

/* ---- aggregates ---- */

/* The object of one group, made at its first row.  NULL: out of memory. */
static Value *group_of(sqlite3_context *context, size_t size) { return sqlite3_aggregate_context(context, (int)size); }

static Value call_named(Value object, const char *name, const Value *args, size_t n) {
    Value method_name = str_intern_cstr(name);
    Value result = is_set(method_name) ? call_method(object, method_name, args, n, UNSET) : UNSET;
    release(method_name);
    return result;
}

static void aggregate_feed(sqlite3_context *context, int n, sqlite3_value **values, const char *method, const char *failure) {
    enter();
    Value *group = group_of(context, sizeof *group);
    if (group && is_unset(*group)) {
        *group = call0(callable_of(sqlite3_user_data(context)));
        if (is_unset(*group)) {
            fail(context, "user-defined aggregate's '__init__' method raised error");
            leave();
            return;
        }
    }
    Value arguments = group ? argument_tuple(n, values) : UNSET, result = UNSET;
    if (is_set(arguments)) result = call_named(*group, method, as_tuple(arguments)->items, (size_t)n);
    if (is_unset(result)) fail(context, failure);
    release(arguments);
    release(result);
    leave();
}
static void aggregate_step(sqlite3_context *context, int n, sqlite3_value **values) {
    aggregate_feed(context, n, values, "step", "user-defined aggregate's 'step' method raised error");
}
static void aggregate_inverse(sqlite3_context *context, int n, sqlite3_value **values) {
    aggregate_feed(context, n, values, "inverse", "user-defined aggregate's 'inverse' method raised error");
}

static void aggregate_answer(sqlite3_context *context, const char *method, const char *failure, bool last) {
    enter();
    Value *group = group_of(context, last ? 0 : sizeof *group), result = UNSET;
    if (group && is_set(*group)) {
        result = call_named(*group, method, NULL, 0);
        if (is_unset(result) || !result_set(context, result)) fail(context, failure);
        if (last) clear(group);
    }
    release(result);
    leave();
}
static void aggregate_finalize(sqlite3_context *context) {
    aggregate_answer(context, "finalize", "user-defined aggregate's 'finalize' method raised error", true);
}
static void aggregate_value(sqlite3_context *context) {
    aggregate_answer(context, "value", "user-defined aggregate's 'value' method raised error", false);
}

static Value create_aggregate(const Value *args, const char *function, bool window) {
    Connection *c = as_connection(args[0]);
    int64_t n;
    if (!connection_check(c)) return UNSET;
    const char *name = name_argument(args[1], function);
    if (!name || !object_as_int64(args[2], &n)) return UNSET;
    bool removes = is_none(args[3]);
    if (!removes && (!is_object(args[3]) || !keep(c, args[3])))
        return error_pending() ? UNSET : raise_type_error("not callable");
    void *context = removes ? NULL : as_object(args[3]);
    int code = sqlite3_create_window_function(c->db, name, (int)n, SQLITE_UTF8, context, removes ? NULL : aggregate_step,
                                              removes ? NULL : aggregate_finalize,
                                              window && !removes ? aggregate_value : NULL,
                                              window && !removes ? aggregate_inverse : NULL, NULL);
    return code == SQLITE_OK ? NONE
           : window          ? raise_database(c->db)
                             : raise_sqlite(SQLITE_CLASS_OPERATIONAL, "Error creating aggregate");
}
static Value connection_create_aggregate(const Value *args, size_t count) {
    return create_aggregate(args, "create_aggregate", false);
}
static Value connection_create_window(const Value *args, size_t count) {
    return create_aggregate(args, "create_window_function", true);
}

/* ---- collations ---- */

static int collate(void *context, int a_length, const void *a, int b_length, const void *b) {
    int64_t order = 0;
    enter();
    Value x = str_from_utf8(a, (size_t)a_length), y = str_from_utf8(b, (size_t)b_length), result = UNSET;
    if (is_set(x) && is_set(y)) result = call2(callable_of(context), x, y);
    if (is_unset(result) || !object_as_int64(result, &order)) order = 0;
    release(x), release(y), release(result);
    leave();
    return order > 0 ? 1 : order < 0 ? -1 : 0;
}

static Value connection_create_collation(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    if (!connection_check(c)) return UNSET;
    const char *name = name_argument(args[1], "create_collation");
    if (!name) return UNSET;
    bool removes = is_none(args[2]);
    if (!removes && !is_callable(args[2])) return raise_type_error("parameter must be callable");
    if (!removes && !keep(c, args[2])) return UNSET;
    return connection_result(c, sqlite3_create_collation_v2(c->db, name, SQLITE_UTF8, removes ? NULL : as_object(args[2]),
                                                            removes ? NULL : collate, NULL));
}

/* ---- watching ---- */

static Value text_or_none(const char *text) { return text ? str_from(text) : NONE; }

static int authorize(void *context, int action, const char *a, const char *b, const char *database, const char *source) {
    int64_t answer = SQLITE_DENY;
    enter();
    Value args[] = {from_small_int(action), text_or_none(a), text_or_none(b), text_or_none(database), text_or_none(source)};
    Value result = call(callable_of(context), args, 5, UNSET);
    if (is_unset(result) || !object_as_int64(result, &answer)) answer = SQLITE_DENY;
    for (int i = 1; i < 5; i++) release(args[i]);
    release(result);
    leave();
    return (int)answer;
}
static int report_progress(void *context) {
    enter();
    Value result = call0(callable_of(context));
    int stop = is_set(result) ? object_truth(result) : -1;
    release(result);
    leave();
    return stop != 0;
}
static int report_statement(unsigned kind, void *context, void *statement, void *sql) {
    if (kind != SQLITE_TRACE_STMT) return 0;
    enter();
    char *expanded = sqlite3_expanded_sql(statement);
    Value text = str_from(expanded ? expanded : (const char *)sql), result = UNSET;
    if (is_set(text)) result = call1(callable_of(context), text);
    sqlite3_free(expanded);
    release(text);
    release(result);
    leave();
    return 0;
}

static bool watch(Connection *c, Value *slot, Value callable) {
    if (!connection_check(c)) return false;
    replace(slot, is_none(callable) ? UNSET : retain(callable));
    return is_none(callable) || is_callable(callable) || (raise_type_error("'%T' object is not callable", callable), false);
}
static Value connection_set_authorizer(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    if (!watch(c, &c->authorizer, args[1])) return UNSET;
    bool off = is_unset(c->authorizer);
    return connection_result(c, sqlite3_set_authorizer(c->db, off ? NULL : authorize, off ? NULL : as_object(c->authorizer)));
}
static Value connection_set_progress(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    int64_t n;
    if (!object_as_int64(args[2], &n) || !watch(c, &c->progress, args[1])) return UNSET;
    bool off = is_unset(c->progress);
    sqlite3_progress_handler(c->db, (int)n, off ? NULL : report_progress, off ? NULL : as_object(c->progress));
    return NONE;
}
static Value connection_set_trace(const Value *args, size_t count) {
    Connection *c = as_connection(args[0]);
    if (!watch(c, &c->trace, args[1])) return UNSET;
    bool off = is_unset(c->trace);
    return connection_result(c, sqlite3_trace_v2(c->db, off ? 0 : SQLITE_TRACE_STMT, off ? NULL : report_statement,
                                                 off ? NULL : as_object(c->trace)));
}

const NativeDef sqlite_function_methods[] = {
    METHOD("create_function", "name, narg, func, /, *, deterministic=False", connection_create_function,
           "Creates a new function."),
    METHOD("create_aggregate", "name, n_arg, aggregate_class, /", connection_create_aggregate,
           "Creates a new aggregate."),
    METHOD("create_window_function", "name, num_params, aggregate_class, /", connection_create_window,
           "Creates or redefines an aggregate window function."),
    METHOD("create_collation", "name, callback, /", connection_create_collation, "Creates a collation function."),
    METHOD("set_authorizer", "authorizer_callback", connection_set_authorizer, "Sets who is asked about each access."),
    METHOD("set_progress_handler", "progress_handler, n", connection_set_progress, "Sets what is called now and then."),
    METHOD("set_trace_callback", "trace_callback", connection_set_trace, "Sets what is called with each statement."),
    NATIVE_END,
};
#endif
