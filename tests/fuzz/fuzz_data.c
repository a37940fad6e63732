/* Fuzz target: any bytes as the text of json.loads, re.compile and struct.unpack.  The first byte chooses. */
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "tests/fuzz/fuzz.h"
#include "vm/exec/import.h"

static Value function(int which) {
    static Value functions[3];
    static const char *const names_of[3][2] = {{"json", "loads"}, {"re", "compile"}, {"struct", "unpack"}};
    if (is_unset(functions[which])) functions[which] = import_attribute(names_of[which][0], names_of[which][1]);
    return functions[which];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_start();
    if (size < 2) return 0;
    int which = data[0] % 3;
    Value text = str_decode(data + 1, which == 2 ? 1 + (size - 1) / 4 : size - 1, "latin-1", NULL), result = UNSET;
    Value rest = bytes_from(data + 1, size - 1);
    if (is_set(text) && is_set(rest))
        result = which == 2 ? call2(function(2), text, rest) : call1(function(which), text);
    if (is_unset(result)) error_clear();
    release(result);
    release(text);
    release(rest);
    return 0;
}
