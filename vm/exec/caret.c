/* The carets under the part of a line that failed: `~~^~~` for operators, `~^^^` for subscripts, `^^^` for the rest. */
#include "vm/exec/caret.h"

#include "runtime/types/error.h"
#include "runtime/types/names.h"
#include "runtime/types/str.h"
#include "vm/front/parse.h"

/* Where the operator of a segment begins and ends, in bytes; begin < 0: no such part. */
typedef struct Anchors {
    int32_t begin, end;
} Anchors;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\\'; }

static Anchors operator_anchors(const char *segment, int32_t left_end, int32_t right_start) {
    int32_t begin = left_end;
    while (begin < right_start && is_blank(segment[begin])) begin++;
    int32_t end = begin + 1;
    if (end < right_start && !is_blank(segment[end])) end++;
    return (Anchors){begin, end};
}

/* Columns in the parsed text count from its second line, since it is wrapped as "(\n" segment "\n)". */
static Anchors node_anchors(const Node *node, const char *segment) {
    if (node->kind == NODE_BIN_OP && node->span.line == 2 && node->span.end_line == 2)
        return operator_anchors(segment, node->u.bin_op.left->span.end_col, node->u.bin_op.right->span.col);
    if (node->kind == NODE_SUBSCRIPT && node->span.end_line == 2)
        return (Anchors){node->u.subscript.object->span.end_col, node->u.subscript.index->span.end_col + 1};
    return (Anchors){-1, -1};
}

static Anchors find_anchors(const char *segment, size_t n) {
    Anchors found = {-1, -1};
    Value file = str_from("<caret>"), piece = str_from_utf8(segment, n), wrapped = UNSET;
    if (is_set(piece)) wrapped = str_format("(\n%U\n)", piece);
    size_t size;
    const char *text = is_set(wrapped) ? str_utf8(wrapped, &size) : NULL;
    Arena *arena = NULL;
    Module *module = text ? parse_source(text, size, PARSE_EVAL, file, PARSE_IS_STR, &arena) : NULL;
    if (module) {
        found = node_anchors(module->expression, segment);
        arena_free(arena);
    }
    error_clear();
    release(file);
    release(piece);
    release(wrapped);
    return found;
}

/* Code points in the first n bytes. */
static int64_t points(const char *utf8, int64_t n) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += ((unsigned char)utf8[i] & 0xC0) != 0x80;
    return count;
}

Value caret_line(Value line, bool one_line, int32_t col, int32_t end_col) {
    size_t size;
    const char *utf8 = str_utf8(line, &size);
    if (!utf8) return UNSET;
    int64_t first = 0, last = (int64_t)size;
    while (first < last && (is_blank(utf8[first]) || utf8[first] == '\f')) first++;
    while (last > first && (is_blank(utf8[last - 1]) && utf8[last - 1] != '\\')) last--;
    if (col < first || col >= last || (one_line && end_col <= col)) return retain(names.empty);
    int64_t stop = one_line && end_col <= last ? end_col : last;
    Anchors a = one_line ? find_anchors(utf8 + col, (size_t)(stop - col)) : (Anchors){-1, -1};
    if (points(utf8 + col, stop - col) >= points(utf8 + first, last - first) && a.begin < 0) return retain(names.empty);
    StrBuilder text = STR_BUILDER;
    builder_repeat(&text, ' ', 4 + points(utf8 + first, col - first));
    if (a.begin >= 0) {
        builder_repeat(&text, '~', points(utf8 + col, a.begin));
        builder_repeat(&text, '^', points(utf8 + col + a.begin, a.end - a.begin));
        builder_repeat(&text, '~', points(utf8 + col + a.end, stop - col - a.end));
    } else {
        builder_repeat(&text, '^', points(utf8 + col, stop - col));
    }
    builder_char(&text, '\n');
    return builder_finish(&text);
}
