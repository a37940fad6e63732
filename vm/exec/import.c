/* Importing: sys.modules, the search for files, packages, relative names. */
#include "vm/exec/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/mem/heap.h"
#include "runtime/types/bytes.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/exception.h"
#include "runtime/types/list.h"
#include "runtime/types/object.h"
#include "runtime/types/str.h"
#include "runtime/types/tuple.h"
#include "vm/code/compile.h"
#include "vm/exec/builtins.h"
#include "vm/exec/exec.h"
#include "vm/exec/import_lock.h"
#include "vm/exec/source.h"

static const ModuleRow *library;
static Value modules; /* sys.modules */
static Value system;  /* the module sys */

void import_set_library(const ModuleRow *rows) { library = rows; }
const ModuleRow *import_library(void) { return library; }
Value import_modules(void) { return modules; }
Value sys_dict(void) { return is_set(system) ? module_dict(system) : UNSET; }
Value sys_get(Value name) { return is_set(system) ? dict_get_str(module_dict(system), name) : UNSET; }

/* ---- making modules ---- */

static bool add_native_functions(Value dict, const ModuleDef *def, Value name) {
    for (const NativeDef *row = def->functions; row && row->name; row++) {
        Value function = native_new(row, UNSET, name);
        if (is_unset(function) || !dict_set_utf8(dict, row->name, function)) return release(function), false;
        release(function);
    }
    return true;
}

/* A module gets its standard attributes; path: UNSET for those written in C; package: its __package__. */
static bool describe(Value dict, Value path, Value package) {
    if (is_set(path) && !dict_set_utf8(dict, "__file__", path)) return false;
    return dict_set(dict, names.__package__, package) && dict_set(dict, names.__loader__, NONE) &&
           dict_set(dict, names.__spec__, NONE);
}

static Value parent_name(Value name) {
    const char *text = str_utf8(name, NULL), *dot = text ? strrchr(text, '.') : NULL;
    return dot ? str_intern_utf8(text, (size_t)(dot - text)) : retain(names.empty);
}

static Value load_native(const ModuleDef *def, Value name) {
    Value doc = def->doc ? str_from(def->doc) : NONE;
    Value module = is_unset(doc) ? UNSET : module_new(name, doc);
    release(doc);
    if (is_unset(module)) return UNSET;
    Value dict = module_dict(module), package = parent_name(name);
    bool made = is_set(package) && describe(dict, UNSET, package) && add_native_functions(dict, def, name) &&
                (!def->ready || def->ready()) && (!def->fill || def->fill(dict)) && dict_set(modules, name, module);
    release(package);
    ((ModuleObject *)as_object(module))->built_in = true;
    if (made) return module;
    release(module);
    return UNSET;
}

/* Runs the source of a module that is already in sys.modules; takes it out again when it fails. */
static Value run_module(Value module, Value name, const char *text, size_t size, Value path) {
    Value code = compile_source(text, size, PARSE_EXEC, path, 0, -1), dict = module_dict(module);
    Value result = UNSET;
    if (is_set(code)) {
        dict_set(dict, names.__builtins__, builtins_dict());
        result = exec_code(code, dict, dict);
        release(code);
    }
    release(result);
    if (is_unset(result)) {
        Value pending = error_take();
        if (dict_remove(modules, name, NULL) < 0) error_clear();
        error_restore(pending);
        return UNSET;
    }
    Value found = dict_get_str(modules, name); /* a module may put something else in its place */
    return retain(is_set(found) ? found : module);
}

/* package_path: list of folders for a package, else UNSET. */
static Value load_source(Value name, const char *text, size_t size, Value path, Value package_path) {
    Value module = module_new(name, NONE);
    if (is_unset(module)) return UNSET;
    Value dict = module_dict(module), package = is_set(package_path) ? retain(name) : parent_name(name), result = UNSET;
    if (is_set(package) && describe(dict, path, package) && dict_set(dict, names.__cached__, NONE) &&
        (is_unset(package_path) || dict_set(dict, names.__path__, package_path)) &&
        dict_set_utf8(dict, "__initializing__", TRUE_VALUE) && dict_set(modules, name, module)) {
        result = run_module(module, name, text, size, path);
        dict_remove(dict, str_intern_cstr("__initializing__"), NULL);
    }
    release(package);
    release(module);
    return result;
}

/* ---- finding modules ---- */

static const ModuleRow *library_row(const char *name) {
    for (const ModuleRow *row = library; row && row->name; row++)
        if (strcmp(row->name, name) == 0) return row;
    return NULL;
}

static Value missing_row(const ModuleRow *row, Value name) {
    Value message = row->missing[0]
        ? str_format("No module named '%s': scr was built without the library it needs; install the package "
                     "%s and run make again", row->name, row->missing)
        : str_format("No module named '%s': it is not part of scr; the table stdlib/modules.def "
                     "says what is", row->name);
    Value exception = is_set(message) ? exception_new(&ModuleNotFoundError_type, &message, 1) : UNSET;
    release(message);
    if (is_unset(exception)) return UNSET;
    object_set_attribute(exception, names.name, name);
    return raise_value(exception);
}

static Value load_row(const ModuleRow *row, Value name) {
    if (row->missing) return missing_row(row, name);
    if (row->native) return load_native(row->native, name);
    Value path = str_intern_cstr(row->path), folders = row->is_package ? list_new(0) : UNSET;
    Value module =
        is_set(path) ? load_source(name, row->source, (size_t)(row->source_end - row->source), path, folders) : UNSET;
    release(path);
    release(folders);
    return module;
}

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}
static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A list with one folder: __path__. */
static Value folder_list(const char *folder) {
    Value text = str_decode(folder, strlen(folder), "utf-8", "surrogateescape");
    Value list = is_set(text) ? list_from_values(&text, 1) : UNSET;
    release(text);
    return list;
}

static Value load_file(Value name, const char *file, const char *package_folder) {
    char *text;
    size_t size;
    if (!source_read(file, &text, &size)) return UNSET;
    Value path = str_decode(file, strlen(file), "utf-8", "surrogateescape");
    Value folders = package_folder ? folder_list(package_folder) : UNSET, module = UNSET;
    if (is_set(path)) module = load_source(name, text, size, path, folders);
    release(path);
    release(folders);
    raw_free(text);
    return module;
}

/* A folder without __init__: a namespace package. */
static Value load_namespace(Value name, const char *folder) {
    Value module = module_new(name, NONE), folders = folder_list(folder);
    if (is_set(module) && is_set(folders)) {
        Value dict = module_dict(module);
        if (describe(dict, UNSET, name) && dict_set(dict, names.__path__, folders) && dict_set(modules, name, module)) {
            release(folders);
            return module;
        }
    }
    release(module);
    release(folders);
    return UNSET;
}

enum { PATH_CAPACITY = 4096 };
/* Where a module was found: a file of a folder, a row of the library, or a folder without __init__. */
typedef struct Place {
    const ModuleRow *row;
    char file[PATH_CAPACITY], package[PATH_CAPACITY]; /* package: its folder, or "" */
} Place;

static bool search_folder(const char *leaf, const char *folder, Place *place) {
    char base[PATH_CAPACITY];
    if (!*folder) folder = ".";
    if (strlen(folder) + strlen(leaf) + 16 > PATH_CAPACITY) return false;
    snprintf(base, sizeof base, "%s/%s", folder, leaf);
    for (int i = 0; i < 4; i++) {
        int n =
            snprintf(place->file, sizeof place->file, i < 2 ? "%s/__init__.%s" : "%s.%s", base, i % 2 ? "py" : "scr");
        if (n >= (int)sizeof place->file || !is_file(place->file)) continue;
        strcpy(place->package, i < 2 ? base : "");
        return true;
    }
    place->file[0] = 0;
    if (!place->package[0] && is_folder(base)) strcpy(place->package, base);
    return false;
}

static bool search_path(const char *leaf, Value path, Place *place) {
    Value folders = list_from_iterable(path);
    if (is_unset(folders)) return error_clear(), false;
    bool found = false;
    for (size_t i = 0; i < as_list(folders)->length && !found; i++) {
        Value folder = as_list(folders)->items[i];
        const char *text = str_is(folder) ? str_utf8(folder, NULL) : NULL;
        if (text) found = search_folder(leaf, text, place);
        else error_clear();
    }
    release(folders);
    return found;
}

static Value not_found(Value name, Value parent) {
    Value message = is_set(parent) ? str_format("No module named %R; %R is not a package", name, parent)
                                   : str_format("No module named %R", name);
    if (is_unset(message)) return UNSET;
    Value exception = exception_new(&ModuleNotFoundError_type, &message, 1);
    release(message);
    if (is_unset(exception)) return UNSET;
    object_set_attribute(exception, names.name, name);
    return raise_value(exception);
}

/* Modules that the runtime is made of come first: a file beside the script cannot replace them. */
static bool is_fixed(const ModuleRow *row) {
    return row && row->native &&
           (row->name[0] == '_' || strcmp(row->name, "sys") == 0 || strcmp(row->name, "gc") == 0 ||
            strcmp(row->name, "time") == 0 || strcmp(row->name, "itertools") == 0 || strcmp(row->name, "errno") == 0);
}

/* Finds `name` (absolute); path: that of its package, or sys.path.  1 found, 0 not. */
static int find_place(const char *name, Value path, Place *place) {
    const char *dot = strrchr(name, '.');
    *place = (Place){.row = library_row(name)};
    if (is_fixed(place->row)) return 1;
    if (is_set(path) && search_path(dot ? dot + 1 : name, path, place)) return place->row = NULL, 1;
    if (place->package[0] && place->row && place->row->missing) place->row = NULL;
    return place->row || place->package[0];
}

static Value load_place(Value name, const Place *place) {
    if (place->file[0]) return load_file(name, place->file, place->package[0] ? place->package : NULL);
    return place->row ? load_row(place->row, name) : load_namespace(name, place->package);
}

/* The path in which submodules of `parent` lie (sys.path for UNSET); owned; UNSET and no exception: not a package. */
static Value path_for(Value parent) {
    Value path = UNSET;
    if (is_unset(parent)) return retain(sys_get(names.path));
    object_find_attribute(parent, names.__path__, &path);
    return path;
}

static Value load(Value name, Value parent) {
    const char *text = str_utf8(name, NULL);
    Value path = text ? path_for(parent) : UNSET;
    if (error_pending()) return UNSET;
    if (is_unset(path) && is_set(parent)) {
        Value package = parent_name(name);
        not_found(name, package);
        release(package);
        return UNSET;
    }
    Place place;
    int found = find_place(text, path, &place);
    release(path);
    return found ? load_place(name, &place) : not_found(name, UNSET);
}

static Value load_alone(Value name, Value parent) {
    Load here;
    import_load_begin(&here, name);
    Value module = load(name, parent);
    import_load_end(&here);
    return module;
}

/* The module of an absolute dotted name, owned; loads its parents first and sets it as their attribute. */
static Value import_absolute(Value name) {
    if (!import_wait(name)) return UNSET;
    Value found = dict_get_str(modules, name);
    if (is_set(found)) {
        if (!is_none(found)) return retain(found);
        return raise_error(&ModuleNotFoundError_type, "import of %U halted; None in sys.modules", name);
    }
    Value parent_text = parent_name(name), parent = UNSET, module = UNSET;
    if (is_unset(parent_text)) return UNSET;
    if (str_length(parent_text) > 0 && is_unset(parent = import_absolute(parent_text))) goto done;
    if (!import_wait(name)) goto done;
    found = dict_get_str(modules, name); /* the parent, or another thread, may have loaded it */
    module = is_set(found) ? retain(found) : load_alone(name, parent);
    if (is_set(module) && is_set(parent)) {
        const char *leaf = strrchr(str_utf8(name, NULL), '.') + 1;
        Value attribute = str_intern_cstr(leaf);
        if (!object_set_attribute(parent, attribute, module)) clear(&module);
        release(attribute);
    }
done:
    release(parent_text);
    release(parent);
    return module;
}

/* ---- names ---- */

/* What `level` dots are relative to: the package of the importing module, owned. */
static Value package_of(Value globals) {
    Value package = is_set(globals) ? dict_get_str(globals, names.__package__) : UNSET;
    if (is_set(package) && str_is(package)) return retain(package);
    Value name = is_set(globals) ? dict_get_str(globals, names.__name__) : UNSET;
    if (is_unset(name) || !str_is(name)) return raise_error(&KeyError_type, "'__name__' not in globals");
    return is_set(dict_get_str(globals, names.__path__)) ? retain(name) : parent_name(name);
}

static Value resolve_relative(Value name, Value globals, int64_t level) {
    Value package = package_of(globals);
    if (is_unset(package)) return UNSET;
    if (str_length(package) == 0) {
        release(package);
        return raise_error(&ImportError_type, "attempted relative import with no known parent package");
    }
    for (int64_t i = 1; i < level; i++) {
        Value above = parent_name(package);
        release(package);
        if (is_unset(package = above)) return UNSET;
        if (str_length(package) == 0) {
            release(package);
            return raise_error(&ImportError_type, "attempted relative import beyond top-level package");
        }
    }
    Value absolute = str_length(name) ? str_format("%U.%U", package, name) : retain(package);
    release(package);
    return is_set(absolute) ? str_intern(absolute) : UNSET;
}

static bool import_submodules(Value module, Value fromlist);

/* The pending exception says that just this module is not there (not one that it imports): cleared. */
static bool absorb_not_found(Value full) {
    if (!error_matches(&ModuleNotFoundError_type)) return false;
    Value pending = error_take(), name = UNSET;
    bool same_name = object_find_attribute(pending, names.name, &name) > 0 && str_is(name) && str_equal(name, full);
    release(name);
    if (same_name) release(pending);
    else error_restore(pending);
    return same_name;
}

/* Makes sure that a name of a fromlist is there: a submodule of that name is loaded if there is no attribute. */
static bool import_submodule(Value module, Value name) {
    if (!str_is(name)) return raise_type_error("Item in ``from list'' must be str, not %T", name), false;
    Value found = UNSET;
    if (str_equal_ascii(name, "*")) {
        Value all = UNSET;
        bool done = object_find_attribute(module, names.__all__, &all) <= 0 || import_submodules(module, all);
        release(all);
        return done && !error_pending();
    }
    int has = object_find_attribute(module, name, &found);
    release(found);
    if (has) return has > 0;
    Value package = object_get_attribute(module, names.__name__);
    if (is_unset(package)) return false;
    Value full = str_intern(str_format("%U.%U", package, name));
    release(package);
    Value submodule = import_absolute(full);
    bool done = is_set(submodule) || absorb_not_found(full); /* import_from tells what is missing */
    release(full);
    release(submodule);
    return done;
}

static bool import_submodules(Value module, Value fromlist) {
    Value list = list_from_iterable(fromlist);
    bool done = is_set(list);
    for (size_t i = 0; done && i < as_list(list)->length; i++) done = import_submodule(module, as_list(list)->items[i]);
    release(list);
    return done;
}

static bool is_package(Value module) {
    Value path = UNSET;
    int found = object_find_attribute(module, names.__path__, &path);
    release(path);
    if (found < 0) error_clear();
    return found > 0;
}

/* `import a.b.c` binds a: the first part of what was asked for, counted from the package for relative names. */
static Value top_module(Value name, Value absolute, int64_t level, Value module) {
    const char *text = str_utf8(name, NULL), *dot = strchr(text, '.');
    if (!dot) return retain(module);
    size_t cut = strlen(dot);
    const char *whole = str_utf8(absolute, NULL);
    Value top = str_intern_utf8(whole, strlen(whole) - cut);
    Value found = is_set(top) ? import_absolute(top) : UNSET;
    release(top);
    return found;
}

Value import_module(Value name, Value globals, Value fromlist, int64_t level) {
    if (str_length(name) == 0 && level == 0) return raise_value_error("Empty module name");
    Value absolute = level > 0 ? resolve_relative(name, globals, level)
                               : str_intern(str_is_exact(name) ? retain(name) : object_str(name));
    if (is_unset(absolute)) return UNSET;
    Value module = import_absolute(absolute), result = UNSET;
    int wanted = is_set(module) ? object_truth(fromlist) : -1;
    if (wanted == 0)
        result = top_module(name, absolute, level, module);
    else if (wanted > 0 && (!is_package(module) || import_submodules(module, fromlist)))
        result = retain(module);
    release(module);
    release(absolute);
    return result;
}

Value import_named(const char *name) {
    Value text = str_intern_cstr(name);
    Value module = is_set(text) ? import_absolute(text) : UNSET;
    release(text);
    return module;
}

Value import_attribute(const char *module_name, const char *attribute) {
    Value module = import_named(module_name);
    if (is_unset(module)) return UNSET;
    Value found = object_get_attribute_utf8(module, attribute);
    release(module);
    return found;
}

static Value cannot_import(Value module, Value name) {
    Value module_name = UNSET, file = UNSET;
    object_find_attribute(module, names.__name__, &module_name);
    object_find_attribute(module, names.__file__, &file);
    bool loading = is_exactly(module, &module_type) && is_set(dict_get_utf8(module_dict(module), "__initializing__"));
    Value message = str_format(
        loading
            ? "cannot import name %R from partially initialized module %R (most likely due to a circular import) (%S)"
            : "cannot import name %R from %R (%S)",
        name, is_set(module_name) ? module_name : NONE, is_set(file) ? file : str_intern_cstr("unknown location"));
    Value exception = is_set(message) ? exception_new(&ImportError_type, &message, 1) : UNSET;
    if (is_set(exception)) {
        object_set_attribute(exception, names.name, is_set(module_name) ? module_name : NONE);
        object_set_attribute(exception, names.path, is_set(file) ? file : NONE);
        Value attribute = str_intern_cstr("name_from");
        object_set_attribute(exception, attribute, name);
        release(attribute);
        raise_value(exception);
    }
    release(message);
    release(module_name);
    release(file);
    return UNSET;
}

Value import_from(Value module, Value name) {
    Value found = UNSET;
    int has = object_find_attribute(module, name, &found);
    if (has) return found;
    Value package = UNSET;
    if (object_find_attribute(module, names.__name__, &package) > 0 && str_is(package)) {
        Value full = str_intern(str_format("%U.%U", package, name)); /* set in sys.modules, not yet on the package */
        found = is_set(full) ? retain(dict_get_str(modules, full)) : UNSET;
        release(full);
    }
    release(package);
    return is_set(found) || error_pending() ? found : cannot_import(module, name);
}

static bool copy_name(Value module, Value namespace, Value name) {
    if (!str_is(name)) return raise_type_error("Item in __all__ must be str, not %T", name), false;
    Value value = object_get_attribute(module, name);
    bool done = is_set(value) && object_set_item(namespace, name, value);
    release(value);
    return done;
}

bool import_star(Value module, Value namespace) {
    Value all = UNSET;
    int has = object_find_attribute(module, names.__all__, &all);
    if (has < 0) return false;
    Value list = UNSET;
    if (has) {
        list = list_from_iterable(all);
        release(all);
    } else {
        Value dict = object_get_attribute(module, names.__dict__);
        if (is_set(dict)) list = list_from_iterable(dict);
        release(dict);
    }
    bool done = is_set(list);
    for (size_t i = 0; done && i < as_list(list)->length; i++) {
        Value name = as_list(list)->items[i];
        if (!has && (!str_is(name) || (str_length(name) > 0 && str_at(as_str(name), 0) == '_'))) continue;
        done = copy_name(module, namespace, name);
    }
    release(list);
    return done;
}

/* ---- source of modules that run as scripts ---- */

static Value read_place(const Place *place) {
    char *owned = NULL;
    size_t size;
    const char *text, *file = place->file[0] ? place->file : place->row ? place->row->path : NULL;
    if (place->file[0]) {
        if (!source_read(place->file, &owned, &size)) return UNSET;
        text = owned;
    } else if (place->row && place->row->source) {
        text = place->row->source;
        size = (size_t)(place->row->source_end - text);
    } else {
        return NONE;
    }
    Value source = bytes_from(text, size), name = str_decode(file, strlen(file), "utf-8", "surrogateescape"),
          result = UNSET;
    raw_free(owned);
    bool package = place->file[0] ? place->package[0] != 0 : place->row->is_package;
    if (is_set(source) && is_set(name)) result = tuple_pack(3, source, name, from_bool(package));
    release(source);
    release(name);
    return result;
}

Value import_find_source(Value name) {
    Value parent_text = parent_name(name), parent = UNSET;
    if (is_unset(parent_text)) return UNSET;
    if (str_length(parent_text) > 0) parent = import_absolute(parent_text);
    release(parent_text);
    if (error_pending()) return UNSET;
    Value path = path_for(parent);
    release(parent);
    Place place;
    int found = error_pending() ? 0 : find_place(str_utf8(name, NULL), path, &place);
    release(path);
    if (error_pending()) return UNSET;
    return found ? read_place(&place) : NONE;
}

/* ---- life ---- */

bool import_start(void) {
    exec_modules = import_modules;
    import_hook = import_absolute;
    modules = dict_new();
    if (is_unset(modules) || !dict_set(modules, names.builtins, builtins_module())) return false;
    const ModuleRow *row = library_row("sys");
    Value name = str_intern_cstr("sys");
    system = row ? load_native(row->native, name) : UNSET;
    release(name);
    return is_set(system) && dict_set(module_dict(system), names.modules, modules);
}

void import_end(void) {
    clear(&system);
    clear(&modules);
}
