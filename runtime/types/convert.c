/* Turning values into integers, indices and doubles through their slots. */
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/float.h"
#include "runtime/types/int.h"
#include "runtime/types/object.h"

Value object_index(Value v) {
    if (is_small_int(v)) return v;
    if (int_is(v)) return int_normalize(v);
    Type *type = type_of(v);
    if (!type->index) return raise_type_error("'%T' object cannot be interpreted as an integer", v);
    Value result = type->index(v);
    if (is_unset(result) || int_is_exact(result)) return result;
    if (!int_is(result)) {
        raise_type_error("__index__ returned non-int (type %T)", result);
        release(result);
        return UNSET;
    }
    bool fine = warning_issue(&DeprecationWarning_type,
                              "__index__ returned non-int (type %T).  The ability to return an instance of a strict "
                              "subclass of int is deprecated, and may be removed in a future version of Python.", result);
    Value exact = fine ? int_normalize(result) : UNSET;
    release(result);
    return exact;
}

bool object_as_int64(Value v, int64_t *out) {
    if (is_small_int(v)) {
        *out = as_small_int(v);
        return true;
    }
    Value n = object_index(v);
    if (is_unset(n)) return false;
    bool ok = int_as_int64(n, out);
    release(n);
    return ok;
}

bool object_as_index(Value v, int64_t *out, Type *overflow) {
    if (is_small_int(v)) {
        *out = as_small_int(v);
        return true;
    }
    Value n = object_index(v);
    if (is_unset(n)) return false;
    bool ok = int_fits_int64(n, out);
    if (!ok && !overflow) {
        *out = int_sign(n) < 0 ? INT64_MIN : INT64_MAX;
        ok = true;
    }
    if (!ok) raise_error(overflow, "cannot fit '%T' into an index-sized integer", v);
    release(n);
    return ok;
}

bool float_warn_subclass(Value source, Value result) {
    return is_exactly(result, &float_type) ||
           warning_issue(&DeprecationWarning_type,
                         "%T.__float__ returned non-float (type %T).  The ability to return an instance of a strict "
                         "subclass of float is deprecated, and may be removed in a future version of Python.", source,
                         result);
}

static bool double_from_slot(Value v, double *out) {
    Value f = type_of(v)->to_float(v);
    if (is_unset(f)) return false;
    bool ok = float_is(f);
    if (ok) *out = float_value(f);
    else raise_type_error("%T.__float__ returned non-float (type %T)", v, f);
    if (ok && !is_double(f)) ok = float_warn_subclass(v, f);
    release(f);
    return ok;
}

bool object_as_double(Value v, double *out) {
    if (is_double(v)) {
        *out = as_double(v);
        return true;
    }
    if (is_small_int(v)) {
        *out = (double)as_small_int(v);
        return true;
    }
    if (float_is(v)) {
        *out = float_value(v);
        return true;
    }
    Type *type = type_of(v);
    if (type->to_float) return double_from_slot(v, out);
    if (!type->index) return raise_type_error("must be real number, not %T", v), false;
    Value n = object_index(v);
    if (is_unset(n)) return false;
    bool ok = int_to_double(n, out);
    release(n);
    return ok;
}
