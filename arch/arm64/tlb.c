/* SPDX-License-Identifier: Apache-2.0 */
#include <arch/mmu.h>

#include <arch/cpu.h>

/* Past this many invalidations one for the whole VMID costs less. */
#define TLB_STEPS_MAX 512

/*
 * TLBI takes its VMID from VTTBR_EL2. An interrupt in between could switch to
 * another vCPU and so change the register under us: masked.
 */
static uint64_t vttbr_enter(uint64_t vttbr, uint64_t *flags)
{
	uint64_t old;

	*flags = arch_irq_save();
	arch_dsb_ishst();
	old = read_sysreg(vttbr_el2);
	if (old != vttbr) {
		write_sysreg(vttbr_el2, vttbr);
		arch_isb();
	}
	return old;
}

static void vttbr_leave(uint64_t vttbr, uint64_t old, uint64_t flags)
{
	if (old != vttbr) {
		write_sysreg(vttbr_el2, old);
		arch_isb();
	}
	arch_irq_restore(flags);
}

void arch_tlb_s2_vmid(uint64_t vttbr)
{
	uint64_t flags;
	uint64_t old = vttbr_enter(vttbr, &flags);

	__asm__ volatile("tlbi vmalls12e1is\n\tdsb ish\n\tisb" ::: "memory");
	vttbr_leave(vttbr, old, flags);
}

void arch_tlb_s2_range(uint64_t vttbr, ipa_t ipa, uint64_t size, uint64_t step)
{
	uint64_t flags, old;

	if (size / step > TLB_STEPS_MAX) {
		arch_tlb_s2_vmid(vttbr);
		return;
	}
	old = vttbr_enter(vttbr, &flags);
	for (uint64_t a = 0; a < size; a += step)
		__asm__ volatile("tlbi ipas2e1is, %0"
				 :: "r"((ipa.v + a) >> PAGE_SHIFT) : "memory");
	/*
	 * Combined entries hold stage-1 VAs: only dropping all of the VMID's
	 * stage-1 entries, after the stage-2 ones are gone, reaches them.
	 */
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
	vttbr_leave(vttbr, old, flags);
}
