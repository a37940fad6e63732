/* _io: open(), the base classes of streams, and the standard streams. */
#include "stdlib/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Value io_unsupported;

Value raise_unsupported(const char *what) {
    Value message = str_from(what), exception = is_set(message) ? call1(io_unsupported, message) : UNSET;
    release(message);
    return is_set(exception) ? raise_value(exception) : UNSET;
}

bool io_size_argument(Value v, int64_t *out) {
    *out = -1;
    if (is_unset(v) || is_none(v)) return true;
    if (!type_of(v)->index && !int_is(v))
        return raise_type_error("argument should be integer or None, not '%T'", v), false;
    return object_as_int64(v, out);
}

int io_is_closed(Value stream) {
    Value closed = object_get_attribute_utf8(stream, "closed");
    int truth = is_set(closed) ? object_truth(closed) : -1;
    release(closed);
    return truth;
}

Value io_closed_error(void) { return raise_value_error("I/O operation on closed file."); }

/* ---- IOBase ---- */

static bool check_open(Value self) {
    int closed = io_is_closed(self);
    if (closed > 0) io_closed_error();
    return closed == 0;
}

static Value base_enter(const Value *args, size_t count) { return check_open(args[0]) ? retain(args[0]) : UNSET; }
static Value base_exit(const Value *args, size_t count) {
    Value result = call_method0(args[0], names.close);
    release(result);
    return is_set(result) ? NONE : UNSET;
}
static Value base_iterate(Value self) { return check_open(self) ? retain(self) : UNSET; }
static Value base_next(Value self) {
    Value line = call_method0(self, names.readline);
    if (is_set(line) && object_truth(line) == 0) clear(&line);
    return line;
}

static Value base_readlines(const Value *args, size_t count) {
    int64_t hint, total = 0;
    if (!io_size_argument(args[1], &hint)) return UNSET;
    Value list = list_new(0), iterator = is_set(list) ? object_iterate(args[0]) : UNSET, line;
    while (is_set(iterator) && is_set(line = iterator_next(iterator))) {
        int64_t n = object_length(line);
        if (n < 0 || !list_append_steal(list, line)) break;
        if (hint > 0 && (total += n) >= hint) break;
    }
    bool done = is_set(iterator) && !error_pending();
    release(iterator);
    if (!done) clear(&list);
    return list;
}

static bool write_item(Value line, void *context) {
    Value result = call_method1(*(Value *)context, names.write, line);
    release(result);
    return is_set(result);
}
static Value base_writelines(const Value *args, size_t count) {
    Value self = args[0];
    if (!check_open(self)) return UNSET;
    return object_each(args[1], write_item, &self) && !error_pending() ? NONE : UNSET;
}

/* readline() of script classes that only have read(). */
static Value base_readline(const Value *args, size_t count) {
    int64_t limit;
    if (!io_size_argument(args[1], &limit)) return UNSET;
    Value all = bytes_from("", 0);
    while (is_set(all) && (limit < 0 || as_bytes(all)->length < (size_t)limit)) {
        Value piece = call_method1(args[0], names.read, from_small_int(1));
        if (is_unset(piece) || !bytes_is(piece) || as_bytes(piece)->length == 0) {
            bool failed = is_unset(piece);
            release(piece);
            if (failed) clear(&all);
            break;
        }
        bool last = as_bytes(piece)->data[0] == '\n';
        Value longer = bytes_concat(all, piece);
        release(piece);
        replace(&all, longer);
        if (last) break;
    }
    return all;
}

static Value base_false(const Value *args, size_t count) { return check_open(args[0]) ? FALSE_VALUE : UNSET; }
static Value base_flush(const Value *args, size_t count) { return check_open(args[0]) ? NONE : UNSET; }
static Value base_fileno(const Value *args, size_t count) { return raise_unsupported("fileno"); }
static Value base_seek(const Value *args, size_t count) { return raise_unsupported("seek"); }
static Value base_truncate(const Value *args, size_t count) { return raise_unsupported("truncate"); }
static Value base_tell(const Value *args, size_t count) {
    Value name = str_intern_cstr("seek"), result = call_method2(args[0], name, from_small_int(0), from_small_int(1));
    release(name);
    return result;
}
static Value closed_flag(void) { return str_intern_cstr("__IOBase_closed"); }
static Value base_close(const Value *args, size_t count) {
    int closed = io_is_closed(args[0]);
    if (closed) return closed < 0 ? UNSET : NONE;
    Value flushed = call_method0(args[0], names.flush), flag = closed_flag();
    release(flushed);
    bool done = object_set_attribute(args[0], flag, TRUE_VALUE) && is_set(flushed);
    release(flag);
    return done ? NONE : UNSET;
}
static Value base_closed(Value self) {
    Value flag = closed_flag(), found = UNSET;
    int has = object_find_attribute(self, flag, &found);
    release(flag);
    release(found);
    return has < 0 ? UNSET : from_bool(has);
}
static Value check_methods(const Value *args, bool *result, const char *method) {
    Value answer = object_get_attribute_utf8(args[0], method), truth = is_set(answer) ? call0(answer) : UNSET;
    release(answer);
    int yes = is_set(truth) ? object_truth(truth) : -1;
    release(truth);
    *result = yes > 0;
    return yes < 0 ? UNSET : NONE;
}
static Value require(const Value *args, const char *method, const char *message) {
    bool yes;
    if (is_unset(check_methods(args, &yes, method))) return UNSET;
    return yes ? TRUE_VALUE : raise_unsupported(message);
}
static Value base_check_readable(const Value *args, size_t count) {
    return require(args, "readable", "File or stream is not readable.");
}
static Value base_check_writable(const Value *args, size_t count) {
    return require(args, "writable", "File or stream is not writable.");
}
static Value base_check_seekable(const Value *args, size_t count) {
    return require(args, "seekable", "File or stream is not seekable.");
}
static Value base_check_closed(const Value *args, size_t count) { return check_open(args[0]) ? NONE : UNSET; }

static const NativeDef base_methods[] = {
    METHOD("__enter__", "", base_enter, "The stream itself."),
    METHOD("__exit__", "*args", base_exit, "Closes the stream."),
    METHOD("readline", "size=-1, /", base_readline, "Read a line."),
    METHOD("readlines", "hint=-1, /", base_readlines, "Read all lines."),
    METHOD("writelines", "lines, /", base_writelines, "Write each of the lines."),
    METHOD("close", "", base_close, "Flush and close."),
    METHOD("flush", "", base_flush, "Write out what waits."),
    METHOD("fileno", "", base_fileno, "The descriptor."),
    METHOD("seek", "offset, whence=0, /", base_seek, "Move to a position."),
    METHOD("tell", "", base_tell, "The current position."),
    METHOD("truncate", "size=None, /", base_truncate, "Set the size."),
    METHOD("readable", "", base_false, "Can it be read?"),
    METHOD("writable", "", base_false, "Can it be written?"),
    METHOD("seekable", "", base_false, "Can it be positioned?"),
    METHOD("isatty", "", base_false, "Is it a terminal?"),
    METHOD("_checkClosed", "", base_check_closed, "ValueError when closed."),
    METHOD("_checkReadable", "", base_check_readable, "UnsupportedOperation unless readable."),
    METHOD("_checkWritable", "", base_check_writable, "UnsupportedOperation unless writable."),
    METHOD("_checkSeekable", "", base_check_seekable, "UnsupportedOperation unless seekable."),
    NATIVE_END,
};
static const MemberDef base_members[] = {{"closed", base_closed, NULL, "True when closed."}, {0}};

/* RawIOBase.read() in terms of readinto(). */
static Value raw_read(const Value *args, size_t count) {
    int64_t n;
    if (!io_size_argument(args[1], &n)) return UNSET;
    if (n < 0) {
        Value name = str_intern_cstr("readall"), all = call_method0(args[0], name);
        release(name);
        return all;
    }
    Value target = bytearray_from(NULL, (size_t)n), name = str_intern_cstr("readinto");
    Value got = is_set(target) ? call_method1(args[0], name, target) : UNSET;
    release(name);
    int64_t done = 0;
    Value result = got;
    if (is_set(got) && !is_none(got)) {
        result = object_as_int64(got, &done) ? bytes_from(((ByteArray *)as_object(target))->data, (size_t)done) : UNSET;
        release(got);
    }
    release(target);
    return result;
}
static Value raw_readall(const Value *args, size_t count) {
    Value all = bytes_from("", 0);
    while (is_set(all)) {
        Value piece = call_method1(args[0], names.read, from_small_int(IO_BUFFER_SIZE));
        if (is_unset(piece)) return release(all), UNSET;
        if (!bytes_is(piece) || as_bytes(piece)->length == 0) return release(piece), all;
        Value longer = bytes_concat(all, piece);
        release(piece);
        replace(&all, longer);
    }
    return UNSET;
}
static const NativeDef raw_methods[] = {
    METHOD("read", "size=-1, /", raw_read, "Read up to size bytes."),
    METHOD("readall", "", raw_readall, "Read all that is left."),
    NATIVE_END,
};

static Value refuse_detach(const Value *args, size_t count) { return raise_unsupported("detach"); }
static Value refuse_read(const Value *args, size_t count) { return raise_unsupported("read"); }
static Value refuse_write(const Value *args, size_t count) { return raise_unsupported("write"); }
static Value buffered_base_readinto(const Value *args, size_t count) {
    Buffer into;
    if (!buffer_get(args[1], &into, true)) return UNSET;
    Value data = call_method1(args[0], names.read, int_from_size(into.length));
    if (is_set(data) && bytes_is(data) && as_bytes(data)->length <= into.length) {
        memcpy(into.data, as_bytes(data)->data, as_bytes(data)->length);
        replace(&data, int_from_size(as_bytes(data)->length));
    }
    buffer_release(&into);
    return data;
}
static const NativeDef buffered_base_methods[] = {
    METHOD("detach", "", refuse_detach, "Separate the raw stream."),
    METHOD("read", "size=-1, /", refuse_read, "Read bytes."),
    METHOD("read1", "size=-1, /", refuse_read, "Read bytes."),
    METHOD("readinto", "buffer, /", buffered_base_readinto, "Read into a buffer."),
    METHOD("readinto1", "buffer, /", buffered_base_readinto, "Read into a buffer."),
    METHOD("write", "b, /", refuse_write, "Write bytes."),
    NATIVE_END,
};
static const NativeDef text_base_methods[] = {
    METHOD("detach", "", refuse_detach, "Separate the buffer."),
    METHOD("read", "size=-1, /", refuse_read, "Read text."),
    METHOD("write", "s, /", refuse_write, "Write text."),
    NATIVE_END,
};

static Value make(Type *type, const Value *args, size_t count, Value kwnames) { return instance_new(type); }
static void destroy(Object *self) {
    attrs_clear(self);
    object_free(self);
}
static int traverse(Object *self, Visit visit, void *context) { return attrs_traverse(self, visit, context); }

#define BASE_TYPE(type_name, base_type, method_table, member_table, ...)                                     \
    {                                                                                                        \
        TYPE_HEAD(type_name), .base = &base_type, .basic_size = sizeof(Object), .flags = TYPE_BASE | TYPE_GC, \
        .methods = method_table, .members = member_table, .make = make, .destroy = destroy,                  \
        .traverse = traverse, __VA_ARGS__                                                                    \
    }
Type io_base_type =
    BASE_TYPE("_io._IOBase", object_type, base_methods, base_members, .iterate = base_iterate, .next = base_next);
Type raw_base_type =
    BASE_TYPE("_io._RawIOBase", io_base_type, raw_methods, NULL, .doc = "Base class for raw binary streams.");
Type buffered_base_type = BASE_TYPE("_io._BufferedIOBase", io_base_type, buffered_base_methods, NULL,
                                    .doc = "Base class for buffered streams.");
Type text_base_type =
    BASE_TYPE("_io._TextIOBase", io_base_type, text_base_methods, NULL, .doc = "Base class for text streams.");

/* ---- open ---- */

typedef struct Mode {
    char raw[4]; /* without b and t */
    bool binary, text, reading, writing, updating;
} Mode;

static bool parse_mode(Value text, Mode *m) {
    *m = (Mode){.raw = ""};
    const char *mode = str_utf8(text, NULL);
    if (!mode) return false;
    int kinds = 0;
    for (const char *c = mode; *c; c++) {
        if (!strchr("rwxabt+", *c) || strchr(c + 1, *c)) return raise_value_error("invalid mode: %R", text), false;
        m->binary |= *c == 'b';
        m->text |= *c == 't';
        m->updating |= *c == '+';
        m->reading |= *c == 'r';
        if (strchr("rwxa", *c)) kinds++;
        if (strchr("rwxa", *c) && !m->raw[0]) m->raw[0] = *c;
    }
    if (m->text && m->binary) return raise_value_error("can't have text and binary mode at once"), false;
    if (kinds != 1)
        return raise_value_error(kinds ? "must have exactly one of create/read/write/append mode"
                                       : "Must have exactly one of create/read/write/append mode and at most one plus"),
               false;
    if (m->updating) strcat(m->raw, "+");
    m->writing = !m->reading;
    return true;
}

static bool refuse_text_options(const Value *args) {
    static const char *const options[] = {"encoding", "errors", "newline"};
    for (int i = 0; i < 3; i++)
        if (is_set(args[3 + i]) && !is_none(args[3 + i]))
            return raise_value_error(i == 0 ? "binary mode doesn't take an %s argument"
                                            : "binary mode doesn't take a%s argument",
                                     i == 0   ? options[i]
                                     : i == 1 ? "n errors"
                                              : " newline"),
                   false;
    return true;
}

static bool is_terminal(Value raw) { return isatty(((FileIO *)as_object(raw))->fd); }

static Value wrap(Value raw, const Mode *m, int64_t buffering, const Value *args) {
    bool lines = buffering == 1 || (buffering < 0 && is_terminal(raw));
    if (buffering < 0 || (buffering == 1 && !m->binary)) buffering = IO_BUFFER_SIZE;
    if (buffering == 0) {
        if (m->binary) return retain(raw);
        return raise_value_error("can't have unbuffered text I/O");
    }
    Type *type = m->updating ? &buffered_random_type : m->writing ? &buffered_writer_type : &buffered_reader_type;
    Value buffer = buffered_new(type, raw, buffering == 1 ? IO_BUFFER_SIZE : (size_t)buffering);
    if (is_unset(buffer) || m->binary) return buffer;
    Value text = text_wrapper_new(buffer, args[3], args[4], args[5], lines, false);
    release(buffer);
    return text;
}

/* args: file, mode, buffering, encoding, errors, newline, closefd, opener */
static Value io_open(const Value *args, size_t count) {
    Mode m;
    int64_t buffering = -1;
    Value mode = is_set(args[1]) ? args[1] : UNSET;
    if (is_set(mode) && !str_is(mode)) return raise_type_error("open() argument 'mode' must be str, not %T", mode);
    Value standard = str_from_code_point('r');
    bool parsed = parse_mode(is_set(mode) ? mode : standard, &m);
    if (is_unset(mode)) mode = standard;
    if (!parsed || (is_set(args[2]) && !object_as_int64(args[2], &buffering)) ||
        (m.binary && !refuse_text_options(args)))
        return UNSET;
    for (int i = 3; i < 6; i++)
        if (is_set(args[i]) && !is_none(args[i]) && !str_is(args[i]))
            return raise_type_error("open() argument '%s' must be str or None, not %T",
                                    i == 3   ? "encoding"
                                    : i == 4 ? "errors"
                                             : "newline",
                                    args[i]);
    int close_fd = is_set(args[6]) ? object_truth(args[6]) : 1;
    if (close_fd < 0) return UNSET;
    Value raw = file_io_open(args[0], m.raw, close_fd, is_set(args[7]) ? args[7] : NONE);
    if (is_unset(raw)) return UNSET;
    Value stream = wrap(raw, &m, buffering, args);
    release(raw);
    if (is_set(stream) && is_exactly(stream, &text_wrapper_type)) {
        Value name = str_intern_cstr("mode");
        if (!object_set_attribute(stream, name, mode)) clear(&stream);
        release(name);
    }
    return stream;
}

static Value io_open_code(const Value *args, size_t count) {
    Value mode = str_from("rb"), in[8] = {args[0], mode};
    Value stream = io_open(in, 8);
    release(mode);
    return stream;
}
static Value io_text_encoding(const Value *args, size_t count) {
    if (is_set(args[0]) && !is_none(args[0])) return retain(args[0]);
    return str_from("locale");
}

/* ---- standard streams ---- */

static Value standard_stream(int fd, const char *name, const char *mode, bool unbuffered, const char *errors) {
    char raw_mode[2] = {mode[0], 0};
    if (fcntl(fd, F_GETFD) < 0) return NONE;
    Value raw = file_io_open(from_small_int(fd), raw_mode, false, NONE);
    if (is_unset(raw)) return error_clear(), NONE;
    Value label = str_from(name), encoding = str_from("utf-8"), handler = str_from(errors), newline = str_from("\n"),
          stream = UNSET;
    Value file_name = str_intern_cstr("name"), mode_name = str_intern_cstr("mode"), mode_value = str_from(mode);
    bool lines = fd == STDERR_FILENO || is_terminal(raw);
    if (object_set_attribute(raw, file_name, label)) {
        Value buffer =
            buffered_new(mode[0] == 'r' ? &buffered_reader_type : &buffered_writer_type, raw, IO_BUFFER_SIZE);
        if (is_set(buffer))
            stream = text_wrapper_new(buffer, encoding, handler, mode[0] == 'r' ? NONE : newline, lines, unbuffered);
        release(buffer);
    }
    if (is_set(stream)) object_set_attribute(stream, mode_name, mode_value);
    Value used[] = {raw, label, encoding, handler, newline, file_name, mode_name, mode_value};
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++) release(used[i]);
    return stream;
}

static bool set_stream(const char *name, int fd, const char *label, const char *mode, bool unbuffered,
                       const char *errors) {
    Value stream = standard_stream(fd, label, mode, unbuffered, errors);
    char saved[16];
    snprintf(saved, sizeof saved, "__%s__", name);
    bool done = is_set(stream) && dict_set_utf8(sys_dict(), name, stream) && dict_set_utf8(sys_dict(), saved, stream);
    release(stream);
    return done;
}

static Value io_start_streams(const Value *args, size_t count) {
    bool unbuffered = same(args[0], TRUE_VALUE);
    Value self = import_named("_io"), open_function = is_set(self) ? object_get_attribute(self, names.open) : UNSET;
    Value builtins = dict_get_str(import_modules(), names.builtins);
    bool done = is_set(open_function) && object_set_attribute(builtins, names.open, open_function) &&
                set_stream("stdin", 0, "<stdin>", "r", false, "strict") &&
                set_stream("stdout", 1, "<stdout>", "w", unbuffered, "strict") &&
                set_stream("stderr", 2, "<stderr>", "w", unbuffered, "backslashreplace");
    release(self);
    release(open_function);
    return done ? NONE : UNSET;
}

/* ---- the module ---- */

static const NativeDef functions[] = {
    FUNCTION("open",
             "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None",
             io_open, "Open file and return a stream."),
    FUNCTION("open_code", "path", io_open_code, "Open a file of code."),
    FUNCTION("text_encoding", "encoding, stacklevel=2, /", io_text_encoding, "The encoding to use for text."),
    FUNCTION("_start_streams", "unbuffered, /", io_start_streams, "Puts the standard streams into sys."),
    NATIVE_END,
};

static Type *const types[] = {&io_base_type,      &raw_base_type,        &buffered_base_type,   &text_base_type,
                              &file_io_type,      &buffered_reader_type, &buffered_writer_type, &buffered_random_type,
                              &text_wrapper_type, &bytes_io_type,        &string_io_type};

static bool ready(void) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!type_ready(types[i])) return false;
    return true;
}

static bool make_unsupported(void) {
    Value name = str_from("UnsupportedOperation"),
          bases = tuple_pack(2, type_value(&OSError_type), type_value(&ValueError_type));
    Value namespace = dict_new(), module = str_from("io");
    bool done = is_set(namespace) && dict_set(namespace, names.__module__, module);
    if (done) io_unsupported = type_create(&type_type, name, bases, namespace, UNSET);
    root_add(&io_unsupported);
    release(name);
    release(bases);
    release(namespace);
    release(module);
    return done && is_set(io_unsupported);
}

static bool fill(Value dict) {
    if (!make_unsupported() || !dict_set_utf8(dict, "UnsupportedOperation", io_unsupported)) return false;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!dict_set_utf8(dict, strchr(types[i]->name, '.') + 1, type_value(types[i]))) return false;
    return dict_set_utf8(dict, "DEFAULT_BUFFER_SIZE", from_small_int(IO_BUFFER_SIZE)) &&
           dict_set_utf8(dict, "BlockingIOError", type_value(&BlockingIOError_type));
}

const ModuleDef mod__io = {"_io", "Streams.", functions, fill, ready};
