/* Running what the command line names. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "runtime/mem/value.h"
#include "vm/cli/options.h"

/* The exit code. */
int run_options(const Options *options);
/* Prints a pending exception as the end of a script does and gives the exit code; SystemExit is not printed. */
int run_report(void);
/* __main__ (borrowed dict), made on first use. */
Value run_main_dict(void);
/* The read-eval-print loop. */
int repl_run(void);

#endif
