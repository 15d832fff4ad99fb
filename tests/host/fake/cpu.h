/* SPDX-License-Identifier: Apache-2.0 */
/* The pCPUs of a host test. */
#pragma once

#include <stdint.h>

#include <arch/cpu.h>

/* The calling thread is pCPU idx from now on; sets percpus[idx]. */
void fake_cpu_enter(uint32_t idx);

static inline bool fake_irqs_masked(void)
{
	return fake_daif & FAKE_DAIF_I;
}
