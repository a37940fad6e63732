/* What a hostile build (`make stress`) does differently: buffers are tiny, collections and switches come at every chance. */
#ifndef BASE_HOSTILE_H
#define BASE_HOSTILE_H

#ifdef HOSTILE
#define HOSTILE_OR(hostile, normal) (hostile)
#else
#define HOSTILE_OR(hostile, normal) (normal)
#endif

enum { IS_HOSTILE = HOSTILE_OR(1, 0) };

#endif
