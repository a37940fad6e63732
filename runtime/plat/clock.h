/* Clocks and sleeping.  All times are nanoseconds in int64_t. */
#ifndef PLAT_CLOCK_H
#define PLAT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MS     INT64_C(1000000)

int64_t clock_monotonic(void);  /* from an arbitrary moment; never goes back */
int64_t clock_wall(void);       /* since 1970 */
bool clock_set_wall(int64_t ns);
int64_t clock_process_cpu(void);
int64_t clock_thread_cpu(void);
/* Sleeps to a moment of clock_monotonic().  False: a signal ended it early. */
bool clock_sleep_until(int64_t deadline);

#endif
