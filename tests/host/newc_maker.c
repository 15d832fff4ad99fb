/* SPDX-License-Identifier: Apache-2.0 */
#include "newc_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct newc_maker *m, const void *data, size_t size)
{
	m->buf = realloc(m->buf, m->size + size + 1);
	memcpy(m->buf + m->size, data, size);
	m->size += size;
}

static void pad(struct newc_maker *m)
{
	while (m->size % 4)
		append(m, "", 1);
}

void newc_add_raw(struct newc_maker *m, uint32_t mode, const char *name, size_t namesize,
		  const void *data, size_t size)
{
	char head[111];

	snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 1u, mode, 0u, 0u, 1u, 0u, (unsigned int)size, 0u, 0u, 0u, 0u,
		 (unsigned int)namesize, 0u);
	append(m, head, 110);
	append(m, name, namesize);
	pad(m);
	append(m, size ? data : "", size);
	pad(m);
}

void newc_add(struct newc_maker *m, const char *name, const void *data, size_t size)
{
	newc_add_raw(m, NEWC_REGULAR, name, strlen(name) + 1, data, size);
}

void newc_end(struct newc_maker *m)
{
	newc_add_raw(m, 0, "TRAILER!!!", sizeof("TRAILER!!!"), NULL, 0);
}

void newc_free(struct newc_maker *m)
{
	free(m->buf);
	*m = (struct newc_maker){ 0 };
}
