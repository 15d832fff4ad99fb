/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/gic.h> for AArch64 at EL2. */
#pragma once

#include <arch/regs.h>
#include <arch_impl/sysreg.h>

static inline bool arch_gic_present(void)
{
	return read_sysreg(id_aa64pfr0_el1) & BITS(27, 24);
}

static inline bool arch_gic_one_state(void)
{
	return !(read_sysreg(id_aa64pfr0_el1) & PFR0_EL3);
}

static inline uint32_t arch_icc_ack(void)
{
	uint32_t intid = (uint32_t)read_sysreg(icc_iar1_el1);

	__asm__ volatile("dsb sy" ::: "memory");
	return intid;
}

static inline void arch_icc_eoi(uint32_t intid)
{
	write_sysreg(icc_eoir1_el1, intid);
}

static inline void arch_icc_dir(uint32_t intid)
{
	write_sysreg(icc_dir_el1, intid);
	__asm__ volatile("isb" ::: "memory");
}

static inline uint32_t arch_icc_ack0(void)
{
	uint32_t intid = (uint32_t)read_sysreg(icc_iar0_el1);

	__asm__ volatile("dsb sy" ::: "memory");
	return intid;
}

static inline void arch_icc_eoi0(uint32_t intid)
{
	write_sysreg(icc_eoir0_el1, intid);
}

static inline void arch_icc_sgi0r(uint64_t v)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	write_sysreg(icc_sgi0r_el1, v);
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_icc_sgi1r(uint64_t v)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	write_sysreg(icc_sgi1r_el1, v);
	__asm__ volatile("isb" ::: "memory");
}

static inline uint64_t arch_ich_vtr(void)
{
	return read_sysreg(ich_vtr_el2);
}

static inline uint64_t arch_ich_elrsr(void)
{
	return read_sysreg(S3_4_C12_C11_5);
}

static inline uint64_t arch_ich_misr(void)
{
	return read_sysreg(ich_misr_el2);
}

static inline uint64_t arch_ich_hcr_read(void)
{
	return read_sysreg(ich_hcr_el2);
}

static inline void arch_ich_hcr_write(uint64_t v)
{
	write_sysreg(ich_hcr_el2, v);
}

static inline uint64_t arch_ich_vmcr_read(void)
{
	return read_sysreg(ich_vmcr_el2);
}

static inline void arch_ich_vmcr_write(uint64_t v)
{
	write_sysreg(ich_vmcr_el2, v);
}

/* Registers cannot be indexed: one instruction each, chosen by a jump. */
static inline uint64_t arch_ich_lr_read(unsigned int n)
{
	switch (n) {
	case 0:  return read_sysreg(ich_lr0_el2);
	case 1:  return read_sysreg(ich_lr1_el2);
	case 2:  return read_sysreg(ich_lr2_el2);
	case 3:  return read_sysreg(ich_lr3_el2);
	case 4:  return read_sysreg(ich_lr4_el2);
	case 5:  return read_sysreg(ich_lr5_el2);
	case 6:  return read_sysreg(ich_lr6_el2);
	case 7:  return read_sysreg(ich_lr7_el2);
	case 8:  return read_sysreg(ich_lr8_el2);
	case 9:  return read_sysreg(ich_lr9_el2);
	case 10: return read_sysreg(ich_lr10_el2);
	case 11: return read_sysreg(ich_lr11_el2);
	case 12: return read_sysreg(ich_lr12_el2);
	case 13: return read_sysreg(ich_lr13_el2);
	case 14: return read_sysreg(ich_lr14_el2);
	default: return read_sysreg(ich_lr15_el2);
	}
}

static inline void arch_ich_lr_write(unsigned int n, uint64_t v)
{
	switch (n) {
	case 0:  write_sysreg(ich_lr0_el2, v); break;
	case 1:  write_sysreg(ich_lr1_el2, v); break;
	case 2:  write_sysreg(ich_lr2_el2, v); break;
	case 3:  write_sysreg(ich_lr3_el2, v); break;
	case 4:  write_sysreg(ich_lr4_el2, v); break;
	case 5:  write_sysreg(ich_lr5_el2, v); break;
	case 6:  write_sysreg(ich_lr6_el2, v); break;
	case 7:  write_sysreg(ich_lr7_el2, v); break;
	case 8:  write_sysreg(ich_lr8_el2, v); break;
	case 9:  write_sysreg(ich_lr9_el2, v); break;
	case 10: write_sysreg(ich_lr10_el2, v); break;
	case 11: write_sysreg(ich_lr11_el2, v); break;
	case 12: write_sysreg(ich_lr12_el2, v); break;
	case 13: write_sysreg(ich_lr13_el2, v); break;
	case 14: write_sysreg(ich_lr14_el2, v); break;
	default: write_sysreg(ich_lr15_el2, v); break;
	}
}

static inline uint64_t arch_ich_ap0r_read(unsigned int n)
{
	switch (n) {
	case 0:  return read_sysreg(ich_ap0r0_el2);
	case 1:  return read_sysreg(ich_ap0r1_el2);
	case 2:  return read_sysreg(ich_ap0r2_el2);
	default: return read_sysreg(ich_ap0r3_el2);
	}
}

static inline void arch_ich_ap0r_write(unsigned int n, uint64_t v)
{
	switch (n) {
	case 0:  write_sysreg(ich_ap0r0_el2, v); break;
	case 1:  write_sysreg(ich_ap0r1_el2, v); break;
	case 2:  write_sysreg(ich_ap0r2_el2, v); break;
	default: write_sysreg(ich_ap0r3_el2, v); break;
	}
}

static inline uint64_t arch_ich_ap1r_read(unsigned int n)
{
	switch (n) {
	case 0:  return read_sysreg(ich_ap1r0_el2);
	case 1:  return read_sysreg(ich_ap1r1_el2);
	case 2:  return read_sysreg(ich_ap1r2_el2);
	default: return read_sysreg(ich_ap1r3_el2);
	}
}

static inline void arch_ich_ap1r_write(unsigned int n, uint64_t v)
{
	switch (n) {
	case 0:  write_sysreg(ich_ap1r0_el2, v); break;
	case 1:  write_sysreg(ich_ap1r1_el2, v); break;
	case 2:  write_sysreg(ich_ap1r2_el2, v); break;
	default: write_sysreg(ich_ap1r3_el2, v); break;
	}
}

/*
 * DFB and DIB keep the old bypass wires out. With Enable 0 a guest's write to
 * ICC_SRE_EL1, which is not virtualized, traps instead of reaching the CPU.
 * AP registers may hold what firmware left active; 0 is always a legal value.
 */
static inline void arch_icc_init(bool group0)
{
	uint64_t prebits = bits_get(ICH_VTR_PREBITS, read_sysreg(ich_vtr_el2)) + 1;

	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_EL2_ENABLE);
	__asm__ volatile("isb" ::: "memory");
	write_sysreg(icc_sre_el1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	__asm__ volatile("isb" ::: "memory");
	write_sysreg(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	__asm__ volatile("isb" ::: "memory");
	write_sysreg(icc_ap1r0_el1, 0);
	if (prebits > 5)
		write_sysreg(icc_ap1r1_el1, 0);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	write_sysreg(icc_pmr_el1, 0xff);
	write_sysreg(icc_igrpen1_el1, ICC_IGRPEN_ENABLE);
	if (group0) {
		write_sysreg(icc_ap0r0_el1, 0);
		write_sysreg(icc_bpr0_el1, 0);
		write_sysreg(icc_igrpen0_el1, ICC_IGRPEN_ENABLE);
	}
	__asm__ volatile("isb" ::: "memory");
}

/* ---- the guest's for a while ---- */

static inline uint32_t arch_icc_pribits(void)
{
	return (uint32_t)bits_get(ICC_CTLR_PRIBITS, read_sysreg(icc_ctlr_el1)) + 1;
}

static inline void arch_direct_begin(const struct direct_cpuif *c)
{
	uint64_t hcr = read_sysreg(hcr_el2);

	write_sysreg(icc_bpr1_el1, c->bpr1);
	write_sysreg(icc_ctlr_el1, c->eoimode ? ICC_CTLR_EOIMODE : 0);
	write_sysreg(icc_pmr_el1, c->pmr);
	write_sysreg(icc_igrpen1_el1, c->igrpen1);
	write_sysreg(hcr_el2, hcr & ~HCR_IMO);
	__asm__ volatile("isb" ::: "memory");
}

static inline uint32_t arch_direct_take_ap1r(unsigned int n)
{
	uint64_t v;

	switch (n) {
	case 0:
		v = read_sysreg(icc_ap1r0_el1);
		write_sysreg(icc_ap1r0_el1, 0);
		break;
	case 1:
		v = read_sysreg(icc_ap1r1_el1);
		write_sysreg(icc_ap1r1_el1, 0);
		break;
	case 2:
		v = read_sysreg(icc_ap1r2_el1);
		write_sysreg(icc_ap1r2_el1, 0);
		break;
	default:
		v = read_sysreg(icc_ap1r3_el1);
		write_sysreg(icc_ap1r3_el1, 0);
		break;
	}
	return (uint32_t)v;
}

static inline void arch_direct_end(struct direct_cpuif *c, unsigned int nr_aprs)
{
	uint64_t hcr = read_sysreg(hcr_el2);

	c->bpr1 = (uint32_t)read_sysreg(icc_bpr1_el1);
	c->igrpen1 = (uint32_t)read_sysreg(icc_igrpen1_el1);
	for (unsigned int n = 0; n < nr_aprs; n++)
		c->ap1r[n] = arch_direct_take_ap1r(n);
	write_sysreg(icc_bpr1_el1, 0);
	write_sysreg(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	write_sysreg(icc_pmr_el1, 0xff);
	write_sysreg(icc_igrpen1_el1, ICC_IGRPEN_ENABLE);
	write_sysreg(hcr_el2, hcr | HCR_IMO);
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_direct_pmr(uint32_t pmr)
{
	write_sysreg(icc_pmr_el1, pmr);
}

static inline uint32_t arch_direct_rpr(void)
{
	return (uint32_t)read_sysreg(icc_rpr_el1);
}
