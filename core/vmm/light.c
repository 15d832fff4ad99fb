/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exits that need neither the guest's callee-saved registers nor a sleep: called from
 * fast.S before those are saved. What is not answered here has changed nothing and takes
 * the general path, core/vmm/run.c. docs/exits.md, "Fast paths".
 */
#include "core/vmm/light.h"

#include <stddef.h>

#include <arch/el1_state.h>
#include <arch/fast.h>
#include <arch/light.h>
#include "core/percpu.h"
#include "core/vmm/cpu_init.h"
#include "irq/gicv3.h"
#include "irq/irq.h"
#include "irq/vgic.h"
#include "irq/vgic_direct.h"
#include "irq/vgic_fast.h"
#include "irq/vtimer.h"
#include "vcpu/exit.h"
#include "vcpu/vcpu.h"
#include "vm/psci.h"
#include "vm/smccc.h"
#include "vm/trng.h"
#include "vm/vm.h"

#define COUNT_AT(layer, ec) (((layer) * EC_NR + (ec)) * sizeof(uint64_t))
_Static_assert(GPREGS_COUNTS == offsetof(struct arch_gpregs, counts) &&
	       GPREGS_IDREGS == offsetof(struct arch_gpregs, idregs) &&
	       GPREGS_PUBLISHED == offsetof(struct arch_gpregs, published) &&
	       GPREGS_HVC_ESR == offsetof(struct arch_gpregs, hvc_esr) &&
	       GPREGS_SMC_ESR == offsetof(struct arch_gpregs, smc_esr) &&
	       GPREGS_CLASSES == offsetof(struct arch_gpregs, access_ec), "frame");
_Static_assert(COUNT_SYS64 == COUNT_AT(LAYER_VCPU, EC_SYS64) &&
	       COUNT_HVC64 == COUNT_AT(LAYER_VM, EC_HVC64) &&
	       COUNT_SMC64 == COUNT_AT(LAYER_VM, EC_SMC64) &&
	       COUNT_DABT_LOW == COUNT_AT(LAYER_VM, EC_DABT_LOW), "counters");
_Static_assert(SPSR_PLAIN_MASK == (SPSR_SS | SPSR_BTYPE | SPSR_M_A32) &&
	       SCTLR_ENDIAN == (SCTLR_EE | SCTLR_E0E), "SPSR, SCTLR");
_Static_assert(PSCI_VERSION == PSCI_VERSION_1_1 && FID_SMCCC_VERSION == SMCCC_VERSION &&
	       (SMCCC_VERSION_HIGH << 16 | SMCCC_VERSION_LOW) == SMCCC_VERSION_1_2, "calls");
_Static_assert(ACCESS_MASK == (ISS_DABT_ISV | ISS_DABT_SSE | ISS_ABT_FNV | ISS_ABT_EA |
			       ISS_DABT_CM | ISS_ABT_S1PTW | ISS_ABT_FSC_TYPE) &&
	       ACCESS_WANT == (ISS_DABT_ISV | FSC_TRANSLATION), "data abort");
_Static_assert(FID_OWNER_STD == SMCCC_OWNER_STD && PSCI_NR_FNS <= FID_STD_END &&
	       TRNG_FN_BASE + TRNG_NR_FNS <= FID_STD_END, "standard services");

/* MSR ICC_SGI1R_EL1, of op0 3, op1 0, CRn 12, CRm 11, op2 5 */
#define SGI1R_WRITE (BITS_VAL(ESR_EC, EC_SYS64) | ESR_IL | BITS_VAL(ISS_SYS_OP0, 3) | \
		     BITS_VAL(ISS_SYS_OP2, 5) | BITS_VAL(ISS_SYS_CRN, 12) | \
		     BITS_VAL(ISS_SYS_CRM, 11))

static inline uint64_t saved(const struct arch_gpregs *regs, uint32_t reg)
{
	return reg == 31 ? 0 : regs->x[reg];
}

static inline struct vcpu *self(void)
{
	return vcpu_of(thread_current());
}

static inline uint32_t requests_of(const struct vcpu *v)
{
	return atomic_load_explicit(&v->thread.requests, memory_order_acquire);
}

/* Interrupts to be seen to need no more of the guest's registers than any call. */
static __attribute__((noinline)) uint32_t take_irqs(struct vcpu *v, uint32_t req)
{
	if ((req & VGIC_FLUSH_BITS) || !vgic_take_sgis(&v->vgic))
		vgic_flush(&v->vgic);
	return requests_of(v) ? LIGHT_REQUESTS : LIGHT_DONE;
}

static inline uint32_t done(struct vcpu *v)
{
	uint32_t req = requests_of(v);

	if (!req)
		return LIGHT_DONE;
	if (req & ~(uint32_t)(VGIC_FLUSH_BITS | THREAD_REQ_SGIS))
		return LIGHT_REQUESTS;
	return take_irqs(v, req);
}

/* It is carried out: count it, go past it. high: LIGHT_HIGH, or 0. */
static inline uint32_t accessed(struct vcpu *v, uint32_t high)
{
	vcpu_count(v, LAYER_VM, EC_DABT_LOW);
	arch_exit_advance();
	return done(v) | high;
}

static inline uint32_t loaded(struct vcpu *v, struct arch_gpregs *regs, uint32_t reg, uint64_t val)
{
	if (reg == 31)
		return accessed(v, 0);
	regs->x[reg] = val;
	return accessed(v, reg - 18 < 12 ? LIGHT_HIGH : 0);
}

static __attribute__((noinline))
uint32_t access_bus(struct vcpu *v, struct arch_gpregs *regs, uint32_t esr, ipa_t ipa)
{
	uint32_t reg = (uint32_t)bits_get(ISS_DABT_SRT, esr);
	uint64_t mask = ~UINT64_C(0) >> (64 - (8 << bits_get(ISS_DABT_SAS, esr)));
	struct mmio_access acc = {
		.value = saved(regs, reg) & mask, .vcpu_idx = v->idx,
		.is_write = esr & ISS_DABT_WnR,
		.size = (uint8_t)(1 << bits_get(ISS_DABT_SAS, esr)),
	};

	if (bus_access(&v->vm->bus, ipa, &acc))
		return LIGHT_GENERAL;
	return acc.is_write ? accessed(v, 0) : loaded(v, regs, reg, acc.value & mask);
}

/* Words of the distributor that need neither its lock nor the bus come first. */
uint32_t vmm_light_access(struct arch_gpregs *regs, uint32_t esr, uint64_t key)
{
	struct vcpu *v = self();
	const struct vgic *g = &v->vm->vgic;
	uint32_t reg = (uint32_t)bits_get(ISS_DABT_SRT, esr);
	uint64_t off = key - ARCH_PUBLISHED_KEY(g->gicd.base, 2), val;

	if (!arch_exit_is_plain() || !arch_data_is_little())
		return LIGHT_GENERAL;
	/* The size is in the low bits: another one is no multiple of 4 * 4. */
	if (off & 15 || (off >>= 2) >= VGIC_GICD_SIZE)
		return access_bus(v, regs, esr, IPA(key >> 2));
	if (esr & ISS_DABT_WnR) {
		if (vgic_light_enable(g, off, (uint32_t)saved(regs, reg)))
			return accessed(v, 0);
	} else if (vgic_light_prio(g, off, &val)) {
		return loaded(v, regs, reg, val);
	}
	return access_bus(v, regs, esr, IPA(key >> 2));
}

uint32_t vmm_light_msr(struct arch_gpregs *regs, uint32_t esr)
{
	struct vcpu *v = self();
	uint32_t reg = (uint32_t)bits_get(ISS_SYS_RT, esr);
	uint64_t val;

	if ((esr & ~(uint32_t)ISS_SYS_RT) != SGI1R_WRITE || !arch_exit_is_plain())
		return LIGHT_GENERAL;
	val = saved(regs, reg);
	if (!vgic_sgi_self(&v->vgic, val))
		vgic_sgi(&v->vgic, val, VGIC_SGI1R);
	vcpu_count(v, LAYER_VCPU, EC_SYS64);
	arch_exit_advance();
	return done(v);
}

/* It has completed, so ELR_EL2 is right already. */
uint32_t vmm_light_hvc(struct arch_gpregs *regs)
{
	struct vcpu *v = self();
	enum exit_verdict verdict = smccc_dispatch(v, regs);

	if (verdict == EXIT_UP)
		return LIGHT_GENERAL;
	vcpu_count(v, LAYER_VM, EC_HVC64);
	return verdict == EXIT_DONE ? done(v) : LIGHT_VERDICT(verdict);
}

static __attribute__((noinline)) void other_irq(uint32_t intid)
{
	if (intid != cpu_timer_intid) {
		irq_handle(intid);
		return;
	}
	cpu_timer();
	arch_icc_dir(intid);
}

/*
 * One interrupt; more bring an exit each. A kick has done its work by coming, and the
 * timer of the vCPU that runs most often finds its list register where it was.
 */
uint32_t vmm_light_irq(void)
{
	struct vcpu *v = self();
	uint32_t intid = arch_icc_ack();

	v->stats.irq++;
	if (!irq_is_none(intid)) {
		arch_icc_eoi(intid);
		if (intid == IRQ_SGI_KICK)
			arch_icc_dir(intid);
		else if (intid != vtimer_virt_pintid ||
			 !vgic_repend_timer(&v->vgic, VTIMER_INTID_VIRT))
			other_irq(intid);
	}
	return done(v);
}

static __attribute__((noinline)) const struct percpu *end_direct(struct vcpu *v)
{
	vgic_direct_end(&v->vgic);
	return arch_percpu();
}

/*
 * Likewise what is EL2's own, where that is in group 0. What a guest has done to the CPU
 * interface it may have ends before anything is acknowledged.
 */
uint32_t vmm_light_fiq(void)
{
	const struct percpu *cpu = arch_percpu();
	struct vcpu *v = vcpu_of(cpu->current);
	uint32_t intid;

	if (cpu->aloof)
		cpu = end_direct(v);
	intid = arch_icc_ack0();
	v->stats.irq++;
	if (((long)intid | atomic_load_explicit(&cpu->traced, memory_order_relaxed)) ==
	    IRQ_SGI_KICK) {
		arch_icc_eoi0(IRQ_SGI_KICK);
		arch_icc_dir(IRQ_SGI_KICK);
	} else if (!irq_is_none(intid)) {
		arch_icc_eoi0(intid);
		if (intid == IRQ_SGI_KICK)
			arch_icc_dir(intid);
		else
			other_irq(intid);
	}
	return done(v);
}
