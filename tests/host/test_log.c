/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's messages: kept, cut, limited. */
#include "core/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <arch/timer.h>

static char shown[65536];
static unsigned int nr_shown;        /* bytes */

static void sink(const char *line, unsigned int len)
{
	assert_int_equal(strlen(line), len);
	nr_shown += (unsigned int)snprintf(shown + nr_shown, sizeof(shown) - nr_shown, "%s\n",
					   line);
}

static int setup(void **state)
{
	(void)state;
	nr_shown = 0;
	shown[0] = '\0';
	fake_counter += 10 * fake_counter_hz;
	log_set_level(LOG_INFO);
	return 0;
}

static unsigned int count(const char *text)
{
	unsigned int n = 0;

	for (const char *p = shown; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

/* First of all, as it needs a log that never had a sink. */
static void the_first_sink_gets_what_was_said_before(void **state)
{
	(void)state;
	log_info("early %d", 1);
	log_err("early %d", 2);
	assert_string_equal(shown, "");
	log_set_sink(sink);
	assert_string_equal(shown, "corbel: early 1\ncorbel: early 2\n");
	log_set_sink(sink);
	log_info("late");
	assert_string_equal(shown, "corbel: early 1\ncorbel: early 2\ncorbel: late\n");
}

static void levels_above_the_threshold_are_not_shown(void **state)
{
	(void)state;
	log_debug("no");
	log_set_level(LOG_DEBUG);
	log_debug("yes");
	log_set_level(LOG_ERR);
	log_warn("no");
	log_err("error");
	assert_string_equal(shown, "corbel: yes\ncorbel: error\n");
}

static void long_lines_are_cut(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	assert_int_equal(strlen(shown), LOG_LINE);
	assert_int_equal(strspn(shown + 8, "x"), LOG_LINE - 9);
	log_guest(text, "%s", text);
	assert_int_equal(strlen(shown), 2 * LOG_LINE);
}

static void guests_get_a_few_lines_a_second(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		log_guest("linux", "event %d.", i);
	assert_int_equal(count("corbel: vm linux: event"), LOG_GUEST_BURST);
	log_info("not a guest's");
	assert_int_equal(count("corbel: not a guest's"), 1);
	fake_counter += fake_counter_hz;
	log_guest("other", "event");
	assert_int_equal(count("corbel: 90 lines about guests left out\n"
			       "corbel: vm other: event"), 1);
	log_guest("other", "event");
	assert_int_equal(count("left out"), 1);
}

static void the_ring_can_be_read_again_from_a_whole_line(void **state)
{
	char line[LOG_LINE];
	uint64_t pos = 0;
	unsigned int first = 0, nr = 0;

	(void)state;
	for (int i = 0; i < 2000; i++)
		log_info("line number %d", i);
	while (log_read(&pos, line, sizeof(line))) {
		unsigned int n;

		assert_int_equal(sscanf(line, "corbel: line number %u", &n), 1);
		if (nr == 0)
			first = n;
		assert_int_equal(n, first + nr);
		nr++;
	}
	assert_int_equal(first + nr, 2000);
	assert_true(nr > 500);
	assert_false(log_read(&pos, line, sizeof(line)));
	log_info("new");
	assert_true(log_read(&pos, line, 10));
	assert_string_equal(line, "corbel: n");
	assert_false(log_read(&pos, line, sizeof(line)));
}

static void an_empty_line_is_a_line(void **state)
{
	char line[LOG_LINE];
	uint64_t pos = 0;

	(void)state;
	while (log_read(&pos, line, sizeof(line)))
		;
	log_info("%s", "");
	assert_true(log_read(&pos, line, sizeof(line)));
	assert_string_equal(line, "corbel: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_sink_gets_what_was_said_before, setup),
		cmocka_unit_test_setup(levels_above_the_threshold_are_not_shown, setup),
		cmocka_unit_test_setup(long_lines_are_cut, setup),
		cmocka_unit_test_setup(guests_get_a_few_lines_a_second, setup),
		cmocka_unit_test_setup(the_ring_can_be_read_again_from_a_whole_line, setup),
		cmocka_unit_test_setup(an_empty_line_is_a_line, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
