/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WFI and WFE: they end, and at the right moment. Every wait here is bounded by a timer, so a
 * lost wake-up is a failed check. Arm ARM DDI 0487, "Wait For Interrupt", "Wait for Event".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

static inline void wfe(void)  { __asm__ volatile("wfe" ::: "memory"); }
static inline void sev(void)  { __asm__ volatile("dsb ish; sev" ::: "memory"); }
static inline void sevl(void) { __asm__ volatile("sevl" ::: "memory"); }

/* Wakes everything after ms: the limit of the waits below. */
static void alarm(unsigned int ms)
{
	write_sysreg(cntv_cval_el0, ticks_now() + ms * ticks_per_ms());
	write_sysreg(cntv_ctl_el0, 1);
	gic_bit_set(GICD_ISENABLER, INTID_VTIMER);
	__asm__ volatile("isb");
}

static void alarm_off(void)
{
	write_sysreg(cntv_ctl_el0, 0);
	__asm__ volatile("isb");
	gic_bit_set(GICD_ICENABLER, INTID_VTIMER);
}

static bool alarm_rang(void)
{
	return read_sysreg(cntv_ctl_el0) & 4;
}

static void wfi_with_pending_interrupt_returns_at_once(void)
{
	gic_init();
	gic_bit_set(GICD_ISENABLER, 1);
	gic_sgi_send(gic_sgi_to(1, read_sysreg(mpidr_el1)));
	CHECK(WAIT_UNTIL(read_sysreg(isr_el1) & 0x80, LONG_MS), "ISR_EL1.I");
	alarm(2000);
	for (unsigned int i = 0; i < 100; i++)
		wfi();
	CHECK(!alarm_rang(), "WFI slept with an interrupt pending");
	alarm_off();
	CHECK_EQ(gic_wait_ack(LONG_MS), 1, "the interrupt");
	gic_eoi(1);
}

/* Disabled at the GIC or masked by priority: not a wake-up event by itself. */
static void wfi_sleeps_until_the_alarm(void)
{
	uint64_t due;

	gic_init();
	alarm(5);
	due = read_sysreg(cntv_cval_el0);
	while (!(read_sysreg(isr_el1) & 0x80))
		wfi();
	CHECK(ticks_now() >= due, "ISR_EL1.I before the alarm");
	CHECK_EQ(gic_ack(), INTID_VTIMER, "interrupt");
	alarm_off();
	gic_eoi(INTID_VTIMER);
}

static void wfe_after_sevl_returns_at_once(void)
{
	gic_init();
	alarm(2000);
	for (unsigned int i = 0; i < 100; i++) {
		sevl();
		wfe();
	}
	CHECK(!alarm_rang(), "WFE slept on a set event register");
	alarm_off();
}

static void wfe_after_sev_returns_at_once(void)
{
	gic_init();
	alarm(2000);
	for (unsigned int i = 0; i < 100; i++) {
		sev();
		wfe();
	}
	CHECK(!alarm_rang(), "WFE slept after own SEV");
	alarm_off();
}

/* CNTKCTL_EL1's event stream wakes WFE without any interrupt. */
static void event_stream_ends_wfe(void)
{
	gic_init();
	write_sysreg(cntkctl_el1, 1u << 2 | 10u << 4);	/* EVNTEN, bit 10 of the counter */
	__asm__ volatile("isb");
	alarm(LONG_MS);
	for (unsigned int i = 0; i < 20; i++)
		wfe();
	CHECK(!alarm_rang(), "WFE waits in spite of the event stream");
	write_sysreg(cntkctl_el1, 0);
	alarm_off();
}

static volatile bool ready, go, stop;
static volatile unsigned int laps;

static void wait_for_events(void *arg)
{
	(void)arg;
	ready = true;
	while (!stop) {
		while (!go && !stop)
			wfe();
		go = false;
		laps++;
		sev();
	}
}

#define NR_LAPS 300

/*
 * Two CPUs hand a flag over and over: a lost event stops them. QEMU's WFE never traps, so two
 * vCPUs on one CPU need a time slice for each half of a lap.
 */
static void sev_wakes_another_cpu(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	gic_init();
	ready = go = stop = false;
	laps = 0;
	if (!smp_start(1, wait_for_events, NULL) || !WAIT_UNTIL(ready, LONG_MS))
		return;
	alarm(3 * LONG_MS);
	for (unsigned int i = 0; i < NR_LAPS && !alarm_rang(); i++) {
		go = true;
		sev();
		while (laps == i && !alarm_rang())
			wfe();
	}
	CHECK_EQ(laps, NR_LAPS, "laps before the alarm");
	stop = true;
	sev();
	alarm_off();
	CHECK(smp_wait_off(1), "cpu 1 stays on");
}

static volatile unsigned int wakes;

static void sleeper_irq(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	if (id == 2)
		wakes++;
	gic_eoi(id);
}

static void sleeper(void *arg)
{
	(void)arg;
	gic_cpu_init();
	gic_bit_set(GICD_ISENABLER, 2);
	gic_bit_set(GICD_ISENABLER, 3);
	this_cpu()->irq_hook = sleeper_irq;
	ready = true;
	irq_enable();
	while (!stop)
		wfi();
	irq_disable();
}

/*
 * The window between looking and sleeping: an SGI that comes there must end the WFI. A CPU in
 * this loop tests no flag before it sleeps, so each lost wake-up shows as a missing count.
 */
static void wakeup_is_not_lost_before_wfi(void)
{
	unsigned int i;

	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	gic_init();
	ready = stop = false;
	wakes = 0;
	if (!smp_start(1, sleeper, NULL) || !WAIT_UNTIL(ready, LONG_MS))
		return;
	for (i = 0; i < 3000; i++) {
		gic_sgi_send(gic_sgi_to(2, cpus[1].mpidr));
		if (!WAIT_UNTIL(wakes == i + 1, LONG_MS))
			break;
		/* Moves the send over the sleeper's loop. */
		for (volatile unsigned int d = 0; d < i % 97; d++)
			;
	}
	CHECK_EQ(i, 3000, "wake-ups");
	stop = true;
	gic_sgi_send(gic_sgi_to(3, cpus[1].mpidr));
	CHECK(smp_wait_off(1), "cpu 1 stays on");
}

/* FEAT_WFxT: with a time-out that is over, at once; else at the time. */
static void wfit_ends_at_its_time(void)
{
	uint64_t due;

	SKIP_UNLESS(SYSREG_FIELD(read_sysreg(ID_AA64ISAR2_EL1), 0) >= 2, "no FEAT_WFxT");
	gic_init();
	due = ticks_now() + 3 * ticks_per_ms();
	while (ticks_now() < due) {
		register uint64_t x0 __asm__("x0") = due;

		__asm__ volatile(".inst 0xd5031020" : : "r"(x0) : "memory");	/* wfit x0 */
	}
	CHECK(ticks_now() >= due, "early");
}

GUEST_CASES(
	CASE(wfi_with_pending_interrupt_returns_at_once),
	CASE(wfi_sleeps_until_the_alarm),
	CASE(wfe_after_sevl_returns_at_once),
	CASE(wfe_after_sev_returns_at_once),
	CASE(event_stream_ends_wfe),
	CASE(sev_wakes_another_cpu),
	CASE(wakeup_is_not_lost_before_wfi),
	CASE(wfit_ends_at_its_time));
