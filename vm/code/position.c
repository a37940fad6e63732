/* Writes and reads position tables. */
#include "vm/code/position.h"

#include "runtime/mem/heap.h"

enum { ENTRIES_PER_CHECKPOINT = 32, CHECKPOINT_SIZE = 12 };

static void append(PositionWriter *w, uint8_t **block, size_t *size, size_t *capacity, const void *data, size_t n) {
    if (w->failed) return;
    if (*size + n > *capacity) {
        size_t grown = *capacity ? *capacity * 2 : 64;
        uint8_t *bigger = raw_reallocate(*block, grown);
        if (!bigger) {
            w->failed = true;
            return;
        }
        *block = bigger;
        *capacity = grown;
    }
    memcpy(*block + *size, data, n);
    *size += n;
}

static void write_unsigned(PositionWriter *w, uint32_t n) {
    uint8_t bytes[5];
    size_t count = 0;
    while (n >= 0x80) {
        bytes[count++] = (uint8_t)(n | 0x80);
        n >>= 7;
    }
    bytes[count++] = (uint8_t)n;
    append(w, &w->bytes, &w->size, &w->capacity, bytes, count);
}

static void write_signed(PositionWriter *w, int32_t n) {
    write_unsigned(w, n < 0 ? (uint32_t)(-(int64_t)n) << 1 | 1 : (uint32_t)n << 1);
}

static uint32_t read_unsigned(const uint8_t **at) {
    uint32_t n = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        n |= (uint32_t)(byte & 0x7F) << shift;
        if (byte < 0x80) return n;
    }
}

static int32_t read_signed(const uint8_t **at) {
    uint32_t n = read_unsigned(at);
    return n & 1 ? -(int32_t)(n >> 1) : (int32_t)(n >> 1);
}

static void write_checkpoint(PositionWriter *w) {
    uint32_t fields[3] = {w->words, (uint32_t)w->size, (uint32_t)w->line};
    append(w, &w->checkpoints, &w->checkpoint_size, &w->checkpoint_capacity, fields, sizeof fields);
}

static void flush(PositionWriter *w) {
    if (!w->run) return;
    if (w->entries++ % ENTRIES_PER_CHECKPOINT == 0) write_checkpoint(w);
    write_unsigned(w, w->run);
    write_signed(w, w->last.line - w->line);
    write_signed(w, w->last.end_line - w->last.line);
    write_unsigned(w, (uint32_t)(w->last.col + 1));
    write_unsigned(w, (uint32_t)(w->last.end_col + 1));
    w->line = w->last.line;
    w->words += w->run;
    w->run = 0;
}

static bool same_position(Position a, Position b) {
    return a.line == b.line && a.end_line == b.end_line && a.col == b.col && a.end_col == b.end_col;
}

void position_add(PositionWriter *w, Position position, uint32_t count) {
    if (!same_position(w->last, position)) flush(w);
    w->last = position;
    w->run += count;
}

uint8_t *position_finish(PositionWriter *w, uint32_t *size) {
    flush(w);
    uint32_t checkpoints = (uint32_t)(w->checkpoint_size / CHECKPOINT_SIZE);
    size_t total = sizeof checkpoints + w->checkpoint_size + w->size;
    uint8_t *table = w->failed || total > UINT32_MAX ? NULL : raw_allocate(total);
    if (table) {
        memcpy(table, &checkpoints, sizeof checkpoints);
        if (w->checkpoint_size) memcpy(table + sizeof checkpoints, w->checkpoints, w->checkpoint_size);
        if (w->size) memcpy(table + sizeof checkpoints + w->checkpoint_size, w->bytes, w->size);
        *size = (uint32_t)total;
    }
    raw_free(w->checkpoints);
    raw_free(w->bytes);
    return table;
}

typedef struct Checkpoint {
    uint32_t word, offset;
    int32_t line;
} Checkpoint;

static uint32_t checkpoint_count(const Code *code) {
    uint32_t count;
    memcpy(&count, code->positions, sizeof count);
    return count;
}

static Checkpoint checkpoint_at(const Code *code, uint32_t i) {
    Checkpoint found;
    memcpy(&found, code->positions + sizeof(uint32_t) + (size_t)i * CHECKPOINT_SIZE, sizeof found);
    return found;
}

static PositionReader reader_from(const Code *code, const Checkpoint *from) {
    const uint8_t *entries = code->positions + sizeof(uint32_t) + (size_t)checkpoint_count(code) * CHECKPOINT_SIZE;
    PositionReader r = {.next = entries + from->offset, .end = code->positions + code->positions_size};
    r.stop = from->word;
    r.position.line = from->line;
    return r;
}

PositionReader position_reader(const Code *code) {
    return reader_from(code, &(Checkpoint){0, 0, 0});
}

bool position_next(PositionReader *r) {
    if (r->next >= r->end) return false;
    r->start = r->stop;
    r->stop += read_unsigned(&r->next);
    r->position.line += read_signed(&r->next);
    r->position.end_line = r->position.line + read_signed(&r->next);
    r->position.col = (int32_t)read_unsigned(&r->next) - 1;
    r->position.end_col = (int32_t)read_unsigned(&r->next) - 1;
    return true;
}

Position code_position(const Code *code, uint32_t index) {
    uint32_t low = 0, high = checkpoint_count(code);
    while (low + 1 < high) {
        uint32_t middle = (low + high) / 2;
        if (checkpoint_at(code, middle).word <= index) low = middle;
        else high = middle;
    }
    if (high > 0) {
        Checkpoint from = checkpoint_at(code, low);
        PositionReader r = reader_from(code, &from);
        while (position_next(&r)) {
            if (index < r.stop) return r.position;
        }
    }
    return (Position){code->first_line, code->first_line, -1, -1};
}
