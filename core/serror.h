/* SPDX-License-Identifier: Apache-2.0 */
/* What an SError interrupt says of itself. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * serror_goes_on() - may what was interrupted just go on?
 * @esr: ESR_EL2 of the SError
 *
 * Only if the RAS extension tells a severity: corrected, or contained in a way that the
 * interrupted code can be restarted. Who uses what is broken gets another one then.
 * Spec: Arm ARM DDI 0487, "ESR_EL2", ISS encoding for an SError interrupt.
 */
bool serror_goes_on(uint64_t esr);
