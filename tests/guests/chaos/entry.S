/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways into the chaos guest and back out of its blocks. Nothing is taken for granted on the
 * way in: not SP, not the MMU, not the endianness. x16 to x18 are lost.
 */
#include "chaos/chaos.h"

/* The vCPU's struct in \reg, by its affinity. */
.macro	self reg, tmp
	mrs	\reg, mpidr_el1
	and	\reg, \reg, #(CHAOS_CPUS - 1)
	adrp	\tmp, chaos_cpus
	add	\tmp, \tmp, :lo12:chaos_cpus
	add	\reg, \tmp, \reg, lsl #CHAOS_CPU_SHIFT
.endm

/* SP of the vCPU whose struct is in \reg. */
.macro	own_stack reg, tmp, tmp2
	ldr	\tmp, [\reg, #RESUME_SP]
	cbnz	\tmp, 1f
	mrs	\tmp, mpidr_el1
	and	\tmp, \tmp, #(CHAOS_CPUS - 1)
	add	\tmp, \tmp, #1
	adrp	\tmp2, chaos_stacks
	add	\tmp2, \tmp2, :lo12:chaos_stacks
	add	\tmp, \tmp2, \tmp, lsl #13	/* CHAOS_STACK */
1:	mov	sp, \tmp
.endm

/* Translation as lib/mmu.h has it. Changes x16 and x18. */
.macro	own_world
	mov	w18, #(CHAOS_SCTLR_OFF & 0xffff)
	movk	w18, #(CHAOS_SCTLR_OFF >> 16), lsl #16
	msr	sctlr_el1, x18
	mov	x18, #CHAOS_MAIR
	msr	mair_el1, x18
	mov	x18, #CHAOS_TCR_LO
	movk	x18, #CHAOS_TCR_MI, lsl #16
	movk	x18, #CHAOS_TCR_HI, lsl #32
	msr	tcr_el1, x18
	adrp	x18, mmu_l1
	add	x18, x18, :lo12:mmu_l1
	msr	ttbr0_el1, x18
	dsb	sy
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	mov	w18, #(CHAOS_SCTLR_ON & 0xffff)
	movk	w18, #(CHAOS_SCTLR_ON >> 16), lsl #16
	msr	sctlr_el1, x18
	isb
.endm

	.macro	chaos_vector kind
	.balign	0x80
	mov	x17, #\kind
	b	chaos_save
	.endm

	.text
	.balign	0x800
	.global	chaos_vectors
chaos_vectors:
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	chaos_vector \kind
	.endr

/* A block's last branch comes here. */
	.global	chaos_end
chaos_end:
	msr	daifset, #0xf
	msr	spsel, #1
	mov	x17, #KIND_END

chaos_save:
	/* Only blocks that turn the MMU off touch how it translates. */
	mrs	x16, sctlr_el1
	mov	w18, #(CHAOS_SCTLR_ON & 0xffff)
	movk	w18, #(CHAOS_SCTLR_ON >> 16), lsl #16
	cmp	x16, x18
	b.eq	2f
	own_world
2:	self	x18, x16
	stp	x0, x1, [x18]
	stp	x2, x3, [x18, #16]
	stp	x4, x5, [x18, #32]
	stp	x6, x7, [x18, #48]
	stp	x8, x9, [x18, #64]
	stp	x10, x11, [x18, #80]
	stp	x12, x13, [x18, #96]
	stp	x14, x15, [x18, #112]
	stp	x19, x20, [x18, #152]
	stp	x21, x22, [x18, #168]
	stp	x23, x24, [x18, #184]
	stp	x25, x26, [x18, #200]
	stp	x27, x28, [x18, #216]
	str	x29, [x18, #232]
	str	x30, [x18, #FRAME_X30]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [x18, #FRAME_ELR]
	mrs	x0, esr_el1
	mrs	x1, far_el1
	stp	x0, x1, [x18, #FRAME_ESR]
	str	x17, [x18, #FRAME_KIND]
	own_stack x18, x0, x1
	mov	x19, x18
	mov	x0, x18
	bl	chaos_trap
	cbnz	x0, chaos_resume
	mov	x18, x19
	ldp	x0, x1, [x18, #FRAME_ELR]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldr	x30, [x18, #FRAME_X30]
	ldr	x29, [x18, #232]
	ldp	x27, x28, [x18, #216]
	ldp	x25, x26, [x18, #200]
	ldp	x23, x24, [x18, #184]
	ldp	x21, x22, [x18, #168]
	ldp	x19, x20, [x18, #152]
	ldp	x14, x15, [x18, #112]
	ldp	x12, x13, [x18, #96]
	ldp	x10, x11, [x18, #80]
	ldp	x8, x9, [x18, #64]
	ldp	x6, x7, [x18, #48]
	ldp	x4, x5, [x18, #32]
	ldp	x2, x3, [x18, #16]
	ldr	x17, [x18, #BLOCK_SCTLR]
	ldp	x0, x1, [x18]
	msr	sctlr_el1, x17
	isb
	/* Nothing that leads back to here. */
	mov	w18, #(CHAOS_DATA & 0xffff)
	movk	w18, #(CHAOS_DATA >> 16), lsl #16
	mov	x17, x18
	mov	x16, x18
	mov	sp, x18
	eret

/* Back to who called chaos_run(). x19: the vCPU's struct. */
chaos_resume:
	mov	x18, x19
	ldp	x19, x20, [x18, #RESUME_X19]
	ldp	x21, x22, [x18, #RESUME_X19 + 16]
	ldp	x23, x24, [x18, #RESUME_X19 + 32]
	ldp	x25, x26, [x18, #RESUME_X19 + 48]
	ldp	x27, x28, [x18, #RESUME_X19 + 64]
	ldp	x29, x30, [x18, #RESUME_X19 + 80]
	ldr	x17, [x18, #RESUME_SP]
	mov	sp, x17
	ret

/* x0: the vCPU's struct, x1: the code. */
	.global	chaos_run
chaos_run:
	stp	x19, x20, [x0, #RESUME_X19]
	stp	x21, x22, [x0, #RESUME_X19 + 16]
	stp	x23, x24, [x0, #RESUME_X19 + 32]
	stp	x25, x26, [x0, #RESUME_X19 + 48]
	stp	x27, x28, [x0, #RESUME_X19 + 64]
	stp	x29, x30, [x0, #RESUME_X19 + 80]
	mov	x2, sp
	str	x2, [x0, #RESUME_SP]
	/* What a block finds in registers leads to nothing that it must not touch. */
	mov	x18, x1
	ldr	x0, =CHAOS_DATA
	mov	sp, x0
	.irp	n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, x0
	.endr
	br	x18

/* CPU_ON, or a suspend that did not come back; MMU off. */
	.global	chaos_entry
chaos_entry:
	msr	daifset, #0xf
	msr	spsel, #1
	own_world
	self	x19, x16
	str	xzr, [x19, #RESUME_SP]
	own_stack x19, x0, x1
	mov	x0, x19
	bl	chaos_main

	.global	chaos_self
chaos_self:
	self	x0, x1
	ret

	.section .bss.chaos, "aw", %nobits
	.balign	4096
chaos_stacks:
	.skip	CHAOS_CPUS * CHAOS_STACK
	.global	chaos_cpus
chaos_cpus:
	.skip	CHAOS_CPUS << CHAOS_CPU_SHIFT

	.section .note.GNU-stack, "", %progbits
