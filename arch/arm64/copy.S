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
