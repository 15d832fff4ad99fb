/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers share. A target takes its input apart with fuzz_num() and checks
 * what must hold with FUZZ_CHECK(), in every build.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The entry that libFuzzer calls. Must not keep state that another input could see. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_in {
	const uint8_t *next;
	size_t left;
};

#define FUZZ_CHECK(cond) do {							\
	if (!(cond)) {								\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		abort();							\
	}									\
} while (0)

static inline bool fuzz_more(const struct fuzz_in *in)
{
	return in->left > 0;
}

/* The next bytes (at most 8) as a number, 0 where there are no more. */
static inline uint64_t fuzz_num(struct fuzz_in *in, size_t bytes)
{
	uint64_t v = 0;

	if (bytes > in->left)
		bytes = in->left;
	memcpy(&v, in->next, bytes);
	in->next += bytes;
	in->left -= bytes;
	return v;
}

/* A number below n; n is not 0 and at most 2^32. */
static inline uint32_t fuzz_below(struct fuzz_in *in, uint64_t n)
{
	return (uint32_t)(fuzz_num(in, n <= 256 ? 1 : n <= 65536 ? 2 : 4) % n);
}

/*
 * A number as hostile guests choose them: often small, at an edge, or all ones.
 */
static inline uint64_t fuzz_edge(struct fuzz_in *in)
{
	uint64_t kind = fuzz_num(in, 1);

	switch (kind & 7) {
	case 0: return kind >> 3;
	case 1: return UINT64_MAX - (kind >> 3);
	case 2: return UINT64_C(1) << (fuzz_num(in, 1) & 63);
	case 3: return (UINT64_C(1) << (fuzz_num(in, 1) & 63)) - 1;
	case 4: return fuzz_num(in, 2);
	case 5: return fuzz_num(in, 4);
	default: return fuzz_num(in, 8);
	}
}

/* A copy on the heap, to the byte, so that a read past the end is seen. */
static inline void *fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	FUZZ_CHECK(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}
