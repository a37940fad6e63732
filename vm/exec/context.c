/* Context managers: `with` and `async with`. */
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/object.h"
#include "vm/exec/ops.h"

/* The special method, bound. */
static int find_bound(Value manager, Value name, Value *out) {
    bool self_needed;
    int found = special_lookup(manager, name, out, &self_needed);
    if (found != 1 || !self_needed) return found;
    Value function = *out;
    *out = method_new(function, manager);
    release(function);
    return is_set(*out) ? 1 : -1;
}

static void refuse(Value manager, bool is_async, const char *missed) {
    raise_type_error("'%T' object does not support the %scontext manager protocol%s", manager,
                     is_async ? "asynchronous " : "", missed);
}

bool context_enter(Value manager, Value *exit, Value *entered, bool is_async) {
    Value enter;
    bool self_needed;
    int found = special_lookup(manager, is_async ? names.__aenter__ : names.__enter__, &enter, &self_needed);
    if (found == 0) refuse(manager, is_async, "");
    if (found != 1) return false;
    found = find_bound(manager, is_async ? names.__aexit__ : names.__exit__, exit);
    if (found == 0) refuse(manager, is_async, is_async ? " (missed __aexit__ method)" : " (missed __exit__ method)");
    if (found == 1) {
        *entered = self_needed ? call1(enter, manager) : call0(enter);
        if (is_unset(*entered)) {
            release(*exit);
            found = -1;
        }
    }
    release(enter);
    return found == 1;
}

Value context_exit(Value exit, Value exception) {
    Value traceback = as_exception(exception)->traceback;
    return call3(exit, type_value(type_of(exception)), exception, is_set(traceback) ? traceback : NONE);
}
