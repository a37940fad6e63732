/* select: waiting until descriptors are ready. */
#include "stdlib/stdlib.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "runtime/conc/safepoint.h"
#include "runtime/plat/clock.h"
#include "runtime/types/traverse.h"
#include "stdlib/module_parts.h"

/* ---- arguments ---- */

/* A descriptor, or an object with fileno(). */
static bool descriptor_of(Value v, int *fd) {
    int64_t n = -1;
    Value number = UNSET;
    if (int_is(v)) number = retain(v);
    else {
        Value method;
        Value name = str_intern_cstr("fileno");
        int found = is_set(name) ? object_find_attribute(v, name, &method) : -1;
        release(name);
        if (found < 0) return false;
        if (!found) return raise_type_error("argument must be an int, or have a fileno() method."), false;
        number = call0(method);
        release(method);
        if (is_unset(number)) return false;
        if (!int_is(number)) return release(number), raise_type_error("fileno() returned a non-integer"), false;
    }
    bool fits = int_fits_int64(number, &n) && n <= INT_MAX && n >= INT_MIN;
    release(number);
    if (!fits) return raise_overflow_error("Python int too large to convert to C int"), false;
    if (n < 0) return raise_value_error("file descriptor cannot be a negative integer (%d)", (int)n), false;
    *fd = (int)n;
    return true;
}

/* A time to wait, in units of `unit` ns, rounded up: *deadline is a moment of clock_monotonic(), -1 for ever. */
static bool deadline_of(Value v, int64_t unit, const char *kinds, bool negative_is_forever,
                        int64_t *deadline) {
    double amount;
    *deadline = -1;
    if (is_unset(v) || is_none(v)) return true;
    if (!float_is(v) && !int_is(v) && !type_of(v)->index)
        return raise_type_error("timeout must be %s or None", kinds), false;
    if (!object_as_double(v, &amount)) return false;
    if (isnan(amount)) return raise_value_error("Invalid value NaN (not a number)"), false;
    if (amount < 0 && negative_is_forever) return true;
    if (amount < 0) return raise_value_error("timeout must be non-negative"), false;
    double ns = ceil(amount * (double)unit);
    if (ns >= 0x1p62) return raise_overflow_error("timeout is too large"), false;
    *deadline = clock_monotonic() + (int64_t)ns;
    return true;
}

/* Milliseconds until the deadline, rounded up; -1 for ever. */
static int milliseconds_left(int64_t deadline) {
    if (deadline < 0) return -1;
    int64_t left = deadline - clock_monotonic();
    if (left <= 0) return 0;
    int64_t ms = (left + NS_PER_MS - 1) / NS_PER_MS;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* ---- select ---- */

typedef struct Watch {
    Value items; /* list of the objects */
    int *fds;
    fd_set set;
} Watch;

static void watch_end(Watch *w) {
    release(w->items);
    raw_free(w->fds);
}

static bool watch_start(Watch *w, Value iterable, int *highest) {
    FD_ZERO(&w->set);
    w->fds = NULL;
    w->items = list_from_iterable(iterable);
    if (is_unset(w->items)) {
        if (error_absorb(&TypeError_type)) raise_type_error("arguments 1-3 must be sequences");
        return false;
    }
    w->fds = raw_allocate((as_list(w->items)->length + 1) * sizeof *w->fds);
    if (!w->fds) return raise_memory_error(), false;
    for (size_t i = 0; i < as_list(w->items)->length; i++) {
        if (!descriptor_of(as_list(w->items)->items[i], &w->fds[i])) return false;
        if (w->fds[i] >= FD_SETSIZE) return raise_value_error("filedescriptor out of range in select()"), false;
        FD_SET(w->fds[i], &w->set);
        if (w->fds[i] > *highest) *highest = w->fds[i];
    }
    return true;
}

static Value watch_ready(const Watch *w, const fd_set *ready) {
    Value list = list_new(0);
    for (size_t i = 0; i < as_list(w->items)->length && is_set(list); i++)
        if (FD_ISSET(w->fds[i], ready) && !list_append(list, as_list(w->items)->items[i])) clear(&list);
    return list;
}

static int wait_for_sets(int highest, const Watch *watches, fd_set *ready, int64_t deadline) {
    int n;
    do {
        for (int i = 0; i < 3; i++) ready[i] = watches[i].set;
        int64_t left = deadline < 0 ? 0 : deadline - clock_monotonic();
        if (left < 0) left = 0;
        struct timespec t = {left / NS_PER_SECOND, left % NS_PER_SECOND};
        BLOCKING_BEGIN(select)
        n = pselect(highest + 1, &ready[0], &ready[1], &ready[2], deadline < 0 ? NULL : &t, NULL);
        BLOCKING_END
    } while (n < 0 && errno == EINTR && safepoint_signals());
    if (n < 0 && !error_pending()) raise_os_error(errno, UNSET, UNSET);
    return n;
}

static Value ready_lists(const Watch *watches, const fd_set *ready) {
    Value lists[3], result = UNSET;
    for (int i = 0; i < 3; i++) lists[i] = watch_ready(&watches[i], &ready[i]);
    if (is_set(lists[0]) && is_set(lists[1]) && is_set(lists[2])) result = tuple_from_values(lists, 3);
    for (int i = 0; i < 3; i++) release(lists[i]);
    return result;
}

static Value select_select(const Value *args, size_t count) {
    Watch watches[3] = {{UNSET}, {UNSET}, {UNSET}};
    fd_set ready[3];
    int highest = -1;
    int64_t deadline;
    Value result = UNSET;
    bool done = true;
    if (!deadline_of(args[3], NS_PER_SECOND, "a float", false, &deadline)) return UNSET;
    for (int i = 0; i < 3 && done; i++) done = watch_start(&watches[i], args[i], &highest);
    if (done && wait_for_sets(highest, watches, ready, deadline) >= 0)
        result = ready_lists(watches, ready);
    for (int i = 0; i < 3; i++) watch_end(&watches[i]);
    return result;
}

/* ---- poll ---- */

typedef struct Poll {
    Object head;
    struct pollfd *entries;
    size_t count, capacity;
    bool waiting; /* another thread is inside poll(): the entries are its own */
} Poll;

static Poll *as_poll(Value v) { return (Poll *)as_object(v); }

static struct pollfd *poll_find(Poll *p, int fd) {
    for (size_t i = 0; i < p->count; i++)
        if (p->entries[i].fd == fd) return &p->entries[i];
    return NULL;
}

static bool event_mask(Value v, int fallback, int *out) {
    int64_t n = fallback;
    if (is_set(v) && !object_as_int64(v, &n)) return false;
    if (n < 0) return raise_value_error("value must be positive"), false;
    if (n > UINT16_MAX) return raise_overflow_error("Python int too large to convert to C unsigned short"), false;
    *out = (int)n;
    return true;
}

static Value poll_register(const Value *args, size_t count) {
    Poll *p = as_poll(args[0]);
    int fd, mask;
    if (!descriptor_of(args[1], &fd) || !event_mask(args[2], POLLIN | POLLPRI | POLLOUT, &mask)) return UNSET;
    struct pollfd *entry = poll_find(p, fd);
    if (!entry && p->waiting) return raise_runtime_error("concurrent poll() invocation");
    if (!entry && p->count == p->capacity) {
        size_t capacity = p->capacity ? p->capacity * 2 : 8;
        struct pollfd *larger = raw_reallocate(p->entries, capacity * sizeof *larger);
        if (!larger) return raise_memory_error();
        p->entries = larger;
        p->capacity = capacity;
    }
    if (!entry) entry = &p->entries[p->count++];
    *entry = (struct pollfd){fd, (short)mask, 0};
    return NONE;
}

static Value key_error(int fd) { return raise_key_error(from_small_int(fd)); }

static Value poll_modify(const Value *args, size_t count) {
    int fd, mask;
    if (!descriptor_of(args[1], &fd) || !event_mask(args[2], 0, &mask)) return UNSET;
    struct pollfd *entry = poll_find(as_poll(args[0]), fd);
    if (!entry) return raise_os_error(ENOENT, UNSET, UNSET);
    entry->events = (short)mask;
    return NONE;
}

static Value poll_unregister(const Value *args, size_t count) {
    Poll *p = as_poll(args[0]);
    int fd;
    if (!descriptor_of(args[1], &fd)) return UNSET;
    struct pollfd *entry = poll_find(p, fd);
    if (!entry) return key_error(fd);
    if (p->waiting) return raise_runtime_error("concurrent poll() invocation");
    memmove(entry, entry + 1, (size_t)(p->entries + p->count - entry - 1) * sizeof *entry);
    p->count--;
    return NONE;
}

static Value event_list(const Poll *p) {
    Value list = list_new(0);
    for (size_t i = 0; i < p->count && is_set(list); i++) {
        if (!p->entries[i].revents) continue;
        Value pair = tuple_pack(2, from_small_int(p->entries[i].fd),
                                from_small_int((unsigned short)p->entries[i].revents));
        if (is_unset(pair) || !list_append_steal(list, pair)) clear(&list);
    }
    return list;
}

static Value poll_poll(const Value *args, size_t count) {
    Poll *p = as_poll(args[0]);
    int64_t deadline;
    int n;
    if (!deadline_of(args[1], NS_PER_MS, "an integer", true, &deadline)) return UNSET;
    if (p->waiting) return raise_runtime_error("concurrent poll() invocation");
    p->waiting = true;
    do {
        BLOCKING_BEGIN(poll)
        n = poll(p->entries, p->count, milliseconds_left(deadline));
        BLOCKING_END
    } while (n < 0 && errno == EINTR && safepoint_signals());
    p->waiting = false;
    if (n < 0) return error_pending() ? UNSET : raise_os_error(errno, UNSET, UNSET);
    return event_list(p);
}

static void poll_destroy(Object *self) {
    raw_free(((Poll *)self)->entries);
    object_free(self);
}

static const NativeDef poll_methods[] = {
    METHOD("register", "fd, eventmask=POLLIN|POLLPRI|POLLOUT, /", poll_register, "Watch a descriptor."),
    METHOD("modify", "fd, eventmask, /", poll_modify, "Change what is watched for."),
    METHOD("unregister", "fd, /", poll_unregister, "No longer watch a descriptor."),
    METHOD("poll", "timeout=None, /", poll_poll, "Wait: [(descriptor, events)]; timeout in milliseconds."),
    NATIVE_END,
};

static Type poll_type = {
    TYPE_HEAD("select.poll"),
    .basic_size = sizeof(Poll),
    .flags = TYPE_DISALLOW_NEW,
    .doc = "A set of descriptors to wait for.",
    .methods = poll_methods,
    .destroy = poll_destroy,
};

static Value select_poll(const Value *args, size_t count) {
    Poll *p = object_allocate(&poll_type, sizeof *p);
    return p ? from_object(p) : UNSET;
}

/* ---- epoll ---- */

typedef struct Epoll {
    Object head;
    int fd; /* -1: closed */
} Epoll;

enum { EPOLL_MOST = FD_SETSIZE - 1 };

static Epoll *open_epoll(Value v) {
    Epoll *e = (Epoll *)as_object(v);
    if (e->fd >= 0) return e;
    raise_value_error("I/O operation on closed epoll object");
    return NULL;
}

static Value epoll_of(Type *type, int fd) {
    if (fd < 0) return raise_os_error(errno, UNSET, UNSET);
    Value v = instance_new(type);
    if (is_unset(v)) return close(fd), UNSET;
    ((Epoll *)as_object(v))->fd = fd;
    return v;
}

static Value epoll_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value in[2];
    int64_t hint = -1, flags = 0;
    if (!native_bind("epoll", "sizehint=-1, flags=0", args, count, kwnames, in)) return UNSET;
    if ((is_set(in[0]) && !object_as_int64(in[0], &hint)) || (is_set(in[1]) && !object_as_int64(in[1], &flags)))
        return UNSET;
    if (hint != -1 && hint <= 0) return raise_value_error("negative sizehint");
    if (flags && flags != EPOLL_CLOEXEC) return raise_error(&OSError_type, "invalid flags");
    return epoll_of(type, epoll_create1(EPOLL_CLOEXEC));
}

static Value epoll_fromfd(const Value *args, size_t count) {
    int fd;
    return descriptor_of(args[1], &fd) ? epoll_of((Type *)as_object(args[0]), fd) : UNSET;
}

static Value epoll_close(const Value *args, size_t count) {
    Epoll *e = (Epoll *)as_object(args[0]);
    int fd = e->fd, result;
    e->fd = -1;
    if (fd < 0) return NONE;
    BLOCKING_BEGIN(os_close)
    result = close(fd);
    BLOCKING_END
    return result < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE;
}
static Value epoll_fileno(const Value *args, size_t count) {
    Epoll *e = open_epoll(args[0]);
    return e ? from_small_int(e->fd) : UNSET;
}
static Value epoll_closed(Value self) { return from_bool(((Epoll *)as_object(self))->fd < 0); }
static Value epoll_enter(const Value *args, size_t count) { return open_epoll(args[0]) ? retain(args[0]) : UNSET; }

static Value epoll_control(Value self, int operation, Value descriptor, Value events, uint32_t fallback) {
    Epoll *e = open_epoll(self);
    int64_t mask = fallback;
    int fd;
    if (!e || !descriptor_of(descriptor, &fd) || (is_set(events) && !object_as_int64(events, &mask))) return UNSET;
    struct epoll_event event = {.events = (uint32_t)mask, .data.fd = fd};
    return epoll_ctl(e->fd, operation, fd, &event) < 0 ? raise_os_error(errno, UNSET, UNSET) : NONE;
}
static Value epoll_register(const Value *args, size_t count) {
    return epoll_control(args[0], EPOLL_CTL_ADD, args[1], args[2], EPOLLIN | EPOLLPRI | EPOLLOUT);
}
static Value epoll_modify(const Value *args, size_t count) {
    return epoll_control(args[0], EPOLL_CTL_MOD, args[1], args[2], 0);
}
static Value epoll_unregister(const Value *args, size_t count) {
    return epoll_control(args[0], EPOLL_CTL_DEL, args[1], UNSET, 0);
}

static Value epoll_pairs(const struct epoll_event *events, int n) {
    Value list = list_new((size_t)n);
    for (int i = 0; i < n && is_set(list); i++) {
        Value pair = tuple_pack(2, from_small_int(events[i].data.fd), from_small_int(events[i].events));
        if (is_unset(pair) || !list_append_steal(list, pair)) clear(&list);
    }
    return list;
}

static Value epoll_poll(const Value *args, size_t count) {
    Epoll *e = open_epoll(args[0]);
    int64_t deadline, most = EPOLL_MOST;
    struct epoll_event few[64], *events = few;
    int n;
    if (!e || !deadline_of(args[1], NS_PER_SECOND, "a real number", true, &deadline)) return UNSET;
    if (is_set(args[2]) && !object_as_int64(args[2], &most)) return UNSET;
    if (most == -1) most = EPOLL_MOST;
    if (most < 1 || most > INT_MAX / (int64_t)sizeof *events)
        return raise_value_error("maxevents must be greater than 0, got %lld", (long long)most);
    if (most > 64 && !(events = raw_allocate((size_t)most * sizeof *events))) return raise_memory_error();
    do {
        BLOCKING_BEGIN(epoll)
        n = epoll_wait(e->fd, events, (int)most, milliseconds_left(deadline));
        BLOCKING_END
    } while (n < 0 && errno == EINTR && safepoint_signals());
    Value result = UNSET;
    if (n >= 0) result = epoll_pairs(events, n);
    else if (!error_pending()) raise_os_error(errno, UNSET, UNSET);
    if (events != few) raw_free(events);
    return result;
}

static void epoll_destroy(Object *self) {
    int fd = ((Epoll *)self)->fd;
    if (fd >= 0) close(fd);
    attrs_clear(self);
    object_free(self);
}

static const NativeDef epoll_methods[] = {
    CLASS_METHOD("fromfd", "fd, /", epoll_fromfd, "An epoll object on a descriptor."),
    METHOD("close", "", epoll_close, "Close it."),
    METHOD("fileno", "", epoll_fileno, "The descriptor."),
    METHOD("register", "fd, eventmask=EPOLLIN|EPOLLPRI|EPOLLOUT", epoll_register, "Watch a descriptor."),
    METHOD("modify", "fd, eventmask", epoll_modify, "Change what is watched for."),
    METHOD("unregister", "fd", epoll_unregister, "No longer watch a descriptor."),
    METHOD("poll", "timeout=None, maxevents=-1", epoll_poll, "Wait: [(descriptor, events)]; timeout in seconds."),
    METHOD("__enter__", "", epoll_enter, NULL),
    METHOD("__exit__", "exc_type=None, exc_value=None, exc_tb=None, /", epoll_close, NULL),
    NATIVE_END,
};
static const MemberDef epoll_members[] = {{"closed", epoll_closed, NULL, "True when closed."}, {0}};

static Type epoll_type = {
    TYPE_HEAD("select.epoll"),
    .basic_size = sizeof(Epoll),
    .flags = TYPE_BASE,
    .doc = "A set of descriptors that the system keeps.",
    .methods = epoll_methods,
    .members = epoll_members,
    .make = epoll_make,
    .destroy = epoll_destroy,
};

/* ---- the module ---- */

static const Constant constants[] = {
#define ROW CONSTANT_ROW
    ROW(POLLIN), ROW(POLLPRI), ROW(POLLOUT), ROW(POLLERR), ROW(POLLHUP), ROW(POLLNVAL), ROW(POLLRDNORM),
    ROW(POLLRDBAND), ROW(POLLWRNORM), ROW(POLLWRBAND), ROW(POLLMSG), ROW(POLLRDHUP), ROW(EPOLLIN), ROW(EPOLLOUT),
    ROW(EPOLLPRI), ROW(EPOLLERR), ROW(EPOLLHUP), ROW(EPOLLRDHUP), ROW(EPOLLET), ROW(EPOLLONESHOT), ROW(EPOLLEXCLUSIVE),
    ROW(EPOLLRDNORM), ROW(EPOLLRDBAND), ROW(EPOLLWRNORM), ROW(EPOLLWRBAND), ROW(EPOLLMSG), ROW(EPOLL_CLOEXEC),
    ROW(PIPE_BUF),
#undef ROW
    CONSTANT_END,
};

static const NativeDef functions[] = {
    FUNCTION("select", "rlist, wlist, xlist, timeout=None, /", select_select,
             "Wait until descriptors are ready: three lists."),
    FUNCTION("poll", "", select_poll, "An object to wait for many descriptors with."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return module_add_constants(dict, constants) && dict_set_utf8(dict, "error", type_value(&OSError_type)) &&
           dict_set_utf8(dict, "epoll", type_value(&epoll_type));
}
static bool ready(void) { return type_ready(&poll_type) && type_ready(&epoll_type); }

const ModuleDef mod_select = {"select", "Waiting until descriptors are ready.", functions, fill, ready};
