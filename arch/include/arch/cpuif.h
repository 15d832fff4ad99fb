/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest that has the physical CPU interface keeps in it (docs/decisions/007). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <arch/regs_gic.h>

struct direct_cpuif {
	uint32_t pmr;            /* not below the lowest step that is not 0        */
	bool     eoimode;
	uint32_t bpr1, igrpen1;  /* these and the next the guest may write         */
	uint32_t ap1r[ICH_NR_APRS_MAX];
};
