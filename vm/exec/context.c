/* Context managers: `with` and `async with`. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "vm/exec/ops.h"

/* The special method, and what it takes first. */
static int find_method(Value manager, Value name, Value *method, Value *self) {
    bool self_needed;
    int found = special_lookup(manager, name, method, &self_needed);
    *self = found == 1 && self_needed ? retain(manager) : UNSET;
    return found;
}

static void refuse(Value manager, bool is_async, const char *missed) {
    raise_type_error("'%T' object does not support the %scontext manager protocol%s", manager,
                     is_async ? "asynchronous " : "", missed);
}

bool context_methods(Value manager, bool is_async, ContextMethods *out) {
    Value enter = is_async ? names.__aenter__ : names.__enter__, leave = is_async ? names.__aexit__ : names.__exit__;
    int found = find_method(manager, enter, &out->enter, &out->enter_self);
    if (found == 0) refuse(manager, is_async, "");
    if (found != 1) return false;
    found = find_method(manager, leave, &out->exit, &out->exit_self);
    if (found == 1) return true;
    if (found == 0) refuse(manager, is_async, is_async ? " (missed __aexit__ method)" : " (missed __exit__ method)");
    release(out->enter);
    release(out->enter_self);
    return false;
}

Value context_exit(Value exit, Value self, Value exception) {
    Value traceback = as_exception(exception)->traceback;
    Value args[] = {self, type_value(type_of(exception)), exception, is_set(traceback) ? traceback : NONE};
    return is_set(self) ? call(exit, args, 4, UNSET) : call(exit, args + 1, 3, UNSET);
}
