/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/bittree.h"

#include "core/lib/bits.h"

static uint64_t words_of(uint64_t nr_bits)
{
	return (nr_bits + 63) / 64;
}

uint64_t bittree_size(uint64_t nr_bits)
{
	uint64_t words = 0;

	do {
		nr_bits = words_of(nr_bits);
		words += nr_bits;
	} while (nr_bits > 1);
	return words * 8;
}

void bittree_init(struct bittree *t, uint64_t nr_bits, void *mem)
{
	uint64_t *word = mem;

	t->nr_bits = nr_bits;
	t->nr_set = 0;
	t->nr_levels = 0;
	do {
		t->level[t->nr_levels++] = word;
		nr_bits = words_of(nr_bits);
		word += nr_bits;
	} while (nr_bits > 1);
}

bool bittree_test(const struct bittree *t, uint64_t i)
{
	return i < t->nr_bits && (t->level[0][i / 64] & BIT(i % 64));
}

void bittree_set(struct bittree *t, uint64_t i)
{
	t->nr_set++;
	for (unsigned int l = 0; l < t->nr_levels; l++, i /= 64)
		t->level[l][i / 64] |= BIT(i % 64);
}

void bittree_clear(struct bittree *t, uint64_t i)
{
	t->nr_set--;
	for (unsigned int l = 0; l < t->nr_levels; l++, i /= 64) {
		t->level[l][i / 64] &= ~BIT(i % 64);
		/* Others in the word: the levels above stay as they are. */
		if (t->level[l][i / 64])
			break;
	}
}

uint64_t bittree_first(const struct bittree *t)
{
	uint64_t i = 0;

	for (unsigned int l = t->nr_levels; l-- > 0;)
		i = i * 64 + (uint64_t)__builtin_ctzll(t->level[l][i]);
	return i;
}
