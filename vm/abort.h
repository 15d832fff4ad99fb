/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage-2 aborts: RAM touched for the first time, devices, and holes.
 * Arm ARM DDI 0487, "ISS encoding for an exception from a Data Abort".
 */
#pragma once

#include "vcpu/exit.h"

/*
 * Exit handlers for EC_DABT_LOWER and EC_IABT_LOWER. What no region and no
 * device answers is an external abort in the guest (EXIT_ABORT).
 */
enum exit_verdict exit_dabt_lower(struct vcpu *v, const struct exit_info *info);
enum exit_verdict exit_iabt_lower(struct vcpu *v, const struct exit_info *info);
