/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/drbg.h"

#include <errno.h>
#include <string.h>
#include "core/lib/bits.h"

#define CHACHA_WORDS 16
#define CHACHA_BYTES (CHACHA_WORDS * 4)

static uint32_t rotl32(uint32_t v, unsigned int n)
{
	return v << n | v >> (32 - n);
}

/* Inlined, so that all of x is in registers. */
static inline __attribute__((always_inline)) void quarter_round(uint32_t *x, int a, int b, int c,
								 int d)
{
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 7);
}

void chacha20_block(const uint32_t in[16], uint32_t out[16])
{
	uint32_t x[CHACHA_WORDS];

	memcpy(x, in, CHACHA_BYTES);
	for (int i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < CHACHA_WORDS; i++)
		out[i] = x[i] + in[i];
}

/* Key stream block nr of the key; the key is used for one call only, so no nonce. */
static void key_stream(const uint32_t key[DRBG_KEY_WORDS], uint32_t nr, uint32_t out[CHACHA_WORDS])
{
	uint32_t in[CHACHA_WORDS] = {
		0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,  /* "expand 32-byte k" */
	};

	memcpy(&in[4], key, DRBG_KEY_WORDS * 4);
	in[12] = nr;
	chacha20_block(in, out);
	memset(in, 0, sizeof(in));
}

/* A compiler must not drop this as a store nobody reads. */
static void forget(void *p, size_t size)
{
	volatile uint8_t *b = p;

	while (size--)
		*b++ = 0;
}

void drbg_init(struct drbg *d)
{
	*d = (struct drbg){ .seeded = false };
}

/* The new key depends on all of the old one and on the piece of seed. */
static void mix_locked(struct drbg *d, const uint8_t *seed, size_t len)
{
	uint32_t block[CHACHA_WORDS] = { 0 };
	uint8_t *key = (uint8_t *)d->key;

	for (size_t i = 0; i < len; i++)
		key[i] ^= seed[i];
	key_stream(d->key, (uint32_t)len, block);
	memcpy(d->key, block, sizeof(d->key));
	forget(block, sizeof(block));
}

void drbg_seed(struct drbg *d, const void *seed, size_t len, bool entropy)
{
	const uint8_t *s = seed;
	uint64_t flags = spin_lock_irqsave(&d->lock);

	for (size_t done = 0; done < len; done += sizeof(d->key))
		mix_locked(d, s + done, MIN(len - done, sizeof(d->key)));
	d->seeded |= entropy && len > 0;
	spin_unlock_irqrestore(&d->lock, flags);
}

bool drbg_is_seeded(struct drbg *d)
{
	uint64_t flags = spin_lock_irqsave(&d->lock);
	bool seeded = d->seeded;

	spin_unlock_irqrestore(&d->lock, flags);
	return seeded;
}

int drbg_fill(struct drbg *d, void *out, size_t len)
{
	uint32_t block[CHACHA_WORDS], key[DRBG_KEY_WORDS];
	uint8_t *o = out;
	uint64_t flags;
	bool seeded;

	if (len > DRBG_MAX_FILL)
		return -EINVAL;
	/* Block 0 is the next key: the old one is gone before it gives a byte. */
	flags = spin_lock_irqsave(&d->lock);
	memcpy(key, d->key, sizeof(key));
	key_stream(key, 0, block);
	memcpy(d->key, block, sizeof(d->key));
	seeded = d->seeded;
	spin_unlock_irqrestore(&d->lock, flags);

	for (size_t done = 0; done < len; done += CHACHA_BYTES) {
		key_stream(key, (uint32_t)(done / CHACHA_BYTES) + 1, block);
		memcpy(o + done, block, MIN(len - done, (size_t)CHACHA_BYTES));
	}
	forget(key, sizeof(key));
	forget(block, sizeof(block));
	return seeded ? 0 : -EAGAIN;
}
