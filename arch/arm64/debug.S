/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug registers are numbered by their name alone, so there is one instruction
 * for each: a table of MSR; RET, eight bytes an entry.
 */
#define NR_BANKS 4                      /* enum debug_bank: BVR, BCR, WVR, WCR */

#define ENTRY(reg, n)	msr reg##n##_el1, x2; ret
#define BANK(reg)							\
	ENTRY(reg, 0);  ENTRY(reg, 1);  ENTRY(reg, 2);  ENTRY(reg, 3);	\
	ENTRY(reg, 4);  ENTRY(reg, 5);  ENTRY(reg, 6);  ENTRY(reg, 7);	\
	ENTRY(reg, 8);  ENTRY(reg, 9);  ENTRY(reg, 10); ENTRY(reg, 11);	\
	ENTRY(reg, 12); ENTRY(reg, 13); ENTRY(reg, 14); ENTRY(reg, 15)

	.section .text.arch_debug, "ax"

/* void arch_debug_write(enum debug_bank bank, uint32_t n, uint64_t value) */
	.globl	arch_debug_write
	.type	arch_debug_write, %function
arch_debug_write:
	and	w0, w0, #NR_BANKS - 1
	and	w1, w1, #15
	adr	x3, table
	add	w0, w1, w0, lsl #4
	add	x3, x3, w0, uxtw #3
	br	x3
table:
	BANK(dbgbvr)
	BANK(dbgbcr)
	BANK(dbgwvr)
	BANK(dbgwcr)
	.size	arch_debug_write, . - arch_debug_write
