/* posix: what fewer programs use: positions, vectors, owners, groups, priorities, limits and special descriptors. */
#include "stdlib/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pty.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"

enum { VECTOR_MAX = 1024 };

static Value done_or_error(int result) { return result < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE; }
static Value number_or_error(int64_t result) {
    return result < 0 ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(result);
}
static bool ints(const Value *args, int n, int *out) {
    for (int i = 0; i < n; i++)
        if (!fd_get(args[i], &out[i])) return false;
    return true;
}

/* Repeats an interrupted call; `failed` is its own condition. */
#define RETRY(row, call, failed)                        \
    do {                                                \
        BLOCKING_BEGIN(row)                             \
        call;                                           \
        BLOCKING_END                                    \
    } while ((failed) && errno == EINTR && safepoint_signals())

static Value count_or_error(ssize_t n) { return error_pending() ? UNSET : number_or_error(n); }

/* ---- reading and writing ---- */

static Value posix_pread(const Value *args, size_t count) {
    int fd;
    int64_t n, at;
    ssize_t got;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[1], &n) || !object_as_int64(args[2], &at)) return UNSET;
    if (n < 0) return raise_os_error(EINVAL, UNSET, UNSET);
    char *data = raw_allocate((size_t)n + 1);
    if (!data) return raise_memory_error();
    RETRY(os_read, got = pread(fd, data, (size_t)n, at), got < 0);
    Value result = error_pending() ? UNSET : got < 0 ? number_or_error(got) : bytes_from(data, (size_t)got);
    raw_free(data);
    return result;
}

static Value posix_pwrite(const Value *args, size_t count) {
    int fd;
    int64_t at;
    Buffer b;
    ssize_t put;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[2], &at) || !buffer_get(args[1], &b, false)) return UNSET;
    RETRY(os_write, put = pwrite(fd, b.data, b.length, at), put < 0);
    buffer_release(&b);
    return count_or_error(put);
}

/* Buffers of a list as the system wants them.  -1: failed. */
static int vector_get(Value list, bool writable, Buffer *buffers, struct iovec *parts) {
    int n = 0;
    for (; n < (int)as_list(list)->length; n++) {
        if (!buffer_get(as_list(list)->items[n], &buffers[n], writable)) {
            while (n > 0) buffer_release(&buffers[--n]);
            return -1;
        }
        parts[n] = (struct iovec){buffers[n].data, buffers[n].length};
    }
    return n;
}

static Value vector_call(const Value *args, bool reading) {
    int fd;
    ssize_t done;
    Buffer buffers[VECTOR_MAX];
    struct iovec parts[VECTOR_MAX];
    if (!fd_get(args[0], &fd)) return UNSET;
    Value list = list_from_iterable(args[1]);
    if (is_unset(list)) return UNSET;
    int n = as_list(list)->length > VECTOR_MAX ? (raise_os_error(EINVAL, UNSET, UNSET), -1)
                                               : vector_get(list, reading, buffers, parts);
    release(list);
    if (n < 0) return UNSET;
    if (reading) RETRY(os_read, done = readv(fd, parts, n), done < 0);
    else RETRY(os_write, done = writev(fd, parts, n), done < 0);
    while (n > 0) buffer_release(&buffers[--n]);
    return count_or_error(done);
}
static Value posix_readv(const Value *args, size_t count) { return vector_call(args, true); }
static Value posix_writev(const Value *args, size_t count) { return vector_call(args, false); }

static Value posix_sendfile(const Value *args, size_t count) {
    int fds[2];
    int64_t offset = 0, n;
    ssize_t sent;
    if (!ints(args, 2, fds) || !object_as_int64(args[3], &n)) return UNSET;
    if (!is_none(args[2]) && !object_as_int64(args[2], &offset)) return UNSET;
    off_t at = offset;
    RETRY(os_write, sent = sendfile(fds[0], fds[1], is_none(args[2]) ? NULL : &at, (size_t)n), sent < 0);
    return count_or_error(sent);
}

static Value posix_lockf(const Value *args, size_t count) {
    int in[2], result;
    int64_t n;
    if (!ints(args, 2, in) || !object_as_int64(args[2], &n)) return UNSET;
    RETRY(os_lock, result = lockf(in[0], in[1], n), result < 0);
    return error_pending() ? UNSET : done_or_error(result);
}

static Value posix_fallocate_(const Value *args, size_t count) {
    int fd, error;
    int64_t offset, n;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[1], &offset) || !object_as_int64(args[2], &n)) return UNSET;
    BLOCKING_BEGIN(os_truncate)
    error = posix_fallocate(fd, offset, n);
    BLOCKING_END
    return error ? raise_os_error(error, UNSET, UNSET) : NONE;
}

static Value posix_sync(const Value *args, size_t count) {
    BLOCKING_BEGIN(os_fsync)
    sync();
    BLOCKING_END
    return NONE;
}

/* ---- descriptors ---- */

static Value posix_pipe2(const Value *args, size_t count) {
    int flags, fds[2];
    if (!fd_get(args[0], &flags)) return UNSET;
    if (pipe2(fds, flags) < 0) return raise_os_error(errno, UNSET, UNSET);
    return tuple_pack(2, from_small_int(fds[0]), from_small_int(fds[1]));
}
static Value posix_openpty(const Value *args, size_t count) {
    int ends[2];
    if (openpty(&ends[0], &ends[1], NULL, NULL, NULL) < 0) return raise_os_error(errno, UNSET, UNSET);
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return tuple_pack(2, from_small_int(ends[0]), from_small_int(ends[1]));
}
static Value posix_closerange(const Value *args, size_t count) {
    int in[2];
    if (!ints(args, 2, in)) return UNSET;
    for (int fd = in[0] < 0 ? 0 : in[0]; fd < in[1]; fd++) close(fd);
    return NONE;
}
static Value posix_ttyname(const Value *args, size_t count) {
    int fd;
    char name[PATH_MAX];
    if (!fd_get(args[0], &fd)) return UNSET;
    int error = ttyname_r(fd, name, sizeof name);
    return error ? raise_os_error(error, UNSET, UNSET) : path_value(name, false);
}
static Value posix_ctermid(const Value *args, size_t count) {
    char name[L_ctermid];
    return path_value(ctermid(name), false);
}
static Value posix_eventfd(const Value *args, size_t count) {
    int in[2] = {0, EFD_CLOEXEC};
    if (!fd_get(args[0], &in[0]) || (is_set(args[1]) && !fd_get(args[1], &in[1]))) return UNSET;
    return number_or_error(eventfd((unsigned)in[0], in[1]));
}
static Value posix_eventfd_read(const Value *args, size_t count) {
    int fd, result;
    eventfd_t value;
    if (!fd_get(args[0], &fd)) return UNSET;
    RETRY(os_read, result = eventfd_read(fd, &value), result < 0);
    return error_pending() ? UNSET : result < 0 ? number_or_error(result) : int_from_uint64(value);
}
static Value posix_eventfd_write(const Value *args, size_t count) {
    int fd, result;
    uint64_t value;
    if (!fd_get(args[0], &fd) || !int_as_uint64(args[1], &value)) return UNSET;
    RETRY(os_write, result = eventfd_write(fd, value), result < 0);
    return error_pending() ? UNSET : done_or_error(result);
}
static Value posix_memfd_create(const Value *args, size_t count) {
    Path name;
    int flags = MFD_CLOEXEC;
    if ((is_set(args[1]) && !fd_get(args[1], &flags)) || !path_get(args[0], "memfd_create", &name)) return UNSET;
    int fd = memfd_create(name.text, (unsigned)flags);
    path_release(&name);
    return number_or_error(fd);
}
static Value posix_pidfd_open(const Value *args, size_t count) {
    int in[2] = {0, 0};
    if (!fd_get(args[0], &in[0]) || (is_set(args[1]) && !fd_get(args[1], &in[1]))) return UNSET;
    return number_or_error(syscall(SYS_pidfd_open, in[0], in[1]));
}
static Value posix_fchdir(const Value *args, size_t count) {
    int fd;
    return fd_get(args[0], &fd) ? done_or_error(fchdir(fd)) : UNSET;
}
static Value posix_fchmod(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? done_or_error(fchmod(in[0], (mode_t)in[1])) : UNSET;
}

/* ---- owners and special files ---- */

static Value own(const Value *args, const char *function, bool follow) {
    int ids[2], fd;
    Path path;
    if (!ints(args + 1, 2, ids)) return UNSET;
    if (int_is(args[0])) return fd_get(args[0], &fd) ? done_or_error(fchown(fd, (uid_t)ids[0], (gid_t)ids[1])) : UNSET;
    if (!path_get(args[0], function, &path)) return UNSET;
    int failed = (follow ? chown : lchown)(path.text, (uid_t)ids[0], (gid_t)ids[1]);
    path_release(&path);
    return failed ? path_error(args[0]) : NONE;
}
static Value posix_chown(const Value *args, size_t count) { return own(args, "chown", true); }
static Value posix_lchown(const Value *args, size_t count) { return own(args, "lchown", false); }

static Value posix_mknod(const Value *args, size_t count) {
    int mode = 0600;
    int64_t device = 0;
    Path path;
    if ((is_set(args[1]) && !fd_get(args[1], &mode)) || (is_set(args[2]) && !object_as_int64(args[2], &device)) ||
        !path_get(args[0], "mknod", &path))
        return UNSET;
    int failed = mknod(path.text, (mode_t)mode, (dev_t)device);
    path_release(&path);
    return failed ? path_error(args[0]) : NONE;
}
static Value posix_major(const Value *args, size_t count) {
    uint64_t device;
    return int_as_uint64(args[0], &device) ? from_small_int(major(device)) : UNSET;
}
static Value posix_minor(const Value *args, size_t count) {
    uint64_t device;
    return int_as_uint64(args[0], &device) ? from_small_int(minor(device)) : UNSET;
}
static Value posix_makedev(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? int_from_uint64(makedev((unsigned)in[0], (unsigned)in[1])) : UNSET;
}

static const char *const statvfs_fields[] = {"f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files",
                                             "f_ffree", "f_favail", "f_flag",   "f_namemax", "f_fsid"};
StructSequence statvfs_result = STRUCT_SEQUENCE("os.statvfs_result", "Status of a file system.", statvfs_fields, 10, 11);

static Value posix_statvfs(const Value *args, size_t count) {
    struct statvfs s;
    Path path;
    int failed, fd;
    if (int_is(args[0])) {
        if (!fd_get(args[0], &fd)) return UNSET;
        if (fstatvfs(fd, &s) < 0) return raise_os_error(errno, UNSET, UNSET);
    } else {
        if (!path_get(args[0], "statvfs", &path)) return UNSET;
        BLOCKING_BEGIN(os_files)
        failed = statvfs(path.text, &s);
        BLOCKING_END
        path_release(&path);
        if (failed) return path_error(args[0]);
    }
    const uint64_t numbers[] = {s.f_bsize, s.f_frsize, s.f_blocks, s.f_bfree, s.f_bavail, s.f_files,
                                s.f_ffree, s.f_favail, s.f_flag,   s.f_namemax, s.f_fsid};
    Value items[11];
    for (int i = 0; i < 11; i++) items[i] = int_from_uint64(numbers[i]);
    return struct_sequence_new(&statvfs_result, items);
}

/* ---- users, groups, priorities ---- */

#define SETTER(name, type)                                                   \
    static Value posix_##name(const Value *args, size_t count) {             \
        int id;                                                              \
        return fd_get(args[0], &id) ? done_or_error(name((type)id)) : UNSET; \
    }
SETTER(setuid, uid_t)
SETTER(setgid, gid_t)
SETTER(seteuid, uid_t)
SETTER(setegid, gid_t)

static Value posix_setreuid(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? done_or_error(setreuid((uid_t)in[0], (uid_t)in[1])) : UNSET;
}
static Value posix_setregid(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? done_or_error(setregid((gid_t)in[0], (gid_t)in[1])) : UNSET;
}
static Value posix_setpgid(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? done_or_error(setpgid(in[0], in[1])) : UNSET;
}
static Value posix_setpgrp(const Value *args, size_t count) { return done_or_error(setpgid(0, 0)); }
static Value posix_getsid(const Value *args, size_t count) {
    int pid;
    return fd_get(args[0], &pid) ? number_or_error(getsid(pid)) : UNSET;
}
static Value posix_getgroups(const Value *args, size_t count) {
    gid_t groups[NGROUPS_MAX];
    int n = getgroups(NGROUPS_MAX, groups);
    if (n < 0) return raise_os_error(errno, UNSET, UNSET);
    Value list = list_new((size_t)n);
    for (int i = 0; i < n && is_set(list); i++)
        if (!list_append(list, from_small_int(groups[i]))) clear(&list);
    return list;
}
static Value posix_nice(const Value *args, size_t count) {
    int step;
    if (!fd_get(args[0], &step)) return UNSET;
    errno = 0;
    int level = nice(step);
    return level == -1 && errno ? raise_os_error(errno, UNSET, UNSET) : from_small_int(level);
}
static Value posix_getpriority(const Value *args, size_t count) {
    int in[2];
    if (!ints(args, 2, in)) return UNSET;
    errno = 0;
    int level = getpriority((__priority_which_t)in[0], (id_t)in[1]);
    return level == -1 && errno ? raise_os_error(errno, UNSET, UNSET) : from_small_int(level);
}
static Value posix_setpriority(const Value *args, size_t count) {
    int in[3];
    return ints(args, 3, in) ? done_or_error(setpriority((__priority_which_t)in[0], (id_t)in[1], in[2])) : UNSET;
}
static Value posix_sched_setaffinity(const Value *args, size_t count) {
    cpu_set_t set;
    int pid, cpu;
    if (!fd_get(args[0], &pid)) return UNSET;
    Value list = list_from_iterable(args[1]);
    if (is_unset(list)) return UNSET;
    CPU_ZERO(&set);
    bool done = true;
    for (size_t i = 0; done && i < as_list(list)->length; i++) {
        done = fd_get(as_list(list)->items[i], &cpu);
        if (done && (cpu < 0 || cpu >= CPU_SETSIZE)) done = (raise_value_error("negative CPU number"), false);
        if (done) CPU_SET(cpu, &set);
    }
    release(list);
    return done ? done_or_error(sched_setaffinity(pid, sizeof set, &set)) : UNSET;
}
static Value posix_tcgetpgrp(const Value *args, size_t count) {
    int fd;
    return fd_get(args[0], &fd) ? number_or_error(tcgetpgrp(fd)) : UNSET;
}
static Value posix_tcsetpgrp(const Value *args, size_t count) {
    int in[2];
    return ints(args, 2, in) ? done_or_error(tcsetpgrp(in[0], in[1])) : UNSET;
}

/* ---- waiting ---- */

static const char *const waitid_fields[] = {"si_pid", "si_uid", "si_signo", "si_status", "si_code"};
StructSequence waitid_result = STRUCT_SEQUENCE("os.waitid_result", "How a child process ended.", waitid_fields, 5, 5);

static Value posix_waitid(const Value *args, size_t count) {
    int in[3], result;
    siginfo_t info = {0};
    if (!ints(args, 3, in)) return UNSET;
    RETRY(os_wait, result = waitid((idtype_t)in[0], (id_t)in[1], &info, in[2]), result < 0);
    if (error_pending() || result < 0) return error_pending() ? UNSET : number_or_error(result);
    if (info.si_pid == 0) return NONE;
    Value items[] = {from_small_int(info.si_pid), from_small_int(info.si_uid), from_small_int(info.si_signo),
                     from_small_int(info.si_status), from_small_int(info.si_code)};
    return struct_sequence_new(&waitid_result, items);
}

/* ---- the machine ---- */

static Value posix_getrandom(const Value *args, size_t count) {
    int in[2] = {0, 0};
    if (!fd_get(args[0], &in[0]) || (is_set(args[1]) && !fd_get(args[1], &in[1]))) return UNSET;
    if (in[0] < 0) return raise_os_error(EINVAL, UNSET, UNSET);
    Value bytes = bytes_from(NULL, (size_t)in[0]);
    if (is_unset(bytes)) return UNSET;
    ssize_t got = getrandom(as_bytes(bytes)->data, (size_t)in[0], (unsigned)in[1]);
    Value result = got < 0 ? raise_os_error(errno, UNSET, UNSET) : bytes_from(as_bytes(bytes)->data, (size_t)got);
    release(bytes);
    return result;
}

static const struct {
    const char *name;
    int number;
} limits[] = {
#define ROW(name) {#name, _##name}
    ROW(SC_ARG_MAX), ROW(SC_CHILD_MAX), ROW(SC_CLK_TCK), ROW(SC_HOST_NAME_MAX), ROW(SC_IOV_MAX), ROW(SC_LINE_MAX),
    ROW(SC_LOGIN_NAME_MAX), ROW(SC_NGROUPS_MAX), ROW(SC_NPROCESSORS_CONF), ROW(SC_NPROCESSORS_ONLN), ROW(SC_OPEN_MAX),
    ROW(SC_PAGESIZE), ROW(SC_PAGE_SIZE), ROW(SC_PHYS_PAGES), ROW(SC_AVPHYS_PAGES), ROW(SC_SYMLOOP_MAX),
    ROW(SC_THREAD_STACK_MIN), ROW(SC_TTY_NAME_MAX), ROW(SC_VERSION), ROW(SC_MONOTONIC_CLOCK),
#undef ROW
};

static Value posix_sysconf_names(const Value *args, size_t count) {
    Value dict = dict_new();
    for (size_t i = 0; i < sizeof limits / sizeof *limits && is_set(dict); i++)
        if (!dict_set_utf8(dict, limits[i].name, from_small_int(limits[i].number))) clear(&dict);
    return dict;
}
static Value posix_sysconf(const Value *args, size_t count) {
    int number = -1;
    if (!str_is(args[0]) && !fd_get(args[0], &number)) return UNSET;
    for (size_t i = 0; str_is(args[0]) && i < sizeof limits / sizeof *limits; i++)
        if (str_equal_ascii(args[0], limits[i].name)) number = limits[i].number;
    if (str_is(args[0]) && number < 0) return raise_value_error("unrecognized configuration name");
    errno = 0;
    long value = sysconf(number);
    return value == -1 && errno ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(value);
}

const NativeDef posix_system_functions[] = {
    FUNCTION("pread", "fd, length, offset, /", posix_pread, "Read from a descriptor at a position."),
    FUNCTION("pwrite", "fd, data, offset, /", posix_pwrite, "Write to a descriptor at a position."),
    FUNCTION("readv", "fd, buffers, /", posix_readv, "Read into several buffers."),
    FUNCTION("writev", "fd, buffers, /", posix_writev, "Write several buffers."),
    FUNCTION("sendfile", "out_fd, in_fd, offset, count", posix_sendfile, "Copy from one descriptor to another."),
    FUNCTION("lockf", "fd, command, length, /", posix_lockf, "Lock a part of a file."),
    FUNCTION("posix_fallocate", "fd, offset, length, /", posix_fallocate_, "Make room for a file on the disk."),
    FUNCTION("sync", "", posix_sync, "Force everything that was written to the disk."),
    FUNCTION("pipe2", "flags, /", posix_pipe2, "Create a pipe with flags."),
    FUNCTION("openpty", "", posix_openpty, "Create a pseudo-terminal: both ends."),
    FUNCTION("closerange", "fd_low, fd_high, /", posix_closerange, "Close descriptors."),
    FUNCTION("ttyname", "fd, /", posix_ttyname, "The name of a terminal."),
    FUNCTION("ctermid", "", posix_ctermid, "The name of the controlling terminal."),
    FUNCTION("eventfd", "initval, flags=EFD_CLOEXEC", posix_eventfd, "A counter as a descriptor."),
    FUNCTION("eventfd_read", "fd", posix_eventfd_read, "Take the counter."),
    FUNCTION("eventfd_write", "fd, value", posix_eventfd_write, "Add to the counter."),
    FUNCTION("memfd_create", "name, flags=MFD_CLOEXEC", posix_memfd_create, "A file in memory."),
    FUNCTION("pidfd_open", "pid, flags=0", posix_pidfd_open, "A descriptor of a process."),
    FUNCTION("fchdir", "fd", posix_fchdir, "Change the working folder."),
    FUNCTION("fchmod", "fd, mode", posix_fchmod, "Change the permissions."),
    FUNCTION("chown", "path, uid, gid, *, dir_fd=None, follow_symlinks=True", posix_chown, "Change the owner."),
    FUNCTION("fchown", "fd, uid, gid", posix_chown, "Change the owner."),
    FUNCTION("lchown", "path, uid, gid", posix_lchown, "Change the owner of a link."),
    FUNCTION("mknod", "path, mode=384, device=0, *, dir_fd=None", posix_mknod, "Make a special file."),
    FUNCTION("major", "device, /", posix_major, "The driver of a device."),
    FUNCTION("minor", "device, /", posix_minor, "The unit of a device."),
    FUNCTION("makedev", "major, minor, /", posix_makedev, "The number of a device."),
    FUNCTION("statvfs", "path", posix_statvfs, "Status of the file system of a file."),
    FUNCTION("fstatvfs", "fd, /", posix_statvfs, "Status of the file system of a descriptor."),
    FUNCTION("setuid", "uid, /", posix_setuid, "Set the user."),
    FUNCTION("setgid", "gid, /", posix_setgid, "Set the group."),
    FUNCTION("seteuid", "euid, /", posix_seteuid, "Set the effective user."),
    FUNCTION("setegid", "egid, /", posix_setegid, "Set the effective group."),
    FUNCTION("setreuid", "ruid, euid, /", posix_setreuid, "Set the users."),
    FUNCTION("setregid", "rgid, egid, /", posix_setregid, "Set the groups."),
    FUNCTION("setpgid", "pid, pgrp, /", posix_setpgid, "Set the process group of a process."),
    FUNCTION("setpgrp", "", posix_setpgrp, "Start a process group."),
    FUNCTION("getsid", "pid, /", posix_getsid, "The session of a process."),
    FUNCTION("getgroups", "", posix_getgroups, "The groups of this process."),
    FUNCTION("nice", "increment, /", posix_nice, "Change the priority."),
    FUNCTION("getpriority", "which, who", posix_getpriority, "A priority."),
    FUNCTION("setpriority", "which, who, priority", posix_setpriority, "Set a priority."),
    FUNCTION("sched_setaffinity", "pid, mask, /", posix_sched_setaffinity, "Set the processors a process may use."),
    FUNCTION("tcgetpgrp", "fd, /", posix_tcgetpgrp, "The process group in front of a terminal."),
    FUNCTION("tcsetpgrp", "fd, pgid, /", posix_tcsetpgrp, "Set the process group in front of a terminal."),
    FUNCTION("waitid", "idtype, id, options, /", posix_waitid, "Wait for a change of a child process."),
    FUNCTION("getrandom", "size, flags=0", posix_getrandom, "Random bytes of the system."),
    FUNCTION("_sysconf_names", "", posix_sysconf_names, "The names that sysconf() knows."),
    FUNCTION("sysconf", "name, /", posix_sysconf, "A limit of the system."),
    NATIVE_END,
};
