/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared interrupts: by software and by a device, edge and level, more than there are list
 * registers, moved, cleared and deactivated while they are in flight.
 * IHI 0069, "Interrupt lifecycle", "GICD_ICACTIVER<n>", "GICD_IROUTER<n>".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/uart.h"

#define CTLR_EOIMODE (1ul << 1)
#define SPI0         40		/* 40 to 47: PCIe and GPIO lines, quiet; then virtio-mmio from 48 */
#define NR_MANY      24		/* 40 to 63 */

static volatile uint32_t taken[128];
static volatile unsigned int nr_taken;

static void setup(void)
{
	gic_init();
	gic_quiet(32, 32);
	nr_taken = 0;
}

static void note_irq(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	if (nr_taken < ARRAY_SIZE(taken))
		taken[nr_taken] = id;
	nr_taken++;
	gic_eoi(id);
}

static void enable(unsigned int intid, uint8_t prio)
{
	gic_prio_set(intid, prio);
	gic_bit_set(GICD_ISENABLER, intid);
}

static void software_pending_is_taken_once(void)
{
	setup();
	enable(SPI0, 0x80);
	gic_bit_set(GICD_ISPENDR, SPI0);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "acknowledged");
	CHECK(gic_bit_get(GICD_ISACTIVER, SPI0), "not active");
	CHECK(!gic_bit_get(GICD_ISPENDR, SPI0), "still pending");
	gic_eoi(SPI0);
	CHECK(!gic_bit_get(GICD_ISACTIVER, SPI0), "active after EOI");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken again");
}

static uint8_t prio_of(unsigned int i)
{
	return (uint8_t)(((i * 11 + 5) & 15) << 4);
}

/* Far more than any implementation's list registers, in every order of priority. */
static void many_together_go_by_priority_without_loss(void)
{
	uint64_t seen = 0;

	setup();
	for (unsigned int i = 0; i < NR_MANY; i++)
		enable(SPI0 + i, prio_of(i));
	gic_pmr(0xff);
	for (unsigned int i = 0; i < NR_MANY; i++)
		gic_bit_set(GICD_ISPENDR, SPI0 + i);
	this_cpu()->irq_hook = note_irq;
	irq_enable();
	WAIT_UNTIL(nr_taken >= NR_MANY, LONG_MS);
	delay_ms(2);
	irq_disable();
	CHECK_EQ(nr_taken, NR_MANY, "interrupts taken");
	for (unsigned int i = 0; i < NR_MANY && i < nr_taken; i++) {
		CHECK(taken[i] >= SPI0 && taken[i] < SPI0 + NR_MANY, "INTID %u", taken[i]);
		CHECK(!(seen >> (taken[i] - SPI0) & 1), "INTID %u twice", taken[i]);
		seen |= 1ul << (taken[i] - SPI0);
		if (i)
			CHECK(prio_of(taken[i] - SPI0) >= prio_of(taken[i - 1] - SPI0),
			      "priority 0x%x after 0x%x", prio_of(taken[i] - SPI0),
			      prio_of(taken[i - 1] - SPI0));
	}
}

/* All at one word write, as an interrupt controller driver may do. */
static void many_by_one_write(void)
{
	setup();
	for (unsigned int i = 0; i < NR_MANY; i++)
		enable(SPI0 + i, 0xa0);
	this_cpu()->irq_hook = note_irq;
	for (unsigned int round = 0; round < 20; round++) {
		nr_taken = 0;
		mmio_w32(GICD(GICD_ISPENDR) + 4, 0xffffff00);
		irq_enable();
		WAIT_UNTIL(nr_taken >= NR_MANY, LONG_MS);
		irq_disable();
		CHECK_EQ(nr_taken, NR_MANY, "interrupts taken");
	}
}

/* A late one of the highest priority overtakes those already waiting in list registers. */
static void late_high_priority_overtakes(void)
{
	uint32_t first;

	setup();
	for (unsigned int i = 0; i < NR_MANY; i++)
		enable(SPI0 + i, 0xa0);
	gic_prio_set(SPI0 + 20, 0x10);
	mmio_w32(GICD(GICD_ISPENDR) + 4, 0xffffff00 & ~(1u << (SPI0 + 20 - 32)));
	first = gic_wait_ack(LONG_MS);
	CHECK(first != INTID_NONE, "nothing comes");
	gic_bit_set(GICD_ISPENDR, SPI0 + 20);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0 + 20, "preempting");
	gic_eoi(SPI0 + 20);
	gic_eoi(first);
	mmio_w32(GICD(GICD_ICPENDR) + 4, 0xffffffff);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "after all were cleared");
}

static void nested_ends_leave_nothing_active(void)
{
	uint32_t stack[NR_MANY];

	setup();
	for (unsigned int i = 0; i < 12; i++)
		enable(SPI0 + i, (uint8_t)(0xc0 - i * 0x10));
	/* Each preempts the one before: twelve active at once. */
	for (unsigned int i = 0; i < 12; i++) {
		gic_bit_set(GICD_ISPENDR, SPI0 + i);
		stack[i] = gic_wait_ack(LONG_MS);
		CHECK_EQ(stack[i], SPI0 + i, "nested");
	}
	for (unsigned int i = 12; i-- > 0;) {
		CHECK(gic_bit_get(GICD_ISACTIVER, SPI0 + i), "INTID %u is not active", SPI0 + i);
		gic_eoi(stack[i]);
	}
	CHECK_EQ(mmio_r32(GICD(GICD_ISACTIVER) + 4), 0, "active at the end");
	CHECK_EQ(read_sysreg(ICC_RPR_EL1) & 0xff, 0xff, "ICC_RPR_EL1");
}

/* EOImode 1: many dropped but still active, deactivated out of order. */
static void deactivation_in_any_order(void)
{
	setup();
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) | CTLR_EOIMODE);
	__asm__ volatile("isb");
	for (unsigned int i = 0; i < NR_MANY; i++)
		enable(SPI0 + i, 0xa0);
	mmio_w32(GICD(GICD_ISPENDR) + 4, 0xffffff00);
	for (unsigned int i = 0; i < NR_MANY; i++) {
		uint32_t id = gic_wait_ack(LONG_MS);

		CHECK(id != INTID_NONE, "only %u came", i);
		if (id == INTID_NONE)
			break;
		gic_eoi(id);
	}
	CHECK_EQ(mmio_r32(GICD(GICD_ISACTIVER) + 4), 0xffffff00, "active");
	for (unsigned int i = 0; i < NR_MANY; i++)
		gic_dir(SPI0 + (i * 7) % NR_MANY);
	CHECK_EQ(mmio_r32(GICD(GICD_ISACTIVER) + 4), 0, "active after ICC_DIR_EL1");
	/* And all of them work once more. */
	mmio_w32(GICD(GICD_ISPENDR) + 4, 0x100);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "once more");
	gic_eoi(SPI0);
	gic_dir(SPI0);
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) & ~CTLR_EOIMODE);
	__asm__ volatile("isb");
}

static void clearing_pending_reaches_the_cpu(void)
{
	setup();
	enable(SPI0, 0x80);
	for (unsigned int i = 0; i < 50; i++) {
		gic_bit_set(GICD_ISPENDR, SPI0);
		CHECK(gic_bit_get(GICD_ISPENDR, SPI0), "not pending");
		gic_bit_set(GICD_ICPENDR, SPI0);
		CHECK(!gic_bit_get(GICD_ISPENDR, SPI0), "pending after GICD_ICPENDR");
		CHECK_EQ(gic_ack(), INTID_NONE, "taken after GICD_ICPENDR");
	}
}

static void clearing_active_reaches_the_cpu(void)
{
	setup();
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) | CTLR_EOIMODE);
	__asm__ volatile("isb");
	enable(SPI0, 0x80);
	gic_bit_set(GICD_ISPENDR, SPI0);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "first");
	gic_eoi(SPI0);				/* drops, stays active */
	gic_bit_set(GICD_ISPENDR, SPI0);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken while active");
	gic_bit_set(GICD_ICACTIVER, SPI0);
	CHECK(!gic_bit_get(GICD_ISACTIVER, SPI0), "active after GICD_ICACTIVER");
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "second");
	gic_eoi(SPI0);
	gic_dir(SPI0);
	/* The other way round: active by register holds a pending one back. */
	gic_bit_set(GICD_ISACTIVER, SPI0);
	gic_bit_set(GICD_ISPENDR, SPI0);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken while active by GICD_ISACTIVER");
	gic_bit_set(GICD_ICACTIVER, SPI0);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "third");
	gic_eoi(SPI0);
	gic_dir(SPI0);
	write_sysreg(ICC_CTLR_EL1, read_sysreg(ICC_CTLR_EL1) & ~CTLR_EOIMODE);
	__asm__ volatile("isb");
}

static void disabling_takes_it_back(void)
{
	setup();
	enable(SPI0, 0x80);
	gic_bit_set(GICD_ISPENDR, SPI0);
	gic_bit_set(GICD_ICENABLER, SPI0);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken while disabled");
	CHECK(gic_bit_get(GICD_ISPENDR, SPI0), "not pending any more");
	gic_bit_set(GICD_ISENABLER, SPI0);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "taken when enabled");
	gic_eoi(SPI0);
}

static void priority_change_of_a_pending_one_counts(void)
{
	setup();
	enable(SPI0, 0xa0);
	enable(SPI0 + 1, 0x80);
	gic_bit_set(GICD_ISPENDR, SPI0);
	gic_bit_set(GICD_ISPENDR, SPI0 + 1);
	gic_prio_set(SPI0, 0x40);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "the one raised in priority");
	gic_eoi(SPI0);
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0 + 1, "the other");
	gic_eoi(SPI0 + 1);
}

/* ---- the RTC's alarm: a level line that one can raise at once ---- */

static bool rtc_raise(void)
{
	mmio_w32(RTCICR, 1);
	mmio_w32(RTCIMSC, 1);
	/* The match is with the running second: try again if it just went by. */
	for (unsigned int i = 0; i < 5 && !(mmio_r32(RTCRIS) & 1); i++) {
		mmio_w32(RTCMR, mmio_r32(RTCDR) + 1);
		WAIT_UNTIL(mmio_r32(RTCRIS) & 1, 3000);
	}
	return mmio_r32(RTCMIS) & 1;
}

static void rtc_lower(void)
{
	mmio_w32(RTCIMSC, 0);
	mmio_w32(RTCICR, 1);
}

static void level_stays_until_the_line_falls(void)
{
	setup();
	gic_edge_set(RTC_INTID, false);
	CHECK(!gic_bit_get(GICD_ISPENDR, RTC_INTID), "pending before");
	CHECK(rtc_raise(), "the alarm does not come");
	CHECK(gic_bit_get(GICD_ISPENDR, RTC_INTID), "not pending while the line is high");
	gic_bit_set(GICD_ICPENDR, RTC_INTID);
	CHECK(gic_bit_get(GICD_ISPENDR, RTC_INTID), "GICD_ICPENDR took a level away");
	enable(RTC_INTID, 0x80);
	for (unsigned int i = 0; i < 5; i++) {
		CHECK_EQ(gic_wait_ack(LONG_MS), RTC_INTID, "while the line is high");
		gic_eoi(RTC_INTID);
	}
	CHECK_EQ(gic_wait_ack(LONG_MS), RTC_INTID, "once more");
	rtc_lower();
	gic_eoi(RTC_INTID);
	CHECK(!gic_bit_get(GICD_ISPENDR, RTC_INTID), "pending after the line fell");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken after the line fell");
}

/* Raised while disabled, lowered again before it was enabled: nothing comes. */
static void level_that_fell_is_not_delivered(void)
{
	setup();
	gic_edge_set(RTC_INTID, false);
	CHECK(rtc_raise(), "the alarm does not come");
	rtc_lower();
	enable(RTC_INTID, 0x80);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken after the line fell");
	/* Enabled, masked by PMR, then lowered. */
	gic_pmr(0x10);
	CHECK(rtc_raise(), "the alarm does not come");
	rtc_lower();
	gic_pmr(0xff);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken after the line fell behind PMR");
}

/* ISPENDR on a level interrupt latches until the acknowledge. */
static void software_pending_of_a_level_is_taken_once(void)
{
	setup();
	gic_edge_set(SPI0, false);
	enable(SPI0, 0x80);
	gic_bit_set(GICD_ISPENDR, SPI0);
	CHECK(gic_bit_get(GICD_ISPENDR, SPI0), "not pending");
	CHECK_EQ(gic_wait_ack(LONG_MS), SPI0, "acknowledged");
	gic_eoi(SPI0);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken again");
	gic_bit_set(GICD_ISPENDR, SPI0);
	gic_bit_set(GICD_ICPENDR, SPI0);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "taken after GICD_ICPENDR");
	gic_edge_set(SPI0, true);
}

/* A line that stays high comes again and again: the third time it is masked at its source. */
static void note_three(void)
{
	note_irq();
	if (nr_taken >= 3)
		mmio_w32(UARTIMSC, 0);
}

/* The UART's transmit interrupt: level again, raised by sending. */
static void uart_line_comes_and_goes(void)
{
	setup();
	gic_edge_set(UART_INTID, false);
	enable(UART_INTID, 0x80);
	mmio_w32(UARTICR, 0x7ff);
	this_cpu()->irq_hook = note_three;
	mmio_w32(UARTIMSC, INT_TX);
	uart_putc('.');
	uart_putc('\n');
	irq_enable();
	CHECK(WAIT_UNTIL(nr_taken >= 3, LONG_MS), "%u interrupts from the transmit FIFO", nr_taken);
	delay_ms(5);
	CHECK_EQ(nr_taken, 3, "interrupts with the mask set in the third");
	irq_disable();
	CHECK_EQ(taken[0], UART_INTID, "INTID");
}

/* ---- other CPUs ---- */

static volatile uint32_t there[NR_CPUS_MAX];
static volatile bool listening[NR_CPUS_MAX], stop;

static void note_there(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	if (id >= 32)
		there[this_cpu()->idx]++;
	gic_eoi(id);
}

static void listen(void *arg)
{
	(void)arg;
	gic_cpu_init();
	mmio_w32(gic_redist() + GICR_SGI + GICD_ISENABLER, 0xffff);
	this_cpu()->irq_hook = note_there;
	listening[this_cpu()->idx] = true;
	irq_enable();
	while (!stop)
		wfi();
	irq_disable();
}

static bool start_listeners(void)
{
	bool ok = true;

	setup();
	stop = false;
	for (unsigned int i = 0; i < smp_nr(); i++) {
		there[i] = 0;
		listening[i] = false;
	}
	for (unsigned int i = 1; i < smp_nr(); i++)
		ok = smp_start(i, listen, NULL) && WAIT_UNTIL(listening[i], LONG_MS) && ok;
	this_cpu()->irq_hook = note_there;
	irq_enable();
	return ok;
}

static void stop_listeners(void)
{
	stop = true;
	for (unsigned int i = 1; i < smp_nr(); i++) {
		gic_sgi_send(gic_sgi_to(15, cpus[i].mpidr));
		CHECK(smp_wait_off(i), "cpu %u stays on", i);
	}
	irq_disable();
}

static void routes_choose_the_cpu(void)
{
	SKIP_UNLESS(smp_nr() >= 2, "one CPU");
	if (!start_listeners())
		return;
	enable(SPI0, 0x80);
	for (unsigned int round = 0; round < 40; round++) {
		unsigned int to = round % smp_nr();
		unsigned int before = there[to];

		gic_route_set(SPI0, cpus[to].mpidr);
		gic_bit_set(GICD_ISPENDR, SPI0);
		CHECK(WAIT_UNTIL(there[to] == before + 1, LONG_MS), "round %u: cpu %u got nothing",
		      round, to);
	}
	stop_listeners();
}

/* Pending for a CPU that does not take it (PMR), then routed to one that does. */
static void pending_interrupt_moves_with_its_route(void)
{
	unsigned int before;

	SKIP_UNLESS(smp_nr() >= 2, "one CPU");
	if (!start_listeners())
		return;
	irq_disable();
	enable(SPI0, 0x80);
	gic_route_set(SPI0, cpus[0].mpidr);
	gic_bit_set(GICD_ISPENDR, SPI0);
	delay_ms(2);
	before = there[1];
	gic_route_set(SPI0, cpus[1].mpidr);
	CHECK(WAIT_UNTIL(there[1] == before + 1, LONG_MS), "it did not move");
	CHECK_EQ(gic_ack(), INTID_NONE, "still here");
	irq_enable();
	stop_listeners();
}

static unsigned int taken_by_all(void)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < smp_nr(); i++)
		sum += there[i];
	return sum;
}

static void one_of_n_goes_to_exactly_one(void)
{
	SKIP_UNLESS(!(mmio_r32(GICD(GICD_TYPER)) >> 25 & 1), "GICD_TYPER.No1N");
	SKIP_UNLESS(smp_nr() >= 2, "one CPU");
	if (!start_listeners())
		return;
	enable(SPI0, 0x80);
	mmio_w64(GICD(GICD_IROUTER) + SPI0 * 8, 1ul << 31);
	/* One after the other: two that are pending at once are one. */
	for (unsigned int i = 1; i <= 20; i++) {
		gic_bit_set(GICD_ISPENDR, SPI0);
		CHECK(WAIT_UNTIL(taken_by_all() == i, LONG_MS), "%u taken by all, %u sent",
		      taken_by_all(), i);
	}
	delay_ms(5);
	CHECK_EQ(taken_by_all(), 20, "interrupts taken by all");
	stop_listeners();
}

GUEST_CASES(
	CASE(software_pending_is_taken_once),
	CASE(many_together_go_by_priority_without_loss),
	CASE(many_by_one_write),
	CASE(late_high_priority_overtakes),
	CASE(nested_ends_leave_nothing_active),
	CASE(deactivation_in_any_order),
	CASE(clearing_pending_reaches_the_cpu),
	CASE(clearing_active_reaches_the_cpu),
	CASE(disabling_takes_it_back),
	CASE(priority_change_of_a_pending_one_counts),
	CASE(level_stays_until_the_line_falls),
	CASE(level_that_fell_is_not_delivered),
	CASE(software_pending_of_a_level_is_taken_once),
	CASE(uart_line_comes_and_goes),
	CASE(routes_choose_the_cpu),
	CASE(pending_interrupt_moves_with_its_route),
	CASE(one_of_n_goes_to_exactly_one));
