/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest can see of a pCPU beside its general registers. It stays in the
 * CPU while the vCPU is loaded and moves to these structs only when another
 * vCPU takes the core. Timer registers: "irq/vtimer.h"; GIC: "irq/vgic.h".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Features of this board's CPUs that decide which registers exist. */
#define EL1_PAUTH      1u           /* pointer authentication keys            */
#define EL1_RAS        2u           /* DISR_EL1, VSESR_EL2                    */
#define EL1_TPIDR2     4u           /* TPIDR2_EL0, where nothing can trap it  */
#define EL1_AUX        8u           /* AMAIR_EL1, AFSR0_EL1, AFSR1_EL1        */

/* System registers of EL1 and EL0 that a guest reads and writes directly. */
struct el1_state {
	uint64_t sctlr, cpacr, tcr, ttbr0, ttbr1, mair, contextidr, vbar;
	uint64_t elr, spsr, esr, far, par, cntkctl, csselr, tpidr_el1;
	uint64_t sp_el0, sp_el1, tpidr_el0, tpidrro_el0;
	/* not on every CPU */
	uint64_t amair, afsr0, afsr1;   /* where they hold what is written    */
	uint64_t tpidr2_el0;
	uint64_t disr;              /* VDISR_EL2, which EL1 knows as DISR_EL1 */
	uint64_t vsesr;             /* syndrome of a pending virtual SError   */
	uint64_t apkeys[10];        /* IA, IB, DA, DB, GA: low, high each     */
};

/* FP/SIMD registers. Aligned, as they move in pairs. */
struct fp_state {
	uint64_t v[32][2];
	uint64_t fpcr, fpsr;
} __attribute__((aligned(16)));

/*
 * Self-hosted debug. The hypervisor traps every access to these registers, so
 * this copy is always the current one and nothing is ever read back; the
 * hardware holds the breakpoints and watchpoints that are enabled.
 */
#define DEBUG_MAX_REGS 16
enum debug_bank { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR, DEBUG_NR_BANKS };
struct debug_state {
	uint64_t mdscr;
	uint64_t reg[DEBUG_NR_BANKS][DEBUG_MAX_REGS];
	uint32_t bp_on, wp_on;      /* bit n: the control register n has E set */
	bool os_lock;               /* OSLSR_EL1.OSLK                         */
};

/* The registers through which EL1 takes an exception. */
struct el1_exception {
	uint64_t sctlr, vbar;                 /* read only                    */
	uint64_t elr, spsr, esr, far;         /* written; far only if has_far */
	bool has_far;
};

/* How EL1 translates, to tell the level at which a table walk failed. */
struct el1_walk {
	uint64_t sctlr, tcr, ttbr0, ttbr1;
};

/* What EL2 programs for one vCPU. */
struct guest_control {
	uint64_t hcr;       /* HCR_EL2; bit VSE is the CPU's while loaded      */
	uint64_t vttbr;     /* VTTBR_EL2                                       */
	uint64_t vtcr;      /* VTCR_EL2                                        */
	uint64_t vmpidr;    /* VMPIDR_EL2                                      */
};

/**
 * arch_guest_cpu_init() - set the traps of the calling pCPU, once
 * @hcrx: HCRX_EL2 is among them; see group_uses_hcrx()
 *
 * Programs every EL2 register that decides what a guest may do and that is the
 * same for all guests: CPTR, MDCR, HSTR, HCRX if asked, fine-grained traps, MPAM, VPIDR.
 * Opens the OS lock. HCR_EL2 stays as it is: a vCPU brings its own.
 * Reads the features of this very pCPU for registers that may not exist.
 */
void arch_guest_cpu_init(bool hcrx);

/* Does this pCPU have what EL1_AUX says? Once on every pCPU, before the first guest. */
void arch_el1_probe(void);

/* Which registers of struct el1_state exist; set once, before the first load. */
void arch_el1_set_features(uint32_t features);

/* Raw ID_* registers of this pCPU that are in use, indexed by IDREG(). Other slots are 0. */
void arch_idregs_read(uint64_t *raw);

/* MIDR_EL1, REVIDR_EL1 and AIDR_EL1 of this pCPU. */
uint64_t arch_midr(void);
uint64_t arch_revidr(void);
uint64_t arch_aidr(void);

/* Move the EL1 state; interrupts masked. Loading ends with no barrier. */
void arch_el1_save(struct el1_state *s);
void arch_el1_load(const struct el1_state *s);

/* Exception registers of the vCPU that is loaded here. */
void arch_exception_read(struct el1_exception *e);
void arch_exception_write(const struct el1_exception *e);
void arch_walk_read(struct el1_walk *w);

/*
 * Write HCR_EL2, VTTBR_EL2 and VMPIDR_EL2, then ISB: from here on EL1 and its
 * translations are those of that guest.
 */
void arch_guest_control_load(const struct guest_control *c);
uint64_t arch_hcr_read(void);
void arch_hcr_write(uint64_t hcr);

/* VSESR_EL2, the syndrome of a virtual SError; only with EL1_RAS. */
void arch_vsesr_write(uint64_t vsesr);

/* Drop this pCPU's EL1&0 TLB entries and instructions of the current VMID. */
void arch_guest_tlb_flush_local(void);

/* CPTR_EL2.TFP, then ISB. While it is set neither EL2 may touch FP registers. */
void arch_fp_trap(bool on);
void arch_fp_save(struct fp_state *s);
void arch_fp_load(const struct fp_state *s);

/* MDSCR_EL1 and the OS lock of a vCPU that is loaded here. */
void arch_mdscr_write(uint64_t mdscr);
void arch_os_lock(bool locked);

/* One debug register: DBGBVR<n>_EL1 and so on. n must be implemented. */
void arch_debug_write(enum debug_bank bank, uint32_t n, uint64_t value);

/**
 * arch_translate_s1() - stage 1 of the loaded guest, as EL1 reads
 * @va: guest virtual address
 *
 * AT S1E1R; the guest's PAR_EL1 is kept. Return: PAR_EL1 with the result.
 */
uint64_t arch_translate_s1(uint64_t va);

/* FAR_EL2 and HPFAR_EL2 of the last exit on this pCPU. */
uint64_t arch_far(void);
uint64_t arch_hpfar(void);
