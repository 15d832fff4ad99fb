/* SPDX-License-Identifier: Apache-2.0 */
/* WFI and WFE that trapped (HCR_EL2.TWI, TWE). */
#pragma once

#include "vcpu/exit.h"

enum exit_verdict exit_wfx(struct vcpu *vcpu, const struct exit_info *info);
