/* SPDX-License-Identifier: Apache-2.0 */
/* The first program of a Linux whose boot is measured: tells count.c, and turns the machine off. */
	.text
	.globl	_start
_start:
	hint	#120
	ldr	x0, =0xfee1dead		/* reboot(2): LINUX_REBOOT_MAGIC1, MAGIC2, POWER_OFF */
	ldr	x1, =0x28121969
	ldr	x2, =0x4321fedc
	mov	x8, #142
	svc	#0
	b	.
