/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lib/bits.h"
#include "core/thread.h"
#include "core/vmm/console.h"
#include "core/vmm/info.h"
#include "core/vmm/shell_line.h"

#define SHELL_REQ_INPUT BIT(8)       /* of thread.requests: something was typed */

static struct thread thread;

/* After Ctrl-C a command waits no more, and nobody wants to see the rest. */
#define INTERRUPTED THREAD_REQ_VCPU

static void show(const char *text, size_t len)
{
	if (!(atomic_load(&thread.requests) & INTERRUPTED))
		console_shell_write(text, len);
}

static struct list_out out;

/* ---- what is wrong with a line ---- */

static const uint8_t errors[] = {
	EALREADY, ENODEV, EBUSY, EINVAL, EPERM, ENOENT, ERANGE, ENOTSUP, ENOSPC, ENOMEM,
	EINPROGRESS, EAGAIN, EFAULT,
};

/* One for each, then what is said of any other. */
static const char error_texts[] =
	"it is so already\0" "it is not created\0" "stop it first\0" "not in its state\0"
	"its configuration is refused\0" "there is none\0" "no value it can have\0"
	"its pool's policy does not read it\0" "no CPU has so much left\0" "no memory\0"
	"accepted, not done yet\0" "too much is under way\0" "it is not: see log\0" "failed";

static const char *error_text(int err)
{
	const char *text = error_texts;

	for (size_t i = 0; i < sizeof(errors) && errors[i] != -err; i++)
		text += strlen(text) + 1;
	return text;
}

struct complaint {
	const char *text;
};

/* Errors are a listing too: one that a program may read. */
static void complain(const char *word, const char *text)
{
	static const struct list_column column =
		LIST_COLUMN("error", LIST_PTR, 0, struct complaint, text);
	static const struct listing listing = { "errors", 1, &column };
	char line[100];

	snprintf(line, sizeof(line), *word ? "%.50s: %s" : "%s%s", word, text);
	list_begin(&out, &listing);
	list_row(&out, &(struct complaint){ line });
}

/* ---- a line ---- */

/* --json out of the words, wherever it stands. */
static void take_json(char **words, int *nr)
{
	int to = 0;

	for (int i = 0; i < *nr; i++)
		if (strcmp(words[i], SHELL_JSON) != 0)
			words[to++] = words[i];
	out.json = to < *nr;
	*nr = to;
}

/* The command that most of the words fit. */
static const struct shell_cmd *lookup(char **words, int nr, int *fit)
{
	const struct shell_cmd *best = shell_cmds;

	*fit = 0;
	for (uint32_t i = 0; i < nr_shell_cmds; i++) {
		int n = shell_fits(shell_cmds[i].text, words, nr);

		if (n > *fit)
			best = &shell_cmds[i];
		*fit = MAX(n, *fit);
	}
	return best;
}

/* The VM that is named, or none is asked for. */
static bool find_vm(struct shell_call *c)
{
	bool optional;

	for (int i = 0; i < c->nr; i++) {
		if (!shell_is(shell_pattern(c->cmd->text, i, &optional), "VM"))
			continue;
		c->word = c->words[i];
		c->vm = (uint32_t)info_find(c->word);
		return (int)c->vm >= 0;
	}
	return true;
}

static void carry_out(char **words, int nr)
{
	struct shell_call c = { .words = words, .nr = nr, .out = &out, .word = words[nr - 1] };
	bool optional = false;
	int fit, err;

	c.cmd = lookup(words, nr, &fit);
	if (fit < nr)
		complain(words[fit], "not understood; try help");
	else if (shell_pattern(c.cmd->text, nr, &optional).len && !optional)
		shell_help(&out, words, nr);
	else if (out.json && !strstr(c.cmd->text, SHELL_JSON))
		complain(SHELL_JSON, "nothing is listed");
	else if (!find_vm(&c))
		complain(c.word, "no such VM");
	else if ((err = c.cmd->fn(&c)) != 0)
		complain(c.word, error_text(err));
}

void shell_execute(char *line)
{
	char *words[SHELL_MAX_WORDS];
	int nr = shell_split(line, words);

	out = (struct list_out){ .write = show };
	atomic_fetch_and(&thread.requests, ~(uint32_t)INTERRUPTED);
	if (nr > 0)
		take_json(words, &nr);
	if (nr > 0)
		carry_out(words, nr);
	else if (nr < 0)
		complain("", nr == -E2BIG ? "too many words" : "a quote is not closed");
	list_end(&out);
	atomic_fetch_and(&thread.requests, ~(uint32_t)INTERRUPTED);
}

/* ---- the thread ---- */

static void name_vms(shell_each *each, void *ctx)
{
	for (uint32_t i = 0; i < vmm_nr_vms(); i++)
		each(ctx, vmm_vm_config(i)->name, strlen(vmm_vm_config(i)->name));
}

static void candidates(char **words, int nr, shell_each *each, void *ctx)
{
	shell_candidates(shell_cmds, nr_shell_cmds, words, nr, name_vms, each, ctx);
}

static const struct shell_line_ops line_ops = {
	.prompt = "corbel> ", .write = console_shell_write, .candidates = candidates,
};

static struct shell_line line;

static void input_ready(bool interrupt)
{
	thread_request(&thread, SHELL_REQ_INPUT | (interrupt ? INTERRUPTED : 0));
}

static void shell_main(void *arg)
{
	int b;

	(void)arg;
	line.ops = &line_ops;
	shell_line_new(&line);
	for (;;) {
		/* Cleared before the look, so a byte that comes after it is seen. */
		atomic_fetch_and(&thread.requests, ~(uint32_t)SHELL_REQ_INPUT);
		while ((b = console_shell_getc()) >= 0) {
			if (!shell_line_key(&line, (uint8_t)b))
				continue;
			shell_execute(line.text);
			shell_line_new(&line);
		}
		thread_block(SHELL_REQ_INPUT);
	}
}

int shell_start(uint32_t cpu, uint32_t prio)
{
	int r = thread_create(&thread, "shell", cpu, prio, shell_main, NULL);

	if (r != 0)
		return r;
	console_shell_open(input_ready);
	thread_start(&thread);
	return 0;
}
