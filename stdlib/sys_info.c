/* sys: named tuples about the version, the flags and the numbers. */
#include "runtime/types/set.h"
#include "stdlib/struct_sequence.h"
#include "stdlib/sys_parts.h"
#include "vm/exec/import.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define INFO(variable, name, doc, ...)                                   \
    static const char *const variable##_fields[] = {__VA_ARGS__, NULL};  \
    static StructSequence variable =                                     \
        STRUCT_SEQUENCE("sys." name, doc, variable##_fields, COUNT(variable##_fields) - 1, COUNT(variable##_fields) - 1)

INFO(version_info, "version_info", "sys.version_info\n\nVersion information as a named tuple.", "major", "minor",
     "micro", "releaselevel", "serial");
INFO(flags, "flags", "sys.flags\n\nFlags provided through command line arguments or environment vars.", "debug",
     "inspect", "interactive", "optimize", "dont_write_bytecode", "no_user_site", "no_site", "ignore_environment",
     "verbose", "bytes_warning", "quiet", "hash_randomization", "isolated", "dev_mode", "utf8_mode",
     "warn_default_encoding", "safe_path", "int_max_str_digits");
INFO(float_info, "float_info", "sys.float_info\n\nA named tuple holding information about the float type.", "max",
     "max_exp", "max_10_exp", "min", "min_exp", "min_10_exp", "dig", "mant_dig", "epsilon", "radix", "rounds");
INFO(hash_info, "hash_info", "hash_info\n\nA named tuple providing parameters used for computing hashes.", "width",
     "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff");
INFO(int_info, "int_info", "sys.int_info\n\nA named tuple that holds information about the integers.",
     "bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold");
INFO(thread_info, "thread_info", "sys.thread_info\n\nA named tuple holding information about the threads.", "name",
     "lock", "version");

static StructSequence *const sequences[] = {&version_info, &flags, &float_info, &hash_info, &int_info, &thread_info};

/* Made by the machine only. */
bool sys_info_ready(void) {
    for (size_t i = 0; i < COUNT(sequences); i++)
        if (!struct_sequence_ready(sequences[i])) return false;
    return true;
}

static Value version(void) {
    return struct_sequence_new(&version_info, (Value[]){from_small_int(3), from_small_int(SYS_VERSION_MINOR),
                                                        from_small_int(0), str_from("final"), from_small_int(0)});
}

static Value implementation(void) {
    static const char *const keys[] = {"name", "cache_tag", "version", "hexversion"};
    Value values[] = {str_from("scr"), NONE, version(), from_small_int(SYS_HEX_VERSION)};
    Value result = call0(type_value(&namespace_type));
    for (size_t i = 0; i < COUNT(keys); i++) {
        Value key = str_intern_cstr(keys[i]);
        if (is_set(result) && (is_unset(values[i]) || !object_set_attribute(result, key, values[i]))) clear(&result);
        release(key);
        release(values[i]);
    }
    return result;
}

static Value flag_values(void) {
    Value values[COUNT(flags_fields) - 1];
    for (size_t i = 0; i < COUNT(values); i++) values[i] = from_small_int(strcmp(flags_fields[i], "hash_randomization") == 0);
    values[13] = values[16] = FALSE_VALUE; /* dev_mode, safe_path */
    values[17] = from_small_int(4300);
    return struct_sequence_new(&flags, values);
}

static Value float_values(void) {
    return struct_sequence_new(
        &float_info, (Value[]){from_double(1.7976931348623157e308), from_small_int(1024), from_small_int(308),
                               from_double(2.2250738585072014e-308), from_small_int(-1021), from_small_int(-307),
                               from_small_int(15), from_small_int(53), from_double(2.220446049250313e-16),
                               from_small_int(2), from_small_int(1)});
}

static Value hash_values(void) {
    return struct_sequence_new(
        &hash_info, (Value[]){from_small_int(64), int_from_int64((INT64_C(1) << 61) - 1), from_small_int(314159),
                              from_small_int(0), from_small_int(1000003), str_from("siphash13"), from_small_int(64),
                              from_small_int(128), from_small_int(0)});
}

static Value int_values(void) {
    return struct_sequence_new(&int_info, (Value[]){from_small_int(30), from_small_int(4), from_small_int(4300),
                                                    from_small_int(640)});
}

static Value thread_values(void) {
    return struct_sequence_new(&thread_info, (Value[]){str_from("pthread"), str_from("semaphore"), NONE});
}

/* Names of modules of the library: those in C, or all. */
static Value module_names(bool native_only) {
    Value list = list_new(0);
    bool ok = is_set(list) && (!native_only || list_append_steal(list, str_from("builtins")));
    for (const ModuleRow *row = import_library(); ok && row->name; row++)
        if (!strchr(row->name, '.') && (row->native || !native_only)) ok = list_append_steal(list, str_from(row->name));
    Value result = UNSET;
    if (ok && native_only && list_sort(list, UNSET, false)) result = list_to_tuple(list);
    if (ok && !native_only) result = call1(type_value(&frozenset_type), list);
    release(list);
    return result;
}

bool sys_info_fill(Value dict) {
    return sys_put(dict, "version_info", version()) && sys_put(dict, "implementation", implementation()) &&
           sys_put(dict, "flags", flag_values()) && sys_put(dict, "float_info", float_values()) &&
           sys_put(dict, "hash_info", hash_values()) && sys_put(dict, "int_info", int_values()) &&
           sys_put(dict, "thread_info", thread_values()) && sys_put(dict, "builtin_module_names", module_names(true)) &&
           sys_put(dict, "stdlib_module_names", module_names(false));
}
