/* The command line of scr. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include "vm/cli/off_options.h"

typedef enum RunKind { RUN_REPL, RUN_FILE, RUN_COMMAND, RUN_MODULE, RUN_STDIN, RUN_DIS, RUN_VERSION, RUN_HELP } RunKind;

typedef struct Options {
    RunKind kind;
    const char *target;  /* file, code or module name */
    char **args;         /* what the script gets as sys.argv[1:] */
    int arg_count;
    bool check;          /* the checked engine */
    bool interactive;    /* stay in the REPL after the script */
    bool unbuffered;
    bool leaks;          /* report what is alive at exit */
    int optimize;
    GilOptions gil;
    OffOptions off;
} Options;

/* False: one line about what is wrong has been written to stderr, exit with 2. */
bool options_parse(int argc, char **argv, Options *out);
void options_help(void);

#endif
