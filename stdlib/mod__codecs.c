/* _codecs: what codecs.scr needs from the codecs of the runtime. */
#include "stdlib/stdlib.h"

#include "runtime/types/codecs.h"
#include "runtime/types/str_methods.h"

static Value encode(const Value *args, size_t count) {
    const char *encoding = "utf-8", *errors = "strict";
    if (!str_is(args[0])) return raise_type_error("encode() argument 1 must be str, not %T", args[0]);
    if (!text_argument(args[1], "encode", "encoding", &encoding) ||
        !text_argument(args[2], "encode", "errors", &errors))
        return UNSET;
    return str_encode(args[0], encoding, errors);
}

/* decode(data, encoding, errors, final): (text, bytes used). */
static Value decode(const Value *args, size_t count) {
    const char *encoding = "utf-8", *errors = "strict";
    Buffer b;
    if (!text_argument(args[1], "decode", "encoding", &encoding) ||
        !text_argument(args[2], "decode", "errors", &errors))
        return UNSET;
    int final = is_set(args[3]) ? object_truth(args[3]) : 1;
    const Codec *codec = final < 0 ? NULL : codec_find(encoding);
    if (!codec || !buffer_get(args[0], &b, false)) return UNSET;
    size_t used = b.length;
    Value text = codec_decode(codec, b.data, b.length, errors, final ? NULL : &used);
    buffer_release(&b);
    if (is_unset(text)) return UNSET;
    Value parts[2] = {text, int_from_size(used)};
    return tuple_steal(parts, 2);
}

/* The name under which an encoding is registered: LookupError when it is not known. */
static Value canonical(const Value *args, size_t count) {
    const char *name = str_is(args[0]) ? str_utf8(args[0], NULL) : NULL;
    if (!name) return error_pending() ? UNSET : raise_type_error("lookup() argument must be str, not %T", args[0]);
    const Codec *codec = codec_find(name);
    return codec ? str_from(codec->registered) : UNSET;
}

static Value register_error(const Value *args, size_t count) {
    if (!str_is(args[0])) return raise_type_error("register_error() argument 1 must be str, not %T", args[0]);
    if (!is_callable(args[1])) return raise_type_error("handler must be callable");
    return codec_register_error(args[0], args[1]) ? NONE : UNSET;
}

static Value lookup_error(const Value *args, size_t count) {
    const char *name = "strict";
    return text_argument(args[0], "lookup_error", "name", &name) ? codec_lookup_error(name) : UNSET;
}

static Value handle(const Value *args, size_t count) {
    const char *name = NULL;
    return text_argument(args[0], "handle", "name", &name) ? codec_builtin_handler(name, args[1]) : UNSET;
}

static const NativeDef functions[] = {
    FUNCTION("encode", "text, encoding='utf-8', errors='strict', /", encode, NULL),
    FUNCTION("decode", "data, encoding='utf-8', errors='strict', final=True, /", decode, NULL),
    FUNCTION("canonical", "name, /", canonical, NULL),
    FUNCTION("register_error", "errors, handler, /", register_error, "Register an error handler under a name."),
    FUNCTION("lookup_error", "name, /", lookup_error, "The registered handler of that name."),
    FUNCTION("handle", "name, exception, /", handle, NULL),
    NATIVE_END,
};

const ModuleDef mod__codecs = {"_codecs", "Codecs: the half in C.", functions, NULL, NULL};
