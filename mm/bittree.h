/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A large bitmap whose lowest set bit is found in a few steps: each bit of one
 * level tells whether a word of the level below has any bit set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BITTREE_LEVELS 5                   /* 64^5 = 2^30 bits */

struct bittree {
	uint64_t *level[BITTREE_LEVELS];   /* [0]: the bits themselves      */
	uint64_t nr_bits;
	uint64_t nr_set;
	unsigned int nr_levels;            /* the last has a single word    */
};

/* Bytes of zeroed, 8-byte aligned memory that nr_bits need. */
uint64_t bittree_size(uint64_t nr_bits);

void bittree_init(struct bittree *t, uint64_t nr_bits, void *mem);

/* i below nr_bits; else no bit is set there. */
bool bittree_test(const struct bittree *t, uint64_t i);

/* The bit is clear before, or set before. */
void bittree_set(struct bittree *t, uint64_t i);
void bittree_clear(struct bittree *t, uint64_t i);

/* The lowest set bit; at least one is set. */
uint64_t bittree_first(const struct bittree *t);
