/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balloon on a VM's memory: what is lent goes to the board and comes back zeroed when it is
 * touched, whatever regions it crosses, rings included. docs/memory.md, "Balloon".
 */
#include "vm/balloon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "devices/virtio_balloon.h"
#include "mm/frames.h"
#include "mm/guest_mem.h"
#include "mm/guest_view.h"
#include "mm/hyp_pool.h"
#include "tests/host/mm_machine.h"
#include "vm/virtio.h"
#include "vm/vm.h"

#define VM1  owner_vm(1)
#define RWX  (S2_NORMAL | S2_R | S2_W | S2_X)
#define RX   (S2_NORMAL | S2_R | S2_X)

/* Two of memory that may be lent, side by side; one that may only be read; a fixed one. */
enum { FIRST, SECOND, ROM, FIXED, NR };
#define BASE  GIB
#define FIXED_PA (MACHINE_RAM + 48 * MIB)

static struct vm_config cfg;
static struct vm vm;
static struct virtio_balloon *balloon;
static uint64_t all;                 /* frames that it began with */

static const struct config_region regions[NR] = {
	[FIRST] = { .ipa = { BASE }, .size = 4 * MIB, .access = 7 },
	[SECOND] = { .ipa = { BASE + 4 * MIB }, .size = 2 * MIB + 0x3000, .access = 7,
		     .backend = BACKEND_TOUCH },
	[ROM] = { .ipa = { BASE + 8 * MIB }, .size = 0x10000, .access = 5 },
	[FIXED] = { .ipa = { BASE + 10 * MIB }, .size = 0x10000, .pa = { FIXED_PA },
		    .backend = BACKEND_LINEAR, .access = 7 },
};

static int setup(void **state)
{
	const struct config_virtio v = { .balloon = { .size = 5 * MIB } };
	struct virtio_setup s;

	(void)state;
	machine_up(64 * MIB);
	cfg = (struct vm_config){ .nr_regions = NR };
	memcpy(cfg.regions, regions, sizeof(regions));
	memset(&vm, 0, sizeof(vm));
	vm.cfg = &cfg;
	assert_int_equal(stage2_init(&vm.s2, VM1, 40), 0);
	for (int i = 0; i < NR; i++) {
		const struct config_region *r = &regions[i];

		if (i == FIXED)
			assert_int_equal(guest_mem_populate_linear(&vm.s2, r->ipa, r->pa, r->size,
								   RWX), 0);
		else
			assert_int_equal(guest_mem_populate_alloc(&vm.s2, r->ipa, r->size,
								  i == ROM ? RX : RWX), 0);
	}
	all = frames_stats(VM1);
	balloon = calloc(1, vm_virtio_balloon.size);
	assert_int_equal(vm_virtio_balloon.create(&vm, &v, &balloon->dev, &s), 0);
	assert_int_equal(s.nr_queues, VIRTIO_BALLOON_QUEUES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vm_virtio_balloon.destroy(&vm, &balloon->dev);
	assert_null(vm.balloon);
	free(balloon);
	assert_int_equal(guest_mem_release(&vm.s2, IPA(BASE), 16 * MIB), 0);
	stage2_fini(&vm.s2);
	assert_int_equal(frames_stats(VM1), 0);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
	return 0;
}

static uint32_t inflate(uint64_t ipa, uint32_t nr)
{
	return balloon->ops->inflate(balloon->ctx, IPA(ipa), nr);
}

static uint32_t deflate(uint64_t ipa, uint32_t nr)
{
	return balloon->ops->deflate(balloon->ctx, IPA(ipa), nr);
}

static bool mapped(uint64_t ipa)
{
	struct stage2_leaf l;

	assert_int_equal(stage2_lookup(&vm.s2, IPA(ipa), &l), 0);
	return l.mapped;
}

static uint64_t lent(void)
{
	struct vm_balloon_info info;

	assert_int_equal(vm_balloon_look(&vm, &info), 0);
	return info.lent / 4096;
}

/* ---- tests ---- */

static void what_is_lent_is_the_boards(void **state)
{
	uint64_t free = frames_stats(OWNER_FREE);

	(void)state;
	assert_int_equal(inflate(BASE + 0x5000, 3), 3);
	assert_false(mapped(BASE + 0x5000) || mapped(BASE + 0x7000));
	assert_true(mapped(BASE + 0x4000) && mapped(BASE + 0x8000));
	assert_int_equal(frames_stats(VM1), all - 3);
	/* But for the table that a block was split into. */
	assert_in_range(frames_stats(OWNER_FREE), free + 1, free + 3);
	assert_int_equal(lent(), 3);
	machine_check();
}

static void a_page_is_lent_once(void **state)
{
	(void)state;
	assert_int_equal(inflate(BASE + 0x5000, 3), 3);
	assert_int_equal(inflate(BASE + 0x5000, 3), 0);
	assert_int_equal(inflate(BASE + 0x4000, 5), 2);
	assert_int_equal(frames_stats(VM1), all - 5);
	assert_int_equal(lent(), 5);
	assert_int_equal(deflate(BASE + 0x5000, 1), 1);
	assert_int_equal(deflate(BASE + 0x5000, 1), 0);
	assert_int_equal(deflate(BASE, 1024), 4);
	assert_int_equal(lent(), 0);
	/* It is not there before it is touched. */
	assert_false(mapped(BASE + 0x5000));
}

static void lists_cross_regions_and_what_is_none(void **state)
{
	(void)state;
	/* Of both of the first; the rest of the list lies in a hole and in memory that stays. */
	assert_int_equal(inflate(BASE + 4 * MIB - 0x2000, 4), 4);
	assert_int_equal(inflate(BASE + 6 * MIB + 0x1000, 100), 2);
	assert_int_equal(inflate(BASE + 8 * MIB - 0x2000, 20), 0);
	assert_int_equal(inflate(BASE + 10 * MIB, 16), 0);
	assert_int_equal(inflate(0, 1024), 0);
	assert_int_equal(inflate(UINT64_C(0xffffffff) * 4096, 1), 0);
	assert_int_equal(deflate(BASE + 8 * MIB, 1024), 0);
	assert_int_equal(frames_stats(VM1), all - 6);
	assert_true(mapped(BASE + 8 * MIB) && mapped(BASE + 10 * MIB));
	assert_int_equal(frames_owner(PA(FIXED_PA)), VM1);
	assert_false(vm_balloon_has(&vm, &cfg.regions[ROM]));
	assert_false(vm_balloon_has(&vm, &cfg.regions[FIXED]));
	assert_true(vm_balloon_has(&vm, &cfg.regions[SECOND]));
}

static void a_touch_takes_back_one_page(void **state)
{
	const struct config_region *r = &cfg.regions[FIRST];

	(void)state;
	/* Where nothing is lent the whole block may come. */
	assert_false(vm_balloon_touch(&vm, r, IPA(BASE + 2 * MIB + 0x5000)));
	assert_int_equal(inflate(BASE + 0x5000, 2), 2);
	assert_true(vm_balloon_touch(&vm, r, IPA(BASE + 0x5000)));
	assert_int_equal(lent(), 1);
	/* A neighbour is still lent, so not the block. */
	assert_true(vm_balloon_touch(&vm, r, IPA(BASE + 0x5000)));
	assert_true(vm_balloon_touch(&vm, r, IPA(BASE + 2 * MIB - 0x1000)));
	assert_int_equal(lent(), 1);
	assert_true(vm_balloon_touch(&vm, r, IPA(BASE + 0x6000)));
	assert_int_equal(lent(), 0);
	assert_false(vm_balloon_touch(&vm, r, IPA(BASE + 0x6000)));
	/* It can be lent anew. */
	assert_int_equal(guest_mem_touch(&vm.s2, r->ipa, r->size, IPA(BASE + 0x5000), RWX), 0);
	assert_int_equal(inflate(BASE + 0x5000, 1), 1);
}

static void free_pages_go_but_are_not_lent(void **state)
{
	(void)state;
	assert_int_equal(balloon->ops->report(balloon->ctx, IPA(BASE + 2 * MIB), 512), 512);
	assert_int_equal(frames_stats(VM1), all - 512);
	assert_int_equal(lent(), 0);
	assert_int_equal(balloon->ops->report(balloon->ctx, IPA(BASE + 8 * MIB), 16), 0);
	assert_false(vm_balloon_touch(&vm, &cfg.regions[FIRST], IPA(BASE + 2 * MIB)));
}

static unsigned int nr_revoked;

static void revoke(struct guest_view *v)
{
	nr_revoked++;
	guest_view_unmap(&vm.s2, v);
}

static void revoke_not(struct guest_view *v)
{
	(void)v;
	nr_revoked++;
}

static void rings_lose_their_memory_first(void **state)
{
	struct guest_view v = { .revoke = revoke };

	(void)state;
	nr_revoked = 0;
	assert_int_equal(guest_view_map(&vm.s2, &v, IPA(BASE + 0x5800), 0x1000), 0);
	assert_int_equal(inflate(BASE + 0x6000, 1), 1);
	assert_int_equal(nr_revoked, 1);
	assert_null(v.p);
	assert_false(mapped(BASE + 0x6000));
	machine_check();
	/* One that stays keeps its page, and nobody waits for it. */
	v = (struct guest_view){ .revoke = revoke_not };
	assert_int_equal(guest_view_map(&vm.s2, &v, IPA(BASE + 0x9000), 0x1000), 0);
	assert_int_equal(inflate(BASE + 0x9000, 1), 1);
	assert_true(mapped(BASE + 0x9000));
	assert_true(nr_revoked > 1 && nr_revoked < 10);
	machine_check();
	guest_view_unmap(&vm.s2, &v);
}

static void a_reset_gives_all_back(void **state)
{
	(void)state;
	assert_int_equal(inflate(BASE, 1024), 1024);
	assert_int_equal(inflate(BASE + 4 * MIB, 3), 3);
	balloon->ops->forget(balloon->ctx);
	assert_int_equal(lent(), 0);
	assert_int_equal(deflate(BASE, 1024), 0);
	assert_false(vm_balloon_touch(&vm, &cfg.regions[FIRST], IPA(BASE)));
}

static void the_target_is_within_what_can_be_lent(void **state)
{
	struct vm_balloon_info info;

	(void)state;
	assert_int_equal(vm_balloon_look(&vm, &info), 0);
	assert_int_equal(info.target, 5 * MIB);
	assert_int_equal(info.free, 0);
	assert_int_equal(vm_balloon_set(&vm, 6 * MIB + 0x3000), 0);
	assert_int_equal(vm_balloon_set(&vm, 6 * MIB + 0x3001), -ERANGE);
	assert_int_equal(vm_balloon_set(&vm, UINT64_MAX), -ERANGE);
	assert_int_equal(vm_balloon_look(&vm, &info), 0);
	assert_int_equal(info.target, 6 * MIB + 0x3000);
	atomic_store(&balloon->counts.stats[4], 123);
	assert_int_equal(vm_balloon_look(&vm, &info), 0);
	assert_int_equal(info.free, 123);
}

static void a_vm_without_one_says_so(void **state)
{
	static struct vm other;
	struct vm_balloon_info info;

	(void)state;
	assert_int_equal(vm_balloon_look(&other, &info), -ENOENT);
	assert_int_equal(vm_balloon_set(&other, 0), -ENOENT);
	assert_false(vm_balloon_has(&other, &cfg.regions[FIRST]));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_lent_is_the_boards),
		T(a_page_is_lent_once),
		T(lists_cross_regions_and_what_is_none),
		T(a_touch_takes_back_one_page),
		T(free_pages_go_but_are_not_lent),
		T(rings_lose_their_memory_first),
		T(a_reset_gives_all_back),
		T(the_target_is_within_what_can_be_lent),
		T(a_vm_without_one_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
