/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell_line.h"

#include <stdio.h>
#include <string.h>

#include "core/lib/bits.h"

#define CTRL(c)  ((c) & 0x1f)
#define ESC      0x1b
#define KEY_DEL  0x7f
#define BELL     "\a"

enum action { NOTHING, MOVE, ERASE, RECALL, CLEAR, COMPLETE };
enum target { START, END, LEFT, RIGHT, WORD, UP, DOWN };

static const struct { uint8_t key, action, target; } keys[] = {
	{ CTRL('A'), MOVE,     START }, { CTRL('B'), MOVE,     LEFT },
	{ CTRL('D'), ERASE,    RIGHT }, { CTRL('E'), MOVE,     END },
	{ CTRL('F'), MOVE,     RIGHT }, { CTRL('H'), ERASE,    LEFT },
	{ CTRL('I'), COMPLETE, END },   { CTRL('K'), ERASE,    END },
	{ CTRL('L'), CLEAR,    END },   { CTRL('N'), RECALL,   DOWN },
	{ CTRL('P'), RECALL,   UP },    { CTRL('U'), ERASE,    START },
	{ CTRL('W'), ERASE,    WORD },  { KEY_DEL,   ERASE,    LEFT },
};

/* What ends an escape sequence, and the key it stands for. A digit: before '~'. */
static const char sequences[] = {
	'A', CTRL('P'), 'B', CTRL('N'), 'C', CTRL('F'), 'D', CTRL('B'),
	'F', CTRL('E'), 'H', CTRL('A'), '1', CTRL('A'), '3', CTRL('D'),
	'4', CTRL('E'), '7', CTRL('A'), '8', CTRL('E'),
};

static void show(const struct shell_line *l, const char *text)
{
	l->ops->write(text, strlen(text));
}

static void redraw(const struct shell_line *l)
{
	char text[SHELL_LINE + 48];
	int n = snprintf(text, sizeof(text), "\r%.16s%s\x1b[K", l->ops->prompt, l->text);

	if (l->cursor < l->len)
		snprintf(text + n, sizeof(text) - (size_t)n, "\x1b[%uD",
			 (unsigned int)(l->len - l->cursor));
	show(l, text);
}

static void set(struct shell_line *l, const char *text)
{
	l->len = l->cursor = (uint32_t)strlen(text);
	memmove(l->text, text, l->len + 1);
}

void shell_line_new(struct shell_line *l)
{
	set(l, "");
	l->back = 0;
	show(l, l->ops->prompt);
}

static bool insert(struct shell_line *l, const char *text, size_t n)
{
	if (l->len + n >= SHELL_LINE)
		return false;
	memmove(l->text + l->cursor + n, l->text + l->cursor, l->len - l->cursor + 1);
	memcpy(l->text + l->cursor, text, n);
	l->len += (uint32_t)n;
	l->cursor += (uint32_t)n;
	return true;
}

/* ---- moving, erasing, remembering ---- */

static uint32_t place(const struct shell_line *l, enum target target)
{
	uint32_t at = l->cursor;

	switch (target) {
	case START:
		return 0;
	case LEFT:
		return at ? at - 1 : 0;
	case RIGHT:
		return MIN(at + 1, l->len);
	case WORD:
		while (at && l->text[at - 1] == ' ')
			at--;
		while (at && l->text[at - 1] != ' ')
			at--;
		return at;
	default:
		return l->len;
	}
}

static void erase(struct shell_line *l, uint32_t to)
{
	uint32_t from = MIN(l->cursor, to), end = MAX(l->cursor, to);

	memmove(l->text + from, l->text + end, l->len - end + 1);
	l->len -= end - from;
	l->cursor = from;
}

static char *remembered(struct shell_line *l, uint32_t back)
{
	return l->history[(l->nr_lines - back) % SHELL_HISTORY];
}

static void recall(struct shell_line *l, bool up)
{
	uint32_t back = l->back + (up ? 1u : ~0u);

	if (back > MIN(l->nr_lines, (uint32_t)SHELL_HISTORY))
		return;
	if (l->back == 0)
		memcpy(l->begun, l->text, sizeof(l->begun));
	l->back = back;
	set(l, back ? remembered(l, back) : l->begun);
}

static void remember(struct shell_line *l)
{
	if (l->len == 0 || (l->nr_lines && strcmp(remembered(l, 1), l->text) == 0))
		return;
	l->nr_lines++;
	memcpy(remembered(l, 1), l->text, sizeof(l->text));
}

/* ---- completion ---- */

struct completion {
	struct shell_line *l;
	const char *word;                /* what there is of it                  */
	size_t len;
	char common[SHELL_LINE];         /* what all that fit begin with; list: the last */
	size_t common_len;
	uint32_t nr;                     /* that fit and differ                  */
	bool list;                       /* show them                            */
};

static void each_candidate(void *ctx, const char *word, size_t len)
{
	struct completion *c = ctx;
	size_t same = 0;

	if (!len || len < c->len || len >= SHELL_LINE || memcmp(word, c->word, c->len) != 0)
		return;
	while (same < MIN(len, c->common_len) && word[same] == c->common[same])
		same++;
	/* They are in order, so equal ones follow each other. */
	if (c->nr && same == len && same == c->common_len)
		return;
	if (c->list) {
		c->l->ops->write(word, len);
		show(c->l, "  ");
	}
	c->common_len = same;
	if (c->nr++ == 0 || c->list) {
		memcpy(c->common, word, len);
		c->common_len = len;
	}
}

static void complete(struct shell_line *l)
{
	char copy[SHELL_LINE], *words[SHELL_MAX_WORDS];
	struct completion c = { .l = l, .word = "" };
	int nr;

	memcpy(copy, l->text, l->cursor);
	copy[l->cursor] = '\0';
	nr = shell_split(copy, words);
	if (nr < 0)
		return;
	if (l->cursor && l->text[l->cursor - 1] != ' ')
		c.word = words[--nr];
	c.len = strlen(c.word);
	l->ops->candidates(words, nr, each_candidate, &c);
	if (c.nr == 1 && c.common[c.common_len - 1] != '=')
		c.common[c.common_len++] = ' ';
	if (c.common_len > c.len) {
		insert(l, c.common + c.len, c.common_len - c.len);
	} else if (c.nr > 1) {
		c.nr = 0;
		c.list = true;
		show(l, "\r\n");
		l->ops->candidates(words, nr, each_candidate, &c);
		show(l, "\r\n");
	} else {
		show(l, BELL);
	}
}

/* ---- keys ---- */

static void act(struct shell_line *l, enum action action, enum target target)
{
	switch (action) {
	case NOTHING:
		return;
	case MOVE:
		l->cursor = place(l, target);
		break;
	case ERASE:
		erase(l, place(l, target));
		break;
	case RECALL:
		recall(l, target == UP);
		break;
	case CLEAR:
		show(l, "\x1b[H\x1b[2J");
		break;
	case COMPLETE:
		complete(l);
		break;
	}
	redraw(l);
}

/* The key that a byte of an escape sequence makes; 0: none yet, or none we know. */
static uint8_t decode(struct shell_line *l, uint8_t b)
{
	uint8_t seq = l->seq;

	l->seq = b == ESC ? ESC : 0;
	if (b < ' ')
		return b == ESC ? 0 : b;
	if (seq == ESC) {
		l->seq = b == '[' || b == 'O' ? '[' : 0;
		return 0;
	}
	if (b >= '0' && b <= ';') {
		l->seq = seq == '[' ? b : ';';
		return 0;
	}
	if (b == '~')
		b = seq;
	else if (seq != '[')
		return 0;
	for (size_t i = 0; i < sizeof(sequences); i += 2)
		if ((uint8_t)sequences[i] == b)
			return (uint8_t)sequences[i + 1];
	return 0;
}

static void edit(struct shell_line *l, uint8_t key)
{
	char c = (char)key;

	if (key >= ' ' && key < KEY_DEL) {
		if (!insert(l, &c, 1))
			show(l, BELL);
		else if (l->cursor == l->len)
			l->ops->write(&c, 1);
		else
			redraw(l);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].key == key)
			act(l, (enum action)keys[i].action, (enum target)keys[i].target);
}

bool shell_line_key(struct shell_line *l, uint8_t key)
{
	bool after_cr = l->cr;

	l->cr = key == '\r';
	if (l->seq || key == ESC) {
		key = decode(l, key);
		if (!key)
			return false;
	}
	if (key == CTRL('C')) {
		set(l, "");
		show(l, "^C\r\n");
		return true;
	}
	if (key == '\n' && after_cr)
		return false;
	if (key == '\r' || key == '\n') {
		remember(l);
		show(l, "\r\n");
		return true;
	}
	edit(l, key);
	return false;
}
