/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first EL2 tables: the image at its link address, and the page that turns
 * the MMU on where it lies physically. They serve until the final tables are
 * made, and each secondary pCPU on its way in. boot_map_build() runs with the
 * MMU off: no absolute address may be used in it.
 *
 * TTBR0_EL2 goes over to the final tables while code runs by it, so TLBs hold
 * entries of both for a moment. Where both map an address, they agree in all that
 * needs break-before-make: the image is in pages here too, and only permissions
 * change; all else that is mapped here is at addresses of its own.
 */
#include <arch/boot.h>

#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/layout.h>
#include <arch/mmu.h>
#include <arch/regs_mmu.h>
#include "core/lib/bits.h"

#define ENTRIES    512
#define BLOCK_SIZE (UINT64_C(1) << 21)
#define SECTION    __attribute__((section(".boot.bss"), aligned(4096)))

static struct {
	uint64_t l0[ENTRIES];
	uint64_t l1_image[ENTRIES];            /* the hypervisor's 512 GiB       */
	uint64_t l1_ident[ENTRIES];
	uint64_t l2_ident[ENTRIES];
	uint64_t l2_image[ENTRIES];
	uint64_t l3_image[ENTRIES];            /* 2 MiB: linker.ld allows half   */
	uint64_t l2_slot[2][ENTRIES];
} boot SECTION;

/* What boot.S loads before it turns the MMU on. */
struct boot_mmu_regs {
	uint64_t mair;
	uint64_t tcr;
	uint64_t ttbr;
};
struct boot_mmu_regs boot_mmu_regs __attribute__((section(".boot.bss"), aligned(16)));

struct smp_mailbox smp_mailbox = { .mpidr = ~UINT64_C(0) };

static uint64_t image_base;                    /* PA of the image's first byte   */

#define BLOCK_NORMAL (PTE_VALID | PTE_AF | PTE_SH_INNER | PTE_ATTR_NORMAL)
#define BLOCK_DEVICE (PTE_VALID | PTE_AF | PTE_XN | PTE_ATTR_DEVICE)

static unsigned int index_of(uint64_t va, unsigned int level)
{
	return (va >> (39 - 9 * level)) & (ENTRIES - 1);
}

static uint64_t table_desc(const void *table)
{
	return (uintptr_t)table | PTE_TABLE | PTE_VALID;
}

/* Stores went round the caches; a line that was in one must not be seen later. */
static void drop_stale(const void *p, uint64_t size)
{
	uint64_t line = UINT64_C(4) << bits_get(CTR_EL0_DMINLINE, read_sysreg(ctr_el0));

	for (uint64_t a = align_down((uintptr_t)p, line); a < (uintptr_t)p + size; a += line)
		__asm__ volatile("dc ivac, %0" :: "r"(a) : "memory");
	arch_dsb_sy();
}

void boot_map_build(uint64_t image_pa)
{
	uint64_t size = (uint64_t)(__image_end - __image_start);

	/* Not by memset(), which may be anything. */
	for (uint64_t *p = (uint64_t *)&boot; p < (uint64_t *)(&boot + 1); p += 8)
		__asm__ volatile("stp xzr, xzr, [%0]\n\tstp xzr, xzr, [%0, #16]\n\t"
				 "stp xzr, xzr, [%0, #32]\n\tstp xzr, xzr, [%0, #48]"
				 :: "r"(p) : "memory");

	boot.l0[index_of(image_pa, 0)] = table_desc(boot.l1_ident);
	boot.l1_ident[index_of(image_pa, 1)] = table_desc(boot.l2_ident);
	boot.l2_ident[index_of(image_pa, 2)] = image_pa | BLOCK_NORMAL;

	boot.l0[index_of(HYP_IMAGE_VA, 0)] = table_desc(boot.l1_image);
	boot.l1_image[index_of(HYP_IMAGE_VA, 1)] = table_desc(boot.l2_image);
	boot.l2_image[index_of(HYP_IMAGE_VA, 2)] = table_desc(boot.l3_image);
	for (uint64_t off = 0; off < size; off += PAGE_SIZE)
		boot.l3_image[off / PAGE_SIZE] = (image_pa + off) | BLOCK_NORMAL | PTE_PAGE;
	for (unsigned int i = 0; i < ARRAY_SIZE(boot.l2_slot); i++)
		boot.l1_image[index_of(BOOT_SLOT_VA, 1) + i] = table_desc(boot.l2_slot[i]);

	boot_mmu_regs.mair = MAIR_EL2_HYP;
	boot_mmu_regs.tcr = TCR_EL2_HYP | BITS_VAL(TCR_EL2_PS,
		ps_of_pa_bits(arch_pa_bits()));
	boot_mmu_regs.ttbr = (uintptr_t)boot.l0;
	drop_stale(&boot, sizeof(boot));
	drop_stale(&boot_mmu_regs, sizeof(boot_mmu_regs));
}

va_t boot_map_block(enum boot_slot slot, pa_t pa, uint64_t size)
{
	uint64_t va = BOOT_SLOT_VA + ((uint64_t)slot << 30);
	uint64_t first = align_down(pa.v, BLOCK_SIZE);
	uint64_t attr = slot == BOOT_SLOT_IO ? BLOCK_DEVICE : BLOCK_NORMAL | PTE_XN;

	for (unsigned int i = 0; first + i * BLOCK_SIZE < pa.v + size; i++) {
		arch_pte_write(&boot.l2_slot[slot][i], 0);
		arch_tlb_el2_va_local(VA(va + i * BLOCK_SIZE));
		arch_pte_write(&boot.l2_slot[slot][i], (first + i * BLOCK_SIZE) | attr);
	}
	return VA(va + (pa.v - first));
}

void arch_el2_switch_tables(pa_t root)
{
	arch_dsb_ish();
	write_sysreg(ttbr0_el2, root.v);
	arch_isb();
	__asm__ volatile("tlbi alle2\n\tdsb nsh\n\tisb" ::: "memory");
}

void boot_set_image_base(pa_t pa)
{
	image_base = pa.v;
}

pa_t boot_secondary_entry(void)
{
	return PA(image_base + (uint64_t)(secondary_start - __image_start));
}
