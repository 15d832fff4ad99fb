/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU's own random numbers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* 64 bits of RNDR; false if this pCPU has none, or has none right now (FEAT_RNG). */
bool arch_entropy(uint64_t *out);
