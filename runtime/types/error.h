/* The pending exception of the calling thread, and raising it.
 *
 * A function that fails leaves exactly one pending exception.  The raise functions return UNSET so that a function can
 * `return raise_type_error("...")`; a bool function writes `return raise_...(...), false`.
 *
 * Formats are those of str_format() (str.h): %s UTF-8, %d %u int, %zd %zu size, %lld, %c code point, %U a str value,
 * %S str() of a value, %R repr() of a value, %T the name of a value's type, %N the name of a Type pointer, %%.
 */
#ifndef TYPES_ERROR_H
#define TYPES_ERROR_H

#include "runtime/mem/type.h"

Value raise_error(Type *exception_type, const char *format, ...);
Value raise_type_error(const char *format, ...);
Value raise_value_error(const char *format, ...);
Value raise_index_error(const char *format, ...);
Value raise_overflow_error(const char *format, ...);
Value raise_runtime_error(const char *format, ...);
Value raise_attribute_error(Value object, Value name); /* "'int' object has no attribute 'x'", with .name and .obj */
/* AttributeError with .name and .obj and a text of its own (stolen; unset: something failed already). */
Value raise_attribute_error_text(Value message, Value object, Value name);
Value raise_key_error(Value key);
Value raise_memory_error(void);                        /* allocates nothing */
Value raise_stop_iteration(Value value);               /* value unset: StopIteration() */
Value raise_os_error(int error_number, Value filename,
                     Value filename2); /* the subclass that errno asks for; names may be unset */
Value raise_value(Value exception);    /* steals; an instance. Sets __context__ to the handled exception. */

/* The pending exception: always an instance, or UNSET. */
bool error_pending(void);
Value error_peek(void);                /* borrowed */
Value error_take(void);                /* owned; nothing is pending afterwards */
void error_restore(Value exception);   /* steals; no context is added; replaces what is pending */
void error_clear(void);
bool error_matches(const Type *exception_type);  /* pending, and an instance of it */
/* True and cleared if the pending exception is of this type. */
bool error_absorb(const Type *exception_type);

/* The exception being handled (sys.exc_info, bare raise, __context__): owned by the thread, UNSET if none. */
Value *error_handled(void);

/* Reports an exception that cannot be raised (in __del__, callbacks) to sys.unraisablehook.  Clears it.  where: "in
 * atexit callback", or NULL when the object says it all. */
void error_unraisable(const char *where, Value object);
extern void (*error_unraisable_hook)(const char *where, Value object); /* set by vm/exec; NULL: plain line on stderr */

/* warnings.warn() on behalf of the running script.  False: a filter has made an error of it. */
bool warning_issue(Type *category, const char *format, ...);

/* C recursion: true if fine; false with RecursionError pending ("maximum recursion depth exceeded" + where).
 * Looks at the stack pointer against the thread's limit, so it needs no matching leave. where: " while calling a Python
 * object", " in comparison", ... */
extern __thread char *recursion_limit;
bool recursion_refuse(const char *where);
static inline bool recursion_check(const char *where) {
    return __builtin_expect((char *)__builtin_frame_address(0) > recursion_limit, 1) || recursion_refuse(where);
}
/* The same, and counted against sys.getrecursionlimit(): what nests in C as it would in script code (repr, comparison).
 * After true, recursion_leave(). */
bool recursion_enter(const char *where);
void recursion_leave(void);
/* For those who know their depth themselves. */
bool recursion_check_at(size_t depth, const char *where);
extern int64_t recursion_count_limit;
/* Each thread sets its limit at start: lowest usable stack address. */
void recursion_set_limit(void *lowest_address);

#endif
