/* Reports of memory errors and races, in the script's terms: what happened, where, and why, as recorded. */
#ifndef EXEC_BUG_REPORT_H
#define EXEC_BUG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* Once at start: lets the checked engine tell where threads are, and report what it finds to stderr. */
void bug_report_start(void);
/* Reports go to a file too, as JSON lines.  False: it cannot be written (errno). */
bool bug_report_open(const char *path);
extern size_t bug_report_limit;    /* reports printed; the rest is only counted */
extern bool bug_report_stops;      /* the first one ends the process */
/* At the end: what lost updates left behind, and one line that sums up.  Returns how many bugs were found. */
size_t bug_report_finish(void);
size_t bug_report_count(void);

#endif
