/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of guest memory: what EL2 sees through one is the guest's, nothing that is not may be
 * viewed, and a page with a view stays the guest's until the view has gone.
 */
#include "mm/guest_view.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/hyp_pool.h"
#include "tests/host/mm_machine.h"

#define VM1  owner_vm(1)
#define RAM  (GIB + 0x10000)
#define RW   (S2_NORMAL | S2_R | S2_W)

static struct stage2 s2;
static struct guest_view view[4];
static pa_t frame[4];                /* at RAM + 0x1000 * n */
static unsigned int nr_revoked, nr_touched;

static void revoke(struct guest_view *v)
{
	assert_ptr_equal(v->owner, &s2);
	nr_revoked++;
	guest_view_unmap(&s2, v);
}

/* Asked, but cannot yet. */
static void revoke_not(struct guest_view *v)
{
	(void)v;
	nr_revoked++;
}

static void page(uint64_t ipa, uint32_t attr, pa_t *pa)
{
	assert_int_equal(frames_alloc(VM1, 0, pa), 0);
	assert_int_equal(stage2_map(&s2, IPA(ipa), *pa, 4096, attr), 0);
}

static int setup(void **state)
{
	(void)state;
	machine_up(64 * MIB);
	assert_int_equal(stage2_init(&s2, VM1, 40), 0);
	/* Backwards, so that neighbours of the guest are none of the board's. */
	for (int i = 3; i >= 0; i--)
		page(RAM + 0x1000u * (unsigned int)i, RW, &frame[i]);
	for (int i = 0; i < 4; i++)
		view[i] = (struct guest_view){ .revoke = revoke, .owner = &s2 };
	nr_revoked = nr_touched = 0;
	return 0;
}

static void release(pa_t pa)
{
	frames_release(VM1, pa, 4096);
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		guest_view_unmap(&s2, &view[i]);
	assert_true(list_empty(&s2.views));
	assert_int_equal(stage2_unmap(&s2, IPA(RAM), 0x4000), 0);
	for (int i = 0; i < 4; i++)
		release(frame[i]);
	stage2_fini(&s2);
	assert_int_equal(frames_stats(VM1), 0);
	assert_int_equal(hyp_pool_pages(), 0);
	machine_check();
	return 0;
}

static int see(int n, uint64_t ipa, uint32_t size)
{
	return guest_view_map(&s2, &view[n], IPA(ipa), size);
}

static uint8_t *seen(int n)
{
	return (__force uint8_t *)view[n].p;
}

/* ---- what is seen ---- */

static void a_view_is_the_guests_memory_whatever_frames_it_is(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		memset(fake_phys(frame[i].v), 0x10 + i, 4096);
	/* From the middle of one page into the third. */
	assert_int_equal(see(0, RAM + 0xffc, 0x1008), 0);
	assert_int_equal(view[0].ipa.v, RAM + 0xffc);
	assert_int_equal(view[0].size, 0x1008);
	for (uint32_t i = 0; i < 3; i++) {
		struct fake_xlat x;

		assert_true(fake_el2_walk(view[0].va.v + i * 4096, &x));
		assert_int_equal(x.pa, frame[i].v);
	}
	assert_int_equal(seen(0)[0], 0x10);
	seen(0)[3] = 0x77;
	assert_int_equal(((uint8_t *)fake_phys(frame[0].v))[0xfff], 0x77);
	((uint8_t *)fake_phys(frame[0].v))[0xffc] = 0x66;
	assert_int_equal(seen(0)[0], 0x66);
	machine_check();
}

static void it_is_gone_when_it_is_unmapped(void **state)
{
	struct fake_xlat x;
	va_t va;

	(void)state;
	assert_int_equal(see(0, RAM, 0x2000), 0);
	va = view[0].va;
	guest_view_unmap(&s2, &view[0]);
	assert_null(seen(0));
	assert_false(fake_el2_walk(va.v, &x) || fake_el2_walk(va.v + 4096, &x));
	/* Twice is once. */
	guest_view_unmap(&s2, &view[0]);
	machine_check();
}

static void between_two_views_is_nothing(void **state)
{
	struct fake_xlat x;

	(void)state;
	assert_int_equal(see(0, RAM, 0x1000), 0);
	assert_int_equal(see(1, RAM, 0x1000), 0);
	assert_int_not_equal(view[0].va.v, view[1].va.v);
	for (int i = 0; i < 2; i++)
		assert_false(fake_el2_walk(view[i].va.v - 1, &x) ||
			     fake_el2_walk(view[i].va.v + 4096, &x));
}

/* ---- what may not be seen ---- */

static void ranges_that_cannot_be_are_refused(void **state)
{
	const struct { uint64_t ipa; uint32_t size; } bad[] = {
		{ RAM, 0 }, { RAM, GUEST_VIEW_MAX + 1 }, { RAM, UINT32_MAX },
		{ UINT64_C(1) << 40, 1 }, { (UINT64_C(1) << 40) - 1, 2 }, { UINT64_MAX, 1 },
		{ UINT64_MAX, 2 }, { UINT64_MAX - 0xfff, 0x1000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(see(0, bad[i].ipa, bad[i].size), -EINVAL);
		assert_null(seen(0));
	}
	assert_true(list_empty(&s2.views));
}

static void holes_and_what_the_guest_may_not_write_are_refused(void **state)
{
	const uint32_t attrs[] = { S2_NORMAL | S2_R, S2_NORMAL | S2_R | S2_X };
	pa_t pa;

	(void)state;
	/* The last page of a range counts like the first. */
	assert_int_equal(see(0, RAM - 1, 2), -EFAULT);
	assert_int_equal(see(0, RAM + 0x3fff, 2), -EFAULT);
	assert_int_equal(see(0, 0, 64), -EFAULT);
	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		page(RAM + 0x4000, attrs[i], &pa);
		assert_int_equal(see(0, RAM + 0x4000, 64), -EFAULT);
		assert_int_equal(see(0, RAM, 0x5000), -EFAULT);
		assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x4000), 4096), 0);
		release(pa);
	}
	assert_true(list_empty(&s2.views));
	machine_check();
}

static void memory_that_is_shared_is_refused(void **state)
{
	uint32_t grant;
	pa_t pa;

	(void)state;
	assert_int_equal(frames_alloc(VM1, 0, &pa), 0);
	assert_int_equal(frames_share(VM1, pa, 4096, "between two", &grant), 0);
	assert_int_equal(stage2_map(&s2, IPA(RAM + 0x4000), pa, 4096, RW), 0);
	assert_int_equal(see(0, RAM + 0x4000, 64), -EFAULT);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x4000), 4096), 0);
	frames_unshare(grant, VM1);
}

/* What was taken for a view that could not be is given back, however often. */
static void a_refusal_costs_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++)
		assert_int_equal(see(0, RAM + 0x3000, 0x2000), -EFAULT);
	assert_int_equal(see(0, RAM, 0x4000), 0);
}

/* ---- memory that comes when it is touched ---- */

static pa_t touched;

static int populate(void *ctx, ipa_t ipa)
{
	assert_ptr_equal(ctx, &s2);
	nr_touched++;
	if (ipa.v == RAM + 0x4000 && !touched.v)
		page(RAM + 0x4000, RW, &touched);
	return 0;
}

static void a_hole_is_filled_where_that_is_so_agreed(void **state)
{
	(void)state;
	touched = PA(0);
	s2.populate = populate;
	s2.populate_ctx = &s2;
	assert_int_equal(see(0, RAM + 0x3000, 0x2000), 0);
	assert_true(touched.v != 0);
	assert_int_equal(see(1, RAM + 0x4000, 0x2000), -EFAULT);
	guest_view_unmap(&s2, &view[0]);
	/* It is asked once for each page of a view that lacks one, not for others. */
	nr_touched = 0;
	assert_int_equal(see(0, RAM, 0x5000), 0);
	assert_int_equal(nr_touched, 0);
	guest_view_unmap(&s2, &view[0]);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x4000), 4096), 0);
	release(touched);
	s2.populate = NULL;
}

/* ---- taking the memory away ---- */

static void a_page_with_a_view_stays(void **state)
{
	struct stage2_leaf l;

	(void)state;
	assert_int_equal(see(0, RAM + 0x1ff0, 0x20), 0);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x1000), 0x1000), -EBUSY);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x2000), 0x1000), -EBUSY);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM), 0x4000), -EBUSY);
	assert_int_equal(stage2_protect(&s2, IPA(RAM + 0x2000), 0x1000, S2_NORMAL | S2_R), -EBUSY);
	assert_int_equal(stage2_lookup(&s2, IPA(RAM), &l), 0);
	assert_true(l.mapped);
	/* Its neighbours may go. */
	assert_int_equal(stage2_unmap(&s2, IPA(RAM), 0x1000), 0);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x3000), 0x1000), 0);
	machine_check();
	guest_view_unmap(&s2, &view[0]);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM + 0x1000), 0x2000), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(stage2_map(&s2, IPA(RAM + 0x1000u * (unsigned int)i), frame[i],
					    4096, RW), 0);
}

static void whoever_takes_the_memory_has_the_views_given_up(void **state)
{
	(void)state;
	assert_int_equal(see(0, RAM, 0x1000), 0);
	assert_int_equal(see(1, RAM + 0x800, 0x1000), 0);
	assert_int_equal(see(2, RAM + 0x2000, 0x10), 0);
	assert_int_equal(see(3, RAM + 0x3000, 0x10), 0);
	guest_view_revoke(&s2, IPA(RAM + 0x1000), 0x1000);
	assert_int_equal(nr_revoked, 1);
	assert_null(seen(1));
	/* A range that wraps or is none is no reason. */
	guest_view_revoke(&s2, IPA(RAM), 0);
	guest_view_revoke(&s2, IPA(UINT64_MAX - 0xfff), 0x2000);
	assert_int_equal(nr_revoked, 1);
	guest_view_revoke(&s2, IPA(RAM), 0x3000);
	assert_int_equal(nr_revoked, 3);
	assert_non_null(seen(3));
	assert_int_equal(stage2_unmap(&s2, IPA(RAM), 0x3000), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(stage2_map(&s2, IPA(RAM + 0x1000u * (unsigned int)i), frame[i],
					    4096, RW), 0);
}

/* One that does not go is asked twice at most: then the unmapping fails, and nobody hangs. */
static void a_view_that_does_not_go_is_not_waited_for(void **state)
{
	(void)state;
	view[0].revoke = revoke_not;
	assert_int_equal(see(0, RAM, 0x1000), 0);
	guest_view_revoke(&s2, IPA(RAM), 0x1000);
	assert_in_range(nr_revoked, 1, 2);
	assert_int_equal(stage2_unmap(&s2, IPA(RAM), 0x1000), -EBUSY);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_view_is_the_guests_memory_whatever_frames_it_is),
		T(it_is_gone_when_it_is_unmapped),
		T(between_two_views_is_nothing),
		T(ranges_that_cannot_be_are_refused),
		T(holes_and_what_the_guest_may_not_write_are_refused),
		T(memory_that_is_shared_is_refused),
		T(a_refusal_costs_nothing),
		T(a_hole_is_filled_where_that_is_so_agreed),
		T(a_page_with_a_view_stays),
		T(whoever_takes_the_memory_has_the_views_given_up),
		T(a_view_that_does_not_go_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
