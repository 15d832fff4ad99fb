/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only instructions of EL2 that touch FP/SIMD registers: a guest's leave or
 * enter them. CPTR_EL2.TFP must be 0.
 */
	.arch_extension fp
	.arch_extension simd

#define FP_FPCR 512                     /* offsets in struct fp_state */
#define FP_FPSR 520

.macro	fp_move op
	\op	q0, q1, [x0, #16 * 0]
	\op	q2, q3, [x0, #16 * 2]
	\op	q4, q5, [x0, #16 * 4]
	\op	q6, q7, [x0, #16 * 6]
	\op	q8, q9, [x0, #16 * 8]
	\op	q10, q11, [x0, #16 * 10]
	\op	q12, q13, [x0, #16 * 12]
	\op	q14, q15, [x0, #16 * 14]
	\op	q16, q17, [x0, #16 * 16]
	\op	q18, q19, [x0, #16 * 18]
	\op	q20, q21, [x0, #16 * 20]
	\op	q22, q23, [x0, #16 * 22]
	\op	q24, q25, [x0, #16 * 24]
	\op	q26, q27, [x0, #16 * 26]
	\op	q28, q29, [x0, #16 * 28]
	\op	q30, q31, [x0, #16 * 30]
.endm

	.section .text.arch_fp, "ax"

/* void arch_fp_save(struct fp_state *s) */
	.globl	arch_fp_save
	.type	arch_fp_save, %function
arch_fp_save:
	fp_move	stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #FP_FPCR]
	str	x2, [x0, #FP_FPSR]
	ret
	.size	arch_fp_save, . - arch_fp_save

/* void arch_fp_load(const struct fp_state *s) */
	.globl	arch_fp_load
	.type	arch_fp_load, %function
arch_fp_load:
	fp_move	ldp
	ldr	x1, [x0, #FP_FPCR]
	ldr	x2, [x0, #FP_FPSR]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
	.size	arch_fp_load, . - arch_fp_load

/* void arch_fp_trap(bool on): CPTR_EL2.TFP, bit 10 */
	.globl	arch_fp_trap
	.type	arch_fp_trap, %function
arch_fp_trap:
	mrs	x1, cptr_el2
	bfi	x1, x0, #10, #1
	msr	cptr_el2, x1
	isb
	ret
	.size	arch_fp_trap, . - arch_fp_trap
