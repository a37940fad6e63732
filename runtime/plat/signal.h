/* Signals: a handler only sets a bit and calls the notifier; scripts handle them at a safepoint of the main thread. */
#ifndef PLAT_SIGNAL_H
#define PLAT_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Called inside the signal handler, so it may only do what is async-signal-safe. */
extern void (*signal_notify)(void);

/* A descriptor that never blocks: the handler writes the number of each signal to it as a byte.  -1: none. */
extern _Atomic int signal_wakeup_fd;

enum { SIGNAL_MAX = 64 };
typedef enum SignalAction { SIGNAL_DEFAULT, SIGNAL_IGNORE, SIGNAL_CATCH } SignalAction;

bool signal_is_ignored(int number);
bool signal_is_caught(int number); /* with SIGNAL_CATCH */
/* False with errno set. */
bool signal_set_action(int number, SignalAction action);
/* Signals that came since the last call, one bit each. */
uint64_t signal_take_pending(void);
bool signal_any_pending(void);
/* As if the signal had come. */
void signal_simulate(int number);

#endif
