/* SPDX-License-Identifier: Apache-2.0 */
/* Which trees libfdt is given at all. */
#include "core/fdt_sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>

#define OK(call) assert_true((call) >= 0)

static _Alignas(8) uint8_t tree[1024], copy[1024];
static size_t size;

static int setup(void **state)
{
	(void)state;
	OK(fdt_create(tree, sizeof(tree)));
	OK(fdt_add_reservemap_entry(tree, 0x1000, 0x1000));
	OK(fdt_finish_reservemap(tree));
	OK(fdt_begin_node(tree, ""));
	OK(fdt_property_u32(tree, "version", 1));
	OK(fdt_begin_node(tree, "vms"));
	OK(fdt_property_string(tree, "name", "a"));
	OK(fdt_end_node(tree));
	OK(fdt_end_node(tree));
	OK(fdt_finish(tree));
	size = fdt_totalsize(tree);
	return 0;
}

static void a_sound_tree_is_taken_at_its_size_only(void **state)
{
	(void)state;
	assert_true(fdt_sound(tree, size));
	assert_true(fdt_sound(tree, size + 1));
	for (size_t n = 0; n < size; n++)
		assert_false(fdt_sound(tree, n));
}

static void blocks_that_are_not_aligned_are_refused(void **state)
{
	(void)state;
	for (unsigned int by = 0; by < 8; by++) {
		uint32_t end;

		/* The structure moved, whole, to where the strings were; they come behind. */
		memset(copy, 0, sizeof(copy));
		memcpy(copy, tree, size);
		end = (uint32_t)((size + 7) & ~7ul);
		memcpy(copy + end + by, tree + fdt_off_dt_struct(tree), fdt_size_dt_struct(tree));
		fdt_set_off_dt_struct(copy, end + by);
		fdt_set_totalsize(copy, end + by + fdt_size_dt_struct(tree));
		assert_int_equal(fdt_sound(copy, sizeof(copy)), by % 4 == 0);
		memcpy(copy, tree, size);
		memcpy(copy + end + by, tree + fdt_off_mem_rsvmap(tree), 32);
		fdt_set_off_mem_rsvmap(copy, end + by);
		fdt_set_totalsize(copy, end + by + 32);
		assert_int_equal(fdt_sound(copy, sizeof(copy)), by == 0);
		memcpy(copy + by, tree, size);
		assert_int_equal(fdt_sound(copy + by, size), by == 0);
	}
}

/* Whatever word of the structure is damaged: taken or refused, and libfdt can walk it. */
static void damaged_structures_are_refused_or_can_be_walked(void **state)
{
	uint32_t refused = 0;

	(void)state;
	for (uint32_t at = 0; at < fdt_size_dt_struct(tree); at += 4) {
		for (uint32_t tag = 0; tag < 12; tag++) {
			int node = 0, depth = 0;

			memcpy(copy, tree, size);
			*(fdt32_t *)(copy + fdt_off_dt_struct(copy) + at) = cpu_to_fdt32(tag);
			if (!fdt_sound(copy, size)) {
				refused++;
				continue;
			}
			while (node >= 0 && depth >= 0)
				node = fdt_next_node(copy, node, &depth);
			assert_true(depth < 0 || node == -FDT_ERR_NOTFOUND);
		}
	}
	assert_true(refused > 20);
}

/* A length that makes the next offset negative. */
static void lengths_beyond_the_structure_are_refused(void **state)
{
	int prop = fdt_first_property_offset(tree, 0);
	static const uint32_t lens[] = { 0x7fffffff, 0x80000000, 0x80000400, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memcpy(copy, tree, size);
		*(fdt32_t *)(copy + fdt_off_dt_struct(copy) + prop + 4) = cpu_to_fdt32(lens[i]);
		assert_false(fdt_sound(copy, size));
	}
}

/* Each bit damaged: what is taken, libfdt takes too, but for the name that a root may have. */
static void what_is_taken_libfdt_finds_whole(void **state)
{
	uint32_t taken = 0;

	(void)state;
	for (size_t at = 0; at < size; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			memcpy(copy, tree, size);
			copy[at] ^= (uint8_t)(1 << bit);
			if (!fdt_sound(copy, size) || *fdt_get_name(copy, 0, NULL))
				continue;
			taken++;
			assert_int_equal(fdt_check_full(copy, size), 0);
		}
	}
	assert_true(taken > size);
}

/* Properties in their order, over what is left of those that are gone; none of a subnode. */
static void properties_are_read_in_their_order(void **state)
{
	const uint32_t *prop;
	int len;

	(void)state;
	OK(fdt_open_into(tree, copy, sizeof(copy)));
	OK(fdt_setprop_u32(copy, 0, "b", 2));
	OK(fdt_setprop_string(copy, 0, "a", "text"));
	OK(fdt_nop_property(copy, 0, "b"));
	prop = fdt_prop_next(fdt_structure(copy));
	assert_string_equal(fdt_prop_name(copy, prop), "a");
	assert_ptr_equal(prop + 3, fdt_getprop(copy, 0, "a", &len));
	assert_int_equal(fdt_be(prop + 1), len);
	prop = fdt_prop_next(prop);
	assert_string_equal(fdt_prop_name(copy, prop), "version");
	assert_null(fdt_prop_next(prop));
	assert_null(fdt_prop_find(copy, fdt_structure(copy), "name"));
	assert_ptr_equal(fdt_prop_find(copy, fdt_structure(copy), "version"), prop);
	assert_int_equal(__builtin_bswap64(fdt_reservations(copy)[0]), 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_sound_tree_is_taken_at_its_size_only, setup),
		cmocka_unit_test_setup(blocks_that_are_not_aligned_are_refused, setup),
		cmocka_unit_test_setup(damaged_structures_are_refused_or_can_be_walked, setup),
		cmocka_unit_test_setup(lengths_beyond_the_structure_are_refused, setup),
		cmocka_unit_test_setup(what_is_taken_libfdt_finds_whole, setup),
		cmocka_unit_test_setup(properties_are_read_in_their_order, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
