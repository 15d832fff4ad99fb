/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/audit.h"

#include <errno.h>
#include <stddef.h>

#include "core/lib/bits.h"
#include "core/spinlock.h"
#include "mm/el2_map.h"
#include "mm/el2_region.h"
#include "mm/frames.h"
#include "mm/stage2.h"

#define PIECE order_size(FRAMES_ORDER_2M)

struct audit {
	void (*report)(void *ctx, const struct audit_finding *f);
	void *ctx;
	struct audit_totals totals;
};

static void finding(struct audit *a, const struct audit_finding *f)
{
	a->totals.findings++;
	if (a->report)
		a->report(a->ctx, f);
}

/* The first table page on a path that is not the hypervisor's, or -1. */
static int foreign_table(const pa_t *path, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (frames_owner(path[i]) != OWNER_HYP)
			return (int)i;
	return -1;
}

/* ---- EL2 ---- */

/* A view of a guest's rings: docs/decisions/006-views-of-rings.md. */
static bool is_view(va_t va, pa_t pa, const struct pgtable_leaf *leaf)
{
	return el2_view_has(va) && frames_owner(pa) >= OWNER_VM0 &&
	       !el2_attr_executable(leaf->attr);
}

static const char *el2_leaf_fault(va_t va, const struct pgtable_leaf *leaf, uint64_t off)
{
	pa_t pa = pa_add(leaf->pa, off);
	bool device = el2_attr_device(leaf->attr);

	if (el2_attr_writable(leaf->attr) && el2_attr_executable(leaf->attr))
		return "EL2 page is writable and executable";
	if (device && !frames_may_map(OWNER_HYP, pa, PAGE_SIZE, true))
		return "EL2 maps a device that is not its own";
	if (!device && frames_owner(pa) != OWNER_HYP && !is_view(va_add(va, off), pa, leaf))
		return "EL2 maps a frame that is not its own";
	return NULL;
}

static void el2_check(struct audit *a, va_t va, const struct pgtable_leaf *leaf)
{
	pa_t path[PGTABLE_LEVELS];
	int bad = foreign_table(path, el2_map_path(va, path));
	struct audit_finding f = { .owner = OWNER_HYP, .addr = va.v };

	if (bad >= 0) {
		f.what = "EL2 table page is not the hypervisor's";
		f.pa = path[bad];
		f.frame_owner = frames_owner(f.pa);
		finding(a, &f);
	}
	for (uint64_t off = 0; off < leaf->size; off += PAGE_SIZE) {
		f.what = el2_leaf_fault(va, leaf, off);
		if (!f.what)
			continue;
		f.addr = va.v + off;
		f.pa = pa_add(leaf->pa, off);
		f.frame_owner = frames_owner(f.pa);
		finding(a, &f);
		return;                    /* one for each leaf is enough */
	}
}

/* A page may go while it is looked at; only what stays wrong is a finding. */
static bool el2_still(va_t va, const struct pgtable_leaf *leaf)
{
	struct pgtable_leaf now;

	return !el2_map_lookup(va, &now) && now.mapped && now.pa.v == leaf->pa.v;
}

static void audit_el2(struct audit *a)
{
	struct pgtable_leaf leaf;

	for (uint64_t va = 0; !el2_map_lookup(VA(va), &leaf); va = leaf.base + leaf.size) {
		struct audit quiet = { .report = NULL };

		if (!leaf.mapped)
			continue;
		a->totals.el2_size += leaf.size;
		el2_check(&quiet, VA(va), &leaf);
		if (quiet.totals.findings && el2_still(VA(va), &leaf))
			el2_check(a, VA(va), &leaf);
	}
}

/* ---- stage 2 ---- */

struct s2_step {
	ipa_t ipa;                         /* in: where to look; out: where to go on */
	uint64_t mapped;
	struct audit_finding f;            /* what is NULL: all well                 */
};

static const char *s2_piece_fault(struct stage2 *s2, const struct stage2_leaf *leaf, uint64_t n,
				  pa_t *where)
{
	bool device = leaf->attr & S2_DEVICE;

	for (uint64_t off = 0; off < n; off += PAGE_SIZE) {
		*where = pa_add(leaf->pa, off);
		if (!frames_may_map(s2->owner, *where, PAGE_SIZE, device))
			return device ? "VM maps a device it does not hold" :
					"VM maps a frame it does not own";
	}
	if (device && (leaf->attr & S2_X))
		return "VM may execute from a device";
	return NULL;
}

/* One leaf or hole, of a leaf at most 2 MiB; the table is locked. */
static int s2_step(struct stage2 *s2, void *arg)
{
	struct s2_step *step = arg;
	struct stage2_leaf leaf;
	pa_t path[PGTABLE_LEVELS];
	uint64_t n;
	int bad;

	if (stage2_lookup_locked(s2, step->ipa, &leaf))
		return 1;                  /* past the last address */
	n = leaf.mapped ? MIN(leaf.left, PIECE) : leaf.left;
	step->f = (struct audit_finding){ .owner = s2->owner, .addr = step->ipa.v };
	bad = foreign_table(path, pgtable_path(&s2->pt, step->ipa.v, path));
	if (bad >= 0) {
		step->f.what = "VM's table page is not the hypervisor's";
		step->f.pa = path[bad];
	} else if (leaf.mapped) {
		step->f.what = s2_piece_fault(s2, &leaf, n, &step->f.pa);
	}
	step->f.frame_owner = frames_owner(step->f.pa);
	step->mapped = leaf.mapped ? n : 0;
	step->ipa = ipa_add(step->ipa, n);
	return 0;
}

static void audit_vm(struct audit *a, uint32_t vm_id)
{
	struct s2_step step = { .ipa = IPA(0) };
	int ret = stage2_visit(vm_id, s2_step, &step);

	if (ret != -ENOENT)
		a->totals.tables++;
	/* A VM that ends meanwhile has no table to find, and we are done with it. */
	for (; ret == 0; ret = stage2_visit(vm_id, s2_step, &step)) {
		a->totals.vm_size += step.mapped;
		if (step.f.what)
			finding(a, &step.f);
	}
}

int audit_run(void (*report)(void *ctx, const struct audit_finding *f), void *ctx,
	      struct audit_totals *totals)
{
	struct audit a = { .report = report, .ctx = ctx };

	audit_el2(&a);
	for (uint32_t vm_id = 0; vm_id < FRAMES_MAX_VMS; vm_id++)
		audit_vm(&a, vm_id);
	if (totals)
		*totals = a.totals;
	return a.totals.findings ? -EPERM : 0;
}
