/* The events of all threads, laid out for drawing. */
#ifndef OBSERVE_STORY_H
#define OBSERVE_STORY_H

#include "runtime/observe/report.h"
#include "runtime/observe/ring.h"

typedef struct Track {
    const ThreadFigures *thread;
    Event *events;      /* oldest first */
    size_t count;
    uint64_t missing;   /* were overwritten */
    int64_t from, to;   /* ns since observing began */
} Track;

typedef struct Story {
    RunFigures figures;
    Track *tracks;
    size_t count;       /* of tracks: threads with a ring */
    int64_t end;
    uint64_t missing, threads_missing;
} Story;

bool story_tell(Story *out); /* false: no memory */
void story_free(Story *story);
static inline bool event_is_state(const Event *e) { return e->kind < (unsigned)STATES; }

#endif
