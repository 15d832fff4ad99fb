/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cases of a generic timer, for the virtual and the physical one alike. The file that
 * includes this defines TIMER_CTL, TIMER_CVAL, TIMER_TVAL, TIMER_COUNT and TIMER_INTID.
 * Arm ARM DDI 0487, "The Generic Timer in AArch64 state", "Operation of the timers".
 */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/smccc.h"

#define CTL_ENABLE  1u
#define CTL_IMASK   2u
#define CTL_ISTATUS 4u

static uint64_t count_now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(TIMER_COUNT);
}

static void ctl_set(uint32_t v)
{
	write_sysreg(TIMER_CTL, v);
	__asm__ volatile("isb" ::: "memory");
}

static bool met(void)
{
	return read_sysreg(TIMER_CTL) & CTL_ISTATUS;
}

static void setup(void)
{
	gic_init();
	ctl_set(0);
	gic_edge_set(TIMER_INTID, false);
	gic_bit_set(GICD_ISENABLER, TIMER_INTID);
}

static void counter_runs(void)
{
	uint64_t a = count_now(), b;

	for (unsigned int i = 0; i < 1000; i++) {
		b = count_now();
		CHECK(b >= a, "counter went from %lu to %lu", a, b);
		a = b;
	}
	delay_ms(1);
	CHECK(count_now() > a, "counter stands at %lu", a);
}

static void cval_and_tval_are_two_views(void)
{
	uint64_t now;
	int64_t tval;

	setup();
	write_sysreg(TIMER_CVAL, 0x123456789abcdef0);
	CHECK_EQ(read_sysreg(TIMER_CVAL), 0x123456789abcdef0, "CVAL");
	/* TVAL is CVAL minus the counter, 32 bits. */
	now = count_now();
	write_sysreg(TIMER_CVAL, now + 100 * ticks_per_ms());
	tval = (int32_t)read_sysreg(TIMER_TVAL);
	CHECK(tval <= (int64_t)(100 * ticks_per_ms()), "TVAL %ld", tval);
	/* Writing TVAL sets CVAL to counter + sign-extended value. */
	now = count_now();
	write_sysreg(TIMER_TVAL, 1000000);
	CHECK(read_sysreg(TIMER_CVAL) >= now + 1000000, "CVAL after TVAL");
	CHECK(read_sysreg(TIMER_CVAL) <= count_now() + 1000000, "CVAL after TVAL");
	write_sysreg(TIMER_TVAL, 0xffffffffu);		/* minus one */
	CHECK(read_sysreg(TIMER_CVAL) < count_now(), "CVAL after TVAL -1");
	CHECK(read_sysreg(TIMER_CVAL) + 1 >= now, "CVAL after TVAL -1");
	write_sysreg(TIMER_CVAL, 0);
	tval = (int32_t)read_sysreg(TIMER_TVAL);
	CHECK((uint32_t)(0 - tval) - (uint32_t)now < 100 * (uint32_t)ticks_per_ms() * 100,
	      "TVAL of CVAL 0: %ld, counter %lu", tval, now);
}

static void condition_follows_the_counter(void)
{
	setup();
	write_sysreg(TIMER_CVAL, count_now() + (1ul << 40));
	ctl_set(CTL_ENABLE | CTL_IMASK);
	CHECK(!met(), "ISTATUS before its time");
	write_sysreg(TIMER_CVAL, count_now());
	__asm__ volatile("isb");
	CHECK(met(), "no ISTATUS at its time");
	write_sysreg(TIMER_CVAL, 0);
	__asm__ volatile("isb");
	CHECK(met(), "no ISTATUS long after its time");
	write_sysreg(TIMER_CVAL, count_now() + (1ul << 40));
	__asm__ volatile("isb");
	CHECK(!met(), "ISTATUS after CVAL moved on");
	write_sysreg(TIMER_TVAL, 0);
	__asm__ volatile("isb");
	CHECK(met(), "no ISTATUS with TVAL 0");
	ctl_set(0);
	CHECK_EQ(read_sysreg(TIMER_CTL) & CTL_ENABLE, 0, "ENABLE");
}

static void control_bits_store(void)
{
	setup();
	write_sysreg(TIMER_CVAL, count_now() + (1ul << 40));
	for (uint32_t v = 0; v < 4; v++) {
		ctl_set(v | CTL_ISTATUS | 0xfffffff8);	/* ISTATUS is read-only, the rest RES0 */
		CHECK_EQ(read_sysreg(TIMER_CTL), v, "CTL");
	}
	ctl_set(0);
}

static void interrupt_comes_at_its_time(void)
{
	setup();
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t due = count_now() + ticks_per_ms();

		write_sysreg(TIMER_CVAL, due);
		ctl_set(CTL_ENABLE);
		CHECK_EQ(gic_wait_ack(LONG_MS), TIMER_INTID, "acknowledged");
		CHECK(count_now() >= due, "%lu ticks early", due - count_now());
		CHECK(met(), "no ISTATUS");
		ctl_set(0);
		gic_eoi(TIMER_INTID);
		CHECK_EQ(gic_ack(), INTID_NONE, "again after it was turned off");
	}
}

/* A level: it stays through EOI until the condition is gone, and then it is gone. */
static void interrupt_is_a_level(void)
{
	setup();
	write_sysreg(TIMER_CVAL, count_now());
	ctl_set(CTL_ENABLE);
	for (unsigned int i = 0; i < 5; i++) {
		CHECK_EQ(gic_wait_ack(LONG_MS), TIMER_INTID, "while the condition holds");
		gic_eoi(TIMER_INTID);
	}
	write_sysreg(TIMER_CVAL, count_now() + (1ul << 40));
	__asm__ volatile("isb");
	/* The line falls at the GIC in finite time; when it says so, nothing comes any more. */
	CHECK(WAIT_UNTIL(!gic_bit_get(GICD_ISPENDR, TIMER_INTID), LONG_MS),
	      "pending after CVAL moved on");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "after CVAL moved on");
	write_sysreg(TIMER_CVAL, count_now());
	CHECK_EQ(gic_wait_ack(LONG_MS), TIMER_INTID, "after CVAL moved back");
	ctl_set(0);
	gic_eoi(TIMER_INTID);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "after it was turned off");
}

static void imask_holds_the_interrupt_back(void)
{
	setup();
	write_sysreg(TIMER_CVAL, count_now());
	ctl_set(CTL_ENABLE | CTL_IMASK);
	CHECK(met(), "no ISTATUS behind IMASK");
	CHECK(!gic_bit_get(GICD_ISPENDR, TIMER_INTID), "pending behind IMASK");
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "with IMASK");
	ctl_set(CTL_ENABLE);
	CHECK_EQ(gic_wait_ack(LONG_MS), TIMER_INTID, "without IMASK");
	ctl_set(CTL_ENABLE | CTL_IMASK);
	gic_eoi(TIMER_INTID);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "with IMASK again");
	ctl_set(0);
}

/* Pending seen through the redistributor while nobody takes it. */
static void pending_bit_shows_the_line(void)
{
	setup();
	gic_bit_set(GICD_ICENABLER, TIMER_INTID);
	CHECK(!gic_bit_get(GICD_ISPENDR, TIMER_INTID), "pending before");
	write_sysreg(TIMER_CVAL, count_now());
	ctl_set(CTL_ENABLE);
	CHECK(WAIT_UNTIL(gic_bit_get(GICD_ISPENDR, TIMER_INTID), LONG_MS), "not pending");
	CHECK_EQ(gic_wait_ack(2), INTID_NONE, "taken while disabled");
	gic_bit_set(GICD_ISENABLER, TIMER_INTID);
	CHECK_EQ(gic_wait_ack(LONG_MS), TIMER_INTID, "when enabled");
	ctl_set(0);
	gic_eoi(TIMER_INTID);
	CHECK(!gic_bit_get(GICD_ISPENDR, TIMER_INTID), "pending after it was turned off");
}

/*
 * CVAL of all ones is the end of time, whatever is added to it inside. QEMU 7.2 itself hangs
 * when the sum with CNTVOFF_EL2 wraps; the runner says "less=1" there.
 */
static void all_ones_is_never(void)
{
	uint64_t last = guest_arg("less", 0) ? ~0ul - (1ul << 48) : ~0ul;

	setup();
	write_sysreg(TIMER_CVAL, last);
	ctl_set(CTL_ENABLE);
	CHECK(!met(), "ISTATUS");
	CHECK_EQ(gic_wait_ack(20), INTID_NONE, "interrupt");
	CHECK_EQ(read_sysreg(TIMER_CVAL), last, "CVAL");
	write_sysreg(TIMER_CVAL, last - 5);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "interrupt of all ones less five");
	write_sysreg(TIMER_CVAL, 1ul << 63);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "interrupt of 2^63");
	ctl_set(0);
}

static volatile unsigned int nr_ticks;

static void tick(void)
{
	uint32_t id = gic_ack();

	if (id >= 1020)
		return;
	nr_ticks += id == TIMER_INTID;
	write_sysreg(TIMER_CVAL, count_now() + ticks_per_ms());
	__asm__ volatile("isb");
	gic_eoi(id);
}

static void periodic_ticks_through_the_vector(void)
{
	uint64_t start;

	setup();
	nr_ticks = 0;
	this_cpu()->irq_hook = tick;
	start = count_now();
	write_sysreg(TIMER_CVAL, start + ticks_per_ms());
	ctl_set(CTL_ENABLE);
	irq_enable();
	CHECK(WAIT_UNTIL(nr_ticks >= 50, LONG_MS), "%u ticks", nr_ticks);
	irq_disable();
	CHECK(count_now() - start >= 50 * ticks_per_ms(), "50 ticks in %lu",
	      count_now() - start);
	ctl_set(0);
}

static void sleep_rounds(bool masked)
{
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t due = count_now() + ticks_per_ms() * (1 + i % 3);
		unsigned int before = nr_ticks;

		write_sysreg(TIMER_CVAL, due);
		ctl_set(CTL_ENABLE);
		if (masked) {
			while (!(read_sysreg(isr_el1) & 0x80))
				wfi();
			CHECK_EQ(gic_ack(), TIMER_INTID, "acknowledged after WFI");
			CHECK(count_now() >= due, "woke %lu ticks early", due - count_now());
			ctl_set(0);
			gic_eoi(TIMER_INTID);
		} else {
			/* The tick may come before WFI: it sets the next, so WFI ends. */
			while (nr_ticks == before)
				wfi();
		}
	}
}

static void wfi_with_interrupts_masked_wakes(void)
{
	setup();
	sleep_rounds(true);
}

static void wfi_with_interrupts_open_wakes(void)
{
	setup();
	nr_ticks = 0;
	this_cpu()->irq_hook = tick;
	irq_enable();
	sleep_rounds(false);
	irq_disable();
	ctl_set(0);
}

/* Exits between setting and firing change nothing. */
static void deadline_survives_exits(void)
{
	uint64_t due;

	setup();
	due = count_now() + 3 * ticks_per_ms();
	write_sysreg(TIMER_CVAL, due);
	ctl_set(CTL_ENABLE);
	while (gic_ack() == INTID_NONE)
		hvc_call(PSCI_VERSION, 0, 0, 0);
	CHECK(count_now() >= due, "early");
	CHECK_EQ(read_sysreg(TIMER_CVAL), due, "CVAL");
	ctl_set(0);
	gic_eoi(TIMER_INTID);
}

static volatile unsigned int rounds_done[NR_CPUS_MAX];

/* Every CPU its own timer at its own rate, all asleep in between. */
static void own_timer(void *arg)
{
	unsigned int me = this_cpu()->idx;

	(void)arg;
	gic_cpu_init();
	ctl_set(0);
	gic_bit_set(GICD_ISENABLER, TIMER_INTID);
	for (unsigned int i = 0; i < 30; i++) {
		uint64_t due = count_now() + (me + 1) * ticks_per_ms() / 2;

		write_sysreg(TIMER_CVAL, due);
		ctl_set(CTL_ENABLE);
		while (!(read_sysreg(isr_el1) & 0x80))
			wfi();
		if (gic_ack() != TIMER_INTID || count_now() < due)
			break;
		ctl_set(0);
		gic_eoi(TIMER_INTID);
		rounds_done[me]++;
	}
}

static void timers_are_per_cpu(void)
{
	SKIP_UNLESS(smp_nr() > 1, "one CPU");
	setup();
	for (unsigned int i = 1; i < smp_nr(); i++)
		smp_start(i, own_timer, NULL);
	own_timer(NULL);
	for (unsigned int i = 0; i < smp_nr(); i++) {
		CHECK(i == 0 || smp_wait_off(i), "cpu %u stays on", i);
		CHECK_EQ(rounds_done[i], 30, "sleeps");
	}
}

GUEST_CASES(
	CASE(counter_runs),
	CASE(cval_and_tval_are_two_views),
	CASE(condition_follows_the_counter),
	CASE(control_bits_store),
	CASE(interrupt_comes_at_its_time),
	CASE(interrupt_is_a_level),
	CASE(imask_holds_the_interrupt_back),
	CASE(pending_bit_shows_the_line),
	CASE(all_ones_is_never),
	CASE(periodic_ticks_through_the_vector),
	CASE(wfi_with_interrupts_masked_wakes),
	CASE(wfi_with_interrupts_open_wakes),
	CASE(deadline_survives_exits),
	CASE(timers_are_per_cpu));
