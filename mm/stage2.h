/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's stage-2 table. It maps only what its VM owns (mm/frames.h). Calls take
 * the table's lock themselves; time under it grows with the pages touched, so
 * callers work in pieces of at most 2 MiB or one larger block (mm/guest_mem.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lib/list.h"
#include "core/lib/types.h"
#include "core/spinlock.h"
#include "mm/pgtable.h"

#define S2_R       BIT(0)
#define S2_W       BIT(1)
#define S2_X       BIT(2)
#define S2_NORMAL  0                       /* write-back; the guest's stage 1 may say less */
#define S2_DEVICE  BIT(3)                  /* Device-nGnRE, never executable               */
#define S2_RWX     (S2_R | S2_W | S2_X)

#define STAGE2_HINTS 64

struct stage2 {
	struct spinlock lock;              /* rank 45, docs/locking.md        */
	/* under lock */
	struct pgtable pt;
	struct list_node views;            /* mm/guest_view.h                 */
	/* pages found lately, by their low bits; ipa is not aligned: none. Maps never
	 * replace what is there, so only unmap and protect make them void. */
	struct stage2_hint { uint64_t ipa; pa_t pa; uint32_t attr; } hint[STAGE2_HINTS];
	/* fixed from stage2_init() to stage2_fini() */
	uint16_t owner;                    /* OWNER_VM0 + n                    */
	uint16_t vmid;
	uint64_t vttbr;                    /* for VTTBR_EL2 and arch_tlb_s2_*  */
	uint64_t vtcr;                     /* for VTCR_EL2                     */
	_Atomic bool shut;                 /* stage2_shut() is under way       */
	/* set by the floors above before any copy, or NULL: populate a hole on
	 * first touch; 0 when the address is mapped now. Called with no lock. */
	int (*populate)(void *ctx, ipa_t ipa);
	void *populate_ctx;
};

struct stage2_leaf {
	pa_t pa;                           /* of the address asked for         */
	uint32_t attr;                     /* S2_*                             */
	uint64_t left;                     /* bytes from there on that are mapped
					      by the same leaf, or not mapped  */
	bool mapped;
};

/**
 * stage2_init() - an empty table with a VMID of its own
 * @s2:       caller's storage
 * @owner:    the VM; no other live table has it
 * @ipa_bits: 32..48; more than the machine's PA bits is cut to those
 *
 * Return: 0; -EINVAL; -EEXIST the owner has a table; -ENOMEM; -ENOSPC no VMID.
 */
int stage2_init(struct stage2 *s2, uint16_t owner, unsigned int ipa_bits);

/* Unmap all, flush, free tables and VMID. No vCPU has it loaded. Frames stay their owner's. */
void stage2_fini(struct stage2 *s2);

/**
 * stage2_map() - map guest physical pages to host memory
 * @s2:   table
 * @ipa:  first guest address, 4 KiB aligned
 * @pa:   first host address, 4 KiB aligned
 * @size: bytes, non-zero multiple of 4 KiB
 * @attr: S2_NORMAL or S2_DEVICE, with S2_R and perhaps S2_W, S2_X
 *
 * Nothing is rounded. Never replaces a live entry, so it needs no
 * break-before-make. The caller keeps the frames owned meanwhile.
 *
 * Return: 0; -EINVAL alignment, wrap, range or attr (no S2_R, executable
 *         device); -EPERM not all of it is the VM's; -EEXIST already mapped in
 *         part; -ENOMEM no table page. On error the table is unchanged.
 * Spec: Arm ARM DDI 0487, "Translation table descriptor formats".
 */
int stage2_map(struct stage2 *s2, ipa_t ipa, pa_t pa, uint64_t size, uint32_t attr);

/**
 * stage2_unmap() - remove whatever a range maps
 * @ipa:  4 KiB aligned
 * @size: non-zero multiple of 4 KiB
 *
 * Holes are fine. On return no pCPU can reach the frames through this table,
 * so they may be freed.
 *
 * Return: 0; -EINVAL; -ENOMEM to split a block; -EBUSY EL2 has a view of some of it,
 *         mm/guest_view.h: nothing is changed.
 */
int stage2_unmap(struct stage2 *s2, ipa_t ipa, uint64_t size);

/**
 * stage2_protect() - change what a mapped range allows
 * @ipa, @size: as for stage2_unmap()
 * @attr: as for stage2_map(); normal memory stays normal, devices devices
 *
 * In force on all pCPUs on return.
 *
 * Return: 0; -EINVAL; -ENOENT a hole; -ENOMEM; -EBUSY as above: nothing is changed.
 */
int stage2_protect(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr);

/**
 * stage2_shut() - have vCPUs leave the guest that do not heed interrupts
 * @out: have they? Asked again and again under the lock, for a millisecond at most
 *
 * For this while nothing is mapped: the next fetch or access of each faults. When the
 * fault is handled, all is there again; a handler that waits for the lock sees that, and
 * whoever is asked about by @out must say so without it.
 */
void stage2_shut(struct stage2 *s2, bool (*out)(void *ctx), void *ctx);

/**
 * stage2_visit() - run a function on the table of one VM, if there is one
 * @vm_id: 0..FRAMES_MAX_VMS-1
 * @fn:    called with the table's lock held, so it stays alive meanwhile; short
 *
 * For auditors. Return: what fn returned; -ENOENT no such table.
 */
int stage2_visit(uint32_t vm_id, int (*fn)(struct stage2 *s2, void *arg), void *arg);

/* What maps an address; -EINVAL beyond the IPA size. The _locked form: s2->lock held. */
int stage2_lookup(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *leaf);
int stage2_lookup_locked(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *leaf);

/* By a walk of the table, and to be remembered: for the next one. */
int stage2_page_find_locked(struct stage2 *s2, ipa_t ipa, pa_t *pa, uint32_t *attr);

/**
 * stage2_page_locked() - the page that holds an address, quickly if it was lately found
 * @pa: set to the address of the byte
 * @attr: set to S2_*
 *
 * Return: 0; -EINVAL beyond the IPA size; -ENOENT a hole.
 */
static inline __attribute__((always_inline))
int stage2_page_locked(struct stage2 *s2, ipa_t ipa, pa_t *pa, uint32_t *attr)
{
	uint64_t in_page = ipa.v & PAGE_MASK;
	const struct stage2_hint *h = &s2->hint[(ipa.v >> PAGE_SHIFT) % STAGE2_HINTS];

	if (h->ipa != ipa.v - in_page)
		return stage2_page_find_locked(s2, ipa, pa, attr);
	*pa = pa_add(h->pa, in_page);
	*attr = h->attr;
	return 0;
}

/* No tables yet. For mm/mm_init.c. */
void stage2_registry_init(void);

/* 2 to the power of this many bytes of IPA. */
static inline unsigned int stage2_ipa_bits(const struct stage2 *s2)
{
	return s2->pt.in_bits;
}
