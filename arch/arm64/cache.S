/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/cache.h> and <arch/smc.h> for AArch64. */

.macro	func name
	.globl	\name
	.type	\name, %function
\name:
.endm

/* By cache line over [x0, x0 + x1): dc \op */
.macro	dcache_by_line op
	cbz	x1, 2f
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4         /* DminLine: log2 of words                  */
	mov	x2, #4
	lsl	x2, x2, x3
	add	x1, x0, x1
	sub	x3, x2, #1
	bic	x0, x0, x3
1:	dc	\op, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
2:	dsb	sy
	ret
.endm

	.section .text.cache, "ax"
func	arch_dcache_clean_poc
	dcache_by_line cvac
func	arch_dcache_clean_inval_poc
	dcache_by_line civac

func	arch_icache_inval_all
	ic	ialluis
	dsb	ish
	isb
	ret

func	arch_zero_pages
	mrs	x3, dczid_el0
	tbnz	x3, #4, 3f              /* DZP: DC ZVA not allowed                  */
	and	x3, x3, #0xf
	cmp	x3, #7                  /* log2 of words: a page has eight blocks or more */
	b.hi	3f
	mov	x2, #4
	lsl	x2, x2, x3
	add	x1, x0, x1
1:	.rept	8
	dc	zva, x0
	add	x0, x0, x2
	.endr
	cmp	x0, x1
	b.lo	1b
	ret
3:	add	x1, x0, x1
4:	stp	xzr, xzr, [x0], #16
	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	4b
	ret

/* Both keep x0 (the struct) on the stack over the call. */
.macro	firmware_call insn
	stp	x0, x30, [sp, #-16]!
	mov	x9, x0
	ldp	x0, x1, [x9]
	ldp	x2, x3, [x9, #16]
	\insn	#0
	ldp	x9, x30, [sp], #16
	stp	x0, x1, [x9]
	stp	x2, x3, [x9, #16]
	ret
.endm

func	arch_smc
	firmware_call smc
func	arch_hvc
	firmware_call hvc
