/* `from __future__ import ...`, which must open a module and changes how the rest of it is read. */
#include "runtime/types/str.h"
#include "vm/front/parse.h"
#include "vm/front/parse_stages.h"
#include "vm/front/scope_build.h"

static bool is_future_import(const Node *node) {
    return node->kind == NODE_IMPORT_FROM && node->u.import_from.level == 0 && is_set(node->u.import_from.module) &&
           str_equal_ascii(node->u.import_from.module, "__future__");
}

static bool accept_feature(Module *module, const Source *source, const Node *node, Value name) {
    static const char *const done[] = {"nested_scopes", "generators", "division", "absolute_import", "with_statement",
                                       "print_function", "unicode_literals", "generator_stop"};
    if (str_equal_ascii(name, "annotations")) return module->future_flags |= FUTURE_ANNOTATIONS, true;
    if (str_equal_ascii(name, "barry_as_FLUFL")) return module->future_flags |= FUTURE_BARRY, true;
    for (size_t i = 0; i < sizeof done / sizeof *done; i++)
        if (str_equal_ascii(name, done[i])) return true;
    bool braces = str_equal_ascii(name, "braces");
    Value message = braces ? str_from("not a chance") : str_format("future feature %U is not defined", name);
    return syntax_error_line(source->filename, node->span.line, message);
}

static bool read_features(Module *module, const Source *source, const Node *node) {
    module->last_future_line = node->span.line;
    for (int32_t i = 0; i < node->u.import_from.count; i++)
        if (!accept_feature(module, source, node, node->u.import_from.items[i].name)) return false;
    return true;
}

bool future_analyze(Module *module, const Source *source) {
    bool over = false;
    for (int32_t i = 0; i < module->body.count; i++) {
        const Node *node = module->body.items[i];
        bool docstring = i == 0 && ast_docstring(&module->body);
        if (!is_future_import(node)) {
            over |= !docstring;
        } else if (over) {
            return syntax_error_at(source->filename, node->span,
                                   "from __future__ imports must occur at the beginning of the file"), false;
        } else if (!read_features(module, source, node)) {
            return false;
        }
    }
    module->future_annotations = (module->future_flags & FUTURE_ANNOTATIONS) != 0;
    return true;
}
