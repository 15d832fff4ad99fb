/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests do most, with as few instructions as it takes; guest_sync in vectors.S begins it.
 * Which ones are taken the frame says: none while exits are traced. Each either does what the
 * general one (vmm_exit_sync()) would have done, or has changed nothing and passes on to it.
 * docs/exits.md, "Fast paths".
 *
 * In here from guest_sync: x2, x3 saved, x2 ESR_EL2; from fast_sync on x0, x1 too.
 */

#include <arch/fast.h>
#include "core/lib/options.h"

	.text
	.globl	fast_sync
fast_sync:
	stp	x0, x1, [sp, #16 * 0]
	ldp	x1, x3, [sp, #GPREGS_CLASSES]
	cmp	w1, w2, lsr #EC_SHIFT   /* a data abort                             */
	b.eq	fast_access
	cmp	w3, w2, lsr #EC_SHIFT   /* a system register                        */
	b.eq	fast_sysreg
	ldr	w3, [sp, #GPREGS_SMC_ESR]
	cmp	w2, w3
	b.eq	fast_smc
general:
	save_scratch
	mov	w0, #LIGHT_GENERAL
	b	general_exit

/* SMC #0: only the version, for who looks for PSCI by it. */
fast_smc:
	mov	w3, #FID_PSCI_VERSION
	cmp	w0, w3
	b.ne	general
	advance	x1, w1, x3, w3, general
	count	x2, x3, COUNT_SMC64
	mov	w0, #PSCI_VERSION
	ldr	x1, [sp, #8 * 1]
	ldp	x2, x3, [sp, #16 * 1]
	guest_eret

/* An identification register: a load from the group's table. */
fast_sysreg:
	tbz	w2, #0, light_msr       /* a write                                  */
	mov32	w3, IDREG_MASK
	and	w3, w2, w3
	mov32	w1, IDREG_WANT
	cmp	w3, w1
	b.ne	general
	ands	w1, w2, #7 << 1         /* CRm; those of CRm 0 do not trap          */
	b.eq	general
	advance	x0, w0, x3, w3, general
	ldr	x3, [sp, #GPREGS_IDREGS]
	ubfx	w0, w2, #17, #3         /* op2                                      */
	add	w0, w0, w1, lsl #2      /* CRm * 8 + op2                            */
	ldr	x3, [x3, x0, lsl #3]
	count	x0, x1, COUNT_SYS64
	ubfx	w2, w2, #5, #5          /* Rt                                       */

/* Register x2 of the guest becomes x3; 31 is the zero register. */
fast_write_reg:
	adr	x1, fast_regs
	add	x1, x1, x2, lsl #3
	br	x1
fast_regs:
	str	x3, [sp, #8 * 0]
	b	fast_done
	str	x3, [sp, #8 * 1]
	b	fast_done
	str	x3, [sp, #8 * 2]
	b	fast_done
	str	x3, [sp, #8 * 3]
	b	fast_done
	mov	x4, x3
	b	fast_done
	mov	x5, x3
	b	fast_done
	mov	x6, x3
	b	fast_done
	mov	x7, x3
	b	fast_done
	mov	x8, x3
	b	fast_done
	mov	x9, x3
	b	fast_done
	mov	x10, x3
	b	fast_done
	mov	x11, x3
	b	fast_done
	mov	x12, x3
	b	fast_done
	mov	x13, x3
	b	fast_done
	mov	x14, x3
	b	fast_done
	mov	x15, x3
	b	fast_done
	mov	x16, x3
	b	fast_done
	mov	x17, x3
	b	fast_done
	mov	x18, x3
	b	fast_done
	mov	x19, x3
	b	fast_done
	mov	x20, x3
	b	fast_done
	mov	x21, x3
	b	fast_done
	mov	x22, x3
	b	fast_done
	mov	x23, x3
	b	fast_done
	mov	x24, x3
	b	fast_done
	mov	x25, x3
	b	fast_done
	mov	x26, x3
	b	fast_done
	mov	x27, x3
	b	fast_done
	mov	x28, x3
	b	fast_done
	mov	x29, x3
	b	fast_done
	mov	x30, x3
	b	fast_done
	/* 31 */
fast_done:
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	guest_eret

/* A load from a device register whose value is published: vcpu_publish(). */
fast_access:
	mov32	w3, ACCESS_MASK
	and	w3, w2, w3
	mov32	w1, ACCESS_WANT
	cmp	w3, w1
	b.ne	general
	mrs	x0, hpfar_el2
	mrs	x1, far_el2
	lsl	x0, x0, #8              /* HPFAR_EL2.FIPA is from bit 4, of IPA bit 12 */
	bfxil	x0, x1, #0, #12
	ubfx	w3, w2, #22, #2         /* SAS                                      */
	orr	x0, x3, x0, lsl #2      /* ARCH_PUBLISHED_KEY()                     */
	tbnz	w2, #6, light_access    /* WnR: a store                             */
	lsr	x1, x0, #18
	add	x1, x1, x0, lsr #4
	eor	x1, x1, x0
	and	x1, x1, #PUBLISHED_MASK
	ldr	x3, [sp, #GPREGS_PUBLISHED]
	add	x1, x3, x1, lsl #4
	ldp	x3, x1, [x1]
	cmp	x3, x0
	b.ne	light_access
	mrs	x0, sctlr_el1
	tst	x0, #SCTLR_ENDIAN
	b.ne	general
	advance	x0, w0, x3, w3, general
	ldr	x3, [x1]
	count	x0, x1, COUNT_DABT_LOW
	ubfx	w2, w2, #16, #5         /* SRT                                      */
	b	fast_write_reg

/*
 * These meet C code first that needs only the registers which calls change, and the one of the
 * instruction. It says how to go on: LIGHT_*. The guest's x19-x29 are still in the CPU, as C
 * code preserves them. x0: a key for light_access, w1: the register's number.
 */
light_access:
	adr	x3, vmm_light_access
	ubfx	w1, w2, #16, #5         /* SRT                                      */
	b	light
light_msr:
	adr	x3, vmm_light_msr
	ubfx	w1, w2, #5, #5          /* Rt                                       */
light:
	save_scratch
	sub	w4, w1, #18
	cmp	w4, #12
	b.lo	light_high
light_do:
	mov	w1, w2
	mov	x2, x0
	mov	x0, sp
	blr	x3
	cbnz	w0, light_more
light_return:
	ldr	x30, [sp, #16 * 15]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x0, x1, [sp, #16 * 0]
	guest_eret
/* It is one of those that C code preserves: all of them in the frame, and back if it is told. */
light_high:
	save_high
	b	light_do
light_more:
	tbz	w0, #8, general_exit
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	ands	w0, w0, #0xff
	b.eq	light_return
	b	general_exit
	.globl	light_call
light_call:
	stp	x0, x1, [sp, #16 * 0]
	save_scratch
	mov	x0, sp
	bl	vmm_light_hvc
	cbz	w0, light_return
general_exit:
	save_rest
	tbz	w0, #1, 1f
	mov	w1, w0
	mov	x0, sp
	bl	vmm_exit_sync
	b	guest_return

	.globl	light_irq
light_irq:
	save_scratch
	bl	vmm_light_irq
	cbz	w0, light_return
	.globl	light_fiq
	.if	CONFIG_DIRECT
	b	2f
light_fiq:
	save_scratch
	bl	vmm_light_fiq
	cbz	w0, light_return
	.else
	.set	light_fiq, light_irq
	.endif
2:	save_rest
1:	bl	vmm_exit_requests
	b	guest_return
