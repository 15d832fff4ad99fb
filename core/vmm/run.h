/* SPDX-License-Identifier: Apache-2.0 */
/* The run loop of vCPUs: from an exit to the way back into the guest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct arch_gpregs;

/*
 * From vectors.S and fast.S; interrupts masked, on the vCPU thread's stack, the frame
 * complete. light: what vmm_light_sync() said, with bit 1 set.
 */
void vmm_exit_sync(struct arch_gpregs *regs, uint32_t light);
void vmm_exit_requests(void);
void vmm_exit_serror(struct arch_gpregs *regs);

/* From vectors.S: an interrupt while EL2 itself ran. */
void vmm_el2_irq(void);
void vmm_el2_fiq(void);

/* The same, an SError. False: it cannot go on. */
bool vmm_el2_serror(uint64_t esr);

/* Body of every vCPU's thread: waits until the vCPU is on, then enters the guest. */
void run_vcpu(void *vcpu);

/* Put exits and interrupts into the trace, on all pCPUs, from the next one on. */
void run_trace(bool on);
