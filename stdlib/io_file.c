/* FileIO: a descriptor as a raw stream. */
#include "stdlib/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"

static FileIO *as_file(Value v) { return (FileIO *)as_object(v); }
bool file_io_is(Value v) { return is_exactly(v, &file_io_type); }

/* ---- system calls ---- */

static int64_t finish_call(ssize_t n) {
    if (n >= 0) return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return -2;
    raise_os_error(errno, UNSET, UNSET);
    return -1;
}

int64_t fd_read(int fd, void *data, size_t n) {
    for (;;) {
        ssize_t got;
        BLOCKING_BEGIN(os_read)
        got = read(fd, data, n > SSIZE_MAX ? SSIZE_MAX : n);
        BLOCKING_END
        if (got >= 0 || errno != EINTR) return finish_call(got);
        if (!safepoint_signals()) return -1;
    }
}

void (*io_terminal_written)(bool begins);

static void tell_terminal(int fd, bool begins) {
    if (io_terminal_written && (fd == STDOUT_FILENO || fd == STDERR_FILENO)) io_terminal_written(begins);
}

int64_t fd_write(int fd, const void *data, size_t n) {
    for (;;) {
        ssize_t put;
        tell_terminal(fd, true);
        BLOCKING_BEGIN(os_write)
        put = write(fd, data, n > SSIZE_MAX ? SSIZE_MAX : n);
        BLOCKING_END
        tell_terminal(fd, false);
        if (put >= 0 || errno != EINTR) return finish_call(put);
        if (!safepoint_signals()) return -1;
    }
}

/* ---- opening ---- */

static int open_flags(const FileIO *f, const char *mode) {
    int flags = f->readable && f->writable ? O_RDWR : f->readable ? O_RDONLY : O_WRONLY;
    if (strchr(mode, 'w')) flags |= O_CREAT | O_TRUNC;
    if (strchr(mode, 'x')) flags |= O_CREAT | O_EXCL;
    if (strchr(mode, 'a')) flags |= O_CREAT | O_APPEND;
    return flags | O_CLOEXEC;
}

static bool open_path(FileIO *f, Value path, int flags) {
    Value bytes = bytes_is(path) ? retain(path) : str_encode(path, "utf-8", "surrogateescape");
    if (is_unset(bytes)) return false;
    const char *text = (const char *)as_bytes(bytes)->data;
    if (strlen(text) != as_bytes(bytes)->length) {
        release(bytes);
        return raise_value_error("embedded null byte"), false;
    }
    do {
        BLOCKING_BEGIN(os_open)
        f->fd = open(text, flags, 0666);
        BLOCKING_END
    } while (f->fd < 0 && errno == EINTR && safepoint_signals());
    release(bytes);
    if (error_pending()) return false;
    if (f->fd < 0) return raise_os_error(errno, path, UNSET), false;
    return true;
}

static bool open_with(FileIO *f, Value path, int flags) {
    Value fd = call2(f->opener, path, from_small_int(flags));
    int64_t n;
    bool ok = is_set(fd) && object_as_int64(fd, &n);
    release(fd);
    if (!ok) return false;
    if (n < 0) return raise_value_error("opener returned %lld", (long long)n), false;
    f->fd = (int)n;
    return true;
}

static bool refuse_folder(FileIO *f) {
    struct stat status;
    if (fstat(f->fd, &status) != 0) {
        int error = errno;
        f->fd = -1;
        return raise_os_error(error, UNSET, UNSET), false;
    }
    if (!S_ISDIR(status.st_mode)) return true;
    if (f->close_fd) close(f->fd);
    f->fd = -1;
    return raise_os_error(EISDIR, f->name, UNSET), false;
}

/* str, bytes or what __fspath__ gives; an int is a descriptor. */
static bool open_file(FileIO *f, Value file, const char *mode) {
    if (int_is(file)) {
        int64_t fd;
        if (!int_as_int64(file, &fd)) return false;
        if (fd < 0) return raise_value_error("negative file descriptor"), false;
        f->fd = (int)fd;
        return refuse_folder(f);
    }
    Value path = retain(file);
    if (!str_is(file) && !bytes_is(file)) {
        release(path);
        path = call_special(file, names.__fspath__, NULL, 0, "expected str, bytes or os.PathLike object, not %s");
        if (is_unset(path)) return false;
    }
    if (!f->close_fd) {
        release(path);
        return raise_value_error("Cannot use closefd=False with file name"), false;
    }
    int flags = open_flags(f, mode);
    bool ok = is_set(f->opener) && !is_none(f->opener) ? open_with(f, path, flags) : open_path(f, path, flags);
    release(path);
    return ok && refuse_folder(f);
}

static bool file_init(FileIO *f, Value file, const char *mode, bool close_fd, Value opener) {
    bool plus = strchr(mode, '+') != NULL;
    f->fd = -1;
    f->readable = strchr(mode, 'r') || plus;
    f->writable = !strchr(mode, 'r') || plus;
    f->appending = strchr(mode, 'a') != NULL;
    f->created = strchr(mode, 'x') != NULL;
    f->close_fd = close_fd;
    f->seekable = -1;
    replace(&f->name, retain(file));
    replace(&f->opener, retain(opener));
    if (!open_file(f, file, mode)) return false;
    if (f->appending) lseek(f->fd, 0, SEEK_END);
    return true;
}

Value file_io_open(Value file, const char *mode, bool close_fd, Value opener) {
    Value v = instance_new(&file_io_type);
    if (is_unset(v)) return UNSET;
    if (file_init(as_file(v), file, mode, close_fd, opener)) return v;
    release(v);
    return UNSET;
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value v = instance_new(type);
    if (is_set(v)) as_file(v)->fd = -1;
    return v;
}

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[4];
    if (!native_bind("FileIO", "file, mode='r', closefd=True, opener=None", args, count, kwnames, in)) return false;
    const char *mode = is_unset(in[1]) ? "r" : str_is(in[1]) ? str_utf8(in[1], NULL) : NULL;
    if (!mode)
        return error_pending() ? false
                               : (raise_type_error("FileIO() argument 'mode' must be str, not %T", in[1]), false);
    int kinds = 0;
    for (const char *c = mode; *c; c++) {
        if (!strchr("rwxab+", *c)) return raise_value_error("invalid mode: %U", in[1]), false;
        kinds += strchr("rwxa", *c) != NULL;
    }
    if (kinds != 1)
        return raise_value_error("Must have exactly one of create/read/write/append mode and at most one plus"), false;
    int close_fd = is_set(in[2]) ? object_truth(in[2]) : 1;
    return close_fd >= 0 && file_init(as_file(self), in[0], mode, close_fd != 0, is_set(in[3]) ? in[3] : NONE);
}

/* ---- methods ---- */

static FileIO *opened(Value self) {
    if (as_file(self)->fd >= 0) return as_file(self);
    raise_value_error("I/O operation on closed file");
    return NULL;
}
static FileIO *opened_for_reading(Value self) {
    FileIO *f = opened(self);
    if (!f || f->readable) return f;
    raise_unsupported("File not open for reading");
    return NULL;
}
static FileIO *opened_for_writing(Value self) {
    FileIO *f = opened(self);
    if (!f || f->writable) return f;
    raise_unsupported("File not open for writing");
    return NULL;
}

static Value read_all(FileIO *f) {
    struct stat status;
    size_t capacity = IO_BUFFER_SIZE, length = 0;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (at >= 0 && fstat(f->fd, &status) == 0 && status.st_size > at) capacity = (size_t)(status.st_size - at) + 1;
    unsigned char *data = raw_allocate(capacity);
    while (data) {
        int64_t n = fd_read(f->fd, data + length, capacity - length);
        if (n == -1 || (n == -2 && length == 0)) return raw_free(data), n == -2 ? NONE : UNSET;
        if (n <= 0) break;
        length += (size_t)n;
        if (length < capacity) continue;
        unsigned char *larger = raw_reallocate(data, capacity *= 2);
        if (!larger) raw_free(data);
        data = larger;
    }
    if (!data) return raise_memory_error();
    Value result = bytes_from(data, length);
    raw_free(data);
    return result;
}

static Value file_readall(const Value *args, size_t count) {
    FileIO *f = opened_for_reading(args[0]);
    return f ? read_all(f) : UNSET;
}

static Value file_read(const Value *args, size_t count) {
    FileIO *f = opened_for_reading(args[0]);
    int64_t size;
    if (!f || !io_size_argument(args[1], &size)) return UNSET;
    if (size < 0) return read_all(f);
    unsigned char *data = raw_allocate((size_t)size);
    if (!data) return raise_memory_error();
    int64_t n = fd_read(f->fd, data, (size_t)size);
    Value result = n == -2 ? NONE : n < 0 ? UNSET : bytes_from(data, (size_t)n);
    raw_free(data);
    return result;
}

static Value file_readinto(const Value *args, size_t count) {
    FileIO *f = opened_for_reading(args[0]);
    Buffer into;
    if (!f || !buffer_get(args[1], &into, true)) return UNSET;
    int64_t n = fd_read(f->fd, into.data, into.length);
    buffer_release(&into);
    return n == -2 ? NONE : n < 0 ? UNSET : from_small_int(n);
}

static Value file_write(const Value *args, size_t count) {
    FileIO *f = opened_for_writing(args[0]);
    Buffer from;
    if (!f || !buffer_get(args[1], &from, false)) return UNSET;
    int64_t n = fd_write(f->fd, from.data, from.length);
    buffer_release(&from);
    return n == -2 ? NONE : n < 0 ? UNSET : from_small_int(n);
}

static Value file_seek(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    int64_t offset, whence = SEEK_SET;
    if (!f || !object_as_int64(args[1], &offset) || (is_set(args[2]) && !object_as_int64(args[2], &whence)))
        return UNSET;
    off_t at = lseek(f->fd, offset, (int)whence);
    return at < 0 ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(at);
}

static Value file_tell(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    if (!f) return UNSET;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    return at < 0 ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(at);
}

static Value file_truncate(const Value *args, size_t count) {
    FileIO *f = opened_for_writing(args[0]);
    if (!f) return UNSET;
    int64_t size = lseek(f->fd, 0, SEEK_CUR);
    if (is_set(args[1]) && !is_none(args[1]) && !object_as_int64(args[1], &size)) return UNSET;
    int failed;
    BLOCKING_BEGIN(os_truncate)
    failed = ftruncate(f->fd, size);
    BLOCKING_END
    return failed ? raise_os_error(errno, UNSET, UNSET) : int_from_int64(size);
}

static Value file_close(const Value *args, size_t count) {
    FileIO *f = as_file(args[0]);
    int fd = f->fd, failed = 0;
    f->fd = -1;
    if (fd < 0 || !f->close_fd) return NONE;
    BLOCKING_BEGIN(os_close)
    failed = close(fd);
    BLOCKING_END
    return failed && errno != EINTR ? raise_os_error(errno, UNSET, UNSET) : NONE;
}

static Value file_fileno(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    return f ? from_small_int(f->fd) : UNSET;
}
static Value file_isatty(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    return f ? from_bool(isatty(f->fd)) : UNSET;
}
static Value file_readable(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    return f ? from_bool(f->readable) : UNSET;
}
static Value file_writable(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    return f ? from_bool(f->writable) : UNSET;
}
static Value file_seekable(const Value *args, size_t count) {
    FileIO *f = opened(args[0]);
    if (!f) return UNSET;
    if (f->seekable < 0) f->seekable = lseek(f->fd, 0, SEEK_CUR) >= 0;
    return from_bool(f->seekable);
}

static const char *mode_text(const FileIO *f) {
    if (f->created) return f->readable ? "xb+" : "xb";
    if (f->appending) return f->readable ? "ab+" : "ab";
    return f->readable ? (f->writable ? "rb+" : "rb") : "wb";
}
static Value get_mode(Value self) { return str_from(mode_text(as_file(self))); }
static Value get_name(Value self) { return retain(as_file(self)->name); }
static bool set_name(Value self, Value name) { return replace(&as_file(self)->name, retain(name)), true; }
static Value get_closed(Value self) { return from_bool(as_file(self)->fd < 0); }
static Value get_close_fd(Value self) { return from_bool(as_file(self)->close_fd); }

static Value repr(Value self) {
    FileIO *f = as_file(self);
    if (f->fd < 0) return str_from("<_io.FileIO [closed]>");
    return str_format("<_io.FileIO name=%R mode='%s' closefd=%s>", f->name, mode_text(f),
                      f->close_fd ? "True" : "False");
}

static int traverse(Object *self, Visit visit, void *context) {
    FileIO *f = (FileIO *)self;
    int stop = visit(f->name, context);
    return stop ? stop : visit(f->opener, context);
}

static void destroy(Object *self) {
    FileIO *f = (FileIO *)self;
    if (f->fd >= 0 && f->close_fd) close(f->fd);
    release(f->name);
    release(f->opener);
    attrs_clear(self);
    object_free(self);
}

static const NativeDef methods[] = {
    METHOD("read", "size=-1, /", file_read, "Read at most size bytes."),
    METHOD("readall", "", file_readall, "Read all that is left."),
    METHOD("readinto", "buffer, /", file_readinto, "Read into a buffer."),
    METHOD("write", "b, /", file_write, "Write bytes; returns how many were."),
    METHOD("seek", "pos, whence=0, /", file_seek, "Move to a position."),
    METHOD("tell", "", file_tell, "The current position."),
    METHOD("truncate", "size=None, /", file_truncate, "Set the size of the file."),
    METHOD("close", "", file_close, "Close the file."),
    METHOD("fileno", "", file_fileno, "The descriptor."),
    METHOD("isatty", "", file_isatty, "Is it a terminal?"),
    METHOD("readable", "", file_readable, "Was it opened for reading?"),
    METHOD("writable", "", file_writable, "Was it opened for writing?"),
    METHOD("seekable", "", file_seekable, "Can it be positioned?"),
    NATIVE_END,
};

static const MemberDef members[] = {
    {"mode", get_mode, NULL, "The mode."},
    {"name", get_name, set_name, "The name or descriptor it was opened with."},
    {"closed", get_closed, NULL, "True when closed."},
    {"closefd", get_close_fd, NULL, "True if close() closes the descriptor."},
    {0},
};

Type file_io_type = {
    TYPE_HEAD("_io.FileIO"),
    .base = &raw_base_type,
    .basic_size = sizeof(FileIO),
    .flags = TYPE_BASE | TYPE_GC | TYPE_WEAK,
    .doc = "Open a file as a raw stream.",
    .methods = methods,
    .members = members,
    .make = make,
    .init = init,
    .repr = repr,
    .traverse = traverse,
    .destroy = destroy,
};
