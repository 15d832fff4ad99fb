/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/loader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "vm/image.h"

#define MIB UINT64_C(0x100000)
#define RAM CONFIG_RAM_BASE

/* ---- files made by hand ---- */

struct image_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags, res[3];
	uint32_t magic, res5;
};

struct elf {
	struct {
		uint8_t ident[16];
		uint16_t type, machine;
		uint32_t version;
		uint64_t entry, phoff, shoff;
		uint32_t flags;
		uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	} h;
	struct {
		uint32_t type, flags;
		uint64_t offset, vaddr, paddr, filesz, memsz, align;
	} p[20];
	uint8_t bytes[256];
};

static struct elf elf_make(uint16_t type, uint16_t phnum, uint64_t paddr)
{
	struct elf e = { .h = {
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = type, .machine = 183,
			.version = 1,
		.entry = 0xffff000000000010, .phoff = sizeof(e.h), .phentsize = 56, .phnum = phnum,
	} };

	for (unsigned int i = 0; i < 20; i++) {
		e.p[i].type = 1;
		e.p[i].offset = offsetof(struct elf, bytes);
		e.p[i].vaddr = 0xffff000000000000 + 0x10000 * i;
		e.p[i].paddr = paddr + 0x10000 * i;
		e.p[i].filesz = 0x40;
		e.p[i].memsz = 0x1000;
	}
	memset(e.bytes, 0xe1, sizeof(e.bytes));
	return e;
}

static struct image_header image_make(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	return (struct image_header){
		.text_offset = text_offset, .image_size = image_size, .flags = flags,
		.magic = 0x644d5241,
	};
}

/* ---- a VM ---- */

static struct vm_config cfg;
static struct load_plan plan;
static struct load_file no_initrd;

static void vm_one_region(uint64_t ipa, uint64_t size)
{
	memset(&cfg, 0, sizeof(cfg));
	strcpy(cfg.name, "linux");
	cfg.nr_regions = 1;
	cfg.regions[0] = (struct config_region){
		.ipa = IPA(ipa), .size = size,
		.access = CONFIG_ACCESS_R | CONFIG_ACCESS_W | CONFIG_ACCESS_X,
	};
	cfg.kernel.file = "Image";
	cfg.kernel.load = cfg.initrd.load = cfg.dtb.load = cfg.kernel_entry = CONFIG_ADDR_AUTO;
}

static int setup(void **state)
{
	(void)state;
	vm_one_region(RAM, 512 * MIB);
	return 0;
}

static int make_plan(const void *data, uint64_t size, uint64_t initrd_size)
{
	/* On the heap, to the byte, so that the sanitizer sees a read past the end. */
	uint8_t *k = malloc(size ? size : 1);
	struct load_file kernel = { "Image", k, size };
	struct load_file initrd = { "initrd.gz", initrd_size ? "x" : NULL, initrd_size };
	int err;

	memcpy(k, data, size);
	err = loader_plan(&plan, &cfg, &kernel, &initrd);
	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_non_null(strstr(plan.error, "linux"));
	}
	free(k);
	return err;
}

static void assert_no_overlap(void)
{
	for (uint32_t i = 0; i < plan.nr_pieces; i++) {
		const struct load_piece *a = &plan.piece[i];

		assert_true(a->size <= a->room);
		for (uint32_t j = 0; j < i; j++)
			assert_false(range_overlap(a->ipa.v, a->room, plan.piece[j].ipa.v,
						   plan.piece[j].room));
	}
}

/* ---- arm64 Image ---- */

static void image_lies_at_text_offset_and_its_bss_is_kept_free(void **state)
{
	struct image_header h = image_make(0x80000, 40 * MIB, 0xa);

	(void)state;
	assert_int_equal(make_plan(&h, sizeof(h), 10 * MIB), 0);
	assert_int_equal(plan.entry.v, RAM + 2 * MIB + 0x80000);
	assert_int_equal(plan.piece[0].room, 40 * MIB);
	assert_int_equal(plan.piece[0].size, sizeof(h));
	assert_int_equal(plan.page_size, 4096);
	assert_int_equal(plan.dtb.v, RAM);
	assert_int_equal(plan.dtb_room, 2 * MIB);
	assert_int_equal(plan.initrd.v, RAM + 128 * MIB);
	assert_int_equal(plan.initrd_size, 10 * MIB);
	assert_no_overlap();
}

static void image_without_anywhere_flag_lies_at_the_start_of_ram(void **state)
{
	struct image_header h = image_make(0x80000, 16 * MIB, 0x2);

	(void)state;
	assert_int_equal(make_plan(&h, sizeof(h), 0), 0);
	assert_int_equal(plan.entry.v, RAM + 0x80000);
	/* Then the device tree comes behind all of it. */
	assert_true(plan.dtb.v >= RAM + 0x80000 + 16 * MIB);
	assert_true(is_aligned(plan.dtb.v, 8));
	assert_no_overlap();
}

static void old_image_without_size_gets_the_old_offset(void **state)
{
	struct image_header h = image_make(0, 0, 0);

	(void)state;
	assert_int_equal(make_plan(&h, sizeof(h), 0), 0);
	assert_int_equal(plan.entry.v, RAM + 0x80000);
}

static void image_header_with_impossible_sizes_is_refused(void **state)
{
	static const uint64_t bad[] = { UINT64_MAX, UINT64_MAX - 0xfff, UINT64_C(1) << 63,
					UINT64_C(1) << 48, 513 * MIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image_header size = image_make(0, bad[i], 8);
		struct image_header offset = image_make(bad[i], 16 * MIB, 8);

		assert_int_equal(make_plan(&size, sizeof(size), 0), -EINVAL);
		assert_non_null(strstr(plan.error, "Image"));
		assert_int_equal(make_plan(&offset, sizeof(offset), 0), -EINVAL);
	}
}

static void image_cut_short_is_refused_when_told_to_be_one(void **state)
{
	struct image_header h = image_make(0, 16 * MIB, 8);

	(void)state;
	cfg.kernel_type = IMAGE_ARM64;
	for (uint64_t len = 1; len < sizeof(h); len++)
		assert_int_equal(make_plan(&h, len, 0), -EINVAL);
	assert_int_equal(make_plan(&h, sizeof(h), 0), 0);
	h.magic = 0;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	assert_int_equal(make_plan(&h, 0, 0), -EINVAL);
}

static void granule_is_read_from_the_flags(void **state)
{
	static const uint32_t want[] = { 0, 4096, 16384, 65536 };

	(void)state;
	for (uint64_t i = 0; i < 4; i++) {
		struct image_header h = image_make(0, MIB, 8 | i << 1);

		assert_int_equal(make_plan(&h, sizeof(h), 0), 0);
		assert_int_equal(plan.page_size, want[i]);
	}
}

static void given_addresses_are_kept_or_refused(void **state)
{
	struct image_header h = image_make(0, 16 * MIB, 8);

	(void)state;
	cfg.kernel.load = RAM + 64 * MIB;
	cfg.dtb.load = RAM + 0x8;
	cfg.initrd.load = RAM + 16 * MIB;
	assert_int_equal(make_plan(&h, sizeof(h), MIB), 0);
	assert_int_equal(plan.entry.v, RAM + 64 * MIB);
	assert_int_equal(plan.dtb.v, RAM + 8);
	assert_int_equal(plan.initrd.v, RAM + 16 * MIB);

	cfg.kernel.load = RAM + 0x1000;         /* not at a multiple of 2 MiB */
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.kernel.load = RAM + 504 * MIB;      /* bss past the end of RAM */
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.kernel.load = UINT64_MAX - 2 * MIB + 1;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.kernel.load = RAM + 16 * MIB;       /* where the initrd is to be */
	assert_int_equal(make_plan(&h, sizeof(h), MIB), -EINVAL);
	assert_non_null(strstr(plan.error, "initrd.gz"));
	assert_non_null(strstr(plan.error, "Image"));
	cfg.kernel.load = CONFIG_ADDR_AUTO;
	cfg.dtb.load = RAM + 4;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.dtb.load = UINT64_MAX - 7;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
}

static void automatic_placing_goes_round_what_is_given(void **state)
{
	struct image_header h = image_make(0, 16 * MIB, 8);

	(void)state;
	cfg.dtb.load = RAM + 2 * MIB;           /* where the kernel would go */
	cfg.initrd.load = RAM + 20 * MIB;
	assert_int_equal(make_plan(&h, sizeof(h), MIB), 0);
	assert_no_overlap();
	assert_int_equal(plan.dtb.v, RAM + 2 * MIB);
	assert_true(plan.dtb_room >= 0x10000);
}

static void device_tree_takes_the_room_there_is_below_a_kernel(void **state)
{
	uint8_t raw[64] = { 1 };

	(void)state;
	cfg.kernel_type = IMAGE_RAW;
	cfg.kernel.load = RAM + 0x80000;
	cfg.dtb.load = RAM;
	assert_int_equal(make_plan(raw, sizeof(raw), 0), 0);
	assert_int_equal(plan.dtb_room, 0x80000);
	assert_no_overlap();
}

static void small_ram_still_holds_everything(void **state)
{
	struct image_header h = image_make(0, 2 * MIB, 8);

	(void)state;
	vm_one_region(RAM, 4 * MIB);
	assert_int_equal(make_plan(&h, sizeof(h), 0x10000), 0);
	assert_no_overlap();
	vm_one_region(RAM, 2 * MIB);
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	assert_non_null(strstr(plan.error, "device tree"));
}

static void entry_must_be_executable_memory(void **state)
{
	struct image_header h = image_make(0, 2 * MIB, 8);

	(void)state;
	cfg.kernel_entry = RAM + 3 * MIB;
	assert_int_equal(make_plan(&h, sizeof(h), 0), 0);
	assert_int_equal(plan.entry.v, RAM + 3 * MIB);
	cfg.kernel_entry = RAM - 4;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.kernel_entry = RAM + 2;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
	cfg.kernel_entry = CONFIG_ADDR_AUTO;
	cfg.regions[0].access = CONFIG_ACCESS_R | CONFIG_ACCESS_W;
	assert_int_equal(make_plan(&h, sizeof(h), 0), -EINVAL);
}

static void second_region_is_used_when_the_first_is_too_small(void **state)
{
	struct image_header h = image_make(0, 16 * MIB, 8);

	(void)state;
	vm_one_region(RAM, 4 * MIB);
	cfg.nr_regions = 2;
	cfg.regions[1] = cfg.regions[0];
	cfg.regions[1].ipa = IPA(0x100000000);
	cfg.regions[1].size = 64 * MIB;
	assert_int_equal(make_plan(&h, sizeof(h), 20 * MIB), 0);
	assert_int_equal(plan.entry.v, 0x100000000 + 2 * MIB);
	assert_no_overlap();
}

/* As a U-Boot wants it: its flash below RAM. */
static void a_rom_below_ram_changes_nothing(void **state)
{
	struct image_header h = image_make(0, 16 * MIB, 8);

	(void)state;
	cfg.nr_regions = 2;
	cfg.regions[1] = cfg.regions[0];
	cfg.regions[0] = (struct config_region){
		.ipa = IPA(0x4000000), .size = 0x40000, .access = CONFIG_ACCESS_R,
	};
	assert_int_equal(make_plan(&h, sizeof(h), MIB), 0);
	assert_int_equal(plan.entry.v, RAM + 2 * MIB);
	assert_int_equal(plan.dtb.v, RAM);
	assert_int_equal(plan.dtb_room, 2 * MIB);
	assert_int_equal(plan.initrd.v, RAM + 128 * MIB);
}

/* ---- compressed, raw ---- */

static void compressed_kernels_are_named_not_run(void **state)
{
	(void)state;
	assert_int_equal(make_plan("\x1f\x8b\x08\x00", 4, 0), -EINVAL);
	assert_non_null(strstr(plan.error, "gzip"));
	assert_int_equal(make_plan("MZ\0\0zimg", 8, 0), -EINVAL);
	assert_non_null(strstr(plan.error, "zboot"));
	/* Told that it is raw, it is. */
	cfg.kernel_type = IMAGE_RAW;
	assert_int_equal(make_plan("\x1f\x8b\x08\x00", 4, 0), 0);
	assert_int_equal(plan.entry.v, RAM + 2 * MIB);
	assert_int_equal(plan.dtb.v, RAM);
}

/* ---- ELF ---- */

static void elf_segments_go_to_their_physical_addresses(void **state)
{
	struct elf e = elf_make(2, 3, RAM + MIB);

	(void)state;
	assert_int_equal(make_plan(&e, sizeof(e), MIB), 0);
	assert_int_equal(plan.entry.v, RAM + MIB + 0x10);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(plan.piece[i].ipa.v, RAM + MIB + 0x10000 * i);
		assert_int_equal(plan.piece[i].size, 0x40);
		assert_int_equal(plan.piece[i].room, 0x1000);
		assert_true(plan.piece[i].bss);
	}
	assert_no_overlap();
	/* A fixed program takes no load address. */
	cfg.kernel.load = RAM + 4 * MIB;
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
}

static void position_independent_elf_goes_where_there_is_room(void **state)
{
	struct elf e = elf_make(3, 2, 0x1000);

	(void)state;
	assert_int_equal(make_plan(&e, sizeof(e), 0), 0);
	assert_int_equal(plan.entry.v, RAM + 2 * MIB + 0x1010);
	cfg.kernel.load = RAM + 32 * MIB;
	assert_int_equal(make_plan(&e, sizeof(e), 0), 0);
	assert_int_equal(plan.entry.v, RAM + 32 * MIB + 0x1010);
}

static void load_address_does_not_wrap_into_low_ram(void **state)
{
	struct elf e = elf_make(3, 2, 0x1000);

	(void)state;
	vm_one_region(0, 64 * MIB);
	cfg.kernel.load = 0;
	assert_int_equal(make_plan(&e, sizeof(e), 0), 0);
	cfg.kernel.load = -UINT64_C(0x1000);
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
}

static void elf_fields_that_lie_are_refused(void **state)
{
	static const uint64_t bad[] = { UINT64_MAX, UINT64_MAX - 0x3f, UINT64_C(1) << 63,
					UINT64_C(1) << 48, sizeof(struct elf) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t *fields[6];
		struct elf e;

		for (int f = 0; f < 6; f++) {
			e = elf_make(2, 1, RAM);
			fields[0] = &e.h.phoff;
			fields[1] = &e.h.entry;
			fields[2] = &e.p[0].offset;
			fields[3] = &e.p[0].filesz;
			fields[4] = &e.p[0].paddr;
			fields[5] = &e.p[0].memsz;
			*fields[f] = bad[i];
			if (f == 5 && bad[i] == sizeof(struct elf))
				continue;       /* that one is honest */
			assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
		}
	}
}

static void elf_of_another_kind_is_refused(void **state)
{
	struct elf e;

	(void)state;
	e = elf_make(1, 1, RAM);                /* an object file  */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 1, RAM);
	e.h.machine = 62;                       /* x86-64          */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 1, RAM);
	e.h.ident[4] = 1;                       /* 32 bits         */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 1, RAM);
	e.h.ident[5] = 2;                       /* big-endian file */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 0, RAM);
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 0xffff, RAM);
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 1, RAM);
	e.h.phentsize = 1;
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 17, RAM);               /* 16 are enough   */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 2, RAM);
	e.p[1].paddr = RAM + 0x800;             /* overlap         */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	e = elf_make(2, 1, RAM - 0x1000);       /* outside RAM     */
	assert_int_equal(make_plan(&e, sizeof(e), 0), -EINVAL);
	for (uint64_t len = 4; len < offsetof(struct elf, p[1]); len++) {
		e = elf_make(2, 1, RAM);
		assert_int_equal(make_plan(&e, len, 0), -EINVAL);
	}
}

/* ---- random headers: no crash, and what is accepted holds ---- */

static void random_headers_never_make_an_unsound_plan(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct elf e = elf_make(2 + rand() % 2, (uint16_t)(1 + rand() % 4), RAM + MIB);
		struct image_header h = image_make((uint64_t)rand() % (4 * MIB), (uint64_t)rand(),
						   (uint64_t)rand());
		uint8_t *bytes = (uint8_t *)&e;

		for (int i = rand() % 4; i >= 0; i--)
			bytes[(size_t)rand() % offsetof(struct elf, p[4])] = (uint8_t)rand();
		if (make_plan(&e, sizeof(e), 0) == 0)
			assert_no_overlap();
		if (make_plan(&h, sizeof(h), 0x1000) == 0)
			assert_no_overlap();
		for (uint32_t i = 0; i < plan.nr_pieces; i++)
			assert_true(plan.piece[i].ipa.v >= RAM &&
				    plan.piece[i].ipa.v + plan.piece[i].room <= RAM + 512 * MIB);
	}
}

/* ---- carrying it out ---- */

static uint8_t memory[4 * MIB];
static unsigned int pauses;

static int sink_write(void *ctx, ipa_t ipa, const void *src, uint64_t size)
{
	(void)ctx;
	assert_true(size <= LOAD_CHUNK);
	assert_true(ipa.v >= RAM && ipa.v - RAM + size <= sizeof(memory));
	memcpy(memory + (ipa.v - RAM), src, size);
	return 0;
}

static int sink_zero(void *ctx, ipa_t ipa, uint64_t size)
{
	(void)ctx;
	assert_true(size <= LOAD_CHUNK);
	memset(memory + (ipa.v - RAM), 0, size);
	return 0;
}

static int sink_fail(void *ctx, ipa_t ipa, const void *src, uint64_t size)
{
	(void)ctx;
	(void)ipa;
	(void)src;
	(void)size;
	return -ENOMEM;
}

static void sink_pause(void *ctx)
{
	(void)ctx;
	pauses++;
}

static void plan_is_carried_out_in_pieces_and_bss_is_zeroed(void **state)
{
	static uint8_t raw[0x28000];
	struct load_file kernel = { "Image", raw, sizeof(raw) };
	struct load_sink sink = { sink_write, sink_zero, sink_pause, NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 31 + 1);
	memset(memory, 0xa5, sizeof(memory));
	cfg.kernel_type = IMAGE_RAW;
	assert_int_equal(loader_plan(&plan, &cfg, &kernel, &no_initrd), 0);
	plan.piece[0].room += 0x18000;
	pauses = 0;
	/* An Image clears its own. */
	assert_int_equal(loader_run(&plan, "linux", &sink), 0);
	assert_int_equal(pauses, 3);
	assert_int_equal(memory[2 * MIB + sizeof(raw)], 0xa5);
	pauses = 0;
	plan.piece[0].bss = true;
	assert_int_equal(loader_run(&plan, "linux", &sink), 0);
	assert_int_equal(pauses, 3 + 2);
	assert_memory_equal(memory + 2 * MIB, raw, sizeof(raw));
	for (size_t i = 0; i < 0x18000; i++)
		assert_int_equal(memory[2 * MIB + sizeof(raw) + i], 0);
	assert_int_equal(memory[2 * MIB + sizeof(raw) + 0x18000], 0xa5);
	/* The device tree's room is left alone. */
	assert_int_equal(memory[0], 0xa5);

	sink.write = sink_fail;
	assert_int_equal(loader_run(&plan, "linux", &sink), -ENOMEM);
	assert_non_null(strstr(plan.error, "linux"));
	assert_non_null(strstr(plan.error, "Image"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup(f, setup)
		TEST(image_lies_at_text_offset_and_its_bss_is_kept_free),
		TEST(image_without_anywhere_flag_lies_at_the_start_of_ram),
		TEST(old_image_without_size_gets_the_old_offset),
		TEST(image_header_with_impossible_sizes_is_refused),
		TEST(image_cut_short_is_refused_when_told_to_be_one),
		TEST(granule_is_read_from_the_flags),
		TEST(given_addresses_are_kept_or_refused),
		TEST(automatic_placing_goes_round_what_is_given),
		TEST(device_tree_takes_the_room_there_is_below_a_kernel),
		TEST(small_ram_still_holds_everything),
		TEST(entry_must_be_executable_memory),
		TEST(second_region_is_used_when_the_first_is_too_small),
		TEST(a_rom_below_ram_changes_nothing),
		TEST(compressed_kernels_are_named_not_run),
		TEST(elf_segments_go_to_their_physical_addresses),
		TEST(position_independent_elf_goes_where_there_is_room),
		TEST(load_address_does_not_wrap_into_low_ram),
		TEST(elf_fields_that_lie_are_refused),
		TEST(elf_of_another_kind_is_refused),
		TEST(random_headers_never_make_an_unsound_plan),
		TEST(plan_is_carried_out_in_pieces_and_bss_is_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
