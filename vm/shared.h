/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that VMs share: one range of the board's, made into a grant, and mapped into stage 2. */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

struct vm;

/**
 * shared_make() - a grant of zeroes, of which a VM has the first reference
 * @name:  unique among grants
 * @owner: owner_vm() of that VM
 * @size:  non-zero multiple of 4 KiB, at most 1 GiB
 *
 * It is one range. Scrubs what was never used: the time grows with the size, pre-emptible
 * where the caller has interrupts enabled.
 *
 * Return: 0; -ENOMEM; as frames_share().
 */
int shared_make(const char *name, uint16_t owner, uint64_t size, uint32_t *grant);

/**
 * shared_map() - map a grant into a VM, never executable
 * @attr: S2_R, perhaps S2_W; the VM holds a reference
 *
 * Return: 0; -ENOENT no such grant; as stage2_map(). Then nothing of it is mapped.
 */
int shared_map(struct vm *vm, ipa_t ipa, uint32_t grant, uint32_t attr);

/**
 * shared_unmap() - and no longer: no pCPU can reach it by this VM's table when this returns
 *
 * It was mapped by itself and EL2 has no view of it, so this does not fail.
 * Return: 0; as stage2_unmap(). Then the VM's reference must stay.
 */
int shared_unmap(struct vm *vm, ipa_t ipa, uint64_t size);
