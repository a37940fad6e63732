/* exit, quit, help, copyright, credits and license: objects that say what to do with them, and do it when called.
 *
 * What they do is in the script module _sitebuiltins, which is imported when one is called.
 */
#include "runtime/mem/heap.h"
#include "runtime/types/call.h"
#include "runtime/types/class.h"
#include "runtime/types/dict.h"
#include "runtime/types/error.h"
#include "runtime/types/str.h"
#include "vm/exec/builtins.h"
#include "vm/exec/import.h"

typedef struct Site {
    Object head;
    const char *name, *text;
} Site;

static Site *as_site(Value v) { return (Site *)as_object(v); }

static Value site_repr(Value self) { return str_from(as_site(self)->text); }

static Value site_call(Value callee, const Value *args, size_t count, Value kwnames) {
    Value function = import_attribute("_sitebuiltins", as_site(callee)->name);
    Value result = is_set(function) ? call(function, args, count, kwnames) : UNSET;
    release(function);
    return result;
}

#define SITE_TYPE(c_name, type_name)                                                                       \
    static Type c_name = {TYPE_HEAD(type_name), .basic_size = sizeof(Site), .flags = TYPE_DISALLOW_NEW,     \
                          .repr = site_repr, .call = site_call}
SITE_TYPE(quitter_type, "_sitebuiltins.Quitter");
SITE_TYPE(helper_type, "_sitebuiltins._Helper");
SITE_TYPE(printer_type, "_sitebuiltins._Printer");

static Site rows[] = {
    {OBJECT_STATIC(&quitter_type), "exit", "Use exit() or Ctrl-D (i.e. EOF) to exit"},
    {OBJECT_STATIC(&quitter_type), "quit", "Use quit() or Ctrl-D (i.e. EOF) to exit"},
    {OBJECT_STATIC(&helper_type), "help",
     "Type help() for interactive help, or help(object) for help about object."},
    {OBJECT_STATIC(&printer_type), "copyright", "scr is free software; type license() for the licence."},
    {OBJECT_STATIC(&printer_type), "credits", "scr runs the language of the Python developers: www.python.org."},
    {OBJECT_STATIC(&printer_type), "license", "Type license() to see the full license text"},
};

bool builtins_add_site(Value dict) {
    if (!type_ready(&quitter_type) || !type_ready(&helper_type) || !type_ready(&printer_type)) return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!dict_set_utf8(dict, rows[i].name, from_object(&rows[i]))) return false;
    return true;
}
