/* Pollers on epoll: waiting costs the same however many descriptors are watched. */
#include "runtime/plat/poll.h"

#ifdef __linux__

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256 };

typedef struct EpollPoller {
    Poller head;
    int fd;
    bool whole_ms; /* the kernel knows no finer timeout */
} EpollPoller;

static Poller *epoll_open(void) {
    EpollPoller *p = malloc(sizeof *p);
    if (!p) return NULL;
    *p = (EpollPoller){.head.kind = poller_epoll, .fd = epoll_create1(EPOLL_CLOEXEC)};
    if (p->fd >= 0) return &p->head;
    free(p);
    return NULL;
}

static void epoll_end(Poller *poller) {
    close(((EpollPoller *)poller)->fd);
    free(poller);
}

/* A descriptor that was closed behind our back is no longer there; one that came back under its number is. */
static bool epoll_watch(Poller *poller, int fd, unsigned old, unsigned interest) {
    int epoll = ((EpollPoller *)poller)->fd;
    struct epoll_event event = {.data.fd = fd};
    event.events = ((interest & POLL_READ) ? EPOLLIN : 0) | ((interest & POLL_WRITE) ? EPOLLOUT : 0);
    if (!interest) return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event) == 0 || errno == ENOENT || errno == EBADF;
    if (epoll_ctl(epoll, old ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return true;
    if (old && errno == ENOENT) return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
    if (!old && errno == EEXIST) return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0;
    return false;
}

static int whole_ms(int64_t timeout) {
    if (timeout < 0) return -1;
    int64_t ms = (timeout + 999999) / 1000000;
    return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

static int wait_events(EpollPoller *p, struct epoll_event *events, int capacity, int64_t timeout) {
    if (timeout > 0 && !p->whole_ms) {
        struct timespec t = {timeout / 1000000000, timeout % 1000000000};
        int n = epoll_pwait2(p->fd, events, capacity, &t, NULL);
        if (n >= 0 || errno != ENOSYS) return n;
        p->whole_ms = true;
    }
    return epoll_wait(p->fd, events, capacity, whole_ms(timeout));
}

static int epoll_await(Poller *poller, PollEvent *out, int capacity, int64_t timeout) {
    struct epoll_event events[BATCH];
    int n = wait_events((EpollPoller *)poller, events, capacity < BATCH ? capacity : BATCH, timeout);
    for (int i = 0; i < n; i++) {
        uint32_t got = events[i].events;
        out[i] = (PollEvent){events[i].data.fd, ((got & ~(uint32_t)EPOLLIN) ? POLL_WRITE : 0) |
                                                    ((got & ~(uint32_t)EPOLLOUT) ? POLL_READ : 0)};
    }
    return n;
}

static const PollerKind kind = {"epoll", epoll_open, epoll_end, epoll_watch, epoll_await};
const PollerKind *const poller_epoll = &kind;

#else

const PollerKind *const poller_epoll = 0;

#endif
