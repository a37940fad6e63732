/* The last words of a crash: only `--gil=off --raw` can have one that is not a bug of scr. */
#ifndef CLI_CRASH_H
#define CLI_CRASH_H

/* Handles the signals that a crash raises: reports in the script's terms, then lets the signal do what it does.
 * script: what was run, for the command that the report suggests; borrowed for ever. */
void crash_watch(const char *script);

#endif
