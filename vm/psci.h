/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power calls of a guest. Nothing of it reaches the board's firmware.
 * PSCI DEN 0022, "Functions".
 */
#pragma once

#include <stdint.h>

#include "vm/smccc.h"

#define PSCI_NR_FNS          0x20        /* DEN 0022 reserves 0x00-0x1f      */
#define PSCI_VERSION_1_1     0x10001

enum {
	PSCI_SUCCESS             = 0,
	PSCI_NOT_SUPPORTED       = -1,
	PSCI_INVALID_PARAMETERS  = -2,
	PSCI_DENIED              = -3,
	PSCI_ALREADY_ON          = -4,
	PSCI_ON_PENDING          = -5,
	PSCI_INTERNAL_FAILURE    = -6,
	PSCI_INVALID_ADDRESS     = -9,
};

/* Function numbers, without the SMC32/SMC64 prefix. */
enum {
	PSCI_FN_VERSION, PSCI_FN_CPU_SUSPEND, PSCI_FN_CPU_OFF, PSCI_FN_CPU_ON,
	PSCI_FN_AFFINITY_INFO, PSCI_FN_MIGRATE, PSCI_FN_MIGRATE_INFO_TYPE,
	PSCI_FN_MIGRATE_INFO_UP_CPU, PSCI_FN_SYSTEM_OFF, PSCI_FN_SYSTEM_RESET,
	PSCI_FN_FEATURES, PSCI_FN_SYSTEM_RESET2 = 0x12,
};

/* The calls, by function number; rows and columns without a call hold NULL. */
extern const struct smccc_fn psci_fns[PSCI_NR_FNS];
