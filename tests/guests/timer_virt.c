/* SPDX-License-Identifier: Apache-2.0 */
/* The EL1 virtual timer, PPI 27. */
#define TIMER_CTL   cntv_ctl_el0
#define TIMER_CVAL  cntv_cval_el0
#define TIMER_TVAL  cntv_tval_el0
#define TIMER_COUNT cntvct_el0
#define TIMER_INTID 27

#include "lib/timer_cases.h"
