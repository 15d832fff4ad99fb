/* SPDX-License-Identifier: Apache-2.0 */
/* Exits answered with few registers saved; called from fast.S. */
#pragma once

#include <stdint.h>

#include <arch/fast.h>

struct arch_gpregs;

/* What fast.S does then; bits 1 and 8 are known to it. */
#define LIGHT_DONE         0u     /* back to the guest                            */
#define LIGHT_REQUESTS     1u     /* done, but look at the thread's requests      */
/*      LIGHT_GENERAL             nothing was done: vmm_exit_sync(); <arch/fast.h> */
/*      LIGHT_HIGH                and the instruction's register, of x18 to x29, was written */
#define LIGHT_VERDICT(v)   (LIGHT_GENERAL | ((uint32_t)(v) + 1) << 2)  /* vmm_exit_sync() acts */

/**
 * vmm_light_access() - a load or store that hardware has described, of a device
 * vmm_light_msr()    - a trapped MSR: ICC_SGI1R_EL1
 * vmm_light_hvc()    - HVC #0
 * @regs: x0 to x17, x30 and the register of the instruction are in it; the others of x18 to x29
 *        and the system registers in the CPU
 * @esr:  ESR_EL2; of an access as ACCESS_MASK and ACCESS_WANT say
 * @key:  ARCH_PUBLISHED_KEY() of it
 *
 * Interrupts masked. Return: LIGHT_*; with LIGHT_GENERAL nothing was changed.
 */
uint32_t vmm_light_access(struct arch_gpregs *regs, uint32_t esr, uint64_t key);
uint32_t vmm_light_msr(struct arch_gpregs *regs, uint32_t esr);
uint32_t vmm_light_hvc(struct arch_gpregs *regs);

/* An interrupt. Return: LIGHT_DONE or LIGHT_REQUESTS. */
uint32_t vmm_light_irq(void);
uint32_t vmm_light_fiq(void);
