/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Corbel asks of the firmware below it: PSCI and a few SMCCC calls. Nothing
 * of a guest comes through here. PSCI DEN 0022; SMCCC DEN 0028.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/board.h"

/* Which instruction reaches the firmware; from the board's tree, once, at boot. */
void firmware_init(const struct board *b);

/* One call; -1 (NOT_SUPPORTED) when the board has no firmware to call. */
int64_t firmware_call(uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3);

/**
 * firmware_cpu_on() - start a pCPU that the firmware holds
 * @mpidr: its affinity
 * @entry: physical address to start at
 *
 * Return: 0; -ENOSYS, -EALREADY, -EINVAL, -EIO.
 */
int firmware_cpu_on(uint64_t mpidr, pa_t entry);

/*
 * Does the firmware offer the SMCCC_ARCH_WORKAROUND_n for this pCPU? The value
 * SMCCC_ARCH_FEATURES gave: 0 or 1 needed and there, -1 not supported, -2 not needed.
 */
int32_t firmware_workaround(uint32_t fn);

/* 64 random bits of its TRNG (DEN 0098), if it has one and it is ready. */
bool firmware_entropy(uint64_t *out);

/* Off or reset; come back only if the firmware cannot. */
void firmware_system_off(void);
void firmware_system_reset(void);
