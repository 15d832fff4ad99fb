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

static struct {
	/* fixed once the pCPU is up; the entries are that pCPU's alone */
	uint64_t *page_ptes;
	uint64_t *block_pte;
} cpu_windows[MAX_PCPUS];

void window_cpu_init(uint32_t cpu_idx, uint64_t *page_ptes, uint64_t *block_pte)
{
	cpu_windows[cpu_idx].page_ptes = page_ptes;
	cpu_windows[cpu_idx].block_pte = block_pte;
}

static void __guest *open_entry(struct window *w, uint64_t *pte, va_t va, uint64_t desc)
{
	BUG_ON(*pte & PTE_VALID);
	w->pte = pte;
	w->va = va;
	/* The entry was invalid, so no TLB holds it. */
	arch_pte_write(pte, desc | EL2_RW | PTE_VALID);
	return (void __guest *)arch_va_to_ptr(va);
}

void __guest *window_open(struct window *w, unsigned int slot, pa_t pa)
{
	BUG_ON(slot >= WINDOW_SLOTS || !is_aligned(pa.v, PAGE_SIZE));
	w->flags = arch_irq_save();
	return open_entry(w, &cpu_windows[cpu_self()].page_ptes[slot],
			  VA(WINDOW_PAGE_VA(slot)), pa.v | PTE_PAGE);
}

void __guest *window_open_block(struct window *w, pa_t pa)
{
	BUG_ON(!is_aligned(pa.v, order_size(FRAMES_ORDER_2M)));
	w->flags = arch_irq_save();
	return open_entry(w, cpu_windows[cpu_self()].block_pte, VA(WINDOW_BLOCK_VA), pa.v);
}

void window_close(struct window *w)
{
	arch_pte_write(w->pte, 0);
	arch_tlb_el2_va_local(w->va);
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
