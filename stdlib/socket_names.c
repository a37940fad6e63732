/* Names of hosts, services and interfaces, and numbers in network order. */
#include "stdlib/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/conc/blocking.h"
#include "stdlib/posix.h"

/* ---- numbers ---- */

static Value short_swap(Value v, const char *name) {
    int64_t n;
    if (!object_as_int64(v, &n)) return UNSET;
    if (n < 0) return raise_overflow_error("%s: can't convert negative Python int to C 16-bit unsigned integer", name);
    if (n > UINT16_MAX)
        return raise_overflow_error("%s: Python int too large to convert to C 16-bit unsigned integer", name);
    return from_small_int(htons((uint16_t)n));
}
static Value socket_htons(const Value *args, size_t count) { return short_swap(args[0], "htons"); }
static Value socket_ntohs(const Value *args, size_t count) { return short_swap(args[0], "ntohs"); }

static Value long_swap(const Value *args, size_t count) {
    int64_t n;
    if (!int_is(args[0])) return raise_type_error("expected int, %T found", args[0]);
    if (int_sign(args[0]) < 0) return raise_overflow_error("can't convert negative value to unsigned int");
    if (!int_fits_int64(args[0], &n) || n > UINT32_MAX) return raise_overflow_error("int larger than 32 bits");
    return from_small_int(htonl((uint32_t)n));
}

/* ---- addresses as bytes ---- */

static const char *text_argument(Value v, const char *function) {
    if (str_is(v)) return str_utf8(v, NULL);
    raise_type_error("%s() argument 1 must be str, not %T", function, v);
    return NULL;
}

static Value socket_inet_aton(const Value *args, size_t count) {
    struct in_addr address;
    const char *text = text_argument(args[0], "inet_aton");
    if (!text) return UNSET;
    if (!inet_aton(text, &address))
        return raise_error(&OSError_type, "illegal IP address string passed to inet_aton");
    return bytes_from(&address, sizeof address);
}

static Value socket_inet_ntoa(const Value *args, size_t count) {
    Buffer b;
    char text[INET_ADDRSTRLEN];
    if (!buffer_get(args[0], &b, false)) return UNSET;
    bool fits = b.length == 4;
    if (fits) inet_ntop(AF_INET, b.data, text, sizeof text);
    buffer_release(&b);
    return fits ? str_from(text) : raise_error(&OSError_type, "packed IP wrong length for inet_ntoa");
}

static Value socket_inet_pton(const Value *args, size_t count) {
    int family;
    unsigned char packed[16];
    if (!fd_get(args[0], &family)) return UNSET;
    if (!str_is(args[1])) return raise_type_error("inet_pton() argument 2 must be str, not %T", args[1]);
    const char *text = str_utf8(args[1], NULL);
    if (!text) return UNSET;
    int result = inet_pton(family, text, packed);
    if (result < 0) return raise_os_error(errno, UNSET, UNSET);
    if (result == 0) return raise_error(&OSError_type, "illegal IP address string passed to inet_pton");
    return bytes_from(packed, family == AF_INET ? 4 : 16);
}

static Value socket_inet_ntop(const Value *args, size_t count) {
    int family;
    Buffer b;
    char text[INET6_ADDRSTRLEN];
    if (!fd_get(args[0], &family)) return UNSET;
    if (family != AF_INET && family != AF_INET6) return raise_value_error("unknown address family %d", family);
    if (!buffer_get(args[1], &b, false)) return UNSET;
    bool fits = b.length == (family == AF_INET ? 4 : 16);
    if (fits) inet_ntop(family, b.data, text, sizeof text);
    buffer_release(&b);
    return fits ? str_from(text) : raise_value_error("invalid length of packed IP address string");
}

/* ---- hosts ---- */

static Value socket_gethostname(const Value *args, size_t count) {
    char name[HOST_NAME_MAX + 1];
    if (gethostname(name, sizeof name) < 0) return raise_os_error(errno, UNSET, UNSET);
    return path_value(name, false);
}

static Value socket_gethostbyname(const Value *args, size_t count) {
    SocketAddress address;
    return address_of_host(AF_INET, args[0], &address) ? address_host(&address.as.any, address.length) : UNSET;
}

/* The C library answers from memory of its own, so one question at a time. */
static pthread_mutex_t host_lock = PTHREAD_MUTEX_INITIALIZER;

static Value name_list(char **texts) {
    Value list = list_new(0);
    for (; texts && *texts && is_set(list); texts++) {
        Value text = path_value(*texts, false);
        if (is_unset(text) || !list_append_steal(list, text)) clear(&list);
    }
    return list;
}
static Value address_list(const struct hostent *host) {
    Value list = list_new(0);
    char text[INET6_ADDRSTRLEN];
    for (char **row = host->h_addr_list; *row && is_set(list); row++) {
        Value item = inet_ntop(host->h_addrtype, *row, text, sizeof text) ? str_from(text) : UNSET;
        if (is_unset(item) || !list_append_steal(list, item)) clear(&list);
    }
    return list;
}
static Value host_triple(const struct hostent *host) {
    Value name = path_value(host->h_name, false), others = name_list(host->h_aliases), addresses = address_list(host);
    Value result = UNSET;
    if (is_set(name) && is_set(others) && is_set(addresses)) result = tuple_pack(3, name, others, addresses);
    release(name), release(others), release(addresses);
    return result;
}

/* What a look-up of a host gave, as a triple; made while host_lock is held. */
static Value host_result(const struct hostent *host, int error) {
    if (host) return host_triple(host);
    Value text = str_from(hstrerror(error)), exception = UNSET;
    if (is_set(text)) exception = call2(socket_herror, from_small_int(error), text);
    release(text);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static Value socket_gethostbyname_ex(const Value *args, size_t count) {
    SocketAddress address;
    Value holder;
    const char *name;
    struct hostent *host;
    int error;
    if (!address_of_host(AF_INET, args[0], &address) || !host_text(args[0], &holder, &name)) return UNSET;
    BLOCKING_BEGIN(socket_lookup)
    pthread_mutex_lock(&host_lock);
    host = gethostbyname(name);
    error = h_errno;
    BLOCKING_END
    Value result = host_result(host, error);
    pthread_mutex_unlock(&host_lock);
    release(holder);
    return result;
}

static Value socket_gethostbyaddr(const Value *args, size_t count) {
    SocketAddress address;
    struct hostent *host;
    int error;
    if (!address_of_host(AF_UNSPEC, args[0], &address)) return UNSET;
    bool v6 = address.as.any.sa_family == AF_INET6;
    const void *raw = v6 ? (void *)&address.as.in6.sin6_addr : (void *)&address.as.in.sin_addr;
    BLOCKING_BEGIN(socket_lookup)
    pthread_mutex_lock(&host_lock);
    host = gethostbyaddr(raw, v6 ? 16 : 4, address.as.any.sa_family);
    error = h_errno;
    BLOCKING_END
    Value result = host_result(host, error);
    pthread_mutex_unlock(&host_lock);
    return result;
}

/* ---- getaddrinfo, getnameinfo ---- */

/* The port as text in `room`, or in a holder. */
static bool port_text(Value v, char room[24], Value *holder, const char **text) {
    *holder = UNSET;
    *text = NULL;
    if (is_none(v)) return true;
    if (int_is(v)) {
        int64_t n;
        if (!object_as_int64(v, &n)) return false;
        snprintf(room, 24, "%lld", (long long)n);
        return *text = room, true;
    }
    if (str_is(v)) return (*text = str_utf8(v, NULL)) != NULL;
    if (bytes_is(v)) return *text = (const char *)as_bytes(v)->data, true;
    return raise_error(&OSError_type, "Int or String expected"), false;
}

static Value found_value(const struct addrinfo *a) {
    SocketAddress address = {.length = a->ai_addrlen};
    memcpy(&address.as, a->ai_addr, a->ai_addrlen);
    Value where = address_value(&address), name = str_from(a->ai_canonname ? a->ai_canonname : ""), row = UNSET;
    if (is_set(where) && is_set(name))
        row = tuple_pack(5, from_small_int(a->ai_family), from_small_int(a->ai_socktype),
                         from_small_int(a->ai_protocol), name, where);
    release(where), release(name);
    return row;
}

static Value found_list(const struct addrinfo *found) {
    Value list = list_new(0);
    for (; found && is_set(list); found = found->ai_next) {
        Value row = found_value(found);
        if (is_unset(row) || !list_append_steal(list, row)) clear(&list);
    }
    return list;
}

static Value socket_getaddrinfo(const Value *args, size_t count) {
    struct addrinfo hints = {0}, *found = NULL;
    int *const fields[] = {&hints.ai_family, &hints.ai_socktype, &hints.ai_protocol, &hints.ai_flags};
    Value host_holder, port_holder;
    const char *host, *port;
    char room[24];
    for (int i = 0; i < 4; i++)
        if (is_set(args[2 + i]) && !fd_get(args[2 + i], fields[i])) return UNSET;
    if (!is_none(args[0]) && !str_is(args[0]) && !bytes_is(args[0]))
        return raise_type_error("getaddrinfo() argument 1 must be string or None");
    if (!host_text(args[0], &host_holder, &host)) return UNSET;
    if (!port_text(args[1], room, &port_holder, &port)) return release(host_holder), UNSET;
    int error;
    BLOCKING_BEGIN(socket_lookup)
    error = getaddrinfo(host, port, &hints, &found);
    BLOCKING_END
    Value list = error ? raise_gaierror(error) : found_list(found);
    if (!error) freeaddrinfo(found);
    release(host_holder);
    return list;
}

static Value socket_getnameinfo(const Value *args, size_t count) {
    int flags, error;
    SocketAddress address;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    if (!fd_get(args[1], &flags)) return UNSET;
    if (!tuple_is(args[0])) return raise_type_error("getnameinfo() argument 1 must be a tuple");
    if (tuple_length(args[0]) < 2 || !str_is(tuple_at(args[0], 0)))
        return raise_type_error("getnameinfo() argument 1 must be a tuple (host, port)");
    const char *digits = str_utf8(tuple_at(args[0], 0), NULL);
    int family = digits && strchr(digits, ':') ? AF_INET6 : AF_INET;
    if (!digits || !address_parse(family, args[0], "getnameinfo", &address)) return UNSET;
    BLOCKING_BEGIN(socket_lookup)
    error = getnameinfo(&address.as.any, address.length, host, sizeof host, service, sizeof service, flags);
    BLOCKING_END
    if (error) return raise_gaierror(error);
    Value a = path_value(host, false), b = path_value(service, false), pair = UNSET;
    if (is_set(a) && is_set(b)) pair = tuple_pack(2, a, b);
    release(a), release(b);
    return pair;
}

/* ---- services, protocols, interfaces ---- */

static const char *optional_text(Value v) { return is_unset(v) ? NULL : str_is(v) ? str_utf8(v, NULL) : NULL; }

static Value socket_getservbyname(const Value *args, size_t count) {
    const char *name = text_argument(args[0], "getservbyname");
    if (!name) return UNSET;
    const struct servent *found = getservbyname(name, optional_text(args[1]));
    return found ? from_small_int(ntohs((uint16_t)found->s_port))
                 : raise_error(&OSError_type, "service/proto not found");
}
static Value socket_getservbyport(const Value *args, size_t count) {
    int port;
    if (!fd_get(args[0], &port)) return UNSET;
    if (port < 0 || port > 0xffff) return raise_overflow_error("getservbyport: port must be 0-65535.");
    const struct servent *found = getservbyport(htons((uint16_t)port), optional_text(args[1]));
    return found ? str_from(found->s_name) : raise_error(&OSError_type, "port/proto not found");
}
static Value socket_getprotobyname(const Value *args, size_t count) {
    const char *name = text_argument(args[0], "getprotobyname");
    if (!name) return UNSET;
    const struct protoent *found = getprotobyname(name);
    return found ? from_small_int(found->p_proto) : raise_error(&OSError_type, "protocol not found");
}

static Value socket_if_nameindex(const Value *args, size_t count) {
    struct if_nameindex *rows = if_nameindex();
    if (!rows) return raise_os_error(errno, UNSET, UNSET);
    Value list = list_new(0);
    for (struct if_nameindex *row = rows; row->if_index && is_set(list); row++) {
        Value name = path_value(row->if_name, false), pair = UNSET;
        if (is_set(name)) pair = tuple_pack(2, from_small_int(row->if_index), name);
        release(name);
        if (is_unset(pair) || !list_append_steal(list, pair)) clear(&list);
    }
    if_freenameindex(rows);
    return list;
}
static Value socket_if_nametoindex(const Value *args, size_t count) {
    Path name;
    if (!path_get(args[0], "if_nametoindex", &name)) return UNSET;
    unsigned index = if_nametoindex(name.text);
    path_release(&name);
    return index ? from_small_int(index) : raise_error(&OSError_type, "no interface with this name");
}
static Value socket_if_indextoname(const Value *args, size_t count) {
    char name[IF_NAMESIZE];
    int index;
    if (!fd_get(args[0], &index)) return UNSET;
    return if_indextoname((unsigned)index, name) ? path_value(name, false) : raise_os_error(errno, UNSET, UNSET);
}

static Value socket_cmsg_len(const Value *args, size_t count) {
    int64_t n;
    if (!object_as_int64(args[0], &n)) return UNSET;
    if (n < 0 || n > INT_MAX) return raise_overflow_error("CMSG_LEN() argument out of range");
    return from_small_int((int64_t)CMSG_LEN((size_t)n));
}
static Value socket_cmsg_space(const Value *args, size_t count) {
    int64_t n;
    if (!object_as_int64(args[0], &n)) return UNSET;
    if (n < 0 || n > INT_MAX) return raise_overflow_error("CMSG_SPACE() argument out of range");
    return from_small_int((int64_t)CMSG_SPACE((size_t)n));
}

const NativeDef socket_name_functions[] = {
    FUNCTION("htons", "x, /", socket_htons, "16 bits to network order."),
    FUNCTION("ntohs", "x, /", socket_ntohs, "16 bits from network order."),
    FUNCTION("htonl", "x, /", long_swap, "32 bits to network order."),
    FUNCTION("ntohl", "x, /", long_swap, "32 bits from network order."),
    FUNCTION("inet_aton", "ip_addr, /", socket_inet_aton, "An IPv4 address as bytes."),
    FUNCTION("inet_ntoa", "packed_ip, /", socket_inet_ntoa, "An IPv4 address as text."),
    FUNCTION("inet_pton", "af, ip, /", socket_inet_pton, "An address as bytes."),
    FUNCTION("inet_ntop", "af, packed_ip, /", socket_inet_ntop, "An address as text."),
    FUNCTION("gethostname", "", socket_gethostname, "The name of this machine."),
    FUNCTION("gethostbyname", "host, /", socket_gethostbyname, "The IPv4 address of a host."),
    FUNCTION("gethostbyname_ex", "host, /", socket_gethostbyname_ex, "(name, other names, addresses)"),
    FUNCTION("gethostbyaddr", "host, /", socket_gethostbyaddr, "(name, other names, addresses)"),
    FUNCTION("getaddrinfo", "host, port, family=0, type=0, proto=0, flags=0", socket_getaddrinfo,
             "The addresses of a host and port: [(family, type, proto, canonical name, address)]."),
    FUNCTION("getnameinfo", "sockaddr, flags, /", socket_getnameinfo, "(host, service) of an address."),
    FUNCTION("getservbyname", "servicename, protocolname=None, /", socket_getservbyname, "The port of a service."),
    FUNCTION("getservbyport", "port, protocolname=None, /", socket_getservbyport, "The service at a port."),
    FUNCTION("getprotobyname", "protocolname, /", socket_getprotobyname, "The number of a protocol."),
    FUNCTION("if_nameindex", "", socket_if_nameindex, "[(number, name)] of the network interfaces."),
    FUNCTION("if_nametoindex", "if_name, /", socket_if_nametoindex, "The number of a network interface."),
    FUNCTION("if_indextoname", "if_index, /", socket_if_indextoname, "The name of a network interface."),
    FUNCTION("CMSG_LEN", "length, /", socket_cmsg_len, "Bytes of ancillary data without padding."),
    FUNCTION("CMSG_SPACE", "length, /", socket_cmsg_space, "Bytes of ancillary data with padding."),
    NATIVE_END,
};
