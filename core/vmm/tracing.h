/* SPDX-License-Identifier: Apache-2.0 */
/* The trace of exits, interrupts and switches: its memory, on and off. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * tracing_start() - begin anew, on all pCPUs
 *
 * The first time, takes 24 KiB of the hypervisor's memory for each pCPU and
 * keeps them. From the shell's thread. Return: 0; -ENOMEM.
 */
int tracing_start(void);

/* The records are kept until the next start. */
void tracing_stop(void);
bool tracing_on(void);

/* Counter tick of the last start. */
uint64_t tracing_since(void);
