/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from the boot loader and of secondary pCPUs (docs/boot.md). Here the
 * MMU is off and addresses are physical; everything is reached PC-relative.
 * Boot protocol: Linux, "Booting AArch64 Linux".
 *
 * The image's start serves as vector table until the MMU is on. Only EL2 runs
 * and only on SP_EL2, so of its entries those four are ever used; the rest of
 * the table is the code below.
 */
#include <arch/layout.h>

#define CURRENTEL_EL2     (2 << 2)
#define HCR_RW            (1 << 31)
#define SCTLR_EL2_RES1    0x30c50830    /* RES1 bits of ARMv8.0, MMU and caches off */
#define SCTLR_EL2_ON      0x30c5183d    /* the same with M, C, SA and I             */
#define SPSEL_SPX         1
#define VECTORS_EL2_SPX   0x200         /* where its four vectors lie in a table    */

	.section .head.text, "ax"
	.globl	_head
_head:
	b	start
	.long	0
	.quad	0                       /* text_offset: at the 2 MiB boundary       */
	.quad	__image_size            /* with .bss, from the linker script        */
	.quad	0xa                     /* little-endian, 4 KiB pages, anywhere     */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.long	0

/* x0: physical address of the board's device tree */
start:
	msr	daifset, #0xf
	mov	x20, x0
	adrp	x1, boot_stack_top
	add	x1, x1, :lo12:boot_stack_top
	msr	spsel, #SPSEL_SPX
	mov	sp, x1
	mrs	x1, CurrentEL
	cmp	x1, #CURRENTEL_EL2
	b.ne	boot_wrong_el
	bl	el2_known_state
	mov	x0, x20
	adrp	x1, _head
	bl	boot_check              /* returns only if this can be booted       */
	adrp	x0, _head
	bl	boot_map_build
	adrp	x21, _head
	ldr	x22, =start_mapped
	b	mmu_on

boot_wrong_el:
	mov	x0, x1
	bl	boot_die_el
	b	.

/* EL2 without VHE, MMU and caches off, early exceptions caught. */
el2_known_state:
	mov	x9, #HCR_RW
	msr	hcr_el2, x9
	isb
	ldr	x9, =SCTLR_EL2_RES1
	msr	sctlr_el2, x9
	isb
	adrp	x9, _head               /* page aligned: enough for a table         */
	msr	vbar_el2, x9
	isb
	ret

/* Map by the boot tables and go on at the virtual address in x22. */
mmu_on:
	adrp	x0, boot_mmu_regs
	add	x0, x0, :lo12:boot_mmu_regs
	ldp	x1, x2, [x0]            /* MAIR_EL2, TCR_EL2                        */
	ldr	x3, [x0, #16]           /* TTBR0_EL2                                */
	msr	mair_el2, x1
	msr	tcr_el2, x2
	msr	ttbr0_el2, x3
	isb
	tlbi	alle2
	ic	iallu
	dsb	nsh
	isb
	ldr	x0, =SCTLR_EL2_ON
	msr	sctlr_el2, x0
	isb
	br	x22

/* Anything taken before the real vectors: say so and stop. */
	.org	_head + VECTORS_EL2_SPX
	.rept	4
	.balign	128
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	bl	boot_die_exception
	b	.
	.endr

/* From here on at the linked address. x20: device tree, x21: where we lie. */
start_mapped:
	ldr	x0, =boot_stack_top
	mov	sp, x0
	ldr	x0, =vectors
	msr	vbar_el2, x0
	ldr	x0, =__bss_start
	ldr	x1, =__bss_end
	sub	x1, x1, x0              /* both ends are page aligned               */
	bl	arch_zero_pages
	ldr	x0, =percpus
	msr	tpidr_el2, x0
	isb
	mov	x0, x20
	mov	x1, x21
	bl	hyp_main
	b	.

/*
 * A secondary pCPU, from PSCI CPU_ON or out of its spin table. It may come
 * when nobody called it (a shared release address): it then waits for its turn,
 * which is when the mailbox names it.
 */
	.globl	secondary_start
secondary_start:
	msr	daifset, #0xf
	msr	spsel, #SPSEL_SPX
	mrs	x1, CurrentEL
	cmp	x1, #CURRENTEL_EL2
	b.ne	secondary_lost
	bl	el2_known_state
	ldr	x22, =secondary_mapped
	b	mmu_on

secondary_lost:
	wfe
	b	secondary_lost

secondary_mapped:
	ldr	x0, =vectors
	msr	vbar_el2, x0
	mrs	x1, mpidr_el1
	and	x2, x1, #0xffffff
	and	x1, x1, #0xff00000000
	orr	x1, x1, x2
	ldr	x0, =smp_mailbox
1:	ldar	x2, [x0]                /* mpidr that is called                     */
	cmp	x1, x2
	b.eq	2f
	wfe
	b	1b
2:	ldp	x3, x4, [x0, #8]        /* root of the final tables, stack          */
	ldr	x5, [x0, #24]           /* struct percpu                            */
	msr	ttbr0_el2, x3
	isb
	tlbi	alle2
	dsb	nsh
	isb
	mov	sp, x4
	msr	tpidr_el2, x5
	isb
	bl	smp_secondary_main
	b	.

	.section .boot.bss, "aw", %nobits
	.balign	4096
	.skip	16384
	.globl	boot_stack_top
boot_stack_top:
