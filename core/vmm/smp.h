/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing up the other pCPUs. */
#pragma once

#include <stdint.h>

/*
 * Start every pCPU of the board and wait for each, up to a time-out after which
 * it is named and done without. Thread context of the boot pCPU, final tables on.
 */
void smp_start_all(void);

/* Bit n: pCPU n is up. */
uint64_t smp_online(void);
