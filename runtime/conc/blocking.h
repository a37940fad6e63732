/* The bracket around everything that can block: between begin and end other threads run script code, so nothing in it
 * may touch a script object.  errno is what the bracketed code left.
 *
 *     BLOCKING_BEGIN(os_read)
 *     n = read(fd, buffer, size);
 *     BLOCKING_END
 *
 * The name is a row of blocking.def, which says what kind of wait it is: the figures and pictures of a run are made of
 * these kinds.  A new call that can block is a new row.
 * A call that ended with EINTR goes on like this: `while (n < 0 && errno == EINTR && safepoint_signals())` repeat it;
 * safepoint_signals() is false when a handler raised, as KeyboardInterrupt.
 */
#ifndef CONC_BLOCKING_H
#define CONC_BLOCKING_H

#include <stdbool.h>

/* What a thread does without the lock. */
typedef enum BlockingKind {
    BLOCKING_IO,       /* files, pipes, terminals, sockets, child processes */
    BLOCKING_LOCK,     /* waiting for a lock, condition, queue or thread of the script */
    BLOCKING_SLEEP,    /* waiting for time to pass */
    BLOCKING_COMPUTE,  /* working on data that no other thread can reach */
} BlockingKind;

typedef enum BlockingCall {
#define BLOCKING(id, kind, name) BLOCKED_##id,
#include "runtime/conc/blocking.def"
#undef BLOCKING
    BLOCKING_CALLS
} BlockingCall;

typedef struct BlockingRow {
    const char *name;
    BlockingKind kind;
    bool keeps; /* the lock, in an experiment: see gil._keep() */
} BlockingRow;
extern BlockingRow blocking_rows[];

void blocking_begin(BlockingCall call);
void blocking_end(void);

#define BLOCKING_BEGIN(id) \
    do {                   \
        blocking_begin(BLOCKED_##id);
#define BLOCKING_END \
    blocking_end();  \
    }                \
    while (0);

#endif
