/* SPDX-License-Identifier: Apache-2.0 */
/* Doorbells between three members: docs/channels.md. */
#include "devices/doorbell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"

#define NR 3

static struct doorbell_hub hub;
static struct doorbell bell[NR];
static bool line[NR];
static unsigned int nr_changes;

static void line_set(void *ctx, uint32_t intid, bool level)
{
	assert_ptr_equal(ctx, &line[intid]);
	assert_int_not_equal(level, line[intid]);    /* driven when it changes only */
	line[intid] = level;
	nr_changes++;
}

static int setup(void **state)
{
	(void)state;
	memset(&hub, 0, sizeof(hub));
	memset(line, 0, sizeof(line));
	for (uint32_t i = 0; i < NR; i++) {
		doorbell_init(&bell[i], 0x1000 * i, (struct irq_line){ line_set, &line[i], i });
		doorbell_join(&bell[i], &hub, i);
	}
	nr_changes = 0;
	return 0;
}

static int access_size(uint32_t who, uint64_t off, uint8_t size, bool is_write, uint64_t *value)
{
	struct mmio_access acc = {
		.offset = off, .size = size, .is_write = is_write, .value = *value,
	};
	int err = bell[who].dev.access(&bell[who].dev, &acc);

	*value = acc.value;
	return err;
}

static uint64_t rd(uint32_t who, uint64_t off)
{
	uint64_t v = ~UINT64_C(0);

	assert_int_equal(access_size(who, off, 4, false, &v), 0);
	return v;
}

static void wr(uint32_t who, uint64_t off, uint64_t v)
{
	assert_int_equal(access_size(who, off, 4, true, &v), 0);
}

static void the_line_is_high_while_somebody_has_rung(void **state)
{
	(void)state;
	wr(0, DOORBELL_RING, 2);
	assert_true(line[2] && !line[0] && !line[1]);
	wr(1, DOORBELL_RING, 2);
	wr(0, DOORBELL_RING, 2);
	wr(2, DOORBELL_RING, 2);
	assert_int_equal(rd(2, DOORBELL_STATUS), 7);
	wr(2, DOORBELL_ACK, 5);
	assert_true(line[2]);
	assert_int_equal(rd(2, DOORBELL_STATUS), 2);
	wr(2, DOORBELL_ACK, ~UINT64_C(0));
	assert_false(line[2]);
	assert_int_equal(nr_changes, 2);
	wr(2, DOORBELL_ACK, 7);
	assert_int_equal(nr_changes, 2);
}

static void nobody_else_is_rung_for(void **state)
{
	static const uint64_t nobody[] = { 3, 7, 8, 31, 32, 0x100000000, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++)
		wr(0, DOORBELL_RING, nobody[i]);
	assert_int_equal(nr_changes, 0);
}

static void who_has_left_is_not_rung_for(void **state)
{
	(void)state;
	assert_int_equal(rd(0, DOORBELL_PRESENT), 7);
	wr(0, DOORBELL_RING, 1);
	doorbell_leave(&bell[1]);
	assert_false(line[1]);
	assert_int_equal(rd(0, DOORBELL_PRESENT), 5);
	wr(0, DOORBELL_RING, 1);
	assert_int_equal(nr_changes, 2);
	doorbell_join(&bell[1], &hub, 1);
	assert_true(!line[1] && rd(1, DOORBELL_STATUS) == 0);
	wr(0, DOORBELL_RING, 1);
	assert_true(line[1]);
	bell[1].dev.reset(&bell[1].dev);
	assert_true(!line[1] && rd(1, DOORBELL_STATUS) == 0);
}

static void a_place_that_is_no_members_does_nothing(void **state)
{
	(void)state;
	wr(0, DOORBELL_RING, 1);
	doorbell_leave(&bell[1]);
	doorbell_leave(&bell[1]);
	for (uint64_t off = 0; off <= DOORBELL_ACK; off += 4) {
		assert_int_equal(rd(1, off), 0);
		wr(1, off, 2);
	}
	assert_false(doorbell_ring(&bell[1], 0));
	bell[1].dev.reset(&bell[1].dev);
	assert_int_equal(nr_changes, 2);
	assert_int_equal(doorbell_present(&bell[1]), 0);
	assert_int_equal(doorbell_present(&bell[0]), 5);
}

/* It may go to another channel, by another number, and takes nothing along. */
static void a_place_may_change_its_channel(void **state)
{
	static struct doorbell_hub other;

	(void)state;
	wr(0, DOORBELL_RING, 1);
	doorbell_leave(&bell[1]);
	doorbell_join(&bell[1], &other, 6);
	assert_int_equal(rd(1, DOORBELL_ID), 6);
	assert_int_equal(rd(1, DOORBELL_STATUS), 0);
	assert_int_equal(rd(1, DOORBELL_PRESENT), 0x40);
	assert_false(doorbell_ring(&bell[0], 1));
	assert_false(doorbell_ring(&bell[1], 0));
	assert_true(doorbell_ring(&bell[1], 6));
	assert_true(line[1] && !line[0]);
	doorbell_leave(&bell[1]);
	assert_false(line[1]);
}

static void registers_are_what_the_document_says(void **state)
{
	uint64_t v = 0;

	(void)state;
	for (uint32_t i = 0; i < NR; i++)
		assert_int_equal(rd(i, DOORBELL_ID), i);
	for (uint64_t off = 0; off < DOORBELL_MMIO_SIZE; off += 4) {
		if (off > DOORBELL_STATUS)
			assert_int_equal(rd(0, off), 0);
		if (off != DOORBELL_RING)
			wr(0, off, 1);
	}
	assert_int_equal(rd(0, DOORBELL_RING), 0);
	assert_true(rd(0, DOORBELL_ID) == 0 && rd(0, DOORBELL_STATUS) == 0);
	assert_int_equal(nr_changes, 0);
	for (uint64_t off = 0; off <= DOORBELL_ACK; off += 4) {
		assert_int_equal(access_size(0, off, 1, false, &v), -EFAULT);
		assert_int_equal(access_size(0, off, 2, true, &v), -EFAULT);
		assert_int_equal(access_size(0, off, 8, true, &v), -EFAULT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
		TEST(the_line_is_high_while_somebody_has_rung),
		TEST(nobody_else_is_rung_for),
		TEST(who_has_left_is_not_rung_for),
		TEST(a_place_that_is_no_members_does_nothing),
		TEST(a_place_may_change_its_channel),
		TEST(registers_are_what_the_document_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
