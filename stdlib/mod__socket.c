/* _socket: the half of the module socket that is written in C. */
#include "stdlib/socket.h"

#include <linux/if_packet.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "stdlib/module_parts.h"

#ifndef SOL_UDP
#define SOL_UDP IPPROTO_UDP
#endif
#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

Value socket_gaierror, socket_herror; /* roots */

/* In the headers some of them are values of an enum, so none can be asked for with #ifdef. */
static const Constant constants[] = {
#define ROW(name) {#name, name},
#include "stdlib/socket_constants.def"
#undef ROW
    CONSTANT_END,
};

static bool fill(Value dict) {
    Value os_error = type_value(&OSError_type);
    return module_add_constants(dict, constants) && module_add_functions(dict, "_socket", socket_name_functions) &&
           module_add_exception(dict, &socket_gaierror, "socket", "gaierror", os_error, NULL) &&
           module_add_exception(dict, &socket_herror, "socket", "herror", os_error, NULL) &&
           dict_set_utf8(dict, "error", os_error) &&
           dict_set_utf8(dict, "timeout", type_value(&TimeoutError_type)) &&
           dict_set_utf8(dict, "has_ipv6", TRUE_VALUE) &&
           dict_set_utf8(dict, "socket", type_value(&socket_type)) &&
           dict_set_utf8(dict, "SocketType", type_value(&socket_type));
}

const ModuleDef mod__socket = {"_socket", "Sockets.", socket_type_functions, fill, socket_type_ready};
