/* What a report needs to know about the lock. */
#include "runtime/conc/facts.h"

#include "runtime/conc/blocking.h"
#include "runtime/conc/deadlock.h"
#include "runtime/conc/gil.h"

static const char *call_name(uint64_t call) { return call < BLOCKING_CALLS ? blocking_rows[call].name : "?"; }

RunFacts gil_facts(void) {
    const GilPolicy *policy = gil_policy();
    return (RunFacts){
        .policy = policy->name,
        .has_interval = policy->has_interval,
        .has_ticks = policy->has_ticks,
        .anywhere = gil_anywhere_now,
        .interval = gil_interval(),
        .ticks = gil_ticks(),
        .call_name = call_name,
        .inversions = deadlock_inversions,
    };
}
