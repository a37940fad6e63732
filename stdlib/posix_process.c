/* posix: processes, users, the environment and the machine. */
#include "stdlib/posix.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "stdlib/struct_sequence.h"

extern char **environ;

static Value done_or_error(int result) { return result < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE; }
static Value id_or_error(int64_t result) {
    return result < 0 ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(result);
}

static Value posix_getpid(const Value *args, size_t count) { return from_small_int(getpid()); }
static Value posix_getppid(const Value *args, size_t count) { return from_small_int(getppid()); }
static Value posix_getuid(const Value *args, size_t count) { return from_small_int(getuid()); }
static Value posix_geteuid(const Value *args, size_t count) { return from_small_int(geteuid()); }
static Value posix_getgid(const Value *args, size_t count) { return from_small_int(getgid()); }
static Value posix_getegid(const Value *args, size_t count) { return from_small_int(getegid()); }
static Value posix_getpgrp(const Value *args, size_t count) { return from_small_int(getpgrp()); }
static Value posix_setsid(const Value *args, size_t count) { return id_or_error(setsid()); }
static Value posix_umask(const Value *args, size_t count) {
    int mask;
    return fd_get(args[0], &mask) ? from_small_int(umask((mode_t)mask)) : UNSET;
}
static Value posix_getpgid(const Value *args, size_t count) {
    int pid;
    return fd_get(args[0], &pid) ? id_or_error(getpgid(pid)) : UNSET;
}

static Value posix_kill(const Value *args, size_t count) {
    int pid, number;
    if (!fd_get(args[0], &pid) || !fd_get(args[1], &number)) return UNSET;
    Value result = done_or_error(kill(pid, number));
    return is_set(result) && !safepoint_signals() ? UNSET : result;
}
static Value posix_killpg(const Value *args, size_t count) {
    int group, number;
    if (!fd_get(args[0], &group) || !fd_get(args[1], &number)) return UNSET;
    return done_or_error(killpg(group, number));
}
static Value posix__exit(const Value *args, size_t count) {
    int status;
    if (!fd_get(args[0], &status)) return UNSET;
    _exit(status);
}
static Value posix_abort(const Value *args, size_t count) { abort(); }

/* Threads other than the main one have all signals blocked; the child's only thread is its main one. */
static void fork_child(bool was_main) {
    sigset_t none;
    thread_fork_child();
    sigemptyset(&none);
    if (!was_main) pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static Value posix_fork(const Value *args, size_t count) {
    bool was_main = thread_current()->is_main;
    thread_fork_prepare();
    pid_t pid = fork();
    int error = errno;
    if (pid == 0) fork_child(was_main);
    else thread_fork_parent();
    errno = error;
    return id_or_error(pid);
}

static Value wait_for(int pid, int options) {
    int status = 0;
    pid_t found;
    do {
        BLOCKING_BEGIN(os_wait)
        found = waitpid(pid, &status, options);
        BLOCKING_END
    } while (found < 0 && errno == EINTR && safepoint_signals());
    if (error_pending()) return UNSET;
    return found < 0 ? raise_os_error(errno, UNSET, UNSET)
                     : tuple_pack(2, from_small_int(found), from_small_int(status));
}
static Value posix_waitpid(const Value *args, size_t count) {
    int pid, options;
    return fd_get(args[0], &pid) && fd_get(args[1], &options) ? wait_for(pid, options) : UNSET;
}
static Value posix_wait4(const Value *args, size_t count) {
    int pid, options, status = 0;
    struct rusage u;
    pid_t found;
    if (!fd_get(args[0], &pid) || !fd_get(args[1], &options)) return UNSET;
    do {
        BLOCKING_BEGIN(os_wait)
        found = wait4(pid, &status, options, &u);
        BLOCKING_END
    } while (found < 0 && errno == EINTR && safepoint_signals());
    if (error_pending()) return UNSET;
    if (found < 0) return raise_os_error(errno, UNSET, UNSET);
    Value usage = rusage_value(&u), result = UNSET;
    if (is_set(usage)) result = tuple_pack(3, from_small_int(found), from_small_int(status), usage);
    release(usage);
    return result;
}
static Value posix_wait(const Value *args, size_t count) { return wait_for(-1, 0); }
static Value posix_wait3(const Value *args, size_t count) {
    return posix_wait4((Value[]){from_small_int(-1), args[0]}, 2);
}

#define STATUS(name, expression)                                           \
    static Value posix_##name(const Value *args, size_t count) {           \
        int status;                                                        \
        return fd_get(args[0], &status) ? (expression) : UNSET;            \
    }
STATUS(WIFEXITED, from_bool(WIFEXITED(status)))
STATUS(WEXITSTATUS, from_small_int(WEXITSTATUS(status)))
STATUS(WIFSIGNALED, from_bool(WIFSIGNALED(status)))
STATUS(WTERMSIG, from_small_int(WTERMSIG(status)))
STATUS(WIFSTOPPED, from_bool(WIFSTOPPED(status)))
STATUS(WSTOPSIG, from_small_int(WSTOPSIG(status)))
STATUS(WIFCONTINUED, from_bool(WIFCONTINUED(status)))
STATUS(WCOREDUMP, from_bool(WCOREDUMP(status)))

/* ---- programs ---- */

static void free_strings(char **strings) {
    for (char **s = strings; s && *s; s++) free(*s);
    free(strings);
}

/* A C array of the strings of a list or tuple. */
static char **string_array(Value sequence) {
    Value list = list_from_iterable(sequence);
    if (is_unset(list)) return NULL;
    size_t n = as_list(list)->length;
    char **strings = calloc(n + 1, sizeof *strings);
    bool done = strings != NULL;
    for (size_t i = 0; i < n && done; i++) {
        Path path;
        done = path_get(as_list(list)->items[i], "execv", &path);
        if (!done) break;
        done = (strings[i] = strdup(path.text)) != NULL;
        path_release(&path);
    }
    release(list);
    if (done) return strings;
    if (!error_pending()) raise_memory_error();
    free_strings(strings);
    return NULL;
}

/* args: path, argv, list of "NAME=value" or None */
static Value posix_exec(const Value *args, size_t count) {
    Path path;
    char **argv = string_array(args[1]), **env = NULL;
    if (!argv) return UNSET;
    if (is_set(args[2]) && !is_none(args[2]) && !(env = string_array(args[2]))) return free_strings(argv), UNSET;
    if (path_get(args[0], "execv", &path)) {
        if (argv[0]) execve(path.text, argv, env ? env : environ);
        else errno = EINVAL;
        path_error(args[0]);
        path_release(&path);
    }
    free_strings(argv);
    free_strings(env);
    return UNSET;
}

static Value posix_system(const Value *args, size_t count) {
    Path command;
    int status;
    if (!path_get(args[0], "system", &command)) return UNSET;
    BLOCKING_BEGIN(os_system)
    status = system(command.text);
    BLOCKING_END
    path_release(&command);
    return from_small_int(status);
}

/* ---- environment ---- */

static Value posix_environ(const Value *args, size_t count) {
    Value dict = dict_new();
    for (char **row = environ; row && *row && is_set(dict); row++) {
        const char *equals = strchr(*row, '=');
        if (!equals) continue;
        Value name = str_decode(*row, (size_t)(equals - *row), "utf-8", "surrogateescape"),
              value = path_value(equals + 1, false);
        if (is_unset(name) || is_unset(value) || !dict_set(dict, name, value)) clear(&dict);
        release(name);
        release(value);
    }
    return dict;
}
static Value posix_putenv(const Value *args, size_t count) {
    Path name, value;
    if (!path_get(args[0], "putenv", &name)) return UNSET;
    if (!path_get(args[1], "putenv", &value)) return path_release(&name), UNSET;
    int failed = setenv(name.text, value.text, 1);
    path_release(&name);
    path_release(&value);
    return done_or_error(failed);
}
static Value posix_unsetenv(const Value *args, size_t count) {
    Path name;
    if (!path_get(args[0], "unsetenv", &name)) return UNSET;
    int failed = unsetenv(name.text);
    path_release(&name);
    return done_or_error(failed);
}

/* ---- the machine ---- */

static Value posix_urandom(const Value *args, size_t count) {
    int64_t n;
    if (!object_as_int64(args[0], &n)) return UNSET;
    if (n < 0) return raise_value_error("negative argument not allowed");
    Value bytes = bytes_from(NULL, (size_t)n);
    for (size_t done = 0; is_set(bytes) && done < (size_t)n;) {
        ssize_t got = getrandom(as_bytes(bytes)->data + done, (size_t)n - done, 0);
        if (got < 0 && errno != EINTR) return release(bytes), raise_os_error(errno, UNSET, UNSET);
        if (got > 0) done += (size_t)got;
    }
    return bytes;
}
static Value posix_cpu_count(const Value *args, size_t count) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? from_small_int(n) : NONE;
}
static Value posix_affinity(const Value *args, size_t count) {
    cpu_set_t set;
    int pid;
    if (!fd_get(args[0], &pid)) return UNSET;
    if (sched_getaffinity(pid, sizeof set, &set) < 0) return raise_os_error(errno, UNSET, UNSET);
    Value result = set_new();
    for (int i = 0; i < CPU_SETSIZE && is_set(result); i++)
        if (CPU_ISSET(i, &set) && !set_add(result, from_small_int(i))) clear(&result);
    return result;
}
static Value posix_sched_yield(const Value *args, size_t count) {
    BLOCKING_BEGIN(sched_yield)
    sched_yield();
    BLOCKING_END
    return NONE;
}
static Value posix_strerror(const Value *args, size_t count) {
    int number;
    return fd_get(args[0], &number) ? str_from(strerror(number)) : UNSET;
}
static Value posix_getloadavg(const Value *args, size_t count) {
    double load[3];
    if (getloadavg(load, 3) != 3) return raise_error(&OSError_type, "Load averages are unobtainable");
    return tuple_pack(3, from_double(load[0]), from_double(load[1]), from_double(load[2]));
}
static const char *const times_fields[] = {"user", "system", "children_user", "children_system", "elapsed"};
StructSequence times_result = STRUCT_SEQUENCE("posix.times_result", "Times of a process.", times_fields, 5, 5);
static const char *const uname_fields[] = {"sysname", "nodename", "release", "version", "machine"};
StructSequence uname_result = STRUCT_SEQUENCE("posix.uname_result", "The system.", uname_fields, 5, 5);

static Value posix_times(const Value *args, size_t count) {
    struct tms t;
    double tick = (double)sysconf(_SC_CLK_TCK), elapsed = (double)times(&t) / tick;
    Value items[] = {from_double((double)t.tms_utime / tick), from_double((double)t.tms_stime / tick),
                     from_double((double)t.tms_cutime / tick), from_double((double)t.tms_cstime / tick),
                     from_double(elapsed)};
    return struct_sequence_new(&times_result, items);
}
static Value posix_uname(const Value *args, size_t count) {
    struct utsname u;
    if (uname(&u) < 0) return raise_os_error(errno, UNSET, UNSET);
    Value items[] = {str_from(u.sysname), str_from(u.nodename), str_from(u.release), str_from(u.version),
                     str_from(u.machine)};
    return struct_sequence_new(&uname_result, items);
}
static Value posix_getlogin(const Value *args, size_t count) {
    const char *name = getlogin();
    return name ? str_from(name) : raise_os_error(errno, UNSET, UNSET);
}
static Value posix_peak_memory(const Value *args, size_t count) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return int_from_int64(usage.ru_maxrss);
}

const NativeDef posix_process_functions[] = {
    FUNCTION("getpid", "", posix_getpid, "The number of this process."),
    FUNCTION("getppid", "", posix_getppid, "The number of the parent process."),
    FUNCTION("getuid", "", posix_getuid, "The user."),
    FUNCTION("geteuid", "", posix_geteuid, "The effective user."),
    FUNCTION("getgid", "", posix_getgid, "The group."),
    FUNCTION("getegid", "", posix_getegid, "The effective group."),
    FUNCTION("getpgrp", "", posix_getpgrp, "The process group."),
    FUNCTION("getpgid", "pid", posix_getpgid, "The process group of a process."),
    FUNCTION("setsid", "", posix_setsid, "Start a session."),
    FUNCTION("umask", "mask, /", posix_umask, "Set the mask of permissions; returns the old one."),
    FUNCTION("kill", "pid, signal, /", posix_kill, "Send a signal."),
    FUNCTION("killpg", "pgid, signal, /", posix_killpg, "Send a signal to a group."),
    FUNCTION("_exit", "status", posix__exit, "End the process at once."),
    FUNCTION("abort", "", posix_abort, "End the process by SIGABRT."),
    FUNCTION("fork", "", posix_fork, "Make a child process."),
    FUNCTION("waitpid", "pid, options, /", posix_waitpid, "Wait for a child process."),
    FUNCTION("wait4", "pid, options", posix_wait4, "Wait for a child process; also tells what it used."),
    FUNCTION("wait3", "options", posix_wait3, "Wait for any child process; also tells what it used."),
    FUNCTION("wait", "", posix_wait, "Wait for any child process."),
    FUNCTION("WIFEXITED", "status", posix_WIFEXITED, "Did it exit?"),
    FUNCTION("WEXITSTATUS", "status", posix_WEXITSTATUS, "Its exit code."),
    FUNCTION("WIFSIGNALED", "status", posix_WIFSIGNALED, "Did a signal end it?"),
    FUNCTION("WTERMSIG", "status", posix_WTERMSIG, "That signal."),
    FUNCTION("WIFSTOPPED", "status", posix_WIFSTOPPED, "Is it stopped?"),
    FUNCTION("WSTOPSIG", "status", posix_WSTOPSIG, "The signal that stopped it."),
    FUNCTION("WIFCONTINUED", "status", posix_WIFCONTINUED, "Was it continued?"),
    FUNCTION("WCOREDUMP", "status", posix_WCOREDUMP, "Did it dump core?"),
    FUNCTION("_exec", "path, argv, env=None, /", posix_exec, "Become another program."),
    FUNCTION("system", "command", posix_system, "Run a command in a shell."),
    FUNCTION("_environ", "", posix_environ, "The environment as a dict."),
    FUNCTION("putenv", "name, value, /", posix_putenv, "Set a variable of the environment."),
    FUNCTION("unsetenv", "name, /", posix_unsetenv, "Remove a variable of the environment."),
    FUNCTION("urandom", "size, /", posix_urandom, "Random bytes of the system."),
    FUNCTION("cpu_count", "", posix_cpu_count, "How many processors there are."),
    FUNCTION("sched_getaffinity", "pid, /", posix_affinity, "The processors a process may use."),
    FUNCTION("sched_yield", "", posix_sched_yield, "Let another thread run."),
    FUNCTION("strerror", "code, /", posix_strerror, "The text of an error number."),
    FUNCTION("getloadavg", "", posix_getloadavg, "The load of the machine."),
    FUNCTION("times", "", posix_times, "The times of this process."),
    FUNCTION("uname", "", posix_uname, "The system."),
    FUNCTION("getlogin", "", posix_getlogin, "Who is logged in."),
    FUNCTION("_peak_memory", "", posix_peak_memory, "The largest resident size so far, in kilobytes."),
    NATIVE_END,
};
