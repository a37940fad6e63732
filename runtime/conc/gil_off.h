/* Running without the lock: in parallel in the plain engine, interleaved and watched in the checked one (race.h). */
#ifndef CONC_GIL_OFF_H
#define CONC_GIL_OFF_H

#include "runtime/conc/thread.h"

typedef enum GilOff { GIL_OFF_FORBIDDEN, GIL_OFF_CHECKED, GIL_OFF_RAW } GilOff;

/* Chosen by options: whether the lock may go, and how. */
extern GilOff gil_off_allowed;
/* Told when the lock has just gone or come back; set by vm/exec, which makes immortal what all threads share. */
extern void (*gil_switched)(bool off);

bool gil_is_on(void);
/* While other threads run: safe.  The caller runs script code.  switch_off: false without memory. */
bool gil_switch_off(Thread *thread);
void gil_switch_on(Thread *thread);

/* Every other thread stands still from stop to start.  Only while gil_off_policy rules; the caller runs. */
void gil_world_stop(void);
void gil_world_start(void);

#endif
