/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own command line, an EL2 thread that blocks for input. docs/console.md */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/vmm/listing.h"
#include "core/vmm/shell_words.h"

/* A command as it was typed. */
struct shell_call {
	const struct shell_cmd *cmd;
	int nr;                  /* of its words, without --json                */
	char **words;
	uint32_t vm;             /* index of the VM that is named               */
	const char *word;        /* the one an error is about                   */
	struct list_out *out;    /* for listings                                */
};

/* All there are, in order of their names; core/vmm/shell_cmds.c. */
extern const struct shell_cmd shell_cmds[];
extern const uint32_t nr_shell_cmds;

/* List those that begin with these words. */
void shell_help(struct list_out *o, char **words, int nr);

/**
 * shell_start() - create the thread and its console port
 * @cpu:  pCPU index to run on
 * @prio: thread priority
 *
 * Return: 0; -ENOMEM.
 */
int shell_start(uint32_t cpu, uint32_t prio);

/* Carry out one line (changed on the way). Empty: nothing. From its thread, and tests. */
void shell_execute(char *line);
