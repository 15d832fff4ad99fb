/* SPDX-License-Identifier: Apache-2.0 */
/* The walker against a plain model of what is mapped, page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include <arch/regs_mmu.h>
#include "core/lib/bits.h"
#include "mm/hyp_pool.h"
#include "mm/pgtable.h"
#include "tests/host/mm_machine.h"

#define ATTR_RW (PTE_AF | S2_PTE_READ | S2_PTE_WRITE | S2_PTE_MEMATTR_NORMAL | PTE_SH_INNER)
#define ATTR_RO (PTE_AF | S2_PTE_READ | S2_PTE_MEMATTR_NORMAL | PTE_SH_INNER)
#define ATTR_DEV (PTE_AF | S2_PTE_READ | S2_PTE_MEMATTR_DEVICE)

static struct pgtable pt;
static int allocs_left;            /* -1: no limit */
static unsigned int live_tables, invalidations;
static uint64_t last_addr, last_size, last_step;

static int table_alloc(void *ctx, pa_t *table)
{
	void *p;

	(void)ctx;
	if (allocs_left == 0)
		return -ENOMEM;
	if (allocs_left > 0)
		allocs_left--;
	assert_int_equal(hyp_alloc_pages(1, &p), 0);
	*table = hyp_pa(p);
	live_tables++;
	return 0;
}

static void table_free(void *ctx, pa_t table)
{
	(void)ctx;
	/* A removed entry that a TLB may still hold would lead here. */
	assert_int_equal(fake_counts.pending, 0);
	hyp_free_pages(hyp_va(table), 1);
	live_tables--;
}

static void invalidate(void *ctx, uint64_t addr, uint64_t size, uint64_t step)
{
	(void)ctx;
	arch_tlb_s2_range(0, IPA(addr), size, step);
	invalidations++;
	last_addr = addr;
	last_size = size;
	last_step = step;
}

static const struct pgtable_ops ops = { table_alloc, table_free, invalidate };

static void table_up(unsigned int in_bits)
{
	unsigned int level, roots;
	void *root;

	machine_up(64 * MIB);
	pgtable_geometry(in_bits, &level, &roots);
	assert_int_equal(hyp_alloc_pages(roots, &root), 0);
	pt = (struct pgtable){
		.ops = &ops, .root = hyp_pa(root), .start_level = (uint8_t)level,
		.nr_roots = (uint8_t)roots, .in_bits = (uint8_t)in_bits, .out_bits = 40,
		.max_leaf_level = 1, .soft_mask = S2_PTE_S2AP | S2_PTE_XN,
	};
	allocs_left = -1;
	live_tables = 0;
	invalidations = 0;
}

static uint64_t vtcr(void)
{
	return BITS_VAL(VTCR_EL2_T0SZ, 64u - pt.in_bits) |
	       BITS_VAL(VTCR_EL2_SL0, 2u - pt.start_level);
}

/* What the fake MMU, an independent walk, sees. */
static bool mmu(uint64_t addr, struct fake_xlat *x)
{
	return fake_s2_walk(pt.root.v, vtcr(), addr, x);
}

static void geometry_follows_the_input_size(void **state)
{
	unsigned int level, roots;

	(void)state;
	for (unsigned int bits = 31; bits <= 48; bits++) {
		pgtable_geometry(bits, &level, &roots);
		assert_true(level <= 1 && roots >= 1 && roots <= PGTABLE_MAX_ROOTS);
		/* the roots resolve exactly the bits that are left */
		assert_true(roots * 512 * pgtable_level_size(level) >= UINT64_C(1) << bits);
		if (roots > 1)
			assert_int_equal(roots * 512 * pgtable_level_size(level),
					 UINT64_C(1) << bits);
	}
}

static void the_last_address_of_every_geometry_works(void **state)
{
	(void)state;
	for (unsigned int bits = 32; bits <= 48; bits++) {
		uint64_t last = (UINT64_C(1) << bits) - 4096;
		struct fake_xlat x;

		table_up(bits);
		assert_int_equal(pgtable_map(&pt, last, PA(0x5000), 4096, ATTR_RW), 0);
		assert_int_equal(pgtable_map(&pt, 0, PA(0x6000), 4096, ATTR_RW), 0);
		assert_true(mmu(last + 8, &x));
		assert_int_equal(x.pa, 0x5008);
		assert_true(mmu(0x10, &x));
		assert_int_equal(x.pa, 0x6010);
		assert_int_equal(pgtable_map(&pt, last + 4096, PA(0), 4096, ATTR_RW), -EINVAL);
		assert_int_equal(pgtable_unmap(&pt, last, 4096), 0);
		assert_int_equal(pgtable_unmap(&pt, 0, 4096), 0);
		assert_false(mmu(last, &x));
		assert_int_equal(live_tables, 0);
		assert_int_equal(pt.nr_tables, 0);
	}
	machine_check();
}

static void the_largest_leaves_are_used(void **state)
{
	struct pgtable_leaf leaf;

	(void)state;
	table_up(40);
	assert_int_equal(pgtable_map(&pt, GIB, PA(2 * GIB), GIB, ATTR_RW), 0);
	assert_int_equal(live_tables, 0);
	assert_int_equal(pgtable_map(&pt, 4 * GIB, PA(2 * MIB), 2 * MIB, ATTR_RW), 0);
	assert_int_equal(live_tables, 1);
	/* not equal modulo 2 MiB: pages */
	assert_int_equal(pgtable_map(&pt, 4 * GIB + 2 * MIB, PA(4096), 2 * MIB, ATTR_RW), 0);
	assert_int_equal(live_tables, 2);
	/* page, blocks, page */
	assert_int_equal(pgtable_map(&pt, 8 * GIB - 4096, PA(2 * GIB - 4096), GIB + 8192, ATTR_RW),
			 0);
	assert_int_equal(pgtable_lookup(&pt, 8 * GIB - 1, &leaf), 0);
	assert_int_equal(leaf.size, 4096);
	assert_int_equal(leaf.pa.v, 2 * GIB - 1);
	assert_int_equal(pgtable_lookup(&pt, 8 * GIB + 5 * MIB, &leaf), 0);
	assert_int_equal(leaf.size, GIB);
	assert_int_equal(leaf.pa.v, 2 * GIB + 5 * MIB);
	assert_int_equal(leaf.attr, ATTR_RW);
	assert_int_equal(pgtable_lookup(&pt, 9 * GIB, &leaf), 0);
	assert_int_equal(leaf.size, 4096);
	/* mapping alone never needs an invalidation */
	assert_int_equal(invalidations, 0);
	assert_int_equal(pgtable_lookup(&pt, UINT64_C(1) << 40, &leaf), -EINVAL);
	assert_int_equal(pgtable_unmap(&pt, 0, 64 * GIB), 0);
	assert_int_equal(live_tables, 0);
}

static void bad_arguments_change_nothing(void **state)
{
	static const struct {
		uint64_t addr, pa, size;
	} bad[] = {
		{ 1, 0, 4096 }, { 0x800, 0, 4096 }, { 4095, 0, 4096 },
		{ 0, 1, 4096 }, { 0, 0x800, 4096 }, { 0, 0, 0 }, { 0, 0, 1 }, { 0, 0, 4097 },
		{ UINT64_C(1) << 40, 0, 4096 }, { (UINT64_C(1) << 40) - 4096, 0, 8192 },
		{ 0, 0, (UINT64_C(1) << 40) + 4096 }, { 4096, 0, 0xfffffffffffff000 },
		{ 0xfffffffffffff000, 0, 4096 }, { 0, UINT64_C(1) << 40, 4096 },
		{ 0, (UINT64_C(1) << 40) - 4096, 8192 }, { 0, 0xfffffffffffff000, 8192 },
	};

	(void)state;
	table_up(40);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		bool pa_only = !((bad[i].addr | bad[i].size) & 4095) && bad[i].size &&
			       bad[i].addr + bad[i].size <= UINT64_C(1) << 40 &&
			       bad[i].addr + bad[i].size >= bad[i].size;

		assert_int_equal(pgtable_map(&pt, bad[i].addr, PA(bad[i].pa), bad[i].size,
					     ATTR_RW), -EINVAL);
		if (pa_only)
			continue;
		assert_int_equal(pgtable_unmap(&pt, bad[i].addr, bad[i].size), -EINVAL);
		assert_int_equal(pgtable_protect(&pt, bad[i].addr, bad[i].size, ATTR_RW), -EINVAL);
	}
	/* attributes must not carry address or type bits */
	assert_int_equal(pgtable_map(&pt, 0, PA(0), 4096, ATTR_RW | 0x1000), -EINVAL);
	assert_int_equal(pgtable_map(&pt, 0, PA(0), 4096, ATTR_RW | 1), -EINVAL);
	assert_int_equal(live_tables, 0);
}

static void a_live_entry_is_never_replaced(void **state)
{
	struct pgtable_leaf leaf;

	(void)state;
	table_up(40);
	assert_int_equal(pgtable_map(&pt, 4 * MIB, PA(MIB), 4096, ATTR_RW), 0);
	assert_int_equal(pgtable_map(&pt, 4 * MIB, PA(MIB), 4096, ATTR_RW), -EEXIST);
	assert_int_equal(pgtable_map(&pt, 4 * MIB, PA(0), 2 * MIB, ATTR_RW), -EEXIST);
	assert_int_equal(pgtable_map(&pt, 0, PA(0), GIB, ATTR_RW), -EEXIST);
	assert_int_equal(pgtable_map(&pt, 2 * MIB, PA(MIB), 2 * MIB + 4096, ATTR_RW), -EEXIST);
	assert_int_equal(pgtable_lookup(&pt, 2 * MIB, &leaf), 0);
	assert_false(leaf.mapped);
	assert_int_equal(leaf.size, 2 * MIB);
	assert_int_equal(live_tables, 2);
	assert_int_equal(pgtable_map(&pt, GIB, PA(0), GIB, ATTR_RW), 0);
	assert_int_equal(pgtable_map(&pt, GIB + 12288, PA(0), 4096, ATTR_RW), -EEXIST);
	assert_int_equal(invalidations, 0);
}

static void no_memory_leaves_nothing_behind(void **state)
{
	struct fake_xlat x;

	(void)state;
	/* pages at the end of one 1 GiB region and the start of the next: 4 tables */
	for (int n = 0; n < 4; n++) {
		table_up(40);
		allocs_left = n;
		assert_int_equal(pgtable_map(&pt, GIB - 8192, PA(0x1000), 16384, ATTR_RW), -ENOMEM);
		assert_int_equal(live_tables, 0);
		assert_int_equal(pt.nr_tables, 0);
		assert_false(mmu(GIB - 8192, &x));
		assert_false(mmu(GIB, &x));
		allocs_left = -1;
		assert_int_equal(pgtable_map(&pt, GIB - 8192, PA(0x1000), 16384, ATTR_RW), 0);
		assert_int_equal(live_tables, 4);
		machine_check();
	}
}

static void a_split_block_maps_the_same(void **state)
{
	struct fake_xlat x;
	struct pgtable_leaf leaf;

	(void)state;
	table_up(40);
	assert_int_equal(pgtable_map(&pt, GIB, PA(3 * GIB), GIB, ATTR_RW), 0);
	assert_true(mmu(GIB + 0x12345678, &x));          /* now in the TLB, as 1 GiB */
	assert_int_equal(pgtable_unmap(&pt, GIB + 6 * MIB + 4096, 8192), 0);
	assert_int_equal(live_tables, 2);
	for (uint64_t a = 0; a < GIB; a += 4096 * 13) {
		bool gone = a >= 6 * MIB + 4096 && a < 6 * MIB + 12288;

		assert_int_equal(mmu(GIB + a, &x), !gone);
		if (!gone)
			assert_int_equal(x.pa, 3 * GIB + a);
	}
	assert_false(mmu(GIB + 6 * MIB + 4096, &x));
	assert_false(mmu(GIB + 6 * MIB + 8192, &x));
	assert_true(mmu(GIB + 6 * MIB + 12288, &x));
	assert_int_equal(pgtable_lookup(&pt, GIB + 8 * MIB, &leaf), 0);
	assert_int_equal(leaf.size, 2 * MIB);
	assert_int_equal(leaf.attr, ATTR_RW);
	machine_check();
}

static void a_split_without_memory_unmaps_nothing(void **state)
{
	struct fake_xlat x;

	(void)state;
	/* both ends inside blocks: 2 tables for the first end, 2 for the other */
	for (int n = 0; n < 4; n++) {
		table_up(40);
		assert_int_equal(pgtable_map(&pt, GIB, PA(3 * GIB), 2 * GIB, ATTR_RW), 0);
		allocs_left = n;
		assert_int_equal(pgtable_unmap(&pt, GIB + 4096, GIB), -ENOMEM);
		assert_int_equal(pgtable_protect(&pt, GIB + 4096, GIB, ATTR_RO), -ENOMEM);
		for (uint64_t a = 0; a < 2 * GIB; a += 77 * 4096) {
			assert_true(mmu(GIB + a, &x));
			assert_int_equal(x.pa, 3 * GIB + a);
			assert_int_equal(x.desc & S2_PTE_WRITE, S2_PTE_WRITE);
		}
		machine_check();
	}
}

static void tables_are_freed_after_the_invalidation(void **state)
{
	struct fake_xlat x;

	(void)state;
	table_up(40);
	/* table_free() asserts it; here that tables go when, and only when, empty */
	assert_int_equal(pgtable_map(&pt, 0, PA(0x1000), 4 * MIB, ATTR_RW), 0);
	assert_int_equal(live_tables, 3);
	assert_true(mmu(0, &x));
	assert_int_equal(pgtable_unmap(&pt, 0, 2 * MIB - 4096), 0);
	assert_int_equal(live_tables, 3);
	assert_false(mmu(0, &x));
	assert_int_equal(last_addr, 0);
	assert_int_equal(last_size, 2 * MIB - 4096);
	assert_int_equal(last_step, 4096);
	assert_int_equal(pgtable_unmap(&pt, 2 * MIB - 4096, 4096), 0);
	assert_int_equal(live_tables, 2);
	assert_int_equal(pgtable_unmap(&pt, 0, 4 * MIB), 0);
	assert_int_equal(live_tables, 0);
	invalidations = 0;
	assert_int_equal(pgtable_unmap(&pt, 0, 4 * MIB), 0);
	assert_int_equal(invalidations, 0);
	/* where a table was, a block can be */
	assert_int_equal(pgtable_map(&pt, 0, PA(0), 2 * MIB, ATTR_RW), 0);
	assert_int_equal(live_tables, 1);
	machine_check();
}

static void leaves_of_all_sizes_leave_the_tlbs(void **state)
{
	struct fake_xlat x;

	(void)state;
	table_up(40);
	assert_int_equal(pgtable_map(&pt, GIB, PA(2 * GIB), GIB, ATTR_RW), 0);
	assert_int_equal(pgtable_map(&pt, 2 * GIB, PA(3 * GIB), 2 * MIB, ATTR_RW), 0);
	assert_int_equal(pgtable_map(&pt, 2 * GIB + 2 * MIB, PA(0), 16384, ATTR_RW), 0);
	assert_true(mmu(GIB + 7, &x) && mmu(2 * GIB + 7, &x));
	for (uint64_t a = 0; a < 16384; a += 4096)
		assert_true(mmu(2 * GIB + 2 * MIB + a, &x));
	assert_int_equal(pgtable_unmap(&pt, 2 * GIB, 4 * MIB), 0);
	for (uint64_t a = 0; a < 16384; a += 4096)
		assert_false(mmu(2 * GIB + 2 * MIB + a, &x));
	assert_false(mmu(2 * GIB + 7, &x));
	assert_true(mmu(GIB + 7, &x));
	assert_int_equal(pgtable_unmap(&pt, 0, 4 * GIB), 0);
	assert_false(mmu(GIB + 7, &x));
	machine_check();
}

static void pinned_tables_stay(void **state)
{
	(void)state;
	table_up(48);
	pt.pinned_level = 1;
	assert_int_equal(pgtable_map(&pt, 0, PA(0x1000), 4096, ATTR_RW), 0);
	assert_int_equal(live_tables, 3);
	assert_int_equal(pgtable_unmap(&pt, 0, 4096), 0);
	assert_int_equal(live_tables, 1);
}

static void permissions_change_in_place_kinds_by_break_before_make(void **state)
{
	struct fake_xlat x;

	(void)state;
	table_up(40);
	assert_int_equal(pgtable_map(&pt, 0, PA(4 * MIB), 6 * MIB, ATTR_RW), 0);
	assert_true(mmu(2 * MIB, &x));
	assert_int_equal(pgtable_protect(&pt, 2 * MIB, 8192, ATTR_RO), 0);
	assert_true(mmu(2 * MIB, &x));
	assert_int_equal(x.desc & S2_PTE_S2AP, S2_PTE_READ);
	assert_int_equal(x.size, 4096);
	assert_true(mmu(2 * MIB + 8192, &x));
	assert_int_equal(x.desc & S2_PTE_S2AP, S2_PTE_READ | S2_PTE_WRITE);
	/* the fake counts a violation if a live entry changes its memory type */
	assert_int_equal(pgtable_protect(&pt, 0, 6 * MIB, ATTR_DEV), 0);
	for (uint64_t a = 0; a < 6 * MIB; a += 4096) {
		assert_true(mmu(a, &x));
		assert_int_equal(x.desc & S2_PTE_MEMATTR, S2_PTE_MEMATTR_DEVICE);
		assert_int_equal(x.pa, 4 * MIB + a);
	}
	assert_int_equal(pgtable_protect(&pt, 4 * MIB, 4 * MIB, ATTR_RW), -ENOENT);
	assert_true(mmu(4 * MIB, &x));
	assert_int_equal(x.desc & S2_PTE_MEMATTR, S2_PTE_MEMATTR_DEVICE);
	machine_check();
}

static void the_path_names_every_table(void **state)
{
	pa_t path[PGTABLE_LEVELS];

	(void)state;
	table_up(42);
	assert_int_equal(pt.nr_roots, 8);
	assert_int_equal(pgtable_map(&pt, 513 * GIB, PA(0x1000), 4096, ATTR_RW), 0);
	assert_int_equal(pgtable_path(&pt, 513 * GIB, path), 3);
	assert_int_equal(path[0].v, pt.root.v + 4096);
	assert_int_equal(pgtable_path(&pt, 0, path), 1);
	assert_int_equal(path[0].v, pt.root.v);
}

/* ---- random operations against a model ---- */

#define MODEL_PAGES 4096u              /* 16 MiB across a 1 GiB border */
#define MODEL_BASE  (GIB - 8 * MIB)

static uint64_t model[MODEL_PAGES];    /* pa | 1 writable | 2 mapped */

static bool model_has(unsigned int first, unsigned int nr, bool mapped)
{
	for (unsigned int i = first; i < first + nr; i++)
		if (!!(model[i] & 2) == mapped)
			return true;
	return false;
}

static void model_op(unsigned int first, unsigned int nr)
{
	uint64_t addr = MODEL_BASE + first * 4096u, size = nr * 4096u;
	uint64_t pa = rand() % 3 ? 2 * GIB + addr : 5 * GIB + first * 4096u + 4096;
	int want, op = rand() % 5;

	if (op < 2) {
		want = model_has(first, nr, true) ? -EEXIST : 0;
		assert_int_equal(pgtable_map(&pt, addr, PA(pa), size, ATTR_RW), want);
		for (unsigned int i = 0; !want && i < nr; i++)
			model[first + i] = (pa + i * 4096) | 3;
	} else if (op < 4) {
		assert_int_equal(pgtable_unmap(&pt, addr, size), 0);
		memset(&model[first], 0, nr * sizeof(model[0]));
	} else {
		want = model_has(first, nr, false) ? -ENOENT : 0;
		assert_int_equal(pgtable_protect(&pt, addr, size, ATTR_RO), want);
		for (unsigned int i = 0; !want && i < nr; i++)
			model[first + i] &= ~UINT64_C(1);
	}
}

static void model_compare(void)
{
	struct fake_xlat x;

	for (unsigned int i = 0; i < MODEL_PAGES; i++) {
		bool mapped = mmu(MODEL_BASE + i * 4096u, &x);

		assert_int_equal(mapped, !!(model[i] & 2));
		if (!mapped)
			continue;
		assert_int_equal(x.pa, model[i] & ~UINT64_C(0xfff));
		assert_int_equal(!!(x.desc & S2_PTE_WRITE), model[i] & 1);
	}
}

static void random_operations_match_a_plain_model(void **state)
{
	(void)state;
	srand(7);
	table_up(40);
	memset(model, 0, sizeof(model));
	for (unsigned int round = 0; round < 600; round++) {
		unsigned int unit = rand() % 2 ? 1 : 512;
		unsigned int first = (unsigned int)rand() % (MODEL_PAGES / unit) * unit;
		unsigned int nr = ((unsigned int)rand() % (unit == 1 ? 600 : 4) + 1) * unit;

		if (rand() % 4 == 0)
			nr = 1 + (unsigned int)rand() % 4;
		model_op(first, MIN(nr, MODEL_PAGES - first));
		if (round % 8 == 0)
			model_compare();
		assert_int_equal(fake_counts.violations, 0);
	}
	assert_int_equal(pgtable_unmap(&pt, MODEL_BASE, MODEL_PAGES * 4096u), 0);
	assert_int_equal(live_tables, 0);
	machine_check();
}

/* ---- all sequences of a few operations on four units, against one word for each ---- */

#define UNITS    4u
#define NR_VERBS 4u
#define NR_OPS   (NR_VERBS * 10)

enum verb { MAP_RW, MAP_RO, PROTECT_RO, UNMAP };

static uint64_t unit, units_at;      /* bytes of a unit; where the first is        */
static uint64_t flat[UNITS];         /* what each is mapped with, 0: not           */

static bool fails(enum verb v, uint32_t from, uint32_t to, int *want)
{
	*want = 0;
	for (uint32_t i = from; i < to; i++) {
		if (v <= MAP_RO && flat[i])
			*want = -EEXIST;
		if (v == PROTECT_RO && !flat[i])
			*want = -ENOENT;
	}
	return *want;
}

/* Operation nr, on both: one of the verbs on one of the ten ranges. */
static void operate(uint32_t nr)
{
	uint32_t from = 0, range = nr / NR_VERBS, to;
	enum verb v = (enum verb)(nr % NR_VERBS);
	uint64_t attr = v == MAP_RW ? ATTR_RW : ATTR_RO, addr, size;
	int want, got;

	for (; range >= UNITS - from; from++)
		range -= UNITS - from;
	to = from + 1 + range;
	addr = units_at + from * unit;
	size = (to - from) * unit;
	if (v == UNMAP)
		got = pgtable_unmap(&pt, addr, size);
	else if (v == PROTECT_RO)
		got = pgtable_protect(&pt, addr, size, attr);
	else
		got = pgtable_map(&pt, addr, PA(addr + GIB), size, attr);
	if (!fails(v, from, to, &want))
		for (uint32_t i = from; i < to; i++)
			flat[i] = v == UNMAP ? 0 : attr;
	assert_int_equal(got, want);
}

/* At both ends of each unit, and beside them all: what was asked for, and nothing else. */
static void compare(void)
{
	bool any = false;

	for (uint32_t i = 0; i < 2 * UNITS; i++) {
		uint64_t addr = units_at + i / 2 * unit + (i & 1 ? unit - 8 : 0);
		struct fake_xlat x;

		any |= flat[i / 2] != 0;
		assert_int_equal(mmu(addr, &x), flat[i / 2] != 0);
		if (!flat[i / 2])
			continue;
		assert_int_equal(x.pa, addr + GIB);
		assert_int_equal(x.desc & ATTR_RW, flat[i / 2]);
	}
	assert_false(mmu(units_at - 8, &(struct fake_xlat){ 0 }));
	assert_false(mmu(units_at + UNITS * unit, &(struct fake_xlat){ 0 }));
	/* One table of 2 MiB entries, and below it one for each side of the middle. */
	assert_int_equal(live_tables, pt.nr_tables);
	assert_in_range(live_tables, any, any ? 3 : 0);
}

static void sequences(uint64_t size, uint64_t at, uint32_t length)
{
	uint32_t nr = 1;

	table_up(40);
	unit = size;
	units_at = at;
	for (uint32_t i = 0; i < length; i++)
		nr *= NR_OPS;
	for (uint32_t s = 0; s < nr; s++) {
		for (uint32_t i = 0, rest = s; i < length; i++, rest /= NR_OPS) {
			operate(rest % NR_OPS);
			compare();
		}
		assert_int_equal(pgtable_unmap(&pt, at, UNITS * size), 0);
		memset(flat, 0, sizeof(flat));
		compare();
	}
	machine_check();
}

/* Pages on both sides of where one table ends and the next begins. */
static void all_sequences_of_three_on_four_pages(void **state)
{
	(void)state;
	sequences(4096, 8 * MIB - 2 * 4096, 3);
}

/* Halves of two blocks, which are merged by being mapped as one, and split. */
static void all_sequences_of_two_on_halves_of_blocks(void **state)
{
	(void)state;
	sequences(MIB, 8 * MIB, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometry_follows_the_input_size),
		cmocka_unit_test(the_last_address_of_every_geometry_works),
		cmocka_unit_test(the_largest_leaves_are_used),
		cmocka_unit_test(bad_arguments_change_nothing),
		cmocka_unit_test(a_live_entry_is_never_replaced),
		cmocka_unit_test(no_memory_leaves_nothing_behind),
		cmocka_unit_test(a_split_block_maps_the_same),
		cmocka_unit_test(a_split_without_memory_unmaps_nothing),
		cmocka_unit_test(tables_are_freed_after_the_invalidation),
		cmocka_unit_test(leaves_of_all_sizes_leave_the_tlbs),
		cmocka_unit_test(pinned_tables_stay),
		cmocka_unit_test(permissions_change_in_place_kinds_by_break_before_make),
		cmocka_unit_test(the_path_names_every_table),
		cmocka_unit_test(random_operations_match_a_plain_model),
		cmocka_unit_test(all_sequences_of_three_on_four_pages),
		cmocka_unit_test(all_sequences_of_two_on_halves_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
