/* _thread: threads, locks and thread-local attributes, below the module threading. */
#include "stdlib/thread.h"

#include <math.h>
#include <signal.h>
#include <string.h>

#include "runtime/conc/gil.h"
#include "runtime/conc/thread.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/signal.h"
#include "runtime/plat/thread.h"
#include "runtime/types/traverse.h"
#include "vm/exec/exec.h"
#include "vm/exec/lock_places.h"
#include "vm/exec/report.h"

#define TIMEOUT_MAX_SECONDS 9223372036.0

/* --- timeouts ------------------------------------------------------------------------------------------------- */

bool thread_timeout(Value seconds, int64_t *ns) {
    double s;
    if (float_is(seconds)) {
        s = float_value(seconds);
    } else {
        int64_t whole = INT64_MAX;
        if (!object_as_int64(seconds, &whole) && !error_absorb(&OverflowError_type)) return false;
        s = (double)whole;
    }
    if (isnan(s)) return raise_value_error("Invalid value NaN (not a number)"), false;
    if (fabs(s) > TIMEOUT_MAX_SECONDS) return raise_overflow_error("timestamp too large to convert to C _PyTime_t"), false;
    *ns = (int64_t)ceil(s * 1e9);
    return true;
}

bool thread_acquire_arguments(Value blocking, Value timeout, int64_t *ns) {
    int waits = is_set(blocking) ? object_truth(blocking) : 1;
    *ns = LOCK_FOREVER;
    if (waits < 0) return false;
    if (is_unset(timeout)) return *ns = waits ? LOCK_FOREVER : 0, true;
    if (!thread_timeout(timeout, ns)) return false;
    if (!waits && *ns != -NS_PER_SECOND)
        return raise_value_error("can't specify a timeout for a non-blocking call"), false;
    if (*ns < 0 && *ns != -NS_PER_SECOND) return raise_value_error("timeout value must be positive"), false;
    if (*ns < 0) *ns = waits ? LOCK_FOREVER : 0;
    return true;
}

static Value lock_answer(LockResult result) { return result == LOCK_FAILED ? UNSET : from_bool(result == LOCK_TAKEN); }

/* --- lock ----------------------------------------------------------------------------------------------------- */

typedef struct LockObject {
    Object head;
    Lock lock;
    LockHolder holder;
} LockObject;

static LockObject *as_lock(Value v) { return (LockObject *)as_object(v); }
static Lock *lock_of(Value v) { return &as_lock(v)->lock; }

Value lock_object_new(void) {
    LockObject *o = object_allocate(&lock_type, sizeof *o);
    if (!o) return UNSET;
    o->holder.code = UNSET;
    return from_object(o);
}

Lock *lock_object_lock(Value v) { return is_exactly(v, &lock_type) ? lock_of(v) : NULL; }

/* The lock was not free. */
static LockResult wait_for_lock(Lock *lock, LockHolder *holder, int64_t timeout) {
    if (timeout == 0) return LOCK_TIMED_OUT;
    if (timeout == LOCK_FOREVER) deadlock_wait_begin(holder);
    LockResult result = lock_acquire_slow(lock, timeout);
    if (timeout == LOCK_FOREVER) deadlock_wait_end();
    return result;
}

static Value lock_take(Value self, int64_t timeout) {
    LockObject *o = as_lock(self);
    LockResult result = lock_try(&o->lock) ? LOCK_TAKEN : wait_for_lock(&o->lock, &o->holder, timeout);
    if (result == LOCK_TAKEN) lock_holder_taken(&o->holder);
    return lock_answer(result);
}

static Value lock_acquire_method(const Value *args, size_t count) {
    int64_t timeout = LOCK_FOREVER;
    if ((is_set(args[1]) || is_set(args[2])) && !thread_acquire_arguments(args[1], args[2], &timeout)) return UNSET;
    return lock_take(args[0], timeout);
}

static Value lock_release_method(const Value *args, size_t count) {
    LockObject *o = as_lock(args[0]);
    if (!lock_is_held(&o->lock)) return raise_runtime_error("release unlocked lock");
    lock_holder_released(&o->holder);
    lock_release(&o->lock);
    return NONE;
}

static Value lock_enter(const Value *args, size_t count) { return lock_take(args[0], LOCK_FOREVER); }
static Value lock_locked(const Value *args, size_t count) { return from_bool(lock_is_held(lock_of(args[0]))); }

static void lock_destroy(Object *o) {
    clear(&((LockObject *)o)->holder.code);
    object_free_plain(o);
}

static Value lock_at_fork_reinit(const Value *args, size_t count) {
    atomic_store(&lock_of(args[0])->state, LOCK_FREE);
    as_lock(args[0])->holder.owner = 0;
    clear(&as_lock(args[0])->holder.code);
    return NONE;
}

static Value lock_repr(Value self) {
    const char *state = lock_is_held(lock_of(self)) ? "locked" : "unlocked";
    return str_format("<%s _thread.lock object at 0x%llx>", state, (unsigned long long)self.bits);
}

#define ACQUIRE "blocking=True, timeout=-1"
static const NativeDef lock_methods[] = {
    METHOD("acquire", ACQUIRE, lock_acquire_method, "Lock the lock.  Return whether it was acquired."),
    METHOD("acquire_lock", ACQUIRE, lock_acquire_method, "An obsolete synonym of acquire()."),
    METHOD("release", "", lock_release_method, "Release the lock."),
    METHOD("release_lock", "", lock_release_method, "An obsolete synonym of release()."),
    METHOD("locked", "", lock_locked, "Return whether the lock is in the locked state."),
    METHOD("locked_lock", "", lock_locked, "An obsolete synonym of locked()."),
    METHOD("__enter__", "", lock_enter, "Lock the lock."),
    METHOD("__exit__", "*args", lock_release_method, "Release the lock."),
    METHOD("_at_fork_reinit", "", lock_at_fork_reinit, "Make the lock free in a forked child."),
    NATIVE_END,
};

Type lock_type = {
    TYPE_HEAD("_thread.lock"),
    .basic_size = sizeof(LockObject),
    .flags = TYPE_DISALLOW_NEW | TYPE_WEAK,
    .doc = "A lock object is a synchronization primitive.",
    .methods = lock_methods,
    .repr = lock_repr,
    .destroy = lock_destroy,
};

/* --- RLock ---------------------------------------------------------------------------------------------------- */

typedef struct RLockObject {
    Object head;
    RecursiveLock lock;
    LockHolder holder;
} RLockObject;

static RecursiveLock *rlock_of(Value v) { return &((RLockObject *)as_object(v))->lock; }

static LockHolder *rlock_holder(Value v) { return &((RLockObject *)as_object(v))->holder; }

static Value rlock_take(Value self, int64_t timeout) {
    RecursiveLock *lock = rlock_of(self);
    LockHolder *holder = rlock_holder(self);
    LockResult result = recursive_lock_acquire(lock, 0);
    if (result == LOCK_TIMED_OUT && timeout != 0) {
        result = wait_for_lock(&lock->lock, holder, timeout);
        if (result == LOCK_TAKEN) recursive_lock_taken(lock);
    }
    if (result == LOCK_TAKEN && lock->count == 1) lock_holder_taken(holder);
    return lock_answer(result);
}

static Value rlock_acquire(const Value *args, size_t count) {
    int64_t timeout = LOCK_FOREVER;
    if ((is_set(args[1]) || is_set(args[2])) && !thread_acquire_arguments(args[1], args[2], &timeout)) return UNSET;
    return rlock_take(args[0], timeout);
}

static Value rlock_release(const Value *args, size_t count) {
    RecursiveLock *lock = rlock_of(args[0]);
    if (!recursive_lock_is_owned(lock)) return raise_runtime_error("cannot release un-acquired lock");
    if (lock->count == 1) lock_holder_released(rlock_holder(args[0]));
    recursive_lock_release(lock);
    return NONE;
}

static Value rlock_enter(const Value *args, size_t count) { return rlock_take(args[0], LOCK_FOREVER); }
static Value rlock_is_owned(const Value *args, size_t count) {
    return from_bool(recursive_lock_is_owned(rlock_of(args[0])));
}

static Value rlock_recursion_count(const Value *args, size_t count) {
    RecursiveLock *lock = rlock_of(args[0]);
    return int_from_uint64(recursive_lock_is_owned(lock) ? lock->count : 0);
}

/* For Condition.wait(): gives the lock up however often it is held, and says how to have it back. */
static Value rlock_release_save(const Value *args, size_t count) {
    RecursiveLock *lock = rlock_of(args[0]);
    if (!recursive_lock_is_owned(lock)) return raise_runtime_error("cannot release un-acquired lock");
    Value held = int_from_uint64(lock->count), owner = int_from_uint64(thread_current()->ident);
    lock->count = 1;
    lock_holder_released(rlock_holder(args[0]));
    recursive_lock_release(lock);
    Value state = tuple_pack(2, held, owner);
    release(owner);
    return state;
}

static Value rlock_acquire_restore(const Value *args, size_t count) {
    RecursiveLock *lock = rlock_of(args[0]);
    int64_t held;
    if (!tuple_is(args[1]) || tuple_length(args[1]) != 2) return raise_type_error("argument must be a tuple of two");
    if (!object_as_int64(tuple_at(args[1], 0), &held)) return UNSET;
    if (is_unset(rlock_take(args[0], LOCK_FOREVER))) return UNSET;
    lock->count = (uint64_t)held;
    return NONE;
}

static Value rlock_at_fork_reinit(const Value *args, size_t count) {
    memset(rlock_of(args[0]), 0, sizeof(RecursiveLock));
    rlock_holder(args[0])->owner = 0;
    clear(&rlock_holder(args[0])->code);
    return NONE;
}

static Value rlock_repr(Value self) {
    RecursiveLock *lock = rlock_of(self);
    uint64_t owner = atomic_load(&lock->owner);
    return str_format("<%s %T object owner=%llu count=%llu at 0x%llx>", owner ? "locked" : "unlocked", self,
                      (unsigned long long)owner, (unsigned long long)(owner ? lock->count : 0),
                      (unsigned long long)self.bits);
}

static Value rlock_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value self = instance_new(type);
    if (is_set(self)) rlock_holder(self)->code = UNSET;
    return self;
}

static void rlock_destroy(Object *o) {
    clear(&((RLockObject *)o)->holder.code);
    object_free_plain(o);
}

static const NativeDef rlock_methods[] = {
    METHOD("acquire", ACQUIRE, rlock_acquire, "Lock the lock.  Return whether it was acquired."),
    METHOD("release", "", rlock_release, "Release the lock."),
    METHOD("__enter__", "", rlock_enter, "Lock the lock."),
    METHOD("__exit__", "*args", rlock_release, "Release the lock."),
    METHOD("_is_owned", "", rlock_is_owned, "For internal use by threading.Condition."),
    METHOD("_recursion_count", "", rlock_recursion_count, "How often the calling thread holds it."),
    METHOD("_release_save", "", rlock_release_save, "For internal use by threading.Condition."),
    METHOD("_acquire_restore", "state, /", rlock_acquire_restore, "For internal use by threading.Condition."),
    METHOD("_at_fork_reinit", "", rlock_at_fork_reinit, "Make the lock free in a forked child."),
    NATIVE_END,
};

Type rlock_type = {
    TYPE_HEAD("_thread.RLock"),
    .basic_size = sizeof(RLockObject),
    .flags = TYPE_BASE | TYPE_WEAK,
    .methods = rlock_methods,
    .repr = rlock_repr,
    .make = rlock_make,
    .destroy = rlock_destroy,
};

/* --- threads -------------------------------------------------------------------------------------------------- */

/* A thread that can be joined.  begun is held until its bootstrap says that it has registered itself, done until
 * it is over: a joiner takes done and gives it back. */
typedef struct Handle {
    Object head;
    Lock begun, done;
    uint64_t ident;
    LockHolder runner; /* the thread itself */
} Handle;

static Handle *handle_of(Value v) { return (Handle *)as_object(v); }

/* What a new thread gets: owned by it. */
typedef struct Work {
    Value function, args, kwargs, handle; /* handle: UNSET for start_new_thread() */
} Work;

static void work_free(Work *work) {
    release(work->function);
    release(work->args);
    release(work->kwargs);
    raw_free(work);
}

static Work *work_new(Value function, Value args, Value kwargs, Value handle) {
    Work *work = raw_allocate(sizeof *work);
    if (!work) return raise_memory_error(), NULL;
    *work = (Work){retain(function), retain(args), retain(kwargs), retain(handle)};
    return work;
}

static void report_failure(const Work *work) {
    if (error_absorb(&SystemExit_type)) return;
    error_unraisable("in thread started by", work->function);
}

static void handle_runs(Handle *handle) {
    handle->runner.thread = thread_current();
    handle->runner.owner = thread_current()->number;
}

static void run_work(void *argument) {
    Work *work = argument;
    Value handle = work->handle;
    if (is_set(handle)) handle_runs(handle_of(handle));
    if (machine_start()) {
        Value result = call_tuple_dict(work->function, work->args, work->kwargs);
        if (is_unset(result)) report_failure(work);
        release(result);
        work_free(work);
        local_thread_end();
        machine_end();
    } else {
        error_clear();
        work_free(work);
    }
    if (is_unset(handle)) return;
    handle_of(handle)->runner.owner = 0;
    lock_release(&handle_of(handle)->begun);
    lock_release(&handle_of(handle)->done);
    release(handle);
}

static bool start_work(Work *work, bool daemon, uint64_t *ident) {
    if (!work) return false;
    if (thread_start(run_work, work, daemon, ident)) return true;
    release(work->handle);
    work_free(work);
    return false;
}

static Value thread_start_new(const Value *args, size_t count) {
    uint64_t ident;
    if (!is_callable(args[0])) return raise_type_error("first arg must be callable");
    if (!tuple_is(args[1])) return raise_type_error("2nd arg must be a tuple");
    if (is_set(args[2]) && !dict_is(args[2])) return raise_type_error("optional 3rd arg must be a dictionary");
    return start_work(work_new(args[0], args[1], args[2], UNSET), true, &ident) ? int_from_uint64(ident) : UNSET;
}

/* _start_joinable(function, daemon): calls function(handle) on a new thread; the handle, once it has called
 * handle.began(). */
static Value thread_start_joinable(const Value *args, size_t count) {
    int daemon = object_truth(args[1]);
    Handle *handle = daemon < 0 ? NULL : object_allocate(&handle_type, sizeof *handle);
    if (!handle) return UNSET;
    handle->runner.code = UNSET;
    handle->runner.is_thread = true;
    lock_try(&handle->begun);
    lock_try(&handle->done);
    Value value = from_object(handle);
    Value arguments = tuple_pack(1, value);
    bool begun = is_set(arguments) && start_work(work_new(args[0], arguments, UNSET, value), daemon, &handle->ident) &&
                 lock_acquire(&handle->begun, LOCK_FOREVER) != LOCK_FAILED;
    release(arguments);
    if (begun) return value;
    release(value);
    return UNSET;
}

static Value handle_began(const Value *args, size_t count) {
    lock_release(&handle_of(args[0])->begun);
    return NONE;
}

/* join(timeout=None): true when it is over. */
static Value handle_join(const Value *args, size_t count) {
    Handle *handle = handle_of(args[0]);
    int64_t timeout = LOCK_FOREVER;
    if (is_set(args[1]) && !is_none(args[1]) && !thread_timeout(args[1], &timeout)) return UNSET;
    if (timeout < 0 && is_set(args[1]) && !is_none(args[1])) timeout = 0;
    LockResult result = lock_try(&handle->done) ? LOCK_TAKEN : wait_for_lock(&handle->done, &handle->runner, timeout);
    if (result == LOCK_TAKEN) lock_release(&handle->done);
    return lock_answer(result);
}

static Value handle_is_done(const Value *args, size_t count) {
    return from_bool(!lock_is_held(&handle_of(args[0])->done));
}
static Value handle_ident(Value self) { return int_from_uint64(handle_of(self)->ident); }

static const NativeDef handle_methods[] = {
    METHOD("began", "", handle_began, "The thread has registered itself: its starter may go on."),
    METHOD("join", "timeout=None, /", handle_join, "Wait for the thread to end.  Return whether it has."),
    METHOD("is_done", "", handle_is_done, "Return whether the thread has ended."),
    NATIVE_END,
};
static const MemberDef handle_members[] = {{"ident", handle_ident, NULL, "Identity of the thread."}, {0}};

Type handle_type = {
    TYPE_HEAD("_thread._ThreadHandle"),
    .basic_size = sizeof(Handle),
    .flags = TYPE_DISALLOW_NEW,
    .methods = handle_methods,
    .members = handle_members,
    .destroy = object_free_plain,
};

/* --- functions ------------------------------------------------------------------------------------------------ */

static Value thread_allocate_lock(const Value *args, size_t count) { return lock_object_new(); }

/* A lock that one thread takes and another one releases, to wake the first. */
static Value thread_allocate_signal(const Value *args, size_t count) {
    Value lock = lock_object_new();
    if (is_set(lock)) as_lock(lock)->holder.is_signal = true;
    return lock;
}

/* _set_name(name): what the calling thread is called in figures and pictures. */
static Value thread_set_own_name(const Value *args, size_t count) {
    size_t size;
    const char *name = str_is(args[0]) ? str_utf8(args[0], &size) : NULL;
    if (name) thread_set_name(thread_current(), name, size);
    error_clear();
    return NONE;
}
static Value thread_get_ident(const Value *args, size_t count) { return int_from_uint64(thread_current()->ident); }
static Value thread_get_native_id(const Value *args, size_t count) {
    return int_from_int64(thread_current()->native_id);
}
static Value thread_get_count(const Value *args, size_t count) { return int_from_size(thread_count() - 1); }

static Value thread_exit(const Value *args, size_t count) {
    Value exception = exception_new(&SystemExit_type, NULL, 0);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static Value thread_stack_size(const Value *args, size_t count) {
    static size_t asked; /* 0: the default */
    int64_t size = 0;
    if (is_set(args[0]) && !object_as_int64(args[0], &size)) return UNSET;
    if (size < 0) return raise_value_error("size must be 0 or a positive value");
    size_t old = asked;
    if (is_unset(args[0])) return int_from_size(old);
    if (!thread_set_stack_bytes((size_t)size)) return UNSET;
    asked = (size_t)size;
    return int_from_size(old);
}

static Value thread_interrupt_main(const Value *args, size_t count) {
    int64_t number = SIGINT;
    if (is_set(args[0]) && !object_as_int64(args[0], &number)) return UNSET;
    if (number < 1 || number > SIGNAL_MAX) return raise_value_error("signal number out of range");
    if (signal_is_caught((int)number)) os_thread_signal(thread_main->ident, (int)number);
    return NONE;
}

/* _raise_async(ident, exception): what PyThreadState_SetAsyncExc does. */
static Value thread_raise_async(const Value *args, size_t count) {
    int64_t ident;
    if (!object_as_int64(args[0], &ident)) return UNSET;
    return from_bool(thread_raise((uint64_t)ident, is_none(args[1]) ? UNSET : args[1]));
}

/* _report(exception): its traceback as text, for threading.excepthook. */
static Value thread_report(const Value *args, size_t count) { return report_exception(args[0], true); }

static const NativeDef functions[] = {
    FUNCTION("start_new_thread", "function, args, kwargs={}, /", thread_start_new,
             "Start a new thread and return its identifier."),
    FUNCTION("start_new", "function, args, kwargs={}, /", thread_start_new,
             "An obsolete synonym of start_new_thread()."),
    FUNCTION("_start_joinable", "function, daemon, /", thread_start_joinable,
             "Start a thread that calls function(); return its handle."),
    FUNCTION("allocate_lock", "", thread_allocate_lock, "Create a new lock object."),
    FUNCTION("_allocate_signal", "", thread_allocate_signal, "A lock that another thread will release."),
    FUNCTION("_set_name", "name, /", thread_set_own_name, "What figures and pictures call this thread."),
    FUNCTION("allocate", "", thread_allocate_lock, "An obsolete synonym of allocate_lock()."),
    FUNCTION("get_ident", "", thread_get_ident,
             "Return a non-zero integer that uniquely identifies the current thread."),
    FUNCTION("get_native_id", "", thread_get_native_id, "Return the number that the system gave to the thread."),
    FUNCTION("_count", "", thread_get_count, "Return the number of running threads, excluding the main thread."),
    FUNCTION("exit", "", thread_exit, "Raise SystemExit: the thread ends silently unless it is caught."),
    FUNCTION("exit_thread", "", thread_exit, "An obsolete synonym of exit()."),
    FUNCTION("stack_size", "size=0, /", thread_stack_size,
             "Return the thread stack size used when creating new threads."),
    FUNCTION("interrupt_main", "signum=2, /", thread_interrupt_main,
             "Simulate the arrival of a signal in the main thread."),
    FUNCTION("_raise_async", "ident, exception, /", thread_raise_async, "Raise an exception in another thread."),
    FUNCTION("_report", "exception, /", thread_report, "The report of an exception, as text."),
    NATIVE_END,
};

static bool ready(void) {
    return type_ready(&lock_type) && type_ready(&rlock_type) && type_ready(&handle_type) && type_ready(&local_type);
}

static bool fill(Value dict) {
    return dict_set_utf8(dict, "LockType", type_value(&lock_type)) &&
           dict_set_utf8(dict, "RLock", type_value(&rlock_type)) &&
           dict_set_utf8(dict, "_local", type_value(&local_type)) &&
           dict_set_utf8(dict, "error", type_value(&RuntimeError_type)) &&
           dict_set_utf8(dict, "TIMEOUT_MAX", from_double(TIMEOUT_MAX_SECONDS));
}

const ModuleDef mod__thread = {"_thread", "Threads and locks: the primitive operations below the module threading.",
                               functions, fill, ready};
