/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coprocessor accesses of a guest's 32-bit programs (EL0 in AArch32) that trap.
 * The few that mean anything are the same registers as in AArch64.
 */
#pragma once

#include "vcpu/exit.h"

/* MCR, MRC of CP15 and CP14; MCRR, MRRC of CP15. */
enum exit_verdict exit_cp15_32(struct vcpu *vcpu, const struct exit_info *info);
enum exit_verdict exit_cp15_64(struct vcpu *vcpu, const struct exit_info *info);
enum exit_verdict exit_cp14_32(struct vcpu *vcpu, const struct exit_info *info);

/* Any other: NOP when its condition fails, else Undefined. */
enum exit_verdict exit_cp_refused(struct vcpu *vcpu, const struct exit_info *info);
