/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/pvtime.h"

#include "vm/vm.h"

_Static_assert(CONFIG_MAX_VCPUS * PVTIME_RECORD_SIZE <= CONFIG_DEVICE_SIZE, "one page");

static enum exit_verdict features(struct vcpu *v, struct arch_gpregs *r)
{
	uint32_t fid = (uint32_t)r->x[1];
	bool known = v->vm->cfg->stolen.present && fid - (uint32_t)PVTIME_FEATURES < PVTIME_NR_FNS;

	smccc_return(r, known ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED);
	return EXIT_DONE;
}

static enum exit_verdict stolen_record(struct vcpu *v, struct arch_gpregs *r)
{
	const struct config_device *c = &v->vm->cfg->stolen;

	if (!c->present) {
		smccc_return(r, SMCCC_NOT_SUPPORTED);
		return EXIT_DONE;
	}
	vcpu_stolen_asked(v);
	r->x[0] = c->base + v->idx * PVTIME_RECORD_SIZE;
	return EXIT_DONE;
}

const struct smccc_fn pvtime_fns[PVTIME_NR_FNS] = {
	{ NULL, features }, { NULL, stolen_record },
};
