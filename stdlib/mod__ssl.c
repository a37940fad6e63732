/* _ssl: connections that nobody else can read, over libssl.
 *
 * The descriptor of such a socket never blocks, whatever its timeout: each step of the protocol is made under the lock of
 * the connection and without the GIL, and waiting for the descriptor happens between the steps, with neither.  So one
 * thread may read while another writes.
 */
#ifdef HAVE_LIBSSL
#include "stdlib/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>

#include "runtime/conc/lock.h"
#include "runtime/conc/safepoint.h"
#include "runtime/plat/clock.h"
#include "runtime/types/traverse.h"
#include "stdlib/module_parts.h"
#include "stdlib/posix.h"

/* ---- errors ---- */

enum { ERROR_EOF = 8 };
enum { CLASS_ERROR, CLASS_ZERO_RETURN, CLASS_WANT_READ, CLASS_WANT_WRITE, CLASS_SYSCALL, CLASS_EOF, CLASS_VERIFY, CLASSES };
static Value classes[CLASSES]; /* roots, set by the module ssl */

static Value raise_class(int class, int number, const char *text) {
    Value message = str_from(text), exception = UNSET;
    if (is_set(message)) exception = call2(classes[class], from_small_int(number), message);
    release(message);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static bool set_text(Value exception, const char *name, const char *text) {
    Value key = str_intern_cstr(name), v = text ? str_from(text) : NONE;
    bool done = is_set(key) && is_set(v) && object_set_attribute(exception, key, v);
    release(key), release(v);
    return done;
}

/* "CERTIFICATE_VERIFY_FAILED" of "certificate verify failed". */
static void upper_reason(const char *reason, char *out, size_t room) {
    size_t i = 0;
    for (; reason[i] && i + 1 < room; i++) {
        char c = reason[i];
        out[i] = c == ' ' || c == '-' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    out[i] = 0;
}

/* Why a certificate is not believed. */
static void verify_message(SSL *ssl, long outcome, char *out, size_t room) {
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char *address = outcome == X509_V_ERR_IP_ADDRESS_MISMATCH ? X509_VERIFY_PARAM_get1_ip_asc(SSL_get0_param(ssl)) : NULL;
    if (outcome == X509_V_ERR_HOSTNAME_MISMATCH && host)
        snprintf(out, room, "Hostname mismatch, certificate is not valid for '%s'.", host);
    else if (address) snprintf(out, room, "IP address mismatch, certificate is not valid for '%s'.", address);
    else snprintf(out, room, "%s", X509_verify_cert_error_string(outcome));
    OPENSSL_free(address);
}

/* What libssl says went wrong last.  ssl may be NULL. */
static Value raise_library(SSL *ssl) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL, *library = code ? ERR_lib_error_string(code) : NULL;
    char upper[128], why[256] = "", text[512];
    ERR_clear_error();
    if (!reason) return raise_class(CLASS_ERROR, 1, "unknown error");
    bool verify = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    long outcome = ssl && verify ? SSL_get_verify_result(ssl) : X509_V_OK;
    upper_reason(reason, upper, sizeof upper);
    const char *area = ERR_GET_LIB(code) == ERR_LIB_SSL ? "SSL" : ERR_GET_LIB(code) == ERR_LIB_X509 ? "X509" : library;
    if (verify && ssl) verify_message(ssl, outcome, why, sizeof why);
    if (verify) snprintf(text, sizeof text, "[%s: %s] %s: %s", area, upper, reason, why);
    else snprintf(text, sizeof text, "[%s: %s] %s", area ? area : "SSL", upper, reason);
    raise_class(verify ? CLASS_VERIFY : CLASS_ERROR, 1, text);
    Value e = error_take();
    set_text(e, "library", area);
    set_text(e, "reason", upper);
    if (verify) {
        Value key = str_intern_cstr("verify_code");
        if (is_set(key)) object_set_attribute(e, key, from_small_int(outcome));
        release(key);
        set_text(e, "verify_message", why);
    }
    error_restore(e);
    return UNSET;
}

/* ---- contexts ---- */

typedef struct Context {
    Object head;
    SSL_CTX *handle;
    bool check_hostname, is_server, is_client;
    unsigned char *protocols; /* ALPN, as the protocol writes them; raw memory */
    size_t protocols_length;
} Context;
static Context *as_context(Value v) { return (Context *)as_object(v); }

static Value context_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value in[2];
    int64_t role = 2; /* 2: both, 16: client, 17: server */
    if (!native_bind("_SSLContext", "protocol=PROTOCOL_TLS, /", args, count, kwnames, in)) return UNSET;
    if (is_set(in[0]) && !object_as_int64(in[0], &role)) return UNSET;
    if (role != 2 && role != 16 && role != 17) return raise_value_error("invalid or unsupported protocol version");
    Value self = instance_new(type);
    if (is_unset(self)) return UNSET;
    Context *c = as_context(self);
    c->is_client = role == 16, c->is_server = role == 17;
    c->handle = SSL_CTX_new(c->is_client ? TLS_client_method() : c->is_server ? TLS_server_method() : TLS_method());
    if (!c->handle) return release(self), raise_library(NULL);
    SSL_CTX_set_mode(c->handle, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(c->handle, SSL_OP_ALL | SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_min_proto_version(c->handle, TLS1_2_VERSION);
    SSL_CTX_set_session_id_context(c->handle, (const unsigned char *)"scr", 3);
    if (c->is_client) SSL_CTX_set_verify(c->handle, SSL_VERIFY_PEER, NULL);
    c->check_hostname = c->is_client;
    return self;
}
static bool context_init(Value self, const Value *args, size_t count, Value kwnames) { return true; }

static void context_destroy(Object *self) {
    SSL_CTX_free(((Context *)self)->handle);
    raw_free(((Context *)self)->protocols);
    attrs_clear(self);
    object_free(self);
}

static int give_password(char *room, int size, int writing, void *password) {
    const char *text = password;
    int n = text ? (int)strlen(text) : 0;
    if (n > size) return -1;
    if (text) memcpy(room, text, (size_t)n);
    return n;
}

static Value load_chain(Context *c, const char *certificates, const char *key, char *password) {
    if (password) {
        SSL_CTX_set_default_passwd_cb(c->handle, give_password);
        SSL_CTX_set_default_passwd_cb_userdata(c->handle, password);
    }
    int done;
    errno = 0;
    ERR_clear_error();
    BLOCKING_BEGIN(ssl)
    done = SSL_CTX_use_certificate_chain_file(c->handle, certificates) == 1 &&
           SSL_CTX_use_PrivateKey_file(c->handle, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(c->handle) == 1;
    BLOCKING_END
    int error = errno;
    SSL_CTX_set_default_passwd_cb(c->handle, NULL);
    SSL_CTX_set_default_passwd_cb_userdata(c->handle, NULL);
    if (done) return NONE;
    if (error == ENOENT || error == EACCES) return ERR_clear_error(), raise_os_error(error, UNSET, UNSET);
    return raise_library(NULL);
}

/* self, certfile, keyfile, password (str or bytes) */
static Value context_load_cert_chain(const Value *args, size_t count) {
    Path certificates, key = {NULL, UNSET, false}, password = {NULL, UNSET, false};
    if (!path_get(args[1], "load_cert_chain", &certificates)) return UNSET;
    bool done = is_unset(args[2]) || is_none(args[2]) || path_get(args[2], "load_cert_chain", &key);
    done = done && (is_unset(args[3]) || is_none(args[3]) || path_get(args[3], "load_cert_chain", &password));
    Value result = UNSET;
    if (done)
        result = load_chain(as_context(args[0]), certificates.text, key.text ? key.text : certificates.text,
                            (char *)password.text);
    path_release(&certificates), path_release(&key), path_release(&password);
    return result;
}

/* Certificates in PEM text, or one in DER bytes. */
static bool add_certificates(Context *c, Value data) {
    Buffer b;
    Value text = str_is(data) ? str_encode(data, "ascii", NULL) : retain(data);
    if (is_unset(text)) return false;
    bool done = buffer_get(text, &b, false);
    release(text);
    if (!done) return false;
    BIO *bio = BIO_new_mem_buf(b.data, (int)b.length);
    X509_STORE *store = SSL_CTX_get_cert_store(c->handle);
    int added = 0;
    for (X509 *x; bio && (x = str_is(data) ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : d2i_X509_bio(bio, NULL)); added++) {
        X509_STORE_add_cert(store, x);
        X509_free(x);
    }
    BIO_free(bio);
    buffer_release(&b);
    if (added) return ERR_clear_error(), true;
    return raise_library(NULL), false;
}

/* self, cafile, capath, cadata */
static Value context_load_verify(const Value *args, size_t count) {
    Path file = {NULL, UNSET, false}, folder = {NULL, UNSET, false};
    bool has_file = is_set(args[1]) && !is_none(args[1]), has_folder = is_set(args[2]) && !is_none(args[2]),
         has_data = is_set(args[3]) && !is_none(args[3]);
    if (!has_file && !has_folder && !has_data) return raise_type_error("cafile, capath and cadata cannot be all omitted");
    if (has_data && !add_certificates(as_context(args[0]), args[3])) return UNSET;
    if (!has_file && !has_folder) return NONE;
    if (has_file && !path_get(args[1], "load_verify_locations", &file)) return UNSET;
    if (has_folder && !path_get(args[2], "load_verify_locations", &folder)) return path_release(&file), UNSET;
    int done;
    errno = 0;
    BLOCKING_BEGIN(ssl)
    done = SSL_CTX_load_verify_locations(as_context(args[0])->handle, file.text, folder.text);
    BLOCKING_END
    int error = errno;
    path_release(&file), path_release(&folder);
    if (done) return NONE;
    if (error == ENOENT || error == EACCES) return ERR_clear_error(), raise_os_error(error, UNSET, UNSET);
    return raise_library(NULL);
}

static Value context_default_paths(const Value *args, size_t count) {
    return SSL_CTX_set_default_verify_paths(as_context(args[0])->handle) ? NONE : raise_library(NULL);
}
static Value context_set_ciphers(const Value *args, size_t count) {
    const char *text = str_is(args[1]) ? str_utf8(args[1], NULL) : NULL;
    if (!text) return error_pending() ? UNSET : raise_type_error("set_ciphers() argument must be str, not %T", args[1]);
    if (SSL_CTX_set_cipher_list(as_context(args[0])->handle, text)) return NONE;
    ERR_clear_error();
    Value message = str_from("No cipher can be selected."), exception = UNSET;
    if (is_set(message)) exception = call1(classes[CLASS_ERROR], message);
    release(message);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *theirs,
                           unsigned theirs_length, void *context) {
    Context *c = context;
    int found = SSL_select_next_proto((unsigned char **)out, length, c->protocols, (unsigned)c->protocols_length, theirs,
                                      theirs_length);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}
static Value context_set_protocols(const Value *args, size_t count) {
    Context *c = as_context(args[0]);
    Buffer b;
    if (!buffer_get(args[1], &b, false)) return UNSET;
    unsigned char *copy = raw_allocate(b.length + 1);
    if (copy) memcpy(copy, b.data, b.length);
    size_t n = b.length;
    buffer_release(&b);
    if (!copy) return raise_memory_error();
    raw_free(c->protocols);
    c->protocols = copy;
    c->protocols_length = n;
    if (SSL_CTX_set_alpn_protos(c->handle, copy, (unsigned)n)) return raise_memory_error();
    SSL_CTX_set_alpn_select_cb(c->handle, choose_protocol, c);
    return NONE;
}

static Value get_verify_mode(Value self) {
    int mode = SSL_CTX_get_verify_mode(as_context(self)->handle);
    if (!(mode & SSL_VERIFY_PEER)) return from_small_int(0);
    return from_small_int(mode & SSL_VERIFY_FAIL_IF_NO_PEER_CERT || as_context(self)->is_client ? 2 : 1);
}
static bool set_verify_mode(Value self, Value v) {
    int64_t mode;
    if (is_unset(v) || !object_as_int64(v, &mode)) return false;
    if (mode < 0 || mode > 2) return raise_value_error("invalid value for verify_mode"), false;
    if (mode == 0 && as_context(self)->check_hostname)
        return raise_value_error("Cannot set verify_mode to CERT_NONE when check_hostname is enabled."), false;
    const int flags[] = {SSL_VERIFY_NONE, SSL_VERIFY_PEER, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    SSL_CTX_set_verify(as_context(self)->handle, flags[mode], NULL);
    return true;
}
static Value get_check_hostname(Value self) { return from_bool(as_context(self)->check_hostname); }
static bool set_check_hostname(Value self, Value v) {
    int on = is_set(v) ? object_truth(v) : -1;
    if (on < 0) return false;
    as_context(self)->check_hostname = on;
    if (on && SSL_CTX_get_verify_mode(as_context(self)->handle) == SSL_VERIFY_NONE)
        SSL_CTX_set_verify(as_context(self)->handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}
static Value get_options(Value self) { return int_from_uint64(SSL_CTX_get_options(as_context(self)->handle)); }
static bool set_options(Value self, Value v) {
    int64_t options;
    if (is_unset(v) || !object_as_int64(v, &options)) return false;
    SSL_CTX_clear_options(as_context(self)->handle, ~(uint64_t)options);
    SSL_CTX_set_options(as_context(self)->handle, (uint64_t)options);
    return true;
}
static Value get_least(Value self) { return from_small_int(SSL_CTX_get_min_proto_version(as_context(self)->handle)); }
static Value get_most(Value self) { return from_small_int(SSL_CTX_get_max_proto_version(as_context(self)->handle)); }
static bool set_version(Value self, Value v, bool most) {
    int64_t version;
    if (is_unset(v) || !object_as_int64(v, &version)) return false;
    int number = version < 0 ? 0 : (int)version;
    SSL_CTX *handle = as_context(self)->handle;
    if (most ? SSL_CTX_set_max_proto_version(handle, number) : SSL_CTX_set_min_proto_version(handle, number)) return true;
    return raise_value_error("Unsupported protocol version 0x%llx", (long long)version), false;
}
static bool set_least(Value self, Value v) { return set_version(self, v, false); }
static bool set_most(Value self, Value v) { return set_version(self, v, true); }
static Value get_role(Value self) {
    return from_small_int(as_context(self)->is_client ? 16 : as_context(self)->is_server ? 17 : 2);
}

static const MemberDef context_members[] = {
    {"verify_mode", get_verify_mode, set_verify_mode, "Must the other end have a certificate?"},
    {"check_hostname", get_check_hostname, set_check_hostname, "Must it be that of the host?"},
    {"options", get_options, set_options, "OP_*"},
    {"minimum_version", get_least, set_least, "The least version of the protocol."},
    {"maximum_version", get_most, set_most, "The greatest version of the protocol."},
    {"protocol", get_role, NULL, "PROTOCOL_*"},
    {0},
};

/* ---- connections ---- */

typedef struct Connection {
    Object head;
    SSL *handle;
    Value socket, context;
    Lock lock;
    bool is_server;
} Connection;
static Connection *as_connection(Value v) { return (Connection *)as_object(v); }
static Type connection_type;

static bool set_host(SSL *ssl, const char *host, bool checks) {
    unsigned char packed[16];
    bool is_address = inet_pton(AF_INET, host, packed) == 1 || inet_pton(AF_INET6, host, packed) == 1;
    if (!is_address && !SSL_set_tlsext_host_name(ssl, host)) return false;
    if (!checks) return true;
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return is_address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
                      : X509_VERIFY_PARAM_set1_host(parameters, host, 0);
}

/* self, socket, server_side, server_hostname */
static Value context_wrap(const Value *args, size_t count) {
    Context *c = as_context(args[0]);
    int server = object_truth(args[2]);
    const char *host = is_set(args[3]) && str_is(args[3]) ? str_utf8(args[3], NULL) : NULL;
    if (server < 0 || (!host && error_pending())) return UNSET;
    if (server ? c->is_client : c->is_server)
        return raise_class(CLASS_ERROR, 1,
                           server ? "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context"
                                  : "Cannot create a client socket with a PROTOCOL_TLS_SERVER context");
    Connection *o = object_allocate(&connection_type, sizeof *o);
    if (!o) return UNSET;
    o->socket = retain(args[1]);
    o->context = retain(args[0]);
    o->is_server = server;
    o->handle = SSL_new(c->handle);
    bool done = o->handle && SSL_set_fd(o->handle, as_socket(args[1])->fd) &&
                (!host || set_host(o->handle, host, c->check_hostname));
    if (!done) return raise_library(o->handle), release(from_object(o)), UNSET;
    if (server) SSL_set_accept_state(o->handle);
    else SSL_set_connect_state(o->handle);
    return from_object(o);
}

static const NativeDef context_methods[] = {
    METHOD("load_cert_chain", "certfile, keyfile=None, password=None", context_load_cert_chain,
           "The own certificate and key."),
    METHOD("load_verify_locations", "cafile=None, capath=None, cadata=None", context_load_verify,
           "Whose certificates are believed."),
    METHOD("set_default_verify_paths", "", context_default_paths, "Believe those whom the system believes."),
    METHOD("set_ciphers", "cipherlist, /", context_set_ciphers, "Set which ciphers may be used."),
    METHOD("_set_alpn_protocols", "protocols, /", context_set_protocols, "For set_alpn_protocols()."),
    METHOD("_wrap", "sock, server_side, server_hostname, /", context_wrap, "For wrap_socket()."),
    NATIVE_END,
};

static Type context_type = {
    TYPE_HEAD("_ssl._SSLContext"),
    .basic_size = sizeof(Context),
    .flags = TYPE_BASE | TYPE_WEAK,
    .methods = context_methods,
    .members = context_members,
    .make = context_make,
    .init = context_init,
    .destroy = context_destroy,
};

/* One step of the protocol: 1 done, else 0 or less. */
typedef int (*Step)(SSL *ssl, void *context);
typedef struct Transfer {
    void *data;
    size_t length, done;
} Transfer;

static int step_handshake(SSL *ssl, void *context) { return SSL_do_handshake(ssl); }
static int step_read(SSL *ssl, void *context) {
    Transfer *t = context;
    return SSL_read_ex(ssl, t->data, t->length, &t->done);
}
static int step_write(SSL *ssl, void *context) {
    Transfer *t = context;
    return SSL_write_ex(ssl, t->data, t->length, &t->done);
}
static int step_shutdown(SSL *ssl, void *context) {
    int result = SSL_shutdown(ssl);
    return result == 0 ? SSL_shutdown(ssl) : result;
}

/* Waits for the descriptor.  1 ready, 0 out of time, -1 an exception is pending. */
static int wait_for(int fd, short events, int64_t deadline) {
    for (;;) {
        struct pollfd entry = {fd, events, 0};
        int64_t left = deadline < 0 ? 0 : deadline - clock_monotonic();
        if (left < 0) left = 0;
        struct timespec t = {left / NS_PER_SECOND, left % NS_PER_SECOND};
        int ready;
        BLOCKING_BEGIN(ssl)
        ready = ppoll(&entry, 1, deadline < 0 ? NULL : &t, NULL);
        BLOCKING_END
        if (ready >= 0) return ready;
        if (errno != EINTR) return raise_os_error(errno, UNSET, UNSET), -1;
        if (!safepoint_signals()) return -1;
    }
}

static bool raise_ended(Connection *o, int code, int error) {
    if (code == SSL_ERROR_ZERO_RETURN) raise_class(CLASS_ZERO_RETURN, code, "TLS/SSL connection has been closed (EOF)");
    else if (code == SSL_ERROR_SYSCALL && error && !ERR_peek_error()) raise_os_error(error, UNSET, UNSET);
    else if (code == SSL_ERROR_SYSCALL && !ERR_peek_error())
        raise_class(CLASS_EOF, ERROR_EOF, "EOF occurred in violation of protocol");
    else if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        raise_class(CLASS_EOF, ERROR_EOF,
                    "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol");
    } else raise_library(o->handle);
    return false;
}

/* Makes steps until it is done, waiting in between as the socket's timeout says.  False: an exception is pending. */
static bool run(Connection *o, Step step, void *context, const char *out_of_time) {
    Socket *s = as_socket(o->socket);
    int64_t deadline = socket_deadline(s);
    for (;;) {
        int result, code, error;
        if (lock_acquire(&o->lock, LOCK_FOREVER) == LOCK_FAILED) return false;
        BLOCKING_BEGIN(ssl)
        ERR_clear_error();
        errno = 0;
        result = step(o->handle, context);
        error = errno;
        code = result == 1 ? SSL_ERROR_NONE : SSL_get_error(o->handle, result);
        BLOCKING_END
        lock_release(&o->lock);
        if (code == SSL_ERROR_NONE) return true;
        bool reads = code == SSL_ERROR_WANT_READ;
        if (!reads && code != SSL_ERROR_WANT_WRITE) return raise_ended(o, code, error);
        if (s->timeout == 0)
            return raise_class(reads ? CLASS_WANT_READ : CLASS_WANT_WRITE, code,
                               reads ? "The operation did not complete (read)"
                                     : "The operation did not complete (write)"), false;
        int ready = wait_for(s->fd, reads ? POLLIN : POLLOUT, deadline);
        if (ready == 0) raise_error(&TimeoutError_type, "%s", out_of_time);
        if (ready <= 0) return false;
    }
}

static Value connection_handshake(const Value *args, size_t count) {
    return run(as_connection(args[0]), step_handshake, NULL, "_ssl.c: The handshake operation timed out") ? NONE : UNSET;
}

/* self, buffer: reads into it, 0 at the end. */
static Value connection_read_into(const Value *args, size_t count) {
    Buffer b;
    if (!buffer_get(args[1], &b, true)) return UNSET;
    Transfer t = {b.data, b.length, 0};
    bool done = b.length == 0 || run(as_connection(args[0]), step_read, &t, "The read operation timed out");
    buffer_release(&b);
    return done ? int_from_size(t.done) : UNSET;
}
static Value connection_write(const Value *args, size_t count) {
    Buffer b;
    if (!buffer_get(args[1], &b, false)) return UNSET;
    Transfer t = {b.data, b.length, 0};
    bool done = b.length == 0 || run(as_connection(args[0]), step_write, &t, "The write operation timed out");
    buffer_release(&b);
    return done ? int_from_size(t.done) : UNSET;
}
static Value connection_shutdown(const Value *args, size_t count) {
    return run(as_connection(args[0]), step_shutdown, NULL, "The read operation timed out") ? NONE : UNSET;
}
static Value connection_pending(const Value *args, size_t count) {
    return from_small_int(SSL_pending(as_connection(args[0])->handle));
}
static Value connection_version(const Value *args, size_t count) {
    SSL *ssl = as_connection(args[0])->handle;
    return SSL_is_init_finished(ssl) ? str_from(SSL_get_version(ssl)) : NONE;
}
static Value connection_protocol(const Value *args, size_t count) {
    const unsigned char *name;
    unsigned length;
    SSL_get0_alpn_selected(as_connection(args[0])->handle, &name, &length);
    return length ? str_from_utf8((const char *)name, length) : NONE;
}
static Value connection_cipher(const Value *args, size_t count) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(as_connection(args[0])->handle);
    if (!cipher) return NONE;
    Value name = str_from(SSL_CIPHER_get_name(cipher)), version = str_from(SSL_CIPHER_get_version(cipher)), result = UNSET;
    if (is_set(name) && is_set(version))
        result = tuple_pack(3, name, version, from_small_int(SSL_CIPHER_get_bits(cipher, NULL)));
    release(name), release(version);
    return result;
}

/* ---- certificates ---- */

static Value asn1_text(const ASN1_STRING *s) {
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, s);
    Value text = n < 0 ? raise_library(NULL) : str_from_utf8((const char *)utf8, (size_t)n);
    OPENSSL_free(utf8);
    return text;
}

/* ((("commonName", "x"),), ...) */
static Value name_value(X509_NAME *name) {
    int n = X509_NAME_entry_count(name);
    Value all = tuple_new((size_t)n);
    for (int i = 0; i < n && is_set(all); i++) {
        X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        Value key = str_from(OBJ_nid2ln(OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))));
        Value text = asn1_text(X509_NAME_ENTRY_get_data(entry));
        Value pair = is_set(key) && is_set(text) ? tuple_pack(2, key, text) : UNSET;
        Value part = is_set(pair) ? tuple_pack(1, pair) : UNSET;
        release(key), release(text), release(pair);
        if (is_set(part)) as_tuple(all)->items[i] = part;
        else clear(&all);
    }
    return all;
}

static Value time_value(const ASN1_TIME *t) {
    char *text;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio) return raise_memory_error();
    ASN1_TIME_print(bio, t);
    long n = BIO_get_mem_data(bio, &text);
    Value v = str_from_utf8(text, (size_t)n);
    BIO_free(bio);
    return v;
}

static Value other_name(const GENERAL_NAME *name) {
    char digits[INET6_ADDRSTRLEN];
    const char *kind = name->type == GEN_DNS     ? "DNS"
                       : name->type == GEN_IPADD ? "IP Address"
                       : name->type == GEN_EMAIL ? "email" : "URI";
    Value label = str_from(kind), text = UNSET, pair = UNSET;
    if (name->type == GEN_IPADD) {
        int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
        inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), digits, sizeof digits);
        text = str_from(digits);
    } else {
        text = str_from_latin1(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5));
    }
    if (is_set(label) && is_set(text)) pair = tuple_pack(2, label, text);
    release(label), release(text);
    return pair;
}

static Value other_names(X509 *x) {
    GENERAL_NAMES *found = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    Value list = list_new(0);
    for (int i = 0; found && i < sk_GENERAL_NAME_num(found) && is_set(list); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(found, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD && name->type != GEN_EMAIL && name->type != GEN_URI) continue;
        Value pair = other_name(name);
        if (is_unset(pair) || !list_append_steal(list, pair)) clear(&list);
    }
    GENERAL_NAMES_free(found);
    Value all = is_set(list) ? list_to_tuple(list) : UNSET;
    release(list);
    return all;
}

static Value serial_value(X509 *x) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    char *digits = number ? BN_bn2hex(number) : NULL;
    Value text = digits ? str_from(digits) : raise_memory_error();
    OPENSSL_free(digits);
    BN_free(number);
    return text;
}

static bool put(Value dict, const char *key, Value owned) {
    bool done = is_set(owned) && dict_set_utf8(dict, key, owned);
    release(owned);
    return done;
}

static Value certificate_dict(X509 *x) {
    Value dict = dict_new(), others;
    bool done = is_set(dict) && put(dict, "subject", name_value(X509_get_subject_name(x))) &&
                put(dict, "issuer", name_value(X509_get_issuer_name(x))) &&
                put(dict, "version", from_small_int(X509_get_version(x) + 1)) && put(dict, "serialNumber", serial_value(x)) &&
                put(dict, "notBefore", time_value(X509_get0_notBefore(x))) &&
                put(dict, "notAfter", time_value(X509_get0_notAfter(x))) && is_set(others = other_names(x)) &&
                (tuple_length(others) ? put(dict, "subjectAltName", others) : (release(others), true));
    if (!done) clear(&dict);
    return dict;
}

static Value certificate_bytes(X509 *x) {
    unsigned char *data = NULL;
    int n = i2d_X509(x, &data);
    Value bytes = n < 0 ? raise_library(NULL) : bytes_from(data, (size_t)n);
    OPENSSL_free(data);
    return bytes;
}

static Value connection_getpeercert(const Value *args, size_t count) {
    SSL *ssl = as_connection(args[0])->handle;
    int binary = is_set(args[1]) ? object_truth(args[1]) : 0;
    if (binary < 0) return UNSET;
    if (!SSL_is_init_finished(ssl)) return raise_value_error("handshake not done yet");
    X509 *x = SSL_get1_peer_certificate(ssl);
    if (!x) return NONE;
    bool verified = SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER;
    Value result = binary ? certificate_bytes(x) : verified ? certificate_dict(x) : dict_new();
    X509_free(x);
    return result;
}

static int connection_traverse(Object *self, Visit visit, void *context) {
    TRAVERSE(((Connection *)self)->socket);
    TRAVERSE(((Connection *)self)->context);
    return 0;
}
static void connection_clear(Object *self) {
    clear(&((Connection *)self)->socket);
}
static void connection_destroy(Object *self) {
    Connection *o = (Connection *)self;
    SSL_free(o->handle);
    release(o->socket), release(o->context);
    object_free(self);
}

static const NativeDef connection_methods[] = {
    METHOD("do_handshake", "", connection_handshake, "Agree on keys."),
    METHOD("read_into", "buffer, /", connection_read_into, "Read into a buffer."),
    METHOD("write", "data, /", connection_write, "Write bytes; returns how many were taken."),
    METHOD("shutdown", "", connection_shutdown, "Tell the other end that nothing more comes."),
    METHOD("pending", "", connection_pending, "How much has been decrypted and not yet read."),
    METHOD("version", "", connection_version, "The version of the protocol."),
    METHOD("cipher", "", connection_cipher, "(name, version, bits)"),
    METHOD("selected_alpn_protocol", "", connection_protocol, "What was agreed on."),
    METHOD("getpeercert", "binary_form=False, /", connection_getpeercert, "The certificate of the other end."),
    NATIVE_END,
};

static Type connection_type = {
    TYPE_HEAD("_ssl._SSLSocket"),
    .basic_size = sizeof(Connection),
    .flags = TYPE_DISALLOW_NEW | TYPE_GC,
    .methods = connection_methods,
    .traverse = connection_traverse,
    .clear = connection_clear,
    .destroy = connection_destroy,
};

/* ---- the module ---- */

static Value ssl_start(const Value *args, size_t count) {
    for (int i = 0; i < CLASSES && is_unset(classes[i]); i++) {
        Value class = object_get_item_index(args[0], i);
        if (is_unset(class)) return UNSET;
        classes[i] = class;
        root_add(&classes[i]);
    }
    return NONE;
}

static const Constant constants[] = {
    {"CERT_NONE", 0}, {"CERT_OPTIONAL", 1}, {"CERT_REQUIRED", 2}, {"PROTOCOL_TLS", 2}, {"PROTOCOL_SSLv23", 2},
    {"PROTOCOL_TLS_CLIENT", 16}, {"PROTOCOL_TLS_SERVER", 17}, {"OP_ALL", SSL_OP_ALL}, {"OP_NO_SSLv3", SSL_OP_NO_SSLv3},
    {"OP_NO_TLSv1", SSL_OP_NO_TLSv1}, {"OP_NO_TLSv1_1", SSL_OP_NO_TLSv1_1}, {"OP_NO_TLSv1_2", SSL_OP_NO_TLSv1_2},
    {"OP_NO_TLSv1_3", SSL_OP_NO_TLSv1_3}, {"OP_NO_COMPRESSION", SSL_OP_NO_COMPRESSION},
    {"OP_NO_TICKET", SSL_OP_NO_TICKET}, {"OP_NO_RENEGOTIATION", SSL_OP_NO_RENEGOTIATION},
    {"OP_CIPHER_SERVER_PREFERENCE", SSL_OP_CIPHER_SERVER_PREFERENCE}, {"OPENSSL_VERSION_NUMBER", OPENSSL_VERSION_NUMBER},
    CONSTANT_END,
};

static const NativeDef functions[] = {
    FUNCTION("_start", "classes, /", ssl_start, "For the module ssl."),
    NATIVE_END,
};

static bool fill(Value dict) {
    return module_add_constants(dict, constants) && put(dict, "OPENSSL_VERSION", str_from(OPENSSL_VERSION_TEXT)) &&
           dict_set_utf8(dict, "_SSLContext", type_value(&context_type)) &&
           dict_set_utf8(dict, "_SSLSocket", type_value(&connection_type));
}
static bool ready(void) { return type_ready(&context_type) && type_ready(&connection_type); }

const ModuleDef mod__ssl = {"_ssl", "Connections that nobody else can read.", functions, fill, ready};
#endif
