/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's commands and its line, with a console and a thread that are not there. */
#include "core/vmm/shell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/log.h"
#include "core/thread.h"
#include "core/vmm/console.h"
#include "core/vmm/shell_line.h"

static char shown[8192];
static const char *typed = "";
static int attached = -99, powered_off;
static void (*input_ready)(void);
static struct thread *thread;

/* ---- what the shell stands on ---- */

void console_shell_open(void (*ready)(void))
{
	input_ready = ready;
}

int console_shell_getc(void)
{
	return *typed ? *typed++ : -1;
}

void console_shell_write(const char *text, size_t len)
{
	strncat(shown, text, len);
}

int console_attach(int idx)
{
	attached = idx;
	return idx < 0 ? -ENOENT : 0;
}

bool log_read(uint64_t *pos, char *buf, unsigned int len)
{
	snprintf(buf, len, "corbel: line %u", (unsigned int)*pos);
	return (*pos)++ < 2;
}

static jmp_buf blocked;

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	assert_string_equal(name, "shell");
	t->cpu = cpu;
	t->prio = prio;
	t->entry = entry;
	t->arg = arg;
	return 0;
}

void thread_start(struct thread *t)
{
	thread = t;
}

void thread_request(struct thread *t, uint32_t bits)
{
	atomic_fetch_or(&t->requests, bits);
}

/* The thread ends here, as far as the test goes. */
void thread_block(uint32_t mask)
{
	if (!(atomic_load(&thread->requests) & mask))
		longjmp(blocked, 1);
}

/* ---- hooks ---- */

static bool vm_info(uint32_t i, struct shell_vm *out)
{
	static const struct shell_vm vms[] = {
		{ "linux", "running", 4, 512u << 20, 0 },
		{ "rtos", "off", 1, 16u << 20, -1 },
	};

	if (i < 2)
		*out = vms[i];
	return i < 2;
}

static bool vm_stat(uint32_t i, uint32_t n, const char **name, uint64_t *value)
{
	*name = "exits";
	*value = 100 * (i + 1) + n;
	return n < 2;
}

static int audit(void)
{
	return -EFAULT;
}

static void poweroff(void)
{
	powered_off++;
}

static const char *verb_done;
static uint32_t verb_on;

static int note_verb(uint32_t i, const char *verb)
{
	verb_done = verb;
	verb_on = i;
	return strcmp(verb, "start") == 0 ? 0 : -EBUSY;
}

static const struct shell_hooks hooks = {
	.vm_info = vm_info, .vm_stat = vm_stat, .vm_verb = note_verb,
	.audit = audit, .poweroff = poweroff,
};

static int setup(void **state)
{
	(void)state;
	shown[0] = '\0';
	return shell_start(&hooks, 0, 20);
}

static void run(const char *line)
{
	char copy[SHELL_LINE];

	shown[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	shell_execute(copy);
}

static void run_thread(const char *keys)
{
	typed = keys;
	shown[0] = '\0';
	if (setjmp(blocked) == 0)
		thread->entry(thread->arg);
}

/* ---- tests ---- */

static void lists_vms(void **state)
{
	(void)state;
	run("vm list");
	assert_string_equal(shown,
		" nr name             state      vcpus   memory\n"
		"  0 linux            running        4   512 MiB\n"
		"  1 rtos             off            1    16 MiB\n");
}

static void finds_a_vm_by_name_and_by_number(void **state)
{
	(void)state;
	run("console linux");
	assert_int_equal(attached, 0);
	run("console 1");
	assert_int_equal(attached, -1);
	assert_string_equal(shown, "console: failed (-2)\n");
	attached = -99;
	run("console nobody");
	assert_string_equal(shown, "no VM nobody\n");
	run("console 2");
	assert_string_equal(shown, "no VM 2\n");
	run("console \"\"");
	assert_string_equal(shown, "no VM \n");
	assert_int_equal(attached, -99);
	run("stat rtos");
	assert_non_null(strstr(shown, "exits                             201\n"));
}

static void verbs_reach_the_vm_they_name(void **state)
{
	(void)state;
	run("vm start 1");
	assert_string_equal(verb_done, "start");
	assert_int_equal(verb_on, 1);
	assert_string_equal(shown, "");
	run("vm destroy 0");
	assert_int_equal(verb_on, 0);
	assert_non_null(strstr(shown, "failed (-"));
}

static void wrong_use_is_answered(void **state)
{
	(void)state;
	run("vm");
	assert_string_equal(shown, "usage: vm VERB [VM]\n");
	run("console");
	assert_string_equal(shown, "usage: console VM\n");
	run("frobnicate");
	assert_string_equal(shown, "frobnicate: no such command; try help\n");
	run("reboot");
	assert_string_equal(shown, "reboot: not available\n");
	run("audit");
	assert_string_equal(shown, "audit: failed (-14)\n");
	run("");
	run("    ");
	assert_string_equal(shown, "");
}

static void help_names_every_command(void **state)
{
	static const char *const names[] = {
		"audit", "console", "help", "log", "poweroff", "reboot", "stat", "vm"
	};

	(void)state;
	run("help");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(shown, names[i]));
	run("log");
	assert_string_equal(shown, "corbel: line 0\ncorbel: line 1\n");
}

static void thread_reads_lines_and_prompts(void **state)
{
	(void)state;
	run_thread("poweroff\r");
	assert_int_equal(powered_off, 1);
	assert_string_equal(shown, "corbel> poweroff\r\npoweroff: not available\ncorbel> ");
	input_ready();
	run_thread("\r\n\n");
	assert_string_equal(shown, "corbel> \r\ncorbel> \r\ncorbel> ");
}

static void line_is_edited(void **state)
{
	struct shell_line l = { .len = 0 };
	const char *keys = "ab\x7f" "c\x08\x15xy\tz\x01";
	char echo[SHELL_ECHO], all[256] = "";

	(void)state;
	for (; *keys; keys++) {
		assert_false(shell_line_key(&l, (uint8_t)*keys, echo));
		strcat(all, echo);
	}
	assert_string_equal(l.text, "xyz");
	assert_string_equal(all, "ab\b \bc\b \b\b \bxyz");
	assert_true(shell_line_key(&l, '\r', echo));
	shell_line_clear(&l);
	assert_false(shell_line_key(&l, '\n', echo));
	shell_line_key(&l, 'q', echo);
	assert_true(shell_line_key(&l, 0x03, echo));
	assert_string_equal(l.text, "");
}

static void line_does_not_overflow(void **state)
{
	struct shell_line l = { .len = 0 };
	char echo[SHELL_ECHO];

	(void)state;
	for (int i = 0; i < 1000; i++)
		shell_line_key(&l, 'x', echo);
	assert_int_equal(strlen(l.text), SHELL_LINE - 1);
	shell_line_key(&l, 0x15, echo);
	assert_int_equal(strlen(echo), 3 * (SHELL_LINE - 1));
	assert_string_equal(l.text, "");
	shell_line_key(&l, 0x7f, echo);
	assert_string_equal(echo, "");
}

static void words_are_split(void **state)
{
	char line[] = "  one \"two and\" th\"r e\"e  ";
	char many[] = "1 2 3 4 5 6 7 8 9 10";
	char *argv[SHELL_MAX_ARGS];

	(void)state;
	assert_int_equal(shell_split(line, argv), 3);
	assert_string_equal(argv[0], "one");
	assert_string_equal(argv[1], "two and");
	assert_string_equal(argv[2], "thr ee");
	assert_int_equal(shell_split(many, argv), SHELL_MAX_ARGS);
	assert_string_equal(argv[7], "8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lists_vms, setup),
		cmocka_unit_test_setup(finds_a_vm_by_name_and_by_number, setup),
		cmocka_unit_test_setup(verbs_reach_the_vm_they_name, setup),
		cmocka_unit_test_setup(wrong_use_is_answered, setup),
		cmocka_unit_test_setup(help_names_every_command, setup),
		cmocka_unit_test_setup(thread_reads_lines_and_prompts, setup),
		cmocka_unit_test_setup(line_is_edited, setup),
		cmocka_unit_test_setup(line_does_not_overflow, setup),
		cmocka_unit_test_setup(words_are_split, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
