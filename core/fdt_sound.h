/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees of others: what is looked at before one is trusted, and how such a one is read. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * fdt_sound() - can libfdt, and the readers below, go through this without leaving it?
 * @fdt:  any bytes
 * @size: how many may be read
 *
 * libfdt checks where it reads, but trusts the structure it edits, and reads words
 * where the header's offsets lead, aligned or not. So all of it is walked once: blocks
 * inside and aligned, every tag inside the structure, every name inside the strings,
 * nodes that end where they began. Version 17 at least.
 */
bool fdt_sound(const void *fdt, size_t size);

/*
 * Of a tree that is sound: where tags are, by their addresses. A property is its tag, length and
 * name's offset, then the value.
 */
static inline uint32_t fdt_be(const uint32_t *p)
{
	return __builtin_bswap32(*p);
}
#define FDT_TAG(tag) __builtin_bswap32(tag)

/* The reservation map: pairs of address and size, big-endian; the last one's size is 0. */
const uint64_t *fdt_reservations(const void *fdt);
/* The first tag: the root's. */
const uint32_t *fdt_structure(const void *fdt);
/* The tag behind this one. */
const uint32_t *fdt_tag_next(const uint32_t *tag);
/* The tag behind all that is in a node; its first subnode, and the one after it; or NULL. */
const uint32_t *fdt_node_end(const uint32_t *node);
const uint32_t *fdt_child(const uint32_t *node);
const uint32_t *fdt_sibling(const uint32_t *node);
#define fdt_for_each_child(child, node) \
	for (child = fdt_child(node); child; child = fdt_sibling(child))
/* The first subnode of that name, or NULL. */
const uint32_t *fdt_child_named(const uint32_t *node, const char *name);
static inline const char *fdt_name(const uint32_t *node)
{
	return (const char *)(node + 1);
}
/* The property behind a node's tag or one of its properties; NULL: none. */
const uint32_t *fdt_prop_next(const uint32_t *tag);
const char *fdt_prop_name(const void *fdt, const uint32_t *prop);
/* A node's property of that name, or NULL. */
const uint32_t *fdt_prop_find(const void *fdt, const uint32_t *node, const char *name);
/* The same from one property, or other tag, on. */
const uint32_t *fdt_prop_from(const void *fdt, const uint32_t *prop, const char *name);
/* Whether one of a property's strings, or of the node's "compatible", is this. */
bool fdt_strings_have(const uint32_t *prop, const char *string);
bool fdt_is(const void *fdt, const uint32_t *node, const char *compatible);
