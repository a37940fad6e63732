/* resource: what a process uses, and how much it may use. */
#include "stdlib/struct_sequence.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

static const char *const rusage_fields[] = {
    "ru_utime", "ru_stime",   "ru_maxrss",  "ru_ixrss",  "ru_idrss",  "ru_isrss",    "ru_minflt", "ru_majflt",
    "ru_nswap", "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw",  "ru_nivcsw",
};
StructSequence rusage_result = STRUCT_SEQUENCE("resource.struct_rusage", "What a process used.", rusage_fields, 16, 16);

static Value seconds_of(struct timeval t) { return from_double((double)t.tv_sec + (double)t.tv_usec * 1e-6); }

Value rusage_value(const struct rusage *u) {
    const long numbers[] = {u->ru_maxrss, u->ru_ixrss,   u->ru_idrss,   u->ru_isrss,  u->ru_minflt,
                            u->ru_majflt, u->ru_nswap,   u->ru_inblock, u->ru_oublock, u->ru_msgsnd,
                            u->ru_msgrcv, u->ru_nsignals, u->ru_nvcsw,  u->ru_nivcsw};
    Value items[16] = {seconds_of(u->ru_utime), seconds_of(u->ru_stime)};
    for (int i = 0; i < 14; i++) items[i + 2] = int_from_int64(numbers[i]);
    return struct_sequence_new(&rusage_result, items);
}

static Value resource_getrusage(const Value *args, size_t count) {
    int who;
    struct rusage u;
    if (!fd_get(args[0], &who)) return UNSET;
    if (getrusage(who, &u) == 0) return rusage_value(&u);
    return errno == EINVAL ? raise_value_error("invalid who parameter") : raise_os_error(errno, UNSET, UNSET);
}

static Value limit_value(rlim_t n) { return n == RLIM_INFINITY ? from_small_int(-1) : int_from_uint64(n); }

static bool known(int resource) {
    return (resource >= 0 && resource < (int)RLIM_NLIMITS) || (raise_value_error("invalid resource specified"), false);
}

static Value resource_getrlimit(const Value *args, size_t count) {
    int resource;
    struct rlimit r;
    if (!fd_get(args[0], &resource) || !known(resource)) return UNSET;
    if (getrlimit((__rlimit_resource_t)resource, &r) < 0) return raise_os_error(errno, UNSET, UNSET);
    Value soft = limit_value(r.rlim_cur), hard = limit_value(r.rlim_max);
    Value pair = is_set(soft) && is_set(hard) ? tuple_pack(2, soft, hard) : UNSET;
    release(soft), release(hard);
    return pair;
}

static Value resource_setrlimit(const Value *args, size_t count) {
    int resource;
    int64_t soft, hard;
    if (!fd_get(args[0], &resource) || !known(resource)) return UNSET;
    Value pair = tuple_from_iterable(args[1]);
    if (is_unset(pair)) return UNSET;
    bool done = tuple_length(pair) == 2 || (raise_value_error("expected a tuple of 2 integers"), false);
    done = done && object_as_int64(tuple_at(pair, 0), &soft) && object_as_int64(tuple_at(pair, 1), &hard);
    release(pair);
    if (!done) return UNSET;
    struct rlimit r = {(rlim_t)soft, (rlim_t)hard};
    if (setrlimit((__rlimit_resource_t)resource, &r) == 0) return NONE;
    if (errno == EINVAL) return raise_value_error("current limit exceeds maximum limit");
    if (errno == EPERM) return raise_value_error("not allowed to raise maximum limit");
    return raise_os_error(errno, UNSET, UNSET);
}

static Value resource_getpagesize(const Value *args, size_t count) { return from_small_int(sysconf(_SC_PAGESIZE)); }

static const Constant constants[] = {
#define ROW(name) {#name, name}
    ROW(RUSAGE_SELF), ROW(RUSAGE_CHILDREN), ROW(RUSAGE_THREAD), ROW(RLIMIT_CPU), ROW(RLIMIT_FSIZE), ROW(RLIMIT_DATA),
    ROW(RLIMIT_STACK), ROW(RLIMIT_CORE), ROW(RLIMIT_RSS), ROW(RLIMIT_NPROC), ROW(RLIMIT_NOFILE), ROW(RLIMIT_MEMLOCK),
    ROW(RLIMIT_AS), ROW(RLIMIT_MSGQUEUE), ROW(RLIMIT_NICE), ROW(RLIMIT_RTPRIO), ROW(RLIMIT_RTTIME),
    ROW(RLIMIT_SIGPENDING), ROW(RLIMIT_OFILE),
#undef ROW
    {"RLIM_INFINITY", -1}, CONSTANT_END,
};

static const NativeDef functions[] = {
    FUNCTION("getrusage", "who, /", resource_getrusage, "What was used."),
    FUNCTION("getrlimit", "resource, /", resource_getrlimit, "(soft limit, hard limit)"),
    FUNCTION("setrlimit", "resource, limits, /", resource_setrlimit, "Set the limits."),
    FUNCTION("getpagesize", "", resource_getpagesize, "Bytes of a page of memory."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return module_add_constants(dict, constants) && dict_set_utf8(dict, "error", type_value(&OSError_type)) &&
           dict_set_utf8(dict, "struct_rusage", type_value(&rusage_result.type));
}
static bool ready(void) { return struct_sequence_ready(&rusage_result); }

const ModuleDef mod_resource = {"resource", "What a process uses, and how much it may use.", functions, fill, ready};
