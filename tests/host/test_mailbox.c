/* SPDX-License-Identifier: Apache-2.0 */
/* The page of registers and its doorbell. */
#include "devices/mailbox.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct mailbox m;
static uint64_t seen[MAILBOX_REGS];
static unsigned int calls;

static void call(void *ctx, uint64_t *x)
{
	assert_ptr_equal(ctx, &calls);
	calls++;
	for (int i = 0; i < MAILBOX_REGS; i++) {
		seen[i] = x[i];
		x[i] = 1000 + (uint64_t)i;
	}
}

static int setup(void **state)
{
	(void)state;
	calls = 0;
	mailbox_init(&m, 0x90f0000, call, &calls);
	return 0;
}

static int io(uint64_t off, uint8_t size, bool is_write, uint64_t *value)
{
	struct mmio_access a = {
		.offset = off, .size = size, .is_write = is_write, .value = *value,
		.may_sleep = true,
	};
	int err = m.dev.access(&m.dev, &a);

	*value = a.value;
	return err;
}

static void put(uint64_t off, uint64_t value)
{
	assert_int_equal(io(off, 8, true, &value), 0);
}

static uint64_t get(uint64_t off)
{
	uint64_t value = 0xdead;

	assert_int_equal(io(off, 8, false, &value), 0);
	return value;
}

static void who_may_not_sleep_makes_no_call(void **state)
{
	struct mmio_access a = { .offset = 0x40, .size = 8, .is_write = true };

	(void)state;
	put(0, 0x1234);
	assert_int_equal(m.dev.access(&m.dev, &a), -EAGAIN);
	assert_int_equal(get(0), 0x1234);
	a.is_write = false;
	assert_int_equal(m.dev.access(&m.dev, &a), 0);
}

static void registers_keep_what_is_written(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < MAILBOX_REGS; i++)
		assert_int_equal(get(i * 8), 0);
	for (uint64_t i = 0; i < MAILBOX_REGS; i++)
		put(i * 8, ~i);
	for (uint64_t i = 0; i < MAILBOX_REGS; i++)
		assert_int_equal(get(i * 8), ~i);
	assert_int_equal(calls, 0);
	m.dev.reset(&m.dev);
	for (uint64_t i = 0; i < MAILBOX_REGS; i++)
		assert_int_equal(get(i * 8), 0);
}

static void doorbell_makes_the_call(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < MAILBOX_REGS; i++)
		put(i * 8, i * 3);
	assert_int_equal(get(0x40), 0);
	assert_int_equal(calls, 0);
	put(0x40, 12345);
	assert_int_equal(calls, 1);
	for (uint64_t i = 0; i < MAILBOX_REGS; i++) {
		assert_int_equal(seen[i], i * 3);
		assert_int_equal(get(i * 8), 1000 + i);
	}
}

static void other_widths_and_offsets_do_nothing(void **state)
{
	uint64_t value = 1;

	(void)state;
	put(0, 7);
	for (uint8_t size = 1; size < 8; size *= 2) {
		assert_int_equal(io(0, size, true, &value), -EFAULT);
		assert_int_equal(io(0, size, false, &value), -EFAULT);
	}
	assert_int_equal(io(0x40, 2, true, &value), -EFAULT);
	assert_int_equal(get(0), 7);
	for (uint64_t off = 0x48; off < MAILBOX_MMIO_SIZE; off += 8) {
		put(off, 1);
		assert_int_equal(get(off), 0);
	}
	assert_int_equal(calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_may_not_sleep_makes_no_call, setup),
		cmocka_unit_test_setup(registers_keep_what_is_written, setup),
		cmocka_unit_test_setup(doorbell_makes_the_call, setup),
		cmocka_unit_test_setup(other_widths_and_offsets_do_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
