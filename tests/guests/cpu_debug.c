/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-hosted debug in the guest's hands: breakpoints, watchpoints, single-step, OS lock.
 * Arm ARM DDI 0487, "AArch64 Self-hosted Debug".
 */
#include "lib/guest.h"
#include "lib/smccc.h"

#define MDSCR_SS  (1u << 0)
#define MDSCR_KDE (1u << 13)
#define MDSCR_MDE (1u << 15)
#define BCR_EL1   (1u | 1u << 1 | 0xfu << 5)		/* E, PMC = EL1, BAS = all */
#define WCR_LOAD  (1u << 3)
#define WCR_STORE (2u << 3)
#define WCR_EL1   (1u | 1u << 1 | 0xffu << 5)		/* E, PAC = EL1, BAS = 8 bytes */

static volatile unsigned int hits;
static volatile uint64_t hit_pc, hit_far, hit_esr;

static void debug_on(uint32_t mdscr)
{
	write_sysreg(oslar_el1, 0);
	write_sysreg(mdscr_el1, mdscr);
	__asm__ volatile("isb\n msr daifclr, #8\n isb" ::: "memory");
}

static void debug_off(void)
{
	__asm__ volatile("msr daifset, #8" ::: "memory");
	write_sysreg(dbgbcr0_el1, 0);
	write_sysreg(dbgwcr0_el1, 0);
	write_sysreg(mdscr_el1, 0);
	__asm__ volatile("isb" ::: "memory");
	this_cpu()->sync_hook = NULL;
}

static void __attribute__((noinline, noclone)) target(void)
{
	__asm__ volatile("nop" ::: "memory");
}

/* Notes a breakpoint or watchpoint and disarms it, so that the instruction can run. */
static bool note_hit(struct trap_frame *f)
{
	uint64_t ec = ESR_EC(f->esr);

	if (ec != EC_BP_CUR && ec != EC_WP_CUR)
		return false;
	hits++;
	hit_pc = f->elr;
	hit_far = f->far;
	hit_esr = f->esr;
	write_sysreg(dbgbcr0_el1, 0);
	write_sysreg(dbgwcr0_el1, 0);
	__asm__ volatile("isb" ::: "memory");
	return true;
}

static void os_lock_can_be_cleared(void)
{
	write_sysreg(oslar_el1, 1);
	__asm__ volatile("isb");
	CHECK_EQ(read_sysreg(oslsr_el1) >> 1 & 1, 1, "OSLSR_EL1.OSLK after lock");
	write_sysreg(oslar_el1, 0);
	__asm__ volatile("isb");
	CHECK_EQ(read_sysreg(oslsr_el1) >> 1 & 1, 0, "OSLSR_EL1.OSLK after unlock");
}

static void every_breakpoint_register_stores(void)
{
	unsigned int nr_bp = (read_sysreg(id_aa64dfr0_el1) >> 12 & 0xf) + 1;
	unsigned int nr_wp = (read_sysreg(id_aa64dfr0_el1) >> 20 & 0xf) + 1;

	gprintf("%u breakpoints, %u watchpoints\n", nr_bp, nr_wp);
	write_sysreg(dbgbvr0_el1, 0x40201000);
	write_sysreg(dbgbvr1_el1, 0x40202000);
	write_sysreg(dbgwvr0_el1, 0x40203000);
	write_sysreg(dbgwvr1_el1, 0x40204000);
	__asm__ volatile("isb");
	hvc_call(PSCI_VERSION, 0, 0, 0);
	CHECK_EQ(read_sysreg(dbgbvr0_el1), 0x40201000, "DBGBVR0_EL1");
	CHECK_EQ(read_sysreg(dbgwvr0_el1), 0x40203000, "DBGWVR0_EL1");
	if (nr_bp > 1)
		CHECK_EQ(read_sysreg(dbgbvr1_el1), 0x40202000, "DBGBVR1_EL1");
	if (nr_wp > 1)
		CHECK_EQ(read_sysreg(dbgwvr1_el1), 0x40204000, "DBGWVR1_EL1");
}

static void breakpoint_hits_at_its_address(void)
{
	hits = 0;
	this_cpu()->sync_hook = note_hit;
	write_sysreg(dbgbvr0_el1, (uintptr_t)target);
	write_sysreg(dbgbcr0_el1, BCR_EL1);
	debug_on(MDSCR_MDE | MDSCR_KDE);
	hvc_call(PSCI_VERSION, 0, 0, 0);		/* an exit must not lose it */
	target();
	debug_off();
	CHECK_EQ(hits, 1, "hits");
	CHECK_EQ(hit_pc, (uintptr_t)target, "ELR_EL1");
	CHECK_EQ(ESR_ISS(hit_esr) & 0x3f, 0x22, "ISS.IFSC: debug exception");
}

static void breakpoint_needs_mde(void)
{
	hits = 0;
	this_cpu()->sync_hook = note_hit;
	write_sysreg(dbgbvr0_el1, (uintptr_t)target);
	write_sysreg(dbgbcr0_el1, BCR_EL1);
	debug_on(MDSCR_KDE);
	target();
	debug_off();
	CHECK_EQ(hits, 0, "hits with MDSCR_EL1.MDE 0");
}

static void watch(uint32_t access, bool store, unsigned int want)
{
	static volatile uint64_t cell[4];

	hits = 0;
	this_cpu()->sync_hook = note_hit;
	write_sysreg(dbgwvr0_el1, (uintptr_t)&cell[1]);
	write_sysreg(dbgwcr0_el1, WCR_EL1 | access);
	debug_on(MDSCR_MDE | MDSCR_KDE);
	cell[0] = 1;				/* the neighbours are not watched */
	(void)cell[2];
	if (store)
		cell[1] = 5;
	else
		(void)cell[1];
	debug_off();
	CHECK_EQ(hits, want, "hits");
	if (!want || !hits)
		return;
	CHECK_EQ(hit_far, (uintptr_t)&cell[1], "FAR_EL1");
	CHECK_EQ(ESR_ISS(hit_esr) & 0x3f, 0x22, "ISS.DFSC: debug exception");
	CHECK_EQ(ESR_ISS(hit_esr) >> 6 & 1, store, "ISS.WnR");
	if (store)
		CHECK_EQ(cell[1], 5, "the store after the hit");
}

static void watchpoint_hits_on_store(void) { watch(WCR_STORE, true, 1); }
static void watchpoint_hits_on_load(void) { watch(WCR_LOAD, false, 1); }
static void store_watchpoint_ignores_loads(void) { watch(WCR_STORE, false, 0); }

#define NR_STEPS 16

static volatile uint64_t step_pcs[NR_STEPS];

static bool note_step(struct trap_frame *f)
{
	if (ESR_EC(f->esr) == EC_BRK64) {	/* start */
		f->spsr |= 1ul << 21;
		f->spsr &= ~(1ul << 9);
		f->elr += 4;
		write_sysreg(mdscr_el1, MDSCR_SS | MDSCR_KDE);
		return true;
	}
	if (ESR_EC(f->esr) != EC_STEP_CUR)
		return false;
	if (hits < NR_STEPS)
		step_pcs[hits] = f->elr;
	hits++;
	if (hits < 5) {
		f->spsr |= 1ul << 21;
	} else {
		write_sysreg(mdscr_el1, 0);
		f->spsr |= 1ul << 9;
	}
	return true;
}

/* BRK turns stepping on; each of the following instructions ends in one exception. */
static void single_step_goes_instruction_by_instruction(void)
{
	uint64_t base;

	hits = 0;
	this_cpu()->sync_hook = note_step;
	debug_on(MDSCR_KDE);
	__asm__ volatile("adr %0, 1f\n brk #1\n"
			 "1: nop\n nop\n add x9, x9, #0\n mrs x9, ctr_el0\n nop\n nop\n nop\n"
			 : "=&r"(base) : : "x9", "memory");
	debug_off();
	CHECK_EQ(hits, 5, "steps");
	for (unsigned int i = 0; i < 5; i++)
		CHECK_EQ(step_pcs[i], base + 4 * (i + 1), "ELR_EL1 of a step");
}

/* What exits to the hypervisor is one step as well: HVC and a read of an ID register. */
static void single_step_over_an_exit_is_one_step(void)
{
	uint64_t base;

	hits = 0;
	this_cpu()->sync_hook = note_step;
	debug_on(MDSCR_KDE);
	__asm__ volatile("adr x9, 1f\n mov %0, x9\n"
			 "ldr x0, =0x84000000\n mov x10, #0x09000000\n brk #1\n"
			 "1: nop\n"
			 "hvc #0\n"
			 "mrs x9, id_aa64pfr0_el1\n"
			 "ldr w9, [x10, #0x18]\n"
			 "nop\n nop\n nop\n"
			 : "=&r"(base) : : "x0", "x1", "x2", "x3", "x9", "x10", "memory");
	debug_off();
	CHECK_EQ(hits, 5, "steps");
	for (unsigned int i = 0; i < 5; i++)
		CHECK_EQ(step_pcs[i], base + 4 * (i + 1), "ELR_EL1 of a step");
}

static volatile uint64_t other_bvr;

static void other_cpu(void *arg)
{
	(void)arg;
	write_sysreg(dbgbvr0_el1, 0x40ff0000);
	write_sysreg(dbgbcr0_el1, 0);
	other_bvr = read_sysreg(dbgbvr0_el1);
}

static void debug_registers_are_per_cpu(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	write_sysreg(dbgbvr0_el1, 0x40ee0000);
	if (!smp_start(1, other_cpu, NULL) || !smp_wait_off(1))
		return;
	CHECK_EQ(other_bvr, 0x40ff0000, "DBGBVR0_EL1 there");
	CHECK_EQ(read_sysreg(dbgbvr0_el1), 0x40ee0000, "DBGBVR0_EL1 here");
}

GUEST_CASES(
	CASE(os_lock_can_be_cleared),
	CASE(every_breakpoint_register_stores),
	CASE(breakpoint_hits_at_its_address),
	CASE(breakpoint_needs_mde),
	CASE(watchpoint_hits_on_store),
	CASE(watchpoint_hits_on_load),
	CASE(store_watchpoint_ignores_loads),
	CASE(single_step_goes_instruction_by_instruction),
	CASE(single_step_over_an_exit_is_one_step),
	CASE(debug_registers_are_per_cpu));
