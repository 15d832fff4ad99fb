/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before each file that is proved: what the prover's C has not, and what it is told of
 * machine arithmetic.
 */
#pragma once

#include <stdint.h>

#define _Static_assert(...)
#define _Atomic
#define __builtin_clzll(x) prove_clzll(x)
#define __builtin_ctzll(x) prove_ctzll(x)
#define __builtin_ctz(x)   prove_ctz(x)
#define __atomic_load_n(p, order)     (*(p))
#define __atomic_store_n(p, v, order) (*(p) = (v))

/*@ axiomatic Powers {
  @ logic integer pow2(integer n);
  @ axiom pow2_zero: pow2(0) == 1;
  @ axiom pow2_next: \forall integer n; 0 <= n ==> pow2(n + 1) == 2 * pow2(n);
  @ axiom pow2_positive: \forall integer n; 0 <= n ==> 1 <= pow2(n);
  @ axiom pow2_fits: \forall integer n; 0 <= n < 64 ==> pow2(n) <= 0x8000000000000000;
  @ axiom pow2_rises: \forall integer k, n; 0 <= k <= n ==> pow2(k) <= pow2(n);
  @ axiom pow2_divides: \forall integer x, k, n;
  @	0 <= k <= n && 0 <= x && x % pow2(n) == 0 ==> x % pow2(k) == 0;
  @ axiom shift_is_pow2: \forall integer n; 0 <= n < 64 ==> (1 << n) == pow2(n);
  @ axiom mask_is_modulo: \forall integer x, n;
  @	0 <= x && 0 <= n ==> (x & (pow2(n) - 1)) == x % pow2(n);
  @ axiom mask_cuts: \forall integer x, n;
  @	0 <= x < 0x10000000000000000 && 0 <= n < 64 ==>
  @	(x & (uint64_t)~(pow2(n) - 1)) == x - x % pow2(n);
  @ axiom cut_divides: \forall integer x, n;
  @	0 <= x && 0 <= n ==> 0 <= x % pow2(n) < pow2(n) && (x - x % pow2(n)) % pow2(n) == 0;
  @ }
  @*/

/*@ axiomatic Pages {
  @ axiom mask_page: \forall integer x; 0 <= x ==> (x & 4095) == x % 4096;
  @ axiom mask_entry: \forall integer x; 0 <= x ==> (x & 511) == x % 512;
  @ axiom or_2m: \forall integer x, y; 0 <= x && 0 <= y ==>
  @	((x | y) % 0x200000 == 0 <==> (x % 0x200000 == 0 && y % 0x200000 == 0));
  @ axiom or_1g: \forall integer x, y; 0 <= x && 0 <= y ==>
  @	((x | y) % 0x40000000 == 0 <==> (x % 0x40000000 == 0 && y % 0x40000000 == 0));
  @ axiom or_page: \forall integer x, y; 0 <= x && 0 <= y ==>
  @	(((x | y) & 4095) == 0 <==> (x % 4096 == 0 && y % 4096 == 0));
  @ }
  @*/

/*@ axiomatic Wrap {
  @ axiom wrap_over: \forall integer x;
  @	0x10000000000000000 <= x < 0x20000000000000000 ==>
  @	(uint64_t)x == x - 0x10000000000000000;
  @ axiom wrap_under: \forall integer x;
  @	-0x10000000000000000 <= x < 0 ==> (uint64_t)x == x + 0x10000000000000000;
  @ }
  @*/

/*@ requires x != 0;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 63 && pow2(63 - \result) <= x < pow2(64 - \result);
  @*/
int prove_clzll(unsigned long long x);

/*@ requires x != 0;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 63 && x % pow2(\result) == 0 && (x / pow2(\result)) % 2 == 1;
  @ ensures ((x >> \result) & 1) == 1;
  @*/
int prove_ctzll(unsigned long long x);

/*@ requires x != 0;
  @ assigns \nothing;
  @ ensures 0 <= \result <= 31 && ((x >> \result) & 1) == 1;
  @*/
int prove_ctz(unsigned int x);
