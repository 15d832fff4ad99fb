/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of EL2 itself (docs/memory.md, <arch/layout.h>). Nothing in it is
 * both writable and executable. Every pCPU has a root of its own, equal but for
 * the entry of the windows, which so are private to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/regs_mmu.h>
#include "core/lib/types.h"
#include "mm/pgtable.h"

struct mm_boot;

/**
 * el2_map_io() - map device registers: Device-nGnRE, read-write, no execute
 * @pa:   any alignment; whole pages around [pa, pa + size) are mapped
 * @size: bytes, non-zero, at most 256 MiB
 * @va:   set to the address of pa
 *
 * Claims the range for OWNER_HYP, so that no VM can be given it.
 *
 * Return: 0; -EINVAL wrap, size, RAM; -EBUSY a VM's device; -ENOMEM; -ENOSPC.
 */
int el2_map_io(pa_t pa, uint64_t size, va_t *va);

/* Undo it: nobody uses @va any more, and the range may be given to a VM. */
void el2_unmap_io(pa_t pa, uint64_t size, va_t va);

/**
 * el2_map_blob() - map RAM of the hypervisor read-only, no execute
 * @pa:   any alignment; whole pages around the range are mapped
 * @size: bytes, non-zero
 * @va:   set to the address of pa, equal to pa modulo 2 MiB
 *
 * The frames are the hypervisor's: an entry of mm_boot.keep[].
 *
 * Return: 0; -EINVAL wrap; -EPERM frames of others; -ENOMEM; -ENOSPC.
 */
int el2_map_blob(pa_t pa, uint64_t size, va_t *va);

/**
 * el2_stack_alloc() - a stack with an unmapped page below and above it
 * @size: bytes, multiple of 4 KiB, at most 1 MiB, or -EINVAL
 * @base: set to the lowest address; the first push goes to base + size
 *
 * Return: 0; -EINVAL; -ENOMEM; -ENOSPC no address space.
 */
int el2_stack_alloc(uint64_t size, va_t *base);

/* Unmap on all pCPUs, scrub, free. base and size as allocated; panics if not. */
void el2_stack_free(va_t base, uint64_t size);

/**
 * el2_map_cpu_init() - root table and windows for one more pCPU
 * @cpu_idx: 1..MAX_PCPUS-1, not yet made; made before that pCPU starts
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int el2_map_cpu_init(uint32_t cpu_idx);

/* What TTBR0_EL2 holds on a pCPU; 0 before its el2_map_cpu_init(). */
pa_t el2_map_root(uint32_t cpu_idx);

/**
 * el2_map_check_wx() - walk everything, prove that no page is writable and executable
 * Return: 0; -EPERM and *where is the first page that is both.
 */
int el2_map_check_wx(va_t *where);

/* ---- for mm/ alone ---- */

/* What maps an address on pCPU 0; -EINVAL past 48 bits. */
int el2_map_lookup(va_t va, struct pgtable_leaf *leaf);

/* The table pages on the way to an address; how many. */
unsigned int el2_map_path(va_t va, pa_t path[PGTABLE_LEVELS]);

bool el2_attr_writable(uint64_t attr);
bool el2_attr_executable(uint64_t attr);
bool el2_attr_device(uint64_t attr);

struct mm_plan;

/* Build the final tables out of the arena of b. 0, -EINVAL, -ENOMEM. */
int el2_map_init(const struct mm_boot *b, const struct mm_plan *plan);

/* The frame table works: take table pages from there. -ENOMEM: the arena was too small. */
int el2_map_use_frames(void);

/* Map frames of the hypervisor in the physmap, read-write, no execute. 0, -ENOMEM. */
int el2_map_physmap(pa_t pa, uint64_t size);
void el2_unmap_physmap(pa_t pa, uint64_t size);

/* Kinds of EL2 memory; bits of a descriptor. */
#define EL2_RX (PTE_AF | PTE_SH_INNER | PTE_ATTR_NORMAL | PTE_RO)
#define EL2_RO (EL2_RX | PTE_XN)
#define EL2_RW (PTE_AF | PTE_SH_INNER | PTE_ATTR_NORMAL | PTE_XN)
#define EL2_IO (PTE_AF | PTE_ATTR_DEVICE | PTE_XN)

/* Map or unmap anywhere; takes the lock. For mm/el2_region.c. */
int el2_map_range(va_t va, pa_t pa, uint64_t size, uint64_t attr);
void el2_unmap_range(va_t va, uint64_t size);
