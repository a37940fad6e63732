/* _subprocess: starting a program in a child process.
 *
 * Everything that the child needs is made before it exists: between fork and exec it only makes system calls on what is
 * there, so it does not matter which locks other threads held.  Without a function to run in the child it is a vfork:
 * the child borrows this process's memory, nothing is copied, however large the heap is, and other threads run script
 * code meanwhile.  Signals are blocked until the child has its own handlers, since a handler would run on borrowed memory.
 *
 * A pipe that exec closes tells how it went: nothing on it is success, otherwise a Failure.
 */
#include "stdlib/stdlib.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "stdlib/posix.h"

enum { STREAMS = 3 };

typedef enum Stage { STAGE_PREPARE, STAGE_FUNCTION, STAGE_EXEC } Stage;

typedef struct Failure {
    int error;
    Stage stage;
} Failure;

typedef struct Launch {
    char **programs, **arguments, **environment; /* NULL-terminated */
    char *folder;                                /* or NULL */
    int streams[STREAMS];                        /* become 0, 1 and 2; -1: inherited */
    int *kept;                                   /* descriptors that the program gets too, ascending */
    size_t kept_count;
    bool close_others, restore_signals, new_session;
    int group, mask;         /* -1: as they are */
    int64_t user, user_group; /* -1: as they are */
    gid_t *groups;
    int64_t group_count;     /* -1: as they are */
    Value function;          /* called in the child, or None */
    sigset_t signals;        /* what the child blocks */
} Launch;

extern char **environ;

/* ---- in the child ---- */

static bool make_inheritable(int fd) {
    int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) >= 0;
}

/* A stream that stands where another has to go moves out of the way first. */
static bool place_streams(Launch *launch) {
    int *fd = launch->streams;
    for (int i = 1; i < STREAMS; i++)
        if (fd[i] >= 0 && fd[i] < i && (fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, STREAMS)) < 0) return false;
    for (int i = 0; i < STREAMS; i++)
        if (fd[i] == i ? !make_inheritable(i) : fd[i] >= 0 && dup2(fd[i], i) < 0) return false;
    return true;
}

static void close_between(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0) return;
    long most = sysconf(_SC_OPEN_MAX);
    if (most > 0 && last > (unsigned)most) last = (unsigned)most;
    for (unsigned fd = first; fd <= last; fd++) close((int)fd);
}

/* All but the first three, those kept, and the pipe to the parent, which exec closes. */
static void close_others(const Launch *launch, int report) {
    unsigned next = STREAMS;
    bool reported = false;
    for (size_t i = 0; i <= launch->kept_count; i++) {
        int fd = i < launch->kept_count ? launch->kept[i] : INT_MAX;
        if (!reported && report < fd) {
            close_between(next, (unsigned)report - 1);
            next = (unsigned)report + 1;
            reported = true;
        }
        if (i == launch->kept_count || fd < STREAMS) continue;
        close_between(next, (unsigned)fd - 1);
        next = (unsigned)fd + 1;
    }
    close_between(next, UINT_MAX);
}

static bool change_identity(const Launch *launch) {
    if (launch->new_session && setsid() < 0) return false;
    if (launch->group >= 0 && setpgid(0, launch->group) < 0) return false;
    if (launch->group_count >= 0 && setgroups((size_t)launch->group_count, launch->groups) < 0) return false;
    if (launch->user_group >= 0 && setregid((gid_t)launch->user_group, (gid_t)launch->user_group) < 0) return false;
    return launch->user < 0 || setreuid((uid_t)launch->user, (uid_t)launch->user) == 0;
}

static bool prepare(Launch *launch) {
    for (size_t i = 0; i < launch->kept_count; i++)
        if (!make_inheritable(launch->kept[i])) return false;
    if (!place_streams(launch) || (launch->folder && chdir(launch->folder) < 0)) return false;
    if (launch->mask >= 0) umask((mode_t)launch->mask);
    if (launch->restore_signals) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
    }
    return change_identity(launch);
}

/* The first error that is not "no such program" is the one worth telling. */
static int execute(const Launch *launch) {
    int telling = 0;
    for (char **program = launch->programs; *program; program++) {
        execve(*program, launch->arguments, launch->environment);
        if (errno != ENOENT && errno != ENOTDIR && !telling) telling = errno;
    }
    return telling ? telling : errno;
}

/* What exec would do anyway, but before signals may come: a handler would run on the parent's memory. */
static void forget_handlers(void) {
    struct sigaction action;
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) < 0 || action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL) continue;
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigaction(number, &action, NULL);
    }
}

static void child(Launch *launch, int report) __attribute__((noreturn));
static void child(Launch *launch, int report) {
    Failure failure = {0, STAGE_PREPARE};
    if (report < STREAMS) report = fcntl(report, F_DUPFD_CLOEXEC, STREAMS);
    if (!prepare(launch)) {
        failure.error = errno;
    } else {
        if (is_none(launch->function)) forget_handlers();
        pthread_sigmask(SIG_SETMASK, &launch->signals, NULL);
        if (!is_none(launch->function)) {
            Value done = call0(launch->function);
            if (is_unset(done)) failure.stage = STAGE_FUNCTION;
        }
        if (failure.stage == STAGE_PREPARE) {
            if (launch->close_others) close_others(launch, report);
            failure.stage = STAGE_EXEC;
            failure.error = execute(launch);
        }
    }
    if (write(report, &failure, sizeof failure) < 0) _exit(254);
    _exit(255);
}

/* ---- in the parent ---- */

static pid_t start(Launch *launch, int report) {
    sigset_t all, before;
    bool copies = !is_none(launch->function);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    launch->signals = before;
    if (!thread_current()->is_main) sigemptyset(&launch->signals); /* other threads block them all */
    if (copies) thread_fork_prepare();
    pid_t pid = copies ? fork() : vfork();
    if (pid == 0) {
        if (copies) thread_fork_child();
        child(launch, report);
    }
    int error = errno;
    if (copies) thread_fork_parent();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

/* Waits for the pipe to close or to tell; a child that failed is waited for, it ends at once. */
static void hear(pid_t pid, int from, Failure *failure) {
    ssize_t got;
    do got = read(from, failure, sizeof *failure);
    while (got < 0 && errno == EINTR);
    if (got == sizeof *failure) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    } else {
        *failure = (Failure){0, STAGE_EXEC};
    }
}

/* -1: failed with errno. */
static pid_t launch_program(Launch *launch, Failure *failure) {
    int report[2];
    pid_t pid;
    *failure = (Failure){0, STAGE_EXEC};
    if (pipe2(report, O_CLOEXEC) < 0) return -1;
    if (!is_none(launch->function)) pid = start(launch, report[1]);
    else {
        BLOCKING_BEGIN(process_start)
        pid = start(launch, report[1]);
        BLOCKING_END
    }
    int error = errno;
    close(report[1]);
    if (pid > 0) {
        BLOCKING_BEGIN(process_start)
        hear(pid, report[0], failure);
        BLOCKING_END
    }
    close(report[0]);
    errno = error;
    return pid;
}

/* ---- arguments ---- */

static void free_strings(char **strings) {
    for (char **s = strings; s && *s; s++) free(*s);
    free(strings);
}

static char **string_array(Value sequence) {
    Value list = list_from_iterable(sequence);
    if (is_unset(list)) return NULL;
    size_t n = as_list(list)->length;
    char **strings = calloc(n + 1, sizeof *strings);
    bool done = strings != NULL;
    for (size_t i = 0; i < n && done; i++) {
        Path path;
        done = path_get(as_list(list)->items[i], "fork_exec", &path);
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

/* This process's own environment as it is now: another thread may change it while the child starts. */
static char **environment_copy(void) {
    size_t n = 0;
    while (environ && environ[n]) n++;
    char **copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy && i < n; i++)
        if (!(copy[i] = strdup(environ[i]))) return free_strings(copy), raise_memory_error(), NULL;
    if (!copy) raise_memory_error();
    return copy;
}

static bool number_array(Value list, void **out, size_t size, size_t *count) {
    size_t n = *count = as_list(list)->length;
    char *numbers = *out = raw_allocate((n + 1) * size);
    if (!numbers) return raise_memory_error(), false;
    for (size_t i = 0; i < n; i++) {
        int fd;
        if (!fd_get(as_list(list)->items[i], &fd)) return false;
        memcpy(numbers + i * size, &fd, size);
    }
    return true;
}

static bool take_folder(Launch *launch, Value v) {
    Path path;
    if (is_none(v)) return true;
    if (!path_get(v, "fork_exec", &path)) return false;
    launch->folder = strdup(path.text);
    path_release(&path);
    return launch->folder || (raise_memory_error(), false);
}

/* args: arguments, programs, environment, cwd, (stdin, stdout, stderr), close_fds, pass_fds (sorted list), restore_signals,
 * start_new_session, process_group, gid, extra_groups (list or None), uid, umask, preexec_fn */
static bool take_arguments(const Value *args, Launch *launch) {
    size_t groups = 0;
    if (!(launch->arguments = string_array(args[0])) || !(launch->programs = string_array(args[1]))) return false;
    launch->environment = is_none(args[2]) ? environment_copy() : string_array(args[2]);
    if (!launch->environment) return false;
    if (!take_folder(launch, args[3])) return false;
    for (int i = 0; i < STREAMS; i++)
        if (!fd_get(tuple_at(args[4], (size_t)i), &launch->streams[i])) return false;
    launch->close_others = object_truth(args[5]) > 0;
    launch->restore_signals = object_truth(args[7]) > 0;
    launch->new_session = object_truth(args[8]) > 0;
    if (!number_array(args[6], (void **)&launch->kept, sizeof(int), &launch->kept_count)) return false;
    launch->group_count = -1;
    if (!is_none(args[11])) {
        if (!number_array(args[11], (void **)&launch->groups, sizeof(gid_t), &groups)) return false;
        launch->group_count = (int64_t)groups;
    }
    launch->function = args[14];
    return fd_get(args[9], &launch->group) && object_as_int64(args[10], &launch->user_group) &&
           object_as_int64(args[12], &launch->user) && fd_get(args[13], &launch->mask);
}

static void launch_end(Launch *launch) {
    free_strings(launch->programs);
    free_strings(launch->arguments);
    free_strings(launch->environment);
    free(launch->folder);
    raw_free(launch->kept);
    raw_free(launch->groups);
}

static Value subprocess_fork_exec(const Value *args, size_t count) {
    Launch launch = {.function = NONE};
    Failure failure;
    Value result = UNSET;
    if (take_arguments(args, &launch)) {
        pid_t pid = launch_program(&launch, &failure);
        result = pid < 0 ? raise_os_error(errno, UNSET, UNSET)
                         : tuple_pack(3, from_small_int(pid), from_small_int(failure.error),
                                      from_small_int(failure.stage));
    }
    launch_end(&launch);
    return result;
}

static const NativeDef functions[] = {
    FUNCTION("fork_exec",
             "args, programs, env, cwd, streams, close_fds, pass_fds, restore_signals, start_new_session, "
             "process_group, gid, groups, uid, umask, preexec_fn, /",
             subprocess_fork_exec, "Start a program: (process, errno or 0, stage at which it failed)."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return dict_set_utf8(dict, "STAGE_PREPARE", from_small_int(STAGE_PREPARE)) &&
           dict_set_utf8(dict, "STAGE_FUNCTION", from_small_int(STAGE_FUNCTION)) &&
           dict_set_utf8(dict, "STAGE_EXEC", from_small_int(STAGE_EXEC));
}

const ModuleDef mod__subprocess = {"_subprocess", "Starting a program in a child process.", functions, fill, NULL};
