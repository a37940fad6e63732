/* scr: the command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/mem/rc.h"
#include "vm/cli/life.h"
#include "vm/cli/options.h"
#include "vm/cli/run.h"

enum { EXIT_USAGE = 2 };

/* Becomes the checked engine: the program of that name beside this one, or where `make install` puts it. */
static int run_checked_engine(char **argv) {
    static const char *const places[] = {"%s/scr-checked", "%s/../libexec/scr/scr-checked", "%s/build/scr-checked"};
    char self[4096], path[4200];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        self[n] = 0;
        *strrchr(self, '/') = 0;
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            snprintf(path, sizeof path, places[i], self);
            execv(path, argv);
        }
    }
    fprintf(stderr, "scr: this needs the checked engine (scr-checked), which is not beside %s; run make\n", argv[0]);
    return EXIT_USAGE;
}

static bool is_checked_engine(void) { return strcmp(RC_ENGINE, "checked") == 0; }

int main(int argc, char **argv) {
    Options options;
    if (!options_parse(argc, argv, &options)) return EXIT_USAGE;
    if (options.kind == RUN_VERSION) return puts("scr 0.1.0 (Python 3.11)"), 0;
    if (options.kind == RUN_HELP) return options_help(), 0;
    bool prompt = options.kind == RUN_REPL && isatty(STDIN_FILENO) && !options.off.raw;
    bool checked = options.check || prompt || options.off.updates || (options.off.off && !options.off.raw);
    if (checked && !is_checked_engine()) return run_checked_engine(argv);
    if (!gil_options_check(&options.gil) || !off_options_check(&options.off)) return EXIT_USAGE;
    if (!life_start(&options, argv)) return 1;
    int code = run_options(&options);
    return life_end(&options, code);
}
