/* Futures and tasks.
 *
 * What waits for a future stands in its list of callbacks: a callable with the context to call it in, a task (it is
 * stepped), or a gathering future.  They run through the loop, never at once.
 *
 * A task holds its coroutine and drives it through the `resume` slot; what the coroutine yields is the future that the
 * task waits for (`waiter`), or None for one turn of the loop.  All functions here want the GIL.
 */
#ifndef LOOP_FUTURE_H
#define LOOP_FUTURE_H

#include "runtime/loop/loop.h"
#include "runtime/types/native.h"

typedef enum FutureState { FUTURE_PENDING, FUTURE_CANCELLED, FUTURE_FINISHED } FutureState;

typedef struct FutureCallback {
    Value callback, context; /* owned; context UNSET: an empty one, or callback is not a callable */
} FutureCallback;

typedef struct Future {
    Object head;
    Value loop;
    FutureCallback first;    /* callback UNSET: none */
    FutureCallback *more;    /* raw memory, `more_count` of them */
    uint32_t more_count, more_capacity;
    Value result, exception; /* UNSET, or one of both when finished */
    Value keep;              /* finished: the traceback the exception came with; cancelled: the CancelledError */
    Value cancel_message;    /* or UNSET */
    Value origin;            /* debug mode: where it was made, else UNSET */
    uint8_t state;
    bool blocking;           /* awaited, and on its way to the task */
    bool unseen;             /* an exception that nobody retrieved: to be reported */
    bool quiet;              /* tasks: not reported when destroyed while pending */
    bool must_cancel;        /* tasks: CancelledError at the next step */
    uint32_t cancels;        /* tasks: cancel() minus uncancel() */
} Future;

typedef struct FutureObject { /* what asyncio.Future makes */
    Future future;
    Attrs attrs;
} FutureObject;

typedef struct Task Task;
struct Task {
    Future future;
    Value coroutine;
    Value waiter;        /* the future it waits for, or UNSET */
    Value context;       /* or UNSET: an empty one */
    Value name;          /* a str, or the number in Task-7 */
    Value thrown;        /* exception for the next step, or UNSET */
    Task *next, *previous; /* all tasks */
    Attrs attrs;
};

/* The future that asyncio.sleep() waits for. */
typedef struct Sleeper {
    Future future;
    Timer timer;
    Value value; /* what the future's result will be */
} Sleeper;

typedef struct Gathering {
    Future future;
    Attrs attrs;    /* where FutureObject has them */
    Value children; /* list of futures, one for each argument */
    size_t unfinished;
    bool return_exceptions, cancel_requested;
} Gathering;

extern Type future_type, task_type, sleeper_type, gathering_type, future_iterator_type, sleep_type;

/* asyncio.CancelledError and InvalidStateError; roots. */
extern Value future_cancelled_error, future_invalid_state;

static inline Future *as_future(Value v) { return (Future *)as_object(v); }
static inline Task *as_task(Value v) { return (Task *)as_object(v); }
bool future_is(Value v); /* any of the above, and subclasses */
bool task_is(Value v);
static inline bool future_done(Value v) { return as_future(v)->state != FUTURE_PENDING; }

Value future_new(Value loop);
/* Sets up a zeroed one.  False: exception pending. */
bool future_start(Future *f, Value loop);
/* Owned, or UNSET with its exception, CancelledError or InvalidStateError pending. */
Value future_result(Value future);
Value future_make_cancelled_error(Value future); /* owned */
/* These fail with InvalidStateError when it is done. */
bool future_set_result(Value future, Value result);
bool future_set_exception(Value future, Value exception);
/* 1 cancelled, 0 it is done already, -1 failed.  Calls the method `cancel` of what is not one of ours. */
int future_cancel(Value future, Value message);
int future_cancel_plain(Value future, Value message); /* without looking at what kind it is */
bool future_add_callback(Value future, Value callback, Value context);
/* Marks the exception as seen; borrowed or UNSET. */
Value future_take_exception(Value future);
/* loop.call_exception_handler({"message": message, more...}); name UNSET: no such item. */
void future_report(Value future, Value message, const char *name, bool with_exception);

int future_traverse(Object *o, Visit visit, void *context);
void future_clear(Object *o);
bool future_finalize(Object *o);
extern const NativeDef future_methods[];
extern const MemberDef future_members[];
Value future_await(Value self);
Value future_repr_by(const char *module, const char *function, Value self);
bool future_schedule_callbacks(Future *f);

/* task.c.  name and context may be UNSET or None. */
Value task_new(Value loop, Value coroutine, Value name, Value context);
/* Runs the coroutine up to where it waits next.  False: the loop has to end, the exception is pending. */
bool task_step(Value task);
int task_cancel(Value task, Value message);
Task *task_list(void); /* the latest */
/* The task that this loop is stepping: borrowed or UNSET. */
Value task_current(Value loop);
bool task_enter(Value loop, Value task);
bool task_leave(Value loop, Value task);
/* Is it what a Task can drive?  -1 failed. */
int task_can_drive(Value coroutine);

/* sleep.c, gather.c */
Value sleep_new(Value delay, Value result); /* result UNSET: None */
bool sleeper_fire(Value sleeper);
Value gather_new(const Value *arguments, size_t count, bool return_exceptions);
bool gather_child_done(Value gathering, Value child);

#endif
