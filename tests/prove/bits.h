/* SPDX-License-Identifier: Apache-2.0 */
/* What core/lib/bits.h is proved to do, for those who rely on it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*@ requires \exists integer n; 0 <= n < 64 && to == pow2(n);
  @ assigns \nothing;
  @ ensures \result <==> v % to == 0;
  @*/
static bool is_aligned(uint64_t v, uint64_t to);

/*@ requires \exists integer n; 0 <= n < 64 && to == pow2(n);
  @ assigns \nothing;
  @ ensures \result == v - v % to;
  @*/
static uint64_t align_down(uint64_t v, uint64_t to);
