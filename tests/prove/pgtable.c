/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prove/bits.h"

/* pgtable_level_size: what an entry of each level maps */
/*@ requires level <= 3;
  @ assigns \nothing;
  @ ensures \result == pow2(39 - 9 * level);
  @ ensures level == 3 ==> \result == 0x1000;
  @ ensures level == 2 ==> \result == 0x200000;
  @ ensures level == 1 ==> \result == 0x40000000;
  @ ensures level == 0 ==> \result == 0x8000000000;
  @*/
static uint64_t pgtable_level_size(unsigned int level);

#include "mm/pgtable.h"

/* check_range: a request is whole pages, not empty, and ends within the table's input size */
/*@ requires \valid_read(pt) && pt->in_bits < 64;
  @ assigns \nothing;
  @ ensures \result == 0 <==> (addr % 4096 == 0 && size % 4096 == 0 && size > 0 &&
  @	addr + size <= pow2(pt->in_bits));
  @*/
static int check_range(const struct pgtable *pt, uint64_t addr, uint64_t size);

/* index_of: an entry's index is within its table, and is that of the address */
/*@ requires level <= 3;
  @ assigns \nothing;
  @ ensures \result < 512;
  @ ensures level == 3 ==> \result == addr / 0x1000 % 512;
  @ ensures level == 2 ==> \result == addr / 0x200000 % 512;
  @ ensures level == 1 ==> \result == addr / 0x40000000 % 512;
  @*/
static unsigned int index_of(uint64_t addr, unsigned int level);

/* leaf_level: a leaf maps no more than the request, and both its addresses are aligned to it */
/*@ requires \valid_read(pt) && pt->max_leaf_level <= 3;
  @ requires addr % 4096 == 0 && pa % 4096 == 0 && size % 4096 == 0 && size > 0;
  @ assigns \nothing;
  @ ensures 1 <= \result <= 3 && pt->max_leaf_level <= \result;
  @ ensures \result == 2 ==> size >= 0x200000 && addr % 0x200000 == 0 && pa % 0x200000 == 0;
  @ ensures \result == 1 ==> size >= 0x40000000 && addr % 0x40000000 == 0 &&
  @	pa % 0x40000000 == 0;
  @*/
static unsigned int leaf_level(const struct pgtable *pt, uint64_t addr, uint64_t pa, uint64_t size);

/* run_length: entries filled at once end with their table, and with the request */
/*@ requires 1 <= level <= 3;
  @ requires level == 3 ==> size >= 0x1000;
  @ requires level == 2 ==> size >= 0x200000;
  @ requires level == 1 ==> size >= 0x40000000;
  @ assigns \nothing;
  @ ensures 1 <= \result <= 512;
  @ ensures level == 3 ==> \result * 0x1000 <= size && addr / 0x1000 % 512 + \result <= 512;
  @ ensures level == 2 ==> \result * 0x200000 <= size && addr / 0x200000 % 512 + \result <= 512;
  @ ensures level == 1 ==> \result * 0x40000000 <= size &&
  @	addr / 0x40000000 % 512 + \result <= 512;
  @*/
static uint64_t run_length(uint64_t addr, uint64_t size, unsigned int level);

#include "mm/pgtable.c"
