/* Watching counts: what the checked engine does while the lock is off.
 *
 * Threads then interleave inside operations: between reading a shared place and counting the reference that was read,
 * and between the load and the store of a count.  Every such step is noted in one ring, oldest first, so that what went
 * wrong can be told afterwards from what was recorded, and from nothing else.  Between the steps, C code is not
 * interrupted: only counts and the contents of script objects are exposed.
 *
 * An object whose count reaches zero is finalized as usual but not destroyed: it waits whole in the quarantine.  Whoever
 * still uses it finds it intact and is reported; after a report the object is immortal, so that one lost update gives one
 * report and never a crash.  When the quarantine is over its budget, what no memory refers to any more is destroyed.
 *
 * The plain engine is compiled with the same sources and never turns this on.
 */
#ifndef MEM_WATCH_H
#define MEM_WATCH_H

#include "runtime/mem/object.h"

typedef enum StepKind {
    STEP_BORN,   /* made, count 1 */
    STEP_FETCH,  /* its address was read from a place that others can change; the reference is not counted yet */
    STEP_LOAD,   /* the count was read */
    STEP_STORE,  /* what was read, plus or minus one, was written */
    STEP_DIED,   /* the last counted reference is gone */
} StepKind;

typedef struct Step {
    const Object *object;
    const void *code;   /* where the thread was: a code object and the word of its instruction */
    uint32_t index;
    uint32_t count;     /* read or written */
    uint32_t overwrote; /* STORE: what stood there; differs from what was loaded when updates of others are lost */
    uint16_t thread;
    uint8_t kind;
    int8_t change;      /* LOAD, STORE: +1 or -1 */
} Step;

typedef enum BugKind {
    BUG_USE_AFTER_FREE, /* a reference was added to a dead object */
    BUG_DOUBLE_FREE,    /* a reference was dropped that was not counted any more */
    BUG_LOST_COUNT,     /* found at the end: the count is not the number of references */
    BUG_CONTAINER,      /* two threads were inside operations on a container, and one of them changes it */
    BUG_LOST_UPDATE,    /* two threads read a variable before either wrote it back */
    BUG_COUNT
} BugKind;

/* Where a thread is; set by vm/exec. */
extern void (*watch_place)(const void **code, uint32_t *index);
extern uint16_t (*watch_thread)(void);
/* Are counts of this type's objects exposed?  Those of immutable and of synchronising objects are not: their steps are
 * noted but never interleaved.  Set by vm/exec. */
extern bool (*watch_exposes)(const Type *type);
/* Between two steps: another thread may run here.  Set by runtime/conc. */
extern void (*watch_window)(void);
/* Something was found: `step` is what is being done, `other` what another thread does or did (NULL: see the history).
 * Set by vm/exec. */
extern void (*watch_report)(BugKind kind, Object *o, const Step *step, const Step *other);

extern bool watch_on;

/* The counts' steps while it is on; `shared` ones have windows. */
void watch_increment(RefCount *count, bool shared);
bool watch_decrement(RefCount *count, bool shared);

/* From now on.  False: no memory for the ring. */
bool watch_start(void);

/* The place the calling thread is at, as a step that is not in the ring. */
Step watch_here(const Object *o, StepKind kind);

/* The remembered steps of an object, oldest first, at most `limit` of the last ones. */
size_t watch_history(const Object *o, Step *out, size_t limit);
/* The step that made it; false: too long ago to be remembered. */
bool watch_birth(const Object *o, Step *out);

/* A dying object, finalized: into the quarantine. */
void quarantine_add(Object *o);
static inline bool is_quarantined(const Object *o) { return object_flags(o) & OBJECT_QUARANTINED; }
/* The destruction of an object that is dead already. */
void watch_died_twice(Object *o);

extern size_t quarantine_budget; /* bytes */
bool quarantine_is_due(void);
/* Destroys what nothing refers to: heap, stacks (by `each_stack`) and static memory are searched for addresses. */
void quarantine_purge(void (*each_stack)(void (*visit)(const void *start, const void *end, void *context), void *context));
void quarantine_end(void); /* destroys everything: nobody else runs */

/* Objects that lost updates and still live, with how far the count is from the truth (positive: too high), and the steps
 * that ended in the first loss, oldest first; out has room for WATCH_EVIDENCE. */
enum { WATCH_EVIDENCE = 10 };
void watch_each_damaged(void (*visit)(Object *o, int64_t excess));
size_t watch_evidence(const Object *o, Step *out);

#endif
