/* The options about the lock and about what is told of a run. */
#ifndef CLI_GIL_OPTIONS_H
#define CLI_GIL_OPTIONS_H

#include "runtime/conc/gil.h"

typedef struct GilOptions {
    const GilPreset *preset;  /* NULL: not given, as for the others */
    const GilPolicy *policy;
    int64_t interval;         /* ns; 0: not given */
    int32_t ticks;
    int anywhere;             /* -1: not given */
    bool stats, stats_json, timeline, trace_calls, deadlock_exit;
    const char *stats_file, *trace_file;
    double from, to;          /* of the timeline, in seconds; to 0: the end */
} GilOptions;

#define GIL_OPTIONS_NONE {.anywhere = -1}

typedef enum OptionAnswer { OPTION_TAKEN, OPTION_WRONG, OPTION_UNKNOWN } OptionAnswer;

/* OPTION_WRONG: one line with the valid values has been written to stderr. */
OptionAnswer gil_options_take(const char *argument, GilOptions *out);
/* The options together make sense, and the files can be written.  False: one line has been written. */
bool gil_options_check(const GilOptions *options);
void gil_options_help(void);

/* On the main thread, before any script code. */
void gil_options_apply(const GilOptions *options);
/* The run is over: nothing more is observed. */
void gil_options_end_run(const GilOptions *options);
/* Writes what was asked for. */
void gil_options_report(const GilOptions *options);

#endif
