/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers: ChaCha20 as a generator that erases its key with every block
 * of output it makes, so what it gave before cannot be found from its state.
 * RFC 8439, "ChaCha20"; D. J. Bernstein, "Fast-key-erasure random-number generators".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/spinlock.h"

#define DRBG_KEY_WORDS 8

struct drbg {
	struct spinlock lock;            /* rank 10, docs/locking.md           */
	/* under lock */
	uint32_t key[DRBG_KEY_WORDS];
	bool     seeded;                 /* somebody gave it true entropy       */
};

void drbg_init(struct drbg *d);

/**
 * drbg_seed() - mix in entropy
 * @d:       what was mixed in before stays in
 * @seed:    any bytes
 * @len:     how many
 * @entropy: they are from a source of entropy; false: counters and the like
 */
void drbg_seed(struct drbg *d, const void *seed, size_t len, bool entropy);

/**
 * drbg_fill() - take random bytes
 * @d:   need not be seeded; then the bytes can be guessed
 * @out: where to
 * @len: bytes, at most DRBG_MAX_FILL
 *
 * Return: 0; -EAGAIN never seeded with entropy (@out is filled all the same);
 *         -EINVAL @len too large.
 */
#define DRBG_MAX_FILL 256
int drbg_fill(struct drbg *d, void *out, size_t len);

/* Has anybody given it true entropy? Once true it stays. */
bool drbg_is_seeded(struct drbg *d);

/* The ChaCha20 block function: 16 words of state in, 16 words of key stream out. */
void chacha20_block(const uint32_t in[16], uint32_t out[16]);
