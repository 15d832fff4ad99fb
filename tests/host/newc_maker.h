/* SPDX-License-Identifier: Apache-2.0 */
/* Makes newc archives for tests, sound ones and others. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define NEWC_REGULAR 0100644u

struct newc_maker {
	uint8_t *buf;      /* from malloc(); grows to exactly size bytes */
	size_t   size;
};

/* Append an entry. namesize counts the bytes of name that are stored, NUL included. */
void newc_add_raw(struct newc_maker *m, uint32_t mode, const char *name, size_t namesize,
		  const void *data, size_t size);

/* Append a regular file. */
void newc_add(struct newc_maker *m, const char *name, const void *data, size_t size);

/* Append the trailer. */
void newc_end(struct newc_maker *m);

void newc_free(struct newc_maker *m);
