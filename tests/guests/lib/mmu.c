/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/guest.h"
#include "lib/mmu.h"

#define GIB (1ul << 30)

uint64_t mmu_l1[512] __attribute__((aligned(4096)));
static uint64_t window_l2[512] __attribute__((aligned(4096)));
static uint64_t window_l3[MMU_WINDOW_PAGES] __attribute__((aligned(4096)));

/* Called by boot.S with the MMU off. */
void mmu_tables_init(void)
{
	mmu_l1[0] = PTE_MMIO | PTE_BLOCK;
	for (uint64_t i = 1; i < 4; i++)
		mmu_l1[i] = i * GIB | PTE_RAM | PTE_BLOCK;
	mmu_l1[MMU_WINDOW_VA / GIB] = (uintptr_t)window_l2 | PTE_PAGE;
	window_l2[0] = (uintptr_t)window_l3 | PTE_PAGE;
}

volatile uint64_t *mmu_window_pte(unsigned int page)
{
	return &window_l3[page];
}

volatile uint64_t *mmu_window_block(void)
{
	return &window_l2[0];
}

static unsigned int line_size(void)
{
	return 4u << ((read_sysreg(ctr_el0) >> 16) & 0xf);
}

void dcache_civac(const void *p, size_t size)
{
	uintptr_t line = line_size(), a = (uintptr_t)p & ~(line - 1);

	for (; a < (uintptr_t)p + size; a += line)
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

void code_sync(void *p, size_t size)
{
	uintptr_t line = line_size(), a = (uintptr_t)p & ~(line - 1);

	for (; a < (uintptr_t)p + size; a += line)
		__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish" ::: "memory");
	line = 4u << (read_sysreg(ctr_el0) & 0xf);
	for (a = (uintptr_t)p & ~(line - 1); a < (uintptr_t)p + size; a += line)
		__asm__ volatile("ic ivau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish; isb" ::: "memory");
}
