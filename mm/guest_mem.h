/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fills a VM's RAM. Two back ends: alloc takes frames from the allocator,
 * at once or on first touch; linear maps a given range of host memory. Either
 * way pages carry the VM's owner id, and release gives them back scrubbed.
 * Locks are dropped between pieces of 2 MiB. Callers see to it that one range
 * is not populated and released at the same time, but for guest_mem_touch(): a page
 * touched while it is released is there afterwards or not.
 */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"
#include "mm/stage2.h"

/**
 * guest_mem_populate_alloc() - back a range with frames from the allocator, now
 * @s2:   the VM's table; frames become s2->owner's
 * @ipa:  4 KiB aligned; 2 MiB or 1 GiB alignment allows larger blocks
 * @size: bytes, non-zero multiple of 4 KiB
 * @attr: S2_NORMAL with permissions; device is refused
 *
 * Takes the largest blocks that fit the range and that are free, smaller ones
 * where memory is in pieces. Contents are zero.
 *
 * Return: 0; -EINVAL alignment, range, attr; -EEXIST mapped in part; -ENOMEM.
 *         On error the table and the VM's frames are as before.
 */
int guest_mem_populate_alloc(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr);

/**
 * guest_mem_populate_linear() - back a range with host memory that follows it
 * @s2, @ipa, @size, @attr: as above
 * @pa: 4 KiB aligned: wholly free RAM, or wholly reserved by the board
 *
 * Contents are zero, reserved memory's too.
 *
 * Return: as above, or -ENOENT not RAM; -EBUSY not free.
 */
int guest_mem_populate_linear(struct stage2 *s2, ipa_t ipa, pa_t pa, uint64_t size,
			      uint32_t attr);

/**
 * guest_mem_touch() - back the surroundings of one address of a lazy region
 * @base: first address of the region, 4 KiB aligned
 * @size: of the region, multiple of 4 KiB
 * @ipa:  the address touched, inside the region; any alignment
 * @attr: as above
 *
 * Maps 2 MiB if the region has room, nothing is there yet and such a block is
 * free, else 4 KiB. What was mapped stays mapped, also if this fails.
 * Several vCPUs may touch at once: one of them wins, all return 0.
 *
 * Return: 0: ipa is mapped; -EINVAL; -ENOMEM.
 */
int guest_mem_touch(struct stage2 *s2, ipa_t base, uint64_t size, ipa_t ipa, uint32_t attr);

/**
 * guest_mem_release() - unmap a range and give its frames back
 * @ipa:  4 KiB aligned
 * @size: non-zero multiple of 4 KiB
 *
 * Holes are fine; devices and shared frames are only unmapped. Frames are
 * free only after no pCPU can reach them, and scrubbed.
 *
 * Return: 0; -EINVAL; -ENOMEM a block had to be split: part may be released.
 */
int guest_mem_release(struct stage2 *s2, ipa_t ipa, uint64_t size);

/**
 * guest_mem_scrub() - zero the VM's own frames in a range, in place
 *
 * For a reset. Holes, devices and shared frames are left alone. No vCPU runs.
 *
 * Return: 0; -EINVAL alignment or range.
 */
int guest_mem_scrub(struct stage2 *s2, ipa_t ipa, uint64_t size);
