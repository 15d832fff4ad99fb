/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A periodic timer that measures how late its interrupt is, from the deadline to the handler.
 *
 *     period_us=1000   between ticks
 *     report=1000      ticks between two reports; 0: only when asked
 *     ticks=0          so many, then silence; 0: for ever
 *     wait=0           1: the word "go" starts it
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

/* Of all ticks since the last report. */
static struct {
	uint64_t nr, sum, min, max, lost;
} seen;

static uint64_t due, period, nr_ticks, limit;

static uint64_t ns(uint64_t ticks)
{
	return ticks * 1000000 / ticks_per_ms();
}

static void start_anew(void)
{
	seen.nr = seen.sum = seen.max = seen.lost = 0;
	seen.min = ~0ul;
}

static void report(void)
{
	gprintf("rt_tick: %lu ticks, late by %lu to %lu ns, %lu on average, %lu lost\n", nr_ticks,
		seen.nr ? ns(seen.min) : 0, ns(seen.max), seen.nr ? ns(seen.sum) / seen.nr : 0,
		seen.lost);
	start_anew();
}

/* A tick that another one has overtaken is lost: the next is at its own time. */
static void tick(uint64_t now)
{
	uint64_t late = now - due;

	seen.nr++;
	seen.sum += late;
	seen.min = late < seen.min ? late : seen.min;
	seen.max = late > seen.max ? late : seen.max;
	nr_ticks++;
	for (due += period; due <= now; due += period) {
		seen.lost++;
		nr_ticks++;
	}
	if (limit && nr_ticks >= limit)
		write_sysreg(cntv_ctl_el0, 0);
	write_sysreg(cntv_cval_el0, due);
	__asm__ volatile("isb" ::: "memory");
}

static void on_irq(void)
{
	uint64_t now = ticks_now();
	uint32_t id = gic_ack();

	if (id == INTID_VTIMER)
		tick(now);
	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static void go(void)
{
	due = ticks_now() + period;
	write_sysreg(cntv_cval_el0, due);
	write_sysreg(cntv_ctl_el0, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
}

static void rt_tick(void)
{
	uint64_t every = guest_arg("report", 1000), next = every;

	gic_init();
	period = guest_arg("period_us", 1000) * ticks_per_ms() / 1000;
	limit = guest_arg("ticks", 0);
	start_anew();
	this_cpu()->irq_hook = on_irq;
	prompt_start("rt_tick", report);
	if (!guest_arg("wait", 0))
		go();
	for (;;) {
		irq_disable();
		if (strcmp(prompt_poll(), "go") == 0)
			go();
		if ((every && nr_ticks >= next) || (limit && nr_ticks >= limit)) {
			report();
			next = nr_ticks + every;
			/* Once; it stays to be asked. */
			limit = 0;
		}
		wfi();
		irq_enable();
	}
}

GUEST_CASES(CASE(rt_tick));
