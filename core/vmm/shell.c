/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/log.h"
#include "core/thread.h"
#include "core/vmm/console.h"
#include "core/vmm/shell_line.h"

#define SHELL_REQ_INPUT BIT(8)       /* of thread.requests: something was typed */
#define PROMPT          "corbel> "

static struct thread thread;
static struct shell_hooks hooks;

void shell_printf(const char *fmt, ...)
{
	char text[160];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_shell_write(text, MIN((size_t)n, sizeof(text) - 1));
}

/* ---- commands ---- */

static int cmd_help(int argc, char **argv);

/* Number of the VM called so, or that has this number; -ENOENT. */
static int vm_find(const char *arg, struct shell_vm *vm)
{
	char nr[12];

	for (uint32_t i = 0; hooks.vm_info && hooks.vm_info(i, vm); i++) {
		snprintf(nr, sizeof(nr), "%u", i);
		if (strcmp(vm->name, arg) == 0 || strcmp(nr, arg) == 0)
			return (int)i;
	}
	shell_printf("no VM %s\n", arg);
	return -ENOENT;
}

static int vm_list(void)
{
	struct shell_vm vm;

	if (!hooks.vm_info)
		return -ENOSYS;
	shell_printf("%3s %-16s %-10s %5s %8s\n", "nr", "name", "state", "vcpus", "memory");
	for (uint32_t i = 0; hooks.vm_info(i, &vm); i++)
		shell_printf("%3u %-16s %-10s %5u %5lu MiB\n", i, vm.name, vm.state, vm.nr_vcpus,
			     (unsigned long)(vm.mem_bytes >> 20));
	return 0;
}

static int cmd_vm(int argc, char **argv)
{
	struct shell_vm vm;
	int nr;

	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return vm_list();
	if (argc != 3)
		return -EINVAL;
	if (!hooks.vm_verb)
		return -ENOSYS;
	nr = vm_find(argv[2], &vm);
	return nr < 0 ? 0 : hooks.vm_verb((uint32_t)nr, argv[1]);
}

static int cmd_console(int argc, char **argv)
{
	struct shell_vm vm;

	if (argc != 2)
		return -EINVAL;
	if (vm_find(argv[1], &vm) < 0)
		return 0;
	return console_attach(vm.console);
}

static int cmd_stat(int argc, char **argv)
{
	struct shell_vm vm;
	const char *name;
	uint64_t value;
	int nr;

	if (argc != 2)
		return -EINVAL;
	if (!hooks.vm_stat)
		return -ENOSYS;
	nr = vm_find(argv[1], &vm);
	for (uint32_t n = 0; nr >= 0 && hooks.vm_stat((uint32_t)nr, n, &name, &value); n++)
		shell_printf("%-24s %12lu\n", name, (unsigned long)value);
	return 0;
}

static int cmd_log(int argc, char **argv)
{
	char line[LOG_LINE];
	uint64_t pos = 0;

	(void)argc;
	(void)argv;
	while (log_read(&pos, line, sizeof(line)))
		shell_printf("%.150s\n", line);
	return 0;
}

static int cmd_audit(int argc, char **argv)
{
	int r = hooks.audit ? hooks.audit() : -ENOSYS;

	(void)argc;
	(void)argv;
	if (r == 0)
		shell_printf("every frame has one owner\n");
	return r;
}

static int cmd_reboot(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (hooks.reboot)
		hooks.reboot();
	return -ENOSYS;
}

static int cmd_poweroff(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (hooks.poweroff)
		hooks.poweroff();
	return -ENOSYS;
}

static const struct shell_cmd commands[] = {
	{ "audit",    "",        "prove that every frame has one owner",   cmd_audit    },
	{ "console",  "VM",      "send what is typed to a VM",             cmd_console  },
	{ "help",     "",        "this list",                              cmd_help     },
	{ "log",      "",        "the hypervisor's messages",              cmd_log      },
	{ "poweroff", "",        "stop the machine",                       cmd_poweroff },
	{ "reboot",   "",        "reset the machine",                      cmd_reboot   },
	{ "stat",     "VM",      "its exits and what else was counted",    cmd_stat     },
	{ "vm", "VERB [VM]", "list; create start stop kill pause resume reset destroy", cmd_vm },
};

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		shell_printf("%-8s %-5s %s\n", commands[i].name, commands[i].args,
			     commands[i].help);
	shell_printf("VM: its name or number. The escape key, then c, leads back here.\n");
	return 0;
}

static void run(const struct shell_cmd *cmd, int argc, char **argv)
{
	int r = cmd->fn(argc, argv);

	if (r == -EINVAL)
		shell_printf("usage: %s %s\n", cmd->name, cmd->args);
	else if (r == -ENOSYS)
		shell_printf("%s: not available\n", cmd->name);
	else if (r != 0)
		shell_printf("%s: failed (%d)\n", cmd->name, r);
}

void shell_execute(char *line)
{
	char *argv[SHELL_MAX_ARGS];
	int argc = shell_split(line, argv);

	if (argc == 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, argv[0]) == 0) {
			run(&commands[i], argc, argv);
			return;
		}
	}
	shell_printf("%.40s: no such command; try help\n", argv[0]);
}

/* ---- the thread ---- */

static void input_ready(void)
{
	thread_request(&thread, SHELL_REQ_INPUT);
}

static void shell_input(struct shell_line *line)
{
	int b;

	while ((b = console_shell_getc()) >= 0) {
		char echo[SHELL_ECHO];
		bool done = shell_line_key(line, (uint8_t)b, echo);

		console_shell_write(echo, strlen(echo));
		if (!done)
			continue;
		shell_execute(line->text);
		shell_line_clear(line);
		shell_printf(PROMPT);
	}
}

static void shell_main(void *arg)
{
	struct shell_line line = { .len = 0 };

	(void)arg;
	shell_printf(PROMPT);
	for (;;) {
		/* Cleared before the look, so a byte that comes after it is seen. */
		atomic_fetch_and(&thread.requests, ~(uint32_t)SHELL_REQ_INPUT);
		shell_input(&line);
		thread_block(SHELL_REQ_INPUT);
	}
}

int shell_start(const struct shell_hooks *h, uint32_t cpu, uint32_t prio)
{
	int r;

	hooks = *h;
	r = thread_create(&thread, "shell", cpu, prio, shell_main, NULL);
	if (r != 0)
		return r;
	console_shell_open(input_ready);
	thread_start(&thread);
	return 0;
}
