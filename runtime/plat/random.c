/* getrandom, or /dev/urandom where it is missing. */
#include "runtime/plat/random.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/random.h>
static ssize_t some_bytes(void *bytes, size_t size) { return getrandom(bytes, size, 0); }
#else
static ssize_t some_bytes(void *bytes, size_t size) {
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, bytes, size);
    close(fd);
    return n;
}
#endif

bool random_fill(void *bytes, size_t size) {
    char *at = bytes;
    while (size > 0) {
        ssize_t n = some_bytes(at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}
