/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdint.h>

/* range_bad: whether a range is empty or wraps, for all ranges */
/*@ assigns \nothing;
  @ ensures \result <==> (size == 0 || base + size > 0x10000000000000000);
  @*/
static bool range_bad(uint64_t base, uint64_t size);

/* range_overlap: whether two ranges have a byte in common, for all that range_bad() lets through */
/*@ requires a: asize > 0 && a + asize <= 0x10000000000000000;
  @ requires b: bsize > 0 && b + bsize <= 0x10000000000000000;
  @ assigns \nothing;
  @ ensures \result <==> \exists integer x; a <= x < a + asize && b <= x < b + bsize;
  @*/
static bool range_overlap(uint64_t a, uint64_t asize, uint64_t b, uint64_t bsize);

/* is_aligned: whether a power of two divides a number */
/* align_down: the next multiple of a power of two, downwards */
#include "tests/prove/bits.h"
#include "core/lib/bits.h"
