/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes typed at the shell: the line editor, its completion, words, commands. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "core/lib/bits.h"
#include "core/thread.h"
#include "core/vmm/console.h"
#include "core/vmm/info.h"
#include "core/vmm/shell.h"
#include "core/vmm/shell_line.h"

static const struct vm_config cfgs[] = {
	{ .name = "linux", .id = 0 }, { .name = "linux2", .id = 1 },
	{ .name = "abcdefghijklmnopqrstuvwxyz01234", .id = 7 },
};
static size_t shown;
static unsigned int carried_out;

/* ---- what the shell stands on ---- */

void console_shell_open(void (*ready)(bool interrupt))
{
	(void)ready;
}

int console_shell_getc(void)
{
	return -1;
}

void console_shell_write(const char *text, size_t len)
{
	FUZZ_CHECK(strnlen(text, len) == len);
	shown += len;
}

int thread_create(struct thread *t, const char *name, uint32_t cpu, uint32_t prio,
		  void (*entry)(void *arg), void *arg)
{
	(void)t, (void)name, (void)cpu, (void)prio, (void)entry, (void)arg;
	return -ENOMEM;
}

void thread_start(struct thread *t)
{
	(void)t;
}

void thread_request(struct thread *t, uint32_t bits)
{
	(void)t;
	(void)bits;
}

void thread_block(uint32_t mask)
{
	(void)mask;
}

uint32_t vmm_nr_vms(void)
{
	return ARRAY_SIZE(cfgs);
}

const struct vm_config *vmm_vm_config(uint32_t idx)
{
	FUZZ_CHECK(idx < ARRAY_SIZE(cfgs));
	return &cfgs[idx];
}

int info_find(const char *name)
{
	for (int i = 0; i < (int)ARRAY_SIZE(cfgs); i++)
		if (strcmp(cfgs[i].name, name) == 0)
			return i;
	return -ENOENT;
}

/* ---- commands of every shape ---- */

static int note(struct shell_call *c)
{
	bool optional;

	FUZZ_CHECK(c->nr > 0 && c->nr <= SHELL_MAX_WORDS);
	FUZZ_CHECK(shell_fits(c->cmd->text, c->words, c->nr) == c->nr);
	for (int i = 0; i < c->nr; i++) {
		FUZZ_CHECK(strlen(c->words[i]) < SHELL_LINE);
		if (shell_is(shell_pattern(c->cmd->text, i, &optional), "VM"))
			FUZZ_CHECK(c->vm < ARRAY_SIZE(cfgs));
	}
	carried_out++;
	return c->nr > 4 ? -EINVAL : 0;
}

struct row {
	const char *text;
};

static int list(struct shell_call *c)
{
	static const struct list_column col = LIST_COLUMN("t", LIST_PTR, 0, struct row, text);
	static const struct listing l = { "rows", 1, &col };

	list_begin(c->out, &l);
	for (int i = 0; i < c->nr; i++)
		list_row(c->out, &(struct row){ c->words[i] });
	return note(c);
}

void shell_help(struct list_out *o, char **words, int nr)
{
	static const struct list_column col = LIST_COLUMN("t", LIST_PTR, 0, struct row, text);
	static const struct listing l = { "commands", 1, &col };

	list_begin(o, &l);
	for (uint32_t i = 0; i < nr_shell_cmds; i++)
		if (shell_fits(shell_cmds[i].text, words, nr) == nr)
			list_row(o, &(struct row){ shell_cmds[i].text });
}

static int help(struct shell_call *c)
{
	shell_help(c->out, c->words + 1, c->nr - 1);
	return note(c);
}

const struct shell_cmd shell_cmds[] = {
	{ "help [WORD]...\t[--json] commands", help },
	{ "list WORD... [--json]\twords", list },
	{ "log [err|warn|info|debug] [--json]\tmessages", list },
	{ "vm console VM\tsend it what is typed", note },
	{ "vm list [--json]\tall VMs", list },
	{ "vm set VM weight=|priority=|affinity=|cap=...\tchange", note },
	{ "vm show VM [--json]\tit and its vCPUs", list },
};
const uint32_t nr_shell_cmds = ARRAY_SIZE(shell_cmds);

static void name_vms(shell_each *each, void *ctx)
{
	for (size_t i = 0; i < ARRAY_SIZE(cfgs); i++)
		each(ctx, cfgs[i].name, strlen(cfgs[i].name));
}

static void candidates(char **words, int nr, shell_each *each, void *ctx)
{
	shell_candidates(shell_cmds, nr_shell_cmds, words, nr, name_vms, each, ctx);
}

static const struct shell_line_ops ops = {
	.prompt = "> ", .write = console_shell_write, .candidates = candidates,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shell_line l;

	memset(&l, 0, sizeof(l));
	l.ops = &ops;
	shown = 0;
	shell_line_new(&l);
	for (size_t i = 0; i < size; i++) {
		bool complete = shell_line_key(&l, data[i]);

		FUZZ_CHECK(l.len < SHELL_LINE && l.cursor <= l.len && l.text[l.len] == 0);
		FUZZ_CHECK(strlen(l.text) == l.len);
		if (!complete)
			continue;
		shell_execute(l.text);
		shell_line_new(&l);
	}
	/* What one key makes appear is bounded: no flood. */
	FUZZ_CHECK(shown <= 64 + size * 4096);
	return 0;
}
