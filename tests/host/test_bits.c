/* SPDX-License-Identifier: Apache-2.0 */
/* Fields, alignment and ranges. */
#include "core/lib/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void count_agrees_with_the_compiler(void **state)
{
	uint64_t v = 1;

	(void)state;
	assert_int_equal(bits_count(0), 0);
	assert_int_equal(bits_count(UINT64_MAX), 64);
	for (int i = 0; i < 10000; i++) {
		assert_int_equal(bits_count(v), __builtin_popcountll(v));
		v = v * UINT64_C(6364136223846793005) + 1442695040888963407;
	}
}

static void masks_cover_both_ends(void **state)
{
	(void)state;
	assert_true(BITS(63, 0) == UINT64_MAX);
	assert_true(BITS(31, 26) == UINT64_C(0xfc000000));
	assert_true(BITS(63, 63) == BIT(63));
}

static void field_is_read_and_replaced(void **state)
{
	(void)state;
	assert_int_equal(bits_get(BITS(15, 8), 0x123456), 0x34);
	assert_int_equal(bits_set(BITS(15, 8), 0x123456, 0xab), 0x12ab56);
	assert_int_equal(bits_set(BITS(15, 8), 0, 0x1ff), 0xff00);
}

static void alignment_rounds_to_the_power_of_two(void **state)
{
	(void)state;
	assert_int_equal(align_up(4097, 4096), 8192);
	assert_int_equal(align_down(8191, 4096), 4096);
	assert_int_equal(align_up(UINT64_MAX, 4096), 0);
	assert_true(is_aligned(8192, 4096));
	assert_false(is_aligned(8193, 4096));
}

static void alignment_of_all_small_and_all_last_numbers(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 13; n++) {
		uint64_t to = BIT(n), last = 0;

		for (uint64_t i = 0; i < 9000; i++) {
			uint64_t high = UINT64_MAX - i, up = align_up(i, to);

			/* The least multiple that is not less. */
			last = i % to == 1 % to ? i + to - 1 : last;
			assert_int_equal(up, i == 0 ? 0 : last);
			assert_int_equal(align_down(i, to), i - i % to);
			assert_int_equal(is_aligned(i, to), i % to == 0);
			/* Beyond the last one it wraps to zero, which callers rule out. */
			assert_int_equal(align_up(high, to), i < to - 1 ? 0 : high + (i + 1) % to);
			assert_int_equal(align_down(high, to), high - high % to);
		}
	}
}

/* What tests/prove/prelude.h tells the prover of powers, masks and wrapping. */
static void axioms_of_the_proofs_hold(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 64; n++) {
		uint64_t p = BIT(n);

		assert_true(n == 0 ? p == 1 : p == 2 * BIT(n - 1));
		assert_true(p <= UINT64_C(0x8000000000000000));
		for (uint64_t i = 0; i < 20000; i++) {
			/* Small ones, those near each power, the last. */
			uint64_t x = i < 9000 ? i : i < 19000 ? p + i - 14000 :
				     UINT64_MAX + 19001 - i;

			assert_true((x & (p - 1)) == x % p);
			assert_true((x & ~(p - 1)) == x - x % p);
			assert_true((x - x % p) % p == 0);
			for (uint32_t k = 0; k <= n && x % p == 0; k++)
				assert_true(x % BIT(k) == 0);
			if (x) {
				uint32_t z = (uint32_t)__builtin_clzll(x);
				uint32_t t = (uint32_t)__builtin_ctzll(x);

				assert_true(BIT(63 - z) <= x && (z == 0 || x < BIT(64 - z)));
				assert_true(x % BIT(t) == 0 && x / BIT(t) % 2 == 1);
			}
		}
	}
	for (uint64_t x = 0; x < 8192; x++)
		assert_true((x & 4095) == x % 4096 && (x & 511) == x % 512);
}

/* or_page, or_2m and or_1g are of the same shape as these: all pairs of five bits. */
static void an_or_is_aligned_if_both_are(void **state)
{
	(void)state;
	for (uint64_t x = 0; x < 64; x++)
		for (uint64_t y = 0; y < 64; y++)
			for (uint32_t n = 0; n < 6; n++)
				assert_int_equal((x | y) % BIT(n) == 0,
						 x % BIT(n) == 0 && y % BIT(n) == 0);
}

static void range_that_wraps_or_is_empty_is_bad(void **state)
{
	(void)state;
	assert_true(range_bad(5, 0));
	assert_true(range_bad(UINT64_MAX, 2));
	assert_false(range_bad(UINT64_MAX, 1));
	assert_false(range_bad(0, UINT64_MAX));
}

static void ranges_overlap_when_they_share_a_byte(void **state)
{
	(void)state;
	assert_true(range_overlap(0, 10, 9, 1));
	assert_false(range_overlap(0, 10, 10, 1));
	assert_true(range_overlap(UINT64_MAX, 1, 0, UINT64_MAX) == false);
	assert_true(range_overlap(100, 1, 0, UINT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(count_agrees_with_the_compiler),
		cmocka_unit_test(masks_cover_both_ends),
		cmocka_unit_test(field_is_read_and_replaced),
		cmocka_unit_test(alignment_rounds_to_the_power_of_two),
		cmocka_unit_test(alignment_of_all_small_and_all_last_numbers),
		cmocka_unit_test(axioms_of_the_proofs_hold),
		cmocka_unit_test(an_or_is_aligned_if_both_are),
		cmocka_unit_test(range_that_wraps_or_is_empty_is_bad),
		cmocka_unit_test(ranges_overlap_when_they_share_a_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
