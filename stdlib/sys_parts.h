/* What the files of the module sys offer each other. */
#ifndef STDLIB_SYS_PARTS_H
#define STDLIB_SYS_PARTS_H

#include "stdlib/stdlib.h"

#define SYS_VERSION_MINOR 11
#define SYS_HEX_VERSION 0x030B00F0

/* sys_info.c: version_info, flags, float_info and their like. */
bool sys_info_ready(void);
bool sys_info_fill(Value dict);

/* sys_hooks.c: what scripts may put in the way of the machine. */
bool sys_hooks_ready(void);
bool sys_hooks_fill(Value dict);

/* Puts an owned value into the dict; unset: something failed already. */
bool sys_put(Value dict, const char *name, Value owned);

#endif
