/* SPDX-License-Identifier: Apache-2.0 */
/* When we are wrong: say where, dump, stop every pCPU. Never a guest's doing. */
#pragma once

void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/*
 * BUG_ON() keeps its condition out of the image: the report's call chain names the
 * function and the offset, from which addr2line finds the line.
 */
void bug(void) __attribute__((noreturn, cold));

#define BUG_ON(cond) do {						\
	if (__builtin_expect(!!(cond), 0))				\
		bug();							\
} while (0)
