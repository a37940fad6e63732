/* errno: the error numbers of the system by name. */
#include "stdlib/stdlib.h"

#include <errno.h>

static const struct {
    const char *name;
    int number;
} rows[] = {
#define ROW(name) {#name, name}
    ROW(EPERM),           ROW(ENOENT),       ROW(ESRCH),        ROW(EINTR),        ROW(EIO),
    ROW(ENXIO),           ROW(E2BIG),        ROW(ENOEXEC),      ROW(EBADF),        ROW(ECHILD),
    ROW(EAGAIN),          ROW(ENOMEM),       ROW(EACCES),       ROW(EFAULT),       ROW(EBUSY),
    ROW(EEXIST),          ROW(EXDEV),        ROW(ENODEV),       ROW(ENOTDIR),      ROW(EISDIR),
    ROW(EINVAL),          ROW(ENFILE),       ROW(EMFILE),       ROW(ENOTTY),       ROW(ETXTBSY),
    ROW(EFBIG),           ROW(ENOSPC),       ROW(ESPIPE),       ROW(EROFS),        ROW(EMLINK),
    ROW(EPIPE),           ROW(EDOM),         ROW(ERANGE),       ROW(EDEADLK),      ROW(ENAMETOOLONG),
    ROW(ENOLCK),          ROW(ENOSYS),       ROW(ENOTEMPTY),    ROW(ELOOP),        ROW(EWOULDBLOCK),
    ROW(ENOMSG),          ROW(EIDRM),        ROW(ENOSTR),       ROW(ENODATA),      ROW(ETIME),
    ROW(EPROTO),          ROW(EBADMSG),      ROW(EOVERFLOW),    ROW(EILSEQ),       ROW(EUSERS),
    ROW(ENOTSOCK),        ROW(EDESTADDRREQ), ROW(EMSGSIZE),     ROW(EPROTOTYPE),   ROW(ENOPROTOOPT),
    ROW(EPROTONOSUPPORT), ROW(EOPNOTSUPP),   ROW(EAFNOSUPPORT), ROW(EADDRINUSE),   ROW(EADDRNOTAVAIL),
    ROW(ENETDOWN),        ROW(ENETUNREACH),  ROW(ENETRESET),    ROW(ECONNABORTED), ROW(ECONNRESET),
    ROW(ENOBUFS),         ROW(EISCONN),      ROW(ENOTCONN),     ROW(ESHUTDOWN),    ROW(ETIMEDOUT),
    ROW(ECONNREFUSED),    ROW(EHOSTDOWN),    ROW(EHOSTUNREACH), ROW(EALREADY),     ROW(EINPROGRESS),
    ROW(ESTALE),          ROW(EDQUOT),       ROW(ECANCELED),    ROW(EOWNERDEAD),   ROW(ENOTRECOVERABLE),
    ROW(ENOTSUP),
#undef ROW
};

static bool fill(Value dict) {
    Value codes = dict_new();
    bool done = is_set(codes) && dict_set_utf8(dict, "errorcode", codes);
    for (size_t i = 0; done && i < sizeof rows / sizeof rows[0]; i++) {
        Value name = str_intern_cstr(rows[i].name), number = from_small_int(rows[i].number);
        done = is_set(name) && dict_set(dict, name, number) && is_set(dict_set_default(codes, number, name));
        release(name);
    }
    release(codes);
    return done;
}

const ModuleDef mod_errno = {"errno", "The error numbers of the system.", NULL, fill, NULL};
