/* SPDX-License-Identifier: Apache-2.0 */
/* When we are wrong: say where, dump, stop every pCPU. Never a guest's doing. */
#pragma once

#include <arch/cpu.h>

/*
 * BUG_ON() keeps its condition out of the image: the crash report names the
 * function and the offset, from which addr2line finds the line.
 */
#define BUG_ON(cond) do {						\
	if (__builtin_expect(!!(cond), 0))				\
		arch_bug();						\
} while (0)
