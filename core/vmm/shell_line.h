/* SPDX-License-Identifier: Apache-2.0 */
/* Editing one line of the shell, and splitting it into words. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/vmm/shell.h"

#define SHELL_ECHO (3 * SHELL_LINE)  /* longest echo of one key, with its NUL */

struct shell_line {
	char text[SHELL_LINE];           /* always NUL-terminated */
	uint32_t len;
	bool cr;                         /* the last key was CR: swallow an LF */
};

/* Empty it, but remember a CR. A fresh one must be zero or cleared. */
void shell_line_clear(struct shell_line *l);

/**
 * shell_line_key() - one byte of input
 * @l:    the line
 * @key:  printable, BS, DEL, ^U, ^C, CR or LF; others are ignored
 * @echo: what to print for it, SHELL_ECHO bytes, NUL-terminated
 *
 * Return: true when the line is complete.
 */
bool shell_line_key(struct shell_line *l, uint8_t key, char *echo);

/**
 * shell_split() - cut a line into words at spaces; "..." keeps spaces together
 * @line: changed
 * @argv: SHELL_MAX_ARGS entries
 *
 * Return: number of words; what goes beyond SHELL_MAX_ARGS is dropped.
 */
int shell_split(char *line, char **argv);
