/* SPDX-License-Identifier: Apache-2.0 */
/* The EL1 physical timer, PPI 30, which a hypervisor emulates. */
#define TIMER_CTL   cntp_ctl_el0
#define TIMER_CVAL  cntp_cval_el0
#define TIMER_TVAL  cntp_tval_el0
#define TIMER_COUNT cntpct_el0
#define TIMER_INTID 30

#include "lib/timer_cases.h"
