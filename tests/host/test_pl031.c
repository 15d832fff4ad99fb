/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL031 against its manual, DDI 0224. */
#include "devices/pl031.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/lib/bits.h"
#include "devices/wall_clock.h"

enum { DR = 0, MR = 4, LR = 8, CR = 0xc, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };

#define BOOT_S 1700000000u           /* what the board's clock says at power-on */

static struct pl031 rtc;
static bool irq_level;

static void irq_set(void *ctx, uint32_t intid, bool level)
{
	(void)ctx;
	(void)intid;
	assert_int_not_equal(level, irq_level);
	irq_level = level;
}

static int setup(void **state)
{
	static uint32_t board_rtc = BOOT_S;

	(void)state;
	irq_level = false;
	fake_counter = 0;
	wall_clock_init(va_of(&board_rtc));
	pl031_init(&rtc, 0x09010000, (struct irq_line){ irq_set, NULL, 34 },
		   (struct pl031_clock){ wall_clock_now_s, NULL });
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pl031_fini(&rtc);
	return 0;
}

static int access_size(uint64_t offset, uint8_t size, bool is_write, uint64_t *value)
{
	struct mmio_access acc = {
		.offset = offset, .size = size, .is_write = is_write, .value = *value,
	};
	int r = rtc.dev.access(&rtc.dev, &acc);

	*value = acc.value;
	return r;
}

static uint32_t rd(uint64_t offset)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access_size(offset, 4, false, &v), 0);
	assert_true(v <= UINT32_MAX);
	return (uint32_t)v;
}

static void wr(uint64_t offset, uint64_t v)
{
	assert_int_equal(access_size(offset, 4, true, &v), 0);
}

/* Let time pass; the timer's interrupt comes when it is due. */
static void pass(uint64_t seconds)
{
	uint64_t end = fake_counter + seconds * fake_counter_hz;

	while (fake_hyp_timer_on && fake_hyp_timer_cval <= end) {
		fake_counter = MAX(fake_counter, fake_hyp_timer_cval);
		timer_interrupt();
	}
	fake_counter = end;
}

static void registers_have_their_reset_values(void **state)
{
	static const uint8_t id[] = { 0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	assert_int_equal(rd(DR), BOOT_S);
	assert_int_equal(rd(MR), 0);
	assert_int_equal(rd(LR), 0);
	assert_int_equal(rd(CR), 1);
	for (uint64_t off = IMSC; off <= ICR; off += 4)
		assert_int_equal(rd(off), 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(rd(0xfe0 + 4 * i), id[i]);
}

static void time_passes_and_can_be_set(void **state)
{
	(void)state;
	pass(10);
	assert_int_equal(rd(DR), BOOT_S + 10);
	wr(LR, 1000);
	assert_int_equal(rd(DR), 1000);
	assert_int_equal(rd(LR), 1000);
	pass(5);
	assert_int_equal(rd(DR), 1005);
	wr(DR, 7);                           /* read only */
	assert_int_equal(rd(DR), 1005);
	wr(CR, 0);                           /* cannot be stopped */
	pass(5);
	assert_int_equal(rd(DR), 1010);
}

static void match_interrupts_once_and_is_cleared(void **state)
{
	(void)state;
	wr(IMSC, 1);
	wr(MR, BOOT_S + 3);
	pass(2);
	assert_false(irq_level);
	pass(1);
	assert_true(irq_level);
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 1);
	wr(ICR, 1);
	assert_false(irq_level);
	pass(100);
	assert_int_equal(rd(RIS), 0);
}

static void masked_match_shows_in_raw_status_only(void **state)
{
	(void)state;
	wr(MR, BOOT_S);
	assert_int_equal(rd(RIS), 1);
	assert_int_equal(rd(MIS), 0);
	assert_false(irq_level);
	wr(IMSC, 0xff);
	assert_int_equal(rd(IMSC), 1);
	assert_true(irq_level);
	wr(IMSC, 0);
	assert_false(irq_level);
}

static void match_in_the_past_does_not_come(void **state)
{
	(void)state;
	wr(MR, BOOT_S - 1);
	pass(1000000);
	assert_int_equal(rd(RIS), 0);
}

static void match_follows_a_new_time(void **state)
{
	(void)state;
	wr(MR, 5000);
	wr(LR, 4990);
	pass(9);
	assert_int_equal(rd(RIS), 0);
	pass(1);
	assert_int_equal(rd(RIS), 1);
}

static void match_beyond_a_day_comes_in_time(void **state)
{
	(void)state;
	wr(MR, BOOT_S + 200000);
	pass(199999);
	assert_int_equal(rd(RIS), 0);
	pass(1);
	assert_int_equal(rd(RIS), 1);
}

static void reset_keeps_the_time_and_nothing_else(void **state)
{
	(void)state;
	wr(LR, 1000);
	wr(IMSC, 1);
	wr(MR, 1000);
	assert_true(irq_level);
	rtc.dev.reset(&rtc.dev);
	assert_false(irq_level);
	assert_int_equal(rd(DR), 1000);
	wr(MR, 1010);
	rtc.dev.reset(&rtc.dev);
	pass(20);
	assert_int_equal(rd(RIS), 0);
	assert_int_equal(rd(MR), 0);
}

static void every_width_and_no_more(void **state)
{
	uint64_t v = 0;

	(void)state;
	wr(MR, 0x11223344);
	assert_int_equal(access_size(MR, 1, false, &v), 0);
	assert_int_equal(v, 0x44);
	assert_int_equal(access_size(MR + 2, 2, false, &v), 0);
	assert_int_equal(v, 0x1122);
	assert_int_equal(access_size(MR + 3, 1, false, &v), 0);
	assert_int_equal(v, 0x11);
	assert_int_equal(access_size(MR + 1, 1, true, &v), 0);
	assert_int_equal(rd(MR), 0x11223344);
	assert_int_equal(access_size(MR, 8, false, &v), -EFAULT);
	wr(0x20, 5);
	assert_int_equal(rd(0x20), 0);
}

static void without_a_board_clock_time_starts_at_1970(void **state)
{
	(void)state;
	assert_int_equal(wall_clock_now_s(NULL), BOOT_S);
	fake_counter = 7 * fake_counter_hz;
	assert_int_equal(wall_clock_now_s(NULL), BOOT_S + 7);
	wall_clock_init(VA(0));
	assert_int_equal(wall_clock_now_s(NULL), 7);
}

#define RTC_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RTC_TEST(registers_have_their_reset_values),
		RTC_TEST(time_passes_and_can_be_set),
		RTC_TEST(match_interrupts_once_and_is_cleared),
		RTC_TEST(masked_match_shows_in_raw_status_only),
		RTC_TEST(match_in_the_past_does_not_come),
		RTC_TEST(match_follows_a_new_time),
		RTC_TEST(match_beyond_a_day_comes_in_time),
		RTC_TEST(reset_keeps_the_time_and_nothing_else),
		RTC_TEST(every_width_and_no_more),
		RTC_TEST(without_a_board_clock_time_starts_at_1970),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
