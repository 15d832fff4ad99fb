/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every frame of the board's RAM has an entry that names its owner, and free
 * frames are handed out in blocks of a power of two (docs/memory.md). All calls
 * are safe on any pCPU, with interrupts masked or not; the allocator's lock is
 * a leaf, held for a bounded number of steps.
 *
 * Freed frames are scrubbed: zeroed and cleaned to the point of coherency. What
 * nobody owned since reset is cleared when it is first handed out, but as RAM of a VM
 * it may be as it was found: frames_scrub_fresh().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/types.h"

#define FRAMES_MAX_ORDER 18            /* 1 GiB                                */
#define FRAMES_ORDER_2M  9
#define FRAMES_MAX_VMS   256
#define FRAMES_MAX_DEVICES 64
#define FRAMES_MAX_GRANTS  64
#define FRAMES_MAX_MEMBERS 8           /* owners that hold one grant           */
#define FRAMES_NAME_MAX  32            /* with the final NUL                   */

/* Who owns a frame. A plain number, so that it fits an entry. */
enum frames_owner {
	OWNER_FREE,
	OWNER_HYP,                     /* image, heap, tables, bundle, board tree */
	OWNER_RESERVED,                /* the board's reserved-memory          */
	OWNER_BUSY,                    /* being claimed or scrubbed just now   */
	OWNER_SHARED,                  /* under a grant, see frames_share()    */
	OWNER_NONE,                    /* not RAM                              */
	OWNER_VM0 = 0x100,             /* VM n is OWNER_VM0 + n                */
};

static inline uint16_t owner_vm(uint32_t vm_id)
{
	return (uint16_t)(OWNER_VM0 + vm_id);
}

/* Bytes of one order. */
static inline uint64_t order_size(unsigned int order)
{
	return PAGE_SIZE << order;
}

/**
 * frames_alloc() - take a free block
 * @owner: OWNER_HYP or a VM
 * @order: 0..FRAMES_MAX_ORDER; the block has order_size(order) bytes
 * @pa:    set to its address, aligned to its size
 *
 * The contents are zero, for a VM to the point of coherency. The time grows with the
 * block where it must be cleared first: 64 KiB at a time with interrupts
 * masked, so a caller that has them enabled can be pre-empted.
 *
 * Return: 0; -EINVAL owner or order; -ENOMEM no free block of that order.
 */
int frames_alloc(uint16_t owner, unsigned int order, pa_t *pa);

/* The same for any number of pages up to that many, aligned to the next power of two. */
int frames_alloc_pages(uint16_t owner, uint64_t nr, pa_t *pa);

/* For RAM of a VM: zero only what anybody owned since reset, or all of it if so said. */
int frames_alloc_ram(uint16_t owner, unsigned int order, pa_t *pa);

/* Whether RAM of VMs is cleared that was free since reset too; before the first of them is made. */
void frames_scrub_fresh(bool scrub);

/**
 * frames_free() - scrub a block and make it free
 * @owner: who frees; every frame must be his
 * @pa:    aligned to order_size(order), or -EINVAL
 * @order: any; it need not be the block that was allocated
 *
 * The caller has removed every map of it, TLBs included.
 *
 * Return: 0; -EINVAL alignment, order or owner; -EPERM a frame is not @owner's
 *         (freed already, another's, shared): then nothing is changed.
 */
int frames_free(uint16_t owner, pa_t pa, unsigned int order);

/**
 * frames_claim() - take a given range: RAM that is wholly free, or wholly
 *                  reserved by the board
 * @owner: OWNER_HYP or a VM
 * @pa:    first address, 4 KiB aligned
 * @size:  bytes, non-zero multiple of 4 KiB
 *
 * Free memory is as frames_alloc_ram() gives it. Reserved memory is zero for a VM; what
 * OWNER_HYP claims is not scrubbed: it may hold what firmware left there on purpose.
 *
 * Return: 0; -EINVAL alignment, wrap, owner; -ENOENT not all of it is RAM;
 *         -EBUSY a frame is owned, or free and reserved frames are mixed. On
 *         error nothing is changed.
 */
int frames_claim(uint16_t owner, pa_t pa, uint64_t size);

/**
 * frames_release() - scrub a range and give it back to where it came from
 * @owner: who releases; every frame must be his
 * @pa:    4 KiB aligned
 * @size:  bytes, non-zero multiple of 4 KiB
 *
 * For any frames, claimed or allocated. Claimed reserved memory is scrubbed
 * and reserved again. Maps must be gone, as for frames_free().
 *
 * Return: 0; -EINVAL; -EPERM a frame is not @owner's: nothing is changed.
 */
int frames_release(uint16_t owner, pa_t pa, uint64_t size);

/* OWNER_NONE where there is no RAM. The answer may be old when it arrives. */
uint16_t frames_owner(pa_t pa);

/**
 * frames_may_map() - may a VM's tables map this?
 * @owner:  the VM
 * @pa:     4 KiB aligned
 * @size:   non-zero multiple of 4 KiB
 * @device: true: a device range; false: RAM
 *
 * RAM: every frame is owned by it, or shared with it. Device: one range of
 * frames_device_claim() that it owns holds all of it.
 */
bool frames_may_map(uint16_t owner, pa_t pa, uint64_t size, bool device);

/* Frames of RAM that this owner has (OWNER_SHARED: under any grant). Exact when quiet. */
uint64_t frames_stats(uint16_t owner);

/* How many blocks of this order are free now, for reports and tests. */
uint64_t frames_free_blocks(unsigned int order);

/* ---- sharing: frames that several owners may map, under a name ---- */

/**
 * frames_share() - turn frames into a grant, of which the owner has one reference
 * @owner: a VM or OWNER_HYP; owns every frame
 * @pa:    4 KiB aligned
 * @size:  non-zero multiple of 4 KiB
 * @name:  unique among grants, 1..FRAMES_NAME_MAX-1 characters; copied
 * @grant: set to the grant's id
 *
 * Return: 0; -EINVAL; -EPERM a frame is not @owner's; -EEXIST name taken;
 *         -ENOSPC no slot. On error nothing is changed.
 */
int frames_share(uint16_t owner, pa_t pa, uint64_t size, const char *name, uint32_t *grant);

/* Find a grant by name: 0 and its id, or -ENOENT. */
int frames_share_lookup(const char *name, uint32_t *grant);

/* The range of a grant: 0, or -ENOENT. */
int frames_share_range(uint32_t grant, pa_t *pa, uint64_t *size);

/**
 * frames_share_get() - one more reference, for an owner old or new
 * Return: 0; -ENOENT no such grant; -ENOSPC too many owners; -EOVERFLOW.
 */
int frames_share_get(uint32_t grant, uint16_t owner);

/**
 * frames_unshare() - drop one reference of an owner
 *
 * The owner's maps of it are gone. Whoever drops the last reference of all
 * scrubs and frees the frames.
 *
 * Return: 0; -ENOENT no such grant; -EPERM the owner holds no reference.
 */
int frames_unshare(uint32_t grant, uint16_t owner);

/* ---- device ranges: not RAM, but owned as well ---- */

/**
 * frames_device_claim() - give a range of device registers to an owner
 * @owner: OWNER_HYP or a VM
 * @pa:    4 KiB aligned, or -EINVAL
 * @size:  non-zero multiple of 4 KiB
 *
 * Return: 0, also when this owner has exactly this range already; -EINVAL
 *         alignment, wrap, or part of it is RAM; -EBUSY overlaps a range
 *         that is claimed; -ENOSPC.
 */
int frames_device_claim(uint16_t owner, pa_t pa, uint64_t size);

/* Give one range back, as claimed. 0, or -ENOENT. */
int frames_device_release(uint16_t owner, pa_t pa, uint64_t size);

/* ---- for mm/mm_init.c ---- */

struct mm_plan;

/* Bytes of memory the frame table of a plan's zones needs; a multiple of 4 KiB. */
uint64_t frames_table_size(const struct mm_plan *plan);

/* Fill the table, which is mapped at mem and zero. */
void frames_init(const struct mm_plan *plan, void *mem);
