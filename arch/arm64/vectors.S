/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exception vectors of EL2. From a guest: SP_EL2 points to the struct
 * arch_gpregs at the top of the vCPU thread's stack, so the registers are stored
 * with no register spent to find the place. Arm ARM DDI 0487, "Exception vectors".
 */
#include <arch/fast.h>
#include <arch/layout.h>
#include "core/lib/options.h"

#define PERCPU_CRASH_SP   8             /* offsets in struct percpu                 */
#define PERCPU_WORKAROUND 16
#define CRASH_FRAME       288           /* x0-x30, sp, pc, pstate, esr, far         */
#define IRQ_FRAME         176           /* x0-x17, x30, ELR, SPSR                   */

/*
 * The entry at an offset of the table. What is too long for its 128 bytes makes
 * the next .org go backwards, which the assembler refuses.
 */
.macro	vector offset, name
	.org	vectors + \offset
	b	\name
.endm

	.section .text.vectors, "ax"
	.balign	2048
	.globl	vectors
vectors:
	/* current EL with SP_EL0: never used, a fault of ours */
	vector	0x000, crash_entry
	vector	0x080, crash_entry
	vector	0x100, crash_entry
	vector	0x180, crash_entry
	/* current EL with SP_EL2 */
	vector	0x200, crash_entry
	vector	0x280, el2_irq
	vector	0x300, el2_fiq
	vector	0x380, el2_serror
	/* lower EL, AArch64; fast.S goes on */
	.org	vectors + 0x400
guest_sync:
	stp	x2, x3, [sp, #16 * 1]
	mrs	x2, esr_el2
	ldr	w3, [sp, #GPREGS_HVC_ESR]
	cmp	w2, w3
	b.ne	fast_sync
	/* HVC #0: what is asked most has its answer here. */
	mov	w3, #FID_PSCI_VERSION
	cmp	w0, w3
	b.eq	1f
	mov	w3, #FID_SMCCC_VERSION
	cmp	w0, w3
	b.ne	3f
	mov	w0, #SMCCC_VERSION_LOW
	movk	w0, #SMCCC_VERSION_HIGH, lsl #16
	b	2f
1:	mov	w0, #PSCI_VERSION
2:	count	x2, x3, COUNT_HVC64
	ldp	x2, x3, [sp, #16 * 1]
	guest_eret
3:	ubfx	w3, w0, #24, #6
	cmp	w3, #FID_OWNER_STD
	b.ne	light_call
	tst	w0, #0xffff & ~(FID_STD_END - 1)
	b.eq	light_call
	mov	x0, #-1                 /* NOT_SUPPORTED                            */
	b	2b
	.org	vectors + 0x480
guest_irq:
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	b	light_irq
	.org	vectors + 0x500
guest_fiq:
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	b	light_fiq
	.org	vectors + 0x580
guest_serror:
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	save_scratch
	save_rest
	mov	x0, sp
	bl	vmm_exit_serror
	b	guest_return
	/* lower EL, AArch32 (guest user space; EL1 is always AArch64) */
	vector	0x600, guest_sync
	vector	0x680, guest_irq
	vector	0x700, guest_fiq
	vector	0x780, guest_serror

/*
 * Enter the guest whose registers lie at x0, with interrupts masked; the stack
 * below is given up. Never returns.
 */
	.globl	arch_guest_enter
	.type	arch_guest_enter, %function
arch_guest_enter:
	mov	sp, x0
	.globl	guest_return
guest_return:
	ldp	x30, x1, [sp, #16 * 15]
	ldr	x2, [sp, #16 * 16]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	guest_eret
	.size	arch_guest_enter, . - arch_guest_enter


/* EL2 itself was interrupted: keep what a C call may change; and back. */
.macro	el2_save
	sub	sp, sp, #IRQ_FRAME
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	str	x30, [sp, #16 * 9]
	mrs	x30, elr_el2            /* for the call chain of a crash report it  */
	mrs	x0, spsr_el2            /* is x30 that is stored: core/unwind.h     */
	stp	x30, x0, [sp, #16 * 10]
.endm

.macro	el2_restore
	ldp	x0, x1, [sp, #16 * 10]
	ldr	x30, [sp, #16 * 9]
	msr	elr_el2, x0
	msr	spsr_el2, x1
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x0, x1, [sp, #16 * 0]
	add	sp, sp, #IRQ_FRAME
.endm

el2_irq:
	el2_save
	bl	vmm_el2_irq
	.if	CONFIG_DIRECT
	b	el2_return
el2_fiq:
	el2_save
	bl	vmm_el2_fiq
	.else
	.set	el2_fiq, el2_irq
	.endif
el2_return:
	el2_restore
	eret
	dsb	nsh
	isb

/* As an interrupt if it can go on, else a fault with all registers as they were. */
el2_serror:
	el2_save
	mrs	x0, esr_el2
	bl	vmm_el2_serror
	tbnz	w0, #0, el2_return
	el2_restore

/*
 * A fault of EL2. The stack may be the cause (a guard page), so the report has
 * one of its own. SP_EL0 is the guest's, but no guest runs on this pCPU again:
 * it holds x0 while we look for that stack.
 */
crash_entry:
	msr	sp_el0, x0
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #PERCPU_CRASH_SP]
	sub	x0, x0, #CRASH_FRAME
	stp	x2, x3, [x0, #16 * 1]
	stp	x4, x5, [x0, #16 * 2]
	stp	x6, x7, [x0, #16 * 3]
	stp	x8, x9, [x0, #16 * 4]
	stp	x10, x11, [x0, #16 * 5]
	stp	x12, x13, [x0, #16 * 6]
	stp	x14, x15, [x0, #16 * 7]
	stp	x16, x17, [x0, #16 * 8]
	stp	x18, x19, [x0, #16 * 9]
	stp	x20, x21, [x0, #16 * 10]
	stp	x22, x23, [x0, #16 * 11]
	stp	x24, x25, [x0, #16 * 12]
	stp	x26, x27, [x0, #16 * 13]
	stp	x28, x29, [x0, #16 * 14]
	mov	x2, sp
	stp	x30, x2, [x0, #16 * 15]
	mrs	x2, sp_el0
	stp	x2, x1, [x0, #16 * 0]
	mrs	x1, elr_el2
	mrs	x2, spsr_el2
	stp	x1, x2, [x0, #16 * 16]
	mrs	x1, esr_el2
	mrs	x2, far_el2
	stp	x1, x2, [x0, #16 * 17]
	mov	sp, x0
	bl	crash_report
	b	.

/*
 * The same for a pCPU whose predictors a guest may have trained: first the firmware's
 * workaround, which changes x0 to x3 at most. Their places in the frame are free.
 */
.macro	mitigated offset, handler
	.org	vectors_mitigated + \offset
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	mrs	x0, tpidr_el2
	ldr	w0, [x0, #PERCPU_WORKAROUND]
	smc	#0
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x0, x1, [sp, #16 * 0]
	b	\handler
.endm

/* The same entry in the other table. */
.macro	same offset, name
	.org	vectors_mitigated + \offset
	b	\name
.endm

	.section .text.vectors_mitigated, "ax"
	.balign	2048
	.globl	vectors_mitigated
vectors_mitigated:
	same	0x000, crash_entry
	same	0x080, crash_entry
	same	0x100, crash_entry
	same	0x180, crash_entry
	same	0x200, crash_entry
	same	0x280, el2_irq
	same	0x300, el2_fiq
	same	0x380, el2_serror
	mitigated 0x400, guest_sync
	mitigated 0x480, guest_irq
	mitigated 0x500, guest_fiq
	mitigated 0x580, guest_serror
	mitigated 0x600, guest_sync
	mitigated 0x680, guest_irq
	mitigated 0x700, guest_fiq
	mitigated 0x780, guest_serror
