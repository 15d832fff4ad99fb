/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lib/device.h"

/*@ predicate sorted(struct reg_desc *t, integer nr) =
  @	\forall integer i, j; 0 <= i < j < nr ==> t[i].off + t[i].len <= t[j].off;
  @*/

/* reg_lookup: the row that holds an offset is found, if there is one */
/*@ requires \valid_read(tbl + (0 .. nr - 1)) && nr <= 0x1000;
  @ requires sorted((struct reg_desc *)tbl, nr);
  @ assigns \nothing;
  @ ensures \result == \null ==> \forall integer i; 0 <= i < nr ==>
  @	!(tbl[i].off <= offset < tbl[i].off + tbl[i].len);
  @ ensures \result != \null ==> \exists integer i; 0 <= i < nr && \result == tbl + i &&
  @	tbl[i].off <= offset < tbl[i].off + tbl[i].len;
  @*/
static const struct reg_desc *reg_lookup(const struct reg_desc *tbl, size_t nr, uint64_t offset);

#include "core/lib/device.c"
