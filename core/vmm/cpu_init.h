/* SPDX-License-Identifier: Apache-2.0 */
/* What every pCPU sets up for itself. */
#pragma once

#include <stdint.h>

struct board;

/**
 * cpu_init_shared() - the interrupt controller's common part and the handlers
 *                     of EL2's own interrupts; boot pCPU, once
 * Return: 0 or negative errno, said on the log.
 */
int cpu_init_shared(const struct board *b);

/* This pCPU's redistributor, CPU interface, traps. Interrupts masked. */
void cpu_init_self(void);

/* What the pCPU's own timer, CNTHP, has brought; and its INTID, fixed after boot. Masked. */
void cpu_timer(void);
extern uint32_t cpu_timer_intid;

/* Make another pCPU take an interrupt. */
void cpu_kick(uint32_t cpu);

/* Stop all other pCPUs for good: crash reports. */
void cpu_stop_others(void);
