/* SPDX-License-Identifier: Apache-2.0 */
/* What the board's CPUs have in common, and HCR_EL2 made of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* HCR_EL2 for guests on CPUs with these identification registers; pure. */
uint64_t group_hcr(const uint64_t *idregs);

/* EL1_* features, for <arch/el1_state.h>; pure. */
uint32_t group_features(const uint64_t *idregs);

/*
 * Is there a feature that a guest may have if HCRX_EL2 says so, and that nothing
 * else keeps off? Otherwise the register is left alone: firmware that does not
 * know it leaves it trapped to EL3 (SCR_EL3.HXEn), and there the access is the end. Pure.
 */
bool group_uses_hcrx(const uint64_t *idregs);
