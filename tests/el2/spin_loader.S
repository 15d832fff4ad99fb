/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware with a spin table, for QEMU's virt board, which has none: starts the other pCPUs
 * by PSCI, has each poll a word of its own, and jumps to the hypervisor that was loaded at
 * HYPERVISOR. tests/system/boot.py tells the device tree so. An arm64 Image itself.
 * Linux, "Booting AArch64 Linux", on cpu-release-addr.
 */
#define PSCI_CPU_ON_64_HIGH 0xc400
#define PSCI_CPU_ON_64_LOW  0x0003

	b	start
	.long	0
	.quad	0
	.quad	end - .
	.quad	0xa
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

start:
	mov	x19, x0
	ldr	x20, =SPIN_TABLE
	adr	x1, poll
	adr	x2, poll_end
	add	x22, x20, #0x800
	mov	x3, x22
1:	ldr	w4, [x1], #4
	str	w4, [x3], #4
	cmp	x1, x2
	b.lo	1b
	dsb	sy
	ic	iallu
	dsb	sy
	isb
	mov	x21, #1
2:	add	x3, x20, x21, lsl #3
	str	xzr, [x3]
	movz	w0, #PSCI_CPU_ON_64_HIGH, lsl #16
	movk	w0, #PSCI_CPU_ON_64_LOW
	mov	x1, x21
	mov	x2, x22
	smc	#0
	add	x21, x21, #1
	cbz	w0, 2b
	mov	x0, x19
	ldr	x4, =HYPERVISOR
	br	x4

/* x0: the word that it polls */
poll:
	wfe
	ldr	x1, [x0]
	cbz	x1, poll
	mov	x0, xzr
	br	x1
poll_end:
	.ltorg
end:
