/* SPDX-License-Identifier: Apache-2.0 */
/* Names of functions for crash reports. */
#include "core/symbols.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* The linker script's symbols. */
const char __image_start[4];
const char __text_start[4];
const char __text_end[4];
const uint8_t hyp_symsteps[1];
const uint8_t hyp_symsteps_end[1];
const char hyp_symchars[1];
const char hyp_symchars_end[1];
const uint8_t hyp_sympairs[1][2];
const uint8_t hyp_symnames[1];

/*
 * Functions at 0x40, 0x100, 0x180, 0x180 + 255 * 4 and two times 255 * 4 behind
 * that. Codes 12 to 15 are "ir", "irs", the end of "first" with what follows it,
 * and an end with the "t" of the next name.
 */
static const uint8_t steps[] = { 0x10, 0x30, 0x20, 255, 0, 255, 255, 0 };
static const char chars[] = "\0cdefhinorst";
static const uint8_t pairs[][2] = { { 6, 9 }, { 12, 10 }, { 11, 0 }, { 0, 11 } };
static const uint8_t names[] = {
	4, 13, 14,              /* f irs t\0 */
	10, 3, 1, 8, 7, 2,      /* s e c o n d */
	15, 5, 12, 2, 0,        /* \0t h ir d \0 */
	7, 0,                   /* n */
	8, 0,                   /* o */
};
static const struct symbol_table table = {
	.steps = steps,
	.steps_end = steps + sizeof(steps),
	.chars = chars,
	.nr_chars = 12,
	.pairs = pairs,
	.names = names,
};

static uint64_t rest;
static char name[SYMBOL_NAME_MAX];

static int setup(void **state)
{
	(void)state;
	rest = 99;
	strcpy(name, "untouched");
	return 0;
}

static bool find(uint64_t at)
{
	return symbol_find(&table, at, name, sizeof(name), &rest);
}

static void symbol_at_its_start_has_offset_0(void **state)
{
	(void)state;
	assert_true(find(0x40));
	assert_string_equal(name, "first");
	assert_int_equal(rest, 0);
	assert_true(find(0x180));
	assert_string_equal(name, "third");
	assert_int_equal(rest, 0);
}

static void symbol_covers_all_up_to_the_next(void **state)
{
	(void)state;
	assert_true(find(0xff));
	assert_string_equal(name, "first");
	assert_true(find(0x17f));
	assert_string_equal(name, "second");
	assert_int_equal(rest, 0x7f);
	assert_true(find(0x180 + 255 * 4 - 1));
	assert_string_equal(name, "third");
	assert_int_equal(rest, 255 * 4 - 1);
}

static void steps_add_up_to_a_long_function(void **state)
{
	(void)state;
	assert_true(find(0x180 + 255 * 4));
	assert_string_equal(name, "n");
	assert_int_equal(rest, 0);
	assert_true(find(0x180 + 3 * 255 * 4 - 4));
	assert_string_equal(name, "n");
	assert_int_equal(rest, 2 * 255 * 4 - 4);
	assert_true(find(0x180 + 3 * 255 * 4));
	assert_string_equal(name, "o");
	assert_true(find(0x50000));
	assert_string_equal(name, "o");
	assert_int_equal(rest, 0x50000 - 0x180 - 3 * 255 * 4);
}

static void address_before_the_first_has_no_name(void **state)
{
	(void)state;
	assert_false(find(0x3f));
	assert_string_equal(name, "untouched");
	assert_int_equal(rest, 99);
}

static void long_name_is_cut_off_and_ended(void **state)
{
	(void)state;
	assert_true(symbol_find(&table, 0x40, name, 4, &rest));
	assert_string_equal(name, "fir");
	assert_true(symbol_find(&table, 0x40, name, 1, &rest));
	assert_string_equal(name, "");
}

static void empty_table_names_nothing(void **state)
{
	static const struct symbol_table empty;

	(void)state;
	assert_false(symbol_find(&empty, 0x100, name, sizeof(name), &rest));
}

static void address_outside_the_text_has_no_name(void **state)
{
	(void)state;
	assert_false(symbol_lookup(VA((uintptr_t)__text_end), name, sizeof(name), &rest));
	assert_false(symbol_lookup(VA((uintptr_t)__text_start - 1), name, sizeof(name), &rest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(symbol_at_its_start_has_offset_0, setup),
		cmocka_unit_test_setup(symbol_covers_all_up_to_the_next, setup),
		cmocka_unit_test_setup(steps_add_up_to_a_long_function, setup),
		cmocka_unit_test_setup(address_before_the_first_has_no_name, setup),
		cmocka_unit_test_setup(long_name_is_cut_off_and_ended, setup),
		cmocka_unit_test_setup(empty_table_names_nothing, setup),
		cmocka_unit_test_setup(address_outside_the_text_has_no_name, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
