/* grp: the groups of the system. */
#include "stdlib/struct_sequence.h"

#include <errno.h>
#include <grp.h>

#include "runtime/conc/blocking.h"
#include "stdlib/posix.h"

enum { ROOM = 16384 };

static const char *const fields[] = {"gr_name", "gr_passwd", "gr_gid", "gr_mem"};
static StructSequence entry_type = STRUCT_SEQUENCE("grp.struct_group", "A group of the system.", fields, 4, 4);

static Value member_list(char **names_of_members) {
    Value list = list_new(0);
    for (; *names_of_members && is_set(list); names_of_members++) {
        Value name = path_value(*names_of_members, false);
        if (is_unset(name) || !list_append_steal(list, name)) clear(&list);
    }
    return list;
}

static Value entry_value(const struct group *g) {
    Value items[] = {path_value(g->gr_name, false), path_value(g->gr_passwd, false), int_from_int64(g->gr_gid),
                     member_list(g->gr_mem)};
    return struct_sequence_new(&entry_type, items);
}

static Value missing(const char *format, Value key) {
    Value text = str_format(format, key), result = is_set(text) ? raise_key_error(text) : UNSET;
    release(text);
    return result;
}

static Value grp_getgrnam(const Value *args, size_t count) {
    struct group entry, *found = NULL;
    char room[ROOM];
    Path name;
    if (!str_is(args[0])) return raise_type_error("getgrnam() argument must be str, not %T", args[0]);
    if (!path_get(args[0], "getgrnam", &name)) return UNSET;
    BLOCKING_BEGIN(os_files)
    getgrnam_r(name.text, &entry, room, sizeof room, &found);
    BLOCKING_END
    path_release(&name);
    return found ? entry_value(found) : missing("getgrnam(): name not found: %R", args[0]);
}

static Value grp_getgrgid(const Value *args, size_t count) {
    struct group entry, *found = NULL;
    char room[ROOM];
    int64_t gid;
    if (!object_as_int64(args[0], &gid)) return UNSET;
    BLOCKING_BEGIN(os_files)
    getgrgid_r((gid_t)gid, &entry, room, sizeof room, &found);
    BLOCKING_END
    return found ? entry_value(found) : missing("getgrgid(): gid not found: %S", args[0]);
}

static Value grp_getgrall(const Value *args, size_t count) {
    Value list = list_new(0);
    struct group *entry;
    setgrent();
    while (is_set(list) && (entry = getgrent())) {
        Value v = entry_value(entry);
        if (is_unset(v) || !list_append_steal(list, v)) clear(&list);
    }
    endgrent();
    return list;
}

static const NativeDef functions[] = {
    FUNCTION("getgrnam", "name, /", grp_getgrnam, "A group by name."),
    FUNCTION("getgrgid", "gid, /", grp_getgrgid, "A group by number."),
    FUNCTION("getgrall", "", grp_getgrall, "All groups."),
    NATIVE_END,
};

static bool fill(Value dict) { return dict_set_utf8(dict, "struct_group", type_value(&entry_type.type)); }
static bool ready(void) { return struct_sequence_ready(&entry_type); }

const ModuleDef mod_grp = {"grp", "The groups of the system.", functions, fill, ready};
