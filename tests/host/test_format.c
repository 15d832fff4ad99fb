/* SPDX-License-Identifier: Apache-2.0 */
/* EL2's printf, beside that of the host: the same text, the same length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define snprintf  el2_snprintf
#define vsnprintf el2_vsnprintf
__attribute__((format(printf, 3, 4)))
int el2_snprintf(char *buf, size_t size, const char *f, ...);
int el2_vsnprintf(char *buf, size_t size, const char *f, va_list ap);
#include "core/lib/format.c"
#undef snprintf
#undef vsnprintf

#define SAME(...) do { \
	char ours[80], theirs[80]; \
	for (size_t size_ = 0; size_ <= sizeof(ours); size_++) { \
		memset(ours, '#', sizeof(ours)); \
		memset(theirs, '#', sizeof(theirs)); \
		assert_int_equal(el2_snprintf(ours, size_, __VA_ARGS__), \
				 snprintf(theirs, size_, __VA_ARGS__)); \
		assert_memory_equal(ours, theirs, sizeof(ours)); \
	} \
} while (0)

static void text_is_padded_and_cut(void **state)
{
	static const char unended[3] = { 'a', 'b', 'c' };

	(void)state;
	SAME("%s", "");
	SAME("a%%b%%");
	SAME("<%8s|%-8s|%2s|%-2s>", "abc", "abc", "abc", "abc");
	SAME("<%.2s|%.9s|%5.2s|%-5.2s>", "abc", "abc", "abc", "abc");
	SAME("<%*s|%-*s|%.*s>", 7, "abc", 7, "abc", 1, "abc");
	SAME("%.*s", 3, unended);
	SAME("%c%3c%-3c.", 'x', 'y', 'z');
}

static void numbers_of_both_widths(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 9, 10, -10, 255, 99999, INT32_MAX, INT32_MIN,
					  INT64_MAX, INT64_MIN, 0x123456789abcdef0 };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		int v = (int)values[i];
		long long w = values[i];

		SAME("%d %u %x|%4d|%-4d|%04d", v, (unsigned int)v, (unsigned int)v, v, v, v);
		SAME("%02x|%08x|%-12x|%12d", (unsigned int)v, (unsigned int)v, (unsigned int)v, v);
		SAME("%ld %lu %lx", (long)w, (unsigned long)w, (unsigned long)w);
		SAME("%lld %llu %llx|%016llx", w, (unsigned long long)w, (unsigned long long)w,
		     (unsigned long long)w);
		SAME("%021lld|%-21lld|%21llu|", w, w, (unsigned long long)w);
	}
}

static void all_arguments_are_taken_in_turn(void **state)
{
	(void)state;
	SAME("%d %s %llx %c %u %-4s %02d %x %llu", -1, "two", 0x300000000ull, '4', 5u, "6", 7, 8u,
	     9ull);
}

/* A format that ends too early, which no compiler would pass. */
static void a_cut_off_format_ends_the_text(void **state)
{
	const char *const formats[] = { "ab%", "ab%-0", "ab%12", "ab%12.3", "ab%ll" };
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		va_list none;

		memset(&none, 0, sizeof(none));
		assert_int_equal(el2_vsnprintf(buf, sizeof(buf), formats[i], none), 2);
		assert_string_equal(buf, "ab");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_padded_and_cut),
		cmocka_unit_test(numbers_of_both_widths),
		cmocka_unit_test(all_arguments_are_taken_in_turn),
		cmocka_unit_test(a_cut_off_format_ends_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
