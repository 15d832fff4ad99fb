/* SPDX-License-Identifier: Apache-2.0 */
/* Counter and timers as EL2 uses them. Ticks are of CNTPCT_EL0. */
#pragma once

#include <stdint.h>

/*
 * uint64_t arch_counter(void)              CNTPCT_EL0, ordered after an ISB
 * uint64_t arch_counter_hz(void)           CNTFRQ_EL0
 * void arch_counter_wait(uint64_t at, uint64_t most)
 *                                          busy until the counter is there; not at all if
 *                                          that is further away than most
 * void arch_hyp_timer_set(uint64_t cval)   CNTHP: interrupt at counter >= cval
 * void arch_hyp_timer_off(void)
 */
#include <arch_impl/timer.h>
