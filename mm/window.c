/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/window.h"

#include <stdbool.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/hyp_ptr.h>
#include <arch/mmu.h>
#include <arch/regs_mmu.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "mm/el2_map.h"
#include "mm/frames.h"

struct window_entries window_entries[MAX_PCPUS];

void window_cpu_init(uint32_t cpu_idx, uint64_t *page_ptes, uint64_t *block_pte)
{
	window_entries[cpu_idx].page_ptes = page_ptes;
	window_entries[cpu_idx].block_pte = block_pte;
}

void __guest *window_open(struct window *w, unsigned int slot, pa_t pa)
{
	w->flags = arch_irq_save();
	return window_open_masked(w, slot, pa);
}

void __guest *window_open_block(struct window *w, pa_t pa)
{
	BUG_ON(!is_aligned(pa.v, order_size(FRAMES_ORDER_2M)));
	w->flags = arch_irq_save();
	return window_fill(w, window_entries[cpu_self()].block_pte, VA(WINDOW_BLOCK_VA), pa.v);
}

void window_close(struct window *w)
{
	window_close_masked(w);
	arch_irq_restore(w->flags);
}

/*
 * Zeroes in the cache only would leave the old contents to a guest that reads
 * past it: hence the clean.
 */
static void clear(void __guest *p, uint64_t size, bool clean)
{
	arch_zero_pages((__force void *)p, size);
	if (clean)
		arch_dcache_clean_inval_poc((__force void *)p, size);
}

static void clear_block(pa_t pa, bool clean)
{
	struct window w;

	for (uint64_t off = 0; off < order_size(FRAMES_ORDER_2M); off += WINDOW_CHUNK) {
		clear((char __guest *)window_open_block(&w, pa) + off, WINDOW_CHUNK, clean);
		window_close(&w);
	}
}

static void clear_page(pa_t pa, bool clean)
{
	struct window w;

	clear(window_open(&w, WINDOW_SLOT_SCRUB, pa), PAGE_SIZE, clean);
	window_close(&w);
}

static void clear_range(pa_t pa, uint64_t size, bool clean)
{
	uint64_t block = order_size(FRAMES_ORDER_2M), step;

	for (; size; size -= step, pa = pa_add(pa, step)) {
		step = is_aligned(pa.v, block) && size >= block ? block : PAGE_SIZE;
		if (step == block)
			clear_block(pa, clean);
		else
			clear_page(pa, clean);
	}
}

void window_scrub(pa_t pa, uint64_t size)
{
	clear_range(pa, size, true);
}

void window_zero(pa_t pa, uint64_t size)
{
	clear_range(pa, size, false);
}
