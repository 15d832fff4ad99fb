/* SPDX-License-Identifier: Apache-2.0 */
/* Listings as text and as JSON, and the sets of numbers in them. */
#include "core/vmm/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>

struct row {
	uint32_t nr;
	char name[8];
	const char *text;
	uint64_t big, bytes, ticks, mask;
};

static const struct list_column columns[] = {
	LIST_COLUMN("nr", LIST_U32, 3, struct row, nr),
	LIST_COLUMN("name", LIST_STR, -6, struct row, name),
	LIST_COLUMN("text", LIST_PTR, -4, struct row, text),
	LIST_COLUMN("big", LIST_U64, 4, struct row, big),
	LIST_COLUMN("kib", LIST_KIB, 4, struct row, bytes),
	LIST_COLUMN("us", LIST_US, 4, struct row, ticks),
	LIST_COLUMN("hex", LIST_HEX, -5, struct row, mask),
	LIST_COLUMN("set", LIST_SET, -5, struct row, mask),
};

static const struct listing listing = { "rows", 8, columns };
static const struct listing plain = {
	"lines", 1,
	(const struct list_column[]){ LIST_COLUMN("line", LIST_PTR, 0, struct row, text) },
};

static char shown[4096];
static struct list_out out;

static void show(const char *text, size_t len)
{
	strncat(shown, text, len);
}

static void begin(bool json)
{
	shown[0] = '\0';
	out = (struct list_out){ .write = show, .json = json };
}

static const struct row rows[] = {
	{ 7, "seven", "a", 10, 4096, 62500, 0x27 },
	{ 1234, "one", NULL, UINT64_MAX, 0, 0, 0 },
};

static void text_is_in_columns(void **state)
{
	(void)state;
	begin(false);
	list_begin(&out, &listing);
	list_row(&out, &rows[0]);
	list_row(&out, &rows[1]);
	list_begin(&out, &plain);
	list_row(&out, &(struct row){ .text = "as it is" });
	list_end(&out);
	assert_string_equal(shown,
		" nr name   text  big  kib   us hex   set\n"
		"  7 seven  a      10    4 1000 0x27  0-2,5\n"
		"1234 one         18446744073709551615    0    0 0x0\n"
		"as it is\n");
}

static void json_is_one_object(void **state)
{
	(void)state;
	begin(true);
	list_begin(&out, &listing);
	list_row(&out, &rows[0]);
	list_row(&out, &rows[1]);
	list_begin(&out, &plain);
	list_end(&out);
	assert_string_equal(shown,
		"{\"rows\":[\n"
		"{\"nr\":7,\"name\":\"seven\",\"text\":\"a\",\"big\":10,\"kib\":4,\"us\":1000,"
		"\"hex\":\"0x27\",\"set\":\"0-2,5\"},\n"
		"{\"nr\":1234,\"name\":\"one\",\"text\":\"\",\"big\":18446744073709551615,"
		"\"kib\":0,\"us\":0,\"hex\":\"0x0\",\"set\":\"\"}],\n"
		"\"lines\":[]}\n");
	begin(true);
	list_end(&out);
	assert_string_equal(shown, "");
}

static void any_text_is_a_json_string(void **state)
{
	char all[256], *p = shown;

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	begin(true);
	list_begin(&out, &plain);
	list_row(&out, &(struct row){ .text = all });
	list_end(&out);
	assert_non_null(strstr(shown, "\\u0001\\u0002"));
	assert_non_null(strstr(shown, " !\\\"#$"));
	assert_non_null(strstr(shown, "[\\\\]"));
	assert_non_null(strstr(shown, "~\\u007f\\u0080"));
	assert_non_null(strstr(shown, "\\u00ff\"}]}"));
	for (; *p; p++)
		assert_true((*p >= ' ' && *p <= '~') || *p == '\n');
}

static void sets_are_parsed_and_shown(void **state)
{
	static const struct { const char *text; uint64_t set; } good[] = {
		{ "0", 1 }, { "63", UINT64_C(1) << 63 }, { "0-63", UINT64_MAX }, { "0-2,5", 0x27 },
		{ "62-63", UINT64_C(3) << 62 }, { "1,3,5,7-9", 0x3aa },
	};
	static const char *const bad[] = {
		"", ",", "-", "64", "3-1", "1,", "1-", "a", "0-64", "1 ", " 1", "0x3", "1--2",
		"18446744073709551616", "-1",
	};
	uint64_t set;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct row row = { .mask = good[i].set };
		const struct list_column col = LIST_COLUMN("s", LIST_SET, 0, struct row, mask);
		const struct listing l = { "l", 1, &col };

		assert_true(list_parse_set(good[i].text, &set));
		assert_true(set == good[i].set);
		begin(false);
		list_begin(&out, &l);
		list_row(&out, &row);
		assert_memory_equal(shown, good[i].text, strlen(good[i].text));
		assert_int_equal(strlen(shown), strlen(good[i].text) + 1);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(list_parse_set(bad[i], &set));
}

/* The longest set, and a text longer than a row's buffer. */
static void long_cells_stay_whole_or_are_cut(void **state)
{
	static char text[600];
	struct row row = { .text = text, .mask = UINT64_C(0x5555555555555555) };

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	begin(false);
	list_begin(&out, &listing);
	list_row(&out, &row);
	assert_non_null(strstr(shown, "52,54,56,58,60,62\n"));
	begin(true);
	list_begin(&out, &plain);
	list_row(&out, &row);
	assert_int_equal(strlen(shown), strlen("{\"lines\":[\n{\"line\":\"\"}") + 599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_in_columns),
		cmocka_unit_test(json_is_one_object),
		cmocka_unit_test(any_text_is_a_json_string),
		cmocka_unit_test(sets_are_parsed_and_shown),
		cmocka_unit_test(long_cells_stay_whole_or_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
