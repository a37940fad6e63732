/* The command line of scr. */
#include "vm/cli/options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef enum OptionId {
    OPT_CHECK,
    OPT_LEAKS,
    OPT_COMMAND,
    OPT_MODULE,
    OPT_INTERACTIVE,
    OPT_UNBUFFERED,
    OPT_OPTIMIZE,
    OPT_IGNORED,
    OPT_VERSION,
    OPT_HELP
} OptionId;

typedef struct OptionRow {
    OptionId id;
    const char *name, *other, *argument, *help;
} OptionRow;

static const OptionRow rows[] = {
    {OPT_COMMAND, "-c", NULL, "CODE", "run CODE"},
    {OPT_MODULE, "-m", NULL, "MODULE", "run a module of the library or of sys.path as a script"},
    {OPT_CHECK, "--check", NULL, NULL, "run in the engine that audits every reference count"},
    {OPT_LEAKS, "--leaks", NULL, NULL, "at exit, list the objects that are still alive"},
    {OPT_INTERACTIVE, "-i", NULL, NULL, "go on interactively after the script"},
    {OPT_UNBUFFERED, "-u", NULL, NULL, "write output at once"},
    {OPT_OPTIMIZE, "-O", NULL, NULL, "leave out assert statements (-OO: docstrings too)"},
    {OPT_VERSION, "--version", "-V", NULL, "print the version"},
    {OPT_HELP, "--help", "-h", NULL, "print this"},
    {OPT_IGNORED, "-B", NULL, NULL, NULL}, {OPT_IGNORED, "-E", NULL, NULL, NULL}, {OPT_IGNORED, "-s", NULL, NULL, NULL},
    {OPT_IGNORED, "-S", NULL, NULL, NULL}, {OPT_IGNORED, "-I", NULL, NULL, NULL}, {OPT_IGNORED, "-q", NULL, NULL, NULL},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const OptionRow *find(const char *name) {
    for (int i = 0; i < ROW_COUNT; i++)
        if (strcmp(name, rows[i].name) == 0 || (rows[i].other && strcmp(name, rows[i].other) == 0)) return &rows[i];
    return NULL;
}

static bool wrong(const char *format, const char *what) {
    fputs("scr: ", stderr);
    fprintf(stderr, format, what);
    fputs(" (scr --help lists the options)\n", stderr);
    return false;
}

static void rest(Options *out, int argc, char **argv, int from) {
    out->args = argv + from;
    out->arg_count = argc - from;
}

/* Everything behind what is run belongs to the script. */
static bool choose_target(int argc, char **argv, int i, Options *out) {
    if (i >= argc) {
        out->kind = isatty(STDIN_FILENO) || out->interactive ? RUN_REPL : RUN_STDIN;
        rest(out, argc, argv, argc);
        return true;
    }
    if (strcmp(argv[i], "dis") == 0 && access("dis", F_OK) != 0) {
        if (i + 1 >= argc) return wrong("%s needs the name of a file", "dis");
        out->kind = RUN_DIS;
        out->target = argv[i + 1];
        rest(out, argc, argv, i + 2);
        return true;
    }
    if (strcmp(argv[i], "compare") == 0 && access("compare", F_OK) != 0) {
        out->kind = RUN_MODULE;
        out->target = "_compare";
        rest(out, argc, argv, i + 1);
        return true;
    }
    out->kind = strcmp(argv[i], "-") == 0 ? RUN_STDIN : RUN_FILE;
    out->target = argv[i];
    rest(out, argc, argv, i + 1);
    return true;
}

/* -c and -m end the options; their argument may follow in the same word. */
static bool choose_inline(int argc, char **argv, int i, const OptionRow *row, Options *out) {
    out->kind = row->id == OPT_COMMAND ? RUN_COMMAND : RUN_MODULE;
    if (argv[i][2]) {
        out->target = argv[i] + 2;
    } else {
        if (i + 1 >= argc) return wrong("argument expected for the %s option", row->name);
        out->target = argv[++i];
    }
    rest(out, argc, argv, i + 1);
    return true;
}

static void apply(const OptionRow *row, Options *out) {
    switch (row->id) {
    case OPT_CHECK: out->check = true; break;
    case OPT_LEAKS: out->leaks = true; break;
    case OPT_INTERACTIVE: out->interactive = true; break;
    case OPT_UNBUFFERED: out->unbuffered = true; break;
    case OPT_OPTIMIZE: out->optimize++; break;
    default: break;
    }
}

bool options_parse(int argc, char **argv, Options *out) {
    *out = (Options){.kind = RUN_REPL, .gil = GIL_OPTIONS_NONE, .off = OFF_OPTIONS_NONE};
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "--") == 0) return choose_target(argc, argv, i + 1, out);
        if (strcmp(argv[i], "-OO") == 0) {
            out->optimize = 2;
            continue;
        }
        OptionAnswer answer = off_options_take(argv[i], &out->off);
        if (answer == OPTION_UNKNOWN) answer = gil_options_take(argv[i], &out->gil);
        if (answer == OPTION_WRONG) return false;
        if (answer == OPTION_TAKEN) continue;
        const OptionRow *row = find(argv[i]);
        if (!row && (argv[i][1] == 'c' || argv[i][1] == 'm')) row = find((char[]){'-', argv[i][1], 0});
        if (!row) return wrong("unknown option '%s'", argv[i]);
        if (row->id == OPT_COMMAND || row->id == OPT_MODULE) return choose_inline(argc, argv, i, row, out);
        if (row->id == OPT_VERSION || row->id == OPT_HELP) {
            out->kind = row->id == OPT_VERSION ? RUN_VERSION : RUN_HELP;
            return true;
        }
        apply(row, out);
    }
    return choose_target(argc, argv, i, out);
}

void options_help(void) {
    puts("usage: scr [options] file.scr [args]     run a script\n"
         "       scr                               read, evaluate, print\n"
         "       scr -                             run standard input\n"
         "       scr dis file.scr                  list the bytecode\n"
         "       scr compare [--as=a,b] [--repeat=N] [--json] file.scr [args]\n"
         "                                         the script under the locks of several runtimes\n\noptions:");
    for (int i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].help) continue;
        char left[40];
        snprintf(left, sizeof left, "%s%s%s%s%s", rows[i].name, rows[i].other ? ", " : "",
                 rows[i].other ? rows[i].other : "", rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        printf("  %-16s %s\n", left, rows[i].help);
    }
    gil_options_help();
    off_options_help();
    puts("\nexit codes: 0 fine, 1 uncaught exception or syntax error, 2 wrong usage, 66 bugs were found,\n"
         "n from sys.exit(n), 128+n signal n");
}
