/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/gpt.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/lib/bits.h"

#define SIGNATURE      "EFI PART"
#define REVISION_MAJOR 1
#define ENTRY_SIZE     128              /* times a power of two */
#define NAME_UNITS     36

/* "GPT Header"; little-endian as the machine is. */
struct header {
	char signature[8];
	uint32_t revision, header_size, header_crc, reserved;
	uint64_t my_block, other_block, first_usable, last_usable;
	uint8_t disk_id[16];
	uint64_t entries_block;
	uint32_t nr_entries, entry_size, entries_crc;
} __attribute__((packed));
#define HEADER_SIZE 92
_Static_assert(sizeof(struct header) == HEADER_SIZE, "header");

/* "GPT Partition Entry" */
struct entry {
	uint8_t type[16], id[16];
	uint64_t first, last;
	uint64_t attributes;
	uint16_t name[NAME_UNITS];
};
_Static_assert(sizeof(struct entry) == ENTRY_SIZE, "entry");

uint32_t gpt_crc32(uint32_t crc, const void *data, uint32_t size)
{
	/* Remainders of the four low bits, polynomial 0xedb88320. */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;

	crc = ~crc;
	while (size--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static uint64_t blocks_of(const struct gpt_disk *disk, uint64_t bytes)
{
	return (bytes + disk->block_size - 1) / disk->block_size;
}

/* Numbers that make sense together, on this disk. */
static bool header_sound(const struct header *h, const struct gpt_disk *disk, uint64_t at)
{
	uint64_t table = (uint64_t)h->nr_entries * h->entry_size;

	if (h->revision >> 16 != REVISION_MAJOR || h->my_block != at ||
	    h->entry_size < ENTRY_SIZE || h->entry_size > disk->block_size ||
	    (h->entry_size & (h->entry_size - 1)) || !h->nr_entries || table > GPT_MAX_TABLE)
		return false;
	if (h->first_usable > h->last_usable || h->last_usable >= disk->nr_blocks ||
	    h->entries_block < 1 || h->entries_block >= disk->nr_blocks ||
	    blocks_of(disk, table) > disk->nr_blocks - h->entries_block)
		return false;
	/* The table is not in what partitions may use, nor is the header. */
	return !range_overlap(h->entries_block, blocks_of(disk, table), h->first_usable,
			      h->last_usable - h->first_usable + 1) &&
	       (at < h->first_usable || at > h->last_usable);
}

static int read_header(const struct gpt_disk *disk, uint64_t at, struct header *h)
{
	int err = disk->read(disk->ctx, at, disk->buf);
	uint32_t crc;

	if (err)
		return err;
	memcpy(h, disk->buf, sizeof(*h));
	if (memcmp(h->signature, SIGNATURE, sizeof(h->signature)) != 0)
		return -ENOENT;
	if (h->header_size < HEADER_SIZE || h->header_size > disk->block_size)
		return -EINVAL;
	memset(disk->buf + offsetof(struct header, header_crc), 0, sizeof(h->header_crc));
	crc = gpt_crc32(0, disk->buf, h->header_size);
	return crc == h->header_crc && header_sound(h, disk, at) ? 0 : -EINVAL;
}

/* A unit of UTF-16; surrogates become the replacement character. */
static unsigned int put_utf8(char *to, uint32_t c)
{
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* Control characters would play with the console on which the name is shown. */
static void name_of(const struct entry *e, char *to)
{
	unsigned int at = 0;

	for (unsigned int i = 0; i < NAME_UNITS && e->name[i]; i++) {
		bool control = e->name[i] < 0x20 || (e->name[i] >= 0x7f && e->name[i] < 0xa0);

		at += put_utf8(to + at, control ? '?' : e->name[i]);
	}
	to[at] = '\0';
}

static int add_part(struct gpt *g, const struct gpt_disk *disk, const struct header *h,
		    const struct entry *e)
{
	static const uint8_t unused[16];
	struct gpt_part *p = &g->parts[g->nr_parts];

	if (memcmp(e->type, unused, sizeof(unused)) == 0)
		return 0;
	if (e->first > e->last || e->first < h->first_usable || e->last > h->last_usable ||
	    g->nr_parts == GPT_MAX_PARTS)
		return -EINVAL;
	p->start = e->first * disk->block_size;
	p->size = (e->last - e->first + 1) * disk->block_size;
	for (uint32_t i = 0; i < g->nr_parts; i++)
		if (range_overlap(p->start, p->size, g->parts[i].start, g->parts[i].size))
			return -EINVAL;
	memcpy(p->type, e->type, sizeof(p->type));
	memcpy(p->id, e->id, sizeof(p->id));
	name_of(e, p->name);
	g->nr_parts++;
	return 0;
}

static int read_entries(struct gpt *g, const struct gpt_disk *disk, const struct header *h)
{
	uint32_t left = h->nr_entries * h->entry_size;
	uint32_t crc = 0;
	int err;

	for (uint64_t block = h->entries_block; left; block++) {
		uint32_t size = MIN(left, disk->block_size);

		err = disk->read(disk->ctx, block, disk->buf);
		if (err)
			return err;
		crc = gpt_crc32(crc, disk->buf, size);
		for (uint32_t at = 0; at < size; at += h->entry_size) {
			struct entry e;

			memcpy(&e, disk->buf + at, sizeof(e));
			err = add_part(g, disk, h, &e);
			if (err)
				return err;
		}
		left -= size;
	}
	return crc == h->entries_crc ? 0 : -EINVAL;
}

static int read_table(struct gpt *g, const struct gpt_disk *disk, uint64_t at,
		      struct header *h)
{
	int err = read_header(disk, at, h);

	g->nr_parts = 0;
	if (!err)
		err = read_entries(g, disk, h);
	if (err)
		g->nr_parts = 0;
	return err;
}

int gpt_read(struct gpt *g, const struct gpt_disk *disk)
{
	struct header h;
	int first, err;

	g->from_backup = false;
	g->nr_parts = 0;
	if (disk->nr_blocks < 3)
		return -ENOENT;
	first = read_table(g, disk, 1, &h);
	if (first == 0)
		return 0;
	/* The other header: on the last block. What a damaged one says of it is worth nothing. */
	err = read_table(g, disk, disk->nr_blocks - 1, &h);
	g->from_backup = err == 0;
	if (err == 0)
		return 0;
	return first == -ENOENT ? err : first;
}

int gpt_lookup(const struct gpt *g, const char *name)
{
	int found = -ENOENT;

	for (uint32_t i = 0; i < g->nr_parts; i++) {
		if (strcmp(g->parts[i].name, name) != 0)
			continue;
		if (found >= 0)
			return -EEXIST;
		found = (int)i;
	}
	return found;
}
