/* SPDX-License-Identifier: Apache-2.0 */
/* Switch between EL2 threads; the start of a new one. */

/*
 * struct thread *arch_switch(struct thread *prev, struct thread *next)
 * thread.sp is the first field. Saves what the procedure call standard says a
 * call preserves; returns prev, on next's stack.
 */
	.text
	.globl	arch_switch
	.type	arch_switch, %function
arch_switch:
	stp	x19, x20, [sp, #-96]!
	stp	x21, x22, [sp, #16]
	stp	x23, x24, [sp, #32]
	stp	x25, x26, [sp, #48]
	stp	x27, x28, [sp, #64]
	stp	x29, x30, [sp, #80]
	mov	x9, sp
	str	x9, [x0]
	ldr	x9, [x1]
	mov	sp, x9
	ldp	x21, x22, [sp, #16]
	ldp	x23, x24, [sp, #32]
	ldp	x25, x26, [sp, #48]
	ldp	x27, x28, [sp, #64]
	ldp	x29, x30, [sp, #80]
	ldp	x19, x20, [sp], #96
	ret
	.size	arch_switch, . - arch_switch

/* First instruction of a thread: x19 entry, x20 argument, x0 who ran before. */
	.globl	arch_thread_start
	.type	arch_thread_start, %function
arch_thread_start:
	bl	sched_switched
	msr	daifclr, #7
	mov	x0, x20
	blr	x19
	bl	thread_exit
	.size	arch_thread_start, . - arch_thread_start
