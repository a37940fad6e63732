/* posix: the system calls behind os. */
#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static const Constant constants[] = {
#define ROW(name) {#name, name},
#include "stdlib/posix_constants.def"
#undef ROW
    CONSTANT_END,
};

static bool fill(Value dict) {
    StructSequence *const types[] = {&stat_result,  &terminal_size,  &times_result,
                                     &uname_result, &statvfs_result, &waitid_result};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!dict_set_utf8(dict, strchr(types[i]->type.name, '.') + 1, type_value(&types[i]->type))) return false;
    return module_add_constants(dict, constants) && module_add_functions(dict, "posix", posix_process_functions) &&
           module_add_functions(dict, "posix", posix_system_functions) &&
           dict_set_utf8(dict, "error", type_value(&OSError_type));
}

static bool ready(void) {
    return struct_sequence_ready(&stat_result) && struct_sequence_ready(&terminal_size) &&
           struct_sequence_ready(&times_result) && struct_sequence_ready(&uname_result) &&
           struct_sequence_ready(&rusage_result) && struct_sequence_ready(&statvfs_result) &&
           struct_sequence_ready(&waitid_result);
}

const ModuleDef mod_posix = {"posix", "The system calls behind os.", posix_file_functions, fill, ready};
