/* SPDX-License-Identifier: Apache-2.0 */
/* Stage 1 of the guests: identity map of 4 GiB, and one window of 4 KiB pages to play with. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* 2 MiB of VA at 8 GiB, page by page. */
#define MMU_WINDOW_VA    0x200000000ul
#define MMU_WINDOW_PAGES 512

#define PTE_VALID   1ul
#define PTE_PAGE    3ul
#define PTE_BLOCK   1ul
#define PTE_DEVICE  (0ul << 2)
#define PTE_NORMAL  (1ul << 2)
#define PTE_EL0     (1ul << 6)
#define PTE_RO      (1ul << 7)
#define PTE_SH_IS   (3ul << 8)
#define PTE_AF      (1ul << 10)
#define PTE_XN      (3ul << 53)

#define PTE_RAM     (PTE_NORMAL | PTE_SH_IS | PTE_AF)
#define PTE_MMIO    (PTE_DEVICE | PTE_AF | PTE_XN)

/* The first table: an entry for each GiB. */
extern uint64_t mmu_l1[512];

/* The descriptor of a page in the window; the caller writes it and does the maintenance. */
volatile uint64_t *mmu_window_pte(unsigned int page);

/* The window's 2 MiB entry, a table to start with. */
volatile uint64_t *mmu_window_block(void);

/* Invalidate one page's translation in the whole inner shareable domain. */
static inline void mmu_inval_is(uint64_t va)
{
	__asm__ volatile("dsb ishst; tlbi vaae1is, %0; dsb ish; isb" : : "r"(va >> 12) : "memory");
}

void mmu_tables_init(void);
