/* SPDX-License-Identifier: Apache-2.0 */
/* chaos/witness.h */
	.arch	armv8-a+simd

#define FPCR_OWN 0x03c00000		/* DN, FZ, both bits of RMode */
#define FPSR_OWN 0x0800009f		/* QC, all that is cumulative */

	.text
	.global witness_spin
witness_spin:
	sub	sp, sp, #112
	stp	x19, x20, [sp]
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x2, #FPCR_OWN
	msr	fpcr, x2
	mov	x2, #(FPSR_OWN & 0xffff)
	movk	x2, #(FPSR_OWN >> 16), lsl #16
	msr	fpsr, x2
	mov	x2, x0
	mov	x0, x1				/* what is left of the rounds */
	mov	x1, x2				/* what all others are made of */
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	add	x\n, x1, #\n
	dup	v\n\().2d, x\n
	.endr
	dup	v0.2d, x1
	dup	v1.2d, x1
	dup	v31.2d, x1
1:	subs	x0, x0, #1
	b.ne	1b
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	sub	x\n, x\n, #\n
	eor	x\n, x\n, x1
	orr	x0, x0, x\n
	.endr
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	add	x4, x1, #\n
	umov	x2, v\n\().d[0]
	umov	x3, v\n\().d[1]
	eor	x2, x2, x4
	eor	x3, x3, x4
	orr	x0, x0, x2
	orr	x0, x0, x3
	.endr
	.irp	n, 0, 1, 31
	umov	x2, v\n\().d[0]
	umov	x3, v\n\().d[1]
	eor	x2, x2, x1
	eor	x3, x3, x1
	orr	x0, x0, x2
	orr	x0, x0, x3
	.endr
	mrs	x2, fpcr
	mov	x3, #FPCR_OWN
	eor	x2, x2, x3
	orr	x0, x0, x2
	mrs	x2, fpsr
	mov	x3, #(FPSR_OWN & 0xffff)
	movk	x3, #(FPSR_OWN >> 16), lsl #16
	eor	x2, x2, x3
	orr	x0, x0, x2
	ldp	x19, x20, [sp]
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	add	sp, sp, #112
	ret

	.section .note.GNU-stack, "", %progbits
