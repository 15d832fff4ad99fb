/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner table and the stage-2 tables of three VMs against a model of who may see
 * which page. The model is arrays that say it outright; random steps are made on both
 * and compared after each. STEPS and SEED in the environment choose others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lib/bits.h"
#include "mm/frames.h"
#include "mm/guest_copy.h"
#include "mm/hyp_pool.h"
#include "mm/stage2.h"
#include "tests/host/chance.h"
#include "tests/host/mm_machine.h"

#define NR_VMS    3u
#define RAM_SIZE  (32 * MIB)
#define NR_RAM    (uint32_t)(RAM_SIZE / PAGE_SIZE)
#define NR_DEV    8u                        /* pages of device registers      */
#define NR_PAGES  (NR_RAM + NR_DEV)
#define DEV_BASE  UINT64_C(0xa000000)
#define NR_IPAS   1100u                     /* pages of each VM's window: two blocks and some */
#define IPA_BASE  UINT64_C(0x40000000)
#define NR_GRANTS 6u
#define MAX_HELD  1400u                     /* pages that VMs have at a time  */
#define PUBLIC    (NR_VMS + 1)              /* owner: under a grant           */

/* ---- the model: a page is RAM or device registers, by number ---- */

struct grant_model {
	bool live;
	uint32_t id, first, nr, refs[NR_VMS];
	char name[8];
};

static struct {
	uint8_t owner[NR_PAGES];            /* 0: no VM's; n + 1: VM n's; PUBLIC */
	uint8_t grant[NR_PAGES];            /* if PUBLIC                       */
	uint64_t tag[NR_PAGES];             /* the first bytes of the page     */
	bool exists[NR_VMS];
	uint32_t map[NR_VMS][NR_IPAS];      /* page + 1; 0: a hole             */
	uint8_t attr[NR_VMS][NR_IPAS];
	struct grant_model grants[NR_GRANTS];
} m;

static uint32_t held[NR_PAGES], nr_held;    /* pages whose owner is not 0      */

static bool may_see(uint32_t vm, uint32_t page)
{
	if (m.owner[page] == PUBLIC)
		return m.grants[m.grant[page]].refs[vm] > 0;
	return m.owner[page] == vm + 1;
}

static void set_owner(uint32_t page, uint32_t nr, uint8_t owner)
{
	uint32_t kept = 0;

	memset(m.owner + page, owner, nr);
	for (uint32_t i = 0; i < nr_held; i++)
		if (m.owner[held[i]] && held[i] - page >= nr)
			held[kept++] = held[i];
	nr_held = kept;
	for (uint32_t i = 0; owner && i < nr; i++)
		held[nr_held++] = page + i;
}

/* ---- the real ones ---- */

static struct stage2 s2[NR_VMS];

static pa_t pa_of_page(uint32_t page)
{
	return page < NR_RAM ? PA(MACHINE_RAM + page * PAGE_SIZE)
			     : PA(DEV_BASE + (page - NR_RAM) * PAGE_SIZE);
}

static uint32_t page_of(pa_t pa)
{
	return pa.v >= MACHINE_RAM ? (uint32_t)((pa.v - MACHINE_RAM) / PAGE_SIZE)
				   : NR_RAM + (uint32_t)((pa.v - DEV_BASE) / PAGE_SIZE);
}

static ipa_t ipa_of(uint32_t i)
{
	return IPA(IPA_BASE + i * PAGE_SIZE);
}

/* ---- chance ---- */

static uint32_t touched;                    /* the VM that the step was about */

static uint32_t any_vm(void)
{
	touched = rnd(NR_VMS);
	return touched;
}

/* Mostly one that somebody holds, for there it matters. */
static uint32_t any_page(void)
{
	return nr_held && rnd(8) ? held[rnd(nr_held)] : rnd(NR_PAGES);
}

static uint32_t any_nr(uint32_t first, uint32_t end)
{
	uint32_t nr = rnd(64) ? 1 + rnd(4) : 1 + rnd(600);

	return MIN(nr, end - first);
}

/* Near the start of a block as often as anywhere. */
static uint32_t any_ipa(void)
{
	return rnd(2) ? rnd(NR_IPAS) : 512 * rnd(3) + rnd(6);
}

/* ---- steps ---- */

static void do_create(void)
{
	static struct stage2 second;
	uint32_t vm = any_vm();
	int err = stage2_init(m.exists[vm] ? &second : &s2[vm], owner_vm(vm), 40);

	assert_int_equal(err, m.exists[vm] ? -EEXIST : 0);
	m.exists[vm] = true;
}

static void unmap_all_of(uint32_t vm, uint32_t page, uint32_t nr)
{
	for (uint32_t i = 0; i < NR_IPAS; i++) {
		if (!m.map[vm][i] || m.map[vm][i] - 1 - page >= nr)
			continue;
		assert_int_equal(stage2_unmap(&s2[vm], ipa_of(i), PAGE_SIZE), 0);
		m.map[vm][i] = 0;
	}
}

static void end_grant_ref(uint32_t vm, struct grant_model *g)
{
	uint32_t left = 0;

	assert_int_equal(frames_unshare(g->id, owner_vm(vm)), g->refs[vm] ? 0 : -EPERM);
	if (!g->refs[vm])
		return;
	g->refs[vm]--;
	for (uint32_t v = 0; v < NR_VMS; v++)
		left += g->refs[v];
	if (left)
		return;
	set_owner(g->first, g->nr, 0);
	g->live = false;
}

static void give_back(uint32_t vm, uint32_t page)
{
	if (page < NR_RAM)
		assert_int_equal(frames_free(owner_vm(vm), pa_of_page(page), 0), 0);
	else
		assert_int_equal(frames_device_release(owner_vm(vm), pa_of_page(page), PAGE_SIZE),
				 0);
}

static void destroy(uint32_t vm)
{
	stage2_fini(&s2[vm]);
	memset(m.map[vm], 0, sizeof(m.map[vm]));
	m.exists[vm] = false;
	for (uint32_t i = 0; i < NR_GRANTS; i++)
		while (m.grants[i].live && m.grants[i].refs[vm])
			end_grant_ref(vm, &m.grants[i]);
	for (uint32_t page = 0; page < NR_PAGES; page++) {
		if (m.owner[page] != vm + 1)
			continue;
		give_back(vm, page);
		m.owner[page] = 0;
	}
	set_owner(0, 0, 0);
}

static void do_destroy(void)
{
	uint32_t vm = any_vm();

	if (m.exists[vm] && !rnd(64))
		destroy(vm);
}

/* 0, or one of two errors when both are there. */
static void check_map(uint32_t vm, uint32_t i, uint32_t page, uint32_t nr, uint8_t attr)
{
	bool seen = true, taken = false, device = attr & S2_DEVICE;
	int err = stage2_map(&s2[vm], ipa_of(i), pa_of_page(page), nr * PAGE_SIZE, attr);

	for (uint32_t n = 0; n < nr; n++) {
		seen = seen && may_see(vm, page + n) && device == (page + n >= NR_RAM);
		taken |= m.map[vm][i + n] != 0;
	}
	/* A device is mapped as it was claimed: page by page. */
	if (device && nr > 1)
		seen = false;
	if (!seen || taken) {
		assert_true((err == -EPERM && !seen) || (err == -EEXIST && taken));
		return;
	}
	assert_int_equal(err, 0);
	for (uint32_t n = 0; n < nr; n++) {
		m.map[vm][i + n] = page + n + 1;
		m.attr[vm][i + n] = attr;
	}
}

/* What is handed out was nobody's, and is empty. */
static void do_alloc(void)
{
	uint32_t vm = any_vm(), order = rnd(16) ? rnd(3) : FRAMES_ORDER_2M, page, nr = 1u << order;
	pa_t pa;
	int err;

	if (nr_held + nr > MAX_HELD || !m.exists[vm])
		return;
	err = frames_alloc(owner_vm(vm), order, &pa);
	/* A whole block may be in pieces. */
	if (err == -ENOMEM && order == FRAMES_ORDER_2M)
		return;
	assert_int_equal(err, 0);
	page = page_of(pa);
	assert_true(page + nr <= NR_RAM);
	for (uint32_t i = 0; i < nr; i++) {
		assert_int_equal(m.owner[page + i], 0);
		assert_int_equal(*(uint64_t *)fake_phys(pa_of_page(page + i).v), 0);
		m.tag[page + i] = 0;
	}
	set_owner(page, nr, (uint8_t)(vm + 1));
	if (order == FRAMES_ORDER_2M)
		check_map(vm, 512 * rnd(2), page, nr, S2_RWX);
}

static void do_claim_device(void)
{
	uint32_t vm = any_vm(), page = NR_RAM + rnd(NR_DEV);
	int err = frames_device_claim(owner_vm(vm), pa_of_page(page), PAGE_SIZE);

	assert_int_equal(err, m.owner[page] && m.owner[page] != vm + 1 ? -EBUSY : 0);
	if (!m.exists[vm] && !m.owner[page])
		assert_int_equal(frames_device_release(owner_vm(vm), pa_of_page(page), PAGE_SIZE),
				 0);
	else if (!err)
		set_owner(page, 1, (uint8_t)(vm + 1));
}

static void do_free(void)
{
	uint32_t vm = any_vm(), page = any_page();

	if (page < NR_RAM && m.owner[page] != vm + 1) {
		assert_int_equal(frames_free(owner_vm(vm), pa_of_page(page), 0), -EPERM);
		return;
	}
	if (m.owner[page] != vm + 1)
		return;
	unmap_all_of(vm, page, 1);
	give_back(vm, page);
	set_owner(page, 1, 0);
}

static void do_map(void)
{
	static const uint8_t attrs[] = { S2_R, S2_R | S2_W, S2_RWX, S2_RWX, S2_R | S2_X };
	uint32_t vm = any_vm(), i = any_ipa(), page = any_page(), nr;
	uint8_t attr = attrs[rnd(ARRAY_SIZE(attrs))];
	uint32_t left;

	if (!m.exists[vm])
		return;
	if (rnd(4) == 0 && nr_held) {
		/* A whole block where it fits. */
		page = align_down(page, 512);
		i = align_down(i, 512);
	}
	nr = any_nr(i, NR_IPAS);        /* by chance, so not within MIN() */
	left = (page < NR_RAM ? NR_RAM : NR_PAGES) - page;
	nr = MIN(nr, left);
	if (page % 512 == 0 && i % 512 == 0 && i + 512 <= NR_IPAS && page + 512 <= NR_RAM)
		nr = 512;
	if (page >= NR_RAM || rnd(32) == 0)
		attr = (attr & (S2_R | S2_W)) | S2_DEVICE;
	check_map(vm, i, page, nr, attr);
}

static void do_unmap(void)
{
	uint32_t vm = any_vm(), i = any_ipa(), nr = any_nr(i, NR_IPAS);

	if (!m.exists[vm])
		return;
	assert_int_equal(stage2_unmap(&s2[vm], ipa_of(i), nr * PAGE_SIZE), 0);
	memset(&m.map[vm][i], 0, nr * sizeof(m.map[vm][i]));
}

static void do_protect(void)
{
	uint32_t vm = any_vm(), i = any_ipa(), nr = any_nr(i, NR_IPAS);
	uint8_t attr = S2_R | (rnd(2) ? S2_W : 0) | (rnd(2) ? S2_X : 0);
	bool hole = false, device = false;
	int err;

	if (!m.exists[vm])
		return;
	for (uint32_t n = 0; n < nr; n++) {
		hole |= !m.map[vm][i + n];
		device |= m.map[vm][i + n] > NR_RAM;
	}
	err = stage2_protect(&s2[vm], ipa_of(i), nr * PAGE_SIZE, attr);
	if (hole || device) {
		assert_true((err == -ENOENT && hole) || (err == -EINVAL && device));
		return;
	}
	assert_int_equal(err, 0);
	memset(&m.attr[vm][i], attr, nr);
}

static void do_share(void)
{
	uint32_t vm = any_vm(), page = any_page(), slot = rnd(NR_GRANTS), nr, id;
	struct grant_model *g = &m.grants[slot];
	bool owns = true;
	int err;

	if (page >= NR_RAM || !m.exists[vm])
		return;
	nr = any_nr(page, NR_RAM);
	for (uint32_t n = 0; n < nr; n++)
		owns = owns && m.owner[page + n] == vm + 1;
	snprintf(g->name, sizeof(g->name), "g%u", slot);
	err = frames_share(owner_vm(vm), pa_of_page(page), nr * PAGE_SIZE, g->name, &id);
	if (g->live || !owns) {
		assert_true((err == -EEXIST && g->live) || (err == -EPERM && !owns));
		return;
	}
	assert_int_equal(err, 0);
	*g = (struct grant_model){ .live = true, .id = id, .first = page, .nr = nr };
	g->refs[vm] = 1;
	set_owner(page, nr, PUBLIC);
	memset(m.grant + page, (int)slot, nr);
}

static void do_get(void)
{
	struct grant_model *g = &m.grants[rnd(NR_GRANTS)];
	uint32_t vm = any_vm();

	if (!g->live || !m.exists[vm] || g->refs[vm] > 3)
		return;
	assert_int_equal(frames_share_get(g->id, owner_vm(vm)), 0);
	g->refs[vm]++;
}

static void do_unshare(void)
{
	struct grant_model *g = &m.grants[rnd(NR_GRANTS)];
	uint32_t vm = any_vm();

	if (!g->live)
		return;
	/* Whoever drops its last reference has unmapped it. */
	if (g->refs[vm] == 1)
		unmap_all_of(vm, g->first, g->nr);
	end_grant_ref(vm, g);
}

static void do_write(void)
{
	uint32_t vm = any_vm(), i = any_ipa(), page = m.map[vm][i] - 1;
	uint64_t tag = seed | 1;
	bool may = m.map[vm][i] && page < NR_RAM && (m.attr[vm][i] & S2_W);

	if (!m.exists[vm])
		return;
	assert_int_equal(guest_copy_to(&s2[vm], ipa_of(i), &tag, sizeof(tag)), may ? 0 : -EFAULT);
	if (may)
		m.tag[page] = tag;
}

static void do_read(void)
{
	uint32_t vm = any_vm(), i = any_ipa(), page = m.map[vm][i] - 1;
	bool may = m.map[vm][i] && page < NR_RAM;
	uint64_t tag = 0;

	if (!m.exists[vm])
		return;
	assert_int_equal(guest_copy_from(&s2[vm], &tag, ipa_of(i), sizeof(tag)),
			 may ? 0 : -EFAULT);
	if (may)
		assert_int_equal(tag, m.tag[page]);
}

/* ---- comparing ---- */

static void compare_owner(uint32_t page)
{
	static const uint16_t want[] = { OWNER_HYP, OWNER_VM0, OWNER_VM0 + 1, OWNER_VM0 + 2,
					 OWNER_SHARED };
	uint16_t real = frames_owner(pa_of_page(page));

	if (page >= NR_RAM)
		assert_int_equal(real, OWNER_NONE);
	else if (m.owner[page] == 0)
		assert_true(real < OWNER_VM0 && real != OWNER_SHARED);
	else
		assert_int_equal(real, want[m.owner[page]]);
}

/* What the MMU sees of one page, stale TLB entries and all. */
static void compare_walk(uint32_t vm, uint32_t i)
{
	struct fake_xlat x;
	bool there = fake_s2_walk(s2[vm].vttbr, s2[vm].vtcr, ipa_of(i).v, &x);

	assert_int_equal(there, m.map[vm][i] != 0);
	if (!there)
		return;
	assert_int_equal(x.pa, pa_of_page(m.map[vm][i] - 1).v);
	assert_true(may_see(vm, m.map[vm][i] - 1));
}

static void compare_table(uint32_t vm)
{
	struct stage2_leaf leaf;
	uint32_t i = 0;

	while (i < NR_IPAS) {
		assert_int_equal(stage2_lookup(&s2[vm], ipa_of(i), &leaf), 0);
		assert_true(leaf.left >= PAGE_SIZE);
		for (uint64_t off = 0; off < leaf.left && i < NR_IPAS; off += PAGE_SIZE, i++) {
			if (leaf.mapped != (m.map[vm][i] != 0))
				fail_msg("VM %u page %u: mapped %d", vm, i, leaf.mapped);
			if (!leaf.mapped)
				continue;
			assert_int_equal(leaf.pa.v + off, pa_of_page(m.map[vm][i] - 1).v);
			assert_int_equal(leaf.attr, m.attr[vm][i]);
		}
	}
}

/* Of the VMs that a step was not about a sample; all of them now and then. */
static void compare(bool all)
{
	for (uint32_t n = all ? 0 : rnd(8); n < nr_held; n += all ? 1 : 8)
		compare_owner(held[n]);
	for (uint32_t n = 0; n < 8; n++)
		compare_owner(rnd(NR_PAGES));
	for (uint32_t vm = 0; vm < NR_VMS; vm++) {
		if (!m.exists[vm])
			continue;
		if (all || vm == touched)
			compare_table(vm);
		for (uint32_t n = 0; n < 4; n++)
			compare_walk(vm, any_ipa());
	}
}

static void random_steps_agree_with_the_model(void **state)
{
	static void (*const steps[])(void) = {
		do_create, do_destroy, do_alloc, do_alloc, do_claim_device, do_free, do_map, do_map,
		do_map, do_map, do_unmap, do_protect, do_share, do_get, do_unshare, do_write,
		do_write, do_read,
	};
	const char *env = getenv("STEPS"), *from = getenv("SEED");
	uint64_t nr = env ? strtoull(env, NULL, 0) : 12000, free;

	(void)state;
	seed = from ? strtoull(from, NULL, 0) : 0x5eed;
	machine_up(RAM_SIZE);
	memset(&m, 0, sizeof(m));
	free = frames_stats(OWNER_FREE);
	for (uint64_t n = 0; n < nr; n++) {
		steps[rnd(ARRAY_SIZE(steps))]();
		compare(n % 32 == 0);
		if (n % 1024 == 0)
			machine_check();
	}
	for (uint32_t vm = 0; vm < NR_VMS; vm++)
		if (m.exists[vm])
			destroy(vm);
	assert_int_equal(hyp_pool_pages(), 0);
	assert_int_equal(frames_stats(OWNER_FREE), free);
	machine_check();
	print_message("%llu steps\n", (unsigned long long)nr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
