/* SPDX-License-Identifier: Apache-2.0 */
/* The PL031 real-time clock, DDI 0224. */
#include "lib/gic.h"
#include "lib/guest.h"
#include "lib/uart.h"

static void identification_says_pl031(void)
{
	static const uint8_t ids[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	for (unsigned int i = 0; i < 8; i++) {
		uint8_t mask = i == 2 ? 0x0f : 0xff;	/* the revision is free */

		CHECK_EQ(mmio_r32(RTCID + i * 4) & mask, ids[i] & mask, "ID register");
	}
}

/* The runner compares this line with its own clock. */
static void time_is_the_worlds(void)
{
	uint32_t t = mmio_r32(RTCDR);

	gprintf("RTCDR %u\n", t);
	CHECK(t > 1600000000, "RTCDR %u is before 2020", t);
}

static void seconds_go_by(void)
{
	uint32_t a = mmio_r32(RTCDR);
	uint64_t start, ticks;

	CHECK(WAIT_UNTIL(mmio_r32(RTCDR) != a, 5000), "RTCDR stands at %u", a);
	start = ticks_now();
	a = mmio_r32(RTCDR);
	CHECK(WAIT_UNTIL(mmio_r32(RTCDR) == a + 1, 5000), "RTCDR stands at %u", a);
	ticks = ticks_now() - start;
	/* Both clocks run while the emulator waits for its host; a fifth is for the polling. */
	CHECK(ticks > 800 * ticks_per_ms() && ticks < 1500 * ticks_per_ms(), "a second of %lu ms",
	      ticks / ticks_per_ms());
}

static void load_sets_the_time(void)
{
	uint32_t old = mmio_r32(RTCDR);

	mmio_w32(RTCLR, 1000000);
	CHECK(mmio_r32(RTCDR) - 1000000 <= 2, "RTCDR %u after loading 1000000", mmio_r32(RTCDR));
	CHECK_EQ(mmio_r32(RTCLR), 1000000, "RTCLR");
	mmio_w32(RTCLR, old);
	CHECK(mmio_r32(RTCDR) - old <= 3, "RTCDR %u after loading %u", mmio_r32(RTCDR), old);
}

static void registers_store(void)
{
	CHECK_EQ(mmio_r32(RTCCR) & 1, 1, "RTCCR: the clock runs");
	mmio_w32(RTCMR, 0xfedcba98);
	CHECK_EQ(mmio_r32(RTCMR), 0xfedcba98, "RTCMR");
	mmio_w32(RTCIMSC, 1);
	CHECK_EQ(mmio_r32(RTCIMSC), 1, "RTCIMSC");
	mmio_w32(RTCIMSC, 0);
	CHECK_EQ(mmio_r32(RTCIMSC), 0, "RTCIMSC");
	mmio_w32(RTCDR, 5);
	CHECK(mmio_r32(RTCDR) != 5, "RTCDR was written");
}

static void alarm_interrupts_at_its_second(void)
{
	uint32_t at;

	gic_init();
	gic_quiet(32, 32);
	gic_edge_set(RTC_INTID, false);
	gic_bit_set(GICD_ISENABLER, RTC_INTID);
	mmio_w32(RTCICR, 1);
	mmio_w32(RTCIMSC, 1);
	at = mmio_r32(RTCDR) + 2;
	mmio_w32(RTCMR, at);
	CHECK_EQ(mmio_r32(RTCRIS), 0, "RTCRIS before");
	CHECK_EQ(gic_wait_ack(10000), RTC_INTID, "interrupt");
	CHECK(mmio_r32(RTCDR) >= at, "%u seconds early", at - mmio_r32(RTCDR));
	CHECK_EQ(mmio_r32(RTCRIS), 1, "RTCRIS");
	CHECK_EQ(mmio_r32(RTCMIS), 1, "RTCMIS");
	mmio_w32(RTCIMSC, 0);
	CHECK_EQ(mmio_r32(RTCMIS), 0, "RTCMIS behind the mask");
	CHECK_EQ(mmio_r32(RTCRIS), 1, "RTCRIS behind the mask");
	mmio_w32(RTCICR, 1);
	CHECK_EQ(mmio_r32(RTCRIS), 0, "RTCRIS after RTCICR");
	gic_eoi(RTC_INTID);
	CHECK_EQ(gic_wait_ack(5), INTID_NONE, "interrupt after RTCICR");
}

static void alarm_wakes_a_sleeper(void)
{
	gic_init();
	gic_quiet(32, 32);
	gic_edge_set(RTC_INTID, false);
	gic_bit_set(GICD_ISENABLER, RTC_INTID);
	mmio_w32(RTCIMSC, 1);
	mmio_w32(RTCMR, mmio_r32(RTCDR) + 2);
	while (!(read_sysreg(isr_el1) & 0x80))
		wfi();
	CHECK_EQ(gic_ack(), RTC_INTID, "interrupt");
	mmio_w32(RTCICR, 1);
	mmio_w32(RTCIMSC, 0);
	gic_eoi(RTC_INTID);
}

GUEST_CASES(
	CASE(identification_says_pl031),
	CASE(time_is_the_worlds),
	CASE(seconds_go_by),
	CASE(load_sets_the_time),
	CASE(registers_store),
	CASE(alarm_interrupts_at_its_second),
	CASE(alarm_wakes_a_sleeper));
