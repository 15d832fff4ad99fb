/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PMU is there as a whole or not at all. Arm ARM DDI 0487, "The Performance Monitors
 * Extension", "ID_AA64DFR0_EL1.PMUVer".
 */
#include "lib/gic.h"
#include "lib/guest.h"

static bool has_pmu(void)
{
	unsigned int v = SYSREG_FIELD(read_sysreg(id_aa64dfr0_el1), 8);

	return v != 0 && v != 15;
}

/* Each register of PMUv3, one access. */
#define PMU_REGS(op)                                                           \
	op(pmcr_el0) op(pmcntenset_el0) op(pmcntenclr_el0) op(pmovsclr_el0)    \
	op(pmselr_el0) op(pmceid0_el0) op(pmceid1_el0) op(pmccntr_el0)         \
	op(pmxevtyper_el0) op(pmxevcntr_el0) op(pmuserenr_el0) op(pmintenset_el1) \
	op(pmintenclr_el1) op(pmovsset_el0) op(pmccfiltr_el0)

static void registers_go_with_the_id_field(void)
{
	unsigned int want = !has_pmu();

	write_sysreg(cpacr_el1, 3ul << 20);
	if (has_pmu())
		write_sysreg(pmselr_el0, 31);	/* PMXEVTYPER is then PMCCFILTR */
#define READS(reg)                                                             \
	CHECK_EQ(TRAPS((void)read_sysreg(reg)), want, "exceptions from reading " #reg); \
	if (this_cpu()->trap.count)                                            \
		CHECK_EQ(ESR_EC(this_cpu()->trap.esr), EC_UNKNOWN, "EC of " #reg);
	/* PMXEVCNTR with PMSELR 31 is constrained unpredictable: select counter 0 for it. */
	if (has_pmu() && (read_sysreg(pmcr_el0) >> 11 & 0x1f))
		write_sysreg(pmselr_el0, 0);
	else if (has_pmu())
		return;
	PMU_REGS(READS)
}

static void cycle_counter_counts(void)
{
	uint64_t a, b;

	SKIP_UNLESS(has_pmu(), "no PMU");
	write_sysreg(pmcr_el0, 1u | 1u << 2 | 1u << 6);		/* E, C, LC */
	write_sysreg(pmccfiltr_el0, 0);
	write_sysreg(pmcntenset_el0, 1ul << 31);
	__asm__ volatile("isb");
	a = read_sysreg(pmccntr_el0);
	delay_ms(2);
	b = read_sysreg(pmccntr_el0);
	CHECK(b > a, "PMCCNTR_EL0 went from %lu to %lu", a, b);
	write_sysreg(pmcntenclr_el0, 1ul << 31);
	__asm__ volatile("isb");
	a = read_sysreg(pmccntr_el0);
	delay_ms(2);
	CHECK_EQ(read_sysreg(pmccntr_el0), a, "PMCCNTR_EL0 while disabled");
}

static void overflow_raises_its_interrupt(void)
{
	SKIP_UNLESS(has_pmu(), "no PMU");
	gic_init();
	gic_bit_set(GICD_ISENABLER, INTID_PMU);
	write_sysreg(pmcr_el0, 1u | 1u << 6);
	write_sysreg(pmovsclr_el0, 0xffffffff);
	write_sysreg(pmintenset_el1, 1ul << 31);
	write_sysreg(pmccntr_el0, ~0ul - 1000);
	write_sysreg(pmcntenset_el0, 1ul << 31);
	__asm__ volatile("isb");
	CHECK_EQ(gic_wait_ack(LONG_MS), INTID_PMU, "interrupt of the overflow");
	CHECK_EQ(read_sysreg(pmovsset_el0) >> 31 & 1, 1, "PMOVSSET_EL0.C");
	write_sysreg(pmovsclr_el0, 0xffffffff);
	write_sysreg(pmintenclr_el1, 0xffffffff);
	write_sysreg(pmcntenclr_el0, 1ul << 31);
	gic_eoi(INTID_PMU);
}

GUEST_CASES(
	CASE(registers_go_with_the_id_field),
	CASE(cycle_counter_counts),
	CASE(overflow_raises_its_interrupt));
