/* What a report needs to know about the lock. */
#ifndef CONC_FACTS_H
#define CONC_FACTS_H

#include "runtime/observe/report.h"

RunFacts gil_facts(void);

#endif
