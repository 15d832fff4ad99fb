/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fdt_sound.h"

#include <libfdt.h>
#include <limits.h>
#include <string.h>

/* Devicetree Specification v0.4, section 5.2: words of the header. */
enum { MAGIC, TOTALSIZE, OFF_STRUCT, OFF_STRINGS, OFF_RSVMAP, VERSION, LAST_COMP, BOOT_CPU,
       SIZE_STRINGS, SIZE_STRUCT, NR_WORDS };
#define OLDEST 17
#define LATEST 17

static uint32_t word(const void *fdt, unsigned int i)
{
	return fdt_be(&((const uint32_t *)fdt)[i]);
}

static bool has_nul(uint32_t chars)
{
	return (chars - 0x01010101) & ~chars & 0x80808080;
}

/* ---- what is sound ---- */

static bool inside(const void *fdt, uint32_t offset, uint32_t size)
{
	return offset >= NR_WORDS * 4 && offset <= word(fdt, TOTALSIZE) &&
	       size <= word(fdt, TOTALSIZE) - offset;
}

/* Tags are words, entries of the reservation map two double words. */
static bool header_sound(const void *fdt, size_t size)
{
	return word(fdt, MAGIC) == FDT_MAGIC && word(fdt, VERSION) >= OLDEST &&
	       word(fdt, LAST_COMP) <= LATEST && word(fdt, TOTALSIZE) <= size &&
	       word(fdt, TOTALSIZE) <= INT_MAX &&
	       inside(fdt, word(fdt, OFF_STRUCT), word(fdt, SIZE_STRUCT)) &&
	       inside(fdt, word(fdt, OFF_STRINGS), word(fdt, SIZE_STRINGS)) &&
	       inside(fdt, word(fdt, OFF_RSVMAP), 0) &&
	       !(word(fdt, OFF_STRUCT) & 3) && !(word(fdt, OFF_RSVMAP) & 7);
}

/* The map ends, within the tree, with an entry of no size. */
static bool map_sound(const void *fdt)
{
	uint32_t nr = (word(fdt, TOTALSIZE) - word(fdt, OFF_RSVMAP)) / 16;
	const uint64_t *entry = fdt_reservations(fdt);

	for (uint32_t i = 0; i < nr; i++)
		if (!entry[2 * i + 1])
			return true;
	return false;
}

/* Names begin before this offset: all that do, end. */
static uint32_t names_end(const void *fdt)
{
	const char *names = (const char *)fdt + word(fdt, OFF_STRINGS);
	uint32_t n = word(fdt, SIZE_STRINGS);

	while (n && names[n - 1])
		n--;
	return n;
}

/* How many words a property has, its tag included; 0: it is cut off, or has no name. */
static uint32_t prop_words(const uint32_t *p, uint32_t left, uint32_t names)
{
	if (left < 3 || fdt_be(p + 1) > (left - 3) * 4 || fdt_be(p + 2) >= names)
		return 0;
	return 3 + (fdt_be(p + 1) + 3) / 4;
}

/* And a node, up to the end of its name. */
static uint32_t node_words(const uint32_t *p, uint32_t left)
{
	for (uint32_t n = 1; n < left; n++)
		if (has_nul(p[n]))
			return n + 1;
	return 0;
}

/* One root, with all else inside it. */
static bool structure_sound(const void *fdt)
{
	const uint32_t *first = fdt_structure(fdt), *p = first;
	uint32_t left = word(fdt, SIZE_STRUCT) / 4, names = names_end(fdt), depth = 0, n;

	for (; left; left -= n, p += n) {
		uint32_t tag = fdt_be(p);

		if (tag == FDT_END)
			return depth == 0 && p > first;
		if (tag != FDT_NOP && depth == 0 && (p > first || tag != FDT_BEGIN_NODE))
			return false;
		n = tag == FDT_PROP ? prop_words(p, left, names) :
		    tag == FDT_BEGIN_NODE ? node_words(p, left) :
		    tag == FDT_END_NODE || tag == FDT_NOP;
		if (!n)                  /* cut off, or what is no tag */
			return false;
		depth += (tag == FDT_BEGIN_NODE) - (tag == FDT_END_NODE);
	}
	return false;
}

bool fdt_sound(const void *fdt, size_t size)
{
	return size >= NR_WORDS * 4 && !((uintptr_t)fdt & 7) && header_sound(fdt, size) &&
	       map_sound(fdt) && structure_sound(fdt);
}

/* ---- reading what is ---- */

const uint64_t *fdt_reservations(const void *fdt)
{
	return (const void *)((const char *)fdt + word(fdt, OFF_RSVMAP));
}

const uint32_t *fdt_structure(const void *fdt)
{
	return (const void *)((const char *)fdt + word(fdt, OFF_STRUCT));
}

const uint32_t *fdt_tag_next(const uint32_t *tag)
{
	if (*tag == FDT_TAG(FDT_PROP))
		return tag + 3 + (fdt_be(tag + 1) + 3) / 4;
	if (*tag == FDT_TAG(FDT_BEGIN_NODE))
		do
			tag++;
		while (!has_nul(*tag));
	return tag + 1;
}

const uint32_t *fdt_node_end(const uint32_t *node)
{
	uint32_t depth = 0;

	do {
		depth += *node == FDT_TAG(FDT_BEGIN_NODE);
		depth -= *node == FDT_TAG(FDT_END_NODE);
		node = fdt_tag_next(node);
	} while (depth);
	return node;
}

/* A node, if it begins here or behind what is none. */
static const uint32_t *node_from(const uint32_t *tag)
{
	while (*tag == FDT_TAG(FDT_PROP) || *tag == FDT_TAG(FDT_NOP))
		tag = fdt_tag_next(tag);
	return *tag == FDT_TAG(FDT_BEGIN_NODE) ? tag : NULL;
}

const uint32_t *fdt_child(const uint32_t *node)
{
	return node_from(fdt_tag_next(node));
}

const uint32_t *fdt_sibling(const uint32_t *node)
{
	return node_from(fdt_node_end(node));
}

const uint32_t *fdt_child_named(const uint32_t *node, const char *name)
{
	const uint32_t *child;

	fdt_for_each_child(child, node)
		if (strcmp(fdt_name(child), name) == 0)
			break;
	return child;
}

const char *fdt_prop_name(const void *fdt, const uint32_t *prop)
{
	return (const char *)fdt + word(fdt, OFF_STRINGS) + fdt_be(prop + 2);
}

const uint32_t *fdt_prop_next(const uint32_t *tag)
{
	do
		tag = fdt_tag_next(tag);
	while (*tag == FDT_TAG(FDT_NOP));
	return *tag == FDT_TAG(FDT_PROP) ? tag : NULL;
}

const uint32_t *fdt_prop_from(const void *fdt, const uint32_t *prop, const char *name)
{
	const char *names = (const char *)fdt + word(fdt, OFF_STRINGS);

	for (; *prop == FDT_TAG(FDT_PROP) || *prop == FDT_TAG(FDT_NOP);
	     prop += *prop == FDT_TAG(FDT_NOP) ? 1 : 3 + (fdt_be(prop + 1) + 3) / 4) {
		const char *s = names + fdt_be(prop + 2);

		if (*prop == FDT_TAG(FDT_PROP) && *s == *name && strcmp(s, name) == 0)
			return prop;
	}
	return NULL;
}

const uint32_t *fdt_prop_find(const void *fdt, const uint32_t *node, const char *name)
{
	return fdt_prop_from(fdt, fdt_tag_next(node), name);
}

bool fdt_strings_have(const uint32_t *prop, const char *string)
{
	const char *s = (const char *)(prop + 3), *end = s + fdt_be(prop + 1);
	size_t len = strlen(string) + 1;

	/* It begins where enough is left; the last one need not end. */
	while ((size_t)(end - s) >= len) {
		if (*s == *string && memcmp(s, string, len) == 0)
			return true;
		while ((size_t)(end - s) >= len && *s++)
			;
	}
	return false;
}

bool fdt_is(const void *fdt, const uint32_t *node, const char *compatible)
{
	const uint32_t *prop = fdt_prop_find(fdt, node, "compatible");

	return prop && fdt_strings_have(prop, compatible);
}
