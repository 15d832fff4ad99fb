/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device tree a guest is given: made from nothing, in the likeness of
 * QEMU's virt board, or one of the user's completed with what only we know.
 * Devicetree Specification 0.4; Linux Documentation/devicetree/bindings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lib/types.h"
#include "vm/config.h"

#define GUEST_FDT_SEED_SIZE 64
#define GUEST_FDT_BUF_SIZE  UINT64_C(0x10000)  /* enough for CONFIG_MAX_VCPUS */

/* Everything the tree tells. Pointers belong to the caller. */
struct guest_fdt_desc {
	const struct vm_config *cfg;
	ipa_t    initrd;
	uint64_t initrd_size;            /* 0: none                              */
	uint64_t gicr_stride;            /* bytes of one redistributor           */
	uint64_t (*mpidr)(uint32_t vcpu_idx);  /* affinity fields                */
	bool     seeded;                 /* seeds are random; else none is given */
	uint8_t  rng_seed[GUEST_FDT_SEED_SIZE];
	uint64_t kaslr_seed;
};

/* Told as memory: what can be written. Read-only regions are the configuration's own business. */
bool guest_fdt_region_is_ram(const struct config_region *r);

/**
 * guest_fdt_make() - generate a device tree
 * @d:    what it tells
 * @buf:  8-byte aligned
 * @size: bytes of @buf
 *
 * Return: bytes used; -ENOSPC @buf is too small; -EINVAL libfdt refuses.
 */
int guest_fdt_make(const struct guest_fdt_desc *d, void *buf, size_t size);

/**
 * guest_fdt_complete() - complete a device tree of the user's
 * @d:    what only we know: memory, cpus, chosen
 * @dtb:  the user's tree, 8-byte aligned, not trusted
 * @len:  bytes of it that may be read
 * @buf:  8-byte aligned, for the result
 * @size: bytes of @buf
 *
 * Memory nodes become the VM's regions, the cpus node loses the CPUs that the VM
 * has not and gains those that it has, chosen gains command line (if the
 * configuration has one), initrd and seeds. Cell sizes are read from the tree,
 * nodes are known by device_type. Everything else stays.
 *
 * Return: bytes used; -EINVAL not a device tree; -ENOSPC @buf too small.
 */
int guest_fdt_complete(const struct guest_fdt_desc *d, const void *dtb, size_t len,
		       void *buf, size_t size);
