/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of a test guest: an arm64 Image that runs wherever it is loaded.
 * Linux Documentation/arm64/booting.rst; Arm ARM DDI 0487, "Exception vectors".
 */

#define MAIR_VALUE   0xff00		/* 0: Device-nGnRnE, 1: Normal write-back    */
/* T0SZ 25 (39 bits), walks write-back inner shareable, 4 KiB, TTBR1 off, 40-bit PA */
#define TCR_VALUE    ((25) | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (2 << 30) | (2 << 32))
#define SCTLR_VALUE  0x30d5198d		/* RES1 bits, I, C, M; SA and UCI, UCT, nTWx as Linux */

	.section .head, "ax"
	.global _start
_start:
	b	primary_entry
	.long	0
	.quad	0			/* text_offset */
	.quad	guest_image_size
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
primary_entry:
	mrs	x19, cntpct_el0
	mrs	x20, CurrentEL
	mrs	x21, daif
	mrs	x22, sctlr_el1
	mrs	x28, spsel
	mov	x23, x0
	mov	x24, x1
	mov	x25, x2
	mov	x26, x3
	msr	daifset, #0xf
	msr	spsel, #1

	/* Relocate: every entry is R_AARCH64_RELATIVE. */
	adrp	x27, _start
	add	x27, x27, :lo12:_start
	adrp	x0, __rela_start
	add	x0, x0, :lo12:__rela_start
	adrp	x1, __rela_end
	add	x1, x1, :lo12:__rela_end
1:	cmp	x0, x1
	b.hs	2f
	ldr	x2, [x0], #8		/* offset */
	ldr	x3, [x0], #8		/* info   */
	ldr	x4, [x0], #8		/* addend */
	cmp	w3, #1027
	b.ne	1b
	add	x4, x4, x27
	str	x4, [x2, x27]
	b	1b

2:	adrp	x0, __bss_start
	add	x0, x0, :lo12:__bss_start
	adrp	x1, __bss_end
	add	x1, x1, :lo12:__bss_end
3:	cmp	x0, x1
	b.hs	4f
	stp	xzr, xzr, [x0], #16
	b	3b

4:	adrp	x0, boot_state
	add	x0, x0, :lo12:boot_state
	stp	x23, x24, [x0]
	stp	x25, x26, [x0, #16]
	stp	x20, x21, [x0, #32]
	stp	x22, x27, [x0, #48]
	stp	x28, x19, [x0, #64]

	adrp	x0, stack_top_0
	add	x0, x0, :lo12:stack_top_0
	mov	sp, x0
	bl	early_vectors
	bl	mmu_tables_init
	bl	mmu_on
	adrp	x0, cpus
	add	x0, x0, :lo12:cpus
	msr	tpidr_el1, x0
	bl	guest_start
5:	wfi
	b	5b

/* x0: struct cpu of this CPU, cleaned to the point of coherency by smp_start(). */
	.global secondary_entry
secondary_entry:
	msr	spsel, #1
	msr	daifset, #0xf
	mov	x19, x0
	msr	tpidr_el1, x0
	ldr	w1, [x0]		/* idx */
	adrp	x2, stack_top_0
	add	x2, x2, :lo12:stack_top_0
	add	x2, x2, x1, lsl #14	/* 16 KiB each */
	mov	sp, x2
	bl	early_vectors
	bl	mmu_on
	mov	x0, x19
	bl	secondary_start
6:	wfi
	b	6b

early_vectors:
	adrp	x0, vector_table
	add	x0, x0, :lo12:vector_table
	msr	vbar_el1, x0
	mov	x0, #(3 << 20)		/* FP and SIMD not trapped */
	msr	cpacr_el1, x0
	isb
	ret

	.global mmu_on
mmu_on:
	ldr	x0, =MAIR_VALUE
	msr	mair_el1, x0
	ldr	x0, =TCR_VALUE
	msr	tcr_el1, x0
	adrp	x0, mmu_l1
	add	x0, x0, :lo12:mmu_l1
	msr	ttbr0_el1, x0
	dsb	sy
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	ldr	x0, =SCTLR_VALUE
	msr	sctlr_el1, x0
	isb
	ret

	.macro	vector kind
	.balign 0x80
	sub	sp, sp, #288
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	trap_save
	.endm

	.balign 0x800
	.global vector_table
vector_table:
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\kind
	.endr

trap_save:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	mrs	x5, far_el1
	stp	x30, x2, [sp, #240]
	stp	x3, x4, [sp, #256]
	str	x5, [sp, #272]
	mov	x0, sp
	bl	trap_entry
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x28, x29, [sp, #224]
	ldp	x26, x27, [sp, #208]
	ldp	x24, x25, [sp, #192]
	ldp	x22, x23, [sp, #176]
	ldp	x20, x21, [sp, #160]
	ldp	x18, x19, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #288
	eret

	.section .bss.stacks, "aw", %nobits
	.balign 4096
	.skip	16384
	.global stack_top_0
stack_top_0:
	.skip	16384 * 15

	.section .note.GNU-stack, "", %progbits
