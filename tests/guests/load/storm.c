/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves EL1 in every way it knows, as often as it can: what neighbours must not notice.
 *
 *     report=0         rounds between two reports; 0: only when asked
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"
#include "lib/smccc.h"
#include "lib/uart.h"

static uint64_t rounds;

static void report(void)
{
	gprintf("storm: %lu rounds\n", rounds);
}

static void on_irq(void)
{
	uint32_t id = gic_ack();

	prompt_irq(id);
	if (id == INTID_VTIMER)
		write_sysreg(cntv_ctl_el0, 0);
	if (id == INTID_PTIMER)
		write_sysreg(cntp_ctl_el0, 0);
	__asm__ volatile("isb" ::: "memory");
	if (id < 1020)
		gic_eoi(id);
}

/* A sibling goes on and off for ever. */
static void sibling(void *arg)
{
	(void)arg;
}

static void distributor(void)
{
	for (unsigned int i = 32; i < 96; i += 32) {
		mmio_w32(GICD(GICD_ISENABLER) + i / 8, ~0u);
		mmio_w32(GICD(GICD_ISPENDR) + i / 8, ~0u);
		mmio_w32(GICD(GICD_ISACTIVER) + i / 8, 0);
		mmio_w32(GICD(GICD_ICPENDR) + i / 8, ~0u);
		mmio_w32(GICD(GICD_ICENABLER) + i / 8, i == 32 ? ~2u : ~0u);
	}
	(void)mmio_r64(gic_redist() + GICR_TYPER);
}

static void timers(void)
{
	write_sysreg(cntv_cval_el0, ticks_now() + rounds % 4096);
	write_sysreg(cntv_ctl_el0, 1);
	write_sysreg(cntp_cval_el0, read_sysreg(cntpct_el0) + rounds % 5000);
	write_sysreg(cntp_ctl_el0, 1);
}

static void calls(void)
{
	struct smccc s = { { 0x8400ffff, 0, 0, 0 } };

	psci_call(PSCI_VERSION, 0, 0, 0);
	psci_call(PSCI_AFFINITY_INFO64, ~0ul, 0, 0);
	hvc_call(TRNG_RND64, 192, 0, 0);
	smccc_smc(&s);
	if (smp_nr() > 1 && rounds % 64 == 0 && smp_start(1, sibling, NULL))
		smp_wait_off(1);
}

static void nowhere(void)
{
	TRAPS((void)mmio_r32(0x30000000));
	TRAPS((void)mmio_r32(GICD(0xe000)));
	TRAPS(write_sysreg(s3_0_c9_c14_1, 0));	/* PMINTENSET_EL1 */
}

static void upkeep(void)
{
	__asm__ volatile("tlbi vmalle1is\n dsb ish\n ic ialluis\n dsb ish\n isb" ::: "memory");
	gic_sgi_send(gic_sgi_to(1, read_sysreg(mpidr_el1)));
	gic_sgi_send(SGI1R_IRM | 2 << 24);
	(void)mmio_r32(UARTFR);
	(void)mmio_r32(RTCDR);
	(void)read_sysreg(id_aa64pfr0_el1);
}

static void sleep(void)
{
	irq_disable();
	write_sysreg(cntv_cval_el0, ticks_now() + 500);
	write_sysreg(cntv_ctl_el0, 1);
	wfi();
	irq_enable();
}

static void storm(void)
{
	uint64_t every = guest_arg("report", 0);

	gic_init();
	gic_bit_set(GICD_ISENABLER, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	gic_bit_set(GICD_ISENABLER, INTID_PTIMER);
	this_cpu()->irq_hook = on_irq;
	prompt_start("storm", report);
	for (;; rounds++) {
		irq_disable();
		prompt_poll();
		if (every && rounds % every == 0)
			report();
		irq_enable();
		distributor();
		timers();
		calls();
		nowhere();
		upkeep();
		if (rounds % 16 == 0)
			sleep();
	}
}

GUEST_CASES(CASE(storm));
