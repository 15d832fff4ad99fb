/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small model of the machine below mm/: banks of physical memory, the two
 * translation regimes of EL2 with their TLBs, and a watch on the rules that
 * hardware does not forgive.
 *
 * - A pointer that mm/ gets is what the EL2 tables say, walked as an MMU would,
 *   by code that shares nothing with mm/pgtable.c. A missing map is a fault, a
 *   missing TLB invalidation shows the old frame.
 * - Replacing a valid entry by another valid one that differs in more than
 *   permissions, and making an entry valid again before a TLB invalidation
 *   followed its removal, are violations.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/mmu.h>

/* Forget everything: banks, TLBs, root, counters. */
void fake_machine_reset(void);

/* Add RAM, zero, costing host memory only where it is touched. */
void fake_ram_add(uint64_t pa, uint64_t size);

/* Where the image lies: its frames are seen at HYP_IMAGE_VA. */
void fake_image_set(uint64_t pa, uint64_t size);

/* The host's view of a physical address; NULL where there is no RAM. */
void *fake_phys(uint64_t pa);

/* The root that arch_el2_switch_tables() set for the calling pCPU; 0 before. */
uint64_t fake_el2_root(void);
void fake_el2_root_set(uint64_t root);

/* Walk the EL2 tables, TLB first. False: fault. */
struct fake_xlat {
	uint64_t pa;
	uint64_t desc;      /* leaf descriptor          */
	uint64_t size;      /* bytes the leaf maps      */
};
bool fake_el2_walk(uint64_t va, struct fake_xlat *out);

/* As the MMU would for a guest with this VTTBR_EL2 and VTCR_EL2, TLB first. */
bool fake_s2_walk(uint64_t vttbr, uint64_t vtcr, uint64_t ipa, struct fake_xlat *out);

/* What arch_pa_bits() and arch_vmid_bits() answer; 40 and 8 after a reset. */
extern int fake_pa_bits;
extern int fake_vmid_bits;

/* Set by tests with more than one thread: EL2 invalidations then empty all TLBs. */
extern bool fake_many_cpus;

/* Count what is zeroed, but leave it: for tests of gigabytes that nobody wrote to. */
extern bool fake_zero_skip;

/* Called from inside every TLB invalidation, before it takes effect. */
extern void (*fake_tlbi_hook)(void);

struct fake_counts {
	_Atomic unsigned int tlbi_el2_va, tlbi_el2_local, tlbi_el2_all;
	_Atomic unsigned int tlbi_s2_range, tlbi_s2_vmid, tlbi_s2_all;
	_Atomic uint64_t cleaned, zeroed;      /* bytes                             */
	_Atomic unsigned int pending;          /* entries removed, not yet flushed  */
	_Atomic unsigned int violations;
};
extern struct fake_counts fake_counts;
