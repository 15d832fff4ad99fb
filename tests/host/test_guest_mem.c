/* SPDX-License-Identifier: Apache-2.0 */
/* One suite for both back ends of guest memory, then copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/guest_copy.h"
#include "mm/guest_mem.h"
#include "mm/hyp_pool.h"
#include "mm/window.h"
#include "tests/host/mm_machine.h"

#define VM1 owner_vm(1)
#define VM2 owner_vm(2)
#define IPA_RAM GIB

static struct stage2 s2;
static uint64_t free_before;

/* The two back ends, as the suite sees them. */
struct backend {
	const char *name;
	int (*populate)(ipa_t ipa, uint64_t size, uint32_t attr);
	bool reserved;
};

static pa_t linear_pa(ipa_t ipa)
{
	return PA(ipa.v - IPA_RAM + MACHINE_RAM + 64 * MIB);
}

static int populate_linear(ipa_t ipa, uint64_t size, uint32_t attr)
{
	return guest_mem_populate_linear(&s2, ipa, linear_pa(ipa), size, attr);
}

static int populate_alloc(ipa_t ipa, uint64_t size, uint32_t attr)
{
	return guest_mem_populate_alloc(&s2, ipa, size, attr);
}

static struct backend backends[] = {
	{ "alloc", populate_alloc, false },
	{ "linear", populate_linear, false },
	{ "linear, reserved memory", populate_linear, true },
};

static void vm_up(bool reserved)
{
	static struct board brd;
	struct mm_boot boot;

	machine_describe(&brd, &boot, 192 * MIB);
	if (reserved)
		brd.reserved[brd.nr_reserved++] =
			(struct board_range){ PA(MACHINE_RAM + 64 * MIB), 64 * MIB };
	machine_start(&boot);
	if (reserved)        /* what firmware left there */
		memset(fake_phys(MACHINE_RAM + 64 * MIB), 0x5a, 8 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	free_before = frames_stats(OWNER_FREE);
}

static void vm_down(void)
{
	assert_int_equal(frames_stats(VM1), 0);
	stage2_fini(&s2);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
}

static bool mapped(uint64_t ipa, struct fake_xlat *x)
{
	return fake_s2_walk(s2.vttbr, s2.vtcr, ipa, x);
}

#define SUITE(name) static void name(void **state)
#define BACKEND ((const struct backend *)*state)

SUITE(all_of_a_range_is_there_and_zero)
{
	struct fake_xlat x;

	vm_up(BACKEND->reserved);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 7 * MIB + 4096, S2_RWX), 0);
	assert_int_equal(frames_stats(VM1), 7 * 256 + 1);
	for (uint64_t a = 0; a < 7 * MIB + 4096; a += 4096) {
		assert_true(mapped(IPA_RAM + a, &x));
		assert_int_equal(frames_owner(PA(x.pa)), VM1);
		assert_int_equal(*(uint64_t *)fake_phys(x.pa), 0);
	}
	assert_false(mapped(IPA_RAM - 1, &x) || mapped(IPA_RAM + 7 * MIB + 4096, &x));
	/* nothing at the start of the IPA space by accident */
	assert_false(mapped(0, &x));
	assert_true(mapped(IPA_RAM, &x));
	assert_int_equal(x.size, 2 * MIB);
	machine_check();
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 7 * MIB + 4096), 0);
	vm_down();
}

SUITE(what_is_released_goes_back_scrubbed)
{
	struct fake_xlat x;
	uint64_t reserved;
	pa_t pa;

	vm_up(BACKEND->reserved);
	reserved = frames_stats(OWNER_RESERVED);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 4 * MIB, S2_RWX), 0);
	assert_true(mapped(IPA_RAM + 3 * MIB, &x));
	pa = PA(x.pa);
	memset(fake_phys(pa.v), 0x99, 4096);
	/* a part, from within a block: the rest stays */
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM + 3 * MIB), 4096), 0);
	assert_false(mapped(IPA_RAM + 3 * MIB, &x));
	assert_true(mapped(IPA_RAM + 3 * MIB + 4096, &x));
	assert_int_equal(*(char *)fake_phys(pa.v), 0);
	assert_int_equal(frames_owner(pa), BACKEND->reserved ? OWNER_RESERVED : OWNER_FREE);
	assert_int_equal(frames_stats(VM1), 1023);
	/* holes and a range beyond it are fine */
	assert_int_equal(guest_mem_release(&s2, IPA(0), 4 * GIB), 0);
	assert_int_equal(frames_stats(OWNER_RESERVED), reserved);
	vm_down();
}

SUITE(arguments_must_be_aligned_and_in_range)
{
	static const uint64_t odd[] = { 1, 0x800, 0xfff, 0x1001 };
	const struct backend *b = BACKEND;

	vm_up(b->reserved);
	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
		assert_int_equal(b->populate(IPA(IPA_RAM + odd[i]), 4096, S2_RWX), -EINVAL);
		assert_int_equal(b->populate(IPA(IPA_RAM), odd[i], S2_RWX), -EINVAL);
		assert_int_equal(guest_mem_release(&s2, IPA(odd[i]), 4096), -EINVAL);
		assert_int_equal(guest_mem_release(&s2, IPA(0), odd[i]), -EINVAL);
		assert_int_equal(guest_mem_scrub(&s2, IPA(odd[i]), 4096), -EINVAL);
		assert_int_equal(guest_mem_scrub(&s2, IPA(0), odd[i]), -EINVAL);
		assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM),
			pa_add(linear_pa(IPA(IPA_RAM)), odd[i]), 4096, S2_RWX), -EINVAL);
		assert_int_equal(guest_mem_touch(&s2, IPA(odd[i]), 4096, IPA(4096), S2_RWX),
				 -EINVAL);
	}
	assert_int_equal(b->populate(IPA(IPA_RAM), 0, S2_RWX), -EINVAL);
	assert_int_equal(b->populate(IPA((UINT64_C(1) << 40) - 4096), 8192, S2_RWX), -EINVAL);
	assert_int_equal(b->populate(IPA(0xfffffffffffff000), 8192, S2_RWX), -EINVAL);
	assert_int_equal(b->populate(IPA(IPA_RAM), 4096, S2_R | S2_DEVICE), -EINVAL);
	assert_int_equal(b->populate(IPA(IPA_RAM), 4096, S2_W), -EINVAL);
	assert_int_equal(b->populate(IPA(IPA_RAM), 4096, 0x100 | S2_R), -EINVAL);
	vm_down();
}

SUITE(a_populated_range_is_not_populated_again)
{
	vm_up(BACKEND->reserved);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM + 2 * MIB), 4096, S2_RWX), 0);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 4 * MIB, S2_RWX), -EEXIST);
	assert_int_equal(frames_stats(VM1), 1);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 4 * MIB), 0);
	vm_down();
}

SUITE(too_much_leaves_nothing_behind)
{
	struct fake_xlat x;

	vm_up(BACKEND->reserved);
	assert_int_not_equal(BACKEND->populate(IPA(IPA_RAM), 256 * MIB, S2_RWX), 0);
	assert_int_equal(frames_stats(VM1), 0);
	assert_false(mapped(IPA_RAM, &x));
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 32 * MIB, S2_RWX), 0);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 32 * MIB), 0);
	vm_down();
}

SUITE(a_reset_scrubs_in_place)
{
	struct fake_xlat x, y;
	uint32_t grant;

	vm_up(BACKEND->reserved);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 6 * MIB, S2_RWX), 0);
	for (uint64_t a = 0; a < 6 * MIB; a += 4096) {
		assert_true(mapped(IPA_RAM + a, &x));
		memset(fake_phys(x.pa), 0x42, 4096);
	}
	/* shared memory is not this VM's to clear */
	assert_true(mapped(IPA_RAM + MIB, &y));
	assert_int_equal(frames_share(VM1, PA(y.pa), 8192, "ring", &grant), 0);
	assert_int_equal(guest_mem_scrub(&s2, IPA(0), 2 * GIB), 0);
	for (uint64_t a = 0; a < 6 * MIB; a += 4096) {
		bool shared = a == MIB || a == MIB + 4096;

		assert_true(mapped(IPA_RAM + a, &x));
		assert_int_equal(*(char *)fake_phys(x.pa), shared ? 0x42 : 0);
		assert_int_equal(*((char *)fake_phys(x.pa) + 4095), shared ? 0x42 : 0);
	}
	/* released: unmapped, but it lives on as long as the grant */
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 6 * MIB), 0);
	assert_false(mapped(IPA_RAM + MIB, &x));
	assert_int_equal(frames_owner(PA(y.pa)), OWNER_SHARED);
	assert_int_equal(frames_unshare(grant, VM1), 0);
	vm_down();
}

SUITE(permissions_are_those_asked_for)
{
	char byte = 1;

	vm_up(BACKEND->reserved);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 2 * MIB, S2_R | S2_X), 0);
	assert_int_equal(guest_copy_to(&s2, IPA(IPA_RAM), &byte, 1), -EFAULT);
	assert_int_equal(guest_zero(&s2, IPA(IPA_RAM), 1), -EFAULT);
	assert_int_equal(guest_load(&s2, IPA(IPA_RAM), &byte, 1), 0);
	byte = 0;
	assert_int_equal(guest_copy_from(&s2, &byte, IPA(IPA_RAM), 1), 0);
	assert_int_equal(byte, 1);
	assert_int_equal(guest_load_zero(&s2, IPA(IPA_RAM), 1), 0);
	assert_int_equal(guest_copy_from(&s2, &byte, IPA(IPA_RAM), 1), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 2 * MIB), 0);
	vm_down();
}

SUITE(copies_cross_pages_and_blocks)
{
	static unsigned char in[40000], out[40000];

	vm_up(BACKEND->reserved);
	assert_int_equal(BACKEND->populate(IPA(IPA_RAM), 4 * MIB + 8192, S2_RWX), 0);
	for (unsigned int i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + i / 256);
	for (uint64_t at = 2 * MIB - 20000; at < 2 * MIB; at += 1999) {
		size_t size = at % sizeof(in);

		assert_int_equal(guest_copy_to(&s2, IPA(IPA_RAM + at), in, size), 0);
		memset(out, 0xee, sizeof(out));
		assert_int_equal(guest_copy_from(&s2, out, IPA(IPA_RAM + at), size), 0);
		assert_memory_equal(in, out, size);
		assert_int_equal(size < sizeof(out) ? out[size] : 0xee, 0xee);
		assert_int_equal(guest_zero(&s2, IPA(IPA_RAM + at + 3), size / 2), 0);
		assert_int_equal(guest_copy_from(&s2, out, IPA(IPA_RAM + at), size), 0);
		assert_int_equal(out[2], in[2]);
		assert_int_equal(out[3], 0);
		assert_int_equal(out[3 + size / 2 - 1], 0);
		assert_int_equal(out[3 + size / 2], in[3 + size / 2]);
	}
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 8 * MIB), 0);
	vm_down();
}

/* ---- what only one back end has ---- */

static void memory_in_pieces_will_do(void **state)
{
	static pa_t pa[49152];
	struct fake_xlat x;
	unsigned int nr = 0;

	(void)state;
	vm_up(false);
	/* every second frame of all memory is another VM's */
	while (frames_alloc(VM2, 0, &pa[nr]) == 0)
		nr++;
	for (unsigned int i = 0; i < nr; i += 2)
		assert_int_equal(frames_free(VM2, pa[i], 0), 0);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 32 * MIB, S2_RWX), 0);
	assert_int_equal(frames_stats(VM1), 32 * 256);
	for (uint64_t a = 0; a < 32 * MIB; a += 4096)
		assert_true(mapped(IPA_RAM + a, &x));
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(4 * IPA_RAM), 96 * MIB, S2_RWX),
			 -ENOMEM);
	assert_int_equal(frames_stats(VM1), 32 * 256);
	machine_check();
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 32 * MIB), 0);
	vm_down();
}

static void a_first_touch_brings_a_block_or_a_page(void **state)
{
	const ipa_t base = IPA(IPA_RAM + MIB);
	const uint64_t size = 4 * MIB;            /* one whole block, two halves */
	struct fake_xlat x;

	(void)state;
	vm_up(false);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + 2 * MIB + 77), S2_RWX), 0);
	assert_true(mapped(IPA_RAM + 2 * MIB, &x));
	assert_int_equal(x.size, 2 * MIB);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + MIB + 4097), S2_RWX), 0);
	assert_true(mapped(IPA_RAM + MIB + 4096, &x));
	assert_int_equal(x.size, 4096);
	assert_false(mapped(IPA_RAM + MIB, &x));
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + 5 * MIB - 1), S2_RWX), 0);
	assert_int_equal(frames_stats(VM1), 512 + 2);
	/* again: nothing more is taken */
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + 2 * MIB), S2_RWX), 0);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + MIB + 4096), S2_RWX), 0);
	assert_int_equal(frames_stats(VM1), 512 + 2);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM), S2_RWX), -EINVAL);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + 5 * MIB), S2_RWX), -EINVAL);
	assert_int_equal(guest_mem_touch(&s2, base, size, IPA(IPA_RAM + 4 * MIB), S2_DEVICE),
			 -EINVAL);
	assert_int_equal(guest_mem_release(&s2, base, size), 0);
	vm_down();
}

static void a_touch_falls_back_to_pages(void **state)
{
	static pa_t pa[49152];
	struct fake_xlat x;
	unsigned int nr = 0;

	(void)state;
	vm_up(false);
	while (frames_alloc(VM2, 0, &pa[nr]) == 0)
		nr++;
	for (unsigned int i = 0; i < 200; i += 2)
		assert_int_equal(frames_free(VM2, pa[i], 0), 0);
	assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 4 * MIB, IPA(IPA_RAM + 5), S2_RWX), 0);
	assert_true(mapped(IPA_RAM, &x));
	assert_int_equal(frames_stats(VM1), 1);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 4 * MIB), 0);
	for (unsigned int i = 0; i < 200; i += 2)
		assert_int_equal(frames_claim(VM2, pa[i], 4096), 0);
	/* the last pages may go for tables: then it is -ENOMEM, and all is as before */
	while (frames_alloc(VM2, 0, &pa[0]) == 0)
		;
	assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 4 * MIB, IPA(IPA_RAM), S2_RWX),
			 -ENOMEM);
	vm_down();
}

/* In pieces a later one could fail, and the earlier ones are in use by then. */
static void a_touch_maps_one_block_or_nothing(void **state)
{
	static pa_t pa[49152];
	struct fake_xlat x;
	unsigned int nr = 0;

	(void)state;
	vm_up(false);
	while (frames_alloc(VM2, 0, &pa[nr]) == 0)
		nr++;
	for (unsigned int i = 0; i < nr; i += 2)
		assert_int_equal(frames_free(VM2, pa[i], 0), 0);
	for (unsigned int i = 0; i < 3; i++) {
		ipa_t ipa = IPA(IPA_RAM + i * 4096);

		assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 4 * MIB, ipa, S2_RWX), 0);
		assert_int_equal(frames_stats(VM1), i + 1);
		assert_true(mapped(ipa.v, &x));
		*(uint64_t *)fake_phys(x.pa) = i + 1;
	}
	while (frames_alloc(VM2, 0, &pa[0]) == 0)
		;
	/* nothing is left: what is there stays, and is found */
	assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 4 * MIB, IPA(IPA_RAM + MIB), S2_RWX),
			 -ENOMEM);
	for (unsigned int i = 0; i < 3; i++) {
		ipa_t ipa = IPA(IPA_RAM + i * 4096);

		assert_int_equal(guest_mem_touch(&s2, IPA(IPA_RAM), 4 * MIB, ipa, S2_RWX), 0);
		assert_true(mapped(ipa.v, &x));
		assert_int_equal(*(uint64_t *)fake_phys(x.pa), i + 1);
	}
	assert_int_equal(frames_stats(VM1), 3);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 4 * MIB), 0);
	vm_down();
}

static void linear_takes_only_what_is_free(void **state)
{
	(void)state;
	vm_up(false);
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM), PA(MACHINE_IMAGE), 4096,
						   S2_R), -EBUSY);
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM), PA(0x9000000), 4096, S2_R),
			 -ENOENT);
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM), s2.pt.root, 4096, S2_R),
			 -EBUSY);
	/* not equal modulo 2 MiB: pages, all there */
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM + 4096),
			 PA(MACHINE_RAM + 64 * MIB), 5 * MIB, S2_RWX), 0);
	for (uint64_t a = 0; a < 5 * MIB; a += 4096) {
		struct fake_xlat x;

		assert_true(mapped(IPA_RAM + 4096 + a, &x));
		assert_int_equal(x.pa, MACHINE_RAM + 64 * MIB + a);
	}
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 8 * MIB), 0);
	vm_down();
}

static void linear_without_tables_leaves_nothing_behind(void **state)
{
	struct fake_xlat x;
	unsigned int nr = 0;
	pa_t pa[40];

	(void)state;
	vm_up(true);
	/* room for a few of the tables that pages need */
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(frames_alloc(VM2, 0, &pa[i]), 0);
	while (frames_alloc(VM2, 0, &pa[12]) == 0)
		nr++;
	assert_true(nr > 1000);
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(frames_free(VM2, pa[i], 0), 0);
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(IPA_RAM + 4096),
			 PA(MACHINE_RAM + 64 * MIB), 60 * MIB, S2_RWX), -ENOMEM);
	assert_int_equal(frames_stats(OWNER_RESERVED), 64 * 256);
	for (uint64_t a = 0; a < 60 * MIB; a += 4096)
		assert_false(mapped(IPA_RAM + 4096 + a, &x));
	vm_down();
}

static void a_whole_gibibyte_is_one_block(void **state)
{
	static struct board brd;
	struct mm_boot boot;
	struct fake_xlat x;

	(void)state;
	machine_describe(&brd, &boot, 3 * GIB);
	machine_start(&boot);
	fake_zero_skip = true;
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(GIB), GIB, S2_RWX), 0);
	assert_int_equal(guest_mem_populate_linear(&s2, IPA(4 * GIB), PA(3 * GIB), GIB, S2_RWX), 0);
	assert_true(mapped(GIB + 5, &x));
	assert_int_equal(x.size, GIB);
	assert_true(mapped(4 * GIB + 5, &x));
	assert_int_equal(x.size, GIB);
	assert_int_equal(hyp_pool_pages(), 2);
	assert_int_equal(guest_mem_release(&s2, IPA(0), 8 * GIB), 0);
	vm_down();
}

/* ---- copies with addresses of the guest's choice ---- */

static void no_address_is_too_bad_for_a_copy(void **state)
{
	static const uint64_t bad[] = {
		0, IPA_RAM - 1, IPA_RAM + 2 * MIB - 7, IPA_RAM + 2 * MIB, (UINT64_C(1) << 40) - 8,
	};
	static const uint64_t wild[] = {
		(UINT64_C(1) << 40) - 7, UINT64_C(1) << 40, UINT64_C(1) << 63, ~UINT64_C(0),
		0xfffffffffffffff8,
	};
	char buf[8] = { 0 };

	(void)state;
	vm_up(false);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 2 * MIB, S2_RWX), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(guest_copy_from(&s2, buf, IPA(bad[i]), 8), -EFAULT);
		assert_int_equal(guest_copy_to(&s2, IPA(bad[i]), buf, 8), -EFAULT);
		assert_int_equal(guest_zero(&s2, IPA(bad[i]), 8), -EFAULT);
		assert_int_equal(guest_clean_range(&s2, IPA(bad[i]), 8), -EFAULT);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(wild); i++) {
		assert_int_equal(guest_copy_from(&s2, buf, IPA(wild[i]), 8), -EINVAL);
		assert_int_equal(guest_copy_to(&s2, IPA(wild[i]), buf, 8), -EINVAL);
		assert_int_equal(guest_copy_from(&s2, buf, IPA(wild[i]), 0), 0);
	}
	assert_int_equal(guest_zero(&s2, IPA(IPA_RAM), ~UINT64_C(0)), -EINVAL);
	assert_int_equal(guest_copy_from(&s2, buf, IPA(IPA_RAM + 2 * MIB - 8), 8), 0);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 2 * MIB), 0);
	vm_down();
}

static void a_device_is_never_copied(void **state)
{
	char buf[8] = { 0 };

	(void)state;
	vm_up(false);
	assert_int_equal(frames_device_claim(VM1, PA(0xa000000), 4096), 0);
	assert_int_equal(stage2_map(&s2, IPA(0xa000000), PA(0xa000000), 4096,
				    S2_R | S2_W | S2_DEVICE), 0);
	assert_int_equal(guest_copy_from(&s2, buf, IPA(0xa000000), 8), -EFAULT);
	assert_int_equal(guest_copy_to(&s2, IPA(0xa000000), buf, 8), -EFAULT);
	assert_int_equal(guest_load(&s2, IPA(0xa000000), buf, 8), -EFAULT);
	assert_int_equal(guest_clean_range(&s2, IPA(0xa000000), 8), -EFAULT);
	/* released like a hole: it is not given to the frame allocator */
	assert_int_equal(guest_mem_scrub(&s2, IPA(0xa000000), 4096), 0);
	assert_int_equal(guest_mem_release(&s2, IPA(0xa000000), 4096), 0);
	vm_down();
}

static int populated;

static int populate(void *ctx, ipa_t ipa)
{
	populated++;
	return guest_mem_touch(ctx, IPA(IPA_RAM), 2 * MIB, ipa, S2_RWX);
}

static void a_copy_into_a_lazy_region_populates_it(void **state)
{
	char buf[8] = "corbel";

	(void)state;
	vm_up(false);
	s2.populate = populate;
	s2.populate_ctx = &s2;
	populated = 0;
	assert_int_equal(guest_copy_to(&s2, IPA(IPA_RAM + 4092), buf, 8), 0);
	assert_int_equal(populated, 1);
	assert_int_equal(guest_copy_to(&s2, IPA(IPA_RAM + 2 * MIB), buf, 8), -EFAULT);
	assert_int_equal(populated, 2);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 2 * MIB), 0);
	vm_down();
}

static void loaded_images_are_cleaned(void **state)
{
	uint64_t before;

	(void)state;
	vm_up(false);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 4 * MIB, S2_RWX), 0);
	before = fake_counts.cleaned;
	assert_int_equal(guest_clean_range(&s2, IPA(IPA_RAM + 100), 3 * MIB), 0);
	assert_int_equal(fake_counts.cleaned - before, 3 * MIB);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 4 * MIB), 0);
	vm_down();
}

/* All that is mapped, in pieces; holes are neither populated nor cost anything. */
static void a_flush_goes_over_all_that_is_mapped(void **state)
{
	uint64_t before, mapped_size = 3 * MIB + 12 * 1024, at = 0, piece, pieces = 0;

	(void)state;
	vm_up(false);
	s2.populate = populate;
	s2.populate_ctx = &s2;
	populated = 0;
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(IPA_RAM), 3 * MIB, S2_RWX), 0);
	assert_int_equal(guest_mem_populate_alloc(&s2, IPA(5 * GIB + 4096), 12 * 1024, S2_R), 0);
	before = fake_counts.cleaned;
	while ((piece = guest_flush_piece(&s2, IPA(at))) != 0) {
		assert_true(fake_counts.cleaned - before <= (pieces + 1) * WINDOW_CHUNK);
		pieces += fake_counts.cleaned - before > pieces * WINDOW_CHUNK;
		at += piece;
	}
	assert_int_equal(at, UINT64_C(1) << stage2_ipa_bits(&s2));
	assert_int_equal(fake_counts.cleaned - before, mapped_size);
	assert_int_equal(pieces, 3 * MIB / WINDOW_CHUNK + 1);
	assert_int_equal(guest_flush_piece(&s2, IPA(UINT64_MAX - 4095)), 0);
	assert_int_equal(populated, 0);
	assert_int_equal(guest_mem_release(&s2, IPA(IPA_RAM), 3 * MIB), 0);
	assert_int_equal(guest_mem_release(&s2, IPA(5 * GIB + 4096), 12 * 1024), 0);
	vm_down();
}

#define FOR_BACKENDS(test) \
	{ #test " (alloc)", test, NULL, NULL, &backends[0] }, \
	{ #test " (linear)", test, NULL, NULL, &backends[1] }, \
	{ #test " (linear, reserved)", test, NULL, NULL, &backends[2] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOR_BACKENDS(all_of_a_range_is_there_and_zero),
		FOR_BACKENDS(what_is_released_goes_back_scrubbed),
		FOR_BACKENDS(arguments_must_be_aligned_and_in_range),
		FOR_BACKENDS(a_populated_range_is_not_populated_again),
		FOR_BACKENDS(too_much_leaves_nothing_behind),
		FOR_BACKENDS(a_reset_scrubs_in_place),
		FOR_BACKENDS(permissions_are_those_asked_for),
		FOR_BACKENDS(copies_cross_pages_and_blocks),
		cmocka_unit_test(memory_in_pieces_will_do),
		cmocka_unit_test(a_first_touch_brings_a_block_or_a_page),
		cmocka_unit_test(a_touch_falls_back_to_pages),
		cmocka_unit_test(a_touch_maps_one_block_or_nothing),
		cmocka_unit_test(linear_takes_only_what_is_free),
		cmocka_unit_test(linear_without_tables_leaves_nothing_behind),
		cmocka_unit_test(a_whole_gibibyte_is_one_block),
		cmocka_unit_test(no_address_is_too_bad_for_a_copy),
		cmocka_unit_test(a_device_is_never_copied),
		cmocka_unit_test(a_copy_into_a_lazy_region_populates_it),
		cmocka_unit_test(loaded_images_are_cleaned),
		cmocka_unit_test(a_flush_goes_over_all_that_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
