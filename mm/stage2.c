/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/stage2.h"

#include <errno.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/regs_mmu.h>
#include <arch/timer.h>
#include "core/lib/bits.h"
#include "core/panic.h"
#include "mm/frames.h"
#include "mm/guest_view.h"
#include "mm/hyp_pool.h"
#include "mm/vmid.h"

#define MIN_IPA_BITS 32
#define S2_ATTRS     (S2_RWX | S2_DEVICE)

/* One table for each VM; an auditor finds them here. */
static struct {
	struct spinlock lock;              /* rank 30, docs/locking.md */
	/* under lock */
	struct stage2 *of_vm[FRAMES_MAX_VMS];
} registry;

/* ---- attributes and their descriptor bits, in one place ---- */

static bool attr_ok(uint32_t attr)
{
	bool device_x = (attr & S2_DEVICE) && (attr & S2_X);

	return (attr & ~S2_ATTRS) == 0 && (attr & S2_R) && !device_x;
}

static uint64_t attr_encode(uint32_t attr)
{
	return PTE_AF |
	       (attr & S2_DEVICE ? S2_PTE_MEMATTR_DEVICE : S2_PTE_MEMATTR_NORMAL | PTE_SH_INNER) |
	       (attr & S2_R ? S2_PTE_READ : 0) | (attr & S2_W ? S2_PTE_WRITE : 0) |
	       (attr & S2_X ? 0 : S2_PTE_XN_ALL);
}

static uint32_t attr_decode(uint64_t desc)
{
	return ((desc & S2_PTE_MEMATTR) == S2_PTE_MEMATTR_DEVICE ? S2_DEVICE : S2_NORMAL) |
	       (desc & S2_PTE_READ ? S2_R : 0) | (desc & S2_PTE_WRITE ? S2_W : 0) |
	       (desc & S2_PTE_XN_ALL ? 0 : S2_X);
}

/* ---- what the walker needs ---- */

static int table_alloc(void *ctx, pa_t *table)
{
	void *p;
	int err = hyp_alloc_pages(1, &p);

	(void)ctx;
	if (!err)
		*table = hyp_pa(p);
	return err;
}

static void table_free(void *ctx, pa_t table)
{
	(void)ctx;
	hyp_free_pages(hyp_va(table), 1);
}

static void invalidate(void *ctx, uint64_t addr, uint64_t size, uint64_t step)
{
	struct stage2 *s2 = ctx;

	arch_tlb_s2_range(s2->vttbr, IPA(addr), size, step);
}

static const struct pgtable_ops stage2_ops = { table_alloc, table_free, invalidate };

/* ---- life ---- */

#define NO_HINT UINT64_C(1)

static void hints_drop_locked(struct stage2 *s2)
{
	for (unsigned int i = 0; i < STAGE2_HINTS; i++)
		s2->hint[i].ipa = NO_HINT;
}

void stage2_registry_init(void)
{
	memset(&registry, 0, sizeof(registry));
}

static int registry_add(struct stage2 *s2)
{
	struct stage2 **slot = &registry.of_vm[s2->owner - OWNER_VM0];
	uint64_t flags = spin_lock_irqsave(&registry.lock);
	int err = *slot ? -EEXIST : 0;

	if (!err)
		*slot = s2;
	spin_unlock_irqrestore(&registry.lock, flags);
	return err;
}

static void registry_remove(struct stage2 *s2)
{
	uint64_t flags = spin_lock_irqsave(&registry.lock);

	BUG_ON(registry.of_vm[s2->owner - OWNER_VM0] != s2);
	registry.of_vm[s2->owner - OWNER_VM0] = NULL;
	spin_unlock_irqrestore(&registry.lock, flags);
}

int stage2_visit(uint32_t vm_id, int (*fn)(struct stage2 *s2, void *arg), void *arg)
{
	uint64_t flags;
	struct stage2 *s2;
	int ret = -ENOENT;

	if (vm_id >= FRAMES_MAX_VMS)
		return ret;
	flags = spin_lock_irqsave(&registry.lock);
	s2 = registry.of_vm[vm_id];
	if (s2) {
		spin_lock(&s2->lock);
		ret = fn(s2, arg);
		spin_unlock(&s2->lock);
	}
	spin_unlock_irqrestore(&registry.lock, flags);
	return ret;
}

static uint64_t vtcr_of(unsigned int ipa_bits, unsigned int start_level)
{
	return VTCR_EL2_GUEST | BITS_VAL(VTCR_EL2_T0SZ, 64 - ipa_bits) |
	       BITS_VAL(VTCR_EL2_SL0, 2 - start_level) |
	       BITS_VAL(VTCR_EL2_PS, ps_of_pa_bits(arch_pa_bits())) |
	       (arch_vmid_bits() == 16 ? VTCR_EL2_VS : 0);
}

static int init_table(struct stage2 *s2, unsigned int ipa_bits)
{
	unsigned int level, roots;
	void *root;
	int err;

	pgtable_geometry(ipa_bits, &level, &roots);
	err = hyp_alloc_pages(roots, &root);
	if (err)
		return err;
	s2->pt = (struct pgtable){
		.ops = &stage2_ops, .ctx = s2, .root = hyp_pa(root),
		.start_level = (uint8_t)level, .nr_roots = (uint8_t)roots,
		.in_bits = (uint8_t)ipa_bits, .out_bits = (uint8_t)MIN(arch_pa_bits(), 48),
		.max_leaf_level = 1, .soft_mask = S2_PTE_S2AP | S2_PTE_XN,
	};
	s2->vtcr = vtcr_of(ipa_bits, level);
	s2->vttbr = BITS_VAL(VTTBR_EL2_VMID, s2->vmid) | s2->pt.root.v;
	return 0;
}

int stage2_init(struct stage2 *s2, uint16_t owner, unsigned int ipa_bits)
{
	int err;

	if (owner < OWNER_VM0 || owner >= OWNER_VM0 + FRAMES_MAX_VMS ||
	    ipa_bits < MIN_IPA_BITS || ipa_bits > 48)
		return -EINVAL;
	memset(s2, 0, sizeof(*s2));
	s2->owner = owner;
	list_init(&s2->views);
	hints_drop_locked(s2);
	err = vmid_alloc(&s2->vmid);
	if (err)
		return err;
	err = init_table(s2, MIN(ipa_bits, (unsigned int)arch_pa_bits()));
	if (err)
		goto free_vmid;
	err = registry_add(s2);
	if (err)
		goto free_root;
	return 0;
free_root:
	hyp_free_pages(hyp_va(s2->pt.root), s2->pt.nr_roots);
free_vmid:
	vmid_free(s2->vmid);
	return err;
}

void stage2_fini(struct stage2 *s2)
{
	struct stage2_leaf leaf;
	ipa_t ipa = IPA(0);

	registry_remove(s2);
	for (; stage2_lookup(s2, ipa, &leaf) == 0; ipa = ipa_add(ipa, leaf.left))
		if (leaf.mapped)
			BUG_ON(stage2_unmap(s2, ipa, leaf.left));
	BUG_ON(s2->pt.nr_tables);
	/* The table is empty, so nothing can come back for this VMID. */
	arch_tlb_s2_vmid(s2->vttbr);
	vmid_free(s2->vmid);
	hyp_free_pages(hyp_va(s2->pt.root), s2->pt.nr_roots);
}

/* ---- maps ---- */

int stage2_page_find_locked(struct stage2 *s2, ipa_t ipa, pa_t *pa, uint32_t *attr)
{
	uint64_t in_page = ipa.v & PAGE_MASK, page = ipa.v - in_page;
	struct stage2_leaf leaf;
	int err = stage2_lookup_locked(s2, ipa, &leaf);

	if (err || !leaf.mapped)
		return err ? err : -ENOENT;
	s2->hint[(page >> PAGE_SHIFT) % STAGE2_HINTS] = (struct stage2_hint){
		page, PA(leaf.pa.v - in_page), leaf.attr,
	};
	*pa = leaf.pa;
	*attr = leaf.attr;
	return 0;
}

int stage2_map(struct stage2 *s2, ipa_t ipa, pa_t pa, uint64_t size, uint32_t attr)
{
	uint64_t flags;
	int err;

	if (!attr_ok(attr) || !is_aligned(ipa.v | pa.v | size, PAGE_SIZE) ||
	    range_bad(pa.v, size) || range_bad(ipa.v, size))
		return -EINVAL;
	if (!frames_may_map(s2->owner, pa, size, attr & S2_DEVICE))
		return -EPERM;
	flags = spin_lock_irqsave(&s2->lock);
	err = pgtable_map(&s2->pt, ipa.v, pa, size, attr_encode(attr));
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

int stage2_unmap(struct stage2 *s2, ipa_t ipa, uint64_t size)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	int err = -EBUSY;

	hints_drop_locked(s2);
	if (!guest_view_overlaps_locked(s2, ipa, size))
		err = pgtable_unmap(&s2->pt, ipa.v, size);
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

/* Is any of a range mapped as the other kind of memory? Holes are found later. */
static bool kind_differs_locked(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr)
{
	struct stage2_leaf leaf;
	uint64_t at = 0;

	for (; at < size && !stage2_lookup_locked(s2, ipa_add(ipa, at), &leaf); at += leaf.left)
		if (leaf.mapped && ((leaf.attr ^ attr) & S2_DEVICE))
			return true;
	return false;
}

int stage2_protect(struct stage2 *s2, ipa_t ipa, uint64_t size, uint32_t attr)
{
	uint64_t flags;
	int err = -EINVAL;

	if (!attr_ok(attr))
		return -EINVAL;
	flags = spin_lock_irqsave(&s2->lock);
	hints_drop_locked(s2);
	if (guest_view_overlaps_locked(s2, ipa, size))
		err = -EBUSY;
	else if (!kind_differs_locked(s2, ipa, size, attr))
		err = pgtable_protect(&s2->pt, ipa.v, size, attr_encode(attr));
	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

int stage2_lookup_locked(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *leaf)
{
	struct pgtable_leaf l;
	int err = pgtable_lookup(&s2->pt, ipa.v, &l);

	if (err)
		return err;
	leaf->pa = l.pa;
	leaf->attr = attr_decode(l.attr);
	leaf->mapped = l.mapped;
	leaf->left = l.base + l.size - ipa.v;
	return 0;
}

int stage2_lookup(struct stage2 *s2, ipa_t ipa, struct stage2_leaf *leaf)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	int err = stage2_lookup_locked(s2, ipa, leaf);

	spin_unlock_irqrestore(&s2->lock, flags);
	return err;
}

/* ---- shut for a moment ---- */

#define SHUT_US 1000

/* An entry that is not valid keeps the rest of its bits: no other one has any. */
static void roots_valid_locked(struct stage2 *s2, bool valid)
{
	_Atomic uint64_t *entry = hyp_va(s2->pt.root);

	for (unsigned int i = 0; i < s2->pt.nr_roots * (unsigned int)PGTABLE_ENTRIES; i++) {
		uint64_t e = atomic_load_explicit(&entry[i], memory_order_relaxed);

		if (e)
			atomic_store_explicit(&entry[i], valid ? e | PTE_VALID : e & ~PTE_VALID,
					      memory_order_relaxed);
	}
	arch_dsb_ishst();
}

void stage2_shut(struct stage2 *s2, bool (*out)(void *ctx), void *ctx)
{
	uint64_t flags = spin_lock_irqsave(&s2->lock);
	uint64_t end = arch_counter() + arch_counter_hz() / 1000000 * SHUT_US;

	atomic_store(&s2->shut, true);
	roots_valid_locked(s2, false);
	arch_tlb_s2_vmid(s2->vttbr);
	/* Asleep in WFE it would not see. */
	arch_sev();
	while (!out(ctx) && arch_counter() < end)
		arch_cpu_relax();
	roots_valid_locked(s2, true);
	atomic_store(&s2->shut, false);
	spin_unlock_irqrestore(&s2->lock, flags);
}
