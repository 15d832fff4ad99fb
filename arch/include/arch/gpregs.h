/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exit saves: the general registers and where the guest was. It lies
 * at the top of the vCPU thread's EL2 stack, where SP_EL2 points while the
 * guest runs, so that an exit needs no register to find it.
 */
#pragma once

#include <stdint.h>

struct arch_published;

struct arch_gpregs {
	uint64_t x[31];      /* x0-x30                                       */
	uint64_t pc;         /* ELR_EL2                                      */
	uint64_t pstate;     /* SPSR_EL2                                     */
	uint64_t esr;        /* ESR_EL2; only after a synchronous exit/SError */
	/* what fast.S answers from; fixed once the vCPU runs                 */
	uint64_t *counts;    /* [layer][class]: exits that were answered     */
	const uint64_t *idregs;
	const struct arch_published *published;
	/* syndromes and classes that it answers: vcpu_fast_paths()           */
	uint32_t hvc_esr, smc_esr;
	uint64_t access_ec, sysreg_ec;
};

#define ARCH_GPREGS_SIZE 320  /* bytes; a multiple of 16 */
_Static_assert(sizeof(struct arch_gpregs) == ARCH_GPREGS_SIZE, "known to vectors.S");
