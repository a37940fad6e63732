/* posix: descriptors, files and folders. */
#include "stdlib/posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "stdlib/struct_sequence.h"

/* ---- arguments and results ---- */

bool path_get(Value v, const char *function, Path *out) {
    *out = (Path){NULL, UNSET, false};
    Value path = retain(v);
    if (!str_is(v) && !bytes_is(v)) {
        char message[128];
        snprintf(message, sizeof message, "%s: path should be string, bytes, os.PathLike or integer, not %%s",
                 function);
        release(path);
        if (is_unset(path = call_special(v, names.__fspath__, NULL, 0, message))) return false;
    }
    out->is_bytes = bytes_is(path);
    out->holder = out->is_bytes ? path : str_encode(path, "utf-8", "surrogateescape");
    if (!out->is_bytes) release(path);
    if (is_unset(out->holder)) return false;
    out->text = (const char *)as_bytes(out->holder)->data;
    if (strlen(out->text) == as_bytes(out->holder)->length) return true;
    path_release(out);
    return raise_value_error("embedded null byte"), false;
}
void path_release(Path *path) { clear(&path->holder); }

Value path_value(const char *text, bool as_bytes) {
    return as_bytes ? bytes_from(text, strlen(text)) : str_decode(text, strlen(text), "utf-8", "surrogateescape");
}
Value path_error(Value path) {
    int number = errno;
    bool plain = str_is(path) || bytes_is(path) || !is_object(path);
    Value shown = plain ? retain(path) : call_special(path, names.__fspath__, NULL, 0, "%s");
    if (is_set(shown)) raise_os_error(number, shown, UNSET);
    release(shown);
    return UNSET;
}

bool fd_get(Value v, int *out) {
    int64_t n;
    if (!object_as_int64(v, &n)) return false;
    if (n > INT_MAX || n < INT_MIN) return raise_overflow_error("signed integer is greater than maximum"), false;
    *out = (int)n;
    return true;
}

static bool int_or(Value v, int fallback, int *out) {
    *out = fallback;
    return is_unset(v) || fd_get(v, out);
}

static Value done_or_error(int result) { return result < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE; }

/* Repeats an interrupted call; `failed` is its own condition. */
#define RETRY(row, call, failed)                        \
    do {                                                \
        BLOCKING_BEGIN(row)                             \
        call;                                           \
        BLOCKING_END                                    \
    } while ((failed) && errno == EINTR && safepoint_signals())

/* ---- descriptors ---- */

static Value posix_open(const Value *args, size_t count) {
    Path path;
    int flags, mode, fd;
    if (!fd_get(args[1], &flags) || !int_or(args[2], 0777, &mode) || !path_get(args[0], "open", &path)) return UNSET;
    RETRY(os_open, fd = open(path.text, flags | O_CLOEXEC, mode), fd < 0);
    path_release(&path);
    return fd < 0 ? error_pending() ? UNSET : path_error(args[0]) : from_small_int(fd);
}

static Value posix_close(const Value *args, size_t count) {
    int fd, result;
    if (!fd_get(args[0], &fd)) return UNSET;
    BLOCKING_BEGIN(os_close)
    result = close(fd);
    BLOCKING_END
    return done_or_error(result);
}

static Value posix_read(const Value *args, size_t count) {
    int fd;
    int64_t n;
    ssize_t got;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[1], &n)) return UNSET;
    if (n < 0) return errno = EINVAL, raise_os_error(errno, UNSET, UNSET);
    char *data = raw_allocate((size_t)n);
    if (!data) return raise_memory_error();
    RETRY(os_read, got = read(fd, data, (size_t)n), got < 0);
    Value result = error_pending() ? UNSET
                   : got < 0       ? raise_os_error(errno, UNSET, UNSET)
                                   : bytes_from(data, (size_t)got);
    raw_free(data);
    return result;
}

static Value posix_write(const Value *args, size_t count) {
    int fd;
    Buffer from;
    ssize_t put;
    if (!fd_get(args[0], &fd) || !buffer_get(args[1], &from, false)) return UNSET;
    RETRY(os_write, put = write(fd, from.data, from.length), put < 0);
    int error = errno;
    buffer_release(&from);
    return error_pending() ? UNSET : put < 0 ? raise_os_error(error, UNSET, UNSET) : from_small_int(put);
}

static Value posix_lseek(const Value *args, size_t count) {
    int fd, whence;
    int64_t offset;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[1], &offset) || !fd_get(args[2], &whence)) return UNSET;
    off_t at = lseek(fd, offset, whence);
    return at < 0 ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(at);
}

static Value posix_pipe(const Value *args, size_t count) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return raise_os_error(errno, UNSET, UNSET);
    return tuple_pack(2, from_small_int(fds[0]), from_small_int(fds[1]));
}
static Value posix_dup(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? raise_os_error(errno, UNSET, UNSET) : from_small_int(copy);
}
static Value posix_dup2(const Value *args, size_t count) {
    int from, to;
    if (!fd_get(args[0], &from) || !fd_get(args[1], &to)) return UNSET;
    int inheritable = is_set(args[2]) ? object_truth(args[2]) : 1;
    int copy = inheritable ? dup2(from, to) : dup3(from, to, O_CLOEXEC);
    return copy < 0 ? raise_os_error(errno, UNSET, UNSET) : from_small_int(copy);
}
static Value posix_isatty(const Value *args, size_t count) {
    int fd;
    return fd_get(args[0], &fd) ? from_bool(isatty(fd)) : UNSET;
}
static Value posix_fsync(const Value *args, size_t count) {
    int fd, result;
    if (!fd_get(args[0], &fd)) return UNSET;
    RETRY(os_fsync, result = fsync(fd), result < 0);
    return error_pending() ? UNSET : done_or_error(result);
}
static Value posix_ftruncate(const Value *args, size_t count) {
    int fd, result;
    int64_t n;
    if (!fd_get(args[0], &fd) || !object_as_int64(args[1], &n)) return UNSET;
    RETRY(os_truncate, result = ftruncate(fd, n), result < 0);
    return error_pending() ? UNSET : done_or_error(result);
}
static Value posix_set_blocking(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int flags = fcntl(fd, F_GETFL), on = object_truth(args[1]);
    return done_or_error(flags < 0 ? -1 : fcntl(fd, F_SETFL, on ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}
static Value posix_get_blocking(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? raise_os_error(errno, UNSET, UNSET) : from_bool(!(flags & O_NONBLOCK));
}
static Value posix_set_inheritable(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int flags = fcntl(fd, F_GETFD), on = object_truth(args[1]);
    return done_or_error(flags < 0 ? -1 : fcntl(fd, F_SETFD, on ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC));
}
static Value posix_get_inheritable(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 ? raise_os_error(errno, UNSET, UNSET) : from_bool(!(flags & FD_CLOEXEC));
}
/* ---- stat ---- */

static const char *const stat_fields[] = {
    "st_mode",        "st_ino",         "st_dev",         "st_nlink",  "st_uid",   "st_gid",   "st_size",
    "_integer_atime", "_integer_mtime", "_integer_ctime", "st_atime",  "st_mtime", "st_ctime", "st_atime_ns",
    "st_mtime_ns",    "st_ctime_ns",    "st_blksize",     "st_blocks", "st_rdev",
};
StructSequence stat_result = STRUCT_SEQUENCE("os.stat_result", "Status of a file.", stat_fields, 10, 19);
static const char *const size_fields[] = {"columns", "lines"};
StructSequence terminal_size = STRUCT_SEQUENCE("os.terminal_size", "Size of a terminal.", size_fields, 2, 2);

static Value stat_tuple(const struct stat *s) {
    double atime = (double)s->st_atim.tv_sec + (double)s->st_atim.tv_nsec * 1e-9;
    double mtime = (double)s->st_mtim.tv_sec + (double)s->st_mtim.tv_nsec * 1e-9;
    double ctime_seconds = (double)s->st_ctim.tv_sec + (double)s->st_ctim.tv_nsec * 1e-9;
    Value items[] = {
        from_small_int(s->st_mode),
        int_from_uint64(s->st_ino),
        int_from_uint64(s->st_dev),
        int_from_uint64(s->st_nlink),
        from_small_int(s->st_uid),
        from_small_int(s->st_gid),
        int_from_int64(s->st_size),
        int_from_int64(s->st_atim.tv_sec),
        int_from_int64(s->st_mtim.tv_sec),
        int_from_int64(s->st_ctim.tv_sec),
        from_double(atime),
        from_double(mtime),
        from_double(ctime_seconds),
        int_from_int64(s->st_atim.tv_sec * INT64_C(1000000000) + s->st_atim.tv_nsec),
        int_from_int64(s->st_mtim.tv_sec * INT64_C(1000000000) + s->st_mtim.tv_nsec),
        int_from_int64(s->st_ctim.tv_sec * INT64_C(1000000000) + s->st_ctim.tv_nsec),
        int_from_int64(s->st_blksize),
        int_from_int64(s->st_blocks),
        int_from_uint64(s->st_rdev),
    };
    return struct_sequence_new(&stat_result, items);
}

static Value posix_terminal_size(const Value *args, size_t count) {
    int fd;
    struct winsize size;
    if (!int_or(args[0], STDOUT_FILENO, &fd)) return UNSET;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return raise_os_error(errno, UNSET, UNSET);
    Value items[] = {from_small_int(size.ws_col), from_small_int(size.ws_row)};
    return struct_sequence_new(&terminal_size, items);
}

static Value stat_path(Value v, const char *function, bool follow) {
    struct stat status;
    Path path;
    int failed, fd;
    if (int_is(v)) {
        if (!fd_get(v, &fd)) return UNSET;
        return fstat(fd, &status) < 0 ? raise_os_error(errno, UNSET, UNSET) : stat_tuple(&status);
    }
    if (!path_get(v, function, &path)) return UNSET;
    BLOCKING_BEGIN(os_files)
    failed = follow ? stat(path.text, &status) : lstat(path.text, &status);
    BLOCKING_END
    path_release(&path);
    return failed ? path_error(v) : stat_tuple(&status);
}
static Value posix_stat(const Value *args, size_t count) {
    return stat_path(args[0], "stat", is_unset(args[2]) || object_truth(args[2]));
}
static Value posix_lstat(const Value *args, size_t count) { return stat_path(args[0], "lstat", false); }
static Value posix_fstat(const Value *args, size_t count) { return stat_path(args[0], "fstat", true); }

/* ---- names ---- */

static Value with_path(Value v, const char *function, int (*operation)(const char *)) {
    Path path;
    int failed;
    if (!path_get(v, function, &path)) return UNSET;
    BLOCKING_BEGIN(os_files)
    failed = operation(path.text);
    BLOCKING_END
    path_release(&path);
    return failed ? path_error(v) : NONE;
}
static Value posix_unlink(const Value *args, size_t count) { return with_path(args[0], "unlink", unlink); }
static Value posix_remove(const Value *args, size_t count) { return with_path(args[0], "remove", unlink); }
static Value posix_rmdir(const Value *args, size_t count) { return with_path(args[0], "rmdir", rmdir); }
static Value posix_chdir(const Value *args, size_t count) { return with_path(args[0], "chdir", chdir); }

static Value with_two(const Value *args, const char *function, int (*operation)(const char *, const char *)) {
    Path from, to;
    int failed;
    if (!path_get(args[0], function, &from)) return UNSET;
    if (!path_get(args[1], function, &to)) return path_release(&from), UNSET;
    BLOCKING_BEGIN(os_files)
    failed = operation(from.text, to.text);
    BLOCKING_END
    path_release(&from);
    path_release(&to);
    return failed ? raise_os_error(errno, args[0], args[1]) : NONE;
}
static Value posix_rename(const Value *args, size_t count) { return with_two(args, "rename", rename); }
static Value posix_replace(const Value *args, size_t count) { return with_two(args, "replace", rename); }
static Value posix_link(const Value *args, size_t count) { return with_two(args, "link", link); }
static Value posix_symlink(const Value *args, size_t count) { return with_two(args, "symlink", symlink); }

static Value with_mode(const Value *args, const char *function, int fallback, int (*operation)(const char *, mode_t)) {
    Path path;
    int mode, failed;
    if (!int_or(args[1], fallback, &mode) || !path_get(args[0], function, &path)) return UNSET;
    BLOCKING_BEGIN(os_files)
    failed = operation(path.text, (mode_t)mode);
    BLOCKING_END
    path_release(&path);
    return failed ? path_error(args[0]) : NONE;
}
static Value posix_mkdir(const Value *args, size_t count) { return with_mode(args, "mkdir", 0777, mkdir); }
static Value posix_chmod(const Value *args, size_t count) { return with_mode(args, "chmod", 0, chmod); }
static Value posix_mkfifo(const Value *args, size_t count) { return with_mode(args, "mkfifo", 0666, mkfifo); }

static Value posix_readlink(const Value *args, size_t count) {
    Path path;
    char target[PATH_MAX + 1];
    if (!path_get(args[0], "readlink", &path)) return UNSET;
    ssize_t n;
    BLOCKING_BEGIN(os_files)
    n = readlink(path.text, target, PATH_MAX);
    BLOCKING_END
    path_release(&path);
    if (n < 0) return path_error(args[0]);
    target[n] = 0;
    return path_value(target, path.is_bytes);
}

static Value posix_realpath(const Value *args, size_t count) {
    Path path;
    if (!path_get(args[0], "realpath", &path)) return UNSET;
    char *real;
    BLOCKING_BEGIN(os_files)
    real = realpath(path.text, NULL);
    BLOCKING_END
    path_release(&path);
    if (!real) return path_error(args[0]);
    Value result = path_value(real, path.is_bytes);
    free(real);
    return result;
}

static Value posix_access(const Value *args, size_t count) {
    Path path;
    int mode;
    if (!fd_get(args[1], &mode) || !path_get(args[0], "access", &path)) return UNSET;
    int denied;
    BLOCKING_BEGIN(os_files)
    denied = access(path.text, mode);
    BLOCKING_END
    path_release(&path);
    return from_bool(!denied);
}

static Value posix_truncate(const Value *args, size_t count) {
    Path path;
    int64_t n;
    if (int_is(args[0])) return posix_ftruncate(args, count);
    if (!object_as_int64(args[1], &n) || !path_get(args[0], "truncate", &path)) return UNSET;
    int failed;
    BLOCKING_BEGIN(os_truncate)
    failed = truncate(path.text, n);
    BLOCKING_END
    path_release(&path);
    return failed ? path_error(args[0]) : NONE;
}

/* args: path, atime_ns, mtime_ns; None, None: now. */
static Value posix_utime(const Value *args, size_t count) {
    struct timespec times[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    Path path;
    for (int i = 0; i < 2 && !is_none(args[1 + i]); i++) {
        int64_t ns;
        if (!object_as_int64(args[1 + i], &ns)) return UNSET;
        times[i] = (struct timespec){ns / 1000000000, ns % 1000000000};
    }
    if (!path_get(args[0], "utime", &path)) return UNSET;
    int failed;
    BLOCKING_BEGIN(os_files)
    failed = utimensat(AT_FDCWD, path.text, times, 0);
    BLOCKING_END
    path_release(&path);
    return failed ? path_error(args[0]) : NONE;
}

static Value posix_getcwd(const Value *args, size_t count) {
    char folder[PATH_MAX];
    return getcwd(folder, sizeof folder) ? path_value(folder, false) : raise_os_error(errno, UNSET, UNSET);
}

/* NULL at the end. */
static struct dirent *next_entry(DIR *folder) {
    struct dirent *entry;
    errno = 0;
    BLOCKING_BEGIN(os_files)
    entry = readdir(folder);
    BLOCKING_END
    return entry;
}

/* Names in a folder, each with its kind: [(name, d_type), ...]. */
static Value read_folder(DIR *folder, bool as_bytes, bool kinds) {
    Value list = list_new(0);
    struct dirent *entry;
    while (is_set(list) && (entry = next_entry(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        Value name = path_value(entry->d_name, as_bytes);
        if (is_set(name) && kinds) {
            Value pair = tuple_pack(3, name, from_small_int(entry->d_type), int_from_uint64(entry->d_ino));
            release(name);
            name = pair;
        }
        if (is_unset(name) || !list_append_steal(list, name)) clear(&list);
    }
    return list;
}

static Value list_folder(Value v, const char *function, bool kinds) {
    Path path = {".", UNSET, false};
    if (is_set(v) && !is_none(v) && !path_get(v, function, &path)) return UNSET;
    DIR *folder;
    BLOCKING_BEGIN(os_files)
    folder = opendir(path.text);
    BLOCKING_END
    path_release(&path);
    if (!folder) return path_error(is_set(v) && !is_none(v) ? v : UNSET);
    Value list = read_folder(folder, path.is_bytes, kinds);
    closedir(folder);
    return list;
}
static Value posix_listdir(const Value *args, size_t count) { return list_folder(args[0], "listdir", false); }
static Value posix_scan(const Value *args, size_t count) { return list_folder(args[0], "scandir", true); }

const NativeDef posix_file_functions[] = {
    FUNCTION("open", "path, flags, mode=511", posix_open, "Open a file; returns a descriptor."),
    FUNCTION("close", "fd", posix_close, "Close a descriptor."),
    FUNCTION("read", "fd, length, /", posix_read, "Read from a descriptor."),
    FUNCTION("write", "fd, data, /", posix_write, "Write to a descriptor."),
    FUNCTION("lseek", "fd, position, how, /", posix_lseek, "Set the position of a descriptor."),
    FUNCTION("pipe", "", posix_pipe, "Create a pipe: (read end, write end)."),
    FUNCTION("dup", "fd, /", posix_dup, "Copy a descriptor."),
    FUNCTION("dup2", "fd, fd2, inheritable=True", posix_dup2, "Copy a descriptor to a given number."),
    FUNCTION("isatty", "fd, /", posix_isatty, "Is it a terminal?"),
    FUNCTION("fsync", "fd", posix_fsync, "Force what was written to the disk."),
    FUNCTION("fdatasync", "fd", posix_fsync, "Force what was written to the disk."),
    FUNCTION("ftruncate", "fd, length, /", posix_ftruncate, "Set the size of a file."),
    FUNCTION("set_blocking", "fd, blocking, /", posix_set_blocking, "Set the blocking mode."),
    FUNCTION("get_blocking", "fd, /", posix_get_blocking, "The blocking mode."),
    FUNCTION("set_inheritable", "fd, inheritable, /", posix_set_inheritable,
             "Set whether programs that are executed inherit it."),
    FUNCTION("get_inheritable", "fd, /", posix_get_inheritable, "Do programs that are executed inherit it?"),
    FUNCTION("get_terminal_size", "fd=1, /", posix_terminal_size, "(columns, lines)"),
    FUNCTION("stat", "path, *, dir_fd=None, follow_symlinks=True", posix_stat, "Status of a file."),
    FUNCTION("lstat", "path, *, dir_fd=None", posix_lstat, "Status of a file or link."),
    FUNCTION("fstat", "fd", posix_fstat, "Status of a descriptor."),
    FUNCTION("unlink", "path, *, dir_fd=None", posix_unlink, "Remove a file."),
    FUNCTION("remove", "path, *, dir_fd=None", posix_remove, "Remove a file."),
    FUNCTION("rmdir", "path, *, dir_fd=None", posix_rmdir, "Remove a folder."),
    FUNCTION("chdir", "path", posix_chdir, "Change the working folder."),
    FUNCTION("rename", "src, dst, *, src_dir_fd=None, dst_dir_fd=None", posix_rename, "Rename a file."),
    FUNCTION("replace", "src, dst, *, src_dir_fd=None, dst_dir_fd=None", posix_replace, "Rename a file over another."),
    FUNCTION("link", "src, dst", posix_link, "Make a hard link."),
    FUNCTION("symlink", "src, dst, target_is_directory=False, *, dir_fd=None", posix_symlink, "Make a symbolic link."),
    FUNCTION("mkdir", "path, mode=511, *, dir_fd=None", posix_mkdir, "Make a folder."),
    FUNCTION("chmod", "path, mode, *, dir_fd=None, follow_symlinks=True", posix_chmod, "Change the permissions."),
    FUNCTION("mkfifo", "path, mode=438, *, dir_fd=None", posix_mkfifo, "Make a named pipe."),
    FUNCTION("readlink", "path, *, dir_fd=None", posix_readlink, "Where a symbolic link points."),
    FUNCTION("_realpath", "path, /", posix_realpath, "The path without links."),
    FUNCTION("access", "path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True", posix_access,
             "May it be used so?"),
    FUNCTION("truncate", "path, length", posix_truncate, "Set the size of a file."),
    FUNCTION("_utime", "path, atime_ns, mtime_ns, /", posix_utime, "Set the times of a file."),
    FUNCTION("getcwd", "", posix_getcwd, "The working folder."),
    FUNCTION("listdir", "path=None", posix_listdir, "The names in a folder."),
    FUNCTION("_scan", "path=None, /", posix_scan, "[(name, kind, inode)] of a folder."),
    NATIVE_END,
};
