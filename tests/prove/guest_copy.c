/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/guest_copy.h"

/*@ requires \valid_read(s2);
  @ assigns \nothing;
  @ ensures \result == s2->pt.in_bits;
  @*/
static unsigned int stage2_ipa_bits(const struct stage2 *s2);

/* beyond: whether a part of a range is past the guest's last address */
/*@ requires \valid_read(s2) && s2->pt.in_bits < 64;
  @ assigns \nothing;
  @ ensures !\result ==> ipa.v + size <= pow2(s2->pt.in_bits);
  @*/
static bool beyond(const struct stage2 *s2, ipa_t ipa, uint64_t size);

/* piece: what is copied at once is in one page, is not empty and is no more than is left */
/*@ requires 0 < left;
  @ assigns \nothing;
  @ ensures 0 < \result <= left;
  @ ensures ipa.v % 4096 + \result <= 4096;
  @ ensures \result == left || ipa.v % 4096 + \result == 4096;
  @*/
static uint64_t piece(ipa_t ipa, uint64_t left);

#include "mm/guest_copy.c"
