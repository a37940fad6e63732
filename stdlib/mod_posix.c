/* posix: the system calls behind os. */
#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const Constant constants[] = {
#define ROW CONSTANT_ROW
    ROW(O_RDONLY), ROW(O_WRONLY), ROW(O_RDWR), ROW(O_CREAT), ROW(O_EXCL), ROW(O_TRUNC), ROW(O_APPEND), ROW(O_NONBLOCK),
    ROW(O_SYNC), ROW(O_CLOEXEC), ROW(O_DIRECTORY), ROW(O_NOFOLLOW), ROW(F_OK), ROW(R_OK), ROW(W_OK), ROW(X_OK),
    ROW(WNOHANG), ROW(WUNTRACED), ROW(WCONTINUED),
#undef ROW
    CONSTANT_END,
};

static bool fill(Value dict) {
    StructSequence *const types[] = {&stat_result, &terminal_size, &times_result, &uname_result};
    for (size_t i = 0; i < 4; i++)
        if (!dict_set_utf8(dict, strchr(types[i]->type.name, '.') + 1, type_value(&types[i]->type))) return false;
    return module_add_constants(dict, constants) && module_add_functions(dict, "posix", posix_process_functions) &&
           dict_set_utf8(dict, "error", type_value(&OSError_type));
}

static bool ready(void) {
    return struct_sequence_ready(&stat_result) && struct_sequence_ready(&terminal_size) &&
           struct_sequence_ready(&times_result) && struct_sequence_ready(&uname_result) &&
           struct_sequence_ready(&rusage_result);
}

const ModuleDef mod_posix = {"posix", "The system calls behind os.", posix_file_functions, fill, ready};
