/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GIC CPU interface of the running pCPU, through system registers: ICC_*
 * takes physical interrupts at EL2, ICH_* presents virtual ones to the guest.
 * Bits: <arch/regs_gic.h>. Spec: GIC IHI 0069, "AArch64 System register
 * descriptions".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/cpuif.h>
#include <arch/regs_gic.h>

/*
 * bool arch_gic_present(void)              ID_AA64PFR0_EL1.GIC is not 0
 * bool arch_gic_one_state(void)            there is no EL3, so group 0 can be EL2's
 * void arch_icc_init(bool group0)          system registers on, EOImode 1, all
 *	priorities let in, group 1 and perhaps 0 on, nothing active; EL1 traps on
 *	ICC_SRE_EL1
 * uint32_t arch_icc_ack(void)              ICC_IAR1_EL1; with the barrier that
 *	orders the handler's accesses after it
 * void arch_icc_eoi(uint32_t intid)        ICC_EOIR1_EL1: priority drop
 * void arch_icc_dir(uint32_t intid)        ICC_DIR_EL1: deactivate
 * void arch_icc_sgi1r(uint64_t v)          ICC_SGI1R_EL1, after earlier stores
 *	are visible to its targets
 * uint32_t arch_icc_ack0(void), void arch_icc_eoi0(uint32_t intid),
 * void arch_icc_sgi0r(uint64_t v)          the same of group 0
 *
 * The physical interface for the guest that is loaded, docs/decisions/007:
 * uint32_t arch_icc_pribits(void)          ICC_CTLR_EL1.PRIbits + 1
 * void arch_direct_begin(const struct direct_cpuif *c)   its registers become the guest's
 *	and HCR_EL2.IMO 0: what is pending in group 1 goes to EL1, from the next entry on
 * void arch_direct_end(struct direct_cpuif *c, unsigned int nr_aprs)   and back; what the
 *	guest may have written is read, and then as arch_icc_init() left it
 * void arch_direct_pmr(uint32_t pmr)       ICC_PMR_EL1
 * uint32_t arch_direct_rpr(void)           ICC_RPR_EL1
 *
 * uint64_t arch_ich_vtr(void), arch_ich_elrsr(void), arch_ich_misr(void)
 * uint64_t arch_ich_hcr_read(void)         void arch_ich_hcr_write(uint64_t v)
 * uint64_t arch_ich_vmcr_read(void)        void arch_ich_vmcr_write(uint64_t v)
 * uint64_t arch_ich_lr_read(unsigned n)    void arch_ich_lr_write(unsigned n, uint64_t v)
 * uint64_t arch_ich_ap0r_read(unsigned n)  void arch_ich_ap0r_write(unsigned n, uint64_t v)
 * uint64_t arch_ich_ap1r_read(unsigned n)  void arch_ich_ap1r_write(unsigned n, uint64_t v)
 *	n must be implemented: ICH_VTR_EL2 tells
 */
#include <arch_impl/gic.h>
