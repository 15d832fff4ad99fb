/* SPDX-License-Identifier: Apache-2.0 */
#include "core/vmm/shell_line.h"

#include <string.h>

#define KEY_INTR  0x03   /* ^C */
#define KEY_BS    0x08
#define KEY_KILL  0x15   /* ^U */
#define KEY_DEL   0x7f

void shell_line_clear(struct shell_line *l)
{
	l->len = 0;
	l->text[0] = '\0';
}

static void rub_out(struct shell_line *l, uint32_t nr, char *echo)
{
	for (uint32_t i = 0; i < nr && l->len > 0; i++) {
		l->text[--l->len] = '\0';
		strcpy(echo, "\b \b");
		echo += 3;
	}
}

static void insert(struct shell_line *l, char c, char *echo)
{
	if (l->len + 1 >= SHELL_LINE)
		return;
	l->text[l->len++] = c;
	l->text[l->len] = '\0';
	echo[0] = c;
	echo[1] = '\0';
}

bool shell_line_key(struct shell_line *l, uint8_t key, char *echo)
{
	bool after_cr = l->cr;

	echo[0] = '\0';
	l->cr = key == '\r';
	if (key == '\r' || (key == '\n' && !after_cr)) {
		strcpy(echo, "\r\n");
		return true;
	}
	if (key == KEY_INTR) {
		shell_line_clear(l);
		strcpy(echo, "^C\r\n");
		return true;
	}
	if (key == KEY_BS || key == KEY_DEL)
		rub_out(l, 1, echo);
	else if (key == KEY_KILL)
		rub_out(l, l->len, echo);
	else if (key >= ' ' && key < KEY_DEL)
		insert(l, (char)key, echo);
	return false;
}

/* One word from p on; its quotes are taken out. Returns where to go on. */
static char *take_word(char *p)
{
	char *to = p;
	bool quoted = false;

	while (*p != '\0' && (quoted || *p != ' ')) {
		if (*p == '"')
			quoted = !quoted;
		else
			*to++ = *p;
		p++;
	}
	if (*p != '\0')
		p++;
	*to = '\0';
	return p;
}

int shell_split(char *line, char **argv)
{
	int argc = 0;

	for (;;) {
		while (*line == ' ')
			line++;
		if (*line == '\0' || argc == SHELL_MAX_ARGS)
			return argc;
		argv[argc++] = line;
		line = take_word(line);
	}
}
