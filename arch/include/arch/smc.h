/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the firmware below. SMCCC DEN 0028, "SMC and HVC calling conventions". */
#pragma once

#include <stdint.h>

struct smc_regs {
	uint64_t x[4];   /* x0-x3: arguments in, results out */
};

/* SMC #0 with x0-x3; x4-x17 are taken as lost. */
void arch_smc(struct smc_regs *r);

/* HVC #0, for firmware that answers there. */
void arch_hvc(struct smc_regs *r);
