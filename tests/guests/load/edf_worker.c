/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job in each period, to be done by the end of that period; counts deadlines met and missed.
 *
 *     period_us=10000  between releases
 *     work_us=1000     what a job computes
 *     report=1000      jobs between two reports; 0: only when asked
 *     jobs=0           so many, then silence; 0: for ever
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

static uint64_t release, period, nr_jobs, met, missed, worst;
static volatile bool released;

static void report(void)
{
	gprintf("edf_worker: %lu jobs, %lu met, %lu missed, done after %lu us at most\n", nr_jobs,
		met, missed, worst * 1000 / ticks_per_ms());
	worst = 0;
}

static void compute(uint64_t rounds)
{
	__asm__ volatile("1: subs %0, %0, #1\n b.ne 1b" : "+r"(rounds) : : "cc");
}

/* Rounds in us, as fast as it ever was: other tries were interrupted. */
static uint64_t calibrate(uint64_t us)
{
	const uint64_t try = 5000;
	uint64_t best = ~0ul;

	for (unsigned int i = 0; i < 64; i++) {
		uint64_t start = ticks_now(), took;

		compute(try);
		took = ticks_now() - start;
		best = took && took < best ? took : best;
	}
	return us * ticks_per_ms() * try / (best * 1000);
}

static void on_irq(void)
{
	uint32_t id = gic_ack();

	if (id == INTID_VTIMER) {
		write_sysreg(cntv_ctl_el0, 0);
		__asm__ volatile("isb" ::: "memory");
		released = true;
	}
	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static void job(uint64_t rounds)
{
	uint64_t took;

	released = false;
	compute(rounds);
	took = ticks_now() - release;
	nr_jobs++;
	if (took <= period)
		met++;
	else
		missed++;
	worst = took > worst ? took : worst;
	release += period;
	write_sysreg(cntv_cval_el0, release);
	write_sysreg(cntv_ctl_el0, 1);
	__asm__ volatile("isb" ::: "memory");
}

static void edf_worker(void)
{
	uint64_t rounds = calibrate(guest_arg("work_us", 1000));
	uint64_t every = guest_arg("report", 1000), limit = guest_arg("jobs", 0);

	gic_init();
	period = guest_arg("period_us", 10000) * ticks_per_ms() / 1000;
	this_cpu()->irq_hook = on_irq;
	prompt_start("edf_worker", report);
	release = ticks_now() + period;
	write_sysreg(cntv_cval_el0, release);
	write_sysreg(cntv_ctl_el0, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	for (;;) {
		irq_disable();
		prompt_poll();
		if (!released)
			wfi();
		irq_enable();
		if (!released || (limit && nr_jobs >= limit))
			continue;
		job(rounds);
		if ((every && nr_jobs % every == 0) || nr_jobs == limit)
			report();
	}
}

GUEST_CASES(CASE(edf_worker));
