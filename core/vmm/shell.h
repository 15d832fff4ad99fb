/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's own command line, an EL2 thread that blocks for input. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SHELL_MAX_ARGS 8
#define SHELL_LINE     128

/* One command. fn: 0, or a negative errno, which is then shown. argv[0] is the name. */
struct shell_cmd {
	const char *name;
	const char *args;    /* for help, "" if none */
	const char *help;
	int (*fn)(int argc, char **argv);
};

struct shell_vm {
	const char *name;
	const char *state;
	uint32_t nr_vcpus;
	uint64_t mem_bytes;
	int console;         /* index of its console, negative: none */
};

/*
 * What the shell asks of the hypervisor. Called from the shell's thread,
 * holding no lock. A NULL member: the command says it is not there.
 */
struct shell_hooks {
	/* Describe VM i. False: there are no more. */
	bool (*vm_info)(uint32_t i, struct shell_vm *out);
	/* The n-th counter of VM i. False: there are no more. */
	bool (*vm_stat)(uint32_t i, uint32_t n, const char **name, uint64_t *value);
	/* Carry out a verb (create, start, ...) on VM i: 0 or a negative errno. */
	int (*vm_verb)(uint32_t i, const char *verb);
	/* Prove that every frame has one owner; 0 or -EFAULT. It logs what it finds. */
	int (*audit)(void);
	void (*reboot)(void);
	void (*poweroff)(void);
};

/**
 * shell_start() - create the thread and its console port
 * @hooks: copied
 * @cpu:   pCPU index to run on
 * @prio:  thread priority
 *
 * Return: 0; -ENOMEM.
 */
int shell_start(const struct shell_hooks *hooks, uint32_t cpu, uint32_t prio);

/* printf to the shell's port; from its thread. */
void shell_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Carry out one line (changed on the way). Empty: nothing. From its thread, and tests. */
void shell_execute(char *line);
