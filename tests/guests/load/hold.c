/* SPDX-License-Identifier: Apache-2.0 */
/*
 * With the physical CPU interface in its hands (interrupts = "direct"): keeps out every interrupt
 * that it can, the hypervisor's too, and does not let go.
 *
 *     mode=0   how: see ways[]
 *
 * Each CPU says so before it begins; what it gets back of a pause it cannot tell.
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define AP1R0 S3_0_C12_C9_0           /* ICC_AP1R0_EL1 */
#define BPR1  S3_0_C12_C12_3          /* ICC_BPR1_EL1  */

/* The highest priority is active: nothing preempts it. */
static void highest_active(void)
{
	write_sysreg(AP1R0, 1);
	__asm__ volatile("isb" ::: "memory");
}

static void spins(void)
{
	highest_active();
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static void sleeps(void)
{
	highest_active();
	for (;;)
		wfi();
}

static void waits_for_events(void)
{
	highest_active();
	for (;;)
		__asm__ volatile("wfe" ::: "memory");
}

/* All it has is of one group priority, the highest: so is what it has taken and not ended. */
static void in_a_handler(void)
{
	write_sysreg(BPR1, 7);
	gic_prio_set(INTID_VTIMER, 0x40);
	write_sysreg(cntv_tval_el0, 100);
	write_sysreg(cntv_ctl_el0, 1);
	while (gic_ack() != INTID_VTIMER)
		;
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static void masks_all(void)
{
	gic_pmr(0);
	write_sysreg(ICC_IGRPEN1_EL1, 0);
	__asm__ volatile("msr daifset, #15" ::: "memory");
	for (;;)
		__asm__ volatile("" ::: "memory");
}

/* It ends no interrupt, and exits all the time. */
static void calls(void)
{
	for (;;) {
		struct smccc s = { { PSCI_VERSION } };

		highest_active();
		smccc_hvc(&s);
	}
}

static void (*const ways[])(void) = {
	spins, sleeps, waits_for_events, in_a_handler, masks_all, calls,
};

/* The console's interrupt stays off: with it the interface would not be the guest's. */
static void hold_on(void *arg)
{
	(void)arg;
	irq_disable();
	gic_cpu_init();
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	gprintf("hold: CPU %u holds\n", this_cpu()->idx);
	ways[guest_arg("mode", 0)]();
}

static void hold(void)
{
	gic_init();
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_start(i, hold_on, NULL);
	hold_on(NULL);
}

GUEST_CASES(CASE(hold));
