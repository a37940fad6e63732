/* fcntl: what can be done to descriptors, and locks of files. */
#include "stdlib/stdlib.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

enum { ARGUMENT_MAX = 1024 };

/* A descriptor, or an object with fileno(). */
static bool descriptor(Value v, int *fd) {
    if (int_is(v)) {
        if (!fd_get(v, fd)) return false;
    } else {
        Value method = object_get_attribute_utf8(v, "fileno"), number = is_set(method) ? call0(method) : UNSET;
        release(method);
        if (is_unset(method) && error_absorb(&AttributeError_type))
            return raise_type_error("argument must be an int, or have a fileno() method."), false;
        bool done = is_set(number) && fd_get(number, fd);
        release(number);
        if (!done) return false;
    }
    if (*fd >= 0) return true;
    return raise_value_error("file descriptor cannot be a negative integer (%d)", *fd), false;
}

#define RETRY(result, call)                                             \
    do {                                                                \
        BLOCKING_BEGIN(os_lock)                                         \
        result = call;                                                  \
        BLOCKING_END                                                    \
    } while (result < 0 && errno == EINTR && safepoint_signals())

static Value number_or_error(int result) {
    if (error_pending()) return UNSET;
    return result < 0 ? raise_os_error(errno, UNSET, UNSET) : from_small_int(result);
}

/* With bytes for an argument the answer is what the call left in them. */
static Value fcntl_fcntl(const Value *args, size_t count) {
    int fd, command, number = 0, result;
    char room[ARGUMENT_MAX + 1];
    Buffer b;
    if (!descriptor(args[0], &fd) || !fd_get(args[1], &command)) return UNSET;
    if (is_unset(args[2]) || int_is(args[2])) {
        if (is_set(args[2]) && !fd_get(args[2], &number)) return UNSET;
        RETRY(result, fcntl(fd, command, number));
        return number_or_error(result);
    }
    if (str_is(args[2]) || !buffer_get(args[2], &b, false)) {
        error_clear();
        return raise_type_error("fcntl() argument 3 must be int or bytes-like, not %T", args[2]);
    }
    size_t n = b.length;
    if (n <= ARGUMENT_MAX) memcpy(room, b.data, n);
    buffer_release(&b);
    if (n > ARGUMENT_MAX) return raise_value_error("fcntl string arg too long");
    RETRY(result, fcntl(fd, command, room));
    return error_pending() ? UNSET : result < 0 ? number_or_error(result) : bytes_from(room, n);
}

/* The result of a call on a buffer that it may change: the number for a mutable one, else the bytes. */
static Value ioctl_on_buffer(int fd, unsigned long request, Value argument, bool mutate) {
    Buffer b;
    char room[ARGUMENT_MAX + 1];
    int result;
    bool in_place = mutate && buffer_get(argument, &b, true);
    if (!in_place) {
        error_clear();
        if (!buffer_get(argument, &b, false)) return UNSET;
    }
    if (b.length > ARGUMENT_MAX) return buffer_release(&b), raise_value_error("ioctl string arg too long");
    memcpy(room, b.data, b.length);
    BLOCKING_BEGIN(os_lock)
    result = ioctl(fd, request, room);
    BLOCKING_END
    if (in_place) memcpy(b.data, room, b.length);
    size_t n = b.length;
    buffer_release(&b);
    return result < 0 || in_place ? number_or_error(result) : bytes_from(room, n);
}

static Value fcntl_ioctl(const Value *args, size_t count) {
    int fd, number = 0, result;
    if (!descriptor(args[0], &fd)) return UNSET;
    Value index = object_index(args[1]);
    if (is_unset(index)) return UNSET;
    unsigned long request = (unsigned)int_as_uint64_mask(index);
    release(index);
    if (is_set(args[2]) && !int_is(args[2]))
        return ioctl_on_buffer(fd, request, args[2], is_unset(args[3]) || object_truth(args[3]) > 0);
    if (is_set(args[2]) && !fd_get(args[2], &number)) return UNSET;
    BLOCKING_BEGIN(os_lock)
    result = ioctl(fd, request, number);
    BLOCKING_END
    return number_or_error(result);
}

static Value fcntl_flock(const Value *args, size_t count) {
    int fd, operation, result;
    if (!descriptor(args[0], &fd) || !fd_get(args[1], &operation)) return UNSET;
    RETRY(result, flock(fd, operation));
    return result < 0 ? number_or_error(result) : NONE;
}

static Value fcntl_lockf(const Value *args, size_t count) {
    int fd, operation, whence = 0, result;
    int64_t start = 0, length = 0;
    if (!descriptor(args[0], &fd) || !fd_get(args[1], &operation) || (is_set(args[4]) && !fd_get(args[4], &whence)))
        return UNSET;
    if ((is_set(args[2]) && !object_as_int64(args[2], &length)) || (is_set(args[3]) && !object_as_int64(args[3], &start)))
        return UNSET;
    struct flock lock = {.l_whence = (short)whence, .l_start = start, .l_len = length};
    if (operation & LOCK_UN) lock.l_type = F_UNLCK;
    else if (operation & LOCK_SH) lock.l_type = F_RDLCK;
    else if (operation & LOCK_EX) lock.l_type = F_WRLCK;
    else return raise_value_error("unrecognized lockf argument");
    RETRY(result, fcntl(fd, operation & LOCK_NB ? F_SETLK : F_SETLKW, &lock));
    return result < 0 ? number_or_error(result) : NONE;
}

static const Constant constants[] = {
#define ROW(name) {#name, name}
    ROW(FD_CLOEXEC), ROW(F_DUPFD), ROW(F_DUPFD_CLOEXEC), ROW(F_GETFD), ROW(F_SETFD), ROW(F_GETFL), ROW(F_SETFL),
    ROW(F_GETLK), ROW(F_SETLK), ROW(F_SETLKW), ROW(F_GETOWN), ROW(F_SETOWN), ROW(F_GETSIG), ROW(F_SETSIG), ROW(F_RDLCK),
    ROW(F_WRLCK), ROW(F_UNLCK), ROW(F_GETPIPE_SZ), ROW(F_SETPIPE_SZ), ROW(F_ADD_SEALS), ROW(F_GET_SEALS),
    ROW(F_SEAL_SEAL), ROW(F_SEAL_SHRINK), ROW(F_SEAL_GROW), ROW(F_SEAL_WRITE), ROW(F_OFD_GETLK), ROW(F_OFD_SETLK),
    ROW(F_OFD_SETLKW), ROW(LOCK_SH), ROW(LOCK_EX), ROW(LOCK_NB), ROW(LOCK_UN), ROW(FASYNC), ROW(F_GETLEASE),
    ROW(F_SETLEASE), ROW(F_NOTIFY),
#undef ROW
    CONSTANT_END,
};

static const NativeDef functions[] = {
    FUNCTION("fcntl", "fd, cmd, arg=0, /", fcntl_fcntl, "Do something to a descriptor."),
    FUNCTION("ioctl", "fd, request, arg=0, mutate_flag=True, /", fcntl_ioctl, "Do something to a device."),
    FUNCTION("flock", "fd, operation, /", fcntl_flock, "Lock a file."),
    FUNCTION("lockf", "fd, cmd, len=0, start=0, whence=0, /", fcntl_lockf, "Lock a part of a file."),
    NATIVE_END,
};

static bool fill(Value dict) { return module_add_constants(dict, constants); }

const ModuleDef mod_fcntl = {"fcntl", "What can be done to descriptors, and locks of files.", functions, fill, NULL};
