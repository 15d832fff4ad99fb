/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/frames_impl.h"
#include "mm/plan.h"
#include "tests/host/mm_machine.h"

#define VM1 owner_vm(1)
#define VM2 owner_vm(2)

static uint64_t total_frames(void)
{
	uint64_t nr = 0;

	for (uint16_t o = OWNER_FREE; o < OWNER_NONE; o++)
		nr += frames_stats(o);
	for (uint32_t vm = 0; vm < FRAMES_MAX_VMS; vm++)
		nr += frames_stats(owner_vm(vm));
	return nr;
}

/* Bitmaps, entries and counts tell the same. */
static void check_table(void)
{
	uint64_t in_blocks = 0, by_entry = 0;

	for (unsigned int k = 0; k <= FRAMES_MAX_ORDER; k++)
		in_blocks += frames_free_blocks(k) << k;
	for (uint32_t z = 0; z < frames.nr_zones; z++)
		for (uint64_t i = 0; i < frames.zone[z].nr; i++)
			by_entry += frames_owner(PA((frames.zone[z].base + i) << 12)) ==
				    OWNER_FREE;
	assert_int_equal(in_blocks, by_entry);
	assert_int_equal(in_blocks, frames_stats(OWNER_FREE));
	machine_check();
}

static void every_frame_has_an_owner(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(total_frames(), 64 * MIB / 4096);
	assert_int_equal(frames_owner(PA(MACHINE_IMAGE)), OWNER_HYP);
	assert_int_equal(frames_owner(PA(MACHINE_IMAGE + MACHINE_IMAGE_SIZE)), OWNER_FREE);
	assert_int_equal(frames_owner(PA(MACHINE_RAM - 4096)), OWNER_NONE);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 64 * MIB)), OWNER_NONE);
	check_table();
}

static void overhead_of_a_gibibyte_is_small(void **state)
{
	(void)state;
	machine_up(GIB);
	assert_true(frames_stats(OWNER_HYP) * 4096 - MACHINE_IMAGE_SIZE < 640 * 1024);
}

static void banks_of_any_size_and_reserved_memory(void **state)
{
	struct mm_boot boot;
	struct board brd;

	(void)state;
	machine_describe(&brd, &boot, 64 * MIB + 12288);
	/* touches the first; unsorted; odd ends; one too small for a page */
	fake_ram_add(MACHINE_RAM + 64 * MIB + 12288, 5 * MIB);
	fake_ram_add(0x10000000000, 48 * MIB);
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(0x10000000123), 3 * MIB + 0x777 };
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(MACHINE_RAM + 64 * MIB + 12288), 5 * MIB };
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(0x10001000010), 0x1000 };
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(0x10002000000), 0 };
	fake_pa_bits = 48;
	brd.reserved[brd.nr_reserved++] =
		(struct board_range){ PA(MACHINE_RAM + 16 * MIB + 5), 4096 };
	/* reserved outside of RAM, and across its end */
	brd.reserved[brd.nr_reserved++] = (struct board_range){ PA(0x8000000), 0x1000 };
	brd.reserved[brd.nr_reserved++] = (struct board_range){ PA(MACHINE_RAM - 4096), 8192 };
	boot.keep[boot.nr_keep++] = (struct board_range){ PA(MACHINE_RAM + 8 * MIB + 9), 100 };
	machine_start(&boot);

	assert_int_equal(frames.nr_zones, 2);
	assert_int_equal(frames.zone[0].nr, 69 * 256 + 3);
	assert_int_equal(frames.zone[1].base, 0x10000001);
	assert_int_equal(frames.zone[1].nr, 768 - 1);
	assert_int_equal(frames_owner(PA(MACHINE_RAM)), OWNER_RESERVED);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 16 * MIB)), OWNER_RESERVED);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 16 * MIB + 4096)), OWNER_RESERVED);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 16 * MIB + 8192)), OWNER_FREE);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 8 * MIB)), OWNER_HYP);
	assert_int_equal(frames_owner(PA(MACHINE_RAM + 8 * MIB + 4096)), OWNER_FREE);
	assert_int_equal(frames_stats(OWNER_RESERVED), 3);
	assert_int_equal(total_frames(), frames.zone[0].nr + frames.zone[1].nr);
	check_table();
}

static void ram_beyond_the_pa_size_is_left_out(void **state)
{
	struct mm_boot boot;
	struct board brd;

	(void)state;
	machine_describe(&brd, &boot, 64 * MIB);
	fake_pa_bits = 36;
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(0xfffe00000), 8 * MIB };
	brd.mem[brd.nr_mem++] = (struct board_range){ PA(0x7fffffff000), 8 * MIB };
	fake_ram_add(0xfffe00000, 2 * MIB);
	machine_start(&boot);
	assert_int_equal(frames.nr_zones, 2);
	assert_int_equal(frames.zone[1].nr, 512);
	check_table();
}

static void a_board_without_room_is_refused(void **state)
{
	struct mm_boot boot;
	struct board brd;

	(void)state;
	machine_describe(&brd, &boot, 64 * MIB);
	brd.nr_mem = 0;
	assert_int_equal(mm_early_init(&boot), -EINVAL);
	machine_describe(&brd, &boot, 64 * MIB);
	brd.reserved[brd.nr_reserved++] = (struct board_range){ PA(MACHINE_RAM), 64 * MIB };
	assert_int_equal(mm_early_init(&boot), -ENOMEM);
	machine_describe(&brd, &boot, 64 * MIB);
	boot.arena_pages = MM_ARENA_PAGES_MIN - 1;
	assert_int_equal(mm_early_init(&boot), -EINVAL);
	machine_describe(&brd, &boot, 64 * MIB);
	boot.rodata.end.v += 8;
	assert_int_equal(mm_early_init(&boot), -EINVAL);
	machine_describe(&brd, &boot, 64 * MIB);
	boot.arena_pages = MM_ARENA_PAGES_MIN;
	machine_start(&boot);
	check_table();
}

static void blocks_are_aligned_and_all_of_them_come_back(void **state)
{
	pa_t pa[FRAMES_MAX_ORDER + 1];
	uint64_t free_before;
	unsigned int k;

	(void)state;
	machine_up(3 * GIB);
	fake_zero_skip = true;
	free_before = frames_stats(OWNER_FREE);
	for (k = 0; k <= FRAMES_MAX_ORDER; k++) {
		assert_int_equal(frames_alloc(VM1, k, &pa[k]), 0);
		assert_true(is_aligned(pa[k].v, order_size(k)));
		assert_int_equal(frames_owner(pa[k]), VM1);
		assert_int_equal(frames_owner(pa_add(pa[k], order_size(k) - 1)), VM1);
	}
	assert_int_equal(frames_stats(VM1), (2 << FRAMES_MAX_ORDER) - 1);
	for (k = 0; k <= FRAMES_MAX_ORDER; k++)
		assert_int_equal(frames_free(VM1, pa[k], k), 0);
	assert_int_equal(frames_stats(VM1), 0);
	assert_int_equal(frames_stats(OWNER_FREE), free_before);
	/* merged again: the largest block can be had */
	assert_int_equal(frames_alloc(VM1, FRAMES_MAX_ORDER, &pa[0]), 0);
	assert_int_equal(frames_alloc(VM1, FRAMES_MAX_ORDER, &pa[1]), 0);
	assert_int_equal(frames_alloc(VM1, FRAMES_MAX_ORDER, &pa[2]), -ENOMEM);
	check_table();
}

static void memory_can_be_used_to_the_last_frame(void **state)
{
	uint64_t nr = 0, free_before;
	pa_t pa, first = PA(0);

	(void)state;
	machine_up(17 * MIB + 4096);
	free_before = frames_stats(OWNER_FREE);
	while (frames_alloc(VM1, 0, &pa) == 0) {
		if (!nr++)
			first = pa;
	}
	assert_int_equal(nr, free_before);
	assert_int_equal(frames_stats(OWNER_FREE), 0);
	/* one back, one out: the same */
	assert_int_equal(frames_free(VM1, first, 0), 0);
	assert_int_equal(frames_alloc(VM2, 0, &pa), 0);
	assert_int_equal(pa.v, first.v);
	check_table();
}

static void freeing_needs_the_owner_once(void **state)
{
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(frames_alloc(VM1, 2, &pa), 0);
	assert_int_equal(frames_free(VM2, pa, 2), -EPERM);
	assert_int_equal(frames_release(VM1, pa, 20480), -EPERM); /* more than its own */
	assert_int_equal(frames_stats(VM1), 4);
	assert_int_equal(frames_free(VM1, pa_add(pa, 4096), 0), 0);
	assert_int_equal(frames_free(VM1, pa, 2), -EPERM);        /* one is gone */
	assert_int_equal(frames_stats(VM1), 3);
	assert_int_equal(frames_owner(pa), VM1);
	assert_int_equal(frames_free(VM1, pa, 0), 0);
	assert_int_equal(frames_free(VM1, pa, 0), -EPERM);        /* twice */
	assert_int_equal(frames_free(VM1, PA(MACHINE_IMAGE), 0), -EPERM);
	assert_int_equal(frames_free(VM1, PA(0x1000), 0), -EPERM);
	assert_int_equal(frames_free(OWNER_FREE, pa, 0), -EINVAL);
	check_table();
}

static void misaligned_frames_are_refused(void **state)
{
	pa_t pa, other;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(frames_alloc(VM1, 9, &pa), 0);
	assert_int_equal(frames_alloc(VM1, FRAMES_MAX_ORDER + 1, &other), -EINVAL);
	assert_int_equal(frames_alloc(OWNER_RESERVED, 0, &other), -EINVAL);
	assert_int_equal(frames_alloc(owner_vm(FRAMES_MAX_VMS), 0, &other), -EINVAL);
	assert_int_equal(frames_free(VM1, pa_add(pa, 4096), 1), -EINVAL);
	assert_int_equal(frames_free(VM1, pa_add(pa, 1), 0), -EINVAL);
	assert_int_equal(frames_free(VM1, pa, FRAMES_MAX_ORDER + 1), -EINVAL);
	assert_int_equal(frames_release(VM1, pa_add(pa, 8), 4096), -EINVAL);
	assert_int_equal(frames_release(VM1, pa, 4095), -EINVAL);
	assert_int_equal(frames_release(VM1, pa, 0), -EINVAL);
	assert_int_equal(frames_release(VM1, PA(0xfffffffffffff000), 8192), -EINVAL);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_RAM + 32 * MIB + 1), 4096), -EINVAL);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_RAM + 32 * MIB), 4097), -EINVAL);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_RAM), 0), -EINVAL);
	assert_int_equal(frames_device_claim(VM1, PA(0x9000001), 4096), -EINVAL);
	assert_int_equal(frames_device_claim(VM1, PA(0x9000000), 1), -EINVAL);
	assert_false(frames_may_map(VM1, pa_add(pa, 2), 4096, false));
	assert_false(frames_may_map(VM1, pa, 2, false));
	assert_int_equal(frames_stats(VM1), 512);
	check_table();
}

static void fill(pa_t pa, uint64_t size, int c)
{
	memset(fake_phys(pa.v), c, size);
}

static bool is_zero(pa_t pa, uint64_t size)
{
	const char *p = fake_phys(pa.v);

	for (uint64_t i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static void what_was_free_since_reset_is_zero_for_whom_it_must_be(void **state)
{
	pa_t pa;

	(void)state;
	for (int scrub = 0; scrub < 2; scrub++) {
		machine_up(64 * MIB);
		fill(PA(MACHINE_RAM + 32 * MIB), 16 * MIB, 0x55);
		frames_scrub_fresh(scrub);
		pa = PA(MACHINE_RAM + 32 * MIB);
		assert_int_equal(frames_claim(VM1, pa, 4 * MIB), 0);
		assert_int_equal(is_zero(pa, 4 * MIB), scrub);
		/* The hypervisor's always is; and what anybody had. */
		pa = PA(MACHINE_RAM + 40 * MIB);
		assert_int_equal(frames_claim(OWNER_HYP, pa, 4 * MIB), 0);
		assert_true(is_zero(pa, 4 * MIB));
		fill(pa, 4 * MIB, 0x66);
		assert_int_equal(frames_release(OWNER_HYP, pa, 4 * MIB), 0);
		assert_int_equal(frames_claim(VM2, pa, 4 * MIB), 0);
		assert_true(is_zero(pa, 4 * MIB));
		fill(PA(MACHINE_RAM + 16 * MIB), 16 * MIB, 0x55);
		fill(PA(MACHINE_RAM + 48 * MIB), 16 * MIB, 0x55);
		assert_int_equal(frames_alloc_ram(VM1, 12, &pa), 0);
		assert_true(pa.v >= MACHINE_RAM + 16 * MIB);
		assert_int_equal(is_zero(pa, 16 * MIB), scrub);
		assert_int_equal(frames_alloc(VM1, 10, &pa), 0);
		assert_true(is_zero(pa, 4 * MIB));
		assert_int_equal(frames_alloc_ram(VM1, FRAMES_MAX_ORDER + 1, &pa), -EINVAL);
	}
	check_table();
}

/* Rounded up for its place only: what is not asked for was never taken. */
static void any_number_of_pages_can_be_had(void **state)
{
	pa_t pa, next;

	(void)state;
	machine_up(64 * MIB);
	for (uint64_t nr = 1; nr < 40; nr++) {
		uint64_t zeroed = fake_counts.zeroed, free = frames_stats(OWNER_FREE);

		assert_int_equal(frames_alloc_pages(OWNER_HYP, nr, &pa), 0);
		assert_int_equal(free - frames_stats(OWNER_FREE), nr);
		assert_true(fake_counts.zeroed - zeroed <= nr * PAGE_SIZE);
		assert_int_equal(frames_owner(pa_add(pa, (nr - 1) * PAGE_SIZE)), OWNER_HYP);
		assert_int_equal(frames_owner(pa_add(pa, nr * PAGE_SIZE)), OWNER_FREE);
		check_table();
		assert_int_equal(frames_release(OWNER_HYP, pa, nr * PAGE_SIZE), 0);
		assert_int_equal(frames_stats(OWNER_FREE), free);
	}
	assert_int_equal(frames_alloc_pages(OWNER_HYP, 0, &next), -EINVAL);
	assert_int_equal(frames_alloc_pages(OWNER_HYP, (1u << FRAMES_MAX_ORDER) + 1, &next),
			 -EINVAL);
	assert_int_equal(frames_alloc_pages(OWNER_FREE, 1, &next), -EINVAL);
}

static void the_next_owner_sees_zeroes(void **state)
{
	pa_t pa, again;

	(void)state;
	machine_up(64 * MIB);
	frames_scrub_fresh(true);
	/* what was in RAM at reset */
	fill(PA(MACHINE_RAM + 32 * MIB), 4 * MIB, 0x55);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_RAM + 32 * MIB), 4 * MIB), 0);
	assert_true(is_zero(PA(MACHINE_RAM + 32 * MIB), 4 * MIB));
	assert_int_equal(frames_release(VM1, PA(MACHINE_RAM + 32 * MIB), 4 * MIB), 0);

	for (unsigned int order = 0; order <= 10; order++) {
		uint64_t cleaned = fake_counts.cleaned;

		assert_int_equal(frames_alloc(VM1, order, &pa), 0);
		assert_true(is_zero(pa, order_size(order)));
		fill(pa, order_size(order), 0xaa);
		cleaned = fake_counts.cleaned;
		assert_int_equal(frames_free(VM1, pa, order), 0);
		assert_int_equal(fake_counts.cleaned - cleaned, order_size(order));
		assert_int_equal(frames_alloc(VM2, order, &again), 0);
		assert_int_equal(again.v, pa.v);
		assert_true(is_zero(again, order_size(order)));
		/* it was scrubbed once, when freed */
		assert_int_equal(fake_counts.cleaned - cleaned, order_size(order));
		assert_int_equal(frames_free(VM2, again, order), 0);
	}
	check_table();
}

static void claims_take_free_or_reserved_memory_only(void **state)
{
	struct mm_boot boot;
	struct board brd;
	pa_t res = PA(MACHINE_RAM + 16 * MIB), ram = PA(MACHINE_RAM + 24 * MIB);

	(void)state;
	machine_describe(&brd, &boot, 64 * MIB);
	brd.reserved[brd.nr_reserved++] = (struct board_range){ res, 2 * MIB };
	machine_start(&boot);
	fill(res, 2 * MIB, 0x77);

	assert_int_equal(frames_claim(VM1, PA(MACHINE_IMAGE), 4096), -EBUSY);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_IMAGE - 4096), 8192), -EBUSY);
	assert_int_equal(frames_claim(VM1, pa_add(res, MIB), 2 * MIB), -EBUSY);   /* mixed */
	assert_int_equal(frames_claim(VM1, pa_add(res, -MIB), 2 * MIB), -EBUSY);
	assert_int_equal(frames_claim(VM1, PA(MACHINE_RAM + 63 * MIB), 2 * MIB), -ENOENT);
	assert_int_equal(frames_claim(VM1, PA(0x1000), 4096), -ENOENT);
	assert_int_equal(frames_stats(VM1), 0);
	check_table();

	/* what firmware left there is for the hypervisor, not for a VM */
	assert_int_equal(frames_claim(OWNER_HYP, res, 4096), 0);
	assert_int_equal(*(char *)fake_phys(res.v), 0x77);
	assert_int_equal(frames_release(OWNER_HYP, res, 4096), 0);
	fill(res, 2 * MIB, 0x77);
	assert_int_equal(frames_claim(VM1, res, MIB), 0);
	assert_true(is_zero(res, MIB));
	assert_int_equal(*(char *)fake_phys(res.v + MIB), 0x77);
	assert_int_equal(frames_owner(res), VM1);
	assert_true(frames_may_map(VM1, res, MIB, false));
	assert_int_equal(frames_claim(VM2, res, MIB), -EBUSY);
	assert_int_equal(frames_claim(VM2, res, 2 * MIB), -EBUSY);
	assert_int_equal(frames_claim(VM1, pa_add(ram, 4096), 3 * MIB + 4096), 0);
	assert_int_equal(frames_claim(VM2, ram, 8192), -EBUSY);
	assert_int_equal(frames_claim(VM2, ram, 4096), 0);
	check_table();

	assert_int_equal(frames_release(VM1, res, MIB), 0);
	assert_int_equal(frames_owner(res), OWNER_RESERVED);
	assert_true(is_zero(res, MIB));
	assert_int_equal(frames_release(VM1, pa_add(ram, 4096), 3 * MIB + 4096), 0);
	assert_int_equal(frames_release(VM2, ram, 4096), 0);
	assert_int_equal(frames_stats(OWNER_RESERVED), 512);
	check_table();
}

static void shared_frames_live_as_long_as_a_reference(void **state)
{
	uint32_t grant, other;
	uint64_t size;
	pa_t pa, at;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(frames_alloc(VM1, 3, &pa), 0);
	assert_int_equal(frames_share(VM2, pa, 32768, "ring", &grant), -EPERM);
	assert_int_equal(frames_share(VM1, pa, 32768, "", &grant), -EINVAL);
	assert_int_equal(frames_share(VM1, pa, 32767, "ring", &grant), -EINVAL);
	assert_int_equal(frames_share(VM1, pa_add(pa, 1), 4096, "ring", &grant), -EINVAL);
	assert_int_equal(frames_share(VM1, pa, 65536, "ring", &grant), -EPERM);
	assert_int_equal(frames_stats(VM1), 8);
	assert_int_equal(frames_share(VM1, pa, 16384, "ring", &grant), 0);
	assert_int_equal(frames_share(VM1, pa_add(pa, 16384), 4096, "ring", &other), -EEXIST);
	assert_int_equal(frames_share(VM1, pa, 16384, "again", &other), -EPERM);
	assert_int_equal(frames_owner(pa), OWNER_SHARED);
	assert_int_equal(frames_stats(OWNER_SHARED), 4);
	assert_true(frames_may_map(VM1, pa, 32768, false));       /* shared and own */
	assert_false(frames_may_map(VM2, pa, 4096, false));

	assert_int_equal(frames_share_lookup("rin", &other), -ENOENT);
	assert_int_equal(frames_share_lookup("ring", &other), 0);
	assert_int_equal(other, grant);
	assert_int_equal(frames_share_range(grant, &at, &size), 0);
	assert_int_equal(at.v, pa.v);
	assert_int_equal(size, 16384);
	assert_int_equal(frames_share_get(grant, VM2), 0);
	assert_int_equal(frames_share_get(grant, VM2), 0);
	assert_int_equal(frames_share_get(99, VM2), -ENOENT);
	assert_int_equal(frames_share_get(grant, OWNER_FREE), -ENOENT);
	assert_true(frames_may_map(VM2, pa, 16384, false));
	assert_false(frames_may_map(VM2, pa, 20480, false));      /* one page not shared */

	/* what is shared cannot be freed behind the others' back */
	assert_int_equal(frames_free(VM1, pa, 0), -EPERM);
	assert_int_equal(frames_unshare(grant, VM1), 0);
	assert_int_equal(frames_unshare(grant, VM1), -EPERM);
	assert_false(frames_may_map(VM1, pa, 4096, false));
	fill(pa, 16384, 0x33);
	assert_int_equal(frames_unshare(grant, VM2), 0);
	assert_int_equal(frames_owner(pa), OWNER_SHARED);
	assert_int_equal(frames_unshare(grant, VM2), 0);          /* the last */
	assert_int_equal(frames_owner(pa), OWNER_FREE);
	assert_true(is_zero(pa, 16384));
	assert_int_equal(frames_unshare(grant, VM2), -ENOENT);
	assert_int_equal(frames_unshare(1000, VM2), -ENOENT);
	assert_int_equal(frames_stats(OWNER_SHARED), 0);
	assert_int_equal(frames_share_lookup("ring", &other), -ENOENT);
	check_table();
}

static void grants_are_limited_not_lost(void **state)
{
	char name[4] = "a00";
	uint32_t grant;
	pa_t pa;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(frames_alloc(VM1, 8, &pa), 0);
	for (unsigned int i = 0; i < FRAMES_MAX_GRANTS; i++) {
		name[1] = (char)('0' + i / 10);
		name[2] = (char)('0' + i % 10);
		assert_int_equal(frames_share(VM1, pa_add(pa, i * 4096), 4096, name, &grant), 0);
	}
	assert_int_equal(frames_share(VM1, pa_add(pa, 0xf0000), 4096, "more", &grant), -ENOSPC);
	assert_int_equal(frames_owner(pa_add(pa, 0xf0000)), VM1);
	for (unsigned int i = 2; i <= FRAMES_MAX_MEMBERS; i++)
		assert_int_equal(frames_share_get(5, owner_vm(i)), 0);
	assert_int_equal(frames_share_get(5, owner_vm(200)), -ENOSPC);
	check_table();
}

static void device_ranges_have_one_owner(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(frames_device_claim(VM1, PA(MACHINE_RAM), 4096), -EINVAL);
	assert_int_equal(frames_device_claim(VM1, PA(MACHINE_RAM - 4096), 8192), -EINVAL);
	assert_int_equal(frames_device_claim(VM1, PA(0x9000000), 0x2000), 0);
	assert_int_equal(frames_device_claim(VM1, PA(0x9000000), 0x2000), 0);
	assert_int_equal(frames_device_claim(VM2, PA(0x9000000), 0x2000), -EBUSY);
	assert_int_equal(frames_device_claim(VM2, PA(0x9001000), 0x1000), -EBUSY);
	assert_true(frames_may_map(VM1, PA(0x9001000), 0x1000, true));
	assert_false(frames_may_map(VM1, PA(0x9001000), 0x2000, true));
	assert_false(frames_may_map(VM2, PA(0x9001000), 0x1000, true));
	assert_false(frames_may_map(VM1, PA(0x9001000), 0x1000, false));
	assert_int_equal(frames_device_release(VM2, PA(0x9000000), 0x2000), -ENOENT);
	assert_int_equal(frames_device_release(VM1, PA(0x9000000), 0x1000), -ENOENT);
	assert_int_equal(frames_device_release(VM1, PA(0x9000000), 0x2000), 0);
	assert_int_equal(frames_device_claim(VM2, PA(0x9001000), 0x1000), 0);
	for (unsigned int i = 0; i < FRAMES_MAX_DEVICES - 1; i++)
		assert_int_equal(frames_device_claim(VM2, PA(0x1000 * i), 0x1000), 0);
	assert_int_equal(frames_device_claim(VM2, PA(0x8000000), 0x1000), -ENOSPC);
}

/* Every sequence of allocations and frees of a tiny zone against a plain model. */
static void small_zones_exhaustively(void **state)
{
	(void)state;
	for (uint64_t base = 0; base < 8; base++) {
		for (uint64_t nr = 1; nr <= 16; nr++) {
			uint64_t map[64] = { 0 };
			struct zone z = { .base = base, .nr = nr };
			uint64_t frame, n, taken = 0;

			for (unsigned int k = 0; k <= FRAMES_MAX_ORDER; k++)
				bittree_init(&z.free[k], ((base + nr - 1) >> k) - (base >> k) + 1,
					     &map[k]);
			frames.zone = &z;
			frames.nr_zones = 1;
			buddy_put(&z, base, nr);
			/* all by the largest first, in aligned blocks inside the zone */
			for (unsigned int k = FRAMES_MAX_ORDER + 1; k-- > 0;) {
				while (buddy_take(k, &frame)) {
					assert_true(frame >= base);
					assert_true(frame + (1u << k) <= base + nr);
					assert_int_equal(frame & ((1u << k) - 1), 0);
					for (uint64_t i = frame; i < frame + (1u << k); i++) {
						assert_false(taken & BIT(i));
						taken |= BIT(i);
					}
				}
			}
			assert_int_equal(taken, ((UINT64_C(1) << nr) - 1) << base);
			/* back frame by frame, odd ones first: it merges to the same */
			for (uint64_t i = 1; i < nr; i += 2)
				buddy_put(&z, base + i, 1);
			for (uint64_t i = 0; i < nr; i += 2)
				buddy_put(&z, base + i, 1);
			for (uint64_t at = base; at < base + nr; at += n) {
				unsigned int order = buddy_order(at, base + nr - at), got;

				n = UINT64_C(1) << order;
				assert_true(at + n <= base + nr);
				assert_true(buddy_take_at(&z, at, base + nr - at, &got));
				assert_int_equal(got, order);
				assert_false(buddy_take_at(&z, at, 1, &got));
			}
		}
	}
}

static void the_lowest_bit_is_found_in_any_tree(void **state)
{
	static uint64_t mem[600];

	(void)state;
	for (uint64_t nr = 1; nr < 9000; nr = nr * 3 / 2 + 1) {
		struct bittree t;

		assert_true(bittree_size(nr) <= sizeof(mem));
		memset(mem, 0, sizeof(mem));
		bittree_init(&t, nr, mem);
		for (uint64_t i = nr; i-- > 0;) {
			assert_false(bittree_test(&t, i));
			bittree_set(&t, i);
			assert_int_equal(bittree_first(&t), i);
		}
		for (uint64_t i = 0; i < nr; i++) {
			assert_true(bittree_test(&t, i));
			assert_int_equal(bittree_first(&t), i);
			bittree_clear(&t, i);
		}
		assert_int_equal(t.nr_set, 0);
		assert_false(bittree_test(&t, nr));
		assert_false(bittree_test(&t, ~UINT64_C(0)));
		for (unsigned int i = 0; i < ARRAY_SIZE(mem); i++)
			assert_int_equal(mem[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_has_an_owner),
		cmocka_unit_test(overhead_of_a_gibibyte_is_small),
		cmocka_unit_test(banks_of_any_size_and_reserved_memory),
		cmocka_unit_test(ram_beyond_the_pa_size_is_left_out),
		cmocka_unit_test(a_board_without_room_is_refused),
		cmocka_unit_test(blocks_are_aligned_and_all_of_them_come_back),
		cmocka_unit_test(memory_can_be_used_to_the_last_frame),
		cmocka_unit_test(freeing_needs_the_owner_once),
		cmocka_unit_test(misaligned_frames_are_refused),
		cmocka_unit_test(the_next_owner_sees_zeroes),
		cmocka_unit_test(what_was_free_since_reset_is_zero_for_whom_it_must_be),
		cmocka_unit_test(any_number_of_pages_can_be_had),
		cmocka_unit_test(claims_take_free_or_reserved_memory_only),
		cmocka_unit_test(shared_frames_live_as_long_as_a_reference),
		cmocka_unit_test(grants_are_limited_not_lost),
		cmocka_unit_test(device_ranges_have_one_owner),
		cmocka_unit_test(small_zones_exhaustively),
		cmocka_unit_test(the_lowest_bit_is_found_in_any_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
