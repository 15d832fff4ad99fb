/* SPDX-License-Identifier: Apache-2.0 */
/* When we are wrong: say where, dump, stop every pCPU. Never a guest's doing. */
#pragma once

void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define BUG_ON(cond) do {						\
	if (__builtin_expect(!!(cond), 0))				\
		panic("%s:%d: BUG_ON(%s)", __FILE__, __LINE__, #cond);	\
} while (0)
