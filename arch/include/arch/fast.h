/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fast.S answers by itself, and where it finds the answers: numbers that assembly
 * code knows. core/vmm/light.c checks those that C code has too.
 */
#pragma once

/* struct arch_gpregs, behind what an exit saves */
#define GPREGS_COUNTS        272
#define GPREGS_IDREGS        280
#define GPREGS_PUBLISHED     288
#define GPREGS_HVC_ESR       296
#define GPREGS_SMC_ESR       300
#define GPREGS_CLASSES       304

/* struct vcpu_stats, at the row of the layer that would have answered */
#define COUNT_SYS64          192
#define COUNT_HVC64          688
#define COUNT_SMC64          696
#define COUNT_DABT_LOW       800

#define EC_SHIFT             26
#define ESR_HVC64_0          0x5a000000     /* HVC #0 from AArch64            */
#define ESR_SMC64_0          0x5e000000     /* SMC #0, trapped                */

/* MRS of op0 3, op1 0, CRn 0, CRm 0 to 7, by EC, IL and ISS */
#define IDREG_MASK           0xfe31fc11
#define IDREG_WANT           0x62300001

/* A load or store that hardware has described, of what no table maps, not sign-extended */
#define ACCESS_MASK          0x012007bc
#define ACCESS_WANT          0x01000004

/* SPSR_EL2.SS, BTYPE, M[4]: set, more than the PC must change */
#define SPSR_PLAIN_MASK      0x00200c10
#define SCTLR_ENDIAN         (3 << 24)      /* EE, E0E                        */

#define PUBLISHED_MASK       63             /* slots of struct arch_published, less 1 */

#define LIGHT_GENERAL        2              /* core/vmm/light.h               */
#define LIGHT_HIGH           0x100

#define FID_PSCI_VERSION     0x84000000
#define FID_SMCCC_VERSION    0x80000000
#define PSCI_VERSION         0x10001
#define SMCCC_VERSION_LOW    2
#define SMCCC_VERSION_HIGH   1
#define FID_OWNER_STD        4
#define FID_STD_END          0x100          /* no standard service has so many */

#ifndef __ASSEMBLER__
#include <stdatomic.h>
#include <stdint.h>

/*
 * A device register that reads without side effects, always as *value. Slots are found by
 * the address alone: two that fall on one leave the later register to the general path.
 */
struct arch_published {
	uint64_t key;                   /* ARCH_PUBLISHED_KEY(); all ones: empty */
	const _Atomic uint64_t *value;
};

#define ARCH_PUBLISHED_NR    (PUBLISHED_MASK + 1)
#define ARCH_PUBLISHED_KEY(ipa, sas) ((ipa) << 2 | (sas))   /* sas: log2 of bytes */
/* So that the registers of a distributor, some redistributors and a UART do not meet. */
#define ARCH_PUBLISHED_SLOT(key) (((((key) >> 18) + ((key) >> 4)) ^ (key)) & PUBLISHED_MASK)
#else
/* Go back to the guest; no speculation past it. */
.macro	guest_eret
	eret
	dsb	nsh
	isb
.endm

/* Registers that a C call may change, x0-x3 apart; C code here leaves x18 alone. */
.macro	save_scratch
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	str	x30, [sp, #16 * 15]
.endm

/* Registers that C code preserves. */
.macro	save_high
	stp	x18, x19, [sp, #16 * 9]
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
.endm

/* All that save_scratch and the stores of x0-x3 have left out: now the frame is whole. */
.macro	save_rest
	save_high
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	mrs	x3, esr_el2
	str	x1, [sp, #16 * 15 + 8]
	stp	x2, x3, [sp, #16 * 16]
.endm

/* Count an exit that was answered here, by the offset of its counter. */
.macro	count	base, tmp, offset
	ldr	\base, [sp, #GPREGS_COUNTS]
	ldr	\tmp, [\base, #\offset]
	add	\tmp, \tmp, #1
	str	\tmp, [\base, #\offset]
.endm

/* A constant of 32 bits. */
.macro	mov32	reg, value
	mov	\reg, #(\value) & 0xffff
	movk	\reg, #((\value) >> 16) & 0xffff, lsl #16
.endm

/* Go past the instruction that trapped; to other if that takes more than the PC. */
.macro	advance	tmp, wtmp, tmp2, wtmp2, other
	mrs	\tmp, spsr_el2
	mov32	\wtmp2, SPSR_PLAIN_MASK
	tst	\wtmp, \wtmp2
	b.ne	\other
	mrs	\tmp, elr_el2
	add	\tmp, \tmp, #4
	msr	elr_el2, \tmp
.endm
#endif
