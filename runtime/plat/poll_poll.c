/* Pollers on poll(2), and descriptors that wake them. */
#include "runtime/plat/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct PollPoller {
    Poller head;
    struct pollfd *fds;
    int count, capacity;
} PollPoller;

static Poller *poll_open(void) {
    PollPoller *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->head.kind = &poller_poll;
    return &p->head;
}

static void poll_close(Poller *poller) {
    free(((PollPoller *)poller)->fds);
    free(poller);
}

static int poll_find(const PollPoller *p, int fd) {
    for (int i = 0; i < p->count; i++)
        if (p->fds[i].fd == fd) return i;
    return -1;
}

static int poll_add(PollPoller *p, int fd) {
    if (p->count == p->capacity) {
        int capacity = p->capacity ? p->capacity * 2 : 16;
        struct pollfd *grown = realloc(p->fds, (size_t)capacity * sizeof *grown);
        if (!grown) return -1;
        p->fds = grown;
        p->capacity = capacity;
    }
    p->fds[p->count].fd = fd;
    return p->count++;
}

/* epoll refuses regular files with EPERM; so does this. */
static bool poll_watch(Poller *poller, int fd, unsigned old, unsigned interest) {
    PollPoller *p = (PollPoller *)poller;
    int i = poll_find(p, fd);
    if (!interest) {
        if (i >= 0) p->fds[i] = p->fds[--p->count];
        return true;
    }
    if (fcntl(fd, F_GETFD) < 0) return false;
    if (i < 0) i = poll_add(p, fd);
    if (i < 0) return false;
    p->fds[i].events = (short)(((interest & POLL_READ) ? POLLIN : 0) | ((interest & POLL_WRITE) ? POLLOUT : 0));
    p->fds[i].revents = 0;
    return true;
}

static int poll_await(Poller *poller, PollEvent *out, int capacity, int64_t timeout) {
    PollPoller *p = (PollPoller *)poller;
    struct timespec t = {timeout / 1000000000, timeout % 1000000000};
    int n = ppoll(p->fds, (nfds_t)p->count, timeout < 0 ? NULL : &t, NULL), found = 0;
    for (int i = 0; i < p->count && found < n && found < capacity; i++) {
        int got = p->fds[i].revents;
        if (!got) continue;
        out[found++] = (PollEvent){p->fds[i].fd, ((got & ~POLLIN) ? POLL_WRITE : 0) | ((got & ~POLLOUT) ? POLL_READ : 0)};
    }
    return n < 0 ? -1 : found;
}

const PollerKind poller_poll = {"poll", poll_open, poll_close, poll_watch, poll_await};

bool wake_open(WakeFd *wake) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return false;
    *wake = (WakeFd){ends[0], ends[1]};
    return true;
}

void wake_close(WakeFd *wake) {
    close(wake->reader);
    close(wake->writer);
}

void wake_signal(const WakeFd *wake) {
    int saved = errno;
    char byte = 0;
    while (write(wake->writer, &byte, 1) < 0 && errno == EINTR) continue;
    errno = saved;
}

void wake_drain(const WakeFd *wake) {
    char bytes[256];
    while (read(wake->reader, bytes, sizeof bytes) > 0) continue;
}
