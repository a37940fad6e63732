/* Embeds the .scr sources of the standard library into the binary, each under the names that library.c expects. */
#define NATIVE(identifier, name)
#define MISSING(identifier, name, package)
#define PACKAGE SCRIPT
#define SCRIPT(identifier, name, path)             \
    __asm__(".section .rodata\n"                   \
            ".global script_" #identifier "\n"     \
            ".global script_end_" #identifier "\n" \
            "script_" #identifier ":\n"            \
            ".incbin \"" path "\"\n"               \
            "script_end_" #identifier ":\n"        \
            ".byte 0\n"                            \
            ".text\n");
#include "stdlib/modules.def"

extern const int scripts_are_here; /* keeps the file from being empty when there is no script */
const int scripts_are_here = 1;
