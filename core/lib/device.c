/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/device.h"

#include <errno.h>

#include "core/lib/bits.h"

/* The row that holds offset, or NULL. Rows are sorted, so halve the range. */
static const struct reg_desc *reg_lookup(const struct reg_desc *tbl, size_t nr, uint64_t offset)
{
	size_t lo = 0;

	/*@ loop invariant 0 <= lo <= nr <= \at(nr, Pre);
	  @ loop invariant \forall integer i; 0 <= i < lo ==> tbl[i].off + tbl[i].len <= offset;
	  @ loop invariant \forall integer i; nr <= i < \at(nr, Pre) ==> offset < tbl[i].off;
	  @ loop assigns lo, nr;
	  @ loop variant nr - lo;
	  @*/
	while (lo < nr) {
		size_t mid = lo + (nr - lo) / 2;

		if (offset < tbl[mid].off)
			nr = mid;
		else if (offset - tbl[mid].off >= tbl[mid].len)
			lo = mid + 1;
		else
			return &tbl[mid];
	}
	return NULL;
}

int reg_table_access(const struct reg_desc *tbl, size_t nr, size_t guess, void *ctx,
		     struct mmio_access *acc)
{
	const struct reg_desc *r = &tbl[guess];

	if (acc->offset - r->off >= r->len)
		r = reg_lookup(tbl, nr, acc->offset);
	if (!r) {
		if (!acc->is_write)
			acc->value = 0;
		return 0;
	}
	if (!(r->sizes & acc->size))
		return -EFAULT;
	if (acc->is_write)
		r->write(ctx, acc, (uint32_t)(acc->offset - r->off));
	else
		acc->value = r->read(ctx, acc, (uint32_t)(acc->offset - r->off));
	return 0;
}

uint64_t reg_raz(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
	return 0;
}

void reg_wi(void *ctx, const struct mmio_access *acc, uint32_t off)
{
	(void)ctx;
	(void)acc;
	(void)off;
}
