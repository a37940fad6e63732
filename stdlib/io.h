/* Streams: what the files of the module _io share.
 *
 *     FileIO            raw: a descriptor, every call a system call
 *     BufferedReader, BufferedWriter, BufferedRandom     bytes, over any raw stream
 *     TextIOWrapper     text, over any buffered stream
 *     BytesIO, StringIO                                  in memory
 */
#ifndef STDLIB_IO_H
#define STDLIB_IO_H

#include "runtime/conc/lock.h"
#include "stdlib/stdlib.h"

enum { IO_BUFFER_SIZE = 8192 };

extern Type io_base_type, raw_base_type, buffered_base_type, text_base_type;
extern Type file_io_type, buffered_reader_type, buffered_writer_type, buffered_random_type, text_wrapper_type,
    bytes_io_type, string_io_type;

/* io.UnsupportedOperation, an OSError and a ValueError; made by the module. */
extern Value io_unsupported;
Value raise_unsupported(const char *what);

/* ---- raw ---- */

typedef struct FileIO {
    Object head;
    Value name, opener;
    int fd; /* -1: closed */
    bool readable, writable, appending, created, close_fd;
    int8_t seekable; /* -1: not yet known */
} FileIO;

/* mode as open()'s, without b and t. */
Value file_io_open(Value file, const char *mode, bool close_fd, Value opener);
bool file_io_is(Value v);
/* System calls with the GIL given back and EINTR retried after the signal's handler.  -1: OSError pending; -2: would
 * block. */
int64_t fd_read(int fd, void *data, size_t n);
int64_t fd_write(int fd, const void *data, size_t n);
/* Told before and after something is written to stdout or stderr; set by the prompt, which may have a half-typed line on
 * the screen.  Called with the lock. */
extern void (*io_terminal_written)(bool begins);

/* ---- buffered ---- */

typedef struct Buffered {
    Object head;
    Value raw;           /* UNSET once detached */
    unsigned char *data; /* raw memory */
    size_t capacity;
    size_t read_at, read_end; /* read ahead and not yet used: [read_at, read_end) */
    size_t written;           /* waiting to be written: [0, written); never together with reading ahead */
    bool readable, writable, closed;
    RecursiveLock
        lock; /* held by the thread inside a call, which may give the GIL back; a signal handler may come back in */
} Buffered;

Value buffered_new(Type *type, Value raw, size_t capacity);
bool buffered_is(Value v);
bool buffered_write(Buffered *b, const void *data, size_t n);
bool buffered_flush(Buffered *b);
/* At most n bytes with at most one system call; bytes object. */
Value buffered_read1(Buffered *b, size_t n);
Value buffered_read(Buffered *b, int64_t n); /* n < 0: all */

/* ---- text ---- */

Value text_wrapper_new(Value buffer, Value encoding, Value errors, Value newline, bool line_buffering,
                       bool write_through);

/* ---- common ---- */

/* None or unset: -1. */
bool io_size_argument(Value v, int64_t *out);
Value io_closed_error(void);
/* stream.closed as a truth; -1 failed. */
int io_is_closed(Value stream);

#endif
