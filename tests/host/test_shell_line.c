/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the shell's line: what the text becomes, and what a terminal makes of the echo. */
#include "core/vmm/shell_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UP    "\x1b[A"
#define DOWN  "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT  "\x1b[D"

/* ---- a terminal: one row, and what scrolled out of it ---- */

static struct {
	char row[512];
	unsigned int at, len;
	char scrolled[8192];
	int bells;
	char seq[16];
	unsigned int nr_seq;
} term;

static void term_control(char final)
{
	unsigned int n = (unsigned int)atoi(term.seq + 1);

	if (final == 'K') {
		memset(term.row + term.at, 0, sizeof(term.row) - term.at);
	} else if (final == 'D') {
		assert_true(n >= 1 && n <= term.at);
		term.at -= n;
	} else {
		assert_true(final == 'H' || final == 'J');
		memset(term.row, 0, sizeof(term.row));
		term.at = 0;
	}
}

static void term_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (term.nr_seq || c == 0x1b) {
			assert_true(term.nr_seq < sizeof(term.seq) - 1);
			if (term.nr_seq || c != 0x1b)
				term.seq[term.nr_seq - 1] = c;
			term.nr_seq++;
			if (term.nr_seq > 2 && c >= '@') {
				term.seq[term.nr_seq - 1] = '\0';
				term_control(c);
				term.nr_seq = 0;
				memset(term.seq, 0, sizeof(term.seq));
			}
		} else if (c == '\r') {
			term.at = 0;
		} else if (c == '\n') {
			assert_true(strlen(term.scrolled) + 512 < sizeof(term.scrolled));
			strcat(strcat(term.scrolled, term.row), "\n");
			memset(term.row, 0, sizeof(term.row));
		} else if (c == '\a') {
			term.bells++;
		} else {
			assert_true(c >= ' ' && c < 0x7f);
			assert_true(term.at < sizeof(term.row) - 1);
			term.row[term.at++] = c;
		}
	}
}

/* ---- candidates: words of a small grammar ---- */

static const char *const first[] = { "log", "mem", "vm", "vm", "vmstat", NULL };
static const char *const second[] = { "list", "log", "set", NULL };
static const char *const third[] = { "weight=", "cap=", NULL };

static void candidates(char **words, int nr, shell_each *each, void *ctx)
{
	const char *const *list = nr == 0 ? first : NULL;

	if (nr == 1 && strcmp(words[0], "vm") == 0)
		list = second;
	if (nr == 2 && strcmp(words[1], "set") == 0)
		list = third;
	for (; list && *list; list++)
		each(ctx, *list, strlen(*list));
}

static const struct shell_line_ops ops = { "> ", term_write, candidates };
static struct shell_line l;

static int setup(void **state)
{
	(void)state;
	memset(&term, 0, sizeof(term));
	memset(&l, 0, sizeof(l));
	l.ops = &ops;
	shell_line_new(&l);
	return 0;
}

/* What is on the screen is the prompt and the line, the cursor where it belongs. */
static void check(void)
{
	char want[SHELL_LINE + 8];

	assert_true(l.cursor <= l.len && l.len < SHELL_LINE);
	assert_int_equal(strlen(l.text), l.len);
	strcat(strcpy(want, "> "), l.text);
	assert_string_equal(term.row, want);
	assert_int_equal(term.at, 2 + l.cursor);
}

/* Press keys; the last may complete the line. */
static bool press(const char *keys)
{
	bool done = false;

	for (; *keys; keys++) {
		assert_false(done);
		done = shell_line_key(&l, (uint8_t)*keys);
		if (!done)
			check();
	}
	return done;
}

static void line_is(const char *before, const char *behind)
{
	assert_int_equal(l.cursor, strlen(before));
	assert_int_equal(l.len, strlen(before) + strlen(behind));
	assert_memory_equal(l.text, before, strlen(before));
	assert_string_equal(l.text + l.cursor, behind);
}

static void enter(const char *line)
{
	assert_true(press(line));
	shell_line_new(&l);
}

/* ---- tests ---- */

static void keys_move_and_erase(void **state)
{
	(void)state;
	press("hello world");
	line_is("hello world", "");
	press(LEFT LEFT "\x02");
	line_is("hello wo", "rld");
	press("X");
	line_is("hello woX", "rld");
	press("\x7f\x08");
	line_is("hello w", "rld");
	press("\x01" RIGHT "\x06");
	line_is("he", "llo wrld");
	press("\x04\x1b[3~");
	line_is("he", "o wrld");
	press("\x05\x17");
	line_is("heo ", "");
	press("a  b\x17\x17");
	line_is("heo ", "");
	press(LEFT LEFT "\x0b");
	line_is("he", "");
	press("llo" LEFT "\x15");
	line_is("", "o");
	press("\x15\x0b\x04\x05\x7f\x17" LEFT RIGHT LEFT);
	line_is("", "");
}

static void home_and_end_have_many_codes(void **state)
{
	static const char *const homes[] = { "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~", "\x01" };
	static const char *const ends[] = { "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~", "\x05" };

	(void)state;
	press("abc");
	for (int i = 0; i < 5; i++) {
		press(homes[i]);
		line_is("", "abc");
		press(ends[i]);
		line_is("abc", "");
	}
}

static void other_sequences_do_nothing(void **state)
{
	(void)state;
	press("ab");
	press("\x1b[1;5D\x1b[15~\x1b[200~\x1b[Z\x1b[;;;D\x1bq\x1b[5~\x1b\x1b[9~\x1b[99~");
	line_is("ab", "");
	/* A control key ends one, and counts. */
	press("\x1b\x02\x1b[\x02");
	line_is("", "ab");
	assert_true(press("\x1b[\r"));
}

static void lines_end_with_cr_or_lf_or_both(void **state)
{
	(void)state;
	assert_true(press("a\r"));
	shell_line_new(&l);
	assert_false(shell_line_key(&l, '\n'));
	assert_true(press("b\n"));
	shell_line_new(&l);
	assert_true(press("\n"));
	assert_string_equal(term.scrolled, "> a\n> b\n> \n");
	shell_line_new(&l);
	press("never");
	assert_true(press("\x03"));
	assert_string_equal(l.text, "");
}

static void a_full_line_takes_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		press("x");
	assert_int_equal(l.len, SHELL_LINE - 1);
	assert_int_equal(term.bells, 1000 - (SHELL_LINE - 1));
	press("\x01y\t\x05\x7f");
	assert_int_equal(l.len, SHELL_LINE - 2);
}

static void lines_are_remembered(void **state)
{
	(void)state;
	press(UP DOWN);
	line_is("", "");
	enter("one\r");
	enter("two\r");
	enter("two\r");
	enter("\r");
	press("new" UP);
	line_is("two", "");
	press(UP);
	line_is("one", "");
	press(UP "\x10");
	line_is("one", "");
	press("s" DOWN);
	line_is("two", "");
	press(DOWN);
	line_is("new", "");
	press("\x0e" DOWN UP UP);
	line_is("one", "");
	/* What was changed and sent is the latest. */
	enter("!\r");
	press(UP);
	line_is("one!", "");
}

static void old_lines_are_forgotten(void **state)
{
	char line[] = "?\r";

	(void)state;
	for (char c = 'a'; c <= 'z'; c++) {
		line[0] = c;
		enter(line);
	}
	for (int i = 0; i < 40; i++)
		press(UP);
	line_is((char[]){ (char)('z' - SHELL_HISTORY + 1), '\0' }, "");
}

static void clear_screen_keeps_the_line(void **state)
{
	(void)state;
	press("abc" LEFT "\x0c");
	line_is("ab", "c");
}

static void tab_completes(void **state)
{
	(void)state;
	press("m\t");
	line_is("mem ", "");
	press("\x15v\t");
	line_is("vm", "");
	press(" s\t");
	line_is("vm set ", "");
	press("w\t");
	line_is("vm set weight=", "");
	press("\x15vm l\t");
	line_is("vm l", "");
	assert_string_equal(term.scrolled, "> vm l\nlist  log  \n");
	/* In the middle of a line, what is left of the cursor counts. */
	press("\x15 x\x01" "lo\t");
	line_is("log ", " x");
}

static void tab_lists_what_is_possible(void **state)
{
	(void)state;
	press("\t");
	line_is("", "");
	assert_string_equal(term.scrolled, "> \nlog  mem  vm  vmstat  \n");
	assert_int_equal(term.bells, 0);
	press("zz\t");
	line_is("zz", "");
	press("\x15vm list \t");
	press("\x15\"m\t");
	assert_int_equal(term.bells, 2);
	press("\x15\"mem\"\t");
	line_is("\"mem\" ", "");
}

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Whatever is typed, the screen shows the line, and nothing is written beside it. */
static void any_bytes_are_survived(void **state)
{
	static const char *const likely[] = {
		UP, DOWN, LEFT, RIGHT, "\t", "\x17", "\x0b", "\x15", "\x01", "\x05", "vm ", "se",
		"\"", "'", "\\", " ", "\r", "\n", "\x1b[1~", "\x7f", "\x03",
	};

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char byte[2] = { (char)(1 + rnd(255)), '\0' };
		const char *keys = rnd(3) ? likely[rnd(sizeof(likely) / sizeof(*likely))] : byte;

		for (; *keys; keys++) {
			char *words[SHELL_MAX_WORDS];

			if (!shell_line_key(&l, (uint8_t)*keys)) {
				check();
				continue;
			}
			shell_split(l.text, words);
			shell_line_new(&l);
		}
		term.scrolled[0] = '\0';
	}
}

/* ---- words ---- */

static void words_are_split(void **state)
{
	char line[] = "  one \"two and\" th\"r e\"e 'a\"b\\' x\\ y \"\\\"\\\\\" \"\"  ";
	char many[] = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";
	char more[] = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17";
	char *words[SHELL_MAX_WORDS];

	(void)state;
	assert_int_equal(shell_split(line, words), 7);
	assert_string_equal(words[0], "one");
	assert_string_equal(words[1], "two and");
	assert_string_equal(words[2], "thr ee");
	assert_string_equal(words[3], "a\"b\\");
	assert_string_equal(words[4], "x y");
	assert_string_equal(words[5], "\"\\");
	assert_string_equal(words[6], "");
	assert_int_equal(shell_split(many, words), 16);
	assert_string_equal(words[15], "16");
	assert_true(shell_split(more, words) < 0);
}

static void what_is_open_is_no_word(void **state)
{
	static const char *const lines[] = { "a \"b", "a 'b", "a \\", "'", "\"\\\"", "a\"b'" };
	char *words[SHELL_MAX_WORDS];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char copy[16];

		strcpy(copy, lines[i]);
		assert_true(shell_split(copy, words) < 0);
	}
}

static int fits(const char *pattern, const char *line)
{
	char copy[64], *words[SHELL_MAX_WORDS];

	strcpy(copy, line);
	return shell_fits(pattern, words, shell_split(copy, words));
}

static void patterns_are_matched_word_by_word(void **state)
{
	bool optional;

	(void)state;
	assert_int_equal(fits("vm list [--json]\tx", "vm list"), 2);
	assert_int_equal(fits("vm list [--json]\tx", "vm log"), 1);
	assert_int_equal(fits("vm list [--json]\tx", "v"), 0);
	assert_int_equal(fits("vm list\tx", "vm list a b"), 2);
	assert_int_equal(fits("vm set VM weight=|cap=...\tx", "vm set a cap=3 weight=1 cap="), 6);
	assert_int_equal(fits("vm set VM weight=|cap=...\tx", "vm set a cap"), 3);
	assert_int_equal(fits("log [err|warn]\tx", "log warn"), 2);
	assert_int_equal(fits("log [err|warn]\tx", "log er"), 1);
	assert_int_equal(fits("help [WORD]...\tx", "help any thing --x"), 4);
	assert_int_equal(fits("help [WORD]...\tx", ""), 0);
	assert_true(shell_is(shell_pattern("a [VM]\tx", 1, &optional), "VM"));
	assert_true(optional);
	assert_true(shell_is(shell_pattern("a VM b=|c...\tx", 2, &optional), "b=|c"));
	assert_false(optional);
	assert_true(shell_is(shell_pattern("a VM b=|c...\tx", 9, &optional), "b=|c"));
	assert_true(optional);
	assert_int_equal(shell_pattern("a\tx", 1, &optional).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keys_move_and_erase, setup),
		cmocka_unit_test_setup(home_and_end_have_many_codes, setup),
		cmocka_unit_test_setup(other_sequences_do_nothing, setup),
		cmocka_unit_test_setup(lines_end_with_cr_or_lf_or_both, setup),
		cmocka_unit_test_setup(a_full_line_takes_no_more, setup),
		cmocka_unit_test_setup(lines_are_remembered, setup),
		cmocka_unit_test_setup(old_lines_are_forgotten, setup),
		cmocka_unit_test_setup(clear_screen_keeps_the_line, setup),
		cmocka_unit_test_setup(tab_completes, setup),
		cmocka_unit_test_setup(tab_lists_what_is_possible, setup),
		cmocka_unit_test_setup(any_bytes_are_survived, setup),
		cmocka_unit_test(words_are_split),
		cmocka_unit_test(what_is_open_is_no_word),
		cmocka_unit_test(patterns_are_matched_word_by_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
