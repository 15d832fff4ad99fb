/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables: what is right is read, nothing on the disk is believed. */
#include "devices/gpt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"

#define BLOCKS 256u
#define MAX_BLOCK 4096u

/* Offsets in a header and in an entry. */
enum { H_REVISION = 8, H_SIZE = 12, H_CRC = 16, H_MY = 24, H_OTHER = 32, H_FIRST = 40,
       H_LAST = 48, H_ENTRIES = 72, H_NR = 80, H_ENTRY_SIZE = 84, H_ENTRIES_CRC = 88 };
enum { E_FIRST = 32, E_LAST = 40, E_NAME = 56 };

static uint8_t image[BLOCKS * MAX_BLOCK];
static uint8_t buf[MAX_BLOCK];
static uint32_t block_size;
static uint32_t nr_reads;
static uint64_t bad_block;
static struct gpt g;

static int read_block(void *ctx, uint64_t block, void *to)
{
	assert_ptr_equal(ctx, image);
	assert_true(block < BLOCKS);
	nr_reads++;
	if (block == bad_block)
		return -EIO;
	memcpy(to, image + block * block_size, block_size);
	return 0;
}

static struct gpt_disk disk(void)
{
	return (struct gpt_disk){ .nr_blocks = BLOCKS, .block_size = block_size,
				  .read = read_block, .ctx = image, .buf = buf };
}

static int read_it(void)
{
	struct gpt_disk d = disk();

	nr_reads = 0;
	return gpt_read(&g, &d);
}

static void put(uint8_t *at, uint64_t value, unsigned int size)
{
	memcpy(at, &value, size);
}

static uint8_t *header(uint64_t block)
{
	return image + block * block_size;
}

static uint64_t entries_block(uint64_t block)
{
	uint64_t at;

	memcpy(&at, header(block) + H_ENTRIES, 8);
	return at;
}

static uint8_t *entry(uint64_t block, unsigned int i)
{
	return image + entries_block(block) * block_size + i * 128;
}

/* Make both checksums of a header right again; sizes as the header says, if they fit. */
static void seal(uint64_t block)
{
	uint8_t *h = header(block);
	uint32_t nr, entry_size, size;

	memcpy(&nr, h + H_NR, 4);
	memcpy(&entry_size, h + H_ENTRY_SIZE, 4);
	memcpy(&size, h + H_SIZE, 4);
	if (entries_block(block) < BLOCKS && (uint64_t)nr * entry_size <=
	    (BLOCKS - entries_block(block)) * block_size)
		put(h + H_ENTRIES_CRC, gpt_crc32(0, entry(block, 0), nr * entry_size), 4);
	put(h + H_CRC, 0, 4);
	put(h + H_CRC, gpt_crc32(0, h, MIN(size, block_size)), 4);
}

static void put_entry(uint64_t block, unsigned int i, uint64_t first, uint64_t last,
		      const char *name)
{
	uint8_t *e = entry(block, i);

	memset(e, 0, 128);
	memset(e, 0x11, 32);
	put(e + E_FIRST, first, 8);
	put(e + E_LAST, last, 8);
	for (unsigned int n = 0; n < 36 && name[n]; n++)
		put(e + E_NAME + 2 * n, (uint8_t)name[n], 2);
}

static void make(uint64_t at, uint64_t other, uint64_t entries)
{
	uint8_t *h = header(at);

	memset(h, 0, block_size);
	memcpy(h, "EFI PART", 8);
	put(h + H_REVISION, 0x10000, 4);
	put(h + H_SIZE, 92, 4);
	put(h + H_MY, at, 8);
	put(h + H_OTHER, other, 8);
	put(h + H_FIRST, 34, 8);
	put(h + H_LAST, BLOCKS - 34, 8);
	put(h + H_ENTRIES, entries, 8);
	put(h + H_NR, 128, 4);
	put(h + H_ENTRY_SIZE, 128, 4);
	put_entry(at, 0, 40, 49, "root");
	put_entry(at, 2, 50, 50, "home");
	seal(at);
}

static void setup_of(uint32_t size)
{
	memset(image, 0, sizeof(image));
	block_size = size;
	bad_block = UINT64_MAX;
	make(1, BLOCKS - 1, 2);
	make(BLOCKS - 1, 1, BLOCKS - 33);
}

static int setup(void **state)
{
	(void)state;
	setup_of(512);
	return 0;
}

static void crc_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(gpt_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(gpt_crc32(gpt_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	assert_int_equal(gpt_crc32(0, "", 0), 0);
}

static void partitions_are_read(void **state)
{
	(void)state;
	for (block_size = 512; block_size <= MAX_BLOCK; block_size *= 8) {
		setup_of(block_size);
		assert_int_equal(read_it(), 0);
		assert_false(g.from_backup);
		assert_int_equal(g.nr_parts, 2);
		assert_string_equal(g.parts[0].name, "root");
		assert_int_equal(g.parts[0].start, 40 * block_size);
		assert_int_equal(g.parts[0].size, 10 * block_size);
		assert_string_equal(g.parts[1].name, "home");
		assert_int_equal(g.parts[1].size, block_size);
		assert_int_equal(gpt_lookup(&g, "home"), 1);
		assert_int_equal(gpt_lookup(&g, "hom"), -ENOENT);
		assert_int_equal(gpt_lookup(&g, ""), -ENOENT);
	}
}

static void one_name_for_two_stands_for_none(void **state)
{
	(void)state;
	put_entry(1, 5, 60, 61, "root");
	seal(1);
	assert_int_equal(read_it(), 0);
	assert_int_equal(gpt_lookup(&g, "root"), -EEXIST);
	assert_int_equal(gpt_lookup(&g, "home"), 1);
}

static void names_become_utf8_without_controls(void **state)
{
	static const uint16_t units[] = { 'a', 0xe4, 0x20ac, 0xd800, '\n', 0x9b };
	uint8_t *e = entry(1, 0) + E_NAME;

	(void)state;
	memset(e, 0, 72);
	memcpy(e, units, sizeof(units));
	for (unsigned int i = 0; i < 36; i++)
		put(entry(1, 2) + E_NAME + 2 * i, 0xffff, 2);
	seal(1);
	assert_int_equal(read_it(), 0);
	assert_string_equal(g.parts[0].name, "a\xc3\xa4\xe2\x82\xac\xef\xbf\xbd??");
	assert_int_equal(strlen(g.parts[1].name), GPT_NAME - 1);
}

static void a_damaged_primary_gives_way_to_the_backup(void **state)
{
	static const uint32_t at[] = { 0, H_REVISION, H_CRC, H_MY, H_LAST, H_NR, H_ENTRIES_CRC };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		setup_of(512);
		header(1)[at[i]] ^= 0x40;
		assert_int_equal(read_it(), 0);
		assert_true(g.from_backup);
		assert_int_equal(g.nr_parts, 2);
	}
	setup_of(512);
	entry(1, 99)[100] ^= 1;
	assert_int_equal(read_it(), 0);
	assert_true(g.from_backup);
	setup_of(512);
	bad_block = 1;
	assert_int_equal(read_it(), 0);
	assert_true(g.from_backup);
}

static void no_table_and_two_damaged_ones_are_told_apart(void **state)
{
	struct gpt_disk d;

	(void)state;
	header(1)[H_CRC] ^= 1;
	header(BLOCKS - 1)[H_CRC] ^= 1;
	assert_int_equal(read_it(), -EINVAL);
	assert_int_equal(g.nr_parts, 0);
	memset(image, 0, sizeof(image));
	assert_int_equal(read_it(), -ENOENT);
	make(BLOCKS - 1, 1, BLOCKS - 33);
	header(BLOCKS - 1)[H_CRC] ^= 1;
	assert_int_equal(read_it(), -EINVAL);
	d = disk();
	d.nr_blocks = 2;
	assert_int_equal(gpt_read(&g, &d), -ENOENT);
	setup_of(512);
	bad_block = 5;
	header(BLOCKS - 1)[0] = 0;
	assert_int_equal(read_it(), -EIO);
}

/* Right checksums, wrong numbers: each is refused, without a read beyond the disk. */
static void numbers_that_make_no_sense_are_refused(void **state)
{
	static const struct { uint32_t at, size; uint64_t value; } wrong[] = {
		{ H_REVISION, 4, 0x20000 }, { H_SIZE, 4, 91 }, { H_SIZE, 4, 513 },
		{ H_SIZE, 4, 0xffffffff }, { H_MY, 8, 2 }, { H_MY, 8, BLOCKS - 1 },
		{ H_FIRST, 8, BLOCKS - 33 }, { H_FIRST, 8, 1 }, { H_FIRST, 8, 33 },
		{ H_FIRST, 8, 41 }, { H_LAST, 8, BLOCKS }, { H_LAST, 8, UINT64_MAX },
		{ H_LAST, 8, 49 }, { H_ENTRIES, 8, 0 }, { H_ENTRIES, 8, BLOCKS },
		{ H_ENTRIES, 8, BLOCKS - 31 }, { H_ENTRIES, 8, UINT64_MAX },
		{ H_ENTRIES, 8, UINT64_MAX - 30 }, { H_ENTRIES, 8, 40 }, { H_NR, 4, 0 },
		{ H_NR, 4, 1025 }, { H_NR, 4, 0xffffffff }, { H_NR, 4, 0x02000000 },
		{ H_ENTRY_SIZE, 4, 0 }, { H_ENTRY_SIZE, 4, 64 }, { H_ENTRY_SIZE, 4, 129 },
		{ H_ENTRY_SIZE, 4, 192 }, { H_ENTRY_SIZE, 4, 1024 },
		{ H_ENTRY_SIZE, 4, 0x80000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		setup_of(512);
		header(BLOCKS - 1)[0] = 0;
		put(header(1) + wrong[i].at, wrong[i].value, wrong[i].size);
		seal(1);
		assert_int_equal(read_it(), -EINVAL);
		assert_int_equal(g.nr_parts, 0);
	}
}

static void partitions_outside_or_over_each_other_are_refused(void **state)
{
	static const struct { uint64_t first, last; } wrong[] = {
		{ 33, 40 }, { 0, 39 }, { 60, 59 }, { 60, BLOCKS - 33 }, { 60, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX }, { 40, 40 }, { 49, 60 }, { 35, 100 }, { 50, 50 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		setup_of(512);
		header(BLOCKS - 1)[0] = 0;
		put_entry(1, 7, wrong[i].first, wrong[i].last, "wrong");
		seal(1);
		assert_int_equal(read_it(), -EINVAL);
		assert_int_equal(g.nr_parts, 0);
	}
}

static void a_table_that_is_full_fits(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 128; i++)
		put_entry(1, i, 34 + i, 34 + i, "p");
	seal(1);
	assert_int_equal(read_it(), 0);
	assert_int_equal(g.nr_parts, GPT_MAX_PARTS);
}

/* Whatever a disk holds, what comes out is sound and the work is bounded. */
static void random_damage_never_gives_a_wrong_partition(void **state)
{
	unsigned int good = 0;

	(void)state;
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		uint64_t block = random() & 1 ? 1 : BLOCKS - 1;
		unsigned int changes = 1 + (unsigned int)random() % 4;

		setup_of(512);
		while (changes--) {
			uint64_t entries = block == 1 ? 2 : BLOCKS - 33;
			uint8_t *at = random() & 1 ? header(block) + 8 + random() % 84 :
						     header(entries) + random() % 512;

			*at = (uint8_t)random();
		}
		if (random() % 8)
			seal(block);
		if (read_it() == 0)
			good++;
		assert_true(nr_reads <= 2 * (1 + GPT_MAX_TABLE / 512));
		for (uint32_t i = 0; i < g.nr_parts; i++) {
			const struct gpt_part *p = &g.parts[i];

			assert_true(p->size && p->size <= BLOCKS * 512 &&
				    p->start >= 512 && p->start <= BLOCKS * 512 - p->size);
			assert_true(memchr(p->name, 0, sizeof(p->name)) != NULL);
			for (uint32_t k = 0; k < i; k++)
				assert_false(range_overlap(p->start, p->size, g.parts[k].start,
							   g.parts[k].size));
		}
	}
	assert_true(good > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(crc_is_the_usual_one, setup),
		cmocka_unit_test_setup(partitions_are_read, setup),
		cmocka_unit_test_setup(one_name_for_two_stands_for_none, setup),
		cmocka_unit_test_setup(names_become_utf8_without_controls, setup),
		cmocka_unit_test_setup(a_damaged_primary_gives_way_to_the_backup, setup),
		cmocka_unit_test_setup(no_table_and_two_damaged_ones_are_told_apart, setup),
		cmocka_unit_test_setup(numbers_that_make_no_sense_are_refused, setup),
		cmocka_unit_test_setup(partitions_outside_or_over_each_other_are_refused, setup),
		cmocka_unit_test_setup(a_table_that_is_full_fits, setup),
		cmocka_unit_test_setup(random_damage_never_gives_a_wrong_partition, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
