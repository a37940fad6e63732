/* What the files of the module posix share. */
#ifndef STDLIB_POSIX_H
#define STDLIB_POSIX_H

#include "stdlib/struct_sequence.h"

extern const NativeDef posix_file_functions[], posix_process_functions[], posix_system_functions[];

extern StructSequence stat_result, terminal_size, times_result, uname_result, rusage_result, statvfs_result, waitid_result;

/* A path argument as a C string.  holder is owned: release it when the path is no longer needed.  NULL: TypeError, or
 * ValueError for an embedded null.  is_bytes tells in which form results should be given. */
typedef struct Path {
    const char *text;
    Value holder;
    bool is_bytes;
} Path;
bool path_get(Value v, const char *function, Path *out);
void path_release(Path *path);
/* A name of the system as str (surrogateescape), or bytes. */
Value path_value(const char *text, bool as_bytes);

/* OSError for errno, with the path. */
Value path_error(Value path);
bool fd_get(Value v, int *out);

/* resource.struct_rusage (mod_resource.c). */
struct rusage;
Value rusage_value(const struct rusage *usage);

#endif
