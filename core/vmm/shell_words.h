/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a line, and the table of commands: what fits a line, what may follow.
 * Pure.
 *
 * A command is a pattern of words, a TAB, and what it does:
 *     "vm log VM [--json]\twhat it printed last"
 * A word of the pattern is VM; in other capitals, for anything; else what is to be
 * typed, or several of it separated by |. One that ends with = takes a value. [] may
 * be left out, the last may be repeated if it ends with ... .
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHELL_MAX_WORDS 16
#define SHELL_JSON      "--json"

struct shell_call;

/* One command. fn: 0, or a negative errno, which is then shown. */
struct shell_cmd {
	const char *text;
	int (*fn)(struct shell_call *c);
};

/* A piece of text, without a NUL. */
struct shell_word {
	const char *s;
	size_t len;
};

typedef void shell_each(void *ctx, const char *word, size_t len);

/**
 * shell_split() - cut a line into words at spaces
 * @line:  changed
 * @words: SHELL_MAX_WORDS entries
 *
 * '..' keeps all as it is, "..." all but \, which keeps the next byte as it is, as
 * it does outside of both.
 *
 * Return: number of words; -EINVAL a quote is not closed; -E2BIG too many.
 */
int shell_split(char *line, char **words);

/*
 * Word n of a pattern, without [] and ... ; len 0: there is none. *optional: it may be
 * left out, for it is in [] or not the first of those that are repeated.
 */
struct shell_word shell_pattern(const char *text, int n, bool *optional);

/* How many of the words fit a command's pattern, from the first on. */
int shell_fits(const char *text, char **words, int nr);

/* Choice n of a pattern's word, len 0: no more; and which one a word is, -1: none. */
struct shell_word shell_choice(struct shell_word pattern, int n);
int shell_which(struct shell_word pattern, const char *word);

bool shell_is(struct shell_word w, const char *s);

/*
 * Name what could come after these words, in the table's order; vms() names the VMs.
 */
void shell_candidates(const struct shell_cmd *table, uint32_t nr, char **words, int nr_words,
		      void (*vms)(shell_each *each, void *ctx), shell_each *each, void *ctx);
