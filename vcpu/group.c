/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/group.h"

#include <arch/el1_state.h>
#include "core/log.h"
#include "core/spinlock.h"
#include "vcpu/idregs.h"
#include "vcpu/inject.h"
#include "vcpu/vcpu.h"

/*
 * HCR_EL2 for every guest:
 * VM         stage 2 on
 * SWIO       set/way invalidation, should one get through, cleans too
 * PTW        a table walk into device memory faults, with no effect on the device
 * FMO IMO AMO  physical interrupts and SErrors come to EL2; virtual ones exist
 * FB BSU     maintenance and barriers reach the inner shareable domain: the guest
 *            may have been on another pCPU, or its sibling on this one
 * TID1 TID3  identification registers answer what idregs.c shows
 * TSC        SMC is answered by us, never by the board's firmware
 * TIDCP TACR implementation defined registers are refused; ACTLR_EL1 is RAZ/WI
 * TSW        set/way maintenance is not believed
 * RW         EL1 is AArch64
 * TWI, TWE   off: see vcpu_update_wfx_trap(). TGE, TVM, TEA, HCD, DC: off.
 */
#define HCR_EL2_GUEST (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | \
		       BITS_VAL(HCR_BSU, 1) | HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | \
		       HCR_TACR | HCR_TSW | HCR_RW)

static struct spinlock host_lock = SPINLOCK_INIT;  /* rank 5, docs/locking.md */
/* under host_lock until all pCPUs are up, then fixed */
static uint64_t host_idregs[IDREG_NR];
static bool host_seen;

static bool has_pauth(const uint64_t *id)
{
	return bits_get(A64ISAR1_APA, id[IDREG_A64ISAR1]) ||
	       bits_get(A64ISAR1_API, id[IDREG_A64ISAR1]) ||
	       bits_get(A64ISAR2_APA3, id[IDREG_A64ISAR2]);
}

uint32_t group_features(const uint64_t *id)
{
	uint32_t features = 0;

	if (has_pauth(id))
		features |= EL1_PAUTH;
	if (bits_get(PFR0_RAS, id[IDREG_A64PFR0]))
		features |= EL1_RAS;
	/* Of SME this alone is reached by EL1 unless fine-grained traps refuse it. */
	if (bits_get(PFR1_SME, id[IDREG_A64PFR1]) &&
	    !bits_get(A64MMFR0_FGT, id[IDREG_A64MMFR0]))
		features |= EL1_TPIDR2;
	return features;
}

uint64_t group_hcr(const uint64_t *id)
{
	uint64_t hcr = HCR_EL2_GUEST;

	/* Pointer authentication and its keys do not trap. */
	if (has_pauth(id))
		hcr |= HCR_API | HCR_APK;
	/* RAS without error records. */
	if (bits_get(PFR0_RAS, id[IDREG_A64PFR0]))
		hcr |= HCR_TERR;
	/* No limited ordering regions. */
	if (bits_get(A64MMFR1_LO, id[IDREG_A64MMFR1]))
		hcr |= HCR_TLOR;
	/* No tags: ATA is 0, and their geometry is nobody's business. */
	if (bits_get(PFR1_MTE, id[IDREG_A64PFR1]) >= 2)
		hcr |= HCR_TID5;
	return hcr;
}

/* All of ID_AA64MMFR3_EL1, as later features come with one of those in it. */
bool group_uses_hcrx(const uint64_t *id)
{
	return bits_get(A64MMFR1_HCX, id[IDREG_A64MMFR1]) &&
	       ((id[IDREG_A64MMFR1] & A64MMFR1_CMOW) | id[IDREG_A64MMFR3] |
		(id[IDREG_A64PFR1] & (PFR1_NMI | PFR1_V9_3)) |
		(id[IDREG_A64ISAR1] & A64ISAR1_LS64) | (id[IDREG_A64ISAR2] & A64ISAR2_MOPS));
}

void vcpu_cpu_init(void)
{
	uint64_t raw[IDREG_NR];
	bool hcrx;

	arch_idregs_read(raw);
	hcrx = group_uses_hcrx(raw);
	/* EL3 that does not permit it hangs without a word. */
	if (!host_seen && (raw[IDREG_A64PFR0] & PFR0_EL3) &&
	    (hcrx || (raw[IDREG_A64MMFR0] & A64MMFR0_FGT)))
		log_info("unless the firmware has set SCR_EL3.HXEn and FGTEn nothing follows");
	arch_guest_cpu_init(hcrx);
	spin_lock(&host_lock);
	if (host_seen)
		idregs_combine(host_idregs, raw);
	for (uint32_t i = 0; !host_seen && i < IDREG_NR; i++)
		host_idregs[i] = raw[i];
	host_seen = true;
	spin_unlock(&host_lock);
}

void vcpu_group_init(struct vcpu_group *group, uint64_t vttbr, uint64_t vtcr,
		     uint32_t ipa_bits)
{
	for (uint32_t i = 0; i < ARCH_PUBLISHED_NR; i++)
		group->published[i].key = ~UINT64_C(0);
	arch_el1_set_features(group_features(host_idregs));
	idregs_filter(group->idregs, host_idregs, ipa_bits);
	group->hcr = group_hcr(host_idregs);
	group->exception_bits = exception_bits(host_idregs);
	group->vttbr = vttbr;
	group->vtcr = vtcr;
}
