/* SPDX-License-Identifier: Apache-2.0 */
#include "devices/wall_clock.h"

#include <arch/timer.h>
#include "core/lib/space.h"

static uint64_t base_s;      /* wall clock at counter 0; fixed after boot */

/* RTCDR, the first register of a PL031. DDI 0224, "Data Register". */
void wall_clock_init(va_t regs)
{
	uint64_t up_s = arch_counter() / arch_counter_hz();

	base_s = regs.v ? MMIO_READ(uint32_t, va_mmio(regs)) - up_s : 0;
}

uint64_t wall_clock_now_s(void *ctx)
{
	(void)ctx;
	return base_s + arch_counter() / arch_counter_hz();
}
