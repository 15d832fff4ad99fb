/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell_words.h"

#include <errno.h>
#include <string.h>

/* ---- a line ---- */

/* One word from *p on, written without its quotes from to on; 0, or -EINVAL. */
static int take_word(char **p, char *to)
{
	char quote = 0, c;

	for (; (c = **p) != '\0' && (quote || c != ' '); (*p)++) {
		if (c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			if (c == '\\' && quote != '\'')
				c = *++*p;
			if (c == '\0')
				return -EINVAL;
			*to++ = c;
		}
	}
	if (c != '\0')
		(*p)++;
	*to = '\0';
	return quote ? -EINVAL : 0;
}

int shell_split(char *line, char **words)
{
	int nr = 0;

	for (;;) {
		while (*line == ' ')
			line++;
		if (*line == '\0')
			return nr;
		if (nr == SHELL_MAX_WORDS)
			return -E2BIG;
		words[nr++] = line;
		if (take_word(&line, line))
			return -EINVAL;
	}
}

/* ---- patterns ---- */

bool shell_is(struct shell_word w, const char *s)
{
	return strlen(s) == w.len && memcmp(w.s, s, w.len) == 0;
}

struct shell_word shell_pattern(const char *text, int n, bool *optional)
{
	struct shell_word w = { text, 0 };
	bool repeats;

	for (;; w.s += w.len + 1) {
		for (w.len = 0; w.s[w.len] != ' ' && w.s[w.len] != '\t'; w.len++)
			;
		if (n-- == 0 || w.s[w.len] == '\t')
			break;
	}
	repeats = w.s[w.len - 1] == '.';
	*optional = n >= 0 || w.s[0] == '[';
	if (n >= 0 && !repeats)
		w.len = 0;
	else if (repeats)
		w.len -= 3;
	if (w.s[0] == '[' && w.len) {
		w.s++;
		w.len -= 2;
	}
	return w;
}

static bool is_literal(struct shell_word p)
{
	return p.s[0] < 'A' || p.s[0] > 'Z';
}

struct shell_word shell_choice(struct shell_word p, int n)
{
	const char *end = p.s + p.len;

	for (;; p.s += p.len + 1) {
		if (p.s >= end)
			return (struct shell_word){ end, 0 };
		for (p.len = 0; p.s + p.len < end && p.s[p.len] != '|'; p.len++)
			;
		if (n-- == 0)
			return p;
	}
}

int shell_which(struct shell_word p, const char *word)
{
	struct shell_word w;

	for (int n = 0; (w = shell_choice(p, n)).len; n++)
		if (shell_is(w, word) ||
		    (w.s[w.len - 1] == '=' && strncmp(w.s, word, w.len) == 0))
			return n;
	return -1;
}

int shell_fits(const char *text, char **words, int nr)
{
	bool optional;
	int n = 0;

	for (; n < nr; n++) {
		struct shell_word p = shell_pattern(text, n, &optional);

		if (!p.len || (is_literal(p) && shell_which(p, words[n]) < 0))
			break;
	}
	return n;
}

/* ---- what may follow ---- */

void shell_candidates(const struct shell_cmd *table, uint32_t nr, char **words, int nr_words,
		      void (*vms)(shell_each *each, void *ctx), shell_each *each, void *ctx)
{
	for (uint32_t i = 0; i < nr; i++) {
		bool optional = shell_fits(table[i].text, words, nr_words) == nr_words;

		for (int n = nr_words; optional; n++) {
			struct shell_word p = shell_pattern(table[i].text, n, &optional), w;

			if (shell_is(p, "VM"))
				vms(each, ctx);
			else if (is_literal(p))
				for (int k = 0; (w = shell_choice(p, k)).len; k++)
					each(ctx, w.s, w.len);
			optional &= p.len != 0 && n < SHELL_MAX_WORDS;
		}
	}
}
