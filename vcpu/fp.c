/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/fp.h"

#include <arch/el1_state.h>
#include "core/percpu.h"
#include "vcpu/vcpu.h"

/* Per pCPU. arch_guest_cpu_init() leaves the trap on. */
static struct fp_cpu {
	struct vcpu *owner;     /* whose values are in the registers, or NULL */
	bool open;              /* CPTR_EL2.TFP is 0                          */
} fp_cpus[MAX_PCPUS];

static inline void set_open(struct fp_cpu *c, bool open)
{
	if (c->open == open)
		return;
	c->open = open;
	arch_fp_trap(!open);
}

void fp_switch(struct vcpu *vcpu)
{
	struct fp_cpu *c = &fp_cpus[cpu_self()];

	set_open(c, c->owner == vcpu);
}

void fp_take(struct vcpu *vcpu)
{
	struct fp_cpu *c = &fp_cpus[cpu_self()];

	set_open(c, true);
	if (c->owner == vcpu)
		return;
	if (c->owner)
		arch_fp_save(&c->owner->fp);
	arch_fp_load(&vcpu->fp);
	c->owner = vcpu;
	vcpu->stats.fp_switches++;
}

void fp_unload(struct vcpu *vcpu)
{
	struct fp_cpu *c = &fp_cpus[cpu_self()];

	if (c->owner != vcpu)
		return;
	set_open(c, true);
	arch_fp_save(&vcpu->fp);
	c->owner = NULL;
	set_open(c, false);
}
