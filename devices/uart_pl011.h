/* SPDX-License-Identifier: Apache-2.0 */
/* Driver of a physical PL011. PrimeCell UART (PL011) TRM, DDI 0183. */
#pragma once

#include "devices/uart_phys.h"

extern const struct uart_ops uart_pl011_ops;
