/* SPDX-License-Identifier: Apache-2.0 */
#include "vcpu/walk.h"

#include <arch/regs.h>

#define LAST_LEVEL  3u
#define DESC_TABLE  3u                  /* valid, and not a block */
#define DESC_ADDR   BITS(47, 12)

/* One of the two halves of the address space. */
struct walk {
	uint64_t table;                 /* where the table of this level is   */
	uint32_t page;                  /* log2 of the granule                */
	uint32_t level;
	uint32_t top;                   /* the first address bit not looked at */
};

/* TG0 and TG1 number the granules differently. */
static uint32_t granule_shift(uint64_t tcr, bool upper)
{
	static const uint8_t tg0[4] = { 12, 16, 14, 12 };
	static const uint8_t tg1[4] = { 12, 14, 12, 16 };

	return upper ? tg1[bits_get(TCR_TG1, tcr)] : tg0[bits_get(TCR_TG0, tcr)];
}

/* A table resolves page - 3 bits; the first one what is left. */
static uint32_t first_level(uint32_t va_bits, uint32_t page)
{
	uint32_t stride = page - 3, levels = 1;

	if (va_bits > page)
		levels = (va_bits - page + stride - 1) / stride;
	return LAST_LEVEL + 1 - MIN(levels, 4u);
}

static void begin(struct walk *k, const struct el1_walk *w, uint64_t va)
{
	bool upper = va & BIT(55);

	k->top = 64 - (uint32_t)bits_get(upper ? TCR_T1SZ : TCR_T0SZ, w->tcr);
	k->page = granule_shift(w->tcr, upper);
	k->level = first_level(k->top, k->page);
	k->table = (upper ? w->ttbr1 : w->ttbr0) & TTBR_BADDR;
}

static uint64_t descriptor_at(const struct walk *k, uint64_t va)
{
	uint32_t shift = k->page + (LAST_LEVEL - k->level) * (k->page - 3);
	uint64_t below = k->top < 64 ? va & (BIT(k->top) - 1) : va;

	return k->table + (below >> shift) * 8;
}

uint32_t walk_level(const struct el1_walk *w, uint64_t va, ipa_t page,
		    const struct walk_memory *mem)
{
	struct walk k;

	begin(&k, w, va);
	while (k.level < LAST_LEVEL) {
		uint64_t desc, at = descriptor_at(&k, va);

		if (align_down(at, PAGE_SIZE) == page.v || mem->read(mem->ctx, IPA(at), &desc))
			break;
		if (w->sctlr & SCTLR_EE)
			desc = __builtin_bswap64(desc);
		if ((desc & DESC_TABLE) != DESC_TABLE)
			break;
		k.table = align_down(desc & DESC_ADDR, UINT64_C(1) << k.page);
		k.top = k.page + (LAST_LEVEL - k.level) * (k.page - 3);
		k.level++;
	}
	return k.level;
}
