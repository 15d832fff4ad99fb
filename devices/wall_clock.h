/* SPDX-License-Identifier: Apache-2.0 */
/* Wall-clock time: read once from the board's PL031, then counted by the CPU's counter. */
#pragma once

#include <stdint.h>

#include "core/lib/types.h"

/**
 * wall_clock_init() - note what time it is
 * @regs: registers of a physical PL031, mapped as device memory; 0: there is
 *        none, and time starts at 1970
 */
void wall_clock_init(va_t regs);

/* Seconds since 1970. Fits struct pl031_clock; ctx is not used. */
uint64_t wall_clock_now_s(void *ctx);
