/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual PL061 against its manual, DDI 0190. */
#include "devices/pl061.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"

enum {
	DIR = 0x400, IS = 0x404, IBE = 0x408, IEV = 0x40c, IE = 0x410, RIS = 0x414, MIS = 0x418,
	IC = 0x41c, AFSEL = 0x420, ALL = 0x3fc,
};

static struct pl061 gpio;
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
	(void)state;
	irq_level = false;
	pl061_init(&gpio, 0x09030000, (struct irq_line){ irq_set, NULL, 39 });
	return 0;
}

static int access_size(uint64_t offset, uint8_t size, bool is_write, uint64_t *value)
{
	struct mmio_access acc = {
		.offset = offset, .size = size, .is_write = is_write, .value = *value,
	};
	int r = gpio.dev.access(&gpio.dev, &acc);

	*value = acc.value;
	return r;
}

static uint32_t rd(uint64_t offset)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access_size(offset, 4, false, &v), 0);
	assert_true(v <= 0xff);
	return (uint32_t)v;
}

static void wr(uint64_t offset, uint64_t v)
{
	assert_int_equal(access_size(offset, 4, true, &v), 0);
}

static void registers_have_their_reset_values(void **state)
{
	static const uint8_t id[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (uint32_t off = 0; off <= AFSEL; off += 4)
		assert_int_equal(rd(off), 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(rd(0xfe0 + 4 * i), id[i]);
	assert_int_equal(rd(0x424), 0);
}

static void address_bits_choose_the_lines(void **state)
{
	(void)state;
	wr(DIR, 0xf0);
	wr(ALL, 0xff);
	assert_int_equal(rd(ALL), 0xf0);     /* inputs are not written */
	wr(0x30 << 2, 0x10);
	assert_int_equal(rd(ALL), 0xd0);
	pl061_drive(&gpio, 1, true);
	assert_int_equal(rd(ALL), 0xd2);
	assert_int_equal(rd(0x02 << 2), 0x02);
	assert_int_equal(rd(0x01 << 2), 0x00);
	pl061_drive(&gpio, 7, true);         /* an output: nothing to see */
	assert_int_equal(rd(ALL), 0xd2);
	wr(DIR, 0);
	assert_int_equal(rd(ALL), 0x82);
}

static void rising_edge_is_kept_until_cleared(void **state)
{
	(void)state;
	wr(IEV, 1 << PL061_POWER_KEY);
	pl061_drive(&gpio, PL061_POWER_KEY, true);
	assert_int_equal(rd(RIS), 8);
	assert_int_equal(rd(MIS), 0);
	assert_false(irq_level);
	wr(IE, 8);
	assert_true(irq_level);
	assert_int_equal(rd(MIS), 8);
	pl061_drive(&gpio, PL061_POWER_KEY, false);
	assert_true(irq_level);
	wr(IC, 8);
	assert_false(irq_level);
	/* Falling edges are not wanted, the next rising one is. */
	pl061_drive(&gpio, PL061_POWER_KEY, true);
	assert_true(irq_level);
}

static void falling_and_both_edges(void **state)
{
	(void)state;
	wr(IE, 0xff);
	pl061_drive(&gpio, 0, true);
	assert_int_equal(rd(RIS), 0);
	pl061_drive(&gpio, 0, false);
	assert_int_equal(rd(RIS), 1);
	wr(IC, 0xff);
	wr(IBE, 2);
	pl061_drive(&gpio, 1, true);
	assert_int_equal(rd(RIS), 2);
	wr(IC, 2);
	pl061_drive(&gpio, 1, false);
	assert_int_equal(rd(RIS), 2);
	pl061_drive(&gpio, 1, false);        /* no change, no edge */
	wr(IC, 2);
	pl061_drive(&gpio, 1, false);
	assert_int_equal(rd(RIS), 0);
}

static void levels_follow_the_line(void **state)
{
	(void)state;
	wr(IS, 0x0c);
	wr(IEV, 0x08);
	wr(IE, 0x0c);
	assert_int_equal(rd(MIS), 0x04);     /* low is what line 2 waits for */
	assert_true(irq_level);
	pl061_drive(&gpio, 2, true);
	assert_false(irq_level);
	pl061_drive(&gpio, 3, true);
	wr(IC, 0xff);                        /* of no effect on levels */
	assert_true(irq_level);
	pl061_drive(&gpio, 3, false);
	assert_false(irq_level);
	assert_int_equal(rd(RIS), 0);
}

static void reset_lowers_the_interrupt_and_leaves_inputs(void **state)
{
	(void)state;
	wr(IE, 8);
	wr(IBE, 8);
	wr(AFSEL, 0x55);
	pl061_drive(&gpio, 3, true);
	assert_true(irq_level);
	gpio.dev.reset(&gpio.dev);
	assert_false(irq_level);
	assert_int_equal(rd(ALL), 8);
	for (uint32_t off = DIR; off <= AFSEL; off += 4)
		assert_int_equal(rd(off), 0);
}

static void widths(void **state)
{
	uint64_t v = 0xff;

	(void)state;
	assert_int_equal(access_size(DIR, 8, true, &v), -EFAULT);
	assert_int_equal(access_size(DIR, 1, true, &v), 0);
	assert_int_equal(rd(DIR), 0xff);
	v = 0;
	assert_int_equal(access_size(DIR + 1, 1, true, &v), 0);
	assert_int_equal(rd(DIR), 0xff);
	v = 0x1ff;
	wr(DIR, v);
	assert_int_equal(rd(DIR), 0xff);
	assert_int_equal(access_size(DIR + 2, 2, false, &v), 0);
	assert_int_equal(v, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers_have_their_reset_values, setup),
		cmocka_unit_test_setup(address_bits_choose_the_lines, setup),
		cmocka_unit_test_setup(rising_edge_is_kept_until_cleared, setup),
		cmocka_unit_test_setup(falling_and_both_edges, setup),
		cmocka_unit_test_setup(levels_follow_the_line, setup),
		cmocka_unit_test_setup(reset_lowers_the_interrupt_and_leaves_inputs, setup),
		cmocka_unit_test_setup(widths, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
