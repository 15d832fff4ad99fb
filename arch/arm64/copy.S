/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy() with what newlib's has in C: words if both are aligned, so that it is fit for Device
 * memory, but 64 bytes at a time.
 */
	.section .text.memcpy, "ax"
	.globl	memcpy
	.type	memcpy, %function
memcpy:
	mov	x3, x0
	orr	x4, x0, x1
	tst	x4, #7
	b.ne	3f
	subs	x2, x2, #64
	b.lo	2f
1:	ldp	x4, x5, [x1]
	ldp	x6, x7, [x1, #16]
	ldp	x8, x9, [x1, #32]
	ldp	x10, x11, [x1, #48]
	add	x1, x1, #64
	stp	x4, x5, [x3]
	stp	x6, x7, [x3, #16]
	stp	x8, x9, [x3, #32]
	stp	x10, x11, [x3, #48]
	add	x3, x3, #64
	subs	x2, x2, #64
	b.hs	1b
2:	adds	x2, x2, #56             /* what is left, less 8                     */
	b.mi	5f
4:	ldr	x4, [x1], #8
	str	x4, [x3], #8
	subs	x2, x2, #8
	b.hs	4b
5:	add	x2, x2, #8
3:	cbz	x2, 7f
6:	ldrb	w4, [x1], #1
	strb	w4, [x3], #1
	subs	x2, x2, #1
	b.ne	6b
7:	ret

/* From x1 to x0, both at that offset. */
	.macro	copy_64 at
	ldp	x3, x4, [x1, #\at]
	ldp	x5, x6, [x1, #\at + 16]
	ldp	x7, x8, [x1, #\at + 32]
	ldp	x9, x10, [x1, #\at + 48]
	stp	x3, x4, [x0, #\at]
	stp	x5, x6, [x0, #\at + 16]
	stp	x7, x8, [x0, #\at + 32]
	stp	x9, x10, [x0, #\at + 48]
	.endm

	.section .text.copy, "ax"
	.globl	arch_copy
	.type	arch_copy, %function
/* <arch/copy.h>. x0: to, x1: from, x2: bytes. 128 at a time, then by the bits of what is left. */
arch_copy:
	subs	x2, x2, #128
	b.lo	2f
1:	copy_64	0
	copy_64	64
	add	x0, x0, #128
	add	x1, x1, #128
	subs	x2, x2, #128
	b.hs	1b
2:	tbz	x2, #6, 3f
	copy_64	0
	add	x0, x0, #64
	add	x1, x1, #64
3:	tbz	x2, #5, 4f
	ldp	x3, x4, [x1]
	ldp	x5, x6, [x1, #16]
	stp	x3, x4, [x0]
	stp	x5, x6, [x0, #16]
	add	x0, x0, #32
	add	x1, x1, #32
4:	tbz	x2, #4, 5f
	ldp	x3, x4, [x1], #16
	stp	x3, x4, [x0], #16
5:	tst	x2, #15
	b.eq	9f
	tbz	x2, #3, 6f
	ldr	x3, [x1], #8
	str	x3, [x0], #8
6:	tbz	x2, #2, 7f
	ldr	w3, [x1], #4
	str	w3, [x0], #4
7:	tbz	x2, #1, 8f
	ldrh	w3, [x1], #2
	strh	w3, [x0], #2
8:	tbz	x2, #0, 9f
	ldrb	w3, [x1]
	strb	w3, [x0]
9:	ret
	.size	arch_copy, . - arch_copy
