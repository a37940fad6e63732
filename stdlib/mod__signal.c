/* _signal: handlers of signals, timers, and sending signals. */
#include "stdlib/struct_sequence.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "runtime/plat/clock.h"
#include "runtime/plat/signal.h"
#include "vm/exec/exec.h"

/* What script code set for each signal: SIG_DFL (0), SIG_IGN (1), a callable, or None for what C code installed. */
static Value handlers[SIGNAL_MAX + 1];
static Value default_int_handler;

static Value raise_interrupt(const Value *args, size_t count) { return raise_error(&KeyboardInterrupt_type, ""); }

static bool run_handler(int number) {
    Value handler = handlers[number];
    if (!is_callable(handler)) return true;
    if (same(handler, default_int_handler)) {
        Value e = exception_new(&KeyboardInterrupt_type, NULL, 0);
        if (is_set(e)) raise_value(e);
        return false;
    }
    Value frame = exec_frame(0);
    if (is_unset(frame)) {
        error_clear();
        frame = NONE;
    }
    Value result = call2(handler, from_small_int(number), frame);
    release(frame);
    release(result);
    return is_set(result);
}

static bool signal_number(Value v, int *out) {
    int64_t n;
    if (!object_as_int64(v, &n)) return false;
    if (n < 1 || n > SIGNAL_MAX) return raise_value_error("signal number out of range"), false;
    *out = (int)n;
    return true;
}

static Value signal_signal(const Value *args, size_t count) {
    int number;
    if (!signal_number(args[0], &number)) return UNSET;
    if (!thread_current()->is_main)
        return raise_value_error("signal only works in main thread of the main interpreter");
    SignalAction action = SIGNAL_CATCH;
    if (int_is(args[1])) {
        int64_t which;
        if (!int_fits_int64(args[1], &which)) which = -1;
        action = which == 0 ? SIGNAL_DEFAULT : which == 1 ? SIGNAL_IGNORE : SIGNAL_CATCH;
    }
    if (action == SIGNAL_CATCH && !is_callable(args[1])) {
        return raise_type_error("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
    }
    if (!safepoint_signals()) return UNSET;
    if (!signal_set_action(number, action)) return raise_os_error(errno, UNSET, UNSET);
    Value old = handlers[number];
    handlers[number] = retain(args[1]);
    return is_unset(old) ? NONE : old;
}

static Value signal_getsignal(const Value *args, size_t count) {
    int number;
    if (!signal_number(args[0], &number)) return UNSET;
    return is_unset(handlers[number]) ? NONE : retain(handlers[number]);
}

static Value signal_raise(const Value *args, size_t count) {
    int number;
    if (!signal_number(args[0], &number)) return UNSET;
    if (raise(number) != 0) return raise_os_error(errno, UNSET, UNSET);
    return safepoint_signals() ? NONE : UNSET;
}

static Value signal_alarm(const Value *args, size_t count) {
    int64_t seconds;
    return object_as_int64(args[0], &seconds) ? from_small_int(alarm((unsigned)seconds)) : UNSET;
}

static struct timeval time_of(double seconds) {
    struct timeval t = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
    if (seconds > 0 && t.tv_sec == 0 && t.tv_usec == 0) t.tv_usec = 1;
    return t;
}
static Value timer_pair(const struct itimerval *t) {
    return tuple_pack(2, from_double((double)t->it_value.tv_sec + (double)t->it_value.tv_usec * 1e-6),
                      from_double((double)t->it_interval.tv_sec + (double)t->it_interval.tv_usec * 1e-6));
}
static Value signal_setitimer(const Value *args, size_t count) {
    int64_t which;
    double seconds, interval = 0;
    struct itimerval new_timer, old;
    if (!object_as_int64(args[0], &which) || !object_as_double(args[1], &seconds)) return UNSET;
    if (is_set(args[2]) && !object_as_double(args[2], &interval)) return UNSET;
    new_timer.it_value = time_of(seconds);
    new_timer.it_interval = time_of(interval);
    return setitimer((int)which, &new_timer, &old) < 0 ? raise_os_error(errno, UNSET, UNSET) : timer_pair(&old);
}
static Value signal_getitimer(const Value *args, size_t count) {
    int64_t which;
    struct itimerval timer;
    if (!object_as_int64(args[0], &which)) return UNSET;
    return getitimer((int)which, &timer) < 0 ? raise_os_error(errno, UNSET, UNSET) : timer_pair(&timer);
}

static Value signal_pause(const Value *args, size_t count) {
    BLOCKING_BEGIN(signal_pause)
    pause();
    BLOCKING_END
    return safepoint_signals() ? NONE : UNSET;
}

static Value signal_strsignal(const Value *args, size_t count) {
    int number;
    if (!signal_number(args[0], &number)) return UNSET;
    const char *text = strsignal(number);
    return text ? str_from(text) : NONE;
}

static Value signal_pthread_kill(const Value *args, size_t count) {
    uint64_t ident;
    int number;
    if (!int_as_uint64(args[0], &ident) || !signal_number(args[1], &number)) return UNSET;
    int error = pthread_kill((pthread_t)ident, number);
    if (error) return raise_os_error(error, UNSET, UNSET);
    return safepoint_signals() ? NONE : UNSET;
}

/* ---- masks and waiting ---- */

static bool set_from(Value iterable, sigset_t *set) {
    Value list = list_from_iterable(iterable);
    if (is_unset(list)) return false;
    sigemptyset(set);
    bool done = true;
    for (size_t i = 0; done && i < as_list(list)->length; i++) {
        int64_t n;
        done = object_as_int64(as_list(list)->items[i], &n);
        if (done && (n < 1 || n > SIGNAL_MAX))
            done = (raise_value_error("signal number %lld out of range [1; %d]", (long long)n, SIGNAL_MAX), false);
        if (done) sigaddset(set, (int)n);
    }
    release(list);
    return done;
}
static Value set_value(const sigset_t *set) {
    Value result = set_new();
    for (int i = 1; i <= SIGNAL_MAX && is_set(result); i++)
        if (sigismember(set, i) == 1 && !set_add(result, from_small_int(i))) clear(&result);
    return result;
}

static Value signal_pthread_sigmask(const Value *args, size_t count) {
    int64_t how;
    sigset_t set, old;
    if (!object_as_int64(args[0], &how) || !set_from(args[1], &set)) return UNSET;
    int error = pthread_sigmask((int)how, &set, &old);
    if (error) return raise_os_error(error, UNSET, UNSET);
    return safepoint_signals() ? set_value(&old) : UNSET;
}
static Value signal_sigpending(const Value *args, size_t count) {
    sigset_t set;
    return sigpending(&set) < 0 ? raise_os_error(errno, UNSET, UNSET) : set_value(&set);
}

static const char *const siginfo_fields[] = {"si_signo", "si_code",   "si_errno", "si_pid",
                                             "si_uid",   "si_status", "si_band"};
static StructSequence siginfo =
    STRUCT_SEQUENCE("signal.struct_siginfo", "What is known about a signal.", siginfo_fields, 7, 7);

/* deadline -1: for ever.  0 when the deadline came, -1: an exception is pending. */
static int wait_for_signal(Value signals, int64_t deadline, siginfo_t *info) {
    sigset_t set;
    if (!set_from(signals, &set)) return -1;
    for (;;) {
        int64_t left = deadline < 0 ? 0 : deadline - clock_monotonic();
        if (left < 0) left = 0;
        struct timespec t = {left / NS_PER_SECOND, left % NS_PER_SECOND};
        int number;
        BLOCKING_BEGIN(signal_wait)
        number = deadline < 0 ? sigwaitinfo(&set, info) : sigtimedwait(&set, info, &t);
        BLOCKING_END
        if (number > 0) return number;
        if (errno == EAGAIN) return 0;
        if (errno != EINTR) return raise_os_error(errno, UNSET, UNSET), -1;
        if (!safepoint_signals()) return -1;
    }
}
static Value info_value(const siginfo_t *info) {
    Value items[] = {from_small_int(info->si_signo), from_small_int(info->si_code), from_small_int(info->si_errno),
                     from_small_int(info->si_pid),   from_small_int(info->si_uid),  from_small_int(info->si_status),
                     int_from_int64(info->si_band)};
    return struct_sequence_new(&siginfo, items);
}
static Value signal_sigwait(const Value *args, size_t count) {
    siginfo_t info;
    int number = wait_for_signal(args[0], -1, &info);
    return number < 0 ? UNSET : from_small_int(number);
}
static Value signal_sigwaitinfo(const Value *args, size_t count) {
    siginfo_t info;
    return wait_for_signal(args[0], -1, &info) < 0 ? UNSET : info_value(&info);
}
static Value signal_sigtimedwait(const Value *args, size_t count) {
    siginfo_t info;
    double seconds;
    if (!object_as_double(args[1], &seconds)) return UNSET;
    if (seconds < 0) return raise_value_error("timeout must be non-negative");
    int number = wait_for_signal(args[0], clock_monotonic() + (int64_t)(seconds * 1e9), &info);
    return number < 0 ? UNSET : number ? info_value(&info) : NONE;
}

static Value signal_set_wakeup_fd(const Value *args, size_t count) {
    int64_t fd;
    if (!object_as_int64(args[0], &fd)) return UNSET;
    if (!thread_current()->is_main)
        return raise_value_error("set_wakeup_fd only works in main thread of the main interpreter");
    if (fd != -1) {
        int flags = fcntl((int)fd, F_GETFL);
        if (flags < 0) return raise_os_error(errno, UNSET, UNSET);
        if (!(flags & O_NONBLOCK)) return raise_value_error("the fd %d must be in non-blocking mode", (int)fd);
    }
    return from_small_int(atomic_exchange(&signal_wakeup_fd, (int)fd));
}

static Value signal_siginterrupt(const Value *args, size_t count) { return NONE; }

static const NativeDef functions[] = {
    FUNCTION("signal", "signalnum, handler, /", signal_signal, "Set the handler of a signal; returns the old one."),
    FUNCTION("getsignal", "signalnum, /", signal_getsignal, "The handler of a signal."),
    FUNCTION("raise_signal", "signalnum, /", signal_raise, "Send a signal to this process."),
    FUNCTION("alarm", "seconds, /", signal_alarm, "SIGALRM after some seconds."),
    FUNCTION("setitimer", "which, seconds, interval=0.0, /", signal_setitimer,
             "A signal after some time, and again at intervals."),
    FUNCTION("getitimer", "which, /", signal_getitimer, "The state of a timer."),
    FUNCTION("pause", "", signal_pause, "Wait for a signal."),
    FUNCTION("strsignal", "signalnum, /", signal_strsignal, "What a signal means."),
    FUNCTION("pthread_kill", "thread_id, signalnum, /", signal_pthread_kill, "Send a signal to a thread."),
    FUNCTION("siginterrupt", "signalnum, flag, /", signal_siginterrupt,
             "System calls are always interrupted, and go on."),
    FUNCTION("pthread_sigmask", "how, mask, /", signal_pthread_sigmask, "Block or unblock signals; the old mask."),
    FUNCTION("sigpending", "", signal_sigpending, "Signals that came while they were blocked."),
    FUNCTION("sigwait", "sigset, /", signal_sigwait, "Wait for one of some signals."),
    FUNCTION("sigwaitinfo", "sigset, /", signal_sigwaitinfo, "Wait for one of some signals; what is known about it."),
    FUNCTION("sigtimedwait", "sigset, timeout, /", signal_sigtimedwait, "The same, or None after some seconds."),
    FUNCTION("set_wakeup_fd", "fd, *, warn_on_full_buffer=True", signal_set_wakeup_fd,
             "Write the number of each signal to a descriptor; returns the old one."),
    FUNCTION("default_int_handler", "signalnum, frame, /", raise_interrupt, "Raises KeyboardInterrupt."),
    NATIVE_END,
};

static const struct {
    const char *name;
    int number;
} numbers[] = {
#define ROW(name) {#name, name}
    ROW(SIGHUP),  ROW(SIGINT),      ROW(SIGQUIT),        ROW(SIGILL),      ROW(SIGTRAP), ROW(SIGABRT),  ROW(SIGBUS),
    ROW(SIGFPE),  ROW(SIGKILL),     ROW(SIGUSR1),        ROW(SIGSEGV),     ROW(SIGUSR2), ROW(SIGPIPE),  ROW(SIGALRM),
    ROW(SIGTERM), ROW(SIGCHLD),     ROW(SIGCONT),        ROW(SIGSTOP),     ROW(SIGTSTP), ROW(SIGTTIN),  ROW(SIGTTOU),
    ROW(SIGURG),  ROW(SIGXCPU),     ROW(SIGXFSZ),        ROW(SIGVTALRM),   ROW(SIGPROF), ROW(SIGWINCH), ROW(SIGIO),
    ROW(SIGSYS),  ROW(SIGPWR),      ROW(SIGSTKFLT),      ROW(SIG_BLOCK),   ROW(SIG_UNBLOCK), ROW(SIG_SETMASK),
    ROW(ITIMER_REAL), ROW(ITIMER_VIRTUAL), ROW(ITIMER_PROF),
#undef ROW
};

static bool fill(Value dict) {
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!dict_set_utf8(dict, numbers[i].name, from_small_int(numbers[i].number))) return false;
    for (int i = 1; i <= SIGNAL_MAX; i++) handlers[i] = from_small_int(signal_is_ignored(i));
    for (int i = 1; i <= SIGNAL_MAX; i++) root_add(&handlers[i]);
    default_int_handler = dict_get_utf8(dict, "default_int_handler");
    if (!signal_is_ignored(SIGINT)) handlers[SIGINT] = retain(default_int_handler);
    safepoint_signal_handler = run_handler;
    return dict_set_utf8(dict, "SIG_DFL", from_small_int(0)) && dict_set_utf8(dict, "SIG_IGN", from_small_int(1)) &&
           dict_set_utf8(dict, "NSIG", from_small_int(65)) &&
           dict_set_utf8(dict, "SIGRTMIN", from_small_int(SIGRTMIN)) &&
           dict_set_utf8(dict, "SIGRTMAX", from_small_int(SIGRTMAX)) &&
           dict_set_utf8(dict, "struct_siginfo", type_value(&siginfo.type));
}
static bool ready(void) { return struct_sequence_ready(&siginfo); }

const ModuleDef mod__signal = {"_signal", "Handlers of signals.", functions, fill, ready};
