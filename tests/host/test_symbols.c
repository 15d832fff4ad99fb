/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions for crash reports. */
#include "core/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The linker script's symbols. */
const char __image_start[4];
const char __text_start[4];
const char __text_end[4];
const uint32_t hyp_symtab_start[1];
const uint32_t hyp_symtab_end[1];
const char hyp_symstr[1];

static const uint32_t offsets[] = { 0x40, 0x100, 0x180 };
static const char names[] = "first\0second\0third";

static const char *find(uint64_t at, uint64_t *rest)
{
	return symbol_find(offsets, 3, names, at, rest);
}

static void symbol_at_its_start_has_offset_0(void **state)
{
	uint64_t rest = 99;

	(void)state;
	assert_string_equal(find(0x40, &rest), "first");
	assert_int_equal(rest, 0);
	assert_string_equal(find(0x180, &rest), "third");
	assert_int_equal(rest, 0);
}

static void symbol_covers_all_up_to_the_next(void **state)
{
	uint64_t rest = 99;

	(void)state;
	assert_string_equal(find(0x17f, &rest), "second");
	assert_int_equal(rest, 0x7f);
	assert_string_equal(find(0x5000, &rest), "third");
	assert_int_equal(rest, 0x5000 - 0x180);
}

static void address_before_the_first_has_no_name(void **state)
{
	uint64_t rest = 99;

	(void)state;
	assert_null(find(0x3f, &rest));
	assert_int_equal(rest, 99);
}

static void empty_table_names_nothing(void **state)
{
	uint64_t rest;

	(void)state;
	assert_null(symbol_find(offsets, 0, names, 0x100, &rest));
}

static void address_outside_the_text_has_no_name(void **state)
{
	uint64_t rest;

	(void)state;
	assert_null(symbol_lookup(VA((uintptr_t)__text_end), &rest));
	assert_null(symbol_lookup(VA((uintptr_t)__text_start - 1), &rest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbol_at_its_start_has_offset_0),
		cmocka_unit_test(symbol_covers_all_up_to_the_next),
		cmocka_unit_test(address_before_the_first_has_no_name),
		cmocka_unit_test(empty_table_names_nothing),
		cmocka_unit_test(address_outside_the_text_has_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
