/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first EL2 tables: the image at its link address, and the page that turns
 * the MMU on where it lies physically. They serve until the final tables are
 * made, and each secondary pCPU on its way in. boot_map_build() runs with the
 * MMU off: no absolute address may be used in it.
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

static uint64_t l0[ENTRIES] SECTION;
static uint64_t l1_image[ENTRIES] SECTION;     /* the hypervisor's 512 GiB       */
static uint64_t l1_ident[ENTRIES] SECTION;
static uint64_t l2_ident[ENTRIES] SECTION;
static uint64_t l2_image[ENTRIES] SECTION;
static uint64_t l2_slot[2][ENTRIES] SECTION;

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

static void clear(uint64_t *table)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		((volatile uint64_t *)table)[i] = 0;
}

/* Stores went round the caches; a line that was in one must not be seen later. */
static void drop_stale(const void *p, uint64_t size)
{
	for (uint64_t a = (uintptr_t)p; a < (uintptr_t)p + size; a += 16)
		__asm__ volatile("dc ivac, %0" :: "r"(a) : "memory");
	arch_dsb_sy();
}

void boot_map_build(uint64_t image_pa)
{
	uint64_t size = (uint64_t)(__image_end - __image_start);

	clear(l0);
	clear(l1_image);
	clear(l1_ident);
	clear(l2_ident);
	clear(l2_image);
	clear(l2_slot[0]);
	clear(l2_slot[1]);

	l0[index_of(image_pa, 0)] = table_desc(l1_ident);
	l1_ident[index_of(image_pa, 1)] = table_desc(l2_ident);
	l2_ident[index_of(image_pa, 2)] = image_pa | BLOCK_NORMAL;

	l0[index_of(HYP_IMAGE_VA, 0)] = table_desc(l1_image);
	l1_image[index_of(HYP_IMAGE_VA, 1)] = table_desc(l2_image);
	l1_image[index_of(HYP_IO_VA, 1)] = table_desc(l2_slot[BOOT_SLOT_IO]);
	l1_image[index_of(HYP_BLOB_VA, 1)] = table_desc(l2_slot[BOOT_SLOT_BLOB]);
	for (uint64_t off = 0; off < size; off += BLOCK_SIZE)
		l2_image[off / BLOCK_SIZE] = (image_pa + off) | BLOCK_NORMAL;

	boot_mmu_regs.mair = MAIR_EL2_HYP;
	boot_mmu_regs.tcr = TCR_EL2_HYP | BITS_VAL(TCR_EL2_PS,
		ps_of_pa_bits(arch_pa_bits()));
	boot_mmu_regs.ttbr = (uintptr_t)l0;
	drop_stale(l0, sizeof(l0));
	drop_stale(l1_image, sizeof(l1_image));
	drop_stale(l1_ident, sizeof(l1_ident));
	drop_stale(l2_ident, sizeof(l2_ident));
	drop_stale(l2_image, sizeof(l2_image));
	drop_stale(l2_slot, sizeof(l2_slot));
	drop_stale(&boot_mmu_regs, sizeof(boot_mmu_regs));
}

va_t boot_map_block(enum boot_slot slot, pa_t pa, uint64_t size)
{
	uint64_t va = slot == BOOT_SLOT_IO ? HYP_IO_VA : HYP_BLOB_VA;
	uint64_t first = align_down(pa.v, BLOCK_SIZE);
	uint64_t attr = slot == BOOT_SLOT_IO ? BLOCK_DEVICE : BLOCK_NORMAL | PTE_XN;

	for (unsigned int i = 0; first + i * BLOCK_SIZE < pa.v + size; i++) {
		arch_pte_write(&l2_slot[slot][i], 0);
		arch_tlb_el2_va_local(VA(va + i * BLOCK_SIZE));
		arch_pte_write(&l2_slot[slot][i], (first + i * BLOCK_SIZE) | attr);
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
