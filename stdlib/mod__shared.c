/* _shared: memory that a process shares with the children it forks. */
#include <errno.h>
#include <sys/mman.h>

#include "stdlib/stdlib.h"

typedef struct Memory {
    Object head;
    void *data;
    size_t size;
} Memory;

static Value memory_make(Type *type, const Value *args, size_t count, Value kwnames) {
    Value bound[1];
    int64_t size;
    if (!native_bind("Memory", "size, /", args, count, kwnames, bound) || !object_as_int64(bound[0], &size)) return UNSET;
    if (size < 1) return raise_value_error("a size above 0 is needed");
    void *data = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return raise_os_error(errno, UNSET, UNSET);
    Value made = instance_new(type);
    if (is_unset(made)) return munmap(data, (size_t)size), UNSET;
    Memory *memory = (Memory *)as_object(made);
    memory->data = data;
    memory->size = (size_t)size;
    return made;
}

static void memory_destroy(Object *o) {
    Memory *memory = (Memory *)o;
    if (memory->data) munmap(memory->data, memory->size);
    object_free(o);
}

static bool memory_get_buffer(Value self, Buffer *out, bool writable) {
    Memory *memory = (Memory *)as_object(self);
    *out = (Buffer){.data = memory->data, .length = memory->size, .format = "B", .item_size = 1};
    return true;
}

static int64_t memory_length(Value self) { return (int64_t)((Memory *)as_object(self))->size; }

static Type memory_type = {
    TYPE_HEAD("_shared.Memory"),
    .basic_size = sizeof(Memory),
    .doc = "Bytes that children see too; a buffer.",
    .make = memory_make,
    .destroy = memory_destroy,
    .length = memory_length,
    .get_buffer = memory_get_buffer,
};

static bool ready(void) { return type_ready(&memory_type); }
static bool fill(Value dict) { return dict_set_utf8(dict, "Memory", type_value(&memory_type)); }

const ModuleDef mod__shared = {"_shared", "Memory shared between processes.", NULL, fill, ready};
