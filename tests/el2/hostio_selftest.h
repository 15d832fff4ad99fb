/* SPDX-License-Identifier: Apache-2.0 */
/* The board's disks and networks, driven from EL2: tests/system/hostio.py makes the board. */
#pragma once

/* On a thread, with at least one disk. Says what failed. Return: 0 or -1. */
int hostio_selftest_run(void);
