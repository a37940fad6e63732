/* The parts of _re: Python's pattern syntax translated to PCRE2's, patterns, matches, templates.
 *
 * A pattern is translated and compiled on first use for each kind of subject: ASCII text, Latin-1, 16-bit and 32-bit
 * text. Never in PCRE2's UTF mode: a code unit is a code point, as in str.  Characters that a narrow subject cannot
 * have are left out of its program.  search, match and fullmatch are three programs: the anchors are compiled in, so
 * that all run as machine code.
 */
#ifndef STDLIB_RE_H
#define STDLIB_RE_H

#include "stdlib/stdlib.h"

enum {
    RE_TEMPLATE = 1,
    RE_IGNORECASE = 2,
    RE_LOCALE = 4,
    RE_MULTILINE = 8,
    RE_DOTALL = 16,
    RE_UNICODE = 32,
    RE_VERBOSE = 64,
    RE_DEBUG = 128,
    RE_ASCII = 256
};

typedef enum ReKind { KIND_ASCII, KIND_LATIN1, KIND_UCS2, KIND_UCS4, KINDS } ReKind;
typedef enum ReMode { MODE_SEARCH, MODE_MATCH, MODE_FULLMATCH, MODES } ReMode;

/* What translating a pattern finds out. */
typedef struct ReText {
    uint32_t *units; /* PCRE2 source, raw memory */
    size_t length, capacity;
    int flags;       /* with those of the pattern itself */
    uint32_t groups; /* without group 0 */
    Value names;     /* dict: name -> number */
    uint32_t *closing; /* closing[g]: rank of group g among the closing parentheses; raw memory, or NULL */
    bool looks_around; /* groups stand in lookaround assertions */
} ReText;

/* Translates for subjects of code points up to max.  False: re.error (or another exception) is pending. */
bool re_translate(Value pattern, int flags, uint32_t max, ReText *out);
void re_text_free(ReText *text);

/* re.error(message, pattern, position); position -1: None. Returns UNSET. */
Value re_raise(Value pattern, int64_t position, const char *format, ...);
extern Value re_error_class, re_flag_class; /* set by the script half */

typedef struct Pattern {
    Object head;
    Value pattern; /* str or bytes */
    int flags;
    uint32_t groups;
    Value names;   /* dict */
    Value group_names; /* tuple: name or None of each group from 0 on */
    uint32_t *closing;
    bool is_bytes, looks_around;
    _Atomic(void *) codes[KINDS][MODES]; /* pcre2_code of the kind's width */
    _Atomic(void *) spare[KINDS];        /* a pcre2_match_data nobody uses now */
} Pattern;

typedef struct Match {
    Object head;
    Value pattern, string;
    int64_t pos, endpos;
    int32_t last_index; /* 0: none */
    uint32_t groups;
    int64_t spans[];    /* start and end of each group from 0 on; -1: took no part */
} Match;

extern Type pattern_type, match_type, match_iterator_type;

/* A subject and the state of matching on it. */
typedef struct Matcher {
    Pattern *pattern;
    Value string;     /* borrowed */
    Buffer buffer;    /* of bytes-like subjects that are not bytes */
    const void *data;
    size_t length, pos, end;
    ReKind kind;
    void *match_data;
    const size_t *spans; /* after a match: start and end of each group; SIZE_MAX: took no part */
} Matcher;

/* False: TypeError pending. pos and endpos: UNSET or ints. */
bool matcher_open(Matcher *m, Pattern *pattern, Value string, Value pos, Value endpos);
void matcher_close(Matcher *m);
/* 1 found, 0 not found, -1 failed.  advance: an empty match at `at` does not count. */
int matcher_run(Matcher *m, ReMode mode, size_t at, bool advance);
void engine_free_code(ReKind kind, void *code);
void engine_free_match_data(ReKind kind, void *data);
/* Compiles for one kind and mode; NULL: failed. */
void *engine_code(Pattern *pattern, ReKind kind, ReMode mode);

/* string[start:stop] as match results give it: str or bytes. */
Value matcher_slice(const Matcher *m, size_t start, size_t stop);
Value match_new(const Matcher *m);
Value match_slice_of(Match *match, uint32_t group, Value missing);
/* Number of a group given by number or name; -1: IndexError "no such group". */
int64_t match_group_number(Match *match, Value group);

/* A replacement: literal pieces and groups. */
typedef struct Template {
    Value text;     /* list of: str or bytes pieces, ints for groups */
    bool literal;   /* one piece at most */
} Template;
bool template_parse(Pattern *pattern, Value source, Template *out);
void template_free(Template *t);

/* Pieces of a result, joined at the end: str or bytes. */
typedef struct Pieces {
    bool is_bytes;
    StrBuilder text;
    Value bytes; /* bytearray */
} Pieces;
bool pieces_open(Pieces *p, bool is_bytes);
bool pieces_add(Pieces *p, Value v);
bool pieces_add_slice(Pieces *p, const Matcher *m, size_t start, size_t stop);
bool pieces_add_template(Pieces *p, const Template *t, const Matcher *m);
Value pieces_finish(Pieces *p);
void pieces_discard(Pieces *p);

Value re_compile(Value pattern, int flags); /* a new Pattern */
Value pattern_sub(Pattern *pattern, Value replacement, Value string, int64_t limit, bool with_count);

Value pattern_search(const Value *args, size_t count);
Value pattern_match(const Value *args, size_t count);
Value pattern_fullmatch(const Value *args, size_t count);
Value pattern_findall(const Value *args, size_t count);
Value pattern_finditer(const Value *args, size_t count);
Value pattern_split(const Value *args, size_t count);

#endif
