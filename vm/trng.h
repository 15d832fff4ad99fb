/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for guests. TRNG DEN 0098, "True Random Number Generator Firmware Interface". */
#pragma once

#include "vm/smccc.h"

#define TRNG_FN_BASE  0x50     /* function numbers 0x50-0x53 */
#define TRNG_NR_FNS   4
#define TRNG_VERSION_1_0  0x10000

enum {
	TRNG_SUCCESS            = 0,
	TRNG_NOT_SUPPORTED      = -1,
	TRNG_INVALID_PARAMETERS = -2,
	TRNG_NO_ENTROPY         = -3,
};

/* The calls, by function number less TRNG_FN_BASE. */
extern const struct smccc_fn trng_fns[TRNG_NR_FNS];
