/* SPDX-License-Identifier: Apache-2.0 */
#include "irq/vgic_lr.c"

/* rank_insert: writes within the ranking, as many keys as there are list registers at most */
/*@ requires 1 <= vgic_hw.nr_lrs <= 16 && \valid(r) && r->nr < 0x10000;
  @ requires \separated(r, &vgic_hw);
  @ assigns r->nr, r->key[0 .. vgic_hw.nr_lrs - 1];
  @ ensures r->nr == \old(r->nr) + 1;
  @*/
static void rank_insert(struct ranking *r, uint32_t key);

/* places_active: at most one for each list register, and one is kept for a pending interrupt */
/*@ requires 1 <= nr_lrs <= 16;
  @ assigns \nothing;
  @ ensures \result <= nr_lrs && \result <= active;
  @ ensures pending > 0 ==> \result < nr_lrs;
  @ ensures active < nr_lrs ==> \result == active;
  @*/
static uint32_t places_active(uint32_t nr_lrs, uint32_t active, uint32_t pending);

/* places_pending: both together fit the list registers; one left out means that all are in use */
/*@ requires 1 <= nr_lrs <= 16 && nr_active <= nr_lrs;
  @ assigns \nothing;
  @ ensures nr_active + \result <= nr_lrs && \result <= pending;
  @ ensures \result < pending ==> nr_active + \result == nr_lrs;
  @*/
static uint32_t places_pending(uint32_t nr_lrs, uint32_t nr_active, uint32_t pending);

