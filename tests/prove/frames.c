/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frames_impl.h"

/*@ predicate within(struct zone *z, integer frame, integer nr) =
  @	z->base <= frame && frame + nr <= z->base + z->nr && frame < z->base + z->nr;
  @*/

/* frames_zone: all frames of the range are in the zone it finds, and it finds it if there is one */
/*@ requires \valid(frames.zone + (0 .. frames.nr_zones - 1));
  @ requires \forall integer i; 0 <= i < frames.nr_zones ==>
  @	frames.zone[i].base + frames.zone[i].nr <= 0x10000000000000;
  @ assigns \nothing;
  @ ensures \result == \null ==> \forall integer i; 0 <= i < frames.nr_zones ==>
  @	!within(frames.zone + i, frame, nr);
  @ ensures \result != \null ==> \exists integer i; 0 <= i < frames.nr_zones &&
  @	\result == frames.zone + i && within(frames.zone + i, frame, nr);
  @*/
struct zone *frames_zone(uint64_t frame, uint64_t nr);

/* count_idx: every owner has a counter of its own */
/*@ requires owner < OWNER_NONE || OWNER_VM0 <= owner < OWNER_VM0 + 256;
  @ assigns \nothing;
  @ ensures \result < 5 + 256;
  @ ensures owner < OWNER_NONE ==> \result == owner;
  @ ensures owner >= OWNER_VM0 ==> \result == 5 + (owner - OWNER_VM0);
  @*/
static unsigned int count_idx(uint16_t owner);

/* order_of: the block that is taken holds what was asked for, and no smaller one does */
/*@ requires 1 <= nr <= 0x40000;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 18 && nr <= pow2(\result);
  @ ensures \result > 0 ==> pow2(\result - 1) < nr;
  @*/
static unsigned int order_of(uint64_t nr);

#include "mm/frames.c"
