/* SPDX-License-Identifier: Apache-2.0 */
/* What the board's CPUs have in common, and HCR_EL2 made of it. */
#pragma once

#include <stdint.h>

/* HCR_EL2 for guests on CPUs with these identification registers; pure. */
uint64_t group_hcr(const uint64_t *idregs);

/* EL1_* features, for <arch/el1_state.h>; pure. */
uint32_t group_features(const uint64_t *idregs);
