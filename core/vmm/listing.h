/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings: rows of a struct shown by a table of its columns, as text or as JSON. A
 * command may have several; as JSON they are the members of one object. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum list_kind {
	LIST_U32, LIST_U64,
	LIST_KIB,        /* uint64_t bytes                                      */
	LIST_US,         /* uint64_t counter ticks                              */
	LIST_HEX,        /* uint64_t                                            */
	LIST_SET,        /* uint64_t mask, as "0-2,5"                           */
	LIST_STR,        /* char[], with a NUL; it is text from here on         */
	LIST_PTR,        /* const char *; NULL: empty                           */
};

struct list_column {
	char name[12];
	uint8_t kind;            /* enum list_kind                              */
	int8_t width;            /* negative: left-aligned; 0: as wide as it is */
	uint16_t offset;         /* in the row                                  */
};

#define LIST_COLUMN(n, k, w, type, field) { n, k, w, offsetof(type, field) }

struct listing {
	char name[15];           /* in JSON                                     */
	uint8_t nr_columns;
	const struct list_column *columns;   /* the first of width 0: no headings */
};

/* A listing on its way out. */
struct list_out {
	/* fixed; the rest zeroed at first */
	void (*write)(const char *text, size_t len);
	bool json;
	/* the listing that is open */
	const struct listing *l;
	uint32_t nr_rows, nr_listings;
	uint32_t len;
	char line[200];          /* a piece of a row that is not written yet    */
};

/* Begin one, with its headings; it ends where another begins or with list_end(). */
void list_begin(struct list_out *o, const struct listing *l);
void list_row(struct list_out *o, const void *row);

/* No more listings; nothing if there was none. */
void list_end(struct list_out *o);

/* The set of numbers that a text like "0-2,5" says; false: it says none. */
bool list_parse_set(const char *text, uint64_t *set);
