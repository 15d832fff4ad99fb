/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions given to a guest. They work on the registers of the CPU when the
 * vCPU is loaded here, else on its saved state. The vCPU must not run.
 * Spec: Arm ARM DDI 0487, "AArch64.TakeException()".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vcpu/exit.h"

struct vcpu;

/* What taking an exception to EL1 makes of the program state; pure. */
struct exception_entry {
	uint64_t pc;         /* the vector                                      */
	uint64_t pstate;     /* on entry of the vector                          */
};

/**
 * exception_enter() - synchronous exception to EL1 with AArch64
 * @out:    where the guest goes on
 * @pstate: of the interrupted state, as in SPSR_EL2; AArch32 EL0 too
 * @vbar:   VBAR_EL1
 * @sctlr:  SCTLR_EL1
 * @bits:   EXCEPTION_*: which bits of the program state there are
 */
void exception_enter(struct exception_entry *out, uint64_t pstate, uint64_t vbar,
		     uint64_t sctlr, uint32_t bits);

#define EXCEPTION_PAN  1u   /* FEAT_PAN                                         */
#define EXCEPTION_SSBS 2u   /* FEAT_SSBS                                        */
#define EXCEPTION_TCO  4u   /* FEAT_MTE2                                        */
#define EXCEPTION_ALLINT 8u /* FEAT_NMI                                         */

/* Which of them a CPU has: what its own exceptions do, whatever guests are shown. */
uint32_t exception_bits(const uint64_t *idregs);

/*
 * Undefined, at the vCPU's pc: "unknown reason", EC 0; with FEAT_IDST a read in
 * the identification space, when that was the exit, is reported by its syndrome.
 *
 * Return: false: it arose at EL1 in the vector that takes it, so the guest will do
 * nothing else any more.
 */
bool vcpu_inject_undef(struct vcpu *vcpu);

/**
 * vcpu_inject_abort() - synchronous external abort, as the bus would answer
 * @vcpu: not running
 * @info: the exit it answers: an instruction or data abort. Says whether the
 *        access was a fetch or data, a write, or a table walk of stage 1, and
 *        the faulting address
 *
 * Reported at the vCPU's pc. An exit of another class becomes an Undefined
 * exception: there is no address to report.
 *
 * Return: as vcpu_inject_undef().
 */
bool vcpu_inject_abort(struct vcpu *vcpu, const struct exit_info *info);

/**
 * vcpu_inject_serror() - make a virtual SError pending
 * @vcpu: not running
 * @iss:  its syndrome, where the CPU can tell the guest (FEAT_RAS); else the
 *        CPU reports an IMPLEMENTATION DEFINED one
 *
 * Taken by hardware once the guest unmasks it (HCR_EL2.VSE).
 */
void vcpu_inject_serror(struct vcpu *vcpu, uint32_t iss);

/**
 * vcpu_advance() - go on after an instruction that EL2 carried out
 * @vcpu: not running
 * @info: its exit
 *
 * Does what executing it would have done to the program state: pc, BTYPE, the
 * single step that is over, the IT block of AArch32.
 */
void vcpu_advance(struct vcpu *vcpu, const struct exit_info *info);
