/* Built-in functions on code and namespaces: compile, eval, exec, globals, locals, __import__. */
#include "vm/exec/builtins.h"

#include "runtime/types/buffer.h"
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/code/compile.h"
#include "vm/exec/exec.h"
#include "vm/exec/import.h"

static Value builtin_globals(const Value *args, size_t count) { return retain(exec_globals()); }
static Value builtin_locals(const Value *args, size_t count) { return exec_locals(); }

/* Source text of a str or bytes-like argument; *holder keeps it alive (release with buffer_release). */
static bool source_text(Value source, const char *function, const char **text, size_t *size, Buffer *holder,
                        unsigned *flags) {
    *holder = (Buffer){0};
    if (str_is(source)) {
        *flags |= PARSE_IS_STR;
        return (*text = str_utf8(source, size)) != NULL;
    }
    if (!buffer_supported(source)) {
        raise_type_error("%s() arg 1 must be a string, bytes or code object", function);
        return false;
    }
    if (!buffer_get(source, holder, false)) return false;
    *text = holder->data;
    *size = holder->length;
    if (!memchr(*text, 0, *size)) return true;
    buffer_release(holder);
    return raise_value_error("source code string cannot contain null bytes"), false;
}

static Value compile_value(Value source, const char *function, Value filename, ParseMode mode, unsigned flags,
                           int optimize) {
    const char *text;
    size_t size;
    Buffer holder;
    if (!source_text(source, function, &text, &size, &holder, &flags)) return UNSET;
    if (strcmp(function, "eval") == 0)
        while (size > 0 && (*text == ' ' || *text == '\t')) text++, size--;
    Value code = compile_source(text, size, mode, filename, flags, optimize);
    if (is_set(holder.owner)) buffer_release(&holder);
    return code;
}

/* args: source, filename, mode, flags, dont_inherit, optimize, _feature_version */
static Value builtin_compile(const Value *args, size_t count) {
    static const struct {
        const char *name;
        ParseMode mode;
    } modes[] = {{"exec", PARSE_EXEC}, {"eval", PARSE_EVAL}, {"single", PARSE_SINGLE}};
    int64_t flags = 0, optimize = -1;
    if (is_set(args[3]) && !object_as_int64(args[3], &flags)) return UNSET;
    if (is_set(args[5]) && !object_as_int64(args[5], &optimize)) return UNSET;
    if (!str_is(args[2])) return raise_type_error("compile() argument 'mode' must be str, not %T", args[2]);
    if (!str_is(args[1]) && !bytes_is(args[1]))
        return raise_type_error("expected str, bytes or os.PathLike object, not %T", args[1]);
    if (is_exactly(args[0], &code_type)) return retain(args[0]);
    for (size_t i = 0; i < 3; i++) {
        if (!str_equal_ascii(args[2], modes[i].name)) continue;
        Value filename = str_is(args[1]) ? retain(args[1])
                                         : str_decode(as_bytes(args[1])->data, as_bytes(args[1])->length, "utf-8",
                                                      "surrogateescape");
        if (is_unset(filename)) return UNSET;
        Value code = compile_value(args[0], "compile", filename, modes[i].mode, (unsigned)flags, (int)optimize);
        release(filename);
        return code;
    }
    return raise_value_error("compile() mode must be 'exec', 'eval' or 'single'");
}

/* Fills in missing namespaces from the caller and makes sure of __builtins__; both become owned. */
static bool choose_namespaces(const char *function, Value *globals, Value *locals) {
    if (is_unset(*globals) || is_none(*globals)) {
        *globals = retain(exec_globals());
        *locals = is_unset(*locals) || is_none(*locals) ? exec_locals() : retain(*locals);
        if (is_unset(*locals)) {
            release(*globals);
            return false;
        }
    } else {
        if (!dict_is(*globals)) {
            raise_type_error("%s() globals must be a dict, not %T", function, *globals);
            return false;
        }
        if (is_set(*locals) && !is_none(*locals) && !type_of(*locals)->get_item) {
            raise_type_error("locals must be a mapping");
            return false;
        }
        *locals = retain(is_unset(*locals) || is_none(*locals) ? *globals : *locals);
        retain(*globals);
    }
    if (is_unset(dict_get_str(*globals, names.__builtins__)) &&
        !dict_set(*globals, names.__builtins__, exec_builtins())) {
        release(*globals);
        release(*locals);
        return false;
    }
    return true;
}

static Value run(const char *function, ParseMode mode, const Value *args) {
    Value globals = args[1], locals = args[2];
    if (!choose_namespaces(function, &globals, &locals)) return UNSET;
    Value code, filename = str_intern_cstr("<string>");
    if (is_exactly(args[0], &code_type))
        code = retain(args[0]);
    else
        code = compile_value(args[0], function, filename, mode, 0, -1);
    release(filename);
    Value result = UNSET;
    if (is_set(code)) {
        if (as_code(code)->freecount > 0)
            raise_type_error("code object passed to %s() may not contain free variables", function);
        else
            result = exec_code(code, globals, locals);
        release(code);
    }
    release(globals);
    release(locals);
    return result;
}
static Value builtin_eval(const Value *args, size_t count) { return run("eval", PARSE_EVAL, args); }
static Value builtin_exec(const Value *args, size_t count) {
    Value result = run("exec", PARSE_EXEC, args);
    release(result);
    return is_set(result) ? NONE : UNSET;
}

/* args: name, globals, locals, fromlist, level */
static Value builtin_import(const Value *args, size_t count) {
    int64_t level = 0;
    if (!str_is(args[0])) return raise_type_error("__import__() argument 1 must be str, not %T", args[0]);
    if (is_set(args[4]) && !object_as_int64(args[4], &level)) return UNSET;
    if (level < 0) return raise_value_error("level must be >= 0");
    Value globals = is_set(args[1]) && dict_is(args[1]) ? args[1] : UNSET;
    return import_module(args[0], globals, is_set(args[3]) ? args[3] : NONE, level);
}

/* args[0]: keywords; then the positional ones. */
static Value builtin_breakpoint(const Value *args, size_t count) {
    Value name = str_intern_cstr("breakpointhook"), hook = retain(sys_get(name));
    release(name);
    if (is_unset(hook)) return raise_runtime_error("lost sys.breakpointhook");
    Value positional = tuple_from_values(args + 1, count - 1);
    Value result = is_set(positional) ? call_tuple_dict(hook, positional, args[0]) : UNSET;
    release(positional);
    release(hook);
    return result;
}

/* anext(iterator, default) as a script would write it. */
static const char next_or_default_source[] = "async def anext(iterator, default):\n"
                                             "    try:\n"
                                             "        return await iterator.__anext__()\n"
                                             "    except StopAsyncIteration:\n"
                                             "        return default\n";
static Value next_or_default; /* the function, made on first use */

static bool make_next_or_default(void) {
    Value space = dict_new(), file = str_from("<anext>"), code = UNSET, done = UNSET;
    if (is_set(space) && is_set(file))
        code = compile_source(next_or_default_source, sizeof next_or_default_source - 1, PARSE_EXEC, file, PARSE_IS_STR,
                              0);
    if (is_set(code)) done = exec_code(code, space, space);
    if (is_set(done)) next_or_default = retain(dict_get_utf8(space, "anext"));
    release(space);
    release(file);
    release(code);
    release(done);
    return is_set(next_or_default);
}

static Value builtin_anext(const Value *args, size_t count) {
    Type *type = type_of(args[0]);
    if (!type->async_next) return raise_type_error("'%T' object is not an async iterator", args[0]);
    if (is_unset(args[1])) return type->async_next(args[0]);
    if (is_unset(next_or_default) && !make_next_or_default()) return UNSET;
    return call2(next_or_default, args[0], args[1]);
}

void builtins_code_end(void) { clear(&next_or_default); }

const NativeDef builtin_code_functions[] = {
    FUNCTION("anext", "aiterator, default=None, /", builtin_anext, "Return the next item of an asynchronous iterator."),
    FUNCTION("breakpoint", "*args, **kws", builtin_breakpoint, "Call sys.breakpointhook(*args, **kws)."),
    FUNCTION("globals", "", builtin_globals, "Return the dictionary of the current scope's global variables."),
    FUNCTION("locals", "", builtin_locals, "Return a dictionary of the current scope's local variables."),
    FUNCTION("compile", "source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1",
             builtin_compile, "Compile source into a code object that exec() or eval() can run."),
    FUNCTION("eval", "source, globals=None, locals=None, /", builtin_eval,
             "Evaluate the given source in the context of globals and locals."),
    FUNCTION("exec", "source, globals=None, locals=None, /, *, closure=None", builtin_exec,
             "Execute the given source in the context of globals and locals."),
    FUNCTION("__build_class__", BUILD_CLASS_SIGNATURE, build_class, "Makes a class from the function of its body."),
    FUNCTION("__import__", "name, globals=None, locals=None, fromlist=(), level=0", builtin_import, "Import a module."),
    NATIVE_END,
};
