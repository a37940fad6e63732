/* Sending and receiving.
 *
 * Every call goes through socket_call(): the attempt and the waiting for readiness happen without the GIL, in one
 * bracket.  A socket with a timeout has a descriptor that never blocks, so that only poll() waits.
 */
#include "stdlib/socket.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/plat/clock.h"

enum { ON_STACK = 8192, BUFFERS_MAX = 1024 };

static const char *const out_of_time = "timed out";

int64_t socket_deadline(const Socket *s) {
    int64_t deadline;
    if (s->timeout <= 0) return -1;
    return __builtin_add_overflow(clock_monotonic(), s->timeout, &deadline) ? INT64_MAX : deadline;
}

/* 1: ready, 0: the deadline came, -1: interrupted. */
static int wait_ready(int fd, short events, int64_t deadline) {
    struct pollfd entry = {fd, events, 0};
    int64_t left = deadline - clock_monotonic();
    if (left < 0) left = 0;
    struct timespec t = {left / NS_PER_SECOND, left % NS_PER_SECOND};
    return ppoll(&entry, 1, &t, NULL);
}

ssize_t socket_call(BlockingCall call, Socket *s, short events, int64_t deadline, SocketTry attempt, void *context) {
    bool waits = s->timeout > 0;
    if (waits && deadline < 0) deadline = socket_deadline(s);
    for (;;) {
        ssize_t result = -1;
        int ready = 1;
        blocking_begin(call);
        if (waits) ready = wait_ready(s->fd, events, deadline);
        if (ready > 0) result = attempt(s, context);
        blocking_end();
        if (result >= 0) return result;
        if (ready == 0) return raise_error(&TimeoutError_type, "%s", out_of_time), -1;
        if (errno == EINTR) {
            if (!safepoint_signals()) return -1;
        } else if (!waits || (errno != EAGAIN && errno != EWOULDBLOCK)) {
            return raise_os_error(errno, UNSET, UNSET), -1;
        }
    }
}

/* ---- what is attempted ---- */

typedef struct Transfer {
    void *data;
    size_t length;
    int flags;
    SocketAddress *address;
} Transfer;

static ssize_t try_receive(Socket *s, void *context) {
    Transfer *t = context;
    return recv(s->fd, t->data, t->length, t->flags);
}
static ssize_t try_receive_from(Socket *s, void *context) {
    Transfer *t = context;
    t->address->length = sizeof t->address->as;
    return recvfrom(s->fd, t->data, t->length, t->flags, &t->address->as.any, &t->address->length);
}
static ssize_t try_send(Socket *s, void *context) {
    Transfer *t = context;
    return send(s->fd, t->data, t->length, t->flags | MSG_NOSIGNAL);
}
static ssize_t try_send_to(Socket *s, void *context) {
    Transfer *t = context;
    return sendto(s->fd, t->data, t->length, t->flags | MSG_NOSIGNAL, &t->address->as.any, t->address->length);
}

static bool int_argument(Value v, int *out) {
    int64_t n;
    *out = 0;
    if (is_unset(v)) return true;
    if (!object_as_int64(v, &n)) return false;
    if (n > INT_MAX || n < INT_MIN) return raise_overflow_error("Python int too large to convert to C int"), false;
    *out = (int)n;
    return true;
}

/* ---- receiving ---- */

static Value with_address(Value result, const SocketAddress *address) {
    if (is_unset(result)) return UNSET;
    Value from = address_value(address), pair = is_set(from) ? tuple_pack(2, result, from) : UNSET;
    release(result);
    release(from);
    return pair;
}

static Value receive(Value self, Value size, Value flags, const char *function, SocketAddress *address) {
    int64_t n;
    Transfer t = {.address = address};
    if (!object_as_index(size, &n, &OverflowError_type) || !int_argument(flags, &t.flags)) return UNSET;
    if (n < 0) return raise_value_error("negative buffersize in %s", function);
    char small[ON_STACK];
    t.length = (size_t)n;
    t.data = n <= ON_STACK ? small : raw_allocate(t.length);
    if (!t.data) return raise_memory_error();
    ssize_t got = socket_call(BLOCKED_socket_receive, as_socket(self), POLLIN, -1, address ? try_receive_from : try_receive, &t);
    Value result = got < 0 ? UNSET : bytes_from(t.data, (size_t)got);
    if (t.data != small) raw_free(t.data);
    return result;
}

static Value socket_recv(const Value *args, size_t count) { return receive(args[0], args[1], args[2], "recv", NULL); }
static Value socket_recvfrom(const Value *args, size_t count) {
    SocketAddress from;
    return with_address(receive(args[0], args[1], args[2], "recvfrom", &from), &from);
}

static Value receive_into(const Value *args, const char *function, SocketAddress *address) {
    Buffer b;
    int64_t n = 0;
    Transfer t = {.address = address};
    if (is_set(args[2]) && !object_as_index(args[2], &n, &OverflowError_type)) return UNSET;
    if (!int_argument(args[3], &t.flags)) return UNSET;
    if (!buffer_get(args[1], &b, true)) {
        error_clear();
        return raise_type_error("%s() argument 1 must be read-write bytes-like object, not %T", function, args[1]);
    }
    Value result = UNSET;
    t.data = b.data;
    t.length = n ? (size_t)n : b.length;
    if (n < 0) raise_value_error("negative buffersize in %s", function);
    else if ((size_t)n > b.length) raise_value_error("buffer too small for requested bytes");
    else {
        ssize_t got = socket_call(BLOCKED_socket_receive, as_socket(args[0]), POLLIN, -1, address ? try_receive_from : try_receive, &t);
        if (got >= 0) result = from_small_int(got);
    }
    buffer_release(&b);
    return result;
}

static Value socket_recv_into(const Value *args, size_t count) { return receive_into(args, "recv_into", NULL); }
static Value socket_recvfrom_into(const Value *args, size_t count) {
    SocketAddress from;
    return with_address(receive_into(args, "recvfrom_into", &from), &from);
}

/* ---- sending ---- */

static Value send_buffer(Value self, Value data, Transfer *t, SocketTry attempt) {
    Buffer b;
    if (!buffer_get(data, &b, false)) return UNSET;
    t->data = b.data;
    t->length = b.length;
    ssize_t sent = socket_call(BLOCKED_socket_send, as_socket(self), POLLOUT, -1, attempt, t);
    buffer_release(&b);
    return sent < 0 ? UNSET : from_small_int(sent);
}

static Value socket_send(const Value *args, size_t count) {
    Transfer t = {0};
    return int_argument(args[2], &t.flags) ? send_buffer(args[0], args[1], &t, try_send) : UNSET;
}

/* sendto(data, address) or sendto(data, flags, address) */
static Value socket_sendto(const Value *args, size_t count) {
    SocketAddress to;
    Transfer t = {.address = &to};
    bool with_flags = is_set(args[3]);
    if (with_flags && !int_argument(args[2], &t.flags)) return UNSET;
    if (!address_parse(as_socket(args[0])->family, with_flags ? args[3] : args[2], "sendto", &to)) return UNSET;
    return send_buffer(args[0], args[1], &t, try_send_to);
}

static Value socket_sendall(const Value *args, size_t count) {
    Socket *s = as_socket(args[0]);
    Transfer t = {0};
    Buffer b;
    if (!int_argument(args[2], &t.flags) || !buffer_get(args[1], &b, false)) return UNSET;
    int64_t deadline = socket_deadline(s);
    ssize_t sent = 0;
    t.data = b.data;
    for (t.length = b.length; t.length; t.length -= (size_t)sent) {
        sent = socket_call(BLOCKED_socket_send, s, POLLOUT, deadline, try_send, &t);
        if (sent < 0 || !safepoint_signals()) break;
        t.data = (char *)t.data + sent;
    }
    buffer_release(&b);
    return error_pending() ? UNSET : NONE;
}

/* ---- messages ---- */

static ssize_t try_send_message(Socket *s, void *context) {
    Transfer *t = context;
    return sendmsg(s->fd, t->data, t->flags | MSG_NOSIGNAL);
}
static ssize_t try_receive_message(Socket *s, void *context) {
    Transfer *t = context;
    return recvmsg(s->fd, t->data, t->flags);
}

typedef struct Buffers {
    Buffer *items;
    struct iovec *parts;
    size_t count;
} Buffers;

static void buffers_release(Buffers *b) {
    for (size_t i = 0; i < b->count; i++) buffer_release(&b->items[i]);
    raw_free(b->items);
    raw_free(b->parts);
}

static bool buffers_get(Value iterable, bool writable, const char *function, Buffers *b) {
    Value list = list_from_iterable(iterable);
    *b = (Buffers){0};
    if (is_unset(list)) return false;
    size_t n = as_list(list)->length;
    bool done = n <= BUFFERS_MAX;
    if (!done) raise_error(&OSError_type, "%s() argument 1 is too long", function);
    b->items = raw_allocate((n + 1) * sizeof *b->items);
    b->parts = raw_allocate((n + 1) * sizeof *b->parts);
    if (done && (!b->items || !b->parts)) done = (raise_memory_error(), false);
    for (size_t i = 0; done && i < n; i++) {
        done = buffer_get(as_list(list)->items[i], &b->items[i], writable);
        if (!done) break;
        b->parts[i] = (struct iovec){b->items[i].data, b->items[i].length};
        b->count++;
    }
    release(list);
    if (!done) buffers_release(b);
    return done;
}

/* Writes one (level, type, data) at *at, or with control NULL only measures. */
static bool put_ancillary(Value row, unsigned char *control, size_t *at) {
    int level, type;
    Buffer data;
    Value items = tuple_from_iterable(row);
    if (is_unset(items)) return false;
    bool done = tuple_length(items) == 3 ||
                (raise_type_error("[sendmsg() ancillary data items] must be sequences of length 3"), false);
    done = done && int_argument(tuple_at(items, 0), &level) && int_argument(tuple_at(items, 1), &type) &&
           buffer_get(tuple_at(items, 2), &data, false);
    release(items);
    if (!done) return false;
    if (control) {
        struct cmsghdr *header = (void *)(control + *at);
        header->cmsg_len = CMSG_LEN(data.length);
        header->cmsg_level = level;
        header->cmsg_type = type;
        memcpy(CMSG_DATA(header), data.data, data.length);
    }
    *at += CMSG_SPACE(data.length);
    buffer_release(&data);
    return true;
}

/* The control block of a list of (level, type, data); NULL without an exception when it is empty. */
static unsigned char *ancillary_block(Value rows, size_t *length) {
    size_t size = 0, at = 0;
    Value list = list_from_iterable(rows);
    if (is_unset(list)) return NULL;
    bool done = true;
    for (size_t i = 0; done && i < as_list(list)->length; i++)
        done = put_ancillary(as_list(list)->items[i], NULL, &size);
    unsigned char *block = done && size ? raw_allocate_zeroed(size) : NULL;
    if (done && size && !block) raise_memory_error();
    for (size_t i = 0; block && i < as_list(list)->length; i++) put_ancillary(as_list(list)->items[i], block, &at);
    release(list);
    *length = size;
    return block;
}

static Value socket_sendmsg(const Value *args, size_t count) {
    Buffers b;
    SocketAddress to;
    struct msghdr message = {0};
    Transfer t = {.data = &message};
    if (!int_argument(args[3], &t.flags)) return UNSET;
    if (is_set(args[4]) && !is_none(args[4])) {
        if (!address_parse(as_socket(args[0])->family, args[4], "sendmsg", &to)) return UNSET;
        message.msg_name = &to.as;
        message.msg_namelen = to.length;
    }
    if (!buffers_get(args[1], false, "sendmsg", &b)) return UNSET;
    message.msg_iov = b.parts;
    message.msg_iovlen = b.count;
    size_t control = 0;
    message.msg_control = is_set(args[2]) ? ancillary_block(args[2], &control) : NULL;
    message.msg_controllen = control;
    ssize_t sent = error_pending() ? -1 : socket_call(BLOCKED_socket_send, as_socket(args[0]), POLLOUT, -1, try_send_message, &t);
    raw_free(message.msg_control);
    buffers_release(&b);
    return sent < 0 ? UNSET : from_small_int(sent);
}

static Value ancillary_list(struct msghdr *message) {
    Value list = list_new(0);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c && is_set(list); c = CMSG_NXTHDR(message, c)) {
        Value data = bytes_from(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0)), row = UNSET;
        if (is_set(data)) row = tuple_pack(3, from_small_int(c->cmsg_level), from_small_int(c->cmsg_type), data);
        release(data);
        if (is_unset(row) || !list_append_steal(list, row)) clear(&list);
    }
    return list;
}

/* first is the data or the number of bytes, and is taken over. */
static Value message_value(Value first, struct msghdr *message, const SocketAddress *from) {
    Value rows = is_set(first) ? ancillary_list(message) : UNSET, address = UNSET, result = UNSET;
    if (is_set(rows)) address = address_value(from);
    if (is_set(address)) result = tuple_pack(4, first, rows, from_small_int(message->msg_flags), address);
    release(first), release(rows), release(address);
    return result;
}

static bool receive_message(Value self, Value control_size, Value flags, struct msghdr *message, SocketAddress *from,
                            ssize_t *got) {
    int64_t room = 0;
    Transfer t = {.data = message};
    memset(from, 0, sizeof *from);
    if (is_set(control_size) && !object_as_index(control_size, &room, &OverflowError_type)) return false;
    if (!int_argument(flags, &t.flags)) return false;
    if (room < 0 || room > INT_MAX) return raise_value_error("invalid ancillary data buffer length"), false;
    if (room && !(message->msg_control = raw_allocate((size_t)room))) return raise_memory_error(), false;
    message->msg_controllen = (size_t)room;
    message->msg_name = &from->as;
    message->msg_namelen = sizeof from->as;
    *got = socket_call(BLOCKED_socket_receive, as_socket(self), POLLIN, -1, try_receive_message, &t);
    from->length = message->msg_namelen;
    return *got >= 0;
}

static Value socket_recvmsg(const Value *args, size_t count) {
    int64_t n;
    ssize_t got;
    SocketAddress from;
    if (!object_as_index(args[1], &n, &OverflowError_type)) return UNSET;
    if (n < 0) return raise_value_error("negative buffer size in recvmsg()");
    struct iovec part = {raw_allocate((size_t)n + 1), (size_t)n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (!part.iov_base) return raise_memory_error();
    Value result = UNSET;
    if (receive_message(args[0], args[2], args[3], &message, &from, &got))
        result = message_value(bytes_from(part.iov_base, (size_t)got), &message, &from);
    raw_free(part.iov_base);
    raw_free(message.msg_control);
    return result;
}

static Value socket_recvmsg_into(const Value *args, size_t count) {
    Buffers b;
    ssize_t got;
    SocketAddress from;
    if (!buffers_get(args[1], true, "recvmsg_into", &b)) return UNSET;
    struct msghdr message = {.msg_iov = b.parts, .msg_iovlen = b.count};
    Value result = UNSET;
    if (receive_message(args[0], args[2], args[3], &message, &from, &got))
        result = message_value(from_small_int(got), &message, &from);
    raw_free(message.msg_control);
    buffers_release(&b);
    return result;
}

const NativeDef socket_io_methods[] = {
    METHOD("recv", "buffersize, flags=0, /", socket_recv, "Receive bytes."),
    METHOD("recv_into", "buffer, nbytes=0, flags=0", socket_recv_into, "Receive bytes into a buffer."),
    METHOD("recvfrom", "buffersize, flags=0, /", socket_recvfrom, "(bytes, address)"),
    METHOD("recvfrom_into", "buffer, nbytes=0, flags=0", socket_recvfrom_into, "(number of bytes, address)"),
    METHOD("send", "data, flags=0, /", socket_send, "Send bytes; returns how many were taken."),
    METHOD("sendall", "data, flags=0, /", socket_sendall, "Send all bytes."),
    METHOD("sendto", "data, flags_or_address, address=None, /", socket_sendto, "Send bytes to an address."),
    METHOD("sendmsg", "buffers, ancdata=(), flags=0, address=None, /", socket_sendmsg,
           "Send buffers and ancillary data."),
    METHOD("recvmsg", "bufsize, ancbufsize=0, flags=0, /", socket_recvmsg,
           "(bytes, ancillary data, flags, address)"),
    METHOD("recvmsg_into", "buffers, ancbufsize=0, flags=0, /", socket_recvmsg_into,
           "(number of bytes, ancillary data, flags, address)"),
    NATIVE_END,
};
