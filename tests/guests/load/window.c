/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at the clock without end, and finds the windows in which it runs from where the clock
 * jumps: when they begin and end within a frame, by the counter that all VMs share.
 *
 *     frame_us=10000   the major frame
 *     frames=0         so many, then a report and silence; 0: for ever
 *     gap_us=20        a jump of at least this ends a window
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

/* Distances to the first one, modulo the frame. */
struct edge {
	uint64_t first, nr;
	int64_t min, max;
};

static struct edge begin, end;
static uint64_t frame;

static int64_t ns(int64_t ticks)
{
	return ticks * 1000000 / (int64_t)ticks_per_ms();
}

static void note(struct edge *e, uint64_t at)
{
	int64_t d;

	if (e->nr++ == 0)
		e->first = at;
	d = (int64_t)((at - e->first) % frame);
	if (d > (int64_t)frame / 2)
		d -= (int64_t)frame;
	e->min = d < e->min ? d : e->min;
	e->max = d > e->max ? d : e->max;
}

static void show(const char *what, const struct edge *e)
{
	gprintf("window: %lu %s at %lu ns of the frame, from %ld to %ld\n", e->nr, what,
		ns((int64_t)(e->first % frame)), ns(e->min), ns(e->max));
}

static void report(void)
{
	show("begin", &begin);
	show("end", &end);
}

static void on_irq(void)
{
	uint32_t id = gic_ack();

	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

/* To the end of a window and the begin of the next. Interrupts masked. */
static void watch(uint64_t gap)
{
	uint64_t last = read_sysreg(cntpct_el0), now = last;

	while (now - last < gap) {
		last = now;
		now = read_sysreg(cntpct_el0);
	}
	note(&end, last);
	note(&begin, now);
}

static void window(void)
{
	uint64_t frames = guest_arg("frames", 0);
	uint64_t gap = guest_arg("gap_us", 20) * ticks_per_ms() / 1000;

	frame = guest_arg("frame_us", 10000) * ticks_per_ms() / 1000;
	gic_init();
	this_cpu()->irq_hook = on_irq;
	prompt_start("window", report);
	for (;;) {
		irq_disable();
		prompt_poll();
		if (!frames || begin.nr < frames) {
			watch(gap);
			if (begin.nr == frames)
				report();
		}
		irq_enable();
	}
}

GUEST_CASES(CASE(window));
