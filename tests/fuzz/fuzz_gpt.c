/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk of any content as a partition table; checksums are made right where the input
 * says so. What is read lies on the disk and apart.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "devices/gpt.h"

#define BLOCK  512u
#define BLOCKS 80u

static uint8_t image[BLOCKS * BLOCK], buf[BLOCK];
static uint32_t reads, failing;
static struct gpt g;

static int read_block(void *ctx, uint64_t block, void *to)
{
	(void)ctx;
	FUZZ_CHECK(block < BLOCKS && to == buf);
	if (++reads == failing)
		return -EIO;
	memcpy(to, image + block * BLOCK, BLOCK);
	return 0;
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

/* A sound header at `my`, whose entries begin at block `entries`. */
static void sound_header(uint8_t *h, uint64_t my, uint64_t other, uint64_t entries)
{
	memcpy(h, "EFI PART", 8);
	put(h + 8, 0x10000, 4);
	put(h + 12, 92, 4);
	put(h + 24, my, 8);
	put(h + 32, other, 8);
	put(h + 40, 34, 8);
	put(h + 48, BLOCKS - 34, 8);
	put(h + 72, entries, 8);
	put(h + 80, 16, 4);
	put(h + 84, 128, 4);
}

static void checksums(uint8_t *h)
{
	uint64_t at;
	uint32_t nr, size;

	memcpy(&at, h + 72, 8);
	memcpy(&nr, h + 80, 4);
	memcpy(&size, h + 84, 4);
	if (at < BLOCKS && (uint64_t)nr * size <= (BLOCKS - at) * BLOCK)
		put(h + 88, gpt_crc32(0, image + at * BLOCK, nr * size), 4);
	put(h + 16, 0, 4);
	memcpy(&size, h + 12, 4);
	if (size <= BLOCK)
		put(h + 16, gpt_crc32(0, h, size), 4);
}

static void patch(struct fuzz_in *in, uint8_t *at, size_t size)
{
	uint32_t off = fuzz_below(in, size);
	uint64_t value = fuzz_edge(in);

	put(at + off, value, size - off < 8 ? 1 : 8);
}

static void make(struct fuzz_in *in)
{
	uint8_t *primary = image + BLOCK, *backup = image + (BLOCKS - 1) * BLOCK;
	uint8_t how = (uint8_t)fuzz_num(in, 1);
	uint32_t entry = 0;

	memset(image, 0, sizeof(image));
	sound_header(primary, 1, BLOCKS - 1, 2);
	sound_header(backup, BLOCKS - 1, 1, BLOCKS - 33);
	failing = how & 4 ? 1 + fuzz_below(in, 8) : 0;
	while (fuzz_more(in)) {
		uint32_t what = fuzz_below(in, 8);

		if (what == 0)
			patch(in, primary, 92);
		else if (what == 1)
			patch(in, backup, 92);
		else if (what < 5)
			patch(in, image + (what & 1 ? 2 : BLOCKS - 33) * BLOCK, 2048);
		else {
			uint8_t *e = image + 2 * BLOCK + 128 * (entry++ % 16);

			e[0] = 1;
			put(e + 32, 34 + fuzz_below(in, 20), 8);
			put(e + 40, 34 + fuzz_below(in, 24), 8);
			put(e + 56, fuzz_num(in, 8), 8);
		}
	}
	if (how & 1)
		checksums(primary);
	if (how & 2)
		checksums(backup);
}

static void check(void)
{
	FUZZ_CHECK(g.nr_parts <= GPT_MAX_PARTS);
	for (uint32_t i = 0; i < g.nr_parts; i++) {
		const struct gpt_part *p = &g.parts[i];

		FUZZ_CHECK(memchr(p->name, 0, sizeof(p->name)));
		FUZZ_CHECK(p->size && p->start % BLOCK == 0 && p->size % BLOCK == 0);
		FUZZ_CHECK(p->start < sizeof(image) && p->size <= sizeof(image) - p->start);
		for (uint32_t j = 0; j < i; j++)
			FUZZ_CHECK(p->start + p->size <= g.parts[j].start ||
				   g.parts[j].start + g.parts[j].size <= p->start);
		FUZZ_CHECK(gpt_lookup(&g, p->name) == (int)i ||
			   gpt_lookup(&g, p->name) == -EEXIST || !p->name[0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gpt_disk disk = { .nr_blocks = BLOCKS, .block_size = BLOCK,
				       .read = read_block, .buf = buf };
	struct fuzz_in in = { data, size };
	int err;

	make(&in);
	reads = 0;
	err = gpt_read(&g, &disk);
	FUZZ_CHECK(err == 0 || err == -ENOENT || err == -EINVAL || err == -EIO);
	FUZZ_CHECK(reads <= 2 * (1 + GPT_MAX_TABLE / BLOCK));
	if (!err)
		check();
	return 0;
}
