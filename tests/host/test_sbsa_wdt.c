/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual SBSA generic watchdog against DEN 0094, "Generic Watchdog". */
#include "devices/sbsa_wdt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>
#include "core/lib/bits.h"

enum { WRR = 0, WCS = 0, WOR = 8, WORU = 0xc, WCV = 0x10, WCVU = 0x14, IIDR = 0xfcc };
enum { EN = 1, WS0 = 2, WS1 = 4 };

static struct sbsa_wdt wdt;
static bool irq_level;
static unsigned int bites;

static void irq_set(void *ctx, uint32_t intid, bool level)
{
	(void)ctx;
	(void)intid;
	assert_int_not_equal(level, irq_level);
	irq_level = level;
}

static void bite(void *ctx)
{
	assert_ptr_equal(ctx, &bites);
	bites++;
}

static int setup(void **state)
{
	(void)state;
	irq_level = false;
	bites = 0;
	fake_counter = 1000;
	sbsa_wdt_init(&wdt, 0x090d0000, 0x090e0000, (struct irq_line){ irq_set, NULL, 42 }, bite,
		      &bites);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sbsa_wdt_fini(&wdt);
	assert_false(irq_level);
	return 0;
}

static int access_size(struct mmio_device *dev, uint64_t offset, uint8_t size, bool is_write,
		       uint64_t *value)
{
	struct mmio_access acc = {
		.offset = offset, .size = size, .is_write = is_write, .value = *value,
	};
	int r = dev->access(dev, &acc);

	*value = acc.value;
	return r;
}

static uint32_t rd(uint64_t offset)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access_size(&wdt.control, offset, 4, false, &v), 0);
	assert_true(v <= UINT32_MAX);
	return (uint32_t)v;
}

static void wr(uint64_t offset, uint64_t v)
{
	assert_int_equal(access_size(&wdt.control, offset, 4, true, &v), 0);
}

static void feed(void)
{
	uint64_t v = 0;

	assert_int_equal(access_size(&wdt.refresh, WRR, 4, true, &v), 0);
}

static void pass(uint64_t ticks)
{
	uint64_t end = fake_counter + ticks;

	while (fake_hyp_timer_on && fake_hyp_timer_cval <= end) {
		fake_counter = MAX(fake_counter, fake_hyp_timer_cval);
		timer_interrupt();
	}
	fake_counter = end;
}

static void out_of_reset_it_does_nothing(void **state)
{
	(void)state;
	for (uint64_t off = 0; off < 0x20; off += 4)
		assert_int_equal(rd(off), 0);
	assert_int_equal(rd(IIDR) >> 16 & 0xf, 1);
	wr(WOR, 10);
	pass(1000000);
	assert_int_equal(rd(WCS), 0);
	assert_int_equal(bites, 0);
}

static void two_periods_without_a_refresh(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, EN);
	assert_int_equal(rd(WCV), fake_counter + 100);
	pass(99);
	assert_int_equal(rd(WCS), EN);
	pass(2);
	assert_int_equal(rd(WCS), EN | WS0);
	assert_true(irq_level);
	assert_int_equal(bites, 0);
	pass(100);
	assert_int_equal(rd(WCS), EN | WS0 | WS1);
	assert_int_equal(bites, 1);
	pass(1000);
	assert_int_equal(bites, 1);
	/* Each way to refresh ends both signals. */
	feed();
	assert_int_equal(rd(WCS), EN);
	assert_false(irq_level);
}

static void refreshes(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, EN);
	for (int i = 0; i < 50; i++) {
		pass(90);
		if (i % 3 == 0)
			feed();
		else if (i % 3 == 1)
			wr(WOR, 100);
		else
			wr(WCS, EN);
	}
	assert_int_equal(rd(WCS), EN);
	pass(110);
	assert_true(irq_level);
	feed();
	pass(110);
	assert_true(irq_level);
	wr(WCS, 0);
	pass(10000);
	assert_int_equal(rd(WCS), 0);
	assert_int_equal(bites, 0);
}

static void wide_registers(void **state)
{
	uint64_t v = UINT64_C(0xfedc123456789abc);

	(void)state;
	assert_int_equal(access_size(&wdt.control, WOR, 8, true, &v), 0);
	assert_int_equal(rd(WOR), 0x56789abc);
	assert_int_equal(rd(WORU), 0x1234);          /* 48 bits */
	wr(WOR, 1);
	wr(WORU, 2);
	v = 0;
	assert_int_equal(access_size(&wdt.control, WOR, 8, false, &v), 0);
	assert_int_equal(v, UINT64_C(0x200000001));
	wr(WCV, 7);
	wr(WCVU, 0xffffffff);
	assert_int_equal(access_size(&wdt.control, WCV, 8, false, &v), 0);
	assert_true(v == UINT64_C(0xffffffff00000007));
	/* A deadline at the end of time is none; one in the past comes at once. */
	wr(WCS, EN);
	wr(WCVU, 0xffffffff);
	wr(WCV, 0xffffffff);
	pass(UINT64_C(1) << 40);
	assert_int_equal(rd(WCS), EN);
	wr(WCVU, 0);
	pass(1);
	assert_int_equal(rd(WCS), EN | WS0);
	assert_int_equal(access_size(&wdt.control, WCS, 8, false, &v), -EFAULT);
	assert_int_equal(access_size(&wdt.control, WCS, 2, false, &v), -EFAULT);
}

static void frozen_time_does_not_count(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, EN);
	pass(60);
	sbsa_wdt_freeze(&wdt);
	pass(1000);
	assert_int_equal(rd(WCS), EN);
	sbsa_wdt_thaw(&wdt, 1000);
	pass(39);
	assert_int_equal(rd(WCS), EN);
	pass(2);
	assert_int_equal(rd(WCS), EN | WS0);
	sbsa_wdt_freeze(&wdt);
	pass(1000);
	sbsa_wdt_thaw(&wdt, 2000);
	assert_int_equal(bites, 0);
	pass(101);
	assert_int_equal(bites, 1);
}

static void reset_stops_it(void **state)
{
	(void)state;
	wr(WOR, 100);
	wr(WCS, EN);
	pass(110);
	assert_true(irq_level);
	wdt.control.reset(&wdt.control);
	assert_false(irq_level);
	pass(1000);
	assert_int_equal(rd(WCS), 0);
	assert_int_equal(rd(WOR), 0);
	assert_int_equal(bites, 0);
}

/* No period at all: it bites, and does not hang the machine. */
static void a_period_of_nothing_ends(void **state)
{
	(void)state;
	wr(WCS, EN);
	pass(10);
	assert_int_equal(bites, 1);
	assert_int_equal(rd(WCS), EN | WS0 | WS1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(out_of_reset_it_does_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(two_periods_without_a_refresh, setup, teardown),
		cmocka_unit_test_setup_teardown(refreshes, setup, teardown),
		cmocka_unit_test_setup_teardown(wide_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(frozen_time_does_not_count, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_stops_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_period_of_nothing_ends, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
