/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Burns all CPUs it has and counts; tells how much it got, and for how long it got nothing.
 * Reports are made where the physical counter, which all VMs share, passes multiples of a
 * time, so those of several VMs are of the same moments.
 *
 *     report_ms=1000   between two reports; 0: only when asked
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

#define ROUNDS 500u		/* between two looks at the counter */

static struct {
	volatile uint64_t rounds, gap;
	uint64_t last, pad[5];
} burnt[NR_CPUS_MAX] __attribute__((aligned(64)));

static uint64_t next, every;

static uint64_t count_now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(cntpct_el0);
}

static void report(void)
{
	uint64_t rounds = 0, gap = 0;

	for (unsigned int i = 0; i < smp_nr(); i++) {
		rounds += burnt[i].rounds;
		gap = burnt[i].gap > gap ? burnt[i].gap : gap;
		burnt[i].gap = 0;
	}
	gprintf("spin: %lu rounds at %lu ms, nothing for %lu us at most\n", rounds,
		(every ? next : burnt[0].last) / ticks_per_ms(), gap * 1000 / ticks_per_ms());
}

/* Interrupts are open here only. */
static void burn(unsigned int me)
{
	uint64_t rounds = ROUNDS, now;

	__asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(rounds) : : "cc");
	now = count_now();
	if (burnt[me].last && now - burnt[me].last > burnt[me].gap)
		burnt[me].gap = now - burnt[me].last;
	burnt[me].last = now;
	burnt[me].rounds++;
}

static void other(void *arg)
{
	(void)arg;
	for (;;)
		burn(this_cpu()->idx);
}

static void on_irq(void)
{
	uint32_t id = gic_ack();

	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static void spin(void)
{
	every = guest_arg("report_ms", 1000) * ticks_per_ms();
	gic_init();
	this_cpu()->irq_hook = on_irq;
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_start(i, other, NULL);
	prompt_start("spin", report);
	next = every ? count_now() / every * every + every : 0;
	for (;;) {
		irq_disable();
		prompt_poll();
		irq_enable();
		burn(0);
		if (!every || burnt[0].last < next)
			continue;
		report();
		burnt[0].last = count_now();
		next += every;
	}
}

GUEST_CASES(CASE(spin));
