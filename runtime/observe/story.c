/* The events of all threads, laid out for drawing. */
#include "runtime/observe/story.h"

#include <stdlib.h>

static bool take_track(Story *s, const ThreadFigures *t) {
    Track *track = &s->tracks[s->count];
    *track = (Track){.thread = t};
    track->events = ring_copy(t->ring, &track->count, &track->missing);
    if (!track->events) return false;
    int64_t origin = observe_started();
    track->from = track->count ? track->events[0].at : t->from - origin;
    track->to = t->runs ? s->end : t->to - origin;
    s->missing += track->missing;
    s->count++;
    return true;
}

bool story_tell(Story *s) {
    *s = (Story){0};
    if (!run_figures(&s->figures)) return false;
    s->end = observe_ended() - observe_started();
    s->tracks = calloc(s->figures.count + 1, sizeof *s->tracks);
    for (size_t i = 0; s->tracks && i < s->figures.count; i++) {
        if (!s->figures.threads[i].ring) s->threads_missing++;
        else if (!take_track(s, &s->figures.threads[i])) return story_free(s), false;
    }
    return s->tracks != NULL;
}

void story_free(Story *s) {
    for (size_t i = 0; i < s->count; i++) free(s->tracks[i].events);
    free(s->tracks);
    run_figures_free(&s->figures);
}
