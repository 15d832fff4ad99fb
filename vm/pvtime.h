/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stolen time told to the guest: DEN 0057, "Paravirtualized Time for Arm-based
 * Systems". One page of the VM, which it can only read, holds a record for each
 * vCPU; vcpu/stolen.c writes it.
 */
#pragma once

#include "vm/smccc.h"

#define PVTIME_FN_FEATURES 0x20      /* of owner SMCCC_OWNER_STD_HYP          */
#define PVTIME_FN_ST       0x21
#define PVTIME_NR_FNS      2
#define PVTIME_FEATURES    SMCCC_FID64(SMCCC_OWNER_STD_HYP, PVTIME_FN_FEATURES)
#define PVTIME_ST          SMCCC_FID64(SMCCC_OWNER_STD_HYP, PVTIME_FN_ST)

#define PVTIME_RECORD_SIZE 64

struct vm;

extern const struct smccc_fn pvtime_fns[PVTIME_NR_FNS];
