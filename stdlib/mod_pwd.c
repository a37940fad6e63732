/* pwd: the users of the system. */
#include "stdlib/struct_sequence.h"

#include <errno.h>
#include <pwd.h>

#include "runtime/conc/blocking.h"
#include "stdlib/posix.h"

enum { ROOM = 16384 };

static const char *const fields[] = {"pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell"};
static StructSequence entry_type = STRUCT_SEQUENCE("pwd.struct_passwd", "A user of the system.", fields, 7, 7);

static Value entry_value(const struct passwd *p) {
    Value items[] = {path_value(p->pw_name, false),   path_value(p->pw_passwd, false), int_from_int64(p->pw_uid),
                     int_from_int64(p->pw_gid),       path_value(p->pw_gecos, false),  path_value(p->pw_dir, false),
                     path_value(p->pw_shell, false)};
    return struct_sequence_new(&entry_type, items);
}

static Value missing(const char *format, Value key) {
    Value text = str_format(format, key), result = is_set(text) ? raise_key_error(text) : UNSET;
    release(text);
    return result;
}

static Value pwd_getpwnam(const Value *args, size_t count) {
    struct passwd entry, *found = NULL;
    char room[ROOM];
    Path name;
    if (!str_is(args[0])) return raise_type_error("getpwnam() argument must be str, not %T", args[0]);
    if (!path_get(args[0], "getpwnam", &name)) return UNSET;
    BLOCKING_BEGIN(os_files)
    getpwnam_r(name.text, &entry, room, sizeof room, &found);
    BLOCKING_END
    path_release(&name);
    return found ? entry_value(found) : missing("getpwnam(): name not found: %R", args[0]);
}

static Value pwd_getpwuid(const Value *args, size_t count) {
    struct passwd entry, *found = NULL;
    char room[ROOM];
    int64_t uid;
    if (!object_as_int64(args[0], &uid)) return UNSET;
    BLOCKING_BEGIN(os_files)
    getpwuid_r((uid_t)uid, &entry, room, sizeof room, &found);
    BLOCKING_END
    return found ? entry_value(found) : missing("getpwuid(): uid not found: %S", args[0]);
}

static Value pwd_getpwall(const Value *args, size_t count) {
    Value list = list_new(0);
    struct passwd *entry;
    setpwent();
    while (is_set(list) && (entry = getpwent())) {
        Value v = entry_value(entry);
        if (is_unset(v) || !list_append_steal(list, v)) clear(&list);
    }
    endpwent();
    return list;
}

static const NativeDef functions[] = {
    FUNCTION("getpwnam", "name, /", pwd_getpwnam, "A user by name."),
    FUNCTION("getpwuid", "uid, /", pwd_getpwuid, "A user by number."),
    FUNCTION("getpwall", "", pwd_getpwall, "All users."),
    NATIVE_END,
};

static bool fill(Value dict) { return dict_set_utf8(dict, "struct_passwd", type_value(&entry_type.type)); }
static bool ready(void) { return struct_sequence_ready(&entry_type); }

const ModuleDef mod_pwd = {"pwd", "The users of the system.", functions, fill, ready};
