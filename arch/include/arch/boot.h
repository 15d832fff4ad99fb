/* SPDX-License-Identifier: Apache-2.0 */
/* Boot tables, secondary pCPUs, switching to the final tables. docs/boot.md */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"

struct percpu;

/* By linker.ld: the image and its parts, each of whole pages. */
extern char __image_start[], __image_end[], __text_start[], __text_end[];
/* Where C code begins, which has landing pads for indirect branches. */
extern char __text_checked[];
extern char __rodata_start[], __rodata_end[], __data_start[];

/* By boot.S: the end of the boot stack, and where a secondary pCPU enters. */
extern char boot_stack_top[], secondary_start[];

/* The first tables; called with the MMU off, at physical addresses. */
void boot_map_build(uint64_t image_pa);

/*
 * Slots of 1 GiB, at BOOT_SLOT_VA, that the boot tables have beside the image, for what must be
 * reached before the final tables exist. Up to 512 blocks of 2 MiB each.
 */
enum boot_slot { BOOT_SLOT_IO, BOOT_SLOT_BLOB };

/**
 * boot_map_block() - map what holds a physical address by the boot tables
 * @slot: BOOT_SLOT_IO (device memory) or BOOT_SLOT_BLOB (normal, read-write)
 * @pa:   any address
 * @size: bytes, at most 2 MiB
 *
 * Each call replaces the slot's earlier mapping.
 *
 * Return: the virtual address of pa.
 */
va_t boot_map_block(enum boot_slot slot, pa_t pa, uint64_t size);

/*
 * Go over to other EL2 tables. What both map they map by leaves of one size, to one
 * address, as one type of memory: only permissions may differ. See boot_map.c.
 */
void arch_el2_switch_tables(pa_t root);

/* The virtual address at which the final tables' root is kept for secondaries. */
struct smp_mailbox {
	_Atomic uint64_t mpidr;      /* affinity of who is called; ~0: nobody  */
	uint64_t ttbr;               /* layout known to boot.S                 */
	uint64_t stack;
	struct percpu *percpu;
};
extern struct smp_mailbox smp_mailbox;

/* Where the image lies; before boot_secondary_entry(). */
void boot_set_image_base(pa_t pa);

/* Physical address at which a secondary pCPU enters. */
pa_t boot_secondary_entry(void);

/* The entry function of a secondary, on the floor above. Interrupts masked. */
void smp_secondary_main(void) __attribute__((noreturn));

/* Entry of the boot pCPU: physical addresses of the board's tree and of the image. */
void hyp_main(uint64_t fdt_pa, uint64_t image_pa) __attribute__((noreturn));
