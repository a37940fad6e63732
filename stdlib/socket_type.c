/* The type _socket.socket: making, connecting, accepting, options. */
#include "stdlib/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/plat/clock.h"
#include "stdlib/posix.h"
#include "stdlib/thread.h"

static int64_t default_timeout = SOCKET_BLOCKS;

static Value done_or_error(int result) { return result < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE; }

/* ---- timeouts ---- */

bool socket_timeout(Value v, int64_t *ns) {
    if (is_none(v)) return *ns = SOCKET_BLOCKS, true;
    if (!thread_timeout(v, ns)) return false;
    return *ns >= 0 || (raise_value_error("Timeout value out of range"), false);
}

static Value timeout_value(int64_t ns) { return ns < 0 ? NONE : from_double((double)ns / 1e9); }

static bool descriptor_blocks(int fd, bool blocks) {
    int flags = fcntl(fd, F_GETFL);
    int wanted = blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    if (flags >= 0 && (wanted == flags || fcntl(fd, F_SETFL, wanted) >= 0)) return true;
    return raise_os_error(errno, UNSET, UNSET), false;
}

static Value set_timeout(Value self, int64_t ns) {
    as_socket(self)->timeout = ns;
    return descriptor_blocks(as_socket(self)->fd, ns == SOCKET_BLOCKS) ? NONE : UNSET;
}

static Value socket_settimeout(const Value *args, size_t count) {
    int64_t ns;
    return socket_timeout(args[1], &ns) ? set_timeout(args[0], ns) : UNSET;
}
static Value socket_gettimeout(const Value *args, size_t count) { return timeout_value(as_socket(args[0])->timeout); }
static Value socket_setblocking(const Value *args, size_t count) {
    int blocks = object_truth(args[1]);
    return blocks < 0 ? UNSET : set_timeout(args[0], blocks ? SOCKET_BLOCKS : 0);
}
static Value socket_getblocking(const Value *args, size_t count) { return from_bool(as_socket(args[0])->timeout != 0); }

/* ---- making ---- */

static int option_of(int fd, int option) {
    int value;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

/* A descriptor that exists already: what was not said is asked of it. */
static bool adopt(Socket *s, Value fileno) {
    int fd;
    if (float_is(fileno)) return raise_type_error("integer argument expected, got float"), false;
    if (!fd_get(fileno, &fd)) return false;
    if (fd < 0) return raise_value_error("negative file descriptor"), false;
    SocketAddress own = {.length = sizeof own.as};
    if (getsockname(fd, &own.as.any, &own.length) < 0) {
        if (errno == EBADF || errno == ENOTSOCK || s->family == -1) return raise_os_error(errno, UNSET, UNSET), false;
    } else if (s->family == -1) {
        s->family = own.as.any.sa_family;
    }
    if (s->type == -1) s->type = option_of(fd, SO_TYPE);
    if (s->proto == -1) s->proto = option_of(fd, SO_PROTOCOL);
    if (s->type == -1 || s->proto == -1) return raise_os_error(errno, UNSET, UNSET), false;
    s->fd = fd;
    return true;
}

static bool create(Socket *s) {
    if (s->family == -1) s->family = AF_INET;
    if (s->type == -1) s->type = SOCK_STREAM;
    if (s->proto == -1) s->proto = 0;
    BLOCKING_BEGIN(socket_control)
    s->fd = socket(s->family, s->type | SOCK_CLOEXEC, s->proto);
    BLOCKING_END
    return s->fd >= 0 || (raise_os_error(errno, UNSET, UNSET), false);
}

static bool start_timeout(Socket *s) {
    bool nonblocking = s->type & SOCK_NONBLOCK;
    s->type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    s->timeout = nonblocking ? 0 : default_timeout;
    return s->timeout == SOCKET_BLOCKS || descriptor_blocks(s->fd, false);
}

static Value make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value self = instance_new(type);
    if (is_set(self)) {
        as_socket(self)->fd = -1;
        as_socket(self)->timeout = SOCKET_BLOCKS;
    }
    return self;
}

static bool init(Value self, const Value *args, size_t count, Value kwnames) {
    Value in[4];
    int *const fields[] = {&as_socket(self)->family, &as_socket(self)->type, &as_socket(self)->proto};
    if (!native_bind("socket", "family=-1, type=-1, proto=-1, fileno=None", args, count, kwnames, in)) return false;
    for (int i = 0; i < 3; i++) {
        *fields[i] = -1;
        if (is_set(in[i]) && !fd_get(in[i], fields[i])) return false;
    }
    bool made = is_set(in[3]) && !is_none(in[3]) ? adopt(as_socket(self), in[3]) : create(as_socket(self));
    return made && start_timeout(as_socket(self));
}

static Value repr(Value self) {
    Socket *s = as_socket(self);
    return str_format("<socket object, fd=%d, family=%d, type=%d, proto=%d>", s->fd, s->family, s->type, s->proto);
}

static void destroy(Object *self) {
    Socket *s = (Socket *)self;
    if (s->fd >= 0) close(s->fd);
    attrs_clear(self);
    object_free(self);
}

/* ---- closing ---- */

static Value socket_close(const Value *args, size_t count) {
    Socket *s = as_socket(args[0]);
    int fd = s->fd, result = 0;
    s->fd = -1;
    if (fd < 0) return NONE;
    BLOCKING_BEGIN(socket_control)
    result = close(fd);
    BLOCKING_END
    return result < 0 && errno == ECONNRESET ? NONE : done_or_error(result);
}
static Value socket_detach(const Value *args, size_t count) {
    int fd = as_socket(args[0])->fd;
    as_socket(args[0])->fd = -1;
    return from_small_int(fd);
}
static Value socket_fileno(const Value *args, size_t count) { return from_small_int(as_socket(args[0])->fd); }

static Value socket_shutdown(const Value *args, size_t count) {
    int how, result;
    if (!fd_get(args[1], &how)) return UNSET;
    BLOCKING_BEGIN(socket_control)
    result = shutdown(as_socket(args[0])->fd, how);
    BLOCKING_END
    return done_or_error(result);
}

/* ---- names, connecting, accepting ---- */

static Value socket_bind(const Value *args, size_t count) {
    SocketAddress address;
    int result;
    if (!address_parse(as_socket(args[0])->family, args[1], "bind", &address)) return UNSET;
    BLOCKING_BEGIN(socket_control)
    result = bind(as_socket(args[0])->fd, &address.as.any, address.length);
    BLOCKING_END
    return done_or_error(result);
}

static Value socket_listen(const Value *args, size_t count) {
    int backlog = SOMAXCONN < 128 ? SOMAXCONN : 128, result;
    if (is_set(args[1]) && !fd_get(args[1], &backlog)) return UNSET;
    if (backlog < 0) backlog = 0;
    BLOCKING_BEGIN(socket_control)
    result = listen(as_socket(args[0])->fd, backlog);
    BLOCKING_END
    return done_or_error(result);
}

static ssize_t try_accept(Socket *s, void *context) {
    SocketAddress *from = context;
    from->length = sizeof from->as;
    return accept4(s->fd, &from->as.any, &from->length, SOCK_CLOEXEC);
}

static Value socket_accept(const Value *args, size_t count) {
    SocketAddress from;
    memset(&from, 0, sizeof from);
    int fd = (int)socket_call(BLOCKED_socket_accept, as_socket(args[0]), POLLIN, -1, try_accept, &from);
    if (fd < 0) return UNSET;
    Value address = address_value(&from), result = UNSET;
    if (is_set(address)) result = tuple_pack(2, from_small_int(fd), address);
    release(address);
    if (is_unset(result)) close(fd);
    return result;
}

/* Once connect() has begun, its end is seen by the descriptor becoming writable. */
static ssize_t try_finish_connect(Socket *s, void *context) {
    struct pollfd entry = {s->fd, POLLOUT, 0};
    if (s->timeout < 0 && poll(&entry, 1, -1) < 0) return -1;
    int error = option_of(s->fd, SO_ERROR);
    if (error == 0 || error == EISCONN) return 0;
    errno = error > 0 ? error : errno;
    return -1;
}

/* 0, or the error; -1: an exception is pending. */
static int connect_to(Socket *s, SocketAddress *address) {
    int result;
    BLOCKING_BEGIN(socket_connect)
    result = connect(s->fd, &address->as.any, address->length);
    BLOCKING_END
    if (result == 0) return 0;
    bool interrupted = errno == EINTR, begun = errno == EINPROGRESS && s->timeout > 0;
    if (interrupted && !safepoint_signals()) return -1;
    if (!begun && !(interrupted && s->timeout != 0)) return errno;
    return socket_call(BLOCKED_socket_connect, s, POLLOUT, -1, try_finish_connect, NULL) < 0 ? -1 : 0;
}

static Value socket_connect(const Value *args, size_t count) {
    SocketAddress address;
    if (!address_parse(as_socket(args[0])->family, args[1], "connect", &address)) return UNSET;
    int error = connect_to(as_socket(args[0]), &address);
    return error < 0 ? UNSET : error ? raise_os_error(error, UNSET, UNSET) : NONE;
}

static Value socket_connect_ex(const Value *args, size_t count) {
    SocketAddress address;
    int64_t number;
    if (!address_parse(as_socket(args[0])->family, args[1], "connect_ex", &address)) return UNSET;
    int error = connect_to(as_socket(args[0]), &address);
    if (error >= 0) return from_small_int(error);
    if (error_absorb(&TimeoutError_type)) return from_small_int(EWOULDBLOCK);
    if (!error_matches(&OSError_type)) return UNSET;
    Value e = error_take();
    bool known = int_is(as_exception(e)->extra[EXTRA_ERRNO]) &&
                 int_fits_int64(as_exception(e)->extra[EXTRA_ERRNO], &number);
    if (!known) return error_restore(e), UNSET;
    release(e);
    return from_small_int(number);
}

static Value name_by(Value self, int (*get)(int, struct sockaddr *, socklen_t *)) {
    SocketAddress address;
    memset(&address, 0, sizeof address);
    address.length = sizeof address.as;
    if (get(as_socket(self)->fd, &address.as.any, &address.length) < 0) return raise_os_error(errno, UNSET, UNSET);
    return address_value(&address);
}
static int own_name(int fd, struct sockaddr *a, socklen_t *n) { return getsockname(fd, a, n); }
static int peer_name(int fd, struct sockaddr *a, socklen_t *n) { return getpeername(fd, a, n); }
static Value socket_getsockname(const Value *args, size_t count) { return name_by(args[0], own_name); }
static Value socket_getpeername(const Value *args, size_t count) { return name_by(args[0], peer_name); }

/* ---- options ---- */

static Value socket_setsockopt(const Value *args, size_t count) {
    int fd = as_socket(args[0])->fd, level, option, number;
    if (!fd_get(args[1], &level) || !fd_get(args[2], &option)) return UNSET;
    if (is_set(args[4])) {
        if (!is_none(args[3])) return raise_type_error("socket option should be None when optlen is given");
        if (!fd_get(args[4], &number)) return UNSET;
        return done_or_error(setsockopt(fd, level, option, NULL, (socklen_t)number));
    }
    if (int_is(args[3])) {
        if (!fd_get(args[3], &number)) return UNSET;
        return done_or_error(setsockopt(fd, level, option, &number, sizeof number));
    }
    Buffer b;
    if (!buffer_get(args[3], &b, false)) return UNSET;
    int result = setsockopt(fd, level, option, b.data, (socklen_t)b.length);
    buffer_release(&b);
    return done_or_error(result);
}

static Value socket_getsockopt(const Value *args, size_t count) {
    int fd = as_socket(args[0])->fd, level, option, size = 0, number = 0;
    char room[1024];
    if (!fd_get(args[1], &level) || !fd_get(args[2], &option) || (is_set(args[3]) && !fd_get(args[3], &size)))
        return UNSET;
    socklen_t length = size ? (socklen_t)size : sizeof number;
    if (size < 0 || size > (int)sizeof room) return raise_error(&OSError_type, "getsockopt buflen out of range");
    if (getsockopt(fd, level, option, size ? (void *)room : &number, &length) < 0)
        return raise_os_error(errno, UNSET, UNSET);
    return size ? bytes_from(room, length) : from_small_int(number);
}

/* ---- attributes ---- */

static Value get_family(Value self) { return from_small_int(as_socket(self)->family); }
static Value get_type(Value self) { return from_small_int(as_socket(self)->type); }
static Value get_proto(Value self) { return from_small_int(as_socket(self)->proto); }
static Value get_timeout(Value self) { return timeout_value(as_socket(self)->timeout); }

static const MemberDef members[] = {
    {"family", get_family, NULL, "the socket family"},
    {"type", get_type, NULL, "the socket type"},
    {"proto", get_proto, NULL, "the socket protocol"},
    {"timeout", get_timeout, NULL, "the socket timeout"},
    {0},
};

static NativeDef methods[40] = {
    METHOD("_accept", "", socket_accept, "(descriptor, address) of the next connection."),
    METHOD("bind", "address, /", socket_bind, "Give the socket an address."),
    METHOD("close", "", socket_close, "Close the socket."),
    METHOD("connect", "address, /", socket_connect, "Connect to an address."),
    METHOD("connect_ex", "address, /", socket_connect_ex, "Connect; returns the error number instead of raising."),
    METHOD("detach", "", socket_detach, "Forget the descriptor and return it."),
    METHOD("fileno", "", socket_fileno, "The descriptor."),
    METHOD("getblocking", "", socket_getblocking, "Does it wait?"),
    METHOD("getpeername", "", socket_getpeername, "The address of the other end."),
    METHOD("getsockname", "", socket_getsockname, "The address of this end."),
    METHOD("getsockopt", "level, option, buflen=0, /", socket_getsockopt, "An option."),
    METHOD("gettimeout", "", socket_gettimeout, "How long it waits; None: for ever."),
    METHOD("listen", "backlog=128, /", socket_listen, "Let others connect."),
    METHOD("setblocking", "flag, /", socket_setblocking, "Wait for ever, or never."),
    METHOD("setsockopt", "level, option, value, optlen=None, /", socket_setsockopt, "Set an option."),
    METHOD("settimeout", "timeout, /", socket_settimeout, "Set how long it waits, in seconds; None: for ever."),
    METHOD("shutdown", "how, /", socket_shutdown, "Close one direction or both."),
};

Type socket_type = {
    TYPE_HEAD("_socket.socket"),
    .basic_size = sizeof(Socket),
    .flags = TYPE_BASE,
    .doc = "An end of a connection.",
    .methods = methods,
    .members = members,
    .make = make,
    .init = init,
    .repr = repr,
    .destroy = destroy,
};

/* ---- functions about sockets ---- */

static Value socket_getdefaulttimeout(const Value *args, size_t count) { return timeout_value(default_timeout); }
static Value socket_setdefaulttimeout(const Value *args, size_t count) {
    int64_t ns;
    if (!socket_timeout(args[0], &ns)) return UNSET;
    default_timeout = ns;
    return NONE;
}

static Value socket_of(int fd, int family, int type, int proto) {
    Value self = make(&socket_type, NULL, 0, UNSET);
    if (is_unset(self)) return close(fd), UNSET;
    Socket *s = as_socket(self);
    s->fd = fd, s->family = family, s->type = type, s->proto = proto;
    return start_timeout(s) ? self : (release(self), UNSET);
}

static Value socket_socketpair(const Value *args, size_t count) {
    int family = AF_UNIX, type = SOCK_STREAM, proto = 0, fds[2];
    if ((is_set(args[0]) && !is_none(args[0]) && !fd_get(args[0], &family)) ||
        (is_set(args[1]) && !fd_get(args[1], &type)) || (is_set(args[2]) && !fd_get(args[2], &proto)))
        return UNSET;
    if (socketpair(family, type | SOCK_CLOEXEC, proto, fds) < 0) return raise_os_error(errno, UNSET, UNSET);
    Value a = socket_of(fds[0], family, type, proto), b = socket_of(fds[1], family, type, proto), pair = UNSET;
    if (is_set(a) && is_set(b)) pair = tuple_pack(2, a, b);
    release(a), release(b);
    return pair;
}

static Value socket_dup(const Value *args, size_t count) {
    int fd;
    if (!fd_get(args[0], &fd)) return UNSET;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? raise_os_error(errno, UNSET, UNSET) : from_small_int(copy);
}
static Value socket_close_fd(const Value *args, size_t count) {
    int fd, result;
    if (!fd_get(args[0], &fd)) return UNSET;
    BLOCKING_BEGIN(socket_control)
    result = close(fd);
    BLOCKING_END
    return result < 0 && errno == ECONNRESET ? NONE : done_or_error(result);
}

const NativeDef socket_type_functions[] = {
    FUNCTION("socketpair", "family=None, type=SOCK_STREAM, proto=0, /", socket_socketpair, "Two connected sockets."),
    FUNCTION("getdefaulttimeout", "", socket_getdefaulttimeout, "The timeout of new sockets."),
    FUNCTION("setdefaulttimeout", "timeout, /", socket_setdefaulttimeout, "Set the timeout of new sockets."),
    FUNCTION("dup", "fd, /", socket_dup, "Copy the descriptor of a socket."),
    FUNCTION("close", "fd, /", socket_close_fd, "Close the descriptor of a socket."),
    NATIVE_END,
};

/* The type's rows stand in two files; they are joined once, before the type is made ready. */
bool socket_type_ready(void) {
    size_t n = 0;
    while (methods[n].name) n++;
    for (const NativeDef *row = socket_io_methods; row->name && !(socket_type.flags & TYPE_READY); row++)
        methods[n++] = *row;
    return type_ready(&socket_type);
}
