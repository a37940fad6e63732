/* Mapping and returning memory, on systems with mmap. */
#include "runtime/plat/memory.h"

#include <sys/mman.h>

void *memory_map(size_t bytes) {
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

void memory_unmap(void *start, size_t bytes) { munmap(start, bytes); }

void memory_discard(void *start, size_t bytes) { madvise(start, bytes, MADV_DONTNEED); }

void memory_avoid_huge_pages(void *start, size_t bytes) {
#ifdef MADV_NOHUGEPAGE
    madvise(start, bytes, MADV_NOHUGEPAGE);
#else
    (void)start, (void)bytes;
#endif
}

#ifdef __linux__
bool memory_resize(void *start, size_t old_bytes, size_t new_bytes) {
    return mremap(start, old_bytes, new_bytes, 0) != MAP_FAILED;
}

bool memory_move(void *start, size_t old_bytes, void *target, size_t new_bytes) {
    return mremap(start, old_bytes, new_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, target) != MAP_FAILED;
}
#else
bool memory_resize(void *start, size_t old_bytes, size_t new_bytes) {
    (void)start;
    return old_bytes == new_bytes;
}

bool memory_move(void *start, size_t old_bytes, void *target, size_t new_bytes) {
    (void)start, (void)old_bytes, (void)target, (void)new_bytes;
    return false;
}
#endif
