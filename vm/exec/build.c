/* Making containers, slices, text and functions from registers. */
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/range.h"
#include "runtime/types/set.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/ops.h"
#include "vm/exec/share.h"

Value build_map(const Value *pairs, size_t n) {
    Value dict = n ? dict_new_sized(n) : dict_new();
    for (size_t i = 0; is_set(dict) && i < n; i++)
        if (!dict_set(dict, pairs[2 * i], pairs[2 * i + 1])) clear(&dict);
    return dict;
}

Value build_set(const Value *items, size_t n) {
    Value set = set_new();
    for (size_t i = 0; is_set(set) && i < n; i++)
        if (!set_add(set, items[i])) clear(&set);
    return set;
}

Value build_slice(const Value *parts, size_t n) { return slice_new(parts[0], parts[1], n == 3 ? parts[2] : UNSET); }

Value build_format(Value v, unsigned how, Value spec) { return str_format_value(v, (int)how, spec); }

bool build_list_extend(Value list, Value iterable, bool in_call, const Value *callee) {
    if (list_extend(list, iterable)) return true;
    Type *type = type_of(iterable);
    if (type->iterate || type->get_item || !error_absorb(&TypeError_type)) return false;
    raise_type_error("Value after * must be an iterable, not %T", iterable);
    return false;
}

Value build_function(Frame *frame, Code *code, Value *parts) {
    Value v = function_new(code, frame->globals, frame->builtins);
    if (!parts) return share_definition(v);
    if (is_unset(v)) {
        for (int i = 0; i < 4; i++) clear(&parts[i]);
        return v;
    }
    Function *f = as_function(v);
    f->defaults = parts[0];
    f->keyword_defaults = parts[1];
    f->annotations = parts[2];
    f->closure = parts[3];
    for (int i = 0; i < 4; i++) parts[i] = UNSET;
    return share_definition(v);
}
