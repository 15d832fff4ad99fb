/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB maintenance and table-entry stores. Each call names its own barriers, so
 * callers need none. VMIDs are passed as the VTTBR_EL2 value to use.
 * Spec: Arm ARM DDI 0487, "TLB maintenance instructions".
 */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

/*
 * void arch_pte_write(uint64_t *pte, uint64_t v)
 *	One 64-bit single-copy atomic store, then DSB ISHST; ISB.
 * void arch_pte_write_relaxed(uint64_t *pte, uint64_t v)   no barrier
 * void arch_tlb_el2_va(va_t va)         TLBI VAE2IS, all pCPUs, DSB ISH, ISB
 * void arch_tlb_el2_va_local(va_t va)   TLBI VAE2, this pCPU, DSB NSH, ISB
 * void arch_tlb_el2_all(void)           TLBI ALLE2IS
 * void arch_tlb_s2_all(void)            TLBI ALLE1IS: all VMIDs, all pCPUs
 *
 * int arch_pa_bits(void)      implemented PA bits, at most HYP_PA_BITS_MAX+1
 * int arch_vmid_bits(void)    8 or 16
 */

/**
 * arch_tlb_s2_range() - drop stage-2 and combined entries of an IPA range
 * @vttbr: VTTBR_EL2 of the VM (VMID and table); made current for the time of
 *         the call, the old value is restored
 * @ipa:   first address, 4 KiB aligned
 * @size:  bytes, multiple of 4 KiB
 * @step:  bytes between invalidations: the block size that was mapped
 *
 * IPAS2E1IS per step (or VMALLS12E1IS when the range is long), DSB ISH,
 * VMALLE1IS, DSB ISH, ISB. Complete on all pCPUs on return.
 */
void arch_tlb_s2_range(uint64_t vttbr, ipa_t ipa, uint64_t size, uint64_t step);

/* VMALLS12E1IS for one VMID; complete on all pCPUs on return. */
void arch_tlb_s2_vmid(uint64_t vttbr);

#include <arch_impl/mmu.h>
