/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/mmu.h> for AArch64 at EL2. */
#pragma once

#include <arch/layout.h>
#include <arch_impl/sysreg.h>
#include "core/lib/bits.h"

static inline void arch_pte_write_relaxed(uint64_t *pte, uint64_t v)
{
	__atomic_store_n(pte, v, __ATOMIC_RELAXED);
}

static inline void arch_pte_write(uint64_t *pte, uint64_t v)
{
	arch_pte_write_relaxed(pte, v);
	__asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

static inline void arch_tlb_el2_va(va_t va)
{
	__asm__ volatile("dsb ishst\n\ttlbi vae2is, %0\n\tdsb ish\n\tisb"
			 :: "r"(va.v >> PAGE_SHIFT) : "memory");
}

static inline void arch_tlb_el2_va_local(va_t va)
{
	__asm__ volatile("dsb nshst\n\ttlbi vae2, %0\n\tdsb nsh\n\tisb"
			 :: "r"(va.v >> PAGE_SHIFT) : "memory");
}

static inline void arch_tlb_el2_all(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi alle2is\n\tdsb ish\n\tisb" ::: "memory");
}

static inline void arch_tlb_s2_all(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi alle1is\n\tdsb ish\n\tisb" ::: "memory");
}

/* ID_AA64MMFR0_EL1.PARange; what it does not know counts as 48 bits. */
static inline int arch_pa_bits(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48 };
	uint64_t range = read_sysreg(id_aa64mmfr0_el1) & 15;

	return range < sizeof(bits) ? bits[range] : 48;
}

/* ID_AA64MMFR1_EL1.VMIDBits */
static inline int arch_vmid_bits(void)
{
	return bits_get(BITS(7, 4), read_sysreg(id_aa64mmfr1_el1)) == 2 ? 16 : 8;
}
