/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frames_impl.h"

/* buddy_order: the block given back is aligned at its frame, of an order that there is */
/*@ requires 1 <= nr && frame + nr <= 0x10000000000000;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 18;
  @ ensures frame % pow2(\result) == 0;
  @*/
unsigned int buddy_order(uint64_t frame, uint64_t nr);

#include "mm/buddy.c"
