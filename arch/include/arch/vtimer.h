/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's virtual timer in the running pCPU. Bits: Arm ARM DDI 0487,
 * "CNTV_CTL_EL0", "CNTHCTL_EL2".
 */
#pragma once

#include <stdint.h>

#include "core/lib/bits.h"

#define CNT_CTL_ENABLE  BIT(0)
#define CNT_CTL_IMASK   BIT(1)
#define CNT_CTL_ISTATUS BIT(2)

#define CNTHCTL_EL1PCTEN BIT(0)  /* 1: EL1 reads CNTPCT_EL0 untrapped */
#define CNTHCTL_EL1PCEN  BIT(1)  /* 1: EL1 uses CNTP_*_EL0 untrapped  */

/*
 * uint64_t arch_cntv_ctl_read(void)    void arch_cntv_ctl_write(uint64_t v)
 * uint64_t arch_cntv_cval_read(void)   void arch_cntv_cval_write(uint64_t v)
 * void arch_cntvoff_write(uint64_t v)  CNTVCT = CNTPCT - v
 * void arch_cnthctl_write(uint64_t v)
 *	A write to a control register is complete on return (ISB).
 */
#include <arch_impl/vtimer.h>
