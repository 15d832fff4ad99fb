/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FP/SIMD registers of a pCPU belong to one vCPU at a time and change hands on
 * first use. Others trap (CPTR_EL2.TFP). All calls: interrupts masked.
 */
#pragma once

struct vcpu;

/* vcpu takes this pCPU: trap FP unless the registers are still its own. */
void fp_switch(struct vcpu *vcpu);

/* The trapped first use: save the owner's registers, load vcpu's, trap no more. */
void fp_take(struct vcpu *vcpu);

/* If this pCPU's registers are vcpu's: into memory, and nobody owns them. */
void fp_unload(struct vcpu *vcpu);
