/* How slot wrappers call their slots: one function for each form of slot. */
#ifndef TYPES_SLOT_CALLS_H
#define TYPES_SLOT_CALLS_H

#include "runtime/types/slots.h"

#define SLOT_CALLS(X)                                                                                                  \
    X(call_unary)                                                                                                      \
    X(call_hash) X(call_compare) X(call_truth) X(call_init) X(call_call) X(call_binary) X(call_set_attribute)          \
        X(call_delete_attribute) X(call_get) X(call_set) X(call_delete) X(call_next) X(call_length) X(call_set_item)   \
            X(call_delete_item) X(call_contains) X(call_power)
#define DECLARE(name) \
    Value name(const SlotDef *def, const void *slot, Value self, const Value *args, size_t count, Value kwnames);
SLOT_CALLS(DECLARE)
#undef DECLARE

#endif
