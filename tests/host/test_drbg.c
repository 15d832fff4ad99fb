/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/drbg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* RFC 8439, 2.3.2: test vector of the block function. */
static void chacha20_block_is_that_of_the_rfc(void **state)
{
	static const uint32_t in[16] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
		0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
		0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
		0x00000001, 0x09000000, 0x4a000000, 0x00000000,
	};
	static const uint32_t want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
		0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	uint32_t out[16];

	(void)state;
	chacha20_block(in, out);
	assert_memory_equal(out, want, sizeof(want));
}

static void unseeded_says_so(void **state)
{
	struct drbg d;
	uint8_t out[16];

	(void)state;
	drbg_init(&d);
	assert_int_equal(drbg_fill(&d, out, sizeof(out)), -EAGAIN);
	drbg_seed(&d, "time", 4, false);
	assert_false(drbg_is_seeded(&d));
	drbg_seed(&d, "", 0, true);
	assert_false(drbg_is_seeded(&d));
	drbg_seed(&d, "entropy", 7, true);
	assert_int_equal(drbg_fill(&d, out, sizeof(out)), 0);
	/* Later counters do not make it unseeded. */
	drbg_seed(&d, "time", 4, false);
	assert_true(drbg_is_seeded(&d));
	assert_int_equal(drbg_fill(&d, out, DRBG_MAX_FILL + 1), -EINVAL);
}

static void every_byte_of_a_seed_counts(void **state)
{
	uint8_t seed[100] = { 0 }, first[32], out[32];

	(void)state;
	for (size_t i = 0; i <= sizeof(seed); i++) {
		struct drbg d;

		if (i)
			seed[i - 1] ^= 1;
		drbg_init(&d);
		drbg_seed(&d, seed, sizeof(seed), true);
		assert_int_equal(drbg_fill(&d, out, sizeof(out)), 0);
		if (i == 0)
			memcpy(first, out, sizeof(first));
		else
			assert_memory_not_equal(first, out, sizeof(out));
		if (i)
			seed[i - 1] ^= 1;
	}
}

static void old_output_cannot_be_made_again_from_the_state(void **state)
{
	struct drbg d, later;
	uint8_t a[64], b[64];

	(void)state;
	drbg_init(&d);
	drbg_seed(&d, "s", 1, true);
	drbg_fill(&d, a, sizeof(a));
	later = d;
	drbg_fill(&later, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	/* The key is not output, and output is not the key. */
	for (size_t i = 0; i + sizeof(d.key) <= sizeof(a); i++)
		assert_memory_not_equal(a + i, d.key, sizeof(d.key));
}

static void long_output_is_one_stream_without_repeats(void **state)
{
	struct drbg d;
	uint8_t out[DRBG_MAX_FILL];

	(void)state;
	drbg_init(&d);
	drbg_seed(&d, "s", 1, true);
	assert_int_equal(drbg_fill(&d, out, sizeof(out)), 0);
	for (size_t i = 0; i < sizeof(out); i += 64)
		for (size_t j = i + 64; j < sizeof(out); j += 64)
			assert_memory_not_equal(out + i, out + j, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chacha20_block_is_that_of_the_rfc),
		cmocka_unit_test(unseeded_says_so),
		cmocka_unit_test(every_byte_of_a_seed_counts),
		cmocka_unit_test(old_output_cannot_be_made_again_from_the_state),
		cmocka_unit_test(long_output_is_one_stream_without_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
