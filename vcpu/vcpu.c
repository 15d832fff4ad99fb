/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/vcpu.h"

#include <string.h>

#include <arch/cpu.h>
#include "core/percpu.h"
#include "irq/vgic_direct.h"
#include "vcpu/debug.h"
#include "vcpu/fp.h"
#include "vcpu/inject.h"

/*
 * SCTLR_EL1 after reset: MMU, caches, alignment checks off; the bits that are
 * RES1 where their feature is missing are 1.
 */
#define SCTLR_EL1_RESET (SCTLR_LSMAOE | SCTLR_NTLSMD | SCTLR_SPAN | SCTLR_EIS | SCTLR_TSCXT | \
			 SCTLR_EOS)

#define PSTATE_RESET    (SPSR_DAIF | SPSR_EL1H)

/* By pCPU: whose state its registers hold, or NULL. Used by that pCPU only. */
static struct vcpu *loaded[MAX_PCPUS];

/* By pCPU: whose SError is being taken, or NULL. */
static struct vcpu *blamed[MAX_PCPUS];

/*
 * Whoever runs next, if only to wait, has the CPU interface as EL2 wants it. What its accesses
 * caused and it did not take before it stopped is still its own.
 */
static __attribute__((noinline)) void leave(struct vcpu *vcpu)
{
	if (vgic_is_direct(&vcpu->vgic))
		vgic_direct_end(&vcpu->vgic);
	if (!arch_serror_pending())
		return;
	blamed[cpu_self()] = vcpu;
	arch_serror_take();
	blamed[cpu_self()] = NULL;
}

static void switch_out(struct thread *t)
{
	if (vgic_is_direct(&vcpu_of(t)->vgic) || arch_serror_pending())
		leave(vcpu_of(t));
}

bool vcpu_take_serror(uint32_t iss)
{
	struct vcpu *vcpu = blamed[cpu_self()];

	if (!vcpu)
		return false;
	vcpu->stats.serror++;
	vcpu_inject_serror(vcpu, iss);
	return true;
}

/* And what is pending before it begins is not. */
static void switch_in(struct thread *t)
{
	if (arch_serror_pending())
		arch_serror_take();
	vcpu_switch_to(vcpu_of(t));
	vcpu_stolen_tell(vcpu_of(t));
	/* Others may have come, or gone, while it slept. */
	vcpu_update_wfx_trap(vcpu_of(t));
}

static void rivals(struct thread *t)
{
	vcpu_update_wfx_trap(vcpu_of(t));
}

/* Its timers stand still until it is loaded elsewhere: it is about to be. */
static void evict(struct thread *t)
{
	vcpu_unload(vcpu_of(t));
	vtimer_freeze(&vcpu_of(t)->vtimer);
}

const struct thread_hooks vcpu_hooks = {
	.switch_in = switch_in, .switch_out = switch_out, .rivals = rivals, .evict = evict,
};

struct vcpu *vcpu_loaded(void)
{
	return loaded[cpu_self()];
}

bool vcpu_is_loaded(const struct vcpu *vcpu)
{
	return loaded[cpu_self()] == vcpu;
}

/* Timers before the GIC: a timer may change an interrupt of its own. */
static void put(struct vcpu *vcpu)
{
	vtimer_put(&vcpu->vtimer);
	vgic_put(&vcpu->vgic);
	arch_el1_save(&vcpu->el1);
	debug_put(&vcpu->debug);
	/* The CPU clears VSE when the guest takes the virtual SError. */
	vcpu->control.hcr = arch_hcr_read();
}

/*
 * TLB entries of one vCPU must not serve its sibling: each may have its own
 * idea of what an ASID means, as on two real cores.
 */
static void drop_siblings_tlb(struct vcpu *vcpu)
{
	struct vcpu **last = &vcpu->group->last_on[cpu_self()];

	if (*last != vcpu && *last)
		arch_guest_tlb_flush_local();
	*last = vcpu;
}

static void load(struct vcpu *vcpu)
{
	vcpu->control.vttbr = vcpu->group->vttbr;
	vcpu->control.vtcr = vcpu->group->vtcr;
	arch_guest_control_load(&vcpu->control);
	drop_siblings_tlb(vcpu);
	arch_el1_load(&vcpu->el1);
	debug_load(&vcpu->debug);
	fp_switch(vcpu);
	vgic_load(&vcpu->vgic);
	vtimer_load(&vcpu->vtimer);
	vcpu->stats.loads++;
}

void vcpu_switch_to(struct vcpu *vcpu)
{
	struct vcpu **here = &loaded[cpu_self()];

	if (*here == vcpu)
		return;
	if (*here)
		put(*here);
	*here = vcpu;
	load(vcpu);
}

void vcpu_unload(struct vcpu *vcpu)
{
	struct vcpu **here = &loaded[cpu_self()];

	fp_unload(vcpu);
	if (*here != vcpu)
		return;
	if (vgic_is_direct(&vcpu->vgic))
		vgic_direct_end(&vcpu->vgic);
	put(vcpu);
	*here = NULL;
}

static void reset_el1(struct el1_state *s, bool big_endian)
{
	memset(s, 0, sizeof(*s));
	s->sctlr = SCTLR_EL1_RESET;
	if (big_endian)
		s->sctlr |= SCTLR_EE;
}

__attribute__((cold)) void vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t x0, bool big_endian)
{
	vcpu_unload(vcpu);
	reset_el1(&vcpu->el1, big_endian);
	memset(&vcpu->fp, 0, sizeof(vcpu->fp));
	memset(&vcpu->debug, 0, sizeof(vcpu->debug));
	/* Out of a cold reset the OS lock is closed. */
	vcpu->debug.os_lock = true;
	memset(vcpu->regs, 0, offsetof(struct arch_gpregs, counts));
	vcpu->regs->x[0] = x0;
	vcpu->regs->pc = pc;
	vcpu->regs->pstate = PSTATE_RESET;
	vcpu->flushed = 0;
	/* Whether others want the core has nothing to do with this reset. */
	vcpu->control.hcr = vcpu->group->hcr | (vcpu->control.hcr & HCR_WFX);
}

bool vcpu_enter_at(struct vcpu *vcpu, uint64_t pc, uint64_t x0)
{
	if (arch_hcr_read() & HCR_VSE)
		return false;
	vcpu->regs->x[0] = x0;
	vcpu->regs->pc = pc;
	return true;
}

void vcpu_fast_paths(struct vcpu *vcpu, bool on)
{
	struct arch_gpregs *regs = vcpu->regs;

	regs->hvc_esr = on ? ESR_HVC64_0 : 0;
	regs->smc_esr = on ? ESR_SMC64_0 : 0;
	regs->access_ec = on ? EC_DABT_LOW : EC_NR;
	regs->sysreg_ec = on ? EC_SYS64 : EC_NR;
}

void vcpu_publish(struct vcpu_group *group, ipa_t ipa, uint32_t sas,
		  const _Atomic uint64_t *value)
{
	uint64_t key = ARCH_PUBLISHED_KEY(ipa.v, sas);
	struct arch_published *p = &group->published[ARCH_PUBLISHED_SLOT(key)];

	if (!p->value)
		*p = (struct arch_published){ key, value };
}

__attribute__((cold)) int vcpu_create(struct vcpu *vcpu, const struct vcpu_config *c)
{
	int err = thread_create(&vcpu->thread, c->name, c->cpu, c->prio, c->entry, vcpu);

	if (err)
		return err;
	err = thread_set_params(&vcpu->thread, &(struct sched_params){ .prio = c->prio });
	if (err) {
		vcpu_destroy(vcpu);
		return err;
	}
	vcpu->thread.hooks = &vcpu_hooks;
	vcpu->regs = (struct arch_gpregs *)va_ptr(thread_stack_top(&vcpu->thread)) - 1;
	vcpu->regs->counts = vcpu->stats.sync[0];
	vcpu->regs->idregs = c->group->idregs;
	vcpu->regs->published = c->group->published;
	vcpu->vm = c->vm;
	vcpu->group = c->group;
	vcpu->idx = c->idx;
	vcpu->control.vmpidr = MPIDR_RES1 | (c->mpidr & MPIDR_AFF);
	vcpu_reset(vcpu, 0, 0, false);
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	thread_destroy(&vcpu->thread);
}
