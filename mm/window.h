/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows: how EL2 reaches a frame that it does not map, for a moment, on this
 * pCPU only. Opening masks interrupts, closing restores them, so nobody else
 * on this pCPU sees the window and no thread moves with one open. Keep them
 * short: copy at most 4 KiB, zero at most WINDOW_CHUNK, then close. Two that are
 * open at once are closed in reverse order.
 */
#pragma once

#include <stdint.h>

#include <arch/hyp_ptr.h>
#include <arch/layout.h>
#include <arch/mmu.h>
#include <arch/regs_mmu.h>
#include "core/lib/bits.h"
#include "core/lib/space.h"
#include "core/lib/types.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "mm/el2_map.h"

#define WINDOW_SLOTS 2                     /* of 4 KiB, beside the block window */
#define WINDOW_SLOT_COPY  0                /* copies to and from guests             */
#define WINDOW_SLOT_SCRUB 1
#define WINDOW_CHUNK UINT64_C(0x10000)     /* most to zero or clean in one go   */

/* Slot 0 and 1, and above them the block window. */
#define WINDOW_PAGE_VA(slot) (HYP_WINDOW_VA + (slot) * PAGE_SIZE)
#define WINDOW_BLOCK_VA      (HYP_WINDOW_VA + UINT64_C(0x200000))

struct window {
	va_t va;
	uint64_t *pte;
	uint64_t flags;
};

/**
 * window_open() - map one frame read-write, cacheable, never executable
 * @w:    filled in, for window_close()
 * @slot: 0 or 1, closed; two frames can be open at a time
 * @pa:   4 KiB aligned (panics if not): RAM that the caller keeps alive
 *
 * Return: its first byte.
 */
void __guest *window_open(struct window *w, unsigned int slot, pa_t pa);

/* The same for 2 MiB, aligned to 2 MiB, all of it owned alike; one at a time. */
void __guest *window_open_block(struct window *w, pa_t pa);

/* Unmap, drop this pCPU's translation, restore the interrupt mask. */
void window_close(struct window *w);

/* ---- the same with interrupts masked already: in line, for copies of few bytes ---- */

/* Fixed once the pCPU is up; what the entries hold is that pCPU's alone. */
extern struct window_entries {
	uint64_t *page_ptes;
	uint64_t *block_pte;
} window_entries[MAX_PCPUS];

static inline __attribute__((always_inline))
void __guest *window_fill(struct window *w, uint64_t *pte, va_t va, uint64_t desc)
{
	BUG_ON(*pte & PTE_VALID);
	w->pte = pte;
	w->va = va;
	/* The entry was invalid, so no TLB holds it. */
	arch_pte_write(pte, desc | EL2_RW | PTE_VALID);
	return (void __guest *)arch_va_to_ptr(va);
}

static inline __attribute__((always_inline))
void __guest *window_open_masked(struct window *w, unsigned int slot, pa_t pa)
{
	BUG_ON(slot >= WINDOW_SLOTS || !is_aligned(pa.v, PAGE_SIZE));
	return window_fill(w, &window_entries[cpu_self()].page_ptes[slot],
			   VA(WINDOW_PAGE_VA(slot)), pa.v | PTE_PAGE);
}

static inline __attribute__((always_inline))
void window_close_masked(struct window *w)
{
	/* The TLBI has the barrier before it. */
	arch_pte_write_relaxed(w->pte, 0);
	arch_tlb_el2_va_local(w->va);
}

/**
 * window_scrub() - zero RAM and clean it to the point of coherency
 * @pa:   4 KiB aligned
 * @size: multiple of 4 KiB; whole 2 MiB blocks inside are taken as such
 *
 * WINDOW_CHUNK at a time, interrupts as the caller has them in between.
 */
void window_scrub(pa_t pa, uint64_t size);

/* The same for what only EL2 reads: zero in the caches. */
void window_zero(pa_t pa, uint64_t size);

/* ---- for mm/el2_map.c: a pCPU's window entries, once they exist ---- */
void window_cpu_init(uint32_t cpu_idx, uint64_t *page_ptes, uint64_t *block_pte);
