/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the PL031 that its device tree tells of: with a board's own, passed through, none of its
 * registers costs an exit.
 *
 *     tree      where it is by the device tree, its interrupt, the rate of its clock
 *     alarm     sets the alarm to the next second; how many interrupts came
 *     alarms    the same four times, and does nothing else meanwhile
 *     armed     sets the alarm to the next second and leaves it
 *     count     how many came since the last answer
 *     storm     sets the alarm and from then on never makes the line drop
 *     calm      makes it drop again
 *     polls     reads it 1,000 times
 *     beside    reads behind its page; "abort" if that faults
 */
#include "lib/fdt.h"
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/prompt.h"

#define RTCDR   0x00
#define RTCMR   0x04
#define RTCIMSC 0x10
#define RTCICR  0x1c

static uintptr_t rtc;
static uint32_t intid;
static volatile unsigned int nr_alarms;
static volatile bool storming;

static void on_irq(void)
{
	uint32_t id = gic_ack();

	if (id == intid) {
		if (!storming)
			mmio_w32(rtc + RTCICR, 1);
		nr_alarms++;
	}
	prompt_irq(id);
	if (id < 1020)
		gic_eoi(id);
}

static bool find(void)
{
	const void *fdt = (const void *)boot_state.x[0];
	long node = fdt_ok(fdt) ? fdt_find_compatible(fdt, -1, "arm,pl031") : -1;
	const void *reg = node < 0 ? NULL : fdt_prop(fdt, node, "reg", NULL);
	const void *irq = node < 0 ? NULL : fdt_prop(fdt, node, "interrupts", NULL);

	if (!reg || !irq)
		return false;
	rtc = fdt_u64(reg, 0);
	intid = 32 + fdt_u32(irq, 1);
	return true;
}

/* The clock's node by the reference in the RTC's: the rate, if that leads there. */
static unsigned int clock_hz(void)
{
	const void *fdt = (const void *)boot_state.x[0];
	long node = fdt_find_compatible(fdt, -1, "arm,pl031"), clock = -1;
	const void *ref = fdt_prop(fdt, node, "clocks", NULL), *p;

	while (ref && (clock = fdt_find_compatible(fdt, clock, "fixed-clock")) >= 0) {
		p = fdt_prop(fdt, clock, "phandle", NULL);
		if (p && fdt_u32(p, 0) == fdt_u32(ref, 0))
			return fdt_u32(fdt_prop(fdt, clock, "clock-frequency", NULL), 0);
	}
	return 0;
}

static void arm(void)
{
	mmio_w32(rtc + RTCIMSC, 1);
	mmio_w32(rtc + RTCMR, mmio_r32(rtc + RTCDR) + 1);
}

static void alarm(void)
{
	nr_alarms = 0;
	arm();
	irq_enable();
	WAIT_UNTIL(nr_alarms, LONG_MS);
	delay_ms(10);
	irq_disable();
	gprintf("rtc: alarm %u\n", nr_alarms);
}

static void alarms(void)
{
	irq_enable();
	for (unsigned int i = 1; i <= 4; i++) {
		nr_alarms = i - 1;
		arm();
		WAIT_UNTIL(nr_alarms >= i, LONG_MS);
	}
	irq_disable();
	gprintf("rtc: alarms %u\n", nr_alarms);
}

static void polls(void)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 1000; i++)
		sum |= mmio_r32(rtc + RTCDR);
	gprintf("rtc: polls %s\n", sum ? "done" : "zero");
}

static void obey(const char *s)
{
	if (strcmp(s, "tree") == 0) {
		gprintf("rtc: tree 0x%lx intid %u clock %u\n", rtc, intid, clock_hz());
	} else if (strcmp(s, "alarm") == 0) {
		alarm();
	} else if (strcmp(s, "alarms") == 0) {
		alarms();
	} else if (strcmp(s, "armed") == 0) {
		arm();
		gprintf("rtc: armed done\n");
	} else if (strcmp(s, "storm") == 0 || strcmp(s, "calm") == 0) {
		storming = s[0] == 's';
		arm();
		gprintf("rtc: %s done\n", s);
	} else if (strcmp(s, "count") == 0) {
		gprintf("rtc: count %u\n", nr_alarms);
		nr_alarms = 0;
	} else if (strcmp(s, "polls") == 0) {
		polls();
	} else if (strcmp(s, "beside") == 0) {
		gprintf("rtc: beside %s\n", TRAPS(mmio_r32(rtc + 0x1000)) ? "abort" : "read");
	}
}

static void report(void) { gprintf("rtc: here\n"); }

static void board_rtc(void)
{
	bool there = find();

	gic_init();
	this_cpu()->irq_hook = on_irq;
	if (there)
		gic_bit_set(GICD_ISENABLER, intid);
	prompt_start("rtc", report);
	gprintf("rtc: ready, %s\n", there ? "there" : "none");
	for (;;) {
		irq_disable();
		obey(prompt_poll());
		wfi();
		irq_enable();
	}
}

GUEST_CASES(CASE(board_rtc));
