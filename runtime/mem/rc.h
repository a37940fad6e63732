/* Chooses the refcount policy of this engine: the build passes -DRC_POLICY=plain or -DRC_POLICY=checked. */
#ifndef MEM_RC_H
#define MEM_RC_H

#define RC_HEADER_(policy) #policy
#define RC_HEADER(policy)  RC_HEADER_(runtime/mem/rc/policy.h)
#include RC_HEADER(RC_POLICY)

#endif
