/* The halves of _json. */
#ifndef STDLIB_JSON_H
#define STDLIB_JSON_H

#include "stdlib/stdlib.h"

extern Value json_error_class; /* json.JSONDecodeError */

void json_add_string(StrBuilder *b, Value text, bool ascii); /* in quotes */
Value json_encode(const Value *args, size_t count);
Value json_decode(const Value *args, size_t count);
Value json_scan_string(const Value *args, size_t count);

#endif
