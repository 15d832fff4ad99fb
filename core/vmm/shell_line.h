/* SPDX-License-Identifier: Apache-2.0 */
/* Editing one line of the shell: keys in, text and what is shown out. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/vmm/shell_words.h"

#define SHELL_LINE    128            /* with the final NUL                     */
#define SHELL_HISTORY 16             /* lines remembered                       */

struct shell_line_ops {
	const char *prompt;
	void (*write)(const char *text, size_t len);
	/* Name all that could come after these words. */
	void (*candidates)(char **words, int nr, shell_each *each, void *ctx);
};

struct shell_line {
	const struct shell_line_ops *ops;
	char text[SHELL_LINE];           /* always NUL-terminated                */
	uint32_t len, cursor;
	uint8_t seq;                     /* 0, ESC, '[' or a digit: what came of a sequence */
	bool cr;                         /* the last key was CR: swallow an LF   */
	uint32_t nr_lines;               /* ever remembered                      */
	uint32_t back;                   /* how many lines up; 0: the new one    */
	char history[SHELL_HISTORY][SHELL_LINE];  /* line n is at n % SHELL_HISTORY */
	char begun[SHELL_LINE];          /* the new one, while another is shown  */
};

/**
 * shell_line_key() - one byte of input
 * @l:   zeroed but for ops
 * @key: any; docs/console.md lists those that do something
 *
 * Return: true when the line is complete: text is to be carried out (it may be
 * changed), then shell_line_new() called. After Ctrl-C it is empty.
 */
bool shell_line_key(struct shell_line *l, uint8_t key);

/* An empty line with its prompt. */
void shell_line_new(struct shell_line *l);
