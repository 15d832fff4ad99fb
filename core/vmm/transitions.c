/* SPDX-License-Identifier: Apache-2.0 */
/* What may be asked in which state. Pure. */
#include "core/vmm/lifecycle.h"

#include <errno.h>

#define OK     0
#define SO     EALREADY     /* it is so already                     */
#define NONE   ENODEV       /* to be created first                  */
#define STOP   EBUSY        /* to be stopped first, or being so     */
#define NO     EINVAL

static const uint8_t table[VMM_NR_VERBS][VMM_NR_STATES] = {
	/*                defined ready running paused stopping off  crashed */
	[VMM_CREATE]  = { OK,     SO,   SO,     SO,    SO,      SO,  SO },
	[VMM_START]   = { NONE,   OK,   SO,     NO,    STOP,    OK,  OK },
	[VMM_PAUSE]   = { NONE,   NO,   OK,     SO,    STOP,    NO,  NO },
	[VMM_RESUME]  = { NONE,   NO,   SO,     OK,    STOP,    NO,  NO },
	[VMM_STOP]    = { NONE,   SO,   OK,     OK,    SO,      SO,  OK },
	[VMM_KILL]    = { NONE,   SO,   OK,     OK,    OK,      SO,  OK },
	[VMM_RESET]   = { NONE,   NO,   OK,     OK,    STOP,    NO,  OK },
	[VMM_DESTROY] = { SO,     OK,   STOP,   STOP,  STOP,    OK,  OK },
};

int vmm_verb_check(enum vmm_state state, enum vmm_verb verb)
{
	if ((uint32_t)state >= VMM_NR_STATES || (uint32_t)verb >= VMM_NR_VERBS)
		return -EINVAL;
	return -(int)table[verb][state];
}

const char *vmm_state_name(enum vmm_state state)
{
	static const char names[VMM_NR_STATES][9] = {
		"defined", "ready", "running", "paused", "stopping", "off", "crashed",
	};

	return names[state];
}

const char *vmm_verb_name(enum vmm_verb verb)
{
	static const char names[VMM_NR_VERBS][8] = {
		"create", "start", "pause", "resume", "stop", "kill", "reset", "destroy",
	};

	return names[verb];
}
