/* SPDX-License-Identifier: Apache-2.0 */
/* <arch/timer.h> on a host: a counter that moves only when the test moves it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

extern uint64_t fake_counter;
extern uint64_t fake_counter_awaited;      /* by arch_counter_wait(), which does not wait */
extern uint64_t fake_counter_waited;       /* ticks it would have waited, altogether */
extern uint64_t fake_counter_hz;           /* 62.5 MHz unless the test says so */
extern uint64_t fake_hyp_timer_cval;
extern bool     fake_hyp_timer_on;

static inline uint64_t arch_counter(void)
{
	return fake_counter;
}

static inline void arch_counter_wait(uint64_t at, uint64_t most)
{
	fake_counter_awaited = at;
	if (at - fake_counter - 1 < most)
		fake_counter_waited += at - fake_counter;
}

static inline uint64_t arch_counter_hz(void)
{
	return fake_counter_hz;
}

static inline void arch_hyp_timer_set(uint64_t cval)
{
	fake_hyp_timer_cval = cval;
	fake_hyp_timer_on = true;
}

static inline void arch_hyp_timer_off(void)
{
	fake_hyp_timer_on = false;
}
