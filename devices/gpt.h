/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUID partition tables, read from a disk of which nothing is believed. UEFI 2.10,
 * "GUID Partition Table (GPT) Disk Layout".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GPT_MAX_PARTS    128             /* in use; a table may have more entries */
#define GPT_MAX_BLOCK    4096            /* bytes of a logical block              */
#define GPT_NAME         (36 * 3 + 1)    /* 36 UTF-16 units as UTF-8              */

struct gpt_part {
	uint64_t start, size;            /* bytes of the disk                     */
	uint8_t type[16], id[16];        /* GUIDs as on the disk                  */
	char name[GPT_NAME];
};

struct gpt {
	uint32_t nr_parts;
	bool from_backup;                /* the primary table is damaged          */
	struct gpt_part parts[GPT_MAX_PARTS];
};

/* How the disk is read. */
struct gpt_disk {
	uint64_t nr_blocks;
	uint32_t block_size;             /* 512 or 4096                           */
	/* One logical block at a time into buf of block_size bytes; 0 or -errno. */
	int (*read)(void *ctx, uint64_t block, void *buf);
	void *ctx;
	uint8_t *buf;                    /* block_size bytes, GPT_MAX_BLOCK at most */
};

/**
 * gpt_read() - the partitions of a disk, from its primary or else its backup table
 * @g: filled in; partitions lie within the disk, hold whole blocks and do not overlap
 *
 * Reads at most 2 * (1 + GPT_MAX_TABLE / block_size) blocks.
 *
 * Return: 0; -ENOENT no table; -EINVAL both are damaged; what read() said.
 */
int gpt_read(struct gpt *g, const struct gpt_disk *disk);
#define GPT_MAX_TABLE 0x20000            /* bytes of all entries                  */

/**
 * gpt_lookup() - the partition of a name
 * Return: its index; -ENOENT; -EEXIST several have that name.
 */
int gpt_lookup(const struct gpt *g, const char *name);

/* CRC-32 as the tables use it; begin with crc 0 and go on with what it returned. */
uint32_t gpt_crc32(uint32_t crc, const void *data, uint32_t size);
