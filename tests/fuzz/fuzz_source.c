/* Fuzz target: any bytes as source text.  Compiling them must give code or an exception, never more. */
#include "tests/fuzz/fuzz.h"
#include "vm/code/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_start();
    Value filename = str_from("<fuzz>");
    Value code = compile_source((const char *)data, size, PARSE_EXEC, filename, 0, 0);
    if (is_unset(code)) error_clear();
    release(code);
    release(filename);
    return 0;
}
