/* Waiting for many descriptors at once, and being woken while waiting.
 *
 * A Poller is one of two kinds behind the same functions: epoll on Linux, poll everywhere.  Interests are kept by the
 * caller, who says what changes.  All functions that fail leave errno.
 */
#ifndef PLAT_POLL_H
#define PLAT_POLL_H

#include <stdbool.h>
#include <stdint.h>

enum { POLL_READ = 1, POLL_WRITE = 2 };

typedef struct PollEvent {
    int fd;
    unsigned ready; /* POLL_READ | POLL_WRITE; errors and hang-ups count as both */
} PollEvent;

typedef struct Poller Poller;
typedef struct PollerKind {
    const char *name;
    Poller *(*open)(void);
    void (*close)(Poller *poller);
    bool (*watch)(Poller *poller, int fd, unsigned old, unsigned interest); /* 0: not watched */
    /* timeout in nanoseconds, negative: for ever.  The number of events, or -1. */
    int (*wait)(Poller *poller, PollEvent *events, int capacity, int64_t timeout);
} PollerKind;

struct Poller {
    const PollerKind *kind;
};

extern const PollerKind poller_poll;
extern const PollerKind *const poller_epoll; /* NULL: this system has none */

/* A descriptor that becomes readable when anybody, a signal handler too, signals it. */
typedef struct WakeFd {
    int reader, writer;
} WakeFd;
bool wake_open(WakeFd *wake);
void wake_close(WakeFd *wake);
void wake_signal(const WakeFd *wake); /* async-signal-safe; keeps errno */
void wake_drain(const WakeFd *wake);

#endif
