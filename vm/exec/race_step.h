/* What the checked engine looks at between two instructions while the lock is off. */
#ifndef EXEC_RACE_STEP_H
#define EXEC_RACE_STEP_H

#include "vm/exec/frame.h"

/* Before the instruction at pc: saves pc, ends the operations that the frame was inside, begins the coming one. */
void race_step(Frame *frame, const Instr *pc);
void race_step_end(void); /* the thread ends */

#endif
