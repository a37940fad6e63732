/* The options about running without the lock, and about what the checked engine does then. */
#ifndef CLI_OFF_OPTIONS_H
#define CLI_OFF_OPTIONS_H

#include "vm/cli/gil_options.h"

typedef struct OffOptions {
    bool off;            /* --gil=off, --as=nogil */
    bool raw, updates, stops;
    const char *report;  /* a file for reports as JSON lines, or NULL */
    int64_t window, seed, limit, quarantine_mb; /* -1: not given */
} OffOptions;

#define OFF_OPTIONS_NONE {.window = -1, .seed = -1, .limit = -1, .quarantine_mb = -1}

/* OPTION_WRONG: one line with the valid values has been written to stderr. */
OptionAnswer off_options_take(const char *argument, OffOptions *out);
/* The options together make sense, and the report can be written.  False: one line has been written. */
bool off_options_check(const OffOptions *options);
void off_options_help(void);

/* On the main thread, before any script code; `checked`: this is the checked engine.  script: what is run. */
void off_options_apply(const OffOptions *options, bool checked, const char *script);
/* The run is over, and nobody else runs: the exit code, 66 when bugs were found. */
int off_options_finish(int code);

#endif
