/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's thread and how it understands a line, with a console and commands of our own. */
#include "core/vmm/shell.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "core/thread.h"
#include "core/vmm/console.h"
#include "core/vmm/info.h"

static char shown[8192];
static const char *typed = "";
static void (*input_ready)(bool interrupt);
static struct thread *thread;

/* ---- what the shell stands on ---- */

void console_shell_open(void (*ready)(bool interrupt))
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

static const struct vm_config cfgs[] = {
	{ .name = "linux", .id = 0 }, { .name = "linux2", .id = 1 }, { .name = "rtos", .id = 7 },
};

uint32_t vmm_nr_vms(void)
{
	return 3;
}

const struct vm_config *vmm_vm_config(uint32_t idx)
{
	return &cfgs[idx];
}

int info_find(const char *name)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(cfgs[i].name, name) == 0)
			return i;
	return -ENOENT;
}

/* ---- commands ---- */

static struct shell_call last;
static int result, interrupt_in;

/* The words are those of the line, which is gone soon. */
static void keep(const struct shell_call *c)
{
	static char texts[SHELL_MAX_WORDS][32], *words[SHELL_MAX_WORDS];

	last = *c;
	for (int i = 0; i < c->nr; i++)
		words[i] = strncpy(texts[i], c->words[i], 31);
	last.words = words;
}

static int note(struct shell_call *c)
{
	keep(c);
	return result;
}

struct number {
	uint32_t n;
};

static int numbers(struct shell_call *c)
{
	static const struct list_column col = LIST_COLUMN("n", LIST_U32, 3, struct number, n);
	static const struct listing l = { "numbers", 1, &col };

	keep(c);
	list_begin(c->out, &l);
	for (struct number i = { 1 }; i.n <= 3; i.n++) {
		if (interrupt_in && interrupt_in-- == 1)
			input_ready(true);
		list_row(c->out, &i);
	}
	return result;
}

const struct shell_cmd shell_cmds[] = {
	{ "log [err|warn] [--json]\tmessages", numbers },
	{ "mem [--json]\tmemory", numbers },
	{ "vm list [--json]\tall of them", numbers },
	{ "vm set VM weight=|cap=...\tchange", note },
	{ "vm start VM\tlet it run", note },
};
const uint32_t nr_shell_cmds = ARRAY_SIZE(shell_cmds);

void shell_help(struct list_out *o, char **words, int nr)
{
	(void)o;
	for (int i = 0; i < nr; i++)
		strcat(strcat(shown, i ? " " : "help: "), words[i]);
}

static int setup(void **state)
{
	(void)state;
	shown[0] = '\0';
	memset(&last, 0, sizeof(last));
	result = interrupt_in = 0;
	return shell_start(0, 20);
}

static void run(const char *line)
{
	static char copy[128];

	shown[0] = '\0';
	last.cmd = NULL;
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

static void commands_get_their_words(void **state)
{
	(void)state;
	run("vm start rtos");
	assert_ptr_equal(last.cmd, &shell_cmds[4]);
	assert_int_equal(last.vm, 2);
	assert_string_equal(shown, "");
	run("  vm   set 'linux' cap=3 \"weight=\"7");
	assert_ptr_equal(last.cmd, &shell_cmds[3]);
	assert_int_equal(last.nr, 5);
	assert_int_equal(last.vm, 0);
	assert_string_equal(last.words[3], "cap=3");
	assert_string_equal(last.words[4], "weight=7");
	run("log");
	assert_int_equal(last.nr, 1);
	run("log warn");
	assert_int_equal(last.nr, 2);
	run("");
	run("    ");
	assert_string_equal(shown, "");
	assert_null(last.cmd);
}

static void errors_name_the_word(void **state)
{
	static const struct { const char *line, *error; } cases[] = {
		{ "frob", "frob: not understood; try help\n" },
		{ "vm frob", "frob: not understood; try help\n" },
		{ "vm start nobody", "nobody: no such VM\n" },
		{ "vm start \"\"", "no such VM\n" },
		{ "vm start rtos now", "now: not understood; try help\n" },
		{ "vm set linux wieght=3", "wieght=3: not understood; try help\n" },
		{ "log wrn", "wrn: not understood; try help\n" },
		{ "vm start 'rtos", "a quote is not closed\n" },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "too many words\n" },
		{ "vm start", "help: vm start" },
		{ "vm", "help: vm" },
		{ "vm set rtos", "help: vm set rtos" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run(cases[i].line);
		assert_string_equal(shown, cases[i].error);
		assert_null(last.cmd);
	}
}

static void what_commands_return_is_put_in_words(void **state)
{
	static const struct { int err; const char *text; } cases[] = {
		{ -EALREADY, "rtos: it is so already\n" },
		{ -EBUSY, "rtos: stop it first\n" },
		{ -EINPROGRESS, "rtos: accepted, not done yet\n" },
		{ -EFAULT, "rtos: it is not: see log\n" },
		{ -EXDEV, "rtos: failed\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		result = cases[i].err;
		run("vm start rtos");
		assert_string_equal(shown, cases[i].text);
	}
}

static void json_may_stand_anywhere(void **state)
{
	(void)state;
	run("vm list --json");
	assert_string_equal(shown, "{\"numbers\":[\n{\"n\":1},\n{\"n\":2},\n{\"n\":3}]}\n");
	assert_int_equal(last.nr, 2);
	run("--json log err");
	assert_int_equal(last.nr, 2);
	assert_int_equal(shown[0], '{');
	run("mem");
	assert_string_equal(shown, "  n\n  1\n  2\n  3\n");
	run("vm start x --json");
	assert_string_equal(shown, "{\"errors\":[\n{\"error\":\"--json: nothing is listed\"}]}\n");
	result = -ENOMEM;
	run("mem --json");
	assert_string_equal(shown, "{\"numbers\":[\n{\"n\":1},\n{\"n\":2},\n{\"n\":3}],\n"
				   "\"errors\":[\n{\"error\":\"mem: no memory\"}]}\n");
	run("--json");
	assert_string_equal(shown, "");
}

static void control_c_cuts_a_listing_off(void **state)
{
	(void)state;
	interrupt_in = 2;
	run("mem");
	assert_string_equal(shown, "  n\n  1\n");
	/* And only that one. */
	run("mem");
	assert_string_equal(shown, "  n\n  1\n  2\n  3\n");
	assert_int_equal(atomic_load(&thread->requests) & THREAD_REQ_VCPU, 0);
}

static void thread_reads_lines_and_prompts(void **state)
{
	(void)state;
	run_thread("vm start rtos\r");
	assert_string_equal(shown, "corbel> vm start rtos\r\ncorbel> ");
	assert_int_equal(last.vm, 2);
	input_ready(false);
	run_thread("\r\n\n");
	assert_string_equal(shown, "corbel> \r\ncorbel> \r\ncorbel> ");
}

static void tab_knows_commands_and_vms(void **state)
{
	(void)state;
	run_thread("vm sta\tl\t\r");
	assert_int_equal(last.cmd - shell_cmds, 4);
	assert_int_equal(last.vm, 0);
	run_thread("vm start r\t\r");
	assert_int_equal(last.vm, 2);
	run_thread("vm set r\tw\t5 c\t6\r");
	assert_string_equal(last.words[3], "weight=5");
	assert_string_equal(last.words[4], "cap=6");
	run_thread("log w\t--\t\r");
	assert_string_equal(last.words[1], "warn");
	assert_non_null(strstr(shown, "{\"numbers\""));
	/* What may be left out, and what comes after it. */
	run_thread("log \t\x03");
	assert_non_null(strstr(shown, "\r\nerr  warn  --json  \r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(commands_get_their_words, setup),
		cmocka_unit_test_setup(errors_name_the_word, setup),
		cmocka_unit_test_setup(what_commands_return_is_put_in_words, setup),
		cmocka_unit_test_setup(json_may_stand_anywhere, setup),
		cmocka_unit_test_setup(control_c_cuts_a_listing_off, setup),
		cmocka_unit_test_setup(thread_reads_lines_and_prompts, setup),
		cmocka_unit_test_setup(tab_knows_commands_and_vms, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
