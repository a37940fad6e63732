/* Sockets: what the files of the module _socket share. */
#ifndef STDLIB_SOCKET_H
#define STDLIB_SOCKET_H

#include "runtime/conc/blocking.h"
#include "stdlib/stdlib.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

typedef struct Socket {
    Object head;
    int fd;          /* -1: closed */
    int family, type, proto;
    int64_t timeout; /* ns; SOCKET_BLOCKS: wait for ever, 0: never wait.  With any other the descriptor never blocks */
} Socket;

#define SOCKET_BLOCKS INT64_C(-1)

extern Type socket_type;
bool socket_type_ready(void);
extern const NativeDef socket_io_methods[];    /* socket_io.c: sending and receiving */
extern const NativeDef socket_type_functions[]; /* socket_type.c */
extern const NativeDef socket_name_functions[]; /* socket_names.c: names and addresses */
extern Value socket_gaierror, socket_herror;   /* classes, made by the module */

static inline Socket *as_socket(Value v) { return (Socket *)as_object(v); }

/* An address of any family in its C form. */
typedef struct SocketAddress {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } as;
    socklen_t length;
} SocketAddress;

/* The script's form of an address for a socket of this family; host names are looked up.  function: for messages. */
bool address_parse(int family, Value v, const char *function, SocketAddress *out);
/* The script's form: a tuple, or for Unix sockets a path; None when there is none. */
Value address_value(const SocketAddress *address);
/* An IPv4 or IPv6 address as digits: "127.0.0.1". */
Value address_host(const struct sockaddr *address, socklen_t length);
/* The address of a host by name or digits, without a port. */
bool address_of_host(int family, Value host, SocketAddress *out);
/* A host as C text: holder is owned.  NULL text for None. */
bool host_text(Value v, Value *holder, const char **text);
/* Raises socket.gaierror. */
Value raise_gaierror(int error);

/* A timeout argument: None is SOCKET_BLOCKS. */
bool socket_timeout(Value v, int64_t *ns);

/* One attempt at a system call: its result, -1 with errno. */
typedef ssize_t (*SocketTry)(Socket *s, void *context);
/* Makes the attempt without the GIL, waits for `events` (POLLIN, POLLOUT) when the socket has a timeout, tries again
 * when interrupted or not ready.  deadline: a moment of clock_monotonic(), or -1 to use the socket's timeout from now.
 * -1: an exception is pending. */
ssize_t socket_call(BlockingCall call, Socket *s, short events, int64_t deadline, SocketTry attempt, void *context);
int64_t socket_deadline(const Socket *s);

#endif
