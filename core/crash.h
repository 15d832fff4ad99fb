/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report when EL2 cannot go on. It uses no lock, no interrupt and no heap:
 * lines go straight to the polled UART, one pCPU at a time.
 */
#pragma once

#include <stdint.h>

/* What vectors.S leaves on the crash stack; order known there. */
struct crash_regs {
	uint64_t x[31];
	uint64_t sp;
	uint64_t pc;
	uint64_t pstate;
	uint64_t esr;
	uint64_t far;
};

/*
 * How to print a line (with its newline) without locks, and how to stop the
 * other pCPUs and the machine. Set during boot; NULL entries are skipped.
 */
struct crash_ops {
	void (*write)(const char *s, unsigned int len);
	void (*stop_others)(void);
	void (*halt)(void);
};
void crash_set_ops(const struct crash_ops *ops);

/* From vectors.S: a synchronous exception or SError of EL2 itself. */
void crash_report(const struct crash_regs *r) __attribute__((noreturn));
