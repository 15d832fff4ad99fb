/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include "core/lib/bits.h"
#include "mm/el2_map.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "mm/window.h"
#include "tests/host/fake/cpu.h"
#include "tests/host/fake/panic.h"
#include "tests/host/mm_machine.h"

static bool mapped(uint64_t va)
{
	struct fake_xlat x;

	return fake_el2_walk(va, &x);
}

static uint64_t desc_of(uint64_t va)
{
	struct fake_xlat x;

	assert_true(fake_el2_walk(va, &x));
	return x.desc;
}

static void the_image_is_mapped_by_section(void **state)
{
	struct fake_xlat x;
	va_t where;

	(void)state;
	machine_up(64 * MIB);
	for (uint64_t off = 0; off < MACHINE_IMAGE_SIZE; off += 4096) {
		assert_true(fake_el2_walk(HYP_IMAGE_VA + off, &x));
		assert_int_equal(x.pa, MACHINE_IMAGE + off);
		assert_int_equal(!!(x.desc & PTE_XN), off >= 0x20000);
		assert_int_equal(!!(x.desc & PTE_RO), off < 0x28000);
		assert_int_equal(x.desc & PTE_ATTR_INDX, 0);
		assert_true(x.desc & PTE_AP_RES1);
	}
	assert_false(mapped(HYP_IMAGE_VA + MACHINE_IMAGE_SIZE));
	/* no identity map is left, nor other RAM */
	assert_false(mapped(MACHINE_IMAGE));
	assert_false(mapped(0));
	assert_false(mapped(PHYSMAP_VA + MACHINE_RAM + 32 * MIB));
	assert_int_equal(el2_map_check_wx(&where), 0);
	machine_check();
}

static void writable_and_executable_is_found(void **state)
{
	va_t where = VA(0);

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(el2_map_range(VA(HYP_BLOB_VA + 0x5000), PA(MACHINE_IMAGE), 4096,
				       EL2_RX & ~PTE_RO), 0);
	assert_int_equal(el2_map_check_wx(&where), -EPERM);
	assert_int_equal(where.v, HYP_BLOB_VA + 0x5000);
}

static void devices_are_mapped_whole_pages_never_executable(void **state)
{
	struct fake_xlat x;
	va_t va, gic;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(el2_map_io(PA(0x9000018), 8, &va), 0);
	assert_true(fake_el2_walk(va.v, &x));
	assert_int_equal(x.pa, 0x9000018);
	assert_true(x.desc & PTE_XN);
	assert_int_equal(x.desc & PTE_ATTR_INDX, PTE_ATTR_DEVICE & PTE_ATTR_INDX);
	assert_int_equal(el2_map_io(PA(0x8000000), 16 * MIB, &gic), 0);
	assert_true(fake_el2_walk(gic.v + 16 * MIB - 1, &x));
	assert_int_equal(x.pa, 0x8000000 + 16 * MIB - 1);
	assert_false(mapped(gic.v + 16 * MIB));
	/* nobody else can have them, and RAM is no device */
	assert_int_equal(frames_device_claim(owner_vm(1), PA(0x9000000), 4096), -EBUSY);
	assert_int_equal(frames_device_claim(owner_vm(1), PA(0xa000000), 4096), 0);
	assert_int_equal(el2_map_io(PA(0xa000000), 4096, &va), -EBUSY);
	assert_int_equal(el2_map_io(PA(MACHINE_RAM), 4096, &va), -EINVAL);
	assert_int_equal(el2_map_io(PA(0x9000000), 0, &va), -EINVAL);
	assert_int_equal(el2_map_io(PA(0xfffffffffffff000), 8192, &va), -EINVAL);
	assert_int_equal(el2_map_io(PA(0x10000000), 0x10001000, &va), -EINVAL);
	machine_check();
}

static void blobs_are_read_only_and_the_hypervisors(void **state)
{
	struct mm_boot boot;
	struct board brd;
	uint64_t pa = MACHINE_RAM + 16 * MIB + 0x123;
	struct fake_xlat x;
	va_t va, early;

	(void)state;
	machine_describe(&brd, &boot, 64 * MIB);
	boot.keep[boot.nr_keep++] = (struct board_range){ PA(pa), 9 * MIB };
	memcpy(fake_phys(pa), "blob", 4);
	assert_int_equal(mm_early_init(&boot), 0);
	/* before the switch, as the boot code does, and after */
	assert_int_equal(el2_map_blob(PA(pa), 100, &early), 0);
	fake_el2_root_set(el2_map_root(0).v);
	assert_int_equal(mm_late_init(), 0);
	assert_memory_equal(arch_va_to_ptr(early), "blob", 4);
	assert_int_equal(el2_map_blob(PA(pa), 9 * MIB, &va), 0);
	assert_int_equal(va.v & (2 * MIB - 1), pa & (2 * MIB - 1));
	assert_memory_equal(arch_va_to_ptr(va), "blob", 4);
	assert_true(fake_el2_walk(va.v + 4 * MIB, &x));
	assert_int_equal(x.pa, pa + 4 * MIB);
	assert_int_equal(x.size, 2 * MIB);
	assert_true((x.desc & PTE_RO) && (x.desc & PTE_XN));
	assert_int_equal(el2_map_blob(PA(pa + 9 * MIB + 4096), 4096, &va), -EPERM);
	assert_int_equal(el2_map_blob(PA(pa), 0, &va), -EINVAL);
	assert_int_equal(el2_map_blob(PA(~UINT64_C(0)), 2, &va), -EINVAL);
	machine_check();
}

static void stacks_have_guards_on_both_sides(void **state)
{
	va_t a, b, c;
	uint64_t hyp;

	(void)state;
	machine_up(64 * MIB);
	hyp = frames_stats(OWNER_HYP);
	assert_int_equal(el2_stack_alloc(STACK_SIZE, &a), 0);
	assert_int_equal(el2_stack_alloc(STACK_SIZE, &b), 0);
	assert_int_equal(el2_stack_alloc(4096, &c), 0);
	for (uint64_t off = 0; off < STACK_SIZE; off += 4096) {
		assert_true(mapped(a.v + off) && mapped(b.v + off));
		assert_true(desc_of(a.v + off) & PTE_XN);
	}
	assert_false(mapped(a.v - 8) || mapped(a.v + STACK_SIZE));
	assert_false(mapped(b.v - 8) || mapped(b.v + STACK_SIZE));
	assert_false(mapped(c.v - 8) || mapped(c.v + 4096));
	/* a freed one is gone from the TLBs, its addresses are used again */
	el2_stack_free(b, STACK_SIZE);
	assert_false(mapped(b.v));
	assert_int_equal(el2_stack_alloc(STACK_SIZE, &b), 0);
	assert_true(mapped(b.v));
	assert_int_equal(*(uint64_t *)arch_va_to_ptr(b), 0);
	el2_stack_free(a, STACK_SIZE);
	el2_stack_free(b, STACK_SIZE);
	el2_stack_free(c, 4096);
	assert_true(frames_stats(OWNER_HYP) <= hyp + 2);          /* tables in reserve */
	assert_int_equal(el2_stack_alloc(0, &a), -EINVAL);
	assert_int_equal(el2_stack_alloc(100, &a), -EINVAL);
	assert_int_equal(el2_stack_alloc(2 * MIB, &a), -EINVAL);
	machine_check();
}

static void stacks_end_with_an_error_not_a_leak(void **state)
{
	uint64_t before;
	unsigned int nr = 0;
	va_t base[4096];

	(void)state;
	machine_up(12 * MIB);
	while (el2_stack_alloc(STACK_SIZE, &base[nr]) == 0)
		nr++;
	assert_true(nr > 100);
	before = frames_stats(OWNER_FREE);
	assert_int_equal(el2_stack_alloc(STACK_SIZE, &base[nr]), -ENOMEM);
	assert_int_equal(frames_stats(OWNER_FREE), before);
	while (nr--)
		el2_stack_free(base[nr], STACK_SIZE);
	machine_check();
}

static void heap_pages_are_mapped_only_while_allocated(void **state)
{
	uint64_t before, va;
	void *p;

	(void)state;
	machine_up(64 * MIB);
	before = frames_stats(OWNER_FREE);
	for (unsigned int nr = 1; nr <= HYP_ALLOC_MAX_PAGES; nr = nr * 3 / 2 + 1) {
		pa_t pa;

		assert_int_equal(hyp_alloc_pages(nr, &p), 0);
		pa = hyp_pa(p);
		assert_ptr_equal(hyp_va(pa), p);
		for (uint64_t i = 0; i < nr * 4096; i += 509)
			assert_int_equal(((char *)p)[i], 0);
		va = arch_ptr_to_va(p).v;
		assert_int_equal(va, PHYSMAP_VA + pa.v);
		assert_true(mapped(va) && mapped(va + nr * 4096 - 1));
		assert_true(desc_of(va) & PTE_XN);
		assert_int_equal(hyp_pool_pages(), nr);
		memset(p, 0x5a, nr * 4096);
		hyp_free_pages(p, nr);
		assert_false(mapped(va));
		assert_false(mapped(va + (nr - 1) * 4096));
	}
	assert_int_equal(hyp_alloc_pages(0, &p), -EINVAL);
	assert_int_equal(hyp_alloc_pages(HYP_ALLOC_MAX_PAGES + 1, &p), -EINVAL);
	hyp_free_pages(NULL, 1);
	assert_true(before - frames_stats(OWNER_FREE) <= 32);
	machine_check();
}

static void page_blocks_are_aligned_to_their_power_of_two(void **state)
{
	void *p, *small;

	(void)state;
	machine_up(64 * MIB);
	for (unsigned int nr = 1; nr <= 64; nr++) {
		unsigned int round = 1;

		while (round < nr)
			round *= 2;
		assert_int_equal(hyp_alloc_pages(1, &small), 0);
		assert_int_equal(hyp_alloc_pages(nr, &p), 0);
		assert_true(is_aligned(hyp_pa(p).v, round * 4096));
	}
	assert_int_equal(hyp_pool_pages(), 64 + 64 * 65 / 2);
	machine_check();
}

static void the_heap_ends_with_an_error_and_recovers(void **state)
{
	static void *p[8192];
	unsigned int nr = 0;
	uint64_t before;

	(void)state;
	machine_up(16 * MIB);
	before = frames_stats(OWNER_FREE);
	while (hyp_alloc_pages(1, &p[nr]) == 0)
		nr++;
	assert_true(nr > 3000 && frames_stats(OWNER_FREE) == 0);
	assert_null(hyp_zalloc(100));
	while (nr--)
		hyp_free_pages(p[nr], 1);
	assert_true(before - frames_stats(OWNER_FREE) <= 32);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
}

/*
 * Pages come from all over the memory, as VMs let go of theirs in between, so that each needs
 * tables of its own, and these lie elsewhere again. What is kept in the end is the reserve of 32
 * and the tables that map it.
 */
static void tables_of_scattered_pages_come_back(void **state)
{
	enum { PAGES = 200, BLOCKS = 65536 };
	static void *page[PAGES];
	static pa_t block[BLOCKS];
	uint64_t chance = 1;
	unsigned int nr = 0;
	uint64_t before;

	(void)state;
	machine_up(256 * MIB);
	before = frames_stats(OWNER_FREE);
	while (nr < BLOCKS && !frames_alloc(owner_vm(1), 0, &block[nr]))
		nr++;
	for (unsigned int step = 0; step < 20000; step++) {
		void **p = &page[(chance >> 32) % PAGES];
		pa_t *b = &block[(chance >> 16) % nr];

		chance = chance * 6364136223846793005 + 1442695040888963407;
		/* The VM takes what is free, and lets go of a few, anywhere. */
		if (step % 4 == 0) {
			frames_free(owner_vm(1), *b, 0);
			*b = block[--nr];
		} else if (step % 4 == 1) {
			while (frames_stats(OWNER_FREE) > 16 &&
			       !frames_alloc(owner_vm(1), 0, &block[nr]))
				nr++;
		} else if (*p) {
			hyp_free_pages(*p, 1);
			*p = NULL;
		} else {
			(void)hyp_alloc_pages(1, p);
		}
	}
	while (nr--)
		frames_free(owner_vm(1), block[nr], 0);
	for (unsigned int i = 0; i < PAGES; i++)
		hyp_free_pages(page[i], 1);
	assert_true(before - frames_stats(OWNER_FREE) <= 64);
	machine_check();
}

static void objects_of_every_size(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	for (size_t size = 1; size < 20000; size = size * 5 / 4 + 1) {
		char *p[100];

		for (unsigned int i = 0; i < 100; i++) {
			p[i] = hyp_zalloc(size);
			assert_non_null(p[i]);
			assert_int_equal((uintptr_t)p[i] % 64, 0);
			for (size_t k = 0; k < size; k++)
				assert_int_equal(p[i][k], 0);
			memset(p[i], (int)i + 1, size);
		}
		for (unsigned int i = 0; i < 100; i++) {
			assert_int_equal(p[i][0], i + 1);
			assert_int_equal(p[i][size - 1], i + 1);
			hyp_free(p[i]);
		}
		assert_int_equal(hyp_pool_pages(), 0);
	}
	assert_null(hyp_zalloc(0));
	assert_null(hyp_zalloc(HYP_ALLOC_MAX_PAGES * 4096));
	assert_null(hyp_zalloc(~(size_t)0));
	hyp_free(NULL);
	machine_check();
}

static void freeing_an_object_twice_panics(void **state)
{
	char *p, *q;

	(void)state;
	machine_up(64 * MIB);
	p = hyp_zalloc(100);
	q = hyp_zalloc(100);
	assert_non_null(q);
	hyp_free(p);
	assert_true(FAKE_PANICS(hyp_free(p)));
	machine_up(64 * MIB);
	p = hyp_zalloc(100);
	q = hyp_zalloc(100);
	assert_true(FAKE_PANICS(hyp_free(p + 64)));
	assert_true(FAKE_PANICS(hyp_pa((void *)(uintptr_t)0x1000)));
}

static void windows_come_and_go_without_a_broadcast(void **state)
{
	pa_t a = PA(MACHINE_RAM + 20 * MIB), b = PA(MACHINE_RAM + 30 * MIB);
	unsigned int broadcasts;
	struct window w, v;
	char *p, *q;

	(void)state;
	machine_up(64 * MIB);
	*(char *)fake_phys(a.v) = 'a';
	*(char *)fake_phys(b.v) = 'b';
	broadcasts = fake_counts.tlbi_el2_va + fake_counts.tlbi_el2_all;
	for (unsigned int i = 0; i < 4; i++) {
		p = window_open(&w, 0, i % 2 ? a : b);
		assert_true(fake_irqs_masked());
		q = window_open(&v, 1, i % 2 ? b : a);
		/* a stale translation would show the frame of the round before */
		assert_int_equal(*p, i % 2 ? 'a' : 'b');
		assert_int_equal(*q, i % 2 ? 'b' : 'a');
		assert_true(desc_of(WINDOW_PAGE_VA(0)) & PTE_XN);
		window_close(&v);
		assert_true(fake_irqs_masked());
		window_close(&w);
		assert_false(fake_irqs_masked());
		assert_false(mapped(WINDOW_PAGE_VA(0)) || mapped(WINDOW_PAGE_VA(1)));
	}
	p = window_open_block(&w, PA(MACHINE_RAM + 20 * MIB));
	assert_int_equal(p[0], 'a');
	window_close(&w);
	assert_false(mapped(WINDOW_BLOCK_VA));
	assert_int_equal(fake_counts.tlbi_el2_va + fake_counts.tlbi_el2_all, broadcasts);
	machine_check();
}

static void windows_refuse_what_is_not_aligned(void **state)
{
	struct window w;

	(void)state;
	machine_up(64 * MIB);
	assert_true(FAKE_PANICS(window_open(&w, 0, PA(MACHINE_RAM + 8))));
	assert_true(FAKE_PANICS(window_open(&w, WINDOW_SLOTS, PA(MACHINE_RAM))));
	assert_true(FAKE_PANICS(window_open_block(&w, PA(MACHINE_RAM + 4096))));
}

static void each_pcpu_has_windows_of_its_own(void **state)
{
	struct fake_xlat x;
	struct window w;
	pa_t root;

	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(el2_map_cpu_init(0), -EINVAL);
	assert_int_equal(el2_map_cpu_init(MAX_PCPUS), -EINVAL);
	assert_int_equal(el2_map_root(3).v, 0);
	assert_int_equal(el2_map_root(MAX_PCPUS).v, 0);
	machine_enter_cpu(3);
	assert_int_equal(el2_map_cpu_init(3), -EINVAL);
	root = el2_map_root(3);
	assert_int_not_equal(root.v, el2_map_root(0).v);
	window_open(&w, 0, PA(MACHINE_RAM + 20 * MIB));
	assert_true(fake_el2_walk(WINDOW_PAGE_VA(0), &x));
	fake_el2_root_set(el2_map_root(0).v);
	assert_false(fake_el2_walk(WINDOW_PAGE_VA(0), &x));
	assert_true(mapped(HYP_IMAGE_VA));
	fake_el2_root_set(root.v);
	window_close(&w);
	/* what is mapped later is seen by all */
	assert_non_null(hyp_zalloc(8));
	machine_enter_cpu(0);
	machine_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_is_mapped_by_section),
		cmocka_unit_test(writable_and_executable_is_found),
		cmocka_unit_test(devices_are_mapped_whole_pages_never_executable),
		cmocka_unit_test(blobs_are_read_only_and_the_hypervisors),
		cmocka_unit_test(stacks_have_guards_on_both_sides),
		cmocka_unit_test(stacks_end_with_an_error_not_a_leak),
		cmocka_unit_test(heap_pages_are_mapped_only_while_allocated),
		cmocka_unit_test(page_blocks_are_aligned_to_their_power_of_two),
		cmocka_unit_test(the_heap_ends_with_an_error_and_recovers),
		cmocka_unit_test(tables_of_scattered_pages_come_back),
		cmocka_unit_test(objects_of_every_size),
		cmocka_unit_test(freeing_an_object_twice_panics),
		cmocka_unit_test(windows_come_and_go_without_a_broadcast),
		cmocka_unit_test(windows_refuse_what_is_not_aligned),
		cmocka_unit_test(each_pcpu_has_windows_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
