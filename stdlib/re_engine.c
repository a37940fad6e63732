/* PCRE2 behind one face: compiling and matching in its three widths. */
#define PCRE2_CODE_UNIT_WIDTH 0
#include "stdlib/re.h"

#include "runtime/conc/safepoint.h"
#include "runtime/conc/thread.h"
#include "runtime/types/str_units.h"

#include <pcre2.h>

/* A match that takes more than a few milliseconds is begun again with a program that looks up now and then: it gives the
 * GIL to who asks for it, and stops for Ctrl-C.  After minutes of backtracking it is given up. */
static const uint32_t QUICK_STEPS = 2000000, PATIENT_STEPS = UINT32_MAX;
enum { STEPS_PER_LOOK = 4096, JIT_STACK_MAX = 64 << 20, NESTING_LIMIT = 5000 };

/* What PCRE2 does, for one width of code units. */
typedef struct Engine {
    void *(*compile)(const void *pattern, size_t length, uint32_t options, int *error, size_t *offset);
    int (*match)(const void *code, const void *data, size_t length, size_t start, uint32_t options, void *match_data,
                 uint32_t steps);
    void *(*make_match_data)(const void *code);
    const size_t *(*spans)(void *match_data);
    void (*free_code)(void *code);
    void (*free_match_data)(void *match_data);
} Engine;

/* Script code must not run in here: it might match, and the stack for compiled programs is in use. */
static int look_up(void) {
    static _Thread_local unsigned steps;
    if (++steps % STEPS_PER_LOOK) return 0;
    return safepoint_yield(thread_current()) ? 0 : PCRE2_ERROR_CALLOUT;
}

/* Each thread has one stack for compiled programs and one context, for each width: made on first use, and small. */
#define DEFINE_ENGINE(W)                                                                                               \
    static _Thread_local pcre2_match_context_##W *context_##W;                                                         \
    static _Thread_local pcre2_jit_stack_##W *stack_##W;                                                               \
    static int callout_##W(pcre2_callout_block_##W *block, void *nothing) { return look_up(); }                        \
    static bool start_##W(void) {                                                                                      \
        context_##W = pcre2_match_context_create_##W(NULL);                                                            \
        stack_##W = pcre2_jit_stack_create_##W(32 << 10, JIT_STACK_MAX, NULL);                                         \
        if (!context_##W || !stack_##W) return false;                                                                  \
        pcre2_set_callout_##W(context_##W, callout_##W, NULL);                                                         \
        pcre2_jit_stack_assign_##W(context_##W, NULL, stack_##W);                                                      \
        return true;                                                                                                   \
    }                                                                                                                  \
    static void *compile_##W(const void *pattern, size_t length, uint32_t options, int *error, size_t *offset) {       \
        pcre2_compile_context_##W *context = pcre2_compile_context_create_##W(NULL);                                   \
        if (!context) return *error = 0, NULL;                                                                         \
        pcre2_set_newline_##W(context, PCRE2_NEWLINE_LF);                                                              \
        pcre2_set_parens_nest_limit_##W(context, NESTING_LIMIT);                                                       \
        void *code = pcre2_compile_##W(pattern, length, options, error, offset, context);                              \
        pcre2_compile_context_free_##W(context);                                                                       \
        if (code) pcre2_jit_compile_##W(code, PCRE2_JIT_COMPLETE);                                                     \
        return code;                                                                                                   \
    }                                                                                                                  \
    static int match_##W(const void *code, const void *data, size_t length, size_t start, uint32_t options,            \
                         void *md, uint32_t steps) {                                                                   \
        if (!context_##W && !start_##W()) return PCRE2_ERROR_NOMEMORY;                                                 \
        options |= PCRE2_NO_UTF_CHECK;                                                                                 \
        pcre2_set_match_limit_##W(context_##W, steps);                                                                 \
        int n = pcre2_match_##W(code, data, length, start, options, md, context_##W);                                  \
        if (n == PCRE2_ERROR_JIT_STACKLIMIT)                                                                           \
            n = pcre2_match_##W(code, data, length, start, options | PCRE2_NO_JIT, md, context_##W);                   \
        return n;                                                                                                      \
    }                                                                                                                  \
    static void *make_match_data_##W(const void *code) {                                                               \
        return pcre2_match_data_create_from_pattern_##W(code, NULL);                                                   \
    }                                                                                                                  \
    static const size_t *spans_##W(void *md) { return pcre2_get_ovector_pointer_##W(md); }                             \
    static void free_code_##W(void *code) { pcre2_code_free_##W(code); }                                               \
    static void free_match_data_##W(void *md) { pcre2_match_data_free_##W(md); }
DEFINE_ENGINE(8)
DEFINE_ENGINE(16)
DEFINE_ENGINE(32)

#define ENGINE(W) {compile_##W, match_##W, make_match_data_##W, spans_##W, free_code_##W, free_match_data_##W}
static const Engine engines[KINDS] = {ENGINE(8), ENGINE(8), ENGINE(16), ENGINE(32)};
static const unsigned widths[KINDS] = {1, 1, 2, 4};

void engine_free_code(ReKind kind, void *code) { engines[kind].free_code(code); }
void engine_free_match_data(ReKind kind, void *data) { engines[kind].free_match_data(data); }

static uint32_t options_for(const Pattern *p, int flags, ReKind kind, ReMode mode) {
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_ALT_CIRCUMFLEX;
    if (flags & RE_IGNORECASE) options |= PCRE2_CASELESS;
    if (flags & RE_MULTILINE) options |= PCRE2_MULTILINE;
    if (flags & RE_DOTALL) options |= PCRE2_DOTALL;
    if (!p->is_bytes && !(flags & RE_ASCII) && kind != KIND_ASCII) options |= PCRE2_UCP;
    if (mode != MODE_SEARCH) options |= PCRE2_ANCHORED;
    if (mode == MODE_FULLMATCH) options |= PCRE2_ENDANCHORED;
    return options;
}

static void *refuse(Pattern *p, int error, size_t offset) {
    char message[256];
    if (error == 0 || error == PCRE2_ERROR_HEAP_FAILED) return raise_memory_error(), NULL;
    if (error == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP)
        return raise_error(&RecursionError_type, "maximum recursion depth exceeded during compilation"), NULL;
    pcre2_get_error_message_8(error, (PCRE2_UCHAR8 *)message, sizeof message);
    re_raise(p->pattern, -1, "%s (offset %zu of the translation)", message, offset);
    return NULL;
}

static void *compile(Pattern *p, ReKind kind, ReMode mode, bool patient) {
    static const uint32_t limits[KINDS] = {MAX_ASCII, MAX_LATIN1, MAX_UCS2, MAX_UNICODE};
    ReText text;
    if (!re_translate(p->pattern, p->flags, p->is_bytes ? MAX_LATIN1 : limits[kind], &text)) return NULL;
    unsigned width = widths[kind];
    void *units = raw_allocate((text.length + 1) * width), *code = NULL;
    if (!units) raise_memory_error();
    else {
        int error;
        size_t offset;
        units_copy(units, width, 0, text.units, 4, 0, text.length);
        uint32_t options = options_for(p, text.flags, kind, mode) | (patient ? PCRE2_AUTO_CALLOUT : 0);
        code = engines[kind].compile(units, text.length, options, &error, &offset);
        if (!code) refuse(p, error, offset);
    }
    raw_free(units);
    re_text_free(&text);
    return code;
}

void *engine_code(Pattern *p, ReKind kind, ReMode mode) {
    _Atomic(void *) *slot = &p->codes[kind][mode];
    void *code = atomic_load_explicit(slot, memory_order_acquire);
    if (code) return code;
    void *made = compile(p, kind, mode, false);
    if (!made || atomic_compare_exchange_strong(slot, &code, made)) return made;
    engines[kind].free_code(made); /* another thread was faster */
    return code;
}

/* A range of positions, as Python clips it. */
static bool clip(Value v, size_t length, size_t *out) {
    int64_t n;
    if (is_unset(v)) return true;
    if (!object_as_index(v, &n, NULL)) return false;
    *out = n < 0 ? 0 : (uint64_t)n > length ? length : (size_t)n;
    return true;
}

static bool open_text(Matcher *m, Value string) {
    Str *s = as_str(string);
    m->data = s->data;
    m->length = s->length;
    switch (str_width(s)) {
    case 1: m->kind = str_is_ascii(s) ? KIND_ASCII : KIND_LATIN1; break;
    case 2: m->kind = KIND_UCS2; break;
    default: m->kind = KIND_UCS4;
    }
    return true;
}

static bool open_subject(Matcher *m, Value string) {
    if (str_is(string)) {
        if (m->pattern->is_bytes) return raise_type_error("cannot use a bytes pattern on a string-like object"), false;
        return open_text(m, string);
    }
    m->kind = KIND_ASCII;
    if (bytes_is(string)) m->data = as_bytes(string)->data, m->length = as_bytes(string)->length;
    else if (!buffer_supported(string))
        return raise_type_error("expected string or bytes-like object, got '%T'", string), false;
    else if (!buffer_get(string, &m->buffer, false)) return false;
    else m->data = m->buffer.data ? m->buffer.data : "", m->length = m->buffer.length;
    if (m->pattern->is_bytes) return true;
    buffer_release(&m->buffer);
    return raise_type_error("cannot use a string pattern on a bytes-like object"), false;
}

bool matcher_open(Matcher *m, Pattern *pattern, Value string, Value pos, Value endpos) {
    *m = (Matcher){.pattern = pattern, .string = string};
    if (!open_subject(m, string)) return false;
    m->end = m->length;
    if (clip(pos, m->length, &m->pos) && clip(endpos, m->length, &m->end)) {
        m->match_data = atomic_exchange(&pattern->spare[m->kind], NULL);
        return true;
    }
    buffer_release(&m->buffer);
    return false;
}

void matcher_close(Matcher *m) {
    buffer_release(&m->buffer);
    if (!m->match_data) return;
    void *displaced = atomic_exchange(&m->pattern->spare[m->kind], m->match_data);
    if (displaced) engines[m->kind].free_match_data(displaced);
    m->match_data = NULL;
}

static int fail_match(int error) {
    switch (error) {
    case PCRE2_ERROR_CALLOUT: break; /* an exception is pending */
    case PCRE2_ERROR_MATCHLIMIT: raise_runtime_error("regular expression takes too many steps on this text"); break;
    case PCRE2_ERROR_NOMEMORY: case PCRE2_ERROR_HEAPLIMIT: raise_memory_error(); break;
    case PCRE2_ERROR_DEPTHLIMIT:
        raise_error(&RecursionError_type, "maximum recursion depth exceeded in regular expression");
        break;
    default: raise_runtime_error("internal error in regular expression engine (%d)", error);
    }
    return -1;
}

static int run_patiently(Matcher *m, ReMode mode, size_t at, uint32_t options) {
    void *code = compile(m->pattern, m->kind, mode, true);
    if (!code) return PCRE2_ERROR_CALLOUT;
    int n;
    do n = engines[m->kind].match(code, m->data, m->end, at, options, m->match_data, PATIENT_STEPS);
    while (n == PCRE2_ERROR_CALLOUT && safepoint_serve(thread_current()));
    engines[m->kind].free_code(code);
    return n;
}

int matcher_run(Matcher *m, ReMode mode, size_t at, bool advance) {
    if (at > m->end) return 0;
    const Engine *engine = &engines[m->kind];
    void *code = engine_code(m->pattern, m->kind, mode);
    if (!code) return -1;
    if (!m->match_data && !(m->match_data = engine->make_match_data(code))) return raise_memory_error(), -1;
    uint32_t options = advance ? PCRE2_NOTEMPTY_ATSTART : 0;
    int n = engine->match(code, m->data, m->end, at, options, m->match_data, QUICK_STEPS);
    if (n == PCRE2_ERROR_MATCHLIMIT) n = run_patiently(m, mode, at, options);
    if (n == PCRE2_ERROR_NOMATCH) return 0;
    if (n < 0) return fail_match(n);
    m->spans = engine->spans(m->match_data);
    return 1;
}

Value matcher_slice(const Matcher *m, size_t start, size_t stop) {
    if (!m->pattern->is_bytes) return str_slice(m->string, start, stop);
    if (start == 0 && stop == m->length && is_exactly(m->string, &bytes_type)) return retain(m->string);
    return bytes_from((const unsigned char *)m->data + start, stop - start);
}
