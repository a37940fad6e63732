/* The table from instructions to source positions: written once, small, read only when a traceback is wanted.
 *
 *     uint32 checkpoints | { uint32 word, offset; int32 line } ... | entries
 *
 * An entry covers a run of words with one position: run length, line - previous line, end_line - line, col + 1,
 * end_col + 1, each a variable-length integer.  A checkpoint stands before every 32nd entry, so finding a word is a
 * binary search and at most 32 steps.
 */
#ifndef CODE_POSITION_H
#define CODE_POSITION_H

#include "vm/code/code.h"

typedef struct PositionWriter {
    uint8_t *bytes, *checkpoints;
    size_t size, capacity;
    size_t checkpoint_size, checkpoint_capacity;
    uint32_t words, entries; /* written so far */
    int32_t line;
    uint32_t run;            /* words of the entry that is still growing */
    Position last;
    bool failed;
} PositionWriter;

/* `count` more words stand at `position`. */
void position_add(PositionWriter *w, Position position, uint32_t count);
/* The finished table (raw memory) and its size; NULL without memory.  Frees what the writer holds. */
uint8_t *position_finish(PositionWriter *w, uint32_t *size);

/* Walks over the entries in order. */
typedef struct PositionReader {
    const uint8_t *next, *end;
    uint32_t start, stop; /* words of the current entry */
    Position position;
} PositionReader;

PositionReader position_reader(const Code *code);
bool position_next(PositionReader *r);

#endif
