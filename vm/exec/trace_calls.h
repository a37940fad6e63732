/* Script functions in the trace of a run: --trace-calls. */
#ifndef EXEC_TRACE_CALLS_H
#define EXEC_TRACE_CALLS_H

#include "vm/exec/frame.h"

extern bool trace_calls_on;

/* From now on; before a second thread exists. */
void trace_calls_start(void);
/* This frame is about to do the instruction at pc: records what was entered and left since the last one. */
void trace_calls_at(const Frame *frame, const Instr *pc);

#endif
