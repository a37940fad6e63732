/* Raising and catching: `raise`, `except`, `except*`. */
#include "runtime/types/class.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/call.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/exec/ops.h"

void raise_statement(Value exception, Value cause, bool has_cause) {
    exception_raise(exception, has_cause ? cause : UNSET);
}

bool raise_again(void) {
    Value handled = *error_handled();
    if (is_unset(handled)) return raise_runtime_error("No active exception to reraise"), false;
    error_restore(retain(handled));
    return true;
}

int raise_match(Value exception, Value classes) { return exception_matches(exception, classes); }

bool raise_match_group(Value exception, Value classes, Value *match, Value *rest) {
    if (is_none(exception)) {
        *match = *rest = NONE;
        return true;
    }
    return exception_group_split(exception, classes, match, rest);
}

/* Was it split off from the original group (and not raised anew in a handler)? */
static bool is_part(Value exception, Value original) {
    Exception *a = as_exception(exception), *b = as_exception(original);
    return same(exception, original) ||
           (same(a->traceback, b->traceback) && same(a->context, b->context) && same(a->cause, b->cause) &&
            same(a->notes, b->notes) && object_is_instance_exact_or_sub(exception, &BaseExceptionGroup_type));
}

static Value new_group(Value list) {
    return call2(type_value(&BaseExceptionGroup_type), names.empty, list);
}

static bool collect_leaves(Value exception, Value into) {
    if (!object_is_instance_exact_or_sub(exception, &BaseExceptionGroup_type)) return list_append(into, exception);
    Value parts = object_get_attribute_utf8(exception, "exceptions");
    bool fine = is_set(parts);
    for (size_t i = 0; fine && i < tuple_length(parts); i++) fine = collect_leaves(tuple_at(parts, i), into);
    release(parts);
    return fine;
}

/* The parts of the original that remain, as one group with its structure: what is not among the leaves is left out. */
static Value keep_leaves(Value original, Value leaves) {
    if (!object_is_instance_exact_or_sub(original, &BaseExceptionGroup_type)) {
        int kept = 0;
        for (size_t i = 0; i < as_list(leaves)->length; i++) kept |= same(as_list(leaves)->items[i], original);
        return kept ? retain(original) : NONE;
    }
    Value parts = object_get_attribute_utf8(original, "exceptions"), kept = list_new(0), result = UNSET;
    bool fine = is_set(parts) && is_set(kept);
    for (size_t i = 0; fine && i < tuple_length(parts); i++) {
        Value part = keep_leaves(tuple_at(parts, i), leaves);
        fine = is_set(part) && (is_none(part) || list_append(kept, part));
        release(part);
    }
    if (fine && !as_list(kept)->length) result = NONE;
    else if (fine) {
        Value derive = object_get_attribute_utf8(original, "derive");
        result = is_set(derive) ? call1(derive, kept) : UNSET;
        release(derive);
        if (is_set(result)) {
            Exception *to = as_exception(result), *from = as_exception(original);
            replace(&to->traceback, retain(from->traceback));
            replace(&to->context, retain(from->context));
            replace(&to->cause, retain(from->cause));
            to->suppress_context = from->suppress_context;
            if (is_set(from->notes)) replace(&to->notes, list_from_iterable(from->notes));
        }
    }
    release(kept);
    release(parts);
    return result;
}

static bool sort_parts(Value original, Value list, Value raised, Value leaves) {
    for (size_t i = 0; i < as_list(list)->length; i++) {
        Value part = as_list(list)->items[i];
        if (is_none(part)) continue;
        if (is_part(part, original) ? !collect_leaves(part, leaves) : !list_append(raised, part)) return false;
    }
    return true;
}

/* Of a plain exception one clause was entered or none: what that raised, or the exception itself. */
static Value plain_result(Value list) {
    for (size_t i = 0; i < as_list(list)->length; i++)
        if (!is_none(as_list(list)->items[i])) return retain(as_list(list)->items[i]);
    return NONE;
}

/* What was raised anew stands beside what remains of the original. */
Value raise_group_result(Value original, Value list) {
    if (!object_is_instance_exact_or_sub(original, &BaseExceptionGroup_type)) return plain_result(list);
    Value raised = list_new(0), leaves = list_new(0), result = UNSET;
    if (is_set(raised) && is_set(leaves) && sort_parts(original, list, raised, leaves)) {
        Value rest = as_list(leaves)->length ? keep_leaves(original, leaves) : NONE;
        if (is_set(rest) && !as_list(raised)->length) result = retain(rest);
        else if (is_set(rest)) {
            if (is_none(rest) || list_append(raised, rest)) result = new_group(raised);
        }
        release(rest);
    }
    release(raised);
    release(leaves);
    return result;
}
