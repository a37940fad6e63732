/* Addresses of sockets: from a script's tuples and names to the system's structures and back. */
#include "stdlib/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stddef.h>

#include "runtime/conc/blocking.h"

Value raise_gaierror(int error) {
    if (error == EAI_SYSTEM) return raise_os_error(errno, UNSET, UNSET);
    Value text = str_from(gai_strerror(error)), exception = UNSET;
    if (is_set(text)) exception = call2(socket_gaierror, from_small_int(error), text);
    release(text);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

/* ---- to C ---- */

bool host_text(Value v, Value *holder, const char **text) {
    *holder = UNSET;
    *text = NULL;
    if (is_none(v)) return true;
    if (str_is(v)) *holder = str_is_ascii(as_str(v)) ? str_encode(v, "ascii", NULL) : str_encode(v, "idna", NULL);
    else if (bytes_is(v)) *holder = retain(v);
    else if (bytearray_is(v)) *holder = bytes_from(as_bytearray(v)->data, as_bytearray(v)->length);
    else return raise_type_error("str, bytes or bytearray expected, not %T", v), false;
    if (is_unset(*holder)) return false;
    *text = (const char *)as_bytes(*holder)->data;
    if (strlen(*text) == as_bytes(*holder)->length) return true;
    clear(holder);
    return raise_type_error("host name must not contain null character"), false;
}

static bool look_up(int family, const char *name, int flags, SocketAddress *out) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = flags}, *found;
    int error;
    BLOCKING_BEGIN(socket_lookup)
    error = getaddrinfo(name, name ? NULL : "0", &hints, &found);
    BLOCKING_END
    if (error) return raise_gaierror(error), false;
    memcpy(&out->as, found->ai_addr, found->ai_addrlen);
    out->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

/* Digits need no look-up; they are by far the commonest. */
static bool from_digits(int family, const char *name, SocketAddress *out) {
    if (family != AF_INET6 && inet_pton(AF_INET, name, &out->as.in.sin_addr) == 1) {
        out->as.in.sin_family = AF_INET;
        return out->length = sizeof out->as.in, true;
    }
    if (family != AF_INET && !strchr(name, '%') && inet_pton(AF_INET6, name, &out->as.in6.sin6_addr) == 1) {
        out->as.in6.sin6_family = AF_INET6;
        return out->length = sizeof out->as.in6, true;
    }
    return false;
}

static bool from_name(int family, const char *name, SocketAddress *out) {
    memset(out, 0, sizeof *out);
    if (!*name) return look_up(family, NULL, AI_PASSIVE, out);
    if (strcmp(name, "<broadcast>") == 0 || strcmp(name, "255.255.255.255") == 0) {
        if (family != AF_INET && family != AF_UNSPEC)
            return raise_error(&OSError_type, "address family mismatched"), false;
        out->as.in.sin_family = AF_INET;
        out->as.in.sin_addr.s_addr = INADDR_BROADCAST;
        return out->length = sizeof out->as.in, true;
    }
    return from_digits(family, name, out) || look_up(family, name, 0, out);
}

bool address_of_host(int family, Value host, SocketAddress *out) {
    Value holder;
    const char *name;
    if (!host_text(host, &holder, &name)) return false;
    bool done = name ? from_name(family, name, out) : (raise_type_error("host must not be None"), false);
    release(holder);
    return done;
}

static bool parse_unix(Value v, SocketAddress *out) {
    Value bytes = str_is(v) ? str_encode(v, "utf-8", "surrogateescape") : UNSET;
    if (!str_is(v)) {
        Buffer b;
        if (!buffer_get(v, &b, false)) return false;
        bytes = bytes_from(b.data, b.length);
        buffer_release(&b);
    }
    if (is_unset(bytes)) return false;
    size_t n = as_bytes(bytes)->length;
    bool abstract = n && as_bytes(bytes)->data[0] == 0, fits = n < sizeof out->as.un.sun_path + abstract;
    if (fits) memcpy(out->as.un.sun_path, as_bytes(bytes)->data, n);
    out->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + !abstract);
    release(bytes);
    return fits || (raise_error(&OSError_type, "AF_UNIX path too long"), false);
}

static bool parse_number(Value v, int64_t most, const char *function, const char *what, const char *range,
                         int64_t *out) {
    if (!object_as_int64(v, out)) return false;
    if (*out >= 0 && *out <= most) return true;
    return raise_overflow_error("%s(): %s must be %s.", function, what, range), false;
}

static bool parse_in(int family, Value v, const char *function, SocketAddress *out) {
    const char *name = family == AF_INET ? "AF_INET" : "AF_INET6";
    int64_t port, flow = 0, scope = 0;
    if (!tuple_is(v)) return raise_type_error("%s(): %s address must be tuple, not %T", function, name, v), false;
    size_t n = tuple_length(v);
    if (n < 2 || n > (family == AF_INET ? 2u : 4u))
        return raise_type_error(family == AF_INET ? "AF_INET address must be a pair (host, port)"
                                                  : "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"),
               false;
    if (!address_of_host(family, tuple_at(v, 0), out)) return false;
    if (!parse_number(tuple_at(v, 1), 0xffff, function, "port", "0-65535", &port)) return false;
    if (n > 2 && !parse_number(tuple_at(v, 2), 0xfffff, function, "flowinfo", "0-1048575", &flow)) return false;
    if (n > 3 && !parse_number(tuple_at(v, 3), UINT32_MAX, function, "scope_id", "0-4294967295", &scope)) return false;
    if (family == AF_INET) return out->as.in.sin_port = htons((uint16_t)port), true;
    out->as.in6.sin6_port = htons((uint16_t)port);
    out->as.in6.sin6_flowinfo = htonl((uint32_t)flow);
    if (n > 3) out->as.in6.sin6_scope_id = (uint32_t)scope;
    return true;
}

bool address_parse(int family, Value v, const char *function, SocketAddress *out) {
    memset(out, 0, sizeof *out);
    out->as.any.sa_family = (sa_family_t)family;
    switch (family) {
    case AF_UNIX: return parse_unix(v, out);
    case AF_INET:
    case AF_INET6: return parse_in(family, v, function, out);
    default: return raise_error(&OSError_type, "%s(): bad family", function), false;
    }
}

/* ---- to script values ---- */

Value address_host(const struct sockaddr *address, socklen_t length) {
    char text[NI_MAXHOST];
    int error = getnameinfo(address, length, text, sizeof text, NULL, 0, NI_NUMERICHOST);
    return error ? raise_gaierror(error) : str_from(text);
}

static Value unix_value(const SocketAddress *a) {
    size_t room = a->length > offsetof(struct sockaddr_un, sun_path)
                      ? a->length - offsetof(struct sockaddr_un, sun_path) : 0;
    const char *path = a->as.un.sun_path;
    if (room && !path[0]) return bytes_from(path, room); /* an abstract name */
    return str_decode(path, strnlen(path, room), "utf-8", "surrogateescape");
}

Value address_value(const SocketAddress *a) {
    if (a->length == 0) return NONE;
    if (a->as.any.sa_family == AF_UNIX) return unix_value(a);
    if (a->as.any.sa_family != AF_INET && a->as.any.sa_family != AF_INET6)
        return tuple_pack(2, from_small_int(a->as.any.sa_family), NONE);
    Value host = address_host(&a->as.any, a->length), result = UNSET;
    if (is_set(host) && a->as.any.sa_family == AF_INET)
        result = tuple_pack(2, host, from_small_int(ntohs(a->as.in.sin_port)));
    else if (is_set(host))
        result = tuple_pack(4, host, from_small_int(ntohs(a->as.in6.sin6_port)),
                            from_small_int(ntohl(a->as.in6.sin6_flowinfo)), from_small_int(a->as.in6.sin6_scope_id));
    release(host);
    return result;
}
