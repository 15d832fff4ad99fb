/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/el1_state.h> on a host: the registers of each pCPU as plain memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/el1_state.h>
#include <arch/layout.h>
#include <arch/regs.h>

struct fake_pcpu {
	struct el1_state el1;
	struct fp_state fp;
	uint64_t debug[DEBUG_NR_BANKS][DEBUG_MAX_REGS];
	uint64_t mdscr;
	bool os_lock;
	uint64_t hcr, vttbr, vtcr, vmpidr, vsesr;
	uint64_t far, hpfar;
	uint64_t idregs[IDREG_NR];
	bool fp_trap;
	/* how often it was done */
	uint32_t el1_saves, el1_loads, fp_saves, fp_loads, tlb_flushes, debug_writes;
	uint32_t hcr_writes, translations, inits, hcrx_inits;
};

extern struct fake_pcpu fake_pcpus[MAX_PCPUS];
extern uint32_t fake_features;

/* What arch_translate_s1() answers: PAR_EL1. */
extern uint64_t (*fake_translate)(uint64_t va);

/* The pCPU of the calling thread; all zero again, but with FP trapped. */
struct fake_pcpu *fake_pcpu(void);
void fake_pcpus_reset(void);
