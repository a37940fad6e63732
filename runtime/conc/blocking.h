/* The bracket around everything that can block: between begin and end other threads run script code, so nothing in it
 * may touch a script object.  errno is what the bracketed code left.
 *
 *     BLOCKING_BEGIN
 *     n = read(fd, buffer, size);
 *     BLOCKING_END
 *
 * A call that ended with EINTR goes on like this: `while (n < 0 && errno == EINTR && safepoint_signals())` repeat it;
 * safepoint_signals() is false when a handler raised, as KeyboardInterrupt.
 */
#ifndef CONC_BLOCKING_H
#define CONC_BLOCKING_H

void blocking_begin(void);
void blocking_end(void);

#define BLOCKING_BEGIN \
    do {               \
        blocking_begin();
#define BLOCKING_END \
    blocking_end();  \
    }                \
    while (0);

#endif
