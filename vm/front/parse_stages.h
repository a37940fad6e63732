/* The stages of parse_source, in order: rules for a whole input, future imports, scopes (scope.h), checks. */
#ifndef FRONT_PARSE_STAGES_H
#define FRONT_PARSE_STAGES_H

#include "vm/front/parser.h"

bool parse_file_input(Parser *p, Module *module);
bool parse_eval_input(Parser *p, Module *module);
bool parse_single_input(Parser *p, Module *module);

/* The expression between the braces of an f-string. */
Node *parse_inside(Parser *outer, const Source *source);

/* Reads `from __future__ import ...` at the top of a module. */
bool future_analyze(Module *module, const Source *source);

/* Raises what a parse allows and a program must not have: return outside function, and the like. */
bool check_module(Module *module, const Source *source, unsigned flags);

#endif
