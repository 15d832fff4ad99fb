/* SPDX-License-Identifier: Apache-2.0 */
/* Is it safe to go over from the boot tables to the final ones while running? */
#pragma once

#include <stdint.h>

/* Of arch/arm64/boot_map.c: what boot.S loads. */
struct boot_mmu_regs {
	uint64_t mair, tcr, ttbr;
};
extern struct boot_mmu_regs boot_mmu_regs;

/**
 * boot_switch_check() - compare all that the boot tables map with the final tables
 * @where: the address that is wrong
 *
 * Return: how many leaves are in both; -1 some would need break-before-make, as
 *         size, address or type of memory differ.
 */
int boot_switch_check(uint64_t *where);
