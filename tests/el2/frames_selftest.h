/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several pCPUs allocate, share, drop and free frames and heap memory at once.
 * Runs at EL2 in a test image, and on a host under ThreadSanitizer.
 */
#pragma once

/**
 * frames_selftest_run() - one pCPU's part
 * @cpu_idx: 0..nr-1, each once
 * @nr:      how many take part; all must call
 * @rounds:  operations each does
 *
 * Nothing else may allocate or free meanwhile: at the end counts are compared.
 * Uses the VM ids from 128 on. May be called again, with the same nr.
 *
 * Return: 0, the same for all; negative: what was wrong, see frames_selftest_error().
 */
int frames_selftest_run(unsigned int cpu_idx, unsigned int nr, unsigned int rounds);

/* The first thing that was wrong, in words; NULL: nothing. */
const char *frames_selftest_error(void);
